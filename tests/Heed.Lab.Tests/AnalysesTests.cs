using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Xml.Linq;
using Heed.Lens;

namespace Heed.Lab.Tests;

/// <summary>The analyses as a program sees them: events, and the library's own numbers.</summary>
[Collection("lab")]
public sealed class AnalysesTests(LabFixture lab)
{
    private const string Text = "When Mary and John went to the store, John gave a drink to";
    private const string Other = "When Mary and John went to the store, Mary gave a drink to";

    private int Mary => lab.Model.Tokenizer.Encode(" Mary").Ids.Single();
    private int John => lab.Model.Tokenizer.Encode(" John").Ids.Single();
    private int[] Tokens => lab.Model.Tokenizer.Encode(Text).Ids;

    [Fact]
    public async Task Attribute_ShowsTheLibrarysParts_WhichAddUp()
    {
        using var response = await lab.Http.PostAsJsonAsync("/api/figures/attribute", new { text = Text, answer = "Mary", wrong = " John" });
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        var expected = DirectLogitAttribution.Run(lab.Model, Tokens, Mary, John);
        var shown = Values(answer, 0);
        Assert.Equal(expected.Difference, shown["total"], 1e-5);
        Assert.Equal(expected.Sum, shown.Where(v => !v.Key.StartsWith("running", StringComparison.Ordinal) && v.Key != "total").Sum(v => v.Value), 1e-3);
        foreach (var part in expected.Parts.OrderByDescending(p => Math.Abs(p.Value)).Take(20)) Assert.Equal(part.Value, shown[part.Source.Key], 1e-5);
        Assert.Contains($"{expected.Parts.Count} parts add up", answer.GetProperty("notes")[0].GetString());
        Assert.Contains("--answer=' Mary' --wrong=' John'", answer.GetProperty("command").GetString());
        Assert.Equal(2, answer.GetProperty("steps").GetArrayLength());
    }

    [Fact]
    public async Task Attribute_OfAnEarlierToken_ExplainsWhatTheModelSaysThere()
    {
        using var response = await lab.Http.PostAsJsonAsync("/api/figures/attribute", new { text = Text, query = 2 });
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        var run = new SequenceRun { Tokens = Tokens.AsMemory(..3), Trace = Tracing.Trace.Of("hook_embed") };
        lab.Model.Transformer.Forward(run);
        var best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(run.LastLogits);
        Assert.Equal(run.LastLogits[best] - run.LastLogits.ToArray().Average(), Values(answer, 0)["total"], 1e-3);
    }

    [Fact]
    public async Task Heads_OnRepeatedTokens_AreTheLibrarysScores()
    {
        var (progress, answer) = await AnalyseAsync("heads", new { text = Text, isGeneral = true });
        Assert.Equal(progress.Order(), progress);
        Assert.All(progress, p => Assert.InRange(p, 0, 1));
        var tokens = HeadScores.RepeatedTokens(lab.Model.Tokenizer, 50);
        var expected = HeadScores.Run(lab.Model, tokens, firstQuery: HeadScores.RepetitionStart(tokens)!.Value);
        var shown = Enumerable.Range(0, expected.Patterns.Count).Select(i => Values(answer, i)).ToArray();
        for (var p = 0; p < expected.Patterns.Count; p++)
            for (var l = 0; l < 30; l++)
                for (var h = 0; h < 9; h++) Assert.Equal(expected.Patterns[p].Scores[l][h], shown[p][$"{expected.Patterns[p].Pattern.Name.Replace(' ', '_')}.L{l}.H{h}"], 1e-5);
    }

    [Fact]
    public async Task Heads_OnTheText_AreTheLibrarysScores()
    {
        var (_, answer) = await AnalyseAsync("heads", new { text = Text });
        var expected = HeadScores.Run(lab.Model, Tokens);
        Assert.Equal(expected.Patterns[0].Scores[11][2], Values(answer, 0)["previous_token.L11.H2"], 1e-5);
        Assert.Contains($"over its tokens, is {expected.Losses.Average().ToString("0.00", CultureInfo.InvariantCulture)}.", answer.GetProperty("notes")[0].GetString());
    }

    [Theory]
    [InlineData(ComponentKind.Layer, AblationMethod.Zero)]
    [InlineData(ComponentKind.Mlp, AblationMethod.Mean)]
    public async Task Ablate_IsTheLibrarys(ComponentKind by, AblationMethod method)
    {
        var (progress, answer) = await AnalyseAsync("ablate", new { text = "they crashed the car into the", by, method, answer = "wall" });
        Assert.Equal(0, progress[0]);
        var expected = Ablation.Run(lab.Model, lab.Model.Tokenizer.Encode("they crashed the car into the").Ids, new() { By = by, Method = method, Answer = lab.Model.Tokenizer.Encode(" wall").Ids.Single() });
        var (loss, logit) = (Values(answer, 0), Values(answer, 1));
        foreach (var part in expected.Parts)
        {
            var row = loss.Keys.Single(k => k.StartsWith($"loss.L{part.Component.Layer}.", StringComparison.Ordinal));
            Assert.Equal(part.DeltaLoss!.Value, loss[row], 1e-4);
            Assert.Equal(part.DeltaLogit, logit[row.Replace("loss.", "logit.", StringComparison.Ordinal)], 1e-3);
        }
    }

