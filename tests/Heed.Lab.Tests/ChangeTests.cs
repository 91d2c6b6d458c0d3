using Heed.Lens;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

[Collection("lab")]
public sealed class ChangeTests(LabFixture lab)
{
    private const string Text = "they crashed the car";
    private static readonly string s_address = $"/change?text={Uri.EscapeDataString(Text)}&head=10.1";

    [BrowserFact]
    public async Task Cell_Cut_LosesItsWeight_AndUndoBringsItBack()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address);
        var (before, after) = ("main section[aria-label='As it is']", "main section[aria-label='With your changes']");
        await visit.Page.Locator($"{before} [data-key='L10.H1.q3.k1']").First.ClickAsync(new() { Force = true });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Cut it" }).ClickAsync();
        await visit.SettleAsync();
        var trace = lab.Model.Trace(Text, edits: [Tracing.Edit.Knockout(10, 1, 3, 1)])["blocks.10.attn.hook_pattern"];
        var changed = await visit.ValuesAsync("L10.H1.q3", after);
        Assert.Equal(trace[1, 3, 0], changed["L10.H1.q3.k0"], Visit.OtherPass);
        Assert.False(changed.TryGetValue("L10.H1.q3.k1", out var cut) && cut > 0);
        Assert.Equal(0.868, (await visit.ValuesAsync("L10.H1.q3", before))["L10.H1.q3.k1"], 1e-3);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" })).ToContainTextAsync("“\u2068car\u2069” does not see “\u2068crashed\u2069”");

        // The address holds the changes; loaded again, they are there. Undo takes them back.
        await visit.Page.ReloadAsync();
        await visit.SettleAsync();
        Assert.Equal(changed, await visit.ValuesAsync("L10.H1.q3", after));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Undo", Exact = true }).ClickAsync();
        await visit.SettleAsync();
        Assert.Equal(await visit.ValuesAsync("L10.H1.q3", before), await visit.ValuesAsync("L10.H1.q3", after));
        await visit.Page.GoBackAsync();
        await visit.SettleAsync();
        Assert.Equal(changed, await visit.ValuesAsync("L10.H1.q3", after));
    }

    [BrowserFact]
    public async Task Weight_Given_IsTheGridsWeight()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address + "&query=3&key=1");
        await visit.Page.GetByRole(AriaRole.Slider, new() { Name = "weight" }).FillAsync("0.25");
        await visit.SettleAsync();
        var row = await visit.ValuesAsync("L10.H1.q3", "main section[aria-label='With your changes']");
        Assert.Equal(0.25f, row["L10.H1.q3.k1"]);
        Assert.Equal(1, row.Where(p => p.Key.Split('.').Length == 4).Sum(p => p.Value), 1e-5);
    }

    [BrowserFact]
    public async Task Dot_Pulled_TakesTheWeight_OnceForEachDot_AndUndoLetsItGo()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address);
        const string After = "main section[aria-label='With your changes']";
        await PullAsync(40);   // 0.868 + 40 / 160 is more than all
        var row = await visit.ValuesAsync("L10.H1.q3", After);
        Assert.Equal(1, row["L10.H1.q3.k1"], 1e-6);
        await PullAsync(-80);
        row = await visit.ValuesAsync("L10.H1.q3", After);
        Assert.Equal(0.5, row["L10.H1.q3.k1"], 1e-6);
        var expected = lab.Model.Trace(Text, edits: [EditText.Parse("weight:10.1:query=3,key=1,to=0.5", lab.Model, lab.Model.Tokenizer.Encode(Text).Ids)])["blocks.10.attn.hook_pattern"];
        for (var key = 0; key < 4; key++) Assert.Equal(expected[1, 3, key], row[$"L10.H1.q3.k{key}"], Visit.OtherPass);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" }).GetByRole(AriaRole.Listitem)).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("car.* gives .*crashed.* the weight 0.5"));
        await visit.Page.GoBackAsync();
        await visit.SettleAsync();
        Assert.Equal(1, (await visit.ValuesAsync("L10.H1.q3", After))["L10.H1.q3.k1"], 1e-6);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Undo", Exact = true }).ClickAsync();
        await visit.SettleAsync();
        Assert.Equal(0.868, (await visit.ValuesAsync("L10.H1.q3", After))["L10.H1.q3.k1"], 1e-3);

        async Task PullAsync(int up)
        {
            var dot = visit.Page.Locator($"{After} [data-key='L10.H1.q3.k1'][data-value]").First;
            await dot.ScrollIntoViewIfNeededAsync();
            var box = (await dot.BoundingBoxAsync())!;
            var (x, y) = (box.X + box.Width / 2, box.Y + box.Height / 2);
            await visit.Page.Mouse.MoveAsync(x, y);
            await visit.Page.Mouse.DownAsync();
            await visit.Page.Mouse.MoveAsync(x, y - up, new() { Steps = 5 });
            await visit.Page.Mouse.UpAsync();
            await visit.SettleAsync();
        }
    }

    [BrowserFact]
    public async Task AnotherSentence_LendsAHeadsVectors()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address + "&query=3&key=1");
        await visit.Page.GetByRole(AriaRole.Combobox, new() { Name = "Put in" }).SelectOptionAsync("what head 10.1 takes");
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "of another sentence" }).FillAsync("they painted the car");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "at “\u2068car\u2069”" }).ClickAsync();
        await visit.SettleAsync();
        const string Edit = "replace:blocks.10.attn.hook_z:head=1:positions=3:text=they painted the car";
        Assert.Equal(Edit, System.Web.HttpUtility.ParseQueryString(new Uri(visit.Page.Url).Query)["edit"]);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" })).ToContainTextAsync("what head 10.1 takes, at “\u2068car\u2069”, is that of “\u2068they painted the car\u2069”");
        var tokens = lab.Model.Tokenizer.Encode(Text).Ids;
        var logits = lab.Model.Trace(tokens, ["hook_logits"], [EditText.Parse(Edit, lab.Model, tokens)])["hook_logits"].Row(3).ToArray();
        var best = Array.IndexOf(logits, logits.Max());
        var shown = await visit.ValuesAsync("t", "main section[aria-label='With your changes']");
        Assert.Equal(Math.Exp(logits[best] - logits.Max()) / logits.Sum(x => Math.Exp(x - logits.Max())), shown[$"t{best}"], 1e-5);
    }

    [BrowserFact]
    public async Task HeadLayerDirectionAndStream_CanBeChanged_AndTheLossFollows()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Switch off head 10.1" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Switch off its MLP" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Add the direction of the word" }).FillAsync("Paris");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add it after layer 10" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "of another sentence" }).FillAsync("we: sold a boat");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "at every token" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" }).GetByRole(AriaRole.Listitem)).ToHaveCountAsync(4);
        Assert.Equal(4, System.Web.HttpUtility.ParseQueryString(new Uri(visit.Page.Url).Query).GetValues("edit")!.Length);
        await Assertions.Expect(visit.Page.Locator(".loss")).ToContainTextAsync("with your changes");
    }

    [BrowserFact]
    public async Task Edit_OfAnAddress_ThatIsWrong_IsSaidWhereTheFigureWouldBe()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address + "&edit=zero:nonsense");
        visit.IsExpected = fault => fault.Contains("400", StringComparison.Ordinal);
        await Assertions.Expect(visit.Page.Locator("section[aria-label='With your changes'] .trouble").First).ToContainTextAsync("nonsense");
        await Assertions.Expect(visit.Page.Locator("section[aria-label='As it is'] svg.heed").First).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Bars_BeforeAndAfter_HaveOneScale()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address + "&edit=" + Uri.EscapeDataString("replace:blocks.20.hook_resid_post:text=one two three four five"));
        var widths = new List<double>();
        foreach (var side in new[] { "As it is", "With your changes" })
        {
            var bar = visit.Page.Locator($"main section[aria-label='{side}'] [data-key^='t'][data-value]").First;
            var length = double.Parse((await bar.GetAttributeAsync("width"))!, System.Globalization.CultureInfo.InvariantCulture) / await visit.Page.Locator($"main section[aria-label='{side}'] svg.heed").Last.EvaluateAsync<double>("svg => svg.viewBox.baseVal.width");
            widths.Add(length / double.Parse((await bar.GetAttributeAsync("data-value"))!, System.Globalization.CultureInfo.InvariantCulture));
        }
        // The labels at the left take a little more or less; the next scale would be twice as long.
        Assert.InRange(widths[0] / widths[1], 0.8, 1.25);
        var feet = await visit.Page.Locator("main .halves svg.heed").AllTextContentsAsync();
        Assert.Single(feet.SelectMany(f => System.Text.RegularExpressions.Regex.Matches(f, "a full bar is [0-9.]+ %").Select(m => m.Value)).Distinct());
    }

    [BrowserFact]
    public async Task Typing_KeepsChangesThatStillFit_SaysWhatWent_AndBackBringsItBack()
    {
        var cut = Uri.EscapeDataString("knockout:10.1:query=3,key=1");
        await using var visit = await Visit.OpenAsync(lab, $"{s_address}&edit=zero:blocks.3.attn.hook_z:head=2&edit={cut}");
        var sentence = visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" });
        var changes = visit.Page.GetByRole(AriaRole.Region, new() { Name = "What to change" });
        await sentence.FillAsync(Text + " n");
        await sentence.FillAsync(Text + " now");
        await visit.SettleAsync();
        var items = changes.GetByRole(AriaRole.List, new() { Name = "Your changes" }).GetByRole(AriaRole.Listitem);
        await Assertions.Expect(items).ToHaveCountAsync(1);
        await Assertions.Expect(items).ToContainTextAsync("head 3.2 is off");
        await Assertions.Expect(changes).ToContainTextAsync("Taken back, since you write another sentence: in head 10.1, “\u2068car\u2069” does not see “\u2068crashed\u2069”");
        await visit.Page.GoBackAsync();
        await visit.SettleAsync();
        await Assertions.Expect(sentence).ToHaveValueAsync(Text);
        await Assertions.Expect(items).ToHaveCountAsync(2);
        await Assertions.Expect(changes).Not.ToContainTextAsync("Taken back");
    }

    [BrowserFact]
    public async Task WrongInput_IsRefusedAtItsField_InWords_AndChangesNothing()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address);
        visit.IsExpected = fault => fault.Contains("400", StringComparison.Ordinal);
        var changes = visit.Page.GetByRole(AriaRole.Region, new() { Name = "What to change" });
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Add the direction of the word" }).FillAsync("qwrtzp");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add it after layer 10" }).ClickAsync();
        await Assertions.Expect(changes.GetByRole(AriaRole.Alert)).ToContainTextAsync("“\u2068qwrtzp\u2069” is 5 tokens to this model");
        await visit.AssertAccessibleAsync("a refused word");
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "of another sentence" }).FillAsync("short");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "at every token" }).ClickAsync();
        await Assertions.Expect(changes.GetByRole(AriaRole.Alert)).ToContainTextAsync("at its place: the other sentence has 1 token, yours 4");
        Assert.DoesNotContain("edit=", visit.Page.Url);

        // A token is picked, and then none again.
        await visit.Page.Locator("main section[aria-label='As it is'] [data-key='L10.H1.q3.k1']").First.ClickAsync(new() { Force = true });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "at “\u2068car\u2069”" }).ClickAsync();
        await Assertions.Expect(changes.GetByRole(AriaRole.Alert)).ToContainTextAsync("“\u2068car\u2069” is number 4 of yours");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Pick nothing" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "of another sentence" }).FillAsync("we sold a boat");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "at every token" }).ClickAsync();
        await Assertions.Expect(changes.GetByRole(AriaRole.List, new() { Name = "Your changes" })).ToContainTextAsync("at every token, is that of");
        await Assertions.Expect(changes.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        await visit.SettleAsync();
    }

    [BrowserFact]
    public async Task List_StaysTrue_AndFiguresStayWhereTheyAre()
    {
        const string Top = "svg => svg.getBoundingClientRect().top + scrollY";
        await using var visit = await Visit.OpenAsync(lab, s_address);
        var items = visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" }).GetByRole(AriaRole.Listitem);
        var grid = visit.Page.Locator("main section[aria-label='With your changes'] svg.heed").First;
        var y = await grid.EvaluateAsync<double>(Top);
        var off = visit.Page.GetByRole(AriaRole.Button, new() { Name = "Switch off head 10.1" });
        await visit.Page.Locator("main section[aria-label='With your changes'] [data-key='L10.H1.q3.k1']").First.ClickAsync(new() { Force = true });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Cut it" }).ClickAsync();
        // A weight takes the cut's place, and another one of the row takes its share.
        await visit.Page.GetByRole(AriaRole.Slider, new() { Name = "weight" }).FillAsync("0.4");
        await visit.SettleAsync();
        await Assertions.Expect(items).ToHaveTextAsync([new System.Text.RegularExpressions.Regex("car.* gives .*crashed.* the weight 0.4 ")]);
        await visit.Page.Locator("main section[aria-label='With your changes'] [data-key='L10.H1.q3.k0']").First.ClickAsync(new() { Force = true });
        await visit.Page.GetByRole(AriaRole.Slider, new() { Name = "weight" }).FillAsync("0.5");
        await visit.SettleAsync();
        await Assertions.Expect(items).ToHaveTextAsync([new System.Text.RegularExpressions.Regex("crashed.* the weight 0.4, then shares the rest with the others"), new System.Text.RegularExpressions.Regex("they.* the weight 0.5 ")]);
        Assert.Equal(0.5, (await visit.ValuesAsync("L10.H1.q3", "main section[aria-label='With your changes']"))["L10.H1.q3.k0"], 1e-6);
        await off.ClickAsync();
        await Assertions.Expect(items).ToHaveCountAsync(3);
        await Assertions.Expect(off).ToBeDisabledAsync();
        await visit.SettleAsync();
        Assert.Equal(y, await grid.EvaluateAsync<double>(Top), 0.5);
    }

    [BrowserFact]
    public async Task WhatIsWrittenForTheNextChange_IsInTheAddress()
    {
        await using var visit = await Visit.OpenAsync(lab, $"/change?text={Uri.EscapeDataString(Text)}");
        var page = visit.Page;
        var (word, times, part, other) = (page.GetByRole(AriaRole.Textbox, new() { Name = "Add the direction of the word" }), page.GetByRole(AriaRole.Spinbutton, new() { Name = "times" }),
            page.GetByRole(AriaRole.Combobox, new() { Name = "Put in" }), page.GetByRole(AriaRole.Textbox, new() { Name = "of another sentence" }));
        await word.FillAsync("Paris");
        await times.FillAsync("20");
        await part.SelectOptionAsync("mlp");
        await other.FillAsync("we sold a boat");
        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("set.word=Paris&set.times=20&set.part=mlp&set.lender=we"));
        await page.WaitForTimeoutAsync(400);
        await page.ReloadAsync();
        await Assertions.Expect(word).ToHaveValueAsync("Paris");
        await Assertions.Expect(times).ToHaveValueAsync("20");
        await Assertions.Expect(part).ToHaveValueAsync("mlp");
        await Assertions.Expect(other).ToHaveValueAsync("we sold a boat");
        // A number that is taken away is none until another is written.
        await times.FillAsync("");
        await Assertions.Expect(times).ToHaveValueAsync("");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Add it after layer") }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("How many times");
    }

    [BrowserFact]
    public async Task Slider_ManyKeys_AreOneStepOfTheHistory()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address + "&query=3&key=1");
        var slider = visit.Page.GetByRole(AriaRole.Slider, new() { Name = "weight" });
        for (var i = 0; i < 3; i++)
        {
            await slider.PressAsync("ArrowLeft");
            await visit.SettleAsync();
        }
        Assert.Contains("edit=weight", visit.Page.Url);
        await visit.Page.GoBackAsync();
        await visit.SettleAsync();
        Assert.DoesNotContain("edit=", visit.Page.Url);
    }
}
