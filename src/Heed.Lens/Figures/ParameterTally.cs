namespace Heed.Lens.Figures;

/// <summary>What a part of a model's parameters is for; its colour follows from it.</summary>
public enum TallyRole
{
    /// <summary>Embedding, unembedding, positions.</summary>
    Embedding,
    /// <summary>Query maps.</summary>
    Query,
    /// <summary>Key maps.</summary>
    Key,
    /// <summary>Value maps (Value↓).</summary>
    Value,
    /// <summary>Output maps (Value↑), which write to the residual stream.</summary>
    Output,
    /// <summary>Multi-layer perceptrons.</summary>
    Mlp,
    /// <summary>Norms, biases and the rest.</summary>
    Other,
}

/// <summary>A part of a model's parameters.</summary>
/// <param name="Name">What it is ("query", "MLP up").</param>
/// <param name="Key">Its key: W_Q, mlp.up.</param>
/// <param name="Count">How many numbers.</param>
/// <param name="Formula">How they are counted ("12,288 × 128 × 96 heads × 96 layers"); may be empty.</param>
/// <param name="Role">What it is for.</param>
public sealed record TallyPart(string Name, string Key, long Count, string Formula = "", TallyRole Role = TallyRole.Other);

/// <summary>
/// Every parameter as area: a rectangle a part, as large as its share; below, the list with its formulas and the running tally.
/// <code>ParameterTally.Of("GPT-3", [new("embedding", "W_E", 617_558_016, "50,257 × 12,288", TallyRole.Embedding), …])</code>
/// </summary>
public static class ParameterTally
{
    private const double MapHeight = 300, Row = 22, Narrow = 560, Narrowest = 290;

    /// <summary>Draws what was counted; parts of nothing are left out.</summary>
    /// <param name="count">The count.</param>
    /// <param name="width">The figure's width in pixels, at least 290.</param>
    public static Figure Of(ParameterCount count, double width = 720)
    {
        ArgumentNullException.ThrowIfNull(count);
        return Of(count.Model, [.. count.Parts.Where(p => p.Count > 0).Select(PartOf)], width);
    }

    /// <summary>Draws it.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="parts">The parts, in the order in which data meets them.</param>
    /// <param name="width">The figure's width in pixels, at least 290.</param>
    public static Figure Of(string model, IReadOnlyList<TallyPart> parts, double width = 720)
    {
        if (parts.Count == 0 || parts.Any(p => p.Count < 0)) throw new ArgumentException("A tally needs parts, and no count below zero.");
        var total = parts.Sum(p => p.Count);
        if (total == 0) throw new ArgumentException("A tally of no parameters has no areas.");
        var canvas = new FigureCanvas($"{TokenLabel.OneLine(model)}: {FigureNumbers.Count(total)} parameters", "Each rectangle is one kind of matrix; its area is its share of all numbers that were learned.", Math.Max(width, Narrowest));
        double left = FigureCanvas.Margin, top = canvas.Top, inner = canvas.Width - 2 * FigureCanvas.Margin;
        var sorted = parts.Where(p => p.Count > 0).OrderByDescending(p => p.Count).ToArray();
        var areas = Squarify(sorted.Select(p => (double)p.Count).ToArray(), left, top, inner, MapHeight);
        for (var i = 0; i < sorted.Length; i++)
        {
            var (x, y, w, h) = areas[i];
            var part = sorted[i];
            var share = FigureNumbers.Percent((double)part.Count / total);
            canvas.Rectangle(new(part.Key, FigureNumbers.Exact(part.Count), $"{TokenLabel.OneLine(part.Name)}: {FigureNumbers.Exact(part.Count)} parameters, {share}"), x, y, w, h, RoleOf(part.Role));
            canvas.Frame(default, x, y, w, h, FigureRole.Paper, 1.5);
            var light = part.Role is TallyRole.Embedding or TallyRole.Other ? FigureRole.Ink : FigureRole.Paper;
            if (h < 22) continue;
            // A name that does not fit stands without what is in brackets, or in the list alone.
            var whole = TokenLabel.OneLine(part.Name);
            if (new[] { whole, whole.Split(" (")[0] }.FirstOrDefault(n => TextWidth.Of(n, 12, isBold: true) <= w - 14) is not { } name) continue;
            canvas.Text(x + 8, y + 17, name, light, 12, weight: 600, key: part.Key);
            if (h >= 40 && TextWidth.Of(share, 11.5) <= w - 14) canvas.Text(x + 8, y + 33, share, light, 11.5, key: part.Key);
        }
        var y0 = top + MapHeight + 30;
        double runningX = left + inner, countWidth = TextWidth.Of(FigureNumbers.Count(total), 12), countX = runningX - countWidth - 20;
        // Names come first, formulas have what is left; on a narrow sheet they have a line of their own, with the running tally.
        var isNarrow = canvas.Width < Narrow;
        if (isNarrow) countX = runningX;
        var row = isNarrow ? Row + 16 : Row;
        var nameWidth = Math.Min(Math.Min(150, parts.Max(p => TextWidth.Of(TokenLabel.OneLine(p.Name), 12))), countX - countWidth - 12 - left - 22);
        double formulaX = isNarrow ? left + 22 : left + 22 + nameWidth + 14, formulaWidth = countX - countWidth - 12 - formulaX;
        canvas.Text(countX, y0, "parameters", FigureRole.Mute, 11, Anchor.End);
        if (isNarrow) y0 += 16;
        canvas.Text(runningX, y0, "so far", FigureRole.Mute, 11, Anchor.End);
        long running = 0;
        for (var i = 0; i < parts.Count; i++)
        {
            var (listed, key, count, formula, role) = parts[i];
            running += count;
            var y = y0 + Row + i * row;
            canvas.Rectangle(default, left, y - 10, 12, 12, RoleOf(role), round: 2);
            canvas.Text(left + 22, y, TextWidth.Fit(TokenLabel.OneLine(listed), nameWidth, 12), FigureRole.Ink, key: key);
            if (formulaWidth >= 40) canvas.Text(formulaX, isNarrow ? y + 16 : y, TextWidth.Fit(TokenLabel.OneLine(formula), formulaWidth, 11.5), FigureRole.Mute, 11.5, words: formula);
            canvas.Text(countX, y, FigureNumbers.Count(count), FigureRole.Ink, 12, Anchor.End, key: key);
            canvas.Text(runningX, isNarrow ? y + 16 : y, FigureNumbers.Count(running), FigureRole.Mute, 12, Anchor.End);
        }
        if (isNarrow)
        {
            canvas.Rule(left, y0 + parts.Count * row + 8, runningX, y0 + parts.Count * row + 8, FigureRole.Ink);
            canvas.Text(left + 22, y0 + Row + parts.Count * row + 4, "together", FigureRole.Ink, weight: 600);
            canvas.Text(countX, y0 + Row + parts.Count * row + 4, FigureNumbers.Count(total), FigureRole.Ink, 12, Anchor.End, 600);
        }
        return canvas.Finish(y0 + parts.Count * row + (isNarrow ? Row + 4 : 4), "area = share of all parameters");
    }

