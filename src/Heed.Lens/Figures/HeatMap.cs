using System.Text;

namespace Heed.Lens.Figures;

/// <summary>How <see cref="HeatMap"/> is drawn.</summary>
public sealed record HeatMapOptions
{
    /// <summary>What is seen.</summary>
    public required string Title { get; init; }

    /// <summary>How to read it, in a sentence.</summary>
    public string Caption { get; init; } = "";

    /// <summary>What stands before every cell's key, such as a layer (L3) or a measure's name; empty: nothing.</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>What a number is, for the words of a cell ("Δ logit difference").</summary>
    public string Measure { get; init; } = "";

    /// <summary>True if the first row stands at the bottom, as layers do.</summary>
    public bool FirstRowAtBottom { get; init; }

    /// <summary>The size that has full colour; null: the largest shown.</summary>
    public double? Largest { get; init; }

    /// <summary>Where a cell stands for several numbers, which it shows: the one largest in size, or, where sameness is shown and
    /// what differs matters, the least.</summary>
    public bool ShowsLeast { get; init; }

    /// <summary>The size up to which a number is nothing but the rounding of the computation. If no number is larger, none is coloured,
    /// and the foot says so. 0: all numbers count.</summary>
    public double Noise { get; init; }

    /// <summary>Cells to outline: (row, column).</summary>
    public IReadOnlyList<(int Row, int Column)> Picked { get; init; } = [];

    /// <summary>The width in pixels to fit into, if cells of 14 pixels can.</summary>
    public double Width { get; init; } = 720;
}

/// <summary>
/// A table of signed numbers as colours, blue above zero and orange below, with the numbers in it where they fit: what patching,
/// ablation and scores of heads find. A single column is bars from zero: there is room to see sizes as lengths.
/// <code>
/// HeatMap.Of(deltas, FigureAxis.Layers(30), FigureAxis.Tokens(tokens), new() { Title = "Where the difference lives", FirstRowAtBottom = true })
/// </code>
/// </summary>
public static class HeatMap
{
    private const int Most = 64;
    private const double LargestCell = 64, SmallestCell = 14, LongestRowLabel = 130, LongestBarLabel = 200;

