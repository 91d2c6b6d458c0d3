using System.Text.Json;
using Heed.Formats;
using Heed.Lens;
using Heed.Tracing;
using Heed.Verification;

namespace Heed.Tests.Lens;

public class LogitLensTests
{
    [SharedTheory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt_neox")]
    [InlineData("gemma2")]
    public void Run_EveryPoint_HasTheReferencesDistribution(string family)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        using var model = Models.Exact(folder);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        using var labels = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "lens.json")));
        var tokens = TensorValues.Ids(file.Find("input_ids")!).Ids;
        var logits = TensorValues.Floats(file.Find("logit_lens")!);
        // The reference leaves out the cap that Gemma 2 puts on its logits; here they are the model's own.
        if (model.Config.LogitSoftCap is { } cap) logits = [.. logits.Select(x => cap * MathF.Tanh(x / cap))];
        var V = model.Config.VocabularySize;
        const int token = 17;
        var lens = LogitLens.Run(model, tokens, token, top: V);
        Assert.Equal(labels.RootElement.GetProperty("logit_lens_labels").EnumerateArray().Select(l => l.GetString()), lens.Points.Select(p => p.Name));
        for (var point = 0; point < lens.Points.Count; point++)
            for (var t = 0; t < tokens.Length; t++)
            {
                var row = logits.AsSpan((point * tokens.Length + t) * V, V);
                var expected = new double[V];
                for (var v = 0; v < V; v++) expected[v] = Math.Exp(-LanguageModel.TokenLoss(row, v));
                var sum = 0.0;
                foreach (var (id, probability) in lens.Top(point, t))
                {
                    // Logits here are up to 40: 1e-4 of the largest is 4e-3 of a probability.
                    Assert.Equal(expected[id], probability, 4e-3 * expected[id] + 1e-9);
                    sum += probability;
                }
                Assert.Equal(1, sum, 1e-6);
                Assert.Equal(expected[token], lens.Probability(point, t), 4e-3 * expected[token] + 1e-9);
                Assert.Equal(token, lens.Top(point, t)[lens.Rank(point, t) - 1].Token);
            }
    }

    [SharedFact]
    public void Run_EiffelTower_FindsParisWhereTheReferenceDoes()
    {
        using var model = Models.Exact(TestData.EmbeddedModel);
        using var file = SafetensorsFile.Open(TestData.Shared("golden/smollm2-135m-instruct/circuits.safetensors"));
        var tokens = TensorValues.Ids(file.Find("eiffel_ids")!).Ids;
        var lens = LogitLens.Run(model, tokens, TensorValues.Ids(file.Find("eiffel_target")!).Ids[0], positions: ^1..);
        var ranks = TensorValues.Floats(file.Find("eiffel_lens_rank")!);
        var probabilities = TensorValues.Floats(file.Find("eiffel_lens_probability")!);
        var points = Enumerable.Range(0, lens.Points.Count).Where(p => !lens.Points[p].Name.EndsWith("mid", StringComparison.Ordinal)).ToArray();
        Assert.Equal(ranks.Length, points.Length);
        for (var i = 0; i < points.Length; i++)
        {
            // The reference counts ranks from 0. Far from the top, where thousands of logits lie close, rounding moves a few past another.
            Assert.Equal(ranks[i] + 1, lens.Rank(points[i], 0), Math.Max(0.5, ranks[i] * 2e-3));
            Assert.Equal(probabilities[i], lens.Probability(points[i], 0), 1e-3 * probabilities[i] + 1e-7);
        }
    }

    [Theory]
    [InlineData("opt")]
    [InlineData("bloom")]
    [InlineData("phi3")]
    public void Run_AtTheEnd_IsWhatTheModelPredicts(string family)
    {
        using var model = LanguageModel.Load(Models.Golden(family), new() { Threads = 2 });
        var tokens = Models.Tokens(7);
        var lens = LogitLens.Run(model, tokens, token: 5, top: 3);
        using var exact = Models.Exact(Models.Golden(family));
        var logits = Models.Logits(exact, tokens);
        for (var t = 0; t < tokens.Length; t++)
            Assert.Equal(Math.Exp(-LanguageModel.TokenLoss(logits[t], 5)), lens.Probability(lens.Points.Count - 1, t), 1e-5);
    }

    [Fact]
    public void Run_SomePositions_AreThoseOfAll()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = Models.Tokens(9);
        LogitLens all = LogitLens.Run(model, tokens, 4, top: 2), some = LogitLens.Run(model, tokens, 4, top: 2, positions: 3..^2);
        Assert.Equal([3, 4, 5, 6], some.Positions);
        for (var point = 0; point < all.Points.Count; point++)
            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(all.Rank(point, i + 3), some.Rank(point, i));
                Assert.Equal(all.Top(point, i + 3)[0].Token, some.Top(point, i)[0].Token);
                Assert.Equal(all.Probability(point, i + 3), some.Probability(point, i), 1e-6);
            }
    }

    [Fact]
    public void Run_SomePoints_AreThoseOfAllAndNoMoreIsComputed()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = Models.Tokens(9);
        var all = LogitLens.Run(model, tokens, 4);
        var reports = new List<double>();
        var some = LogitLens.Run(model, tokens, 4, positions: ^2.., points: all.Points.Where(p => p.Name.EndsWith("_mid", StringComparison.Ordinal)), progress: new Told(reports.Add));
        Assert.Equal(["0_mid", "1_mid", "2_mid", "3_mid", "4_mid"], some.Points.Select(p => p.Name));
        // One report a row of logits.
        Assert.Equal(5 * 2, reports.Count);
        Assert.Equal(1, reports[^1]);
        for (var point = 0; point < 5; point++)
            for (var i = 0; i < 2; i++) Assert.Equal(all.Probability(2 * point + 1, i + 7), some.Probability(point, i), 1e-6);
        Assert.Contains("at no point", Assert.Throws<HeedException>(() => LogitLens.Run(model, tokens, points: [])).Message);
    }

    [Fact]
    public void Run_CancelledOnTheWay_Stops()
    {
        using var model = Models.Exact(Models.Stories);
        using var source = new CancellationTokenSource();
        var last = 0.0;
        Assert.Throws<OperationCanceledException>(() => LogitLens.Run(model, Models.Tokens(200), cancellation: source.Token, progress: new Told(f => { last = f; if (f > 0.3) source.Cancel(); })));
        Assert.InRange(last, 0.3, 0.35);
    }

    private sealed class Told(Action<double> tell) : IProgress<double>
    {
        public void Report(double value) => tell(value);
    }

    [Fact]
    public void Run_WithEdits_ReadsTheEditedStream()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = Models.Tokens(6);
        var last = model.Config.Layers.Count - 1;
        Edit[] edits = [Edit.Zero("blocks.2.attn.hook_z", head: 1), Edit.Scale("ln_final.hook_normalized", 0.5f)];
        var lens = LogitLens.Run(model, tokens, 9, edits: edits);
        var run = new SequenceRun { Tokens = tokens, Edits = edits };
        model.Transformer.Forward(run);
        Assert.Equal(Math.Exp(-LanguageModel.TokenLoss(run.LastLogits, 9)), lens.Probability(lens.Points.Count - 1, 5), 1e-6);
    }

    [Fact]
    public void Run_BadInput_SaysWhatThereIs()
    {
        using var model = Models.Exact(Models.Stories);
        Assert.Contains("empty", Assert.Throws<HeedException>(() => LogitLens.Run(model, [])).Message);
        Assert.Contains("0…2", Assert.Throws<HeedException>(() => LogitLens.Run(model, [1, 2, 3], positions: 3..9)).Message);
        Assert.Contains("vocabulary", Assert.Throws<HeedException>(() => LogitLens.Run(model, [1, 2, 3], token: 1 << 20)).Message);
        Assert.Throws<OperationCanceledException>(() => LogitLens.Run(model, [1, 2], cancellation: new CancellationToken(true)));
    }
}
