using Heed.Formats;
using Heed.Tracing;
using Heed.Verification;

namespace Heed.Tests.Tracing;

/// <summary>Every activation the reference tool records, by its name there, on six families.</summary>
public class LensTests
{
    [SharedTheory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt_neox")]
    [InlineData("gemma2")]
    public void Trace_EveryHookOfTheReference_HasItsValues(string family)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        using var model = Models.Exact(folder);
        using var lens = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        var trace = model.Trace(TensorValues.Ids(lens.Find("input_ids")!).Ids);
        var wrong = new List<string>();
        var compared = 0;
        foreach (var tensor in lens.Tensors)
        {
            string name;
            if (tensor.Name.StartsWith("hook/", StringComparison.Ordinal)) name = tensor.Name["hook/".Length..];
            else if (tensor.Name.StartsWith("head_result.", StringComparison.Ordinal)) name = ActivationNames.InBlock(int.Parse(tensor.Name["head_result.".Length..]), ActivationNames.Result);
            else continue;
            compared++;
            if (trace.Find(name) is not { } found)
            {
                wrong.Add($"{name}: not in the trace");
                continue;
            }
            if (!found.Shape.Select(n => (long)n).SequenceEqual(tensor.Shape)) wrong.Add($"{name}: shape {found}, expected {tensor.ShapeText}");
            // Patterns to 1e-5 absolute; everything else to 1e-4 of its largest, as float32 sums in another order allow.
            var isPattern = name.EndsWith(ActivationNames.Pattern, StringComparison.Ordinal);
            var comparison = Comparison.Of(name, TensorValues.Floats(tensor), found.Values.Span, isPattern ? 1e-5 : 1e-4, relative: !isPattern);
            if (comparison.Verdict != Verdict.Equal) wrong.Add($"{name}: {comparison.Difference:G3}");
        }
        Assert.Empty(wrong);
        Assert.True(compared > 60, $"only {compared} compared");
    }

    [Fact]
    public void Scores_OfEveryHead_AreTheStagesOfOneAnother()
    {
        using var model = Models.Exact(Models.Stories);
        var trace = model.Trace(Models.Tokens(12));
        var raw = trace["blocks.2.attn.hook_raw_scores"];
        var scaled = trace["blocks.2.attn.hook_scaled_scores"];
        var scores = trace["blocks.2.attn.hook_attn_scores"];
        var pattern = trace["blocks.2.attn.hook_pattern"];
        var d = model.Config.Layers[2].HeadSize;
        for (var h = 0; h < raw.Shape[0]; h++)
            for (var q = 0; q < 12; q++)
            {
                Assert.Equal(1, pattern.Row(h, q).ToArray().Sum(), 1e-5);
                for (var k = 0; k < 12; k++)
                {
                    Assert.Equal(raw[h, q, k] / MathF.Sqrt(d), scaled[h, q, k], 1e-5);
                    if (k <= q) Assert.Equal(scaled[h, q, k], scores[h, q, k]);
                    else Assert.Equal((float.NegativeInfinity, 0f), (scores[h, q, k], pattern[h, q, k]));
                }
            }
    }

    [Fact]
    public void Result_OfAllHeads_AddsUpToAttentionOut()
    {
        using var model = Models.Exact(Models.Stories);
        var trace = model.Trace(Models.Tokens(9), ["blocks.1.attn.hook_result", "blocks.1.hook_attn_out"]);
        Assert.Equal(2, trace.Names.Count);
        var result = trace["blocks.1.attn.hook_result"];
        var output = trace["blocks.1.hook_attn_out"];
        for (var t = 0; t < 9; t++)
            for (var i = 0; i < model.Config.Width; i++)
                Assert.Equal(output[t, i], Enumerable.Range(0, result.Shape[1]).Sum(h => result[t, h, i]), 1e-4);
    }

    [Fact]
    public void Indexer_UnknownName_SaysWhatWasKept()
    {
        using var model = Models.Exact(Models.Stories);
        var trace = model.Trace(Models.Tokens(3), ["hook_embed"]);
        var error = Assert.Throws<HeedException>(() => trace["blocks.0.hook_resid_pre"]);
        Assert.Contains("hook_embed", error.Message);
    }

    [Fact]
    public void Forward_NaNInAWeight_NamesTheFirstActivation()
    {
        using var model = Models.Exact(Models.Stories);
        model.Transformer.Weights.Layers[3].MlpNorm!.Weight!.Span[5] = float.NaN;
        var error = Assert.Throws<NonFiniteException>(() => Models.Logits(model, Models.Tokens(4)));
        Assert.Contains("blocks.3.ln2.hook_out", error.Message);
    }

    [Fact]
    public void Forward_AfterAPassThatFailed_IsAsIfItHadNotBeen()
    {
        using var model = Models.Exact(Models.Stories);
        var expected = Models.Logits(model, Models.Tokens(3));
        ref var weight = ref model.Transformer.Weights.Layers[3].MlpNorm!.Weight!.Span[5];
        var right = weight;
        weight = float.NaN;
        Assert.Throws<NonFiniteException>(() => Models.Logits(model, Models.Tokens(9)));
        weight = right;
        // One that gives back what was lent, then so many at once that they take all of it.
        foreach (var count in new[] { 1, 8 })
        {
            SequenceRun[] batch = [.. Enumerable.Range(0, count).Select(_ => new SequenceRun { Tokens = Models.Tokens(3), Rows = LogitRows.All })];
            model.Transformer.Forward(batch);
            foreach (var run in batch)
                for (var t = 0; t < 3; t++) Assert.Equal(0, Models.Difference(expected[t], run.LogitsOf(t)), 1e-5);
        }
    }
}
