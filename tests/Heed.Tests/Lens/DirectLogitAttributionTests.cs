using System.Text.Json;
using Heed.Formats;
using Heed.Lens;
using Heed.Tests.Transformer;
using Heed.Tracing;
using Heed.Verification;

namespace Heed.Tests.Lens;

public class DirectLogitAttributionTests
{
    [SharedTheory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt_neox")]
    public void Run_EveryWriter_HasTheReferencesPart(string family)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        using var model = Models.Exact(folder);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        using var labels = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "lens.json")));
        var root = labels.RootElement;
        var attribution = DirectLogitAttribution.Run(model, TensorValues.Ids(file.Find("input_ids")!).Ids, root.GetProperty("answer").GetInt32(), root.GetProperty("wrong").GetInt32());
        var expected = TensorValues.Floats(file.Find("direct_logit_attribution")!);
        var names = root.GetProperty("dla_labels").EnumerateArray().Select(l => l.GetString()).ToArray();
        Assert.Equal(names.Length, expected.Length);
        var found = attribution.Parts.ToDictionary(p => p.Source.Name, p => p.Value);
        for (var i = 0; i < names.Length; i++)
            Assert.Equal(expected[i], found.GetValueOrDefault(names[i]!), 1e-4 * Math.Max(1, expected.Max(Math.Abs)));
        Assert.Empty(found.Keys.Except(names));
        Assert.Equal(TensorValues.Floats(file.Find("logit_diff_clean")!)[0], attribution.Difference, 1e-4 * Math.Max(1, Math.Abs(attribution.Difference)));
        Assert.True(attribution.AddsUp, $"{attribution.Sum} is not {attribution.Difference}");
    }

    public static TheoryData<string> All => GoldenCheckpointTests.All;

    public static TheoryData<string> Own => GoldenCheckpointTests.Own;

    [Theory]
    [MemberData(nameof(Own))]
    public void Run_OwnCheckpoint_AddsUp(string family) => AssertAddsUp(Models.Golden(family));

    [SharedTheory]
    [MemberData(nameof(All))]
    public void Run_GoldenCheckpoint_AddsUp(string family) => AssertAddsUp(TestData.Shared($"golden/checkpoints/{family}"));

    [Fact]
    public void Run_Stories_AddsUp() => AssertAddsUp(Models.Stories);

    /// <summary>At every kind of position, with and without a wrong token, and the stream at every layer.</summary>
    private static void AssertAddsUp(string path)
    {
        using var model = Models.Exact(path);
        var tokens = Models.Tokens(9);
        foreach (var (position, wrong) in new (Index, int?)[] { (^1, 30), (4, 30), (0, null) })
        {
            var attribution = DirectLogitAttribution.Run(model, tokens, 20, wrong, position);
            var logits = Models.Logits(model, tokens)[attribution.Position];
            var expected = logits[20] - (wrong is { } w ? logits[w] : logits.Average(x => (double)x));
            var scale = Math.Max(1, logits.Max(Math.Abs));
            Assert.Equal(expected, attribution.CappedDifference ?? attribution.Difference, 1e-4 * scale);
            Assert.True(attribution.Error <= 1e-4 * scale, $"{attribution.Sum} is not {attribution.Difference}");
            var written = attribution.Parts.Where(p => !p.Source.Name.StartsWith("final_norm", StringComparison.Ordinal) && p.Source.Writer != ResidualWriter.UnembeddingBias).Sum(p => p.Value);
            Assert.Equal(written, attribution.Writes.Sum(w => w.Value), 1e-6 * scale);
            Assert.All(attribution.Writes, w => Assert.True(w.Length >= 0));
            Assert.Equal(model.Config.LogitSoftCap is not null, attribution.CappedDifference is not null);
        }
        for (var layer = 0; layer <= model.Config.Layers.Count; layer++)
            foreach (var parts in ResidualParts.Run(model, tokens, [0, 8], layer)) Assert.InRange(parts.Residue, 0, 1e-5);
    }

    [SharedFact]
    public void Run_IndirectObject_IsWhatTheReferenceFound()
    {
        using var model = Models.Exact(TestData.EmbeddedModel);
        using var file = SafetensorsFile.Open(TestData.Shared("golden/smollm2-135m-instruct/circuits.safetensors"));
        var answers = TensorValues.Ids(file.Find("ioi_answers")!).Ids;
        var attribution = DirectLogitAttribution.Run(model, TensorValues.Ids(file.Find("ioi_ids")!).Ids, answers[0], answers[1], neurons: 3);
        Assert.True(attribution.AddsUp, $"{attribution.Sum} is not {attribution.Difference}");
        Assert.Equal(TensorValues.Floats(file.Find("ioi_logit_diff")!)[0], attribution.Difference, 1e-3);
        var heads = TensorValues.Floats(file.Find("ioi_head_attribution")!);
        var mlps = TensorValues.Floats(file.Find("ioi_mlp_attribution")!);
        foreach (var (source, value) in attribution.Parts)
        {
            if (source.Writer == ResidualWriter.Head) Assert.Equal(heads[source.Layer!.Value * 9 + source.Head!.Value], value, 1e-3);
            else if (source.Writer == ResidualWriter.Mlp) Assert.Equal(mlps[source.Layer!.Value], value, 1e-3);
            else Assert.Equal(TensorValues.Floats(file.Find("ioi_embed_attribution")!)[0], value, 1e-3);
        }
        Assert.Equal(("head 23.3", 2.86), (attribution.Parts.MaxBy(p => p.Value)!.Source.ToString(), Math.Round(attribution.Parts.Max(p => p.Value), 2)));
    }

    [Theory]
    [InlineData("stories260k")]
    [InlineData("gpt2")]
    [InlineData("olmo2")]
    [InlineData("gemma3")]
    [InlineData("gptj")]
    public void Run_AllNeurons_AddUpToTheirMlps(string family)
    {
        using var model = Models.Exact(family == "stories260k" ? Models.Stories : Models.Golden(family));
        var all = model.Config.Layers.Sum(l => l.FeedForwardWidth);
        var attribution = DirectLogitAttribution.Run(model, Models.Tokens(6), 20, 30, neurons: all);
        Assert.Equal(all, attribution.Neurons.Count);
        Assert.Equal(attribution.Neurons.OrderByDescending(n => Math.Abs(n.Value)), attribution.Neurons);
        foreach (var part in attribution.Parts.Where(p => p.Source.Writer == ResidualWriter.Mlp))
        {
            // Only the biases are no neuron's: these models have none, or one that a run without hidden values shows.
            var layer = part.Source.Layer!.Value;
            var without = DirectLogitAttribution.Run(model, Models.Tokens(6), 20, 30, edits: [Edit.Zero($"blocks.{layer}.mlp.hook_post")]);
            var hasBias = model.Weights.Find($"blocks.{layer}.mlp.b_out") is not null;
            if (!hasBias) Assert.Equal(part.Value, attribution.Neurons.Where(n => n.Layer == layer).Sum(n => n.Value), 1e-3);
            Assert.True(hasBias || Math.Abs(without.Parts.Single(p => p.Source.Name == part.Source.Name).Value) < 1e-4);
        }
    }

    [Fact]
    public void Run_HeadRemoved_ItsPartIsZero()
    {
        using var model = Models.Exact(Models.Stories);
        var attribution = DirectLogitAttribution.Run(model, Models.Tokens(6), 20, 30, edits: [Edit.Zero("blocks.3.attn.hook_z", head: 2)]);
        Assert.Equal(0, attribution.Parts.Single(p => p.Source.Name == "L3H2").Value);
        Assert.True(attribution.AddsUp);
    }

    [Fact]
    public void Run_EditOfTheStreamItself_DoesNotAddUp()
    {
        // What an edit puts into the stream is written by nothing: it must show.
        using var model = Models.Exact(Models.Stories);
        Assert.False(DirectLogitAttribution.Run(model, Models.Tokens(6), 20, 30, edits: [Edit.Scale("blocks.3.hook_resid_pre", 3)]).AddsUp);
    }

    [Fact]
    public void Run_BadInput_SaysWhatThereIs()
    {
        using var model = Models.Exact(Models.Stories);
        Assert.Contains("empty", Assert.Throws<HeedException>(() => DirectLogitAttribution.Run(model, [], 1)).Message);
        Assert.Contains("0…1", Assert.Throws<HeedException>(() => DirectLogitAttribution.Run(model, [1, 2], 1, position: 2)).Message);
        Assert.Contains("the same", Assert.Throws<HeedException>(() => DirectLogitAttribution.Run(model, [1, 2], 1, 1)).Message);
        Assert.Contains("vocabulary", Assert.Throws<HeedException>(() => DirectLogitAttribution.Run(model, [1, 2], -1)).Message);
        Assert.Contains("layers 0…4", Assert.Throws<HeedException>(() => ResidualParts.Run(model, [1, 2], [0], -1)).Message);
    }
}
