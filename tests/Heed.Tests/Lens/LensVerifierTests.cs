using Heed.Formats;
using Heed.Lens.Verification;
using Heed.Verification;

namespace Heed.Tests.Lens;

/// <summary>Everything that the reference tool recorded of six families.</summary>
public class LensVerifierTests
{
    [SharedTheory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt_neox")]
    [InlineData("gemma2")]
    public void Verify_TheReferencesValues_FindsNoDifference(string family)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        using var model = Models.Exact(folder);
        using var lens = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        Assert.True(LensVerifier.Knows(lens));
        var comparisons = LensVerifier.Verify(model, lens).ToList();
        Assert.DoesNotContain(comparisons, c => c.Verdict != Verdict.Equal);
        Assert.True(comparisons.Count > 100);
    }

    [SharedFact]
    public void Verify_AnotherModelsValues_FindsDifferences()
    {
        using var model = Models.Exact(TestData.Shared("golden/checkpoints/llama"));
        using var lens = SafetensorsFile.Open(TestData.Shared("golden/checkpoints/mistral/lens.safetensors"));
        model.Transformer.Weights.Layers[0].AttentionNorm!.Weight!.Span[3] += 0.01f;
        var different = LensVerifier.Verify(model, lens).Where(c => c.Verdict == Verdict.Different).ToList();
        Assert.True(different.Count > 50, $"only {different.Count} differ");
    }
}