    /// <summary>Draws it.</summary>
    /// <param name="values">The numbers [row, column]; NaN where there is none.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="options">How.</param>
    public static Figure Of(ReadOnlySpan<float> values, FigureAxis rows, FigureAxis columns, HeatMapOptions options)
    {
        rows.Check(nameof(HeatMap));
        columns.Check(nameof(HeatMap));
        if (values.Length != rows.Count * columns.Count)
            throw new ArgumentException($"A heat map of {rows.Count} rows × {columns.Count} columns takes {rows.Count * columns.Count} values, not {values.Length}.");
        var rowGroups = KeyGroup.Even(rows.Count, Most);
        var columnGroups = KeyGroup.Even(columns.Count, Most);
        var cells = Cells(values, rowGroups, columnGroups, columns.Count, options.ShowsLeast);

        if (columns.Count == 1) return Bars(cells, rows, rowGroups, columns, options);

        string[] rowLabels = [.. rowGroups.Select(g => TextWidth.Fit(Label(rows, g), LongestRowLabel, 12, isBold: true))];
        string[] columnLabels = [.. columnGroups.Select(g => Label(columns, g))];
        var left = FigureCanvas.Margin + 18 + rowLabels.Max(l => TextWidth.Of(l, 12, isBold: true)) + 10;
        double cell = LargestCell, right;
        ColumnLabels labels;
        while (true)
        {
            labels = new ColumnLabels(columnLabels, cell);
            right = FigureCanvas.Margin + Math.Max(0, labels.Overhang);
            if (cell <= SmallestCell || left + columnLabels.Length * cell + right <= options.Width) break;
            cell = Math.Max(SmallestCell, cell - 1);
        }
        var height = cell >= 34 ? 24 : Math.Max(SmallestCell, Math.Min(cell, 20));
        var width = Math.Max(Math.Max(left + columnLabels.Length * cell + right, left + TextWidth.Of(columns.Title, 11.5, true) + FigureCanvas.Margin), Math.Min(options.Width, 420));
        var canvas = new FigureCanvas(options.Title, options.Caption, width);
        var top = canvas.Top + 12 + 12 + labels.Height;
        double TopOf(int row) => top + (options.FirstRowAtBottom ? rowLabels.Length - 1 - row : row) * height;

        canvas.Text(left, canvas.Top + 10, columns.Title, columns.AreTokens ? FigureRole.Query : FigureRole.Mute, 11.5, weight: 600);
        labels.Draw(canvas, left, top - 4, columns.AreTokens ? FigureRole.Query : FigureRole.Mute, i => Key(options, PartOf(columns, columnGroups[i])), i => WordsOf(columns, columnGroups[i]));
        var titleLength = TextWidth.Of(rows.Title, 11.5, isBold: true);
        var bottom = top + rowLabels.Length * height;
        canvas.Text(FigureCanvas.Margin + 9, Math.Min((top + bottom) / 2, bottom - titleLength / 2), rows.Title, rows.AreTokens ? FigureRole.Key : FigureRole.Mute, 11.5, Anchor.Middle, 600, turn: -90);
        for (var r = 0; r < rowLabels.Length; r++)
            canvas.Text(left - 10, TopOf(r) + height / 2 + 4, rowLabels[r], rows.AreTokens ? FigureRole.Key : FigureRole.Mute, height < 15 ? FigureCanvas.Smallest : 12, Anchor.End, 500,
                Key(options, PartOf(rows, rowGroups[r])), words: WordsOf(rows, rowGroups[r]));

        var found = Largest(cells);
        var isNoise = found > 0 && found <= options.Noise;
        var largest = options.Largest ?? (isNoise ? options.Noise : found);
        var isSigned = IsSigned(cells, options);
        var (write, power) = isNoise ? (height < 18 ? null : _ => "≈0", 0) : Writing(cells, found, cell - 3, height, isSigned);
        var dashes = new StringBuilder();
        var empty = new StringBuilder();
        for (var r = 0; r < rowLabels.Length; r++)
            for (var c = 0; c < columnLabels.Length; c++)
            {
                var value = cells[r, c];
                double x = left + c * cell, y = TopOf(r);
                if (float.IsNaN(value))
                {
                    empty.Append($"M{Svg.Number(x + 0.5)} {Svg.Number(y + 0.5)}h{Svg.Number(cell - 1)}v{Svg.Number(height - 1)}h{Svg.Number(1 - cell)}z");
                    continue;
                }
                var key = Key(options, $"{PartOf(rows, rowGroups[r])}.{PartOf(columns, columnGroups[c])}");
                var strength = largest > 0 && !isNoise ? Math.Min(1, Math.Abs(value) / largest) : 0;
                var role = value < 0 ? FigureRole.Key : FigureRole.Query;
                canvas.Rectangle(Mark.Of(key, value, Said(rows, rowGroups[r], columns, columnGroups[c], options, value)),
                    x + 0.5, y + 0.5, cell - 1, height - 1, role, strength, cell > 24 ? 3 : 1);
                if (write is not null)
                    canvas.Number(x + cell / 2, y + height / 2 + 4, write(value), FigureTheme.OnMark(strength), key, weight: strength > 0.8 ? 600 : 400);
                else if (value < 0 && strength > 0.02)
                    dashes.Append($"M{Svg.Number(x + cell / 2 - 3)} {Svg.Number(y + height / 2)}h6");
            }
        if (empty.Length > 0) canvas.Path(new("", null, "no value"), empty.ToString(), FigureRole.Masked);
        if (dashes.Length > 0) canvas.Stroke(default, dashes.ToString(), FigureRole.Ink, 1.5);
        foreach (var (row, column) in options.Picked)
        {
            int r = rowGroups.FindIndex(g => row >= g.First && row < g.End), c = columnGroups.FindIndex(g => column >= g.First && column < g.End);
            if (r < 0 || c < 0) throw new ArgumentException($"The picked cell ({row}, {column}) is outside {rows.Count} rows × {columns.Count} columns.");
            canvas.Frame(default, left + c * cell, TopOf(r), cell, height, FigureRole.Ink, 2, 3);
        }
        var foot = new List<string>();
        if (dashes.Length > 0) foot.Add("a dash: below zero");
        if (empty.Length > 0) foot.Add("grey: no value");
        if (power != 0) foot.Add($"numbers in units of 10{FigureNumbers.Superscript(power)}");
        if (isNoise) foot.Add(NoiseOnly(found));
        foot.AddRange(Together(rowGroups, columnGroups, options));
        return canvas.Finish(isNoise ? bottom : Scale(canvas, left, bottom + 14, largest, HasNegative(cells), isSigned), string.Join(" · ", foot));
    }