    private static FigureRole RoleOf(TallyRole role) => role switch
    {
        TallyRole.Query => FigureRole.Query,
        TallyRole.Key => FigureRole.Key,
        TallyRole.Value => FigureRole.Value,
        TallyRole.Output => FigureRole.Change,
        TallyRole.Mlp => FigureRole.Mute,
        TallyRole.Embedding => FigureRole.Line,
        _ => FigureRole.Masked,
    };

    /// <summary>Rectangles of these areas that fill one, as nearly square as a greedy choice makes them (Bruls, Huizing and van Wijk,
    /// Squarified Treemaps, 2000): rows are filled along the shorter side while that makes their worst rectangle squarer.</summary>
    internal static (double X, double Y, double Width, double Height)[] Squarify(double[] values, double x, double y, double width, double height)
    {
        var areas = new (double, double, double, double)[values.Length];
        var scale = width * height / values.Sum();
        var at = 0;
        while (at < values.Length)
        {
            var side = Math.Min(width, height);
            var end = at + 1;
            while (end < values.Length && Worst(values.AsSpan(at, end + 1 - at), side, scale) <= Worst(values.AsSpan(at, end - at), side, scale)) end++;
            double sum = 0;
            for (var i = at; i < end; i++) sum += values[i] * scale;
            var thickness = sum / side;
            var along = width >= height ? y : x;
            for (; at < end; at++)
            {
                var length = values[at] * scale / thickness;
                areas[at] = width >= height ? (x, along, thickness, length) : (along, y, length, thickness);
                along += length;
            }
            if (width >= height) (x, width) = (x + thickness, width - thickness);
            else (y, height) = (y + thickness, height - thickness);
        }
        return areas;
    }

    private static double Worst(ReadOnlySpan<double> values, double side, double scale)
    {
        double sum = 0, most = 0, least = double.MaxValue;
        foreach (var value in values)
        {
            sum += value * scale;
            most = Math.Max(most, value * scale);
            least = Math.Min(least, value * scale);
        }
        return Math.Max(side * side * most / (sum * sum), sum * sum / (side * side * least));
    }

    /// <summary>A part of the drawing; its key is its name in one word.</summary>
    private static TallyPart PartOf(CountedPart part) => new(part.Name, part.Name.Split(" (")[0].Replace(' ', '.'), part.Count, part.Formula, part.Symbol switch
    {
        "W_E" or "W_pos" or "W_in" or "W_out" or "W_U" => TallyRole.Embedding,
        "W_Q" => TallyRole.Query,
        "W_K" => TallyRole.Key,
        "W_V" => TallyRole.Value,
        "W_O" => TallyRole.Output,
        "W_gate" or "W_up" or "W_down" or "W_router" => TallyRole.Mlp,
        _ => TallyRole.Other,
    });
}
