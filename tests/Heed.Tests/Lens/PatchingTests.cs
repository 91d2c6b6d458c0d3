using Heed.Formats;
using Heed.Lens;
using Heed.Tracing;
using Heed.Verification;

namespace Heed.Tests.Lens;

public class PatchingTests
{
    private const int Answer = 40, Wrong = 77;      // lens.json of all six

    [SharedTheory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt_neox")]
    [InlineData("gemma2")]
    public void Run_ResidualAndHeads_AreTheReferences(string family)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        using var model = Models.Exact(folder);
        using var lens = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        float[] Floats(string name) => TensorValues.Floats(lens.Find(name)!);
        int[] Ids(string name) => TensorValues.Ids(lens.Find(name)!).Ids;
        var results = Patching.RunEach(model, Ids("input_ids"), Ids("corrupted_ids"), Answer, Wrong, [new(), new() { Kind = PatchKind.Z }]);
        float[] residual = Floats("patch_resid_pre"), heads = Floats("patch_head_z");
        var tolerance = 1e-4 * residual.Concat(heads).Max(Math.Abs);
        foreach (var (result, expected) in new[] { (results[0], residual), (results[1], heads) })
        {
            Assert.Equal(Floats("logit_diff_clean")[0], result.CleanDifference, tolerance);
            Assert.Equal(Floats("logit_diff_corrupted")[0], result.CorruptDifference, tolerance);
            double[] actual = [.. result.Difference.SelectMany(row => row)];
            Assert.Equal(expected.Length, actual.Length);
            for (var i = 0; i < actual.Length; i++) Assert.Equal(expected[i], actual[i], tolerance);
        }
        // All of the stream before the first layer carried over at the position where the texts differ is the clean run.
        Assert.Contains(results[0].Normalized[0], n => Math.Abs(n - 1) < 1e-3 || results[0].Clean.Zip(results[0].Corrupt).Count(p => p.First != p.Second) > 1);
    }

    public static TheoryData<PatchKind> Kinds => [.. Enum.GetValues<PatchKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Run_AnyKind_EqualsWholeRunsOneByOne(PatchKind kind)
    {
        using var model = Models.Exact(Models.Stories);
        int[] clean = Models.Tokens(13), corrupt = [.. clean];
        (corrupt[7], corrupt[12]) = (290, 323);
        var result = Patching.Run(model, clean, corrupt, 280, 301, new() { Kind = kind });
        var name = Patching.Name(kind);
        var trace = model.Trace(clean, ["blocks.*." + name]);
        Assert.Equal(AblationTests.Outcome(model, clean, [], 280, 301).Logit, result.CleanDifference, 1e-3);
        Assert.Equal(AblationTests.Outcome(model, corrupt, [], 280, 301).Logit, result.CorruptDifference, 1e-3);
        var layer = model.Config.Layers[0];
        Assert.Equal((5, Patching.IsByPosition(kind) ? 13 : result.Axis == "kv_head" ? layer.KeyValueHeads : layer.Heads), (result.Difference.Count, result.Difference[0].Count));
        Assert.NotEqual(layer.Heads, layer.KeyValueHeads);
        Assert.Equal(kind is PatchKind.Key or PatchKind.Value, result.Axis == "kv_head");
        for (var l = 0; l < 5; l++)
            for (var i = 0; i < result.Difference[l].Count; i++)
            {
                var full = $"blocks.{l}.{name}";
                var edit = Patching.IsByPosition(kind) ? Edit.Replace(full, trace[full], positions: i..(i + 1)) : Edit.Replace(full, trace[full], i);
                var expected = AblationTests.Outcome(model, corrupt, [edit], 280, 301).Logit;
                Assert.Equal(expected, result.Difference[l][i], 1e-3);
                Assert.Equal((expected - result.CorruptDifference) / (result.CleanDifference - result.CorruptDifference), result.Normalized[l][i], 1e-2);
            }
        Assert.Contains(result.Difference.SelectMany(r => r), d => Math.Abs(d - result.CorruptDifference) > 1e-3);
    }

    [Fact]
    public void Run_TextsOfDifferentLengths_ShowsBothAndSaysHowToAlign()
    {
        using var model = Models.Exact(Models.Stories);
        int[] clean = model.Tokenizer.Encode("Once upon a time").Ids, corrupt = model.Tokenizer.Encode("Once upon a big time").Ids;
        var error = Assert.Throws<HeedException>(() => Patching.Run(model, clean, corrupt, 280, 301));
        Assert.Contains($"has {clean.Length} tokens", error.Message);
        Assert.Contains($"one {corrupt.Length}", error.Message);
        Assert.Contains(" big", error.Message);
        Assert.Contains("same place", error.Message);
    }

    [Fact]
    public void Normalized_OfTextsWithTheSameDifference_IsRefused()
    {
        using var model = Models.Exact(Models.Stories);
        var result = Patching.Run(model, Models.Tokens(5), Models.Tokens(5), 280, 301);
        Assert.False(result.HasSpan);
        Assert.Contains("Give other answers or texts", Assert.Throws<HeedException>(() => result.Normalized).Message);
        Assert.All(result.Difference.SelectMany(r => r), d => Assert.Equal(result.CleanDifference, d, 1e-3));
    }
}
