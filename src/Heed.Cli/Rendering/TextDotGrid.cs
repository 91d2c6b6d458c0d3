using System.Globalization;

namespace Heed.Cli.Rendering;

/// <summary>One side of a grid of dots.</summary>
/// <param name="Title">What these tokens do.</param>
/// <param name="Labels">The tokens' texts.</param>
/// <param name="Role">Their colour: those that look, or those looked at.</param>
internal sealed record GridSide(string Title, IReadOnlyList<string> Labels, Role Role);

/// <summary>Weights as a grid of dots, as large as the terminal allows; from 0.3 on the number stands in the dot where it fits.</summary>
internal static class TextDotGrid
{
    /// <summary>The weight from which it is also written as a number.</summary>
    public const double Legible = 0.3;

    private const int MaxLabel = 12;
    private const int VerticalLabel = 7;

    /// <summary>Cells across of the sizes a dot may have, and how many rows of tokens it is used for at most.</summary>
    private static readonly (int Columns, int MaxRows)[] s_sizes = [(6, 14), (4, 40), (2, int.MaxValue)];

    /// <summary>How many columns fit at the smallest size beside labels of the rows' length.</summary>
    public static int Capacity(int width) => Math.Max(4, (width - MaxLabel - 2) / 2);

    /// <summary>Cells across of the largest dots with which a grid fits into a width.</summary>
    public static int SizeFor(IReadOnlyList<string> rows, int columns, int width)
    {
        var left = LabelWidth(rows.Select(l => CellWidth.Shorten(l, MaxLabel))) + 1;
        return s_sizes.First(s => s.Columns == 2 || (s.Columns * columns + left <= width && rows.Count <= s.MaxRows)).Columns;
    }

    private static int LabelWidth(IEnumerable<string> labels) => Math.Max(4, labels.Max(l => CellWidth.Of(l)));

    /// <summary>Draws it.</summary>
    /// <param name="rows">The tokens at the left.</param>
    /// <param name="columns">The tokens along the top.</param>
    /// <param name="weight">The weight of a row and column; NaN where it is masked.</param>
    /// <param name="width">Cells that may be used.</param>
    /// <returns>The lines, the kind of dot, and true if numbers are in the dots.</returns>
    public static (List<StyledLine> Lines, Dot Dot, bool HasNumbers) Draw(GridSide rows, GridSide columns, Func<int, int, float> weight, int width)
    {
        var labels = rows.Labels.Select(l => CellWidth.Shorten(l, MaxLabel)).ToArray();
        var left = LabelWidth(labels) + 1;
        var size = SizeFor(rows.Labels, columns.Labels.Count, width);
        var dot = new Dot(size);

        var lines = new List<StyledLine> { new StyledLine().PadTo(left).Add(columns.Title, columns.Role) };
        lines.AddRange(size == 2 ? VerticalLabels(columns, left) : StaggeredLabels(columns, left, size));
        lines.Add(StyledLine.Of(rows.Title, rows.Role));
        for (var row = 0; row < labels.Length; row++)
        {
            var block = Enumerable.Range(0, dot.Rows).Select(_ => new StyledLine()).ToArray();
            var middle = (dot.Rows - 1) / 2;
            block[middle].PadTo(left - 1 - CellWidth.Of(labels[row])).Add(labels[row], rows.Role);
            foreach (var line in block) line.PadTo(left);
            for (var column = 0; column < columns.Labels.Count; column++) AddCell(block, dot, weight(row, column), middle);
            lines.AddRange(block);
        }
        return (lines, dot, size == 6);
    }

    private static void AddCell(StyledLine[] block, Dot dot, float weight, int middle)
    {
        if (float.IsNaN(weight))
        {
            foreach (var line in block) line.Add(new string('░', dot.Columns), Role.Masked);
            return;
        }
        var drawn = dot.Draw(weight);
        for (var i = 0; i < block.Length; i++)
        {
            if (i == middle && dot.Columns == 6 && weight >= Legible)
            {
                // Numbers are cut out of a dot that is wide enough to hold them, and stand in the middle of a smaller one.
                var isWide = dot.PointsOf(weight) >= 0.5 * dot.Points;
                block[i].Add(drawn[i][..1]).Add(Number(weight), isWide ? Role.Reversed : Role.Strong).Add(drawn[i][5..]);
            }
            else
            {
                block[i].Add(drawn[i]);
            }
        }
    }

    /// <summary>A weight with two digits after the point.</summary>
    public static string Number(double weight) => weight.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Labels over their columns, in one line or in two that take turns.</summary>
    private static IEnumerable<StyledLine> StaggeredLabels(GridSide side, int left, int size)
    {
        var staggered = side.Labels.Any(l => CellWidth.Of(l) > size - 1);
        var labels = side.Labels.Select(l => CellWidth.Shorten(l, staggered ? 2 * size - 1 : size)).ToArray();
        for (var turn = 0; turn < (staggered ? 2 : 1); turn++)
        {
            var line = new StyledLine();
            for (var i = 0; i < labels.Length; i++)
            {
                var isHere = !staggered || i % 2 == turn;
                // In the lower line a thin stroke leads from the upper labels down to their columns.
                var text = isHere ? labels[i] : turn == 1 ? "╷" : "";
                if (text.Length == 0) continue;
                var cells = CellWidth.Of(text);
                var start = left + i * size + (size - cells) / 2;
                if (!isHere && (line.Width > start || Overlaps(i + 1, start))) continue;
                line.PadTo(Math.Max(start, line.Width)).Add(text, isHere ? side.Role : Role.Mute);
            }
            yield return line;
        }

        bool Overlaps(int next, int at) => next < labels.Length && left + next * size + (size - CellWidth.Of(labels[next])) / 2 <= at;
    }

    /// <summary>Labels written downwards, a character below the other.</summary>
    private static IEnumerable<StyledLine> VerticalLabels(GridSide side, int left)
    {
        var elements = side.Labels.Select(l => Elements(l)).ToArray();
        var height = elements.Max(e => e.Length);
        for (var y = 0; y < height; y++)
        {
            var line = new StyledLine();
            for (var i = 0; i < elements.Length; i++)
            {
                var at = y - (height - elements[i].Length);
                line.PadTo(left + 2 * i).Add(at < 0 ? "" : elements[i][at], side.Role);
            }
            yield return line;
        }

        static string[] Elements(string label)
        {
            var all = new List<string>();
            for (var e = StringInfo.GetTextElementEnumerator(label); e.MoveNext();) all.Add(e.GetTextElement());
            return all.Count <= VerticalLabel ? [.. all] : [.. all.Take(VerticalLabel - 1), "⋮"];
        }
    }
}
