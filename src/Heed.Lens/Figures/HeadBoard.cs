using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>How <see cref="HeadBoard"/> is drawn.</summary>
public sealed record HeadBoardOptions
{
    /// <summary>The title; null: how many heads.</summary>
    public string? Title { get; init; }

    /// <summary>Which way round each square is.</summary>
    public GridConvention Convention { get; init; }

    /// <summary>A number for every head, by layer and head: heads are sorted by it, the largest first, and it is written under each.
    /// Null: heads stay in place, layers upwards.</summary>
    public IReadOnlyList<IReadOnlyList<float>>? Scores { get; init; }

    /// <summary>What that number is.</summary>
    public string ScoreName { get; init; } = "score";

    /// <summary>How many heads of a sorted board are shown at most.</summary>
    public int Most { get; init; } = 60;

    /// <summary>Heads to outline: (layer, head).</summary>
    public IReadOnlyList<(int Layer, int Head)> Picked { get; init; } = [];

    /// <summary>The width in pixels to fit into, if squares of 16 pixels can.</summary>
    public double Width { get; init; } = 720;
}

/// <summary>
/// All heads at once: a small square a head, darker where there is more weight. Layers go upwards, the first at the bottom; or sorted by
/// a score. A head's key, L3.H1, is the one its own grid begins with, so that a page can open it.
/// <code>
/// var trace = model.Trace(text, "blocks.*.attn.hook_pattern");
/// HeadBoard.Of(trace, layers: 30, tokens)
/// </code>
/// </summary>
/// <remarks>A square's values are its <c>data-floats</c>: for each query in turn the weights of the keys up to itself (of all
/// keys, where tokens look at later ones too), little-endian float32 in base64. A square of more than 24 tokens has cells of several: the weight that they give together, the mean of them.</remarks>
public static class HeadBoard
{
    private const int MostCells = 24, Levels = 10;
    private const double Gap = 7;

    /// <summary>Every head of a trace that kept all patterns.</summary>
    public static Figure Of(Trace trace, int layers, IReadOnlyList<string> tokens, HeadBoardOptions? options = null)
        => Of([.. Enumerable.Range(0, layers).Select(l => trace[ActivationNames.InBlock(l, ActivationNames.Pattern)])], tokens, options);

