using System.Text;

namespace Heed.Lens.Figures;

/// <summary>One part of a sum: what wrote it, and how much.</summary>
/// <param name="Name">What wrote it, for people ("head 23.3", "MLP 29").</param>
/// <param name="Key">Its key: L23.H3, L29.mlp, embed.</param>
/// <param name="Value">Its part, with its sign.</param>
public sealed record AttributionPart(string Name, string Key, double Value);

/// <summary>How <see cref="AttributionBars"/> is drawn.</summary>
public sealed record AttributionBarsOptions
{
    /// <summary>What is seen.</summary>
    public required string Title { get; init; }

    /// <summary>How to read it, in a sentence.</summary>
    public string Caption { get; init; } = "";

    /// <summary>What the parts add up to ("logit of Mary − logit of John").</summary>
    public string TotalName { get; init; } = "sum";

    /// <summary>What else must be known, at the foot.</summary>
    public string Foot { get; init; } = "";

    /// <summary>How many bars at most; the smallest of more are one bar together.</summary>
    public int Most { get; init; } = 24;

    /// <summary>What the sides of zero mean; empty: nothing is said.</summary>
    public string Sides { get; init; } = "blue to the right: for, orange to the left: against";

    /// <summary>The figure's width in pixels, at least 300.</summary>
    public double Width { get; init; } = 640;
}

/// <summary>
/// The parts of a sum as signed bars from zero, with the running sum beside them down to the total.
/// <code>
/// AttributionBars.Of([new("embedding", "embed", 0.4), new("head 23.3", "L23.H3", 2.86), …], total: 6.12, new() { Title = "What wrote Mary over John" })
/// </code>
/// </summary>
public static class AttributionBars
{
    private const double Row = 24, Bar = 16, LongestLabel = 150, RunningWidth = 130, Narrowest = 300;

    /// <summary>Draws it.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="total">What the model says they add up to; the foot says how far they do.</param>
    /// <param name="options">How.</param>
    public static Figure Of(IReadOnlyList<AttributionPart> parts, double total, AttributionBarsOptions options)
    {
        if (parts.Count == 0) throw new ArgumentException("There is no part to draw.");
        if (parts.FirstOrDefault(p => !double.IsFinite(p.Value)) is { } bad) throw new ArgumentException($"The part {bad.Name} is {bad.Value}; bars show finite numbers.");
        var shown = Shown(parts, options);
        var running = new double[shown.Count];
        for (var i = 0; i < shown.Count; i++) running[i] = (i > 0 ? running[i - 1] : 0) + shown[i].Value;

        var canvas = new FigureCanvas(options.Title, options.Caption, Math.Max(options.Width, Narrowest));
        var isRunning = options.Width >= 480;
        var totalLabel = TextWidth.Fit("= " + TokenLabel.OneLine(options.TotalName), LongestLabel, 12, isBold: true);
        string[] labels = [.. shown.Select(p => TextWidth.Fit(TokenLabel.OneLine(p.Name), LongestLabel, 12))];
        var left = FigureCanvas.Margin + Math.Max(labels.Max(l => TextWidth.Of(l, 12)), TextWidth.Of(totalLabel, 12, true)) + 12;
        var right = canvas.Width - FigureCanvas.Margin - (isRunning ? RunningWidth + 24 : 0);
        double low = Math.Min(0, Math.Min(total, shown.Min(p => p.Value))), high = Math.Max(0, Math.Max(total, shown.Max(p => p.Value)));
        // Numbers stand at the outer end of their bars: room for them on each side that has bars.
        double numberLow = low < 0 ? TextWidth.Of("−0.0000", 11.5) + 6 : 4, numberHigh = high > 0 ? TextWidth.Of("+0.0000", 11.5) + 6 : 4;
        var scale = FigureCanvas.Scale(right - left - numberLow - numberHigh, high - low);
        var zero = left + numberLow - low * scale;
        var top = canvas.Top + (isRunning ? 20 : 4);

        canvas.Rule(zero, top - 4, zero, top + (shown.Count + 1) * Row + 6, FigureRole.Mute);
        for (var i = 0; i < shown.Count; i++)
        {
            DrawBar(top + i * Row, labels[i], shown[i]);
        }
        var y = top + shown.Count * Row + 6;
        canvas.Rule(FigureCanvas.Margin, y - 4, right, y - 4, FigureRole.Ink);
        DrawBar(y, totalLabel, new(options.TotalName, "total", total), FigureRole.Change);
        if (isRunning) DrawRunning(canvas, running, shown, right + 24, top);

        var sum = parts.Sum(p => p.Value);
        return canvas.Finish(y + Row, $"{parts.Count} part{(parts.Count == 1 ? " adds" : "s add")} up to {FigureNumbers.Signed(sum)}, which differs from the total by {FigureNumbers.Plain(Math.Abs(sum - total))}"
            + (shown.Count < parts.Count ? $" · the {parts.Count - shown.Count + 1} smallest are one bar" : "") + (options.Sides.Length > 0 ? $" · {options.Sides}" : "") + (options.Foot.Length > 0 ? $" · {options.Foot}" : ""));

        void DrawBar(double y, string label, AttributionPart part, FigureRole? role = null)
        {
            canvas.Text(left - 12, y + Bar / 2 + 4, label, role ?? FigureRole.Ink, 12, Anchor.End, role is null ? 400 : 600, part.Key, words: part.Name);
            canvas.SignedBar(Mark.Of(part.Key, part.Value, $"{TokenLabel.OneLine(part.Name)}: {FigureNumbers.Exact(part.Value)}"), part.Value, FigureNumbers.Signed(part.Value), zero, scale, y, Bar, role);
        }
    }

    /// <summary>The sum of all bars down to each row, as a line that ends at the total.</summary>
    private static void DrawRunning(FigureCanvas canvas, double[] running, IReadOnlyList<AttributionPart> shown, double left, double top)
    {
        double low = Math.Min(0, running.Min()), high = Math.Max(0, running.Max());
        var scale = FigureCanvas.Scale(RunningWidth - 8, high - low);
        double X(double value) => left + 4 + (value - low) * scale;
        canvas.Text(left, top - 10, "running sum", FigureRole.Change, 11.5, weight: 600);
        canvas.Rule(X(0), top - 4, X(0), top + running.Length * Row, FigureRole.Line);
        var path = new StringBuilder($"M{Svg.Number(X(0))} {Svg.Number(top - 4)}");
        for (var i = 0; i < running.Length; i++) path.Append($"L{Svg.Number(X(running[i]))} {Svg.Number(top + i * Row + Bar / 2)}");
        canvas.Stroke(new("running"), path.ToString(), FigureRole.Change, 1.5);
        for (var i = 0; i < running.Length; i++)
            canvas.Circle(Mark.Of($"running.{shown[i].Key}", running[i], $"after {TokenLabel.OneLine(shown[i].Name)}: {FigureNumbers.Exact(running[i])}"), X(running[i]), top + i * Row + Bar / 2, 3, FigureRole.Change);
    }

    /// <summary>The bars, the largest in size first: all parts, or the largest and the others together.</summary>
    private static List<AttributionPart> Shown(IReadOnlyList<AttributionPart> parts, AttributionBarsOptions options)
    {
        List<AttributionPart> sorted = [.. parts.OrderByDescending(p => Math.Abs(p.Value))];
        if (sorted.Count <= options.Most) return sorted;
        var rest = sorted[(options.Most - 1)..];
        return [.. sorted[..(options.Most - 1)], new($"{rest.Count} smaller", "rest", rest.Sum(p => p.Value))];
    }
}
