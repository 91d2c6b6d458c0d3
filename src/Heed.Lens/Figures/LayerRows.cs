namespace Heed.Lens.Figures;

/// <summary>Numbers of layers that have not all equally many heads, as rows of equal length.</summary>
internal static class LayerRows
{
    /// <summary>The numbers [layer, column], NaN where a layer has none, and how many columns there are.</summary>
    public static (float[] Values, int Columns) Of(IReadOnlyList<IReadOnlyList<double>> rows)
    {
        var columns = rows.Max(row => row.Count);
        return ([.. rows.SelectMany(row => row.Select(x => (float)x).Concat(Enumerable.Repeat(float.NaN, columns - row.Count)))], columns);
    }
}