    /// <summary>Every head of these layers.</summary>
    /// <param name="patterns">A pattern [head, query, key] for each layer, queries and keys being all tokens.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="options">How.</param>
    public static Figure Of(IReadOnlyList<Activation> patterns, IReadOnlyList<string> tokens, HeadBoardOptions? options = null)
    {
        options ??= new();
        if (patterns.Count == 0) throw new ArgumentException("A board needs a layer.");
        foreach (var pattern in patterns)
            if (pattern.Shape.Count != 3 || pattern.Shape[1] != tokens.Count || pattern.Shape[2] != tokens.Count)
                throw new ArgumentException($"A board of {tokens.Count} tokens needs patterns [head, query {tokens.Count}, key {tokens.Count}], not {pattern}.");
        var groups = KeyGroup.Even(tokens.Count, MostCells);
        var isCausal = patterns.All(IsCausal);
        var most = patterns.Max(p => p.Shape[0]);
        var columns = options.Scores is null ? most : Math.Max(1, Math.Min(12, (int)((options.Width - 2 * FigureCanvas.Margin) / 56)));
        var left = FigureCanvas.Margin + (options.Scores is null ? 46 : 0);
        var room = (options.Width - left - FigureCanvas.Margin) / columns - Gap;
        // A whole number of pixels a cell, so that no seams show.
        var cell = Math.Max(room < 16 ? 16.0 / groups.Count : 1, Math.Floor(Math.Min(room, 48) / groups.Count));
        var size = cell * groups.Count;
        var total = patterns.Sum(p => p.Shape[0]);
        var heads = Order(patterns, options);
        var isSorted = options.Scores is not null;
        var step = isSorted ? Math.Max(size, 48) + Gap : size + Gap;
        var width = left + columns * step - Gap + FigureCanvas.Margin;
        var canvas = new FigureCanvas(options.Title ?? (isSorted && heads.Count < total ? $"The {heads.Count} heads with the largest {options.ScoreName}" : $"All {total} heads"),
            (options.Convention == GridConvention.Lesson ? "One square a head, one column in it a token looking back; darker = more weight." : "One square a head, one row in it a token looking back; darker = more weight.")
            + (isSorted ? $" Sorted by {options.ScoreName}." : " The first layer is at the bottom."), Math.Max(width, 400));
        var top = canvas.Top + (isSorted ? 4 : 20);
        var rowStep = isSorted ? size + 38 : size + Gap;
        var rows = isSorted ? (heads.Count + columns - 1) / columns : patterns.Count;
        if (!isSorted)
        {
            var every = (int)Math.Ceiling(16 / step);
            canvas.Text(FigureCanvas.Margin, top - 7, "layer", FigureRole.Mute, 11);
            for (var h = 0; h < most; h += every) canvas.Text(left + h * step + size / 2, top - 7, (h == 0 && columns * step > 120 ? "head 0" : Number(h)), FigureRole.Mute, 11, Anchor.Middle);
            every = (int)Math.Ceiling(14 / rowStep);
            for (var l = 0; l < patterns.Count; l += every)
                canvas.Text(left - 10, top + (patterns.Count - 1 - l) * rowStep + size / 2 + 4, Number(l), FigureRole.Mute, 11, Anchor.End, key: $"L{l}");
        }
        for (var i = 0; i < heads.Count; i++)
        {
            var (layer, head) = heads[i];
            var (x, y) = isSorted ? (left + i % columns * step, top + i / columns * rowStep) : (left + head * step, top + (patterns.Count - 1 - layer) * rowStep);
            DrawHead(canvas, patterns[layer], layer, head, groups, isCausal, x, y, cell, options);
            if (options.Scores is { } scores)
            {
                canvas.Text(x + size / 2, y + size + 14, $"{layer}.{head}", FigureRole.Ink, 11.5, Anchor.Middle, 600, $"L{layer}.H{head}");
                canvas.Rectangle(Mark.Of($"L{layer}.H{head}.score", scores[layer][head], $"layer {layer}, head {head}: {options.ScoreName} {FigureNumbers.Exact(scores[layer][head])}"), x, y + size + 2, size, 1.5, FigureRole.Line);
                canvas.Text(x + size / 2, y + size + 27, FigureNumbers.Plain(scores[layer][head]), FigureRole.Mute, 11, Anchor.Middle, key: $"L{layer}.H{head}.score");
            }
            if (options.Picked.Contains((layer, head))) canvas.Frame(default, x - 2, y - 2, size + 4, size + 4, FigureRole.Key, 2, 3);
        }
        return canvas.Finish(top + rows * rowStep - Gap, "a band beside the diagonal: the previous token · a band along the first token: a resting place · scattered: content · darkness in tenths"
            + (groups[0].IsOne ? "" : $" · each cell stands for {groups[0].End} × {groups[0].End} tokens: what they give together, on average")
            + (heads.Count < total ? $" · {heads.Count} of {total} heads are shown" : ""));
    }

    /// <summary>True if no token looks at later ones.</summary>
    private static bool IsCausal(Activation pattern)
    {
        int queries = pattern.Shape[1], keys = pattern.Shape[2];
        for (var h = 0; h < pattern.Shape[0]; h++)
        {
            var weights = pattern.Row(h);
            for (var q = 0; q < queries; q++)
                if (weights[(q * keys + q + 1)..((q + 1) * keys)].ContainsAnyExcept(0f)) return false;
        }
        return true;
    }

    private static List<(int Layer, int Head)> Order(IReadOnlyList<Activation> patterns, HeadBoardOptions options)
    {
        List<(int Layer, int Head)> all = [.. from l in Enumerable.Range(0, patterns.Count) from h in Enumerable.Range(0, patterns[l].Shape[0]) select (l, h)];
        if (options.Scores is not { } scores) return all;
        if (scores.Count != patterns.Count || all.Any(p => scores[p.Layer].Count <= p.Head))
            throw new ArgumentException("A sorted board needs a score for every head of every layer.");
        return [.. all.OrderByDescending(p => scores[p.Layer][p.Head]).Take(options.Most)];
    }

