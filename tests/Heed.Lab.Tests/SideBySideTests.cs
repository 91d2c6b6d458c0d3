using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Heed.Lens;
using Heed.Tests;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>Two sentences, and two models, beside each other.</summary>
[Collection("lab")]
public sealed class SideBySideTests(LabFixture lab)
{
    private const string Text = "they crashed the car", Other = "they crashed the boat";
    private static readonly string s_address = $"/look?text={Uri.EscapeDataString(Text)}&head=10.1";

    private static string Stories => TestData.Own("models/stories260k");

    [Fact]
    public async Task Compare_IsTheLibrarys()
    {
        var answer = await PostAsync(lab.Http, new { text = Text, other = Other, edits = new[] { "zero:blocks.3.attn.hook_z:head=2" } });
        var (a, b) = (lab.Model.Tokenizer.Encode(Text).Ids, lab.Model.Tokenizer.Encode(Other).Ids);
        var expected = RunComparison.Run(lab.Model, a, lab.Model, b, editsA: [Tracing.Edit.Zero("blocks.3.attn.hook_z", head: 2)], top: 3);
        var heads = Values(answer, 0);
        Assert.Equal(270, expected.Patterns.Count);
        foreach (var head in expected.Patterns) Assert.Equal(head.TotalVariation, heads[$"L{head.Layer}.H{head.Head}"], 1e-5);
        var stream = Values(answer, 1);
        foreach (var layer in expected.Activations.Where(x => x.Name.EndsWith("hook_resid_post", StringComparison.Ordinal)))
            for (var p = 0; p < a.Length; p++) Assert.Equal(layer.CosineByPosition[p], stream[$"L{layer.Layer}.p{p}"], 1e-5);
        var most = expected.Patterns.MaxBy(p => p.TotalVariation);
        Assert.Contains($"{most.Layer}.{most.Head} (", answer.GetProperty("notes")[0].GetString());
        Assert.Contains($"“{AnswerTokens.Text(lab.Model.Tokenizer, expected.Next!.Changes[0].Token).Trim()}”", answer.GetProperty("notes")[1].GetString()!.Replace("\u2068", "", StringComparison.Ordinal).Replace("\u2069", "", StringComparison.Ordinal).Replace("·", "", StringComparison.Ordinal));
        Assert.Contains("car/boat", answer.GetProperty("steps")[1].GetProperty("svg").GetString());
        Assert.Equal($"heed compare --html compare.html --edit 'zero:blocks.3.attn.hook_z:head=2' '{Other}' '{Text}'", answer.GetProperty("command").GetString());

        using var refused = await lab.Http.PostAsJsonAsync("/api/figures/compare", new { text = Text, other = "a b" });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("4 and 2 tokens", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString());
    }