    /// <summary>One column: a scalar is a bar from zero, its number at its end.</summary>
    private static Figure Bars(float[,] cells, FigureAxis rows, List<KeyGroup> groups, FigureAxis column, HeatMapOptions options)
    {
        const double Row = 20, Bar = 14, Widest = 480, ShortestBar = 40;
        string[] labels = [.. groups.Select(g => TextWidth.Fit(Label(rows, g), LongestBarLabel, 12, isBold: true))];
        var found = Largest(cells);
        var isNoise = found > 0 && found <= options.Noise;
        var isSigned = IsSigned(cells, options);
        string Write(double value) => isNoise ? "≈0" : Written(FigureNumbers.Signed(value), isSigned);
        double low = 0, high = options.Largest ?? 0, number = 0;
        foreach (var value in cells)
        {
            if (float.IsNaN(value)) continue;
            (low, high, number) = (Math.Min(low, value), Math.Max(high, value), Math.Max(number, TextWidth.Of(Write(value), 11.5) + 8));
        }
        var left = FigureCanvas.Margin + 18 + labels.Max(l => TextWidth.Of(l, 12, isBold: true)) + 10;
        // Numbers stand at the outer ends of their bars: room for them on each side that has bars.
        var beside = left + (low < 0 ? number : 0) + number + FigureCanvas.Margin;
        var canvas = new FigureCanvas(options.Title, options.Caption, Math.Max(Math.Min(options.Width, Widest), beside + ShortestBar));
        var scale = (canvas.Width - beside) / (high - low > 0 ? high - low : 1);
        var zero = left + (low < 0 ? number : 0) - low * scale;
        double top = canvas.Top + 28, bottom = top + groups.Count * Row;
        var whole = new KeyGroup(0, 1);
        canvas.Text(zero, top - 10, column.LabelOf(0), column.AreTokens ? FigureRole.Query : FigureRole.Mute, 11.5, weight: 600, key: Key(options, PartOf(column, whole)), words: WordsOf(column, whole));
        canvas.Text(FigureCanvas.Margin + 9, Math.Min((top + bottom) / 2, bottom - TextWidth.Of(rows.Title, 11.5, isBold: true) / 2), rows.Title, rows.AreTokens ? FigureRole.Key : FigureRole.Mute, 11.5, Anchor.Middle, 600, turn: -90);
        for (var r = 0; r < groups.Count; r++)
        {
            var y = top + (options.FirstRowAtBottom ? groups.Count - 1 - r : r) * Row;
            var value = cells[r, 0];
            var key = Key(options, $"{PartOf(rows, groups[r])}.{PartOf(column, whole)}");
            canvas.Text(left - 10, y + Bar / 2 + 4, labels[r], rows.AreTokens ? FigureRole.Key : FigureRole.Ink, 12, Anchor.End, 500, Key(options, PartOf(rows, groups[r])), words: WordsOf(rows, groups[r]));
            if (float.IsNaN(value))
            {
                canvas.Text(zero + 6, y + Bar / 2 + 4, "no value", FigureRole.Mute, 11);
                continue;
            }
            canvas.SignedBar(Mark.Of(key, value, Said(rows, groups[r], column, whole, options, value)), value, Write(value), zero, isNoise ? 0 : scale, y, Bar);
            if (options.Picked.Any(p => p.Row >= groups[r].First && p.Row < groups[r].End)) canvas.Frame(default, left, y - 2, canvas.Width - FigureCanvas.Margin - left, Row - 2, FigureRole.Ink, 2, 3);
        }
        canvas.Rule(zero, top - 4, zero, bottom, FigureRole.Mute);
        return canvas.Finish(bottom, string.Join(" · ", [.. isNoise ? [NoiseOnly(found)] : Array.Empty<string>(), .. Together(groups, [whole], options)]));
    }

    private static string Said(FigureAxis rows, KeyGroup row, FigureAxis columns, KeyGroup column, HeatMapOptions options, float value)
        => $"{WordsOf(rows, row)}, {WordsOf(columns, column)}: {(options.Measure.Length > 0 ? options.Measure + " " : "")}{FigureNumbers.Exact(value)}";

    private static string NoiseOnly(double found)
        => $"no number is larger than {FigureNumbers.Plain(found)} in size: that is the rounding of the computation and no effect, so nothing is coloured";

    /// <summary>What to say where a row or a column stands for several.</summary>
    private static IEnumerable<string> Together(List<KeyGroup> rows, List<KeyGroup> columns, HeatMapOptions options)
    {
        if (!rows[0].IsOne) yield return $"each row stands for {rows[0].End} together";
        if (!columns[0].IsOne) yield return $"each column stands for {columns[0].End} together";
        if (!rows[0].IsOne || !columns[0].IsOne) yield return options.ShowsLeast ? "of several, the least number is shown" : "of several, the number largest in size is shown";
    }