    [Fact]
    public async Task Patch_IsTheLibrarys()
    {
        const string Text = "Mary met John; John thanked", Other = "Mary met John; Mary thanked";
        var (_, answer) = await AnalyseAsync("patch", new { text = Text, other = Other, answer = "Mary", wrong = "John", kind = "MlpOut" });
        var tokens = lab.Model.Tokenizer.Encode(Text).Ids;
        var expected = Patching.Run(lab.Model, tokens, lab.Model.Tokenizer.Encode(Other).Ids, Mary, John, new() { Kind = PatchKind.MlpOut });
        var shown = Values(answer, 0);
        for (var l = 0; l < 30; l++)
            for (var p = 0; p < tokens.Length; p++) Assert.Equal(expected.Normalized[l][p], shown[$"mlp.L{l}.p{p}"], 1e-4);
    }

    [Fact]
    public async Task Patch_OfSentencesOfDifferentLengths_SaysHowToAlignThem()
    {
        var problem = await ProblemAsync("patch", new { text = Text, other = "When Mary went to the store, John gave a drink to", answer = "Mary", wrong = "John" });
        Assert.Contains("as many tokens", problem);
    }

    [Fact]
    public async Task Circuit_OfTheText_IsTheLibrarys()
    {
        var (_, answer) = await AnalyseAsync("circuit", new { text = "Paris king blue", layer = 18, head = 6 });
        var expected = Circuits.Run(lab.Model, 18, 6, new() { Tokens = lab.Model.Tokenizer.Encode("Paris king blue").Ids });
        var moves = Values(answer, 0);
        foreach (var row in expected.ValueOutputByToken)
            foreach (var pair in row) Assert.Equal(pair.Value, moves[$"L18.H6.ov.t{pair.From}.t{pair.To}.raises"], 1e-3);
        Assert.Equal(expected.Eigenvalues.Sum(v => v.Real), Values(answer, 2)["total"], 1e-2);
    }

    [Theory]
    [InlineData("ablate", """{"text":"a b","method":"Resample"}""", "Zero or Mean")]
    [InlineData("ablate", """{"text":"a b","answer":"notoneword"}""", "tokens")]
    [InlineData("heads", """{"text":"a"}""", "one token")]
    [InlineData("patch", """{"text":"a b"}""", "second sentence")]
    [InlineData("patch", """{"text":"a b","other":"a b"}""", "name two words")]
    [InlineData("circuit", """{"text":"a b","head":9}""", "heads 0 to 8")]
    [InlineData("circuit", """{"text":""}""", "empty")]
    public async Task Analysis_ThatCannotBegin_IsRefusedInASentence(string name, string body, string says)
    {
        using var response = await lab.Http.PostAsync($"/api/analyses/{name}", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(says, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analysis_LetsShortQuestionsThrough_AndStopsWhenTheVisitorLeaves()
    {
        var alone = await ShortQuestionAsync("alone");
        using (var leaving = new CancellationTokenSource())
        {
            // All pairs of 49,152 tokens: far longer than this test.
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/analyses/circuit") { Content = JsonContent.Create(new { text = Text, isGeneral = true }) };
            using var response = await lab.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            for (var events = 0; events < 3;)
                if (await reader.ReadLineAsync() is { } line && line.StartsWith("data:", StringComparison.Ordinal)) events++;
            Assert.InRange(await ShortQuestionAsync("meanwhile"), TimeSpan.Zero, alone + TimeSpan.FromSeconds(1));
            await leaving.CancelAsync();
        }
        Assert.InRange(await ShortQuestionAsync("afterwards"), TimeSpan.Zero, alone + TimeSpan.FromSeconds(1));
    }

    private async Task<TimeSpan> ShortQuestionAsync(string word)
    {
        var watch = Stopwatch.StartNew();
        using var response = await lab.Http.PostAsJsonAsync("/api/next", new { text = $"a short question, {word}" });
        Assert.True(response.IsSuccessStatusCode);
        return watch.Elapsed;
    }

    private async Task<(List<double> Progress, JsonElement Answer)> AnalyseAsync(string name, object body)
    {
        var events = await EventsAsync(name, body);
        var (last, value) = events[^1];
        Assert.True(last == "figure", value.ToString());
        return ([.. events.SkipLast(1).Select(e => e.Event == "progress" ? e.Value.GetDouble() : double.NaN)], value);
    }

    private async Task<string> ProblemAsync(string name, object body)
    {
        var (last, value) = (await EventsAsync(name, body))[^1];
        Assert.Equal("problem", last);
        return value.GetProperty("error").GetString()!;
    }

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };

    private async Task<List<(string Event, JsonElement Value)>> EventsAsync(string name, object body)
    {
        using var response = await lab.Http.PostAsJsonAsync($"/api/analyses/{name}", body, s_json);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => e.Split('\n')).Select(lines =>
            (lines[0]["event: ".Length..], JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement))];
    }

    /// <summary>The values of a step's marks, by key.</summary>
    private static Dictionary<string, double> Values(JsonElement answer, int step)
        => XDocument.Parse(answer.GetProperty("steps")[step].GetProperty("svg").GetString()!).Descendants()
            .Where(e => e.Attribute("data-key") is not null && e.Attribute("data-value") is not null)
            .DistinctBy(e => e.Attribute("data-key")!.Value)
            .ToDictionary(e => e.Attribute("data-key")!.Value, e => double.Parse(e.Attribute("data-value")!.Value, CultureInfo.InvariantCulture));
}
