namespace Heed.Lens.Figures;

/// <summary>Something that grows with the context, in bytes.</summary>
/// <param name="Name">What it is ("key–value cache").</param>
/// <param name="Key">Its key.</param>
/// <param name="Bytes">How many bytes at the largest context.</param>
public sealed record ContextMemory(string Name, string Key, double Bytes);

/// <summary>
/// Why context is costly: a square a context, as wide as it has tokens, so that its area is the number of scores of one head; grey what
/// the mask takes away, and the band that a window leaves.
/// <code>ContextSquare.Of([1024, 2048, 4096, 8192], window: 1024, [new("key–value cache", "cache", 188_743_680)])</code>
/// </summary>
public static class ContextSquare
{
    private const double Largest = 360, Numbers = 284, Narrow = 640, Narrowest = 290;

    /// <summary>Draws what a context costs: the last few lengths as squares, with the window where all layers have the same.</summary>
    /// <param name="cost">The cost; it has a row for the context.</param>
    /// <param name="context">Tokens of context.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="width">The figure's width in pixels, at least 290; where it is narrow, the numbers stand below the square.</param>
    public static Figure Of(ContextCost cost, long context, TransformerConfig config, double width = 720)
    {
        ArgumentNullException.ThrowIfNull(cost);
        ArgumentNullException.ThrowIfNull(config);
        var row = cost.Rows.Single(r => r.Context == context);
        int[] lengths = [.. cost.Rows.Select(r => r.Context).Where(n => n <= context).TakeLast(4).Select(n => checked((int)n))];
        var window = config.Layers[0].Window;
        return Of(lengths, config.Layers.All(l => l.Window == window) ? window : null,
        [
            new("keys and values in the cache", "cache", row.CacheBytes),
            new("one layer's grids, if stored", "grids", row.GridBytes),
        ], width);
    }