    /// <summary>
    /// How the numbers are written so that every one fits into its cell, or null if they do not: each with its own three digits, or all
    /// with as many digits after the point as the largest needs and the cells hold, in units of a power of ten.
    /// </summary>
    private static (Func<double, string>? Write, int Power) Writing(float[,] cells, double largest, double width, double height, bool isSigned)
    {
        if (height < 18) return (null, 0);
        // What is nothing beside the largest is written as nothing: its mark has the exact number.
        string Exact(double value) => Written(FigureNumbers.Signed(Math.Abs(value) < 0.0005 && largest >= 0.05 ? 0 : value), isSigned);
        if (Fits(Exact)) return (Exact, 0);
        var power = largest is 0 or (>= 0.0995 and < 9999.5) ? 0 : 3 * (int)Math.Floor((Math.Log10(largest) + (largest < 1 ? 1 : 0)) / 3);
        var unit = Math.Pow(10, power);
        for (var digits = largest / unit >= 99.95 ? 0 : largest / unit >= 9.995 ? 1 : 2; digits >= (largest / unit < 0.995 ? 1 : 0); digits--)
        {
            var count = digits;
            string Write(double value) => Written(FigureNumbers.Fixed(value / unit, count), isSigned);
            if (Fits(Write)) return (Write, power);
        }
        return (null, 0);

        bool Fits(Func<double, string> write)
        {
            foreach (var value in cells)
                if (!float.IsNaN(value) && TextWidth.Of(write(value), 11, isBold: true) > width) return false;
            return true;
        }
    }

    /// <summary>The colours with their numbers; returns where it ends.</summary>
    private static double Scale(FigureCanvas canvas, double left, double y, double largest, bool hasNegative, bool isSigned)
    {
        const double Step = 12;
        var x = left;
        if (hasNegative)
        {
            var low = FigureNumbers.Signed(-largest);
            canvas.Text(x, y + 10, low, FigureRole.Mute, 11);
            x += TextWidth.Of(low, 11) + 6;
        }
        for (var i = hasNegative ? -5 : 0; i <= 5; i++, x += Step)
            canvas.Rectangle(default, x, y, Step, 12, i < 0 ? FigureRole.Key : FigureRole.Query, Math.Abs(i) / 5.0);
        canvas.Text(x + 6, y + 10, Written(FigureNumbers.Signed(largest), isSigned), FigureRole.Mute, 11);
        return y + 14;
    }

    /// <summary>The numbers that are shown: each, or one of several.</summary>
    private static float[,] Cells(ReadOnlySpan<float> values, List<KeyGroup> rows, List<KeyGroup> columns, int stride, bool showsLeast)
    {
        var cells = new float[rows.Count, columns.Count];
        for (var r = 0; r < rows.Count; r++)
            for (var c = 0; c < columns.Count; c++)
            {
                var best = float.NaN;
                for (var i = rows[r].First; i < rows[r].End; i++)
                    for (var j = columns[c].First; j < columns[c].End; j++)
                    {
                        var value = values[i * stride + j];
                        if (float.IsInfinity(value)) throw new ArgumentException($"The value at row {i}, column {j} is {value}; a heat map shows finite numbers.");
                        if (!float.IsNaN(value) && !(showsLeast ? value >= best : Math.Abs(value) <= Math.Abs(best))) best = value;
                    }
                cells[r, c] = best;
            }
        return cells;
    }

    private static double Largest(float[,] cells)
    {
        double largest = 0;
        foreach (var value in cells) if (!float.IsNaN(value)) largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }

    private static bool HasNegative(float[,] cells)
    {
        foreach (var value in cells) if (value < 0) return true;
        return false;
    }

    /// <summary>False for shares of a whole, such as weights from 0 to 1: those bear no sign.</summary>
    private static bool IsSigned(float[,] cells, HeatMapOptions options) => options.Largest is null || HasNegative(cells);

    private static string Written(string number, bool isSigned) => isSigned ? number : number.TrimStart('+');

    private static string Key(HeatMapOptions options, string part) => options.KeyPrefix.Length > 0 ? $"{options.KeyPrefix}.{part}" : part;

    private static string PartOf(FigureAxis axis, KeyGroup group) => group.IsOne ? axis.Keys[group.First] : $"{axis.Keys[group.First]}-{axis.Keys[group.End - 1]}";

    private static string Label(FigureAxis axis, KeyGroup group) => group.IsOne ? axis.LabelOf(group.First) : axis.AreTokens ? $"{group.First}–{group.End - 1}" : $"{axis.LabelOf(group.First)}–{axis.LabelOf(group.End - 1)}";

    private static string WordsOf(FigureAxis axis, KeyGroup group) => group.IsOne ? axis.WordsOf(group.First) : $"{axis.Title} {group.First} to {group.End - 1}";
}
