namespace Heed.Lens.Figures;

/// <summary>
/// Why a score is what it is: by dimension, the products of query and key number by number; by writer, the score as a sum over pairs of
/// what wrote the query and what wrote the key.
/// <code>
/// ScoreTerms.ByDimension(story.QueryVector, story.Keys[4], story.RawScores[4], "“forest”", "“roamed”", keyPrefix: "L10.H1.q9.k4")
/// ScoreTerms.ByWriter(parts, queryWriters, keyWriters, score, "“forest”", "“roamed”", keyPrefix: "L10.H1.q9.k4")
/// </code>
/// </summary>
public static class ScoreTerms
{
    private const double Beside = 70, Narrowest = 290, Height = 96;
    private const int MostDimensions = 128;

    /// <summary>The products q_i·k_i as bars under the query's and the key's numbers.</summary>
    /// <param name="query">The query [size].</param>
    /// <param name="key">The key [size].</param>
    /// <param name="score">The raw score, q·k, as the model computed it.</param>
    /// <param name="looks">The token that looks, in words.</param>
    /// <param name="lookedAt">The token looked at, in words.</param>
    /// <param name="keyPrefix">What every mark's key begins with.</param>
    /// <param name="width">The figure's width in pixels, at least 290.</param>
    public static Figure ByDimension(ReadOnlySpan<float> query, ReadOnlySpan<float> key, double score, string looks, string lookedAt, string keyPrefix = "A", double width = 778)
    {
        if (query.Length == 0 || query.Length != key.Length) throw new ArgumentException($"A query of {query.Length} numbers and a key of {key.Length} have no product.");
        // Of very many dimensions, those whose products are the largest, in their order.
        var products = new double[query.Length];
        for (var i = 0; i < products.Length; i++) products[i] = (double)query[i] * key[i];
        int[] shown = products.Length <= MostDimensions ? [.. Enumerable.Range(0, products.Length)]
            : [.. Enumerable.Range(0, products.Length).OrderByDescending(i => Math.Abs(products[i])).Take(MostDimensions).Order()];
        var canvas = new FigureCanvas($"Why {looks} looks at {lookedAt}: {products.Length} products that make one score",
            $"Each bar is one number of the query times the same number of the key; all bars add up to the score, {FigureNumbers.Signed(score)}.", Math.Max(width, Narrowest));
        double left = FigureCanvas.Margin + Beside, room = canvas.Width - FigureCanvas.Margin - left, top = canvas.Top + 4, step = room / shown.Length;
        float[] shownQuery = new float[shown.Length], shownKey = new float[shown.Length];
        for (var i = 0; i < shown.Length; i++) (shownQuery[i], shownKey[i]) = (query[shown[i]], key[shown[i]]);
        canvas.Text(left - 12, top + 12, "query", FigureRole.Query, 12, Anchor.End, 600, $"{keyPrefix}.query");
        Strip.Draw(canvas, new($"{keyPrefix}.query", null, $"query of {looks}"), shownQuery, shown.Length, Strip.Largest(shownQuery, shown.Length), left, top, room);
        canvas.Text(left - 12, top + 36, "× key", FigureRole.Key, 12, Anchor.End, 600, $"{keyPrefix}.key");
        Strip.Draw(canvas, new($"{keyPrefix}.key", null, $"key of {lookedAt}"), shownKey, shown.Length, Strip.Largest(shownKey, shown.Length), left, top + 24, room);

        double high = Math.Max(0, products.Max()), low = Math.Min(0, products.Min());
        var scale = FigureCanvas.Scale(Height * 1.6, high - low);
        var zero = top + 72 + high * scale;
        canvas.Text(left - 12, zero + 4, "= product", FigureRole.Ink, 12, Anchor.End, 600);
        canvas.Rule(left, zero, left + room, zero, FigureRole.Mute);
        for (var i = 0; i < shown.Length; i++)
        {
            var value = products[shown[i]];
            canvas.Rectangle(Mark.Of($"{keyPrefix}.d{shown[i]}", value, $"dimension {shown[i]}: {FigureNumbers.Exact(query[shown[i]])} × {FigureNumbers.Exact(key[shown[i]])} = {FigureNumbers.Exact(value)}"),
                left + i * step + step * 0.1, Math.Min(zero, zero - value * scale), step * 0.8, Math.Abs(value) * scale, value < 0 ? FigureRole.Key : FigureRole.Query);
        }
        var bottom = zero - low * scale + 18;
        var every = Math.Max(1, (int)Math.Ceiling(26 / step / 8) * 8);
        for (var i = 0; i < shown.Length; i += every) canvas.Text(left + (i + 0.5) * step, bottom, FigureNumbers.Count(shown[i]), FigureRole.Mute, 11, Anchor.Middle);
        // The largest product, in numbers, beside its bar where nothing else is written.
        var most = Array.IndexOf(products, products.MaxBy(Math.Abs));
        var sum = products.Sum();
        return canvas.Finish(bottom, $"the products add up to {FigureNumbers.Signed(sum)} · the largest in size is {FigureNumbers.Signed(products[most])}, dimension {most}"
            + (shown.Length < products.Length ? $" · the {shown.Length} of {products.Length} dimensions with the largest products are shown" : "") + " · upwards: for, downwards: against");
    }

