using Heed.Lens;
using Heed.Tests.Transformer;
using Heed.Tracing;

namespace Heed.Tests.Lens;

/// <summary>A score and what wrote it: no reference has this, so the identities are the test.</summary>
public class ScorePartsTests
{
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

    /// <summary>First and last layer and head, neighbours, the first token and the token itself.</summary>
    private static void AssertAddsUp(string path)
    {
        using var model = Models.Exact(path);
        var tokens = Models.Tokens(9);
        var trace = model.Trace(tokens);
        var last = model.Config.Layers.Count - 1;
        foreach (var (layer, head, query, key) in new[] { (0, 0, 5, 4), (last, model.Config.Layers[last].Heads - 1, 8, 7), (last, 0, 6, 6), (1, 1, 3, 1) })
        {
            var score = ScoreParts.Run(model, tokens, layer, head, query, key);
            var block = $"blocks.{layer}.";
            var raw = trace[block + ActivationNames.RawScores][head, query, key];
            Assert.Equal(raw, score.RawScore, 1e-4 * Math.Max(1, Math.Abs(raw)));
            Assert.Equal(score.RawScore, score.Products.Sum(), 1e-4 * Math.Max(1, Math.Abs(raw)));
            // The pairs pass through several float32 roundings of the whole row of scores: bounded by its largest.
            var row = trace[block + ActivationNames.RawScores].Row(head, query)[..(query + 1)].ToArray().Max(Math.Abs);
            Assert.True(score.Error <= 1e-4 * Math.Max(1, row), $"{layer}.{head} {query}→{key}: {score.Sum} is not {score.RawScore}");
            var scaled = score.RawScore * (double)score.Scale;
            if (score.SoftCap is { } cap) scaled = cap * Math.Tanh(scaled / cap);
            Assert.Equal(trace[block + ActivationNames.ScaledScores][head, query, key], scaled + score.PositionBias, 1e-4 * Math.Max(1, Math.Abs(scaled)));
            Assert.Equal(trace[block + ActivationNames.Pattern][head, query, key], score.Weight, 1e-5);
            Assert.Equal(model.Config.HasAlibi && query != key, score.PositionBias != 0);
            for (var a = 0; a < score.QueryWriters.Count; a++)
                for (var b = 0; b < score.KeyWriters.Count; b++)
                    Assert.Equal(score.QueryWriters[a].Vector.Zip(score.KeyWriters[b].Vector, (x, y) => x * y).Sum(), score.Pairs[a, b], 1e-6 * Math.Max(1, Math.Abs(score.Pairs[a, b])));
        }
    }

    [Fact]
    public void Run_Embedded_CarAndCrashed_AddsUp()
    {
        using var model = Models.Exact(TestData.EmbeddedModel);
        var tokens = model.Tokenizer.Encode("they crashed the car").Ids;
        var score = ScoreParts.Run(model, tokens, 10, 1, tokens.Length - 1, 1);
        Assert.True(score.AddsUp, $"{score.Sum} is not {score.RawScore}");
        Assert.Equal(1 + 10 * (9 + 1), score.QueryWriters.Count);
    }

    [Fact]
    public void Run_WriterRemoved_ItsPartsAreZero()
    {
        // A head without output writes nothing into a later query or key.
        using var model = Models.Exact(Models.Stories);
        var score = ScoreParts.Run(model, Models.Tokens(6), 3, 1, 5, 2, [Edit.Zero("blocks.1.attn.hook_z", head: 4)]);
        var at = score.QueryWriters.Select(w => w.Source.Name).ToList().IndexOf("L1H4");
        for (var k = 0; k < score.KeyWriters.Count; k++) Assert.Equal(0, score.Pairs[at, k]);
        Assert.True(score.AddsUp);
    }

    [Fact]
    public void Run_BadInput_SaysWhatThereIs()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = [1, 2, 3];
        Assert.Contains("layers 0…4", Message(() => ScoreParts.Run(model, tokens, 5, 0, 1, 0)));
        Assert.Contains("heads 0…7", Message(() => ScoreParts.Run(model, tokens, 0, 8, 1, 0)));
        Assert.Contains("positions 0…2", Message(() => ScoreParts.Run(model, tokens, 0, 0, 3, 0)));
        Assert.Contains("comes later", Message(() => ScoreParts.Run(model, tokens, 0, 0, 1, 2)));
        Assert.Contains("empty", Message(() => ScoreParts.Run(model, [], 0, 0, 0, 0)));

        static string Message(Action action) => Assert.Throws<HeedException>(action).Message;
    }
}
