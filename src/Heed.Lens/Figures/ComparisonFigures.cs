using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>How two runs differ.</summary>
public static class ComparisonFigures
{
    /// <summary>The residual stream's cosines, layer by layer and position by position; of a comparison of other activations, theirs.</summary>
    /// <param name="comparison">The comparison.</param>
    /// <param name="tokens">The texts of the first run's tokens.</param>
    /// <param name="width">The figure's width in pixels.</param>
    /// <exception cref="HeedException">The runs have nothing in common.</exception>
    public static Figure Stream(RunComparison comparison, IReadOnlyList<string> tokens, double width = 720)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var rows = comparison.Activations.Where(x => x.Name.EndsWith(ActivationNames.ResidPost, StringComparison.Ordinal)).ToArray();
        if (rows.Length == 0) rows = [.. comparison.Activations];
        if (rows.Length == 0) throw new HeedException("The two runs have no activation in common, so there is nothing to draw.");
        var isStream = rows[0].Name.EndsWith(ActivationNames.ResidPost, StringComparison.Ordinal);
        var axis = isStream ? new FigureAxis("layer", [.. rows.Select(r => $"{r.Layer}")], [.. rows.Select(r => $"L{r.Layer}")]) : FigureAxis.Named("activation", [.. rows.Select(r => r.Name)]);
        return HeatMap.Of([.. rows.SelectMany(r => r.CosineByPosition.Select(x => (float)x))], axis, FigureAxis.Tokens([.. tokens.Skip(comparison.FirstA).Take(comparison.Positions)]), new()
        {
            Title = "How alike the two runs are",
            Caption = $"Cosine of {(isStream ? "the residual stream after each layer" : "each activation")}, position by position: 1 is the same direction, 0 has nothing in common.",
            Measure = "cosine",
            ShowsLeast = true,
            FirstRowAtBottom = isStream,
            Largest = 1,
            Width = width,
        });
    }

    /// <summary>How much of every head's attention lies elsewhere: layers upwards, heads along.</summary>
    /// <param name="comparison">A comparison of patterns.</param>
    /// <param name="width">The figure's width in pixels.</param>
    /// <exception cref="HeedException">No patterns were compared.</exception>
    public static Figure Heads(RunComparison comparison, double width = 720)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        if (comparison.Patterns.Count == 0) throw new HeedException("No head's attention was compared, so there is nothing to draw.");
        var layers = comparison.Patterns.GroupBy(p => p.Layer).OrderBy(g => g.Key).ToArray();
        var (values, columns) = LayerRows.Of([.. layers.Select(g => (IReadOnlyList<double>)[.. g.OrderBy(p => p.Head).Select(p => p.TotalVariation)])]);
        return HeatMap.Of(values, new("layer", [.. layers.Select(g => $"{g.Key}")], [.. layers.Select(g => $"L{g.Key}")]), FigureAxis.Heads(columns), new()
        {
            Title = "Which heads look elsewhere",
            Caption = "The share of each head's attention that lies on other tokens in the second run: 0 is the same, 1 has nothing in common. The mean over all tokens.",
            Measure = "share that lies elsewhere",
            FirstRowAtBottom = true,
            Largest = 1,
            Width = width,
        });
    }
}
