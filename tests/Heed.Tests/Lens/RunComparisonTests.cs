using Heed.Lens;
using Heed.Tracing;

namespace Heed.Tests.Lens;

public class RunComparisonTests
{
    [Fact]
    public void Run_OfARunWithItself_HasNoDifference()
    {
        using var model = Models.Exact(Models.Stories);
        var comparison = RunComparison.Run(model, Models.Tokens(8), model, Models.Tokens(8), names: ["*"]);
        Assert.Equal(model.Transformer.Activations.All.Count, comparison.Activations.Count);
        Assert.All(comparison.Activations, d => Assert.Equal((0, 0), (d.RelativeDifference, d.LargestDifference)));
        Assert.All(comparison.Activations, d => Assert.Equal(1, d.Cosine, 1e-9));
        Assert.All(comparison.Patterns, p => Assert.Equal(0, p.TotalVariation, 1e-6));
        Assert.Equal((0, 0), (comparison.Next!.DivergenceToA, comparison.Next.DivergenceToB));
        Assert.Empty(comparison.Skipped);
    }

    [Fact]
    public void Run_TwoTexts_IsWhatTheirTracesSay()
    {
        using var model = Models.Exact(Models.Stories);
        int[] a = Models.Tokens(7), b = Models.Tokens(10, seed: 2);
        foreach (var alignment in new[] { TextAlignment.Start, TextAlignment.End })
        {
            var comparison = RunComparison.Run(model, a, model, b, alignment);
            var shift = alignment == TextAlignment.End ? 3 : 0;
            Assert.Equal((7, 0, shift), (comparison.Positions, comparison.FirstA, comparison.FirstB));
            Trace traceA = model.Trace(a), traceB = model.Trace(b);
            var z = comparison.Activations.Single(d => d.Name == "blocks.2.attn.hook_z");
            float[] za = traceA[z.Name].Values.ToArray(), zb = traceB[z.Name].Values.Slice(shift * 64, 7 * 64).ToArray();
            Assert.Equal(7 * 64, za.Length);
            double dot = za.Zip(zb, (x, y) => (double)x * y).Sum(), aa = za.Sum(x => (double)x * x), bb = zb.Sum(x => (double)x * x);
            Assert.Equal(dot / Math.Sqrt(aa * bb), z.Cosine, 1e-4);
            Assert.Equal(Math.Sqrt(za.Zip(zb, (x, y) => Math.Pow(y - x, 2)).Sum() / aa), z.RelativeDifference, 1e-4);
            Assert.Equal(za.Zip(zb, (x, y) => Math.Abs(y - x)).Max(), z.LargestDifference, 1e-4);
            double lastDot = za[^64..].Zip(zb[^64..], (x, y) => (double)x * y).Sum();
            Assert.Equal(lastDot / Math.Sqrt(za[^64..].Sum(x => (double)x * x) * zb[^64..].Sum(x => (double)x * x)), z.CosineByPosition[^1], 1e-4);

            var pattern = comparison.Patterns.Single(p => (p.Layer, p.Head) == (1, 3));
            Activation pa = traceA["blocks.1.attn.hook_pattern"], pb = traceB["blocks.1.attn.hook_pattern"];
            double variation = 0;
            for (var q = 0; q < 7; q++)
            {
                // All keys of b: the first against a's first, the aligned ones, and those between them against nothing.
                for (var k = -shift; k < 7; k++) variation += Math.Abs((k == -shift ? pa[3, q, 0] : k <= 0 ? 0 : pa[3, q, k]) - pb[3, q + shift, k + shift]) / 2.0;
            }
            Assert.Equal(variation / 7, pattern.TotalVariation, 1e-4);

            double[] next = Probabilities(model, a), nextB = Probabilities(model, b);
            Assert.Equal(next.Zip(nextB, (x, y) => x * Math.Log(x / y)).Sum(), comparison.Next!.DivergenceToB, 1e-4);
            Assert.Equal(next.Zip(nextB, (x, y) => y * Math.Log(y / x)).Sum(), comparison.Next.DivergenceToA, 1e-4);
            Assert.Equal(next.Zip(nextB, (x, y) => Math.Abs(x - y)).Max(), Math.Abs(comparison.Next.Changes[0].After - comparison.Next.Changes[0].Before), 1e-5);
        }
    }

    [Fact]
    public void Run_TwoModels_ComparesWhatBothHaveAndSaysWhatNot()
    {
        using LanguageModel a = Models.Exact(Models.Golden("gpt2")), b = Models.Exact(Models.Golden("qwen3"));
        var comparison = RunComparison.Run(a, Models.Tokens(5), b, Models.Tokens(5), names: ["hook_embed", "blocks.0.*"]);
        var both = a.Transformer.Activations.All.Count(i => (i.Layer == 0 || i.Name == "hook_embed") && b.Transformer.Activations.Find(i.Name) is { } other && other.Axes.SequenceEqual(i.Axes));
        Assert.Equal(both, comparison.Activations.Count);
        Assert.Contains(comparison.Skipped, s => s.Why == "only the second model has it");
        Assert.All(comparison.Skipped, s => Assert.DoesNotContain(s.Name, comparison.Activations.Select(d => d.Name)));
    }

    [Fact]
    public void Run_WithAnEdit_DiffersFromThereOn()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = Models.Tokens(6);
        var comparison = RunComparison.Run(model, tokens, model, tokens, editsB: [Edit.Zero("blocks.2.attn.hook_z", head: 1)]);
        foreach (var d in comparison.Activations)
            if (d.Layer < 2 || d.Name == "blocks.2.attn.hook_pattern") Assert.Equal(0, d.LargestDifference);
            else if (d.Layer > 2) Assert.NotEqual(0, d.LargestDifference);
        Assert.Throws<HeedException>(() => RunComparison.Run(model, tokens, model, []));
    }

    private static double[] Probabilities(LanguageModel model, int[] tokens)
    {
        var logits = Models.Logits(model, tokens)[^1];
        return [.. Enumerable.Range(0, logits.Length).Select(t => Math.Exp(-LanguageModel.TokenLoss(logits, t)))];
    }
}
