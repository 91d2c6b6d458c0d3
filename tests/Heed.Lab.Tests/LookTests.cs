using Heed.Tracing;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

[Collection("lab")]
public sealed class LookTests(LabFixture lab)
{
    private const string Text = "they crashed the car";

    [BrowserFact]
    public async Task Grid_OfAnAddress_ShowsTheTracesWeights()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1");
        var expected = lab.Model.Trace(Text)["blocks.10.attn.hook_pattern"];
        var shown = await visit.ValuesAsync("L10.H1.q", "main .columns .card:first-child");
        var tokens = lab.Model.Tokenizer.Encode(Text).Count;
        for (var q = 0; q < tokens; q++)
            for (var k = 0; k <= q; k++) Assert.Equal(expected[1, q, k], shown[$"L10.H1.q{q}.k{k}"], Visit.OtherPass);
    }

    [BrowserFact]
    public async Task Typing_ChangesEveryFigure_AndTheAddress()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1");
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" }).FillAsync("they crashed the boat");
        await Assertions.Expect(visit.Page.Locator(".token").Last).ToContainTextAsync("boat");
        await visit.SettleAsync();
        var shown = await visit.ValuesAsync("L10.H1.q", "main .columns .card:first-child");
        var expected = lab.Model.Trace("they crashed the boat")["blocks.10.attn.hook_pattern"];
        Assert.Equal(expected[1, 3, 1], shown["L10.H1.q3.k1"], Visit.OtherPass);
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex(@"text=they\+crashed\+the\+boat"));

        // The address is the place: loaded again, it shows the same.
        await visit.Page.ReloadAsync();
        await visit.SettleAsync();
        Assert.Equal(shown, await visit.ValuesAsync("L10.H1.q", "main .columns .card:first-child"));
    }

    [BrowserFact]
    public async Task Cell_Clicked_OpensItsProducts_WhichAddUpToItsScore()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1");
        await visit.Page.Locator("main .columns .card").First.Locator("[data-key='L10.H1.q3.k1']").First.ClickAsync(new() { Force = true });   // its number lies on it
        await visit.SettleAsync();
        Assert.Contains("query=3", visit.Page.Url);
        Assert.Contains("key=1", visit.Page.Url);
        var score = lab.Model.Trace(Text)["blocks.10.attn.hook_raw_scores"][1, 3, 1];
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Region, new() { NameRegex = new("(?i)why .*car.*crashed") }).First).ToBeVisibleAsync();
        var products = await visit.ValuesAsync("L10.H1.q3.k1.d");
        Assert.Equal(64, products.Count);
        Assert.Equal(score, products.Values.Sum(), 3);
    }

    [BrowserFact]
    public async Task Stages_AreTheTraces()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1");
        var trace = lab.Model.Trace(Text);
        foreach (var (button, name) in new[] { ("raw q·k", ActivationNames.RawScores), ("÷ √64", ActivationNames.ScaledScores), ("softmax", ActivationNames.Pattern) })
        {
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
            await visit.SettleAsync();
            var shown = await visit.ValuesAsync("L10.H1.q", "main .columns .card:first-child");
            Assert.Equal(trace[ActivationNames.InBlock(10, name)][1, 3, 2], shown["L10.H1.q3.k2"], 10 * Visit.OtherPass);
        }
    }

    [BrowserFact]
    public async Task Strips_Chosen_AreTheTraces_AndARowLeadsToItsTokensStory()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1");
        var card = visit.Page.Locator("section[aria-label^='Vectors of a layer']");
        await visit.ShowAsync(card);
        await card.GetByRole(AriaRole.Combobox, new() { Name = "Show" }).SelectOptionAsync("attn.hook_z");
        await card.GetByRole(AriaRole.Spinbutton, new() { Name = "Layer" }).FillAsync("3");
        await card.GetByRole(AriaRole.Spinbutton, new() { Name = "Layer" }).BlurAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "all heads" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("set.vectors=attn.hook_z&set.of=all"));
        var values = lab.Model.Trace(Text)["blocks.3.attn.hook_z"];
        for (var p = 0; p < 4; p++)
        {
            for (var h = 0; h < 9; h++)
            {
                var shown = await card.Locator($"[data-key='L3.H{h}.p{p}.attn_hook_z'][data-values]").GetAttributeAsync("data-values");
                Visit.AssertClose(values.Row(p, h), shown!);
            }
        }
        await card.Locator("[data-key='L3.H5.p2.attn_hook_z'][data-values] path").Nth(20).ClickAsync();
        await visit.SettleAsync();
        Assert.Contains("head=3.5", visit.Page.Url);
        Assert.Contains("query=2", visit.Page.Url);
        await Assertions.Expect(visit.Page.Locator("#story svg.heed")).ToBeInViewportAsync();
        await Assertions.Expect(visit.Page.Locator("#story section")).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex("the"));
    }

    [BrowserFact]
    public async Task Strips_OfAnAddress_ThatDoNotExist_AreRefused_AndChosenAgain()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1&set.vectors=nonsense");
        visit.IsExpected = fault => fault.Contains("400", StringComparison.Ordinal);
        var card = visit.Page.Locator("section[aria-label^='Vectors of a layer']");
        await visit.ShowAsync(card);
        await Assertions.Expect(card.GetByRole(AriaRole.Alert)).ToContainTextAsync("layer 10 has hook_resid_pre");
        await card.GetByRole(AriaRole.Combobox, new() { Name = "Show" }).SelectOptionAsync("hook_resid_post");
        await visit.SettleAsync();
        await Assertions.Expect(card.Locator("svg.heed")).ToContainTextAsync("The stream that leaves the layer: layer 10");
    }

    [BrowserFact]
    public async Task GoingOn_TakesWhatTheModelGenerates_GoesBack_Branches_AndIsKept()
    {
        using var exact = LanguageModel.Load(Heed.Tests.TestData.EmbeddedModel, new() { Threads = 2, Precision = Numerics.ActivationPrecision.Float32 });
        const string Prompt = "The capital of France is";
        var generated = exact.Generate(Prompt, new() { MaxTokens = 3, Alternatives = 10 }).ToArray();
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Prompt)}&head=10.1");
        var card = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Go on from your sentence" });
        var bars = visit.Page.Locator("section[aria-label^='What could come']");
        var chips = card.GetByRole(AriaRole.List).GetByRole(AriaRole.Button);
        await visit.ShowAsync(card);
        for (var i = 0; i < 3; i++)
        {
            await card.GetByRole(AriaRole.Button, new() { NameRegex = new("^Take") }).ClickAsync();
            await visit.SettleAsync();
            await Assertions.Expect(chips).ToHaveCountAsync(i + 2);
            Assert.Contains($"after={string.Join('.', generated.Take(i + 1).Select(g => g.Id))}", visit.Page.Url);
        }
        for (var i = 0; i < 3; i++) await Assertions.Expect(chips.Nth(i)).ToContainTextAsync(generated[i].Text.Trim());

        // A step that is clicked shows what it was taken from, and the one that was taken.
        await chips.Nth(1).ClickAsync();
        await visit.SettleAsync();
        var shown = await visit.ValuesAsync("t", "section[aria-label^='What could come']");
        Assert.Equal(generated[1].Alternatives.Select(a => $"t{a.Id}").Order(), shown.Keys.Order());
        foreach (var other in generated[1].Alternatives) Assert.Equal(Math.Exp(other.LogProbability), shown[$"t{other.Id}"], 1e-5);
        await Assertions.Expect(card.GetByRole(AriaRole.Status)).ToContainTextAsync("rank 1");

        // Another one is taken there: what came after it is left. The browser's Back takes it back.
        await bars.Locator($"[data-key='t{generated[1].Alternatives[2].Id}'][data-value]").ClickAsync(new() { Force = true });
        await visit.SettleAsync();
        Assert.EndsWith($"after={generated[0].Id}.{generated[1].Alternatives[2].Id}", visit.Page.Url);
        await Assertions.Expect(chips).ToHaveCountAsync(3);
        await visit.Page.GoBackAsync();
        await visit.SettleAsync();
        await Assertions.Expect(chips).ToHaveCountAsync(4);
        await card.GetByRole(AriaRole.Button, new() { Name = "A step back" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(chips).ToHaveCountAsync(3);

        // The address holds the way; loaded again, it is there. Kept, it is the sentence.
        await visit.Page.ReloadAsync();
        await visit.ShowAsync(card);
        await Assertions.Expect(chips).ToHaveCountAsync(3);
        await card.GetByRole(AriaRole.Button, new() { Name = "Keep it in the sentence" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" })).ToHaveValueAsync(Prompt + generated[0].Text + generated[1].Text);
        Assert.DoesNotContain("after=", visit.Page.Url);
        await Assertions.Expect(chips).ToHaveCountAsync(1);
    }

    [BrowserFact]
    public async Task GoingOn_SaysWhereTheTextIsCutOtherwise_AndWhereItEnds()
    {
        string[] letters = [.. "the".Select(c => lab.Model.Tokenizer.Encode(c.ToString()).Ids.Single().ToString(System.Globalization.CultureInfo.InvariantCulture))];
        await using (var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1&after={string.Join('.', letters)}"))
        {
            var card = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Go on from your sentence" });
            await visit.ShowAsync(card);
            await Assertions.Expect(card.GetByRole(AriaRole.Status)).ToContainTextAsync("cut into other tokens");
        }
        var end = lab.Model.Tokenizer.EndIds.First();
        await using (var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1&after={end}"))
        {
            var card = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Go on from your sentence" });
            await visit.ShowAsync(card);
            await Assertions.Expect(card.GetByRole(AriaRole.Status)).ToContainTextAsync("ends its text here");
            await Assertions.Expect(card.GetByRole(AriaRole.Button, new() { NameRegex = new("^Take") })).ToBeDisabledAsync();
        }
    }

    [BrowserFact]
    public async Task Words_Found_AreInTheAddress_AndMoreOfThemCanBeShown()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=10.1");
        var found = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Words found" });
        await visit.Page.GetByRole(AriaRole.Searchbox).FillAsync("water");
        await Assertions.Expect(found.Locator("tbody tr")).ToHaveCountAsync(12);
        await found.GetByRole(AriaRole.Button, new() { NameRegex = new("^Show more of the") }).ClickAsync();
        var caption = await found.Locator("caption").InnerTextAsync();
        var count = int.Parse(caption.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(count, 13, 62);   // all fit in one more step
        await Assertions.Expect(found.Locator("tbody tr")).ToHaveCountAsync(count);
        await Assertions.Expect(found.GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("set.find=water&set.rows=62"));
        await visit.Page.ReloadAsync();
        await Assertions.Expect(found.Locator("tbody tr")).ToHaveCountAsync(count);
        // Another word has its first ones again.
        await visit.Page.GetByRole(AriaRole.Searchbox).FillAsync("wate");
        await Assertions.Expect(found.Locator("tbody tr")).ToHaveCountAsync(12);
        await visit.Page.GetByRole(AriaRole.Searchbox).FillAsync("qxqxqx");
        await Assertions.Expect(found).ToContainTextAsync("contains “qxqxqx”");
        await Assertions.Expect(found.Locator("table")).ToHaveCountAsync(0);
        await visit.AssertAccessibleAsync("words found");
        await visit.SettleAsync();
    }

    [BrowserFact]
    public async Task Address_OfATokenThatIsNotThere_NamesNone()
    {
        await using var visit = await Visit.OpenAsync(lab, "/look?text=they+crashed+the+car&query=99&key=3");
        visit.IsExpected = fault => fault.Contains("400", StringComparison.Ordinal);
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex(@"text=they\+crashed\+the\+car$"));
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page.Locator(".trouble")).ToHaveCountAsync(0);
        Assert.NotEmpty(await visit.ValuesAsync("L10.H1.q3.k"));
    }

    [BrowserFact]
    public async Task EmptyText_IsSaidOnce_AndFiguresComeBackWithTheNextWord()
    {
        await using var visit = await Visit.OpenAsync(lab, "/look?text=");
        visit.IsExpected = fault => fault.Contains("400", StringComparison.Ordinal);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(1);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("type at least one word");
        await Assertions.Expect(visit.Page.Locator("main .card")).ToHaveCountAsync(0);
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" }).FillAsync(Text);
        await Assertions.Expect(visit.Page.Locator("main svg.heed").First).ToBeVisibleAsync();
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task Head_OfAnAddress_ThatIsNot_IsSaidOnce_WithAWayOn_AndAnEmptiedFieldIsAsBefore()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(Text)}&head=99.1");
        await Assertions.Expect(visit.Page.Locator("main .trouble")).ToHaveCountAsync(1);
        await Assertions.Expect(visit.Page.Locator("main .trouble")).ToContainTextAsync("has no head 99.1: it has 30 layers");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Show head 10.1" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page.Locator("main .columns svg.heed").First).ToContainTextAsync("Layer 10, head 1");

        // A stage is a step, as a cell is: Back goes to the one before.
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "masked", Exact = true }).ClickAsync();
        await visit.SettleAsync();
        await visit.Page.GoBackAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "softmax", Exact = true })).ToHaveAttributeAsync("aria-pressed", "true");

        var card = visit.Page.Locator("section[aria-label^='Vectors of a layer']");
        await visit.ShowAsync(card);
        var layer = card.GetByRole(AriaRole.Spinbutton, new() { Name = "Layer" });
        await layer.FillAsync("");
        await layer.BlurAsync();
        await Assertions.Expect(layer).ToHaveValueAsync("10");
        await layer.FillAsync("99");
        await layer.BlurAsync();
        await Assertions.Expect(layer).ToHaveValueAsync("29");
        Assert.Contains("head=29.1", visit.Page.Url);
        await visit.SettleAsync();
    }
}
