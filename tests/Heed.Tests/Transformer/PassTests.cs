using Heed.Numerics;
using Heed.Tracing;

namespace Heed.Tests.Transformer;

/// <summary>One pass serves all: fused or traced, alone or in a batch, at once or in parts, on any number of threads.</summary>
public class PassTests
{
    /// <summary>Sums in another order move a float32 logit by about this, relative to the largest.</summary>
    private const double SameValues = 2e-5;

    public static TheoryData<string> Families => [.. new[] { "stories260k" }.Concat(Directory.Exists(TestData.Own("checkpoints"))
        ? Directory.GetDirectories(TestData.Own("checkpoints")).Select(d => Path.GetFileName(d)!).Where(IsDecoder).Order() : [])];

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_TracedAndFused_AreTheSame(string family)
    {
        using var model = Models.Exact(Place(family));
        var tokens = Models.Tokens(48);
        var fused = Models.Logits(model, tokens);
        var traced = model.Trace(tokens)[ActivationNames.Logits];
        for (var t = 0; t < tokens.Length; t++) Assert.InRange(Models.Difference(fused[t], traced.Row(t)), 0, SameValues);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_TokenByTokenWithCache_AreThoseOfOnePass(string family)
    {
        using var model = Models.Exact(Place(family));
        var tokens = Models.Tokens(40, seed: 2);
        var whole = Models.Logits(model, tokens);
        var run = new SequenceRun { Cache = new(model.Config), Tokens = tokens.AsMemory(0, 7) };
        model.Transformer.Forward(run);
        Assert.InRange(Models.Difference(whole[6], run.LastLogits), 0, SameValues);
        for (var t = 7; t < tokens.Length; t++)
        {
            run.Tokens = tokens.AsMemory(t, 1);
            model.Transformer.Forward(run);
            Assert.InRange(Models.Difference(whole[t], run.LastLogits), 0, SameValues);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_InARaggedBatch_AreThoseOfEachAlone(string family)
    {
        using var model = Models.Exact(Place(family));
        int[][] texts = [Models.Tokens(1, 3), Models.Tokens(37, 4), Models.Tokens(5, 5)];
        SequenceRun[] batch = [.. texts.Select(t => new SequenceRun { Tokens = t, Rows = LogitRows.All })];
        model.Transformer.Forward(batch);
        for (var s = 0; s < texts.Length; s++)
        {
            var alone = Models.Logits(model, texts[s]);
            for (var t = 0; t < texts[s].Length; t++) Assert.InRange(Models.Difference(alone[t], batch[s].LogitsOf(t)), 0, SameValues);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Logits_OnAnyNumberOfThreads_AreTheSameBits(string family)
    {
        var tokens = Models.Tokens(30, seed: 6);
        float[]? first = null;
        foreach (var threads in new[] { 1, 2, 3, 5 })
        {
            using var model = Models.Exact(Place(family), threads);
            float[] logits = [.. Models.Logits(model, tokens).SelectMany(row => row), .. NextLogits(model, tokens)];
            Assert.Equal(first ??= logits, logits);
        }
    }

    [Fact]
    public void Forward_LongerThanAPassHolds_GivesTheSameLogits()
    {
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Precision = ActivationPrecision.Float32 });
        var tokens = Models.Tokens(700, vocabulary: 40000);
        var run = new SequenceRun { Tokens = tokens };
        model.Transformer.Forward(run);
        var cached = new SequenceRun { Cache = new(model.Config), Tokens = tokens.AsMemory(0, 650) };
        model.Transformer.Forward(cached);
        cached.Tokens = tokens.AsMemory(650);
        model.Transformer.Forward(cached);
        Assert.InRange(Models.Difference(run.LastLogits, cached.LastLogits), 0, SameValues);
    }

    [Fact]
    public void Cache_ForkedAndTruncated_GoesItsOwnWay()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = Models.Tokens(150, seed: 7);
        var trunk = new SequenceRun { Cache = new(model.Config), Tokens = tokens };
        model.Transformer.Forward(trunk);

        var fork = trunk.Cache!.Fork(70);
        int[] other = [.. tokens[..70], .. Models.Tokens(30, seed: 8)];
        var branch = new SequenceRun { Cache = fork, Tokens = other.AsMemory(70) };
        model.Transformer.Forward(branch);
        Assert.InRange(Models.Difference(Models.Logits(model, other)[^1], branch.LastLogits), 0, SameValues);

        trunk.Cache!.Truncate(90);
        trunk.Tokens = tokens.AsMemory(90, 5);
        model.Transformer.Forward(trunk);
        Assert.InRange(Models.Difference(Models.Logits(model, tokens)[94], trunk.LastLogits), 0, SameValues);
        Assert.Equal(tokens[..95], trunk.Cache.Tokens.ToArray());
    }

    [Fact]
    public void Forward_BeyondTheContext_SaysSo()
    {
        using var model = Models.Exact(Models.Stories);
        var error = Assert.Throws<ContextFullException>(() => model.Transformer.Forward(new SequenceRun { Tokens = Models.Tokens(513) }));
        Assert.Equal((513, 512), (error.Length, error.ContextLength));
    }

    [Fact]
    public void Forward_NoTokensOrUnknownOnes_SaysSo()
    {
        using var model = Models.Exact(Models.Stories);
        Assert.Contains("empty", Assert.Throws<HeedException>(() => model.Transformer.Forward(new SequenceRun())).Message);
        Assert.Contains("512", Assert.Throws<HeedException>(() => model.Transformer.Forward(new SequenceRun { Tokens = new[] { 512 } })).Message);
    }

    [Fact]
    public void Forward_OneTokenAtATime_AllocatesNothing()
    {
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Threads = 1 });
        var cache = new KeyValueCache(model.Config);
        cache.Reserve(256);
        var run = new SequenceRun { Cache = cache, Tokens = Models.Tokens(8) };
        model.Transformer.Forward(run);
        var one = new int[1];
        run.Tokens = one;
        for (var i = 0; i < 3; i++) model.Transformer.Forward(run);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++) model.Transformer.Forward(run);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static float[] NextLogits(LanguageModel model, int[] tokens)
    {
        var run = new SequenceRun { Cache = new(model.Config), Tokens = tokens };
        model.Transformer.Forward(run);
        run.Tokens = tokens.AsMemory(0, 1);
        model.Transformer.Forward(run);
        return run.LastLogits.ToArray();
    }

    private static string Place(string family) => family == "stories260k" ? Models.Stories : Models.Golden(family);

    private static bool IsDecoder(string family) => family is not ("bert" or "roberta" or "t5" or "bart" or "marian" or "whisper");
}