    [Fact]
    public async Task TwoModels_EachAnswerForThemselves_AndMayBeAskedTogether()
    {
        using var stories = LanguageModel.Load(Stories, new() { Threads = 1 });
        using var twin = LanguageModel.Load(Stories, new() { Threads = 1 });
        await using var server = await Server.Lab.StartAsync([("stories", stories), ("twin", twin)], new());
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        var models = await http.GetFromJsonAsync<JsonElement>("/api/models");
        Assert.Equal(["stories", "twin"], models.EnumerateArray().Select(m => m.GetProperty("name").GetString()));
        Assert.Equal(["0", "1"], models.EnumerateArray().Select(m => m.GetProperty("id").GetString()));

        // The same weights: nothing differs. Both ways at once: neither waits for the other for ever.
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PostAsync(http, new { text = $"Once upon a time {i}", model = $"{i % 2}", otherModel = $"{1 - i % 2}" }))).WaitAsync(TimeSpan.FromMinutes(2));
        foreach (var answer in answers)
        {
            // A row of weights adds up to 1 but for float32's rounding.
            Assert.All(Values(answer, 0).Values, v => Assert.Equal(0, v, 1e-6));
            Assert.All(Values(answer, 1).Values, v => Assert.Equal(1, v, 1e-6));
            Assert.Contains("--model-b", answer.GetProperty("command").GetString());
        }
        var refusal = await Assert.ThrowsAsync<HeedException>(() => Server.Lab.StartAsync([("same", stories), ("same", twin)], new()));
        Assert.Contains("\"same\"", refusal.Message);
    }

    [BrowserFact]
    public async Task OtherSentence_IsShownBeside_WithItsOwnValues_AndWhatDiffers()
    {
        await using var visit = await Visit.OpenAsync(lab, s_address);
        await visit.ShowAsync(visit.Page.GetByRole(AriaRole.Region, new() { Name = "Side by side" }));
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "The other sentence" }).FillAsync(Other);
        var other = visit.Page.GetByRole(AriaRole.Region, new() { Name = "The other", Exact = true });
        await visit.ShowAsync(other);
        Assert.Contains("other=they+crashed+the+boat", visit.Page.Url);
        foreach (var (side, text) in new[] { ("Yours", Text), ("The other", Other) })
        {
            var pattern = lab.Model.Trace(text)["blocks.10.attn.hook_pattern"];
            var shown = await visit.ValuesAsync("L10.H1.q", $"section.side[aria-label='{side}']");
            for (var q = 0; q < 4; q++)
                for (var k = 0; k <= q; k++) Assert.Equal(pattern[1, q, k], shown[$"L10.H1.q{q}.k{k}"], Visit.OtherPass);
            var next = lab.Model.Generate(text, new() { MaxTokens = 1, Alternatives = 1 }).Single();
            Assert.True((await visit.ValuesAsync($"t{next.Id}", $"section.side[aria-label='{side}']")).ContainsKey($"t{next.Id}"));
        }
        var differs = visit.Page.Locator("section[aria-label^='What differs']");
        await visit.ShowAsync(differs);
        await Assertions.Expect(differs.Locator("svg.heed")).ToBeVisibleAsync();
        await Assertions.Expect(differs.GetByRole(AriaRole.List)).ToContainTextAsync("look elsewhere most");

        // A head of the other's board is opened in both; loaded again, all is there.
        await other.Locator("[data-key='L3.H2']").First.ClickAsync(new() { Force = true });
        await visit.SettleAsync();
        Assert.Contains("head=3.2", visit.Page.Url);
        await visit.Page.ReloadAsync();
        await visit.SettleAsync();
        await visit.ShowAsync(other);
        await Assertions.Expect(other.Locator("[data-key='L3.H2.q3.k1']").First).ToBeAttachedAsync();
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "The other sentence" }).FillAsync("a b");
        await Assertions.Expect(visit.Page.Locator("main")).ToContainTextAsync("here 4 and 2");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await Assertions.Expect(other).ToHaveCountAsync(0);
        Assert.DoesNotContain("other=", visit.Page.Url);
    }

    [BrowserFact]
    public async Task SecondModel_WithFewerHeads_SaysSo_AndItsOwnAreShown()
    {
        using var stories = LanguageModel.Load(Stories, new() { Threads = 1 });
        await using var server = await Server.Lab.StartAsync([("SmolLM2", lab.Model), ("stories", stories)], new() { Pages = LabFixture.Pages });
        await using var visit = await Visit.OpenAsync(lab, $"{s_address}&with=1", server: server);
        var other = visit.Page.GetByRole(AriaRole.Region, new() { Name = "The other", Exact = true });
        await visit.ShowAsync(other);
        await Assertions.Expect(other.Locator(".trouble")).ToContainTextAsync("stories has no head 10.1: it has 5 layers");
        await Assertions.Expect(visit.Page.Locator("main")).ToContainTextAsync("built differently");
        await other.Locator("[data-key='L2.H3']").First.ClickAsync(new() { Force = true });
        await visit.SettleAsync();
        await visit.ShowAsync(other);
        var pattern = stories.Trace(Text)["blocks.2.attn.hook_pattern"];
        var last = pattern.Shape[1] - 1;
        Assert.Equal(pattern[3, last, 0], (await visit.ValuesAsync("L2.H3.q", "section.side[aria-label='The other']"))[$"L2.H3.q{last}.k0"], Visit.OtherPass);

        // The top bar chooses the model that everything is about. A head that it lacks is not asked for.
        await visit.Page.GotoAsync(new Uri(new Uri(server.Address), s_address).ToString());
        await visit.SettleAsync();
        await visit.Page.GetByRole(AriaRole.Combobox, new() { Name = "Model" }).SelectOptionAsync("1");
        await visit.SettleAsync();
        Assert.Contains("model=1", visit.Page.Url);
        Assert.Contains("head=0.0", visit.Page.Url);
        var own = stories.Trace(Text)["blocks.0.attn.hook_pattern"];
        Assert.Equal(own[0, last, 0], (await visit.ValuesAsync("L0.H0.q", "main .columns .card:first-child"))[$"L0.H0.q{last}.k0"], Visit.OtherPass);
    }

    [BrowserFact]
    public async Task SmallModel_Alone_OpensAtAHeadThatItHas()
    {
        using var stories = LanguageModel.Load(Stories, new() { Threads = 1 });
        await using var server = await Server.Lab.StartAsync([("stories", stories)], new() { Pages = LabFixture.Pages });
        await using var visit = await Visit.OpenAsync(lab, "/look", server: server);
        await Assertions.Expect(visit.Page.Locator("main .columns svg.heed").First).ToContainTextAsync("Layer 0, head 0");
    }

    private static async Task<JsonElement> PostAsync(HttpClient http, object body)
    {
        using var response = await http.PostAsJsonAsync("/api/figures/compare", body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>The cells of one of the answer's figures, by key.</summary>
    private static Dictionary<string, double> Values(JsonElement answer, int step)
        => System.Xml.Linq.XDocument.Parse(answer.GetProperty("steps")[step].GetProperty("svg").GetString()!).Descendants().Where(e => e.Attribute("data-value") is not null)
            .ToDictionary(e => e.Attribute("data-key")!.Value, e => double.Parse(e.Attribute("data-value")!.Value, System.Globalization.CultureInfo.InvariantCulture));
}
