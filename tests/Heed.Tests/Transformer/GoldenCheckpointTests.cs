using Heed.Formats;
using Heed.Numerics;
using Heed.Verification;

namespace Heed.Tests.Transformer;

/// <summary>Recorded values of an independent implementation, for every decoder family that has them, from both layouts.</summary>
public class GoldenCheckpointTests
{
    private static readonly string[] s_ggufs = ["bloom", "gemma3", "gpt2", "llama", "llama3_rope", "mixtral", "qwen3"];

    /// <summary>Those that are in every clone.</summary>
    public static TheoryData<string> Own => [.. Directory.GetDirectories(TestData.Own("checkpoints")).Select(d => Path.GetFileName(d))];

    public static TheoryData<string> All =>
    [
        "bloom", "gemma2", "gemma3", "gpt2", "gpt_neo", "gpt_neox", "gptj", "llama", "llama3_rope", "mistral", "mixtral", "olmo2", "opt", "phi3",
        "qwen2", "qwen3", "smollm3",
    ];

    public static TheoryData<string> Ggufs => [.. s_ggufs];

    [Theory]
    [MemberData(nameof(Own))]
    public void Verify_OwnCheckpoint_EqualsTheRecordedValues(string family)
        => AssertEqual(TestData.Own($"checkpoints/{family}"), TestData.Own($"checkpoints/{family}/expected.safetensors"));

    [SharedTheory]
    [MemberData(nameof(All))]
    public void Verify_GoldenCheckpoint_EqualsTheRecordedValues(string family)
        => AssertEqual(TestData.Shared($"golden/checkpoints/{family}"), TestData.Shared($"golden/checkpoints/{family}/expected.safetensors"));

    [SharedTheory]
    [MemberData(nameof(Ggufs))]
    public void Verify_GoldenGguf_EqualsTheCheckpointsRecordedValues(string family)
        => AssertEqual(TestData.Shared($"golden/gguf/{family}.gguf"), TestData.Shared($"golden/checkpoints/{family}/expected.safetensors"));

    /// <summary>The wider Llama in every block format that holds fewer bits than activations do.</summary>
    public static TheoryData<string> Quantised
        => ["IQ4_NL", "IQ4_XS", "Q2_K", "Q3_K_M", "Q4_0", "Q4_1", "Q4_K_M", "Q5_0", "Q5_1", "Q5_K_M", "Q6_K", "Q8_0", "TQ1_0", "TQ2_0"];

    [SharedTheory]
    [MemberData(nameof(Quantised))]
    public void Verify_QuantisedFileFast_IsThePathOfGeneration(string format)
    {
        var (config, weights, file) = CheckpointLoader.Open(TestData.Shared($"golden/gguf/quantised/{format}.gguf"));
        using var model = new Heed.Transformer(config, weights, file, threads: 1, ActivationPrecision.Int8);
        using var expected = SafetensorsFile.Open(TestData.Shared($"golden/gguf/quantised/{format}.safetensors"));
        Assert.True(expected.Find("input_ids")!.Shape[^1] >= Products.PanelTokens, "the text must be longer than a pass that uses 8-bit activations");
        var logits = CheckpointVerifier.Verify(model, expected, fast: true).Single(c => c.Name == "logits");
        Assert.Equal(Verdict.Equal, logits.Verdict);
        // Float32 activations, which a pass of many tokens uses whatever the precision, stay within LogitBound: this is another path.
        Assert.InRange(logits.Difference, 1e-3, CheckpointVerifier.FastProbabilityBound);
    }

    private static void AssertEqual(string place, string expectedFile)
    {
        var (config, weights, file) = CheckpointLoader.Open(place);
        using var model = new Heed.Transformer(config, weights, file, threads: 1);
        using var expected = SafetensorsFile.Open(expectedFile);
        var compared = CheckpointVerifier.Verify(model, expected).Where(c => c.Verdict != Verdict.NotCompared).ToList();
        Assert.All(compared, c => Assert.True(c.Verdict == Verdict.Equal, c.ToString()));
        var names = compared.Select(c => c.Name).ToHashSet();
        Assert.Superset(new HashSet<string>(["logits", "loss", "greedy_ids"]), names);
        for (var i = 0; i < config.Layers.Count; i++) Assert.Superset(new HashSet<string>([$"hidden.{i}", $"attention.{i}"]), names);
        Assert.Contains($"hidden.{config.Layers.Count}", names);
    }
}
