using Heed.Numerics;

namespace Heed.Tests;

/// <summary>Checkpoints the tests run: the small ones of the project's own, and the reference ones where they are.</summary>
internal static class Models
{
    /// <summary>stories260k, a real if tiny Llama with a tokenizer.</summary>
    public static string Stories => TestData.Own("models/stories260k");

    /// <summary>Loads with float32 activations.</summary>
    public static LanguageModel Exact(string path, int threads = 2)
        => LanguageModel.Load(path, new() { Threads = threads, Precision = ActivationPrecision.Float32 });

    /// <summary>A checkpoint of the reference set: the project's own copy, else the full set's.</summary>
    public static string Golden(string family)
    {
        var own = TestData.Own($"checkpoints/{family}");
        return Directory.Exists(own) || TestData.SharedRoot is null ? own : TestData.Shared($"golden/checkpoints/{family}");
    }

    /// <summary>Some token ids that every vocabulary here has.</summary>
    public static int[] Tokens(int count, int seed = 1, int vocabulary = 300)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }

    /// <summary>The logits of every token of one sequence.</summary>
    public static float[][] Logits(LanguageModel model, int[] tokens)
    {
        var run = new SequenceRun { Tokens = tokens, Rows = LogitRows.All };
        model.Transformer.Forward(run);
        return [.. Enumerable.Range(0, tokens.Length).Select(t => run.LogitsOf(t).ToArray())];
    }

    /// <summary>The largest difference, relative to the largest expected magnitude.</summary>
    public static double Difference(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
        => Verification.Comparison.Of("", expected, actual, 0, relative: true).Difference;
}
