using Heed.Lens;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>The Explain view: every analysis opened and run, its numbers compared with the library's own.</summary>
[Collection("lab")]
public sealed class ExplainTests(LabFixture lab)
{
    private const string Text = "When Mary and John went to the store, John gave a drink to";
    private const string Other = "When Mary and John went to the store, Mary gave a drink to";

    private int[] Tokens => lab.Model.Tokenizer.Encode(Text).Ids;
    private int Mary => lab.Model.Tokenizer.Encode(" Mary").Ids.Single();
    private int John => lab.Model.Tokenizer.Encode(" John").Ids.Single();

    private static string Address(string page, string more = "", string text = Text) => $"/explain/{page}?text={Uri.EscapeDataString(text)}{more}";

    [BrowserFact]
    public async Task Attribute_ShowsTheLibrarysParts_AndKeepsTheWordsInTheAddress()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("attribute"));
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "The next word" }).FillAsync("Mary");
        await visit.Page.GetByLabel("compared with").FillAsync("John");
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.SettleAsync();
        var expected = DirectLogitAttribution.Run(lab.Model, Tokens, Mary, John);
        var shown = await visit.ValuesAsync("L");
        Assert.Equal(expected.Difference, (await visit.ValuesAsync("total"))["total"], 1e-4);
        foreach (var part in expected.Parts.Where(p => p.Source.Layer is not null).OrderByDescending(p => Math.Abs(p.Value)).Take(20)) Assert.Equal(part.Value, shown[part.Source.Key], 1e-4);
        await Assertions.Expect(visit.Page.Locator(".notes")).ToContainTextAsync($"{expected.Parts.Count} parts add up to");
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("set.answer=Mary&set.wrong=John"));

        await visit.Page.ReloadAsync();
        await visit.SettleAsync();
        Assert.Equal(shown, await visit.ValuesAsync("L"));

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "layer by layer" }).ClickAsync();
        await visit.SettleAsync();
        Assert.Contains(await visit.ValuesAsync("L29."), v => v.Key.StartsWith("L29.mlp", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task Word_OfSeveralTokens_IsExplainedInPlaceOfTheFigure()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("attribute", "&set.answer=notoneword"));
        visit.IsExpected = f => f.Contains("400", StringComparison.Ordinal);
        await Assertions.Expect(visit.Page.Locator("main [role=alert]")).ToContainTextAsync("a logit belongs to one");
    }

    [BrowserFact]
    public async Task Why_OfAClickedDot_AddsUpToItsScore()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("why", "&head=10.1", "they crashed the car"));
        await visit.Page.Locator("[data-key='L10.H1.q3.k1']").First.ClickAsync(new() { Force = true });   // its number lies on it
        await visit.SettleAsync();
        Assert.Contains("query=3&key=1", visit.Page.Url);
        var score = lab.Model.Trace("they crashed the car")["blocks.10.attn.hook_raw_scores"][1, 3, 1];
        Assert.Equal(score, (await visit.ValuesAsync("L10.H1.q3.k1.d")).Values.Sum(), 3);
    }

    [BrowserFact]
    public async Task Heads_OfBothKinds_AreTheLibrarysScores_AndAHeadOpensInLook()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("heads"));
        var tokens = HeadScores.RepeatedTokens(lab.Model.Tokenizer, 50);
        var expected = HeadScores.Run(lab.Model, tokens, firstQuery: HeadScores.RepetitionStart(tokens)!.Value).Patterns.Single(p => p.Pattern == DrawnPattern.Induction);
        var shown = await visit.ValuesAsync("induction.");
        Assert.Equal(270, shown.Count);
        foreach (var (head, score) in expected.Sorted) Assert.Equal(score, shown[$"induction.L{head.Layer}.H{head.Head}"], 1e-4);

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "your sentence", Exact = true }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "the token before", Exact = true }).ClickAsync();
        await visit.SettleAsync();
        shown = await visit.ValuesAsync("previous_token.");
        var best = HeadScores.Run(lab.Model, Tokens).Patterns[0].Sorted[0];
        Assert.Equal(best.Score, shown[$"previous_token.L{best.Head.Layer}.H{best.Head.Head}"], 1e-4);
        await visit.Page.Locator($"[data-key='previous_token.L{best.Head.Layer}.H{best.Head.Head}']").First.ClickAsync(new() { Force = true });
        Assert.Contains($"/look?", visit.Page.Url);
        Assert.Contains($"head={best.Head.Layer}.{best.Head.Head}", visit.Page.Url);
        await visit.SettleAsync();
    }

    [BrowserFact]
    public async Task Ablate_OfMlps_IsTheLibrarys()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("ablate", "&set.by=Mlp&set.method=Mean", "they crashed the car into the"));
        var expected = Ablation.Run(lab.Model, lab.Model.Tokenizer.Encode("they crashed the car into the").Ids, new() { By = ComponentKind.Mlp, Method = AblationMethod.Mean });
        var shown = await visit.ValuesAsync("loss.L");
        foreach (var part in expected.Parts) Assert.Equal(part.DeltaLoss!.Value, shown[$"loss.L{part.Component.Layer}.MLP"], 1e-4);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "the next word", Exact = true }).ClickAsync();
        await visit.SettleAsync();
        shown = await visit.ValuesAsync("logit.L");
        foreach (var part in expected.Parts) Assert.Equal(part.DeltaLogit, shown[$"logit.L{part.Component.Layer}.MLP"], 1e-3);
    }

    [BrowserFact]
    public async Task Patch_OfTheExample_IsTheLibrarys_AndOtherLengthsAreExplained()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("patch", "&set.kind=AttentionOut", "a cat"));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Show me an example" }).ClickAsync();
        await Assertions.Expect(visit.Page.Locator("[data-key='attention.L0.p0']").First).ToBeAttachedAsync(new() { Timeout = 120_000 });
        await visit.SettleAsync();
        var expected = Patching.Run(lab.Model, Tokens, lab.Model.Tokenizer.Encode(Other).Ids, Mary, John, new() { Kind = PatchKind.AttentionOut });
        var shown = await visit.ValuesAsync("attention.L");
        for (var l = 0; l < 30; l++)
            for (var p = 0; p < Tokens.Length; p++) Assert.Equal(expected.Normalized[l][p], shown[$"attention.L{l}.p{p}"], 1e-3);
        await visit.Page.GetByLabel("The other sentence").FillAsync("When Mary went");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Page.Locator("main [role=alert]")).ToContainTextAsync("as many tokens", new() { Timeout = 20_000 });
    }

    [BrowserFact]
    public async Task Circuit_OfTheText_IsTheLibrarys()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("circuit", "&head=18.6", "Paris king blue"));
        var expected = Circuits.Run(lab.Model, 18, 6, new() { Tokens = lab.Model.Tokenizer.Encode("Paris king blue").Ids });
        var shown = await visit.ValuesAsync("L18.H6.ov.");
        foreach (var pair in expected.ValueOutputByToken.SelectMany(row => row)) Assert.Equal(pair.Value, shown[$"L18.H6.ov.t{pair.From}.t{pair.To}.raises"], 1e-2);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "how much it copies" }).ClickAsync();
        await visit.SettleAsync();
        Assert.Equal(expected.Eigenvalues.Sum(v => v.Real), (await visit.ValuesAsync("total"))["total"], 1e-2);
    }

    [BrowserFact]
    public async Task Cancel_StopsIt_AndItCanBeRunAgain()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("circuit", "", "Paris"));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "all 49,152" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.Locator("main .stale svg.heed")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText("Stopped.")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "the tokens of your sentence" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page.GetByText("Stopped.")).ToHaveCountAsync(0);
        Assert.NotEmpty(await visit.ValuesAsync("L10.H1.ov."));
    }

    [BrowserFact]
    public async Task Lens_OfEveryLayerAndToken_IsTheLibrarys()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("lens", "", "they crashed the car"));
        var points = LogitLens.PointsOf(lab.Model.Transformer.Activations).Where(p => !p.IsMid).ToArray();
        var expected = LogitLens.Run(lab.Model, lab.Model.Tokenizer.Encode("they crashed the car").Ids, points: points);
        for (var i = 0; i < points.Length; i++)
        {
            var shown = await visit.ValuesAsync($"{points[i].Label}.p");
            for (var p = 0; p < 4; p++) Assert.Equal(expected.Top(i, p)[0].Probability, shown[$"{points[i].Label}.p{p}"], 1e-4);
        }
    }

    [BrowserFact]
    public async Task Directions_OfOnesOwnWords_AreTheLibrarys()
    {
        await using var visit = await Visit.OpenAsync(lab, Address("directions"));
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Words, with + and − between them" }).FillAsync("cats - cat");
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.GetByLabel("words to place along the direction").FillAsync("dogs dog one");
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.SettleAsync();
        var expected = Directions.Add(lab.Model, ["cats"], ["cat"]);
        var near = await visit.ValuesAsync("near.");
        foreach (var token in expected.Nearest) Assert.Equal(token.Cosine, near[$"near.t{token.Id}.cosine"], 1e-4);
        var along = await visit.ValuesAsync("along.");
        string[] words = ["dogs", "dog", "one"];
        foreach (var (place, i) in Directions.Project(lab.Model, expected.Vector, words).Select((p, i) => (p, i))) Assert.Equal(place.Value, along[$"along.w{i}.along"], 1e-4);
    }

    [BrowserTheory]
    [InlineData("lens")]
    [InlineData("why")]
    [InlineData("heads")]
    [InlineData("ablate")]
    [InlineData("patch")]
    [InlineData("circuit")]
    [InlineData("directions")]
    public async Task Analysis_HasNoAccessibilityViolations(string page)
    {
        await using var visit = await Visit.OpenAsync(lab, Address(page, page == "ablate" ? "&set.by=Mlp" : "", "they crashed the car"));
        await visit.AssertAccessibleAsync(page);
    }

    [BrowserTheory]
    [InlineData("attribute")]
    [InlineData("why")]
    [InlineData("heads")]
    [InlineData("patch")]
    [InlineData("circuit")]
    public async Task Analysis_OnAPhone_DoesNotScrollThePageSideways(string page)
    {
        await using var visit = await Visit.OpenAsync(lab, Address(page, "", "السلام عليكم يا صديقي العزيز 👩‍👩‍👧"), 390, 844, ColorScheme.Dark);
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
    }
}