    /// <summary>Draws it.</summary>
    /// <param name="contexts">Numbers of tokens, the smallest first.</param>
    /// <param name="window">How far back a token sees, itself included; null: to the first.</param>
    /// <param name="memory">What memory the largest context takes, by part; may be empty.</param>
    /// <param name="width">The figure's width in pixels, at least 290; where it is narrow, the numbers stand below the square.</param>
    public static Figure Of(IReadOnlyList<int> contexts, int? window = null, IReadOnlyList<ContextMemory>? memory = null, double width = 720)
    {
        if (contexts.Count == 0 || contexts[0] < 1 || contexts.Zip(contexts.Skip(1)).Any(p => p.Second <= p.First)) throw new ArgumentException("Contexts are numbers of tokens from 1, each larger than the one before.");
        if (window is < 1) throw new ArgumentException($"A window of {window} tokens sees nothing.");
        memory ??= [];
        var n = contexts[^1];
        var canvas = new FigureCanvas($"A context of {FigureNumbers.Count(n)} tokens is {FigureNumbers.Count((long)n * n)} scores a head",
            "Every token's query meets every token's key: twice the context is four times the area.", Math.Max(width, Narrowest));
        var isNarrow = canvas.Width < Narrow;
        var side = Math.Min(Largest, canvas.Width - 2 * FigureCanvas.Margin - (isNarrow ? 0 : 28 + Numbers));
        double left = FigureCanvas.Margin, top = canvas.Top, scale = side / n;
        canvas.Rectangle(Mark.Of($"n{n}", (double)((long)n * n), $"{FigureNumbers.Count(n)} tokens: {FigureNumbers.Count((long)n * n)} scores"), left, top, side, side, FigureRole.Query, 0.25);
        // Columns are queries, as in the lesson: below the diagonal is masked, and beyond a window above it.
        canvas.Path(new("mask", null, "later tokens, which are masked: half of the square"), $"M{Svg.Number(left)} {Svg.Number(top)}V{Svg.Number(top + side)}H{Svg.Number(left + side)}z", FigureRole.Masked);
        if (window is { } w && w < n)
        {
            var band = w * scale;
            canvas.Path(Mark.Of("window", (double)Visible(n, w), $"what a window of {FigureNumbers.Count(w)} tokens computes: {FigureNumbers.Count(Visible(n, w))} scores"),
                $"M{Svg.Number(left)} {Svg.Number(top)}h{Svg.Number(band)}L{Svg.Number(left + side)} {Svg.Number(top + side - band)}V{Svg.Number(top + side)}z", FigureRole.Query, 0.9);
        }
        canvas.Frame(default, left, top, side, side, FigureRole.Ink);
        for (var i = 0; i < contexts.Count - 1; i++)
            canvas.Frame(Mark.Of($"n{contexts[i]}", (double)((long)contexts[i] * contexts[i]), $"{FigureNumbers.Count(contexts[i])} tokens: {FigureNumbers.Count((long)contexts[i] * contexts[i])} scores"),
                left, top, contexts[i] * scale, contexts[i] * scale, FigureRole.Key, 1.5);

        double x = isNarrow ? left : left + side + 28, y = isNarrow ? top + side + 30 : top + 12, right = canvas.Width - FigureCanvas.Margin;
        canvas.Text(x, y, "tokens", FigureRole.Mute, 11.5, weight: 600);
        canvas.Text(right, y, "scores a head, all · not masked", FigureRole.Mute, 11.5, Anchor.End, 600);
        foreach (var context in contexts)
        {
            y += 22;
            canvas.Text(x, y, FigureNumbers.Count(context), context == n ? FigureRole.Ink : FigureRole.Key, 12, weight: context == n ? 600 : 400, key: $"n{context}");
            canvas.Text(right, y, $"{FigureNumbers.Count((long)context * context)} · {FigureNumbers.Count(Visible(context, context))}", FigureRole.Ink, 12, Anchor.End, key: $"n{context}");
        }
        if (window is { } shown && shown < n)
        {
            y += 22;
            canvas.Text(x, y, $"window of {FigureNumbers.Count(shown)}", FigureRole.Query, 12, weight: 600, key: "window");
            canvas.Text(right, y, FigureNumbers.Count(Visible(n, shown)), FigureRole.Query, 12, Anchor.End, 600, key: "window");
        }
        if (memory.Count > 0)
        {
            y += 34;
            canvas.Text(x, y, $"memory at {FigureNumbers.Count(n)} tokens", FigureRole.Mute, 11.5, weight: 600);
            var largest = Math.Max(memory.Max(m => m.Bytes), double.Epsilon);
            foreach (var (name, key, bytes) in memory)
            {
                y += 20;
                canvas.Text(x, y, TextWidth.Fit(TokenLabel.OneLine(name), right - x - 84, 12), FigureRole.Ink, key: key);
                canvas.Text(right, y, Bytes(bytes), FigureRole.Mute, 12, Anchor.End, key: key);
                canvas.Rectangle(Mark.Of(key, bytes, $"{TokenLabel.OneLine(name)}: {FigureNumbers.Exact(bytes)} bytes"), x, y + 5, (right - x) * bytes / largest, 8, FigureRole.Value, round: 2);
                y += 16;
            }
        }
        return canvas.Finish(Math.Max(top + side, y + 6), "area = number of scores · grey: masked, no use to anyone" + (window is { } b && b < n ? " · the strong band: what a window leaves" : "") + (contexts.Count > 1 ? " · orange: the smaller contexts" : ""));
    }

    /// <summary>Pairs of a token and what it may see, with a window: the first w tokens see 1, 2, …, w, the others w each.</summary>
    internal static long Visible(long tokens, long window) => tokens <= window ? tokens * (tokens + 1) / 2 : window * (window + 1) / 2 + (tokens - window) * window;

    /// <summary>A number of bytes as a reader likes it.</summary>
    internal static string Bytes(double bytes) => bytes switch
    {
        >= 1e12 => $"{bytes / 1e12:0.0#} TB",
        >= 1e9 => $"{bytes / 1e9:0.0#} GB",
        >= 1e6 => $"{bytes / 1e6:0.0#} MB",
        >= 1e3 => $"{bytes / 1e3:0.#} kB",
        _ => $"{bytes:0} bytes",
    };
}
