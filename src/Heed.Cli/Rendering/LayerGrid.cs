using System.Globalization;

namespace Heed.Cli.Rendering;

/// <summary>A table of numbers, layers upwards, in as many columns as fit: of more, those with the largest numbers are shown, and it says so.</summary>
internal static class LayerGrid
{
    private const int Cell = 8, Left = 9;

    /// <summary>Decimals with which the largest number has three digits that count; as many as a cell holds, where all are small.</summary>
    private static int Digits(double largest) => largest switch { >= 100 => 0, >= 10 => 1, >= 0.995 => 2, >= 0.0995 => 3, _ => 4 };

    /// <summary>The lines.</summary>
    /// <param name="values">[layer][column]; a layer may have fewer columns than another.</param>
    /// <param name="labels">What stands above each column.</param>
    /// <param name="what">What a column is: "position", "head".</param>
    /// <param name="width">Cells in a line.</param>
    public static IEnumerable<StyledLine> Lines(IReadOnlyList<IReadOnlyList<double>> values, IReadOnlyList<string> labels, string what, int width)
    {
        var fit = Math.Max(1, (width - Left) / Cell);
        var largest = values.Max(row => row.Select(Math.Abs).DefaultIfEmpty().Max());
        var digits = new string('0', Digits(largest));
        var format = $"0.{digits};−0.{digits};0.{digits}";
        double SizeOf(int column) => values.Max(row => column < row.Count ? Math.Abs(row[column]) : 0);
        int[] shown = labels.Count <= fit ? [.. Enumerable.Range(0, labels.Count)] : [.. Enumerable.Range(0, labels.Count).OrderByDescending(SizeOf).Take(fit).Order()];
        var header = StyledLine.Of("layer", Role.Mute);
        for (var i = 0; i < shown.Length; i++)
        {
            var label = TokenLabel.Short(labels[shown[i]], Cell - 1);
            header.PadTo(Left + (i + 1) * Cell - CellWidth.Of(label)).Add(label, what == "position" ? Role.Query : Role.Mute);
        }
        yield return header;
        for (var l = values.Count - 1; l >= 0; l--)
        {
            var line = StyledLine.Of(l.ToString(CultureInfo.InvariantCulture).PadLeft(5), Role.Mute);
            for (var i = 0; i < shown.Length; i++)
            {
                if (shown[i] >= values[l].Count) continue;
                var value = values[l][shown[i]];
                var text = value.ToString(format, CultureInfo.InvariantCulture);
                line.PadTo(Left + (i + 1) * Cell - text.Length).Add(text, Math.Abs(value) < largest / 20 ? Role.Mute : value < 0 ? Role.Key : Role.Query);
            }
            yield return line;
        }
        if (shown.Length == labels.Count) yield break;
        foreach (var line in StyledLine.Wrap($"{shown.Length} of {labels.Count} {what}s are shown, those with the largest numbers; --json, --svg and --html have all.", Math.Min(width, 76), Role.Mute))
            yield return line;
    }
}