    /// <summary>The score by what wrote the query (rows) and what wrote the key (columns).</summary>
    /// <param name="parts">The score's part of each pair [query writer, key writer].</param>
    /// <param name="queryWriters">What wrote the query.</param>
    /// <param name="keyWriters">What wrote the key.</param>
    /// <param name="score">The score as the model computed it.</param>
    /// <param name="looks">The token that looks, in words.</param>
    /// <param name="lookedAt">The token looked at, in words.</param>
    /// <param name="keyPrefix">What every mark's key begins with.</param>
    /// <param name="most">Writers shown on each side at most; the smaller ones are added up.</param>
    public static Figure ByWriter(ReadOnlySpan<float> parts, FigureAxis queryWriters, FigureAxis keyWriters, double score, string looks, string lookedAt, string keyPrefix = "A", int most = 14)
    {
        queryWriters.Check(nameof(ScoreTerms));
        keyWriters.Check(nameof(ScoreTerms));
        int rows = queryWriters.Count, columns = keyWriters.Count;
        if (parts.Length != rows * columns) throw new ArgumentException($"{rows} × {columns} pairs of writers take {rows * columns} parts, not {parts.Length}.");
        double[] rowSizes = new double[rows], columnSizes = new double[columns];
        double sum = 0;
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++)
            {
                rowSizes[r] += Math.Abs(parts[r * columns + c]);
                columnSizes[c] += Math.Abs(parts[r * columns + c]);
                sum += parts[r * columns + c];
            }
        var (rowAxis, rowMap) = Largest(queryWriters, rowSizes, most);
        var (columnAxis, columnMap) = Largest(keyWriters, columnSizes, most);
        var cells = new double[rowAxis.Count * columnAxis.Count];
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++) cells[rowMap[r] * columnAxis.Count + columnMap[c]] += parts[r * columns + c];
        return HeatMap.Of([.. cells.Select(x => (float)x)], rowAxis, columnAxis, new()
        {
            Title = $"Why {looks} looks at {lookedAt}: who wrote the match",
            Caption = $"Rows wrote the query of {looks}, columns the key of {lookedAt}; all cells add up to {FigureNumbers.Signed(sum)}, and the model's score is {FigureNumbers.Signed(score)}.",
            KeyPrefix = keyPrefix,
            Measure = "adds",
            FirstRowAtBottom = true,
            Width = 820,
        });
    }

    /// <summary>The writers with the largest parts in their order, the others as one; and where each went.</summary>
    private static (FigureAxis Axis, int[] Map) Largest(FigureAxis axis, double[] sizes, int most)
    {
        if (axis.Count <= most) return (axis, [.. Enumerable.Range(0, axis.Count)]);
        int[] kept = [.. Enumerable.Range(0, axis.Count).OrderByDescending(i => sizes[i]).Take(most - 1).Order()];
        var map = new int[axis.Count];
        for (var i = 0; i < map.Length; i++) map[i] = Array.IndexOf(kept, i) is var at and >= 0 ? at : kept.Length;
        return (new(axis.Title, [.. kept.Select(i => axis.Labels[i]), $"{axis.Count - kept.Length} others"], [.. kept.Select(i => axis.Keys[i]), "rest"]), map);
    }
}
