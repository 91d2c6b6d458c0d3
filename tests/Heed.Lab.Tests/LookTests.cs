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
            for (var k = 0; k <= q; k++) Assert.Equal(expected[1, q, k], shown[$"L10.H1.q{q}.k{k}"]);
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
        Assert.Equal(expected[1, 3, 1], shown["L10.H1.q3.k1"]);
        Assert.Contains("text=they+crashed+the+boat", visit.Page.Url);

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
            Assert.Equal(trace[ActivationNames.InBlock(10, name)][1, 3, 2], shown["L10.H1.q3.k2"]);
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
        Assert.Contains("set.vectors=attn.hook_z", visit.Page.Url);
        Assert.Contains("set.of=all", visit.Page.Url);
        var values = lab.Model.Trace(Text)["blocks.3.attn.hook_z"];
        for (var p = 0; p < 4; p++)
        {
            for (var h = 0; h < 9; h++)
            {
                var shown = await card.Locator($"[data-key='L3.H{h}.p{p}.attn_hook_z'][data-values]").GetAttributeAsync("data-values");
                Assert.Equal(values.Row(p, h).ToArray(), shown!.Split(' ').Select(v => float.Parse(v, System.Globalization.CultureInfo.InvariantCulture)));
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
}
