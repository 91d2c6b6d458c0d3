using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>How <see cref="VectorStrips"/> is drawn.</summary>
public sealed record VectorStripsOptions
{
    /// <summary>The title; null: the activation's name.</summary>
    public string? Title { get; init; }

    /// <summary>Numbers of each vector that are shown.</summary>
    public int Numbers { get; init; } = 96;

    /// <summary>The position of a token that must be among those shown, where not all are; null: the last ones are shown.</summary>
    public int? Picked { get; init; }

    /// <summary>The figure's width in pixels.</summary>
    public double Width { get; init; } = 820;
}

/// <summary>
/// An activation that holds a vector for each token, or for each token and head: a strip a vector, a cell a number. Where it holds one
/// number for each, a bar from zero.
/// <code>VectorStrips.Of(trace["blocks.3.hook_resid_post"], tokens)</code>
/// </summary>
public static class VectorStrips
{
    /// <summary>Of more vectors, those of the last tokens are shown, or of a picked one and those after it.</summary>
    public const int MaxRows = 60;

    private const double Row = 24, LongestLabel = 170;

    /// <summary>Draws it.</summary>
    /// <param name="activation">The activation; its axes are position, or position and another one in any order, and then the vector's own.</param>
    /// <param name="tokens">The texts of all tokens of the text.</param>
    /// <param name="options">How.</param>
    public static Figure Of(Activation activation, IReadOnlyList<string> tokens, VectorStripsOptions? options = null)
    {
        options ??= new();
        var axes = activation.Axes;
        var positionAxis = axes is ["position", _] or ["position", _, _] ? 0 : axes is [_, "position", _] ? 1 : -1;
        if (positionAxis < 0 || activation.Values.Length == 0) throw new ArgumentException($"Strips are drawn of vectors of tokens, [position, …]; {activation} is none.");
        if (options.Numbers < 1) throw new ArgumentException($"{options.Numbers} numbers of a vector cannot be shown; show at least one.");
        var otherAxis = axes.Count == 2 ? -1 : 1 - positionAxis;
        int others = otherAxis < 0 ? 1 : activation.Shape[otherAxis], size = activation.Shape[^1];
        int[] positions = Kept(activation, positionAxis);
        if (positions[^1] >= tokens.Count) throw new ArgumentException($"{activation} has a vector at position {positions[^1]}; there are texts of {tokens.Count} tokens.");
        // As many tokens as have all their rows; at least one.
        var tokensShown = TokenWindow.Choose(positions.Length, Math.Max(1, MaxRows / others), options.Picked is { } picked ? Array.IndexOf(positions, picked) : null);
        var shownOthers = Math.Min(others, MaxRows);
        int[] otherNumbers = otherAxis < 0 ? [0] : Kept(activation, otherAxis);
        var (layer, local) = activation.Name.Split('.', 3) is ["blocks", var l, var rest] ? (l, rest) : (null, activation.Name);
        // A key–value head is not the head of that number.
        var (word, part) = otherAxis < 0 ? ("", "") : axes[otherAxis] switch { "head" => ("head", "H"), "kv_head" => ("key–value head", "KV"), var axis => (axis, axis == "whole" ? "" : axis) };

        var rows = new List<(string Label, string Words, string Key, int Offset)>();
        var words = new TokenWords(tokens);
        for (var p = tokensShown.First; p < tokensShown.End; p++)
            for (var o = 0; o < shownOthers; o++)
            {
                var row = positionAxis == 0 ? p * others + o : o * positions.Length + p;
                var isNamed = part.Length > 0;
                var of = isNamed ? $"{word} {otherNumbers[o]}" : "";
                var key = string.Join('.', new[] { layer is null ? "" : $"L{layer}", isNamed ? $"{part}{otherNumbers[o]}" : "", $"p{positions[p]}", FigureKey.Of(local) }.Where(k => k.Length > 0));
                var token = TokenLabel.Short(tokens[positions[p]]);
                var label = !isNamed ? TextWidth.Fit(token, LongestLabel, 12, isBold: true) : $"{TextWidth.Fit(token, LongestLabel - 70, 12, isBold: true)} · {part}{otherNumbers[o]}";
                rows.Add((label, isNamed ? $"{words.Of(positions[p])}, {of}" : words.Of(positions[p]), key, row * size));
            }

        var isScalar = size == 1;
        var shown = Math.Min(options.Numbers, size);
        var canvas = new FigureCanvas(options.Title ?? activation.Name, (isScalar ? "One number for each token" : $"One vector of {FigureNumbers.Count(size)} numbers for each token")
            + (part.Length > 0 ? $" and {word}" : "") + (isScalar ? ", as a bar from zero." : ", and its length."), options.Width);
        var left = FigureCanvas.Margin + rows.Max(r => TextWidth.Of(r.Label, 12, isBold: true)) + 12;
        var right = canvas.Width - FigureCanvas.Margin - TextWidth.Of("length 0.00e−00", 11.5) - 10;
        var top = canvas.Top + 2;
        var values = activation.Values.Span;
        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue)) throw new ArgumentException($"{activation} holds a number that is not finite; strips show finite numbers.");
        double low = 0, high = 0;
        if (isScalar)
            foreach (var (_, _, _, offset) in rows) (low, high) = (Math.Min(low, values[offset]), Math.Max(high, values[offset]));
        var scale = FigureCanvas.Scale(right - left, high - low);
        var zero = left - low * scale;
        if (isScalar) canvas.Rule(zero, top - 2, zero, top + rows.Count * Row - 6, FigureRole.Mute);
        for (var i = 0; i < rows.Count; i++)
        {
            var (label, who, key, offset) = rows[i];
            var y = top + i * Row;
            var vector = values.Slice(offset, size);
            canvas.Text(left - 12, y + 12, label, FigureRole.Ink, 12, Anchor.End, 500, key, words: who);
            if (isScalar)
            {
                var value = vector[0];
                canvas.Rectangle(Mark.Of(key, value, $"{activation.Name} of {who}: {FigureNumbers.Exact(value)}"), Math.Min(zero, zero + value * scale), y + 2, Math.Abs(value) * scale, 12, value < 0 ? FigureRole.Key : FigureRole.Query);
                canvas.Number(right + 10, y + 12, FigureNumbers.Signed(value), FigureRole.Mute, key, 11.5, Anchor.Start, 400);
                continue;
            }
            Strip.Draw(canvas, new(key, null, $"{activation.Name} of {who}"), vector, shown, Strip.Largest(vector, shown), left, y, right - left);
            canvas.Text(right + 10, y + 12, $"length {FigureNumbers.Plain(Strip.Length(vector))}", FigureRole.Mute, 11.5);
        }
        var foot = new List<string>();
        if (!isScalar) foot.Add($"strips: the first {shown} of {FigureNumbers.Count(size)} numbers · blue, from the top: above zero; orange, from the ground: below · strength: beside the largest of its own strip");
        else foot.Add("blue: above zero, orange: below");
        if (tokensShown.Words.Length > 0) foot.Add(tokensShown.Words);
        if (shownOthers < others) foot.Add($"the first {shownOthers} of {others} {word}s are shown");
        return canvas.Finish(top + rows.Count * Row - 6, string.Join(" · ", foot));
    }

    /// <summary>Which entries of an axis it holds, as the model counts them.</summary>
    private static int[] Kept(Activation activation, int axis)
        => activation.Selected.TryGetValue(activation.Axes[axis], out var kept) ? [.. kept] : [.. Enumerable.Range(0, activation.Shape[axis])];
}