    private static void DrawHead(FigureCanvas canvas, Activation pattern, int layer, int head, List<KeyGroup> groups, bool isCausal, double x, double y, double cell, HeadBoardOptions options)
    {
        var n = groups.Count;
        Span<float> values = stackalloc float[MostCells * MostCells];
        Span<byte> level = stackalloc byte[MostCells * MostCells];      // [row, column] as drawn
        level.Clear();
        var weights = pattern.Row(head);
        var (count, used) = (0, 0);     // bit l of used: some cell has level l
        for (var q = 0; q < n; q++)
            for (var k = 0; k < (isCausal ? q + 1 : n); k++)
            {
                var value = Value(weights, pattern.Shape[2], groups[q], groups[k]);
                values[count++] = value;
                var dark = Math.Clamp((int)Math.Round(value * Levels, MidpointRounding.AwayFromZero), 0, Levels);
                used |= 1 << dark;
                level[options.Convention == GridConvention.Lesson ? k * n + q : q * n + k] = (byte)dark;
            }
        var svg = new StringBuilder(4 * n * n);
        if (!isCausal) svg.Append(CultureInfo.InvariantCulture, $"<path class=\"sl\" stroke-width=\".2\" d=\"M0 0h{n}v{n}h-{n}z\"/>");
        else svg.Append(CultureInfo.InvariantCulture, $"<path class=\"x\" d=\"M0 0{(options.Convention == GridConvention.Lesson ? 'v' : 'h')}{n}{(options.Convention == GridConvention.Lesson ? 'h' : 'v')}{n}z\"/>");
        for (var dark = 1; dark <= Levels; dark++)
        {
            if ((used & 1 << dark) == 0) continue;
            svg.Append("<path class=\"si\"");
            if (dark < Levels) svg.Append(" stroke-opacity=\".").Append(dark).Append('"');
            svg.Append(" d=\"");
            Strokes(svg, level[..(n * n)], n, (byte)dark);
            svg.Append("\"/>");
        }
        canvas.BeginGroup(new($"L{layer}.H{head}", Convert.ToBase64String(MemoryMarshal.AsBytes(values[..count])), $"layer {layer}, head {head}"), "data-floats",
            transform: $"translate({Svg.Number(x)} {Svg.Number(y)}) scale({Svg.Number(cell)})");
        canvas.Raw(svg);
        canvas.EndGroup();
    }

    /// <summary>The cells of one darkness: neighbours in a row are one stroke, and a stroke begins where that takes fewer letters to say,
    /// counted from the sheet's corner or from the end of the one before.</summary>
    private static void Strokes(StringBuilder svg, ReadOnlySpan<byte> level, int n, byte dark)
    {
        var (x, y, isFirst) = (0, 0, true);
        for (var row = 0; row < n; row++)
            for (var column = 0; column < n; column++)
            {
                if (level[row * n + column] != dark) continue;
                var start = column;
                while (column + 1 < n && level[row * n + column + 1] == dark) column++;
                var (dx, dy) = (start - x, row - y);
                if (!isFirst && Digits(dx) + Digits(dy) + (dy < 0 ? 0 : 1) < Digits(start) + Digits(row) + 3) svg.Append('m').Append(dx).Append(' ').Append(dy);
                else svg.Append('M').Append(start).Append(' ').Append(row).Append(".5");
                svg.Append('h').Append(column - start + 1);
                (x, y, isFirst) = (column + 1, row, false);
            }

        static int Digits(int number) => (number < 0 ? 1 : 0) + (Math.Abs(number) >= 10 ? 2 : 1);
    }

    /// <summary>What a group of queries gives to a group of keys, on average over the queries.</summary>
    private static float Value(ReadOnlySpan<float> weights, int stride, KeyGroup queries, KeyGroup keys)
    {
        if (queries.IsOne && keys.IsOne) return weights[queries.First * stride + keys.First];
        double sum = 0;
        for (var q = queries.First; q < queries.End; q++)
            foreach (var weight in weights.Slice(q * stride + keys.First, keys.End - keys.First)) sum += weight;
        return (float)(sum / (queries.End - queries.First));
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
