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
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" })).ToContainTextAsync("token 3 does not see token 1");

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
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" }).GetByRole(AriaRole.Listitem)).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("token 3 gives token 1 the weight 0.5"));
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
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "at token 3" }).ClickAsync();
        await visit.SettleAsync();
        const string Edit = "replace:blocks.10.attn.hook_z:head=1:positions=3:text=they painted the car";
        Assert.Equal(Edit, System.Web.HttpUtility.ParseQueryString(new Uri(visit.Page.Url).Query)["edit"]);
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.List, new() { Name = "Your changes" })).ToContainTextAsync("what head 10.1 takes, at token 3, is that of “they painted the car”");
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
}
