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
        var canvas = new FigureCanvas(options.Title ?? (isSorted && heads.Count < total ? $"The {heads.Count} heads with the largest {options.ScoreName}" : $"All {total} heads on your sentence"),
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
        for (var h = 0; h < pattern.Shape[0]; h++)
            for (var q = 0; q < pattern.Shape[1]; q++)
                if (pattern.Row(h, q)[(q + 1)..].ContainsAnyExcept(0f)) return false;
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
        var values = new List<float>(n * (n + 1) / 2);
        var levels = new StringBuilder?[Levels + 1];
        var level = new int[n, n];      // [row, column] as drawn
        for (var q = 0; q < n; q++)
            for (var k = 0; k < (isCausal ? q + 1 : n); k++)
            {
                var value = Value(pattern, head, groups[q], groups[k]);
                values.Add(value);
                var (row, column) = options.Convention == GridConvention.Lesson ? (k, q) : (q, k);
                level[row, column] = Math.Clamp((int)Math.Round(value * Levels, MidpointRounding.AwayFromZero), 0, Levels);
            }
        // Neighbours in a row that are as dark are one stroke.
        for (var row = 0; row < n; row++)
            for (var column = 0; column < n; column++)
            {
                if (level[row, column] == 0) continue;
                var start = column;
                while (column + 1 < n && level[row, column + 1] == level[row, start]) column++;
                (levels[level[row, start]] ??= new()).Append(CultureInfo.InvariantCulture, $"M{start} {row}.5h{column - start + 1}");
            }
        var floats = Convert.ToBase64String(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)));
        canvas.BeginGroup(new($"L{layer}.H{head}", floats, $"layer {layer}, head {head}"), "data-floats", transform: $"translate({Svg.Number(x)} {Svg.Number(y)}) scale({Svg.Number(cell)})");
        if (!isCausal) canvas.Raw($"<path class=\"sl\" stroke-width=\".2\" d=\"M0 0h{n}v{n}h-{n}z\"/>");
        else canvas.Raw(options.Convention == GridConvention.Lesson ? $"<path class=\"x\" d=\"M0 0v{n}h{n}z\"/>" : $"<path class=\"x\" d=\"M0 0h{n}v{n}z\"/>");
        for (var i = 1; i <= Levels; i++)
            if (levels[i] is { } path) canvas.Raw($"<path class=\"si\"{(i < Levels ? $" opacity=\".{i}\"" : "")} d=\"{path}\"/>");
        canvas.EndGroup();
    }

    /// <summary>What a group of queries gives to a group of keys, on average over the queries.</summary>
    private static float Value(Activation pattern, int head, KeyGroup queries, KeyGroup keys)
    {
        if (queries.IsOne && keys.IsOne) return pattern[head, queries.First, keys.First];
        double sum = 0;
        for (var q = queries.First; q < queries.End; q++)
            for (var k = keys.First; k < keys.End; k++) sum += pattern[head, q, k];
        return (float)(sum / (queries.End - queries.First));
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
