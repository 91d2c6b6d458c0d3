using Heed.Lens;
using Heed.Lens.Figures;
using Heed.Tracing;

namespace Heed.Tests.Figures;

public class ComparisonFiguresTests
{
    [Fact]
    public void StreamAndHeads_OfTwoTexts_AreTheComparison()
    {
        using var model = Models.Exact(Models.Stories);
        int[] a = Models.Tokens(7), b = Models.Tokens(7, seed: 2);
        var comparison = RunComparison.Run(model, a, model, b);
        var texts = FigureTokens.Plain[..7];
        var stream = new FigureReading(ComparisonFigures.Stream(comparison, texts)).Check();
        foreach (var layer in comparison.Activations.Where(x => x.Name.EndsWith(ActivationNames.ResidPost, StringComparison.Ordinal)))
            for (var p = 0; p < 7; p++) Assert.Equal((float)layer.CosineByPosition[p], stream[$"L{layer.Layer}.p{p}"]);
        var heads = new FigureReading(ComparisonFigures.Heads(comparison)).Check();
        Assert.Equal(model.Config.Layers.Sum(l => l.Heads), comparison.Patterns.Count);
        foreach (var head in comparison.Patterns) Assert.Equal((float)head.TotalVariation, heads[$"L{head.Layer}.H{head.Head}"]);
    }

    [Fact]
    public void StreamAndHeads_OfWhatWasNotCompared_AreNone()
    {
        using var model = Models.Exact(Models.Stories);
        var comparison = RunComparison.Run(model, Models.Tokens(4), model, Models.Tokens(4), names: ["hook_embed"]);
        Assert.Equal(4, new FigureReading(ComparisonFigures.Stream(comparison, FigureTokens.Plain[..4])).Check().Values.Count);
        Assert.Throws<HeedException>(() => ComparisonFigures.Heads(comparison));
        Assert.Throws<HeedException>(() => ComparisonFigures.Stream(comparison with { Activations = [] }, FigureTokens.Plain[..4]));
    }
}
