using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>
/// ΔE of all heads of a layer at one position, adding up: each head's part along the direction of their sum is an arrow that begins
/// where the one before ended, so that the last ends at the sum's length; beside it the head's own vector.
/// <code>MultiHeadSum.Of(trace["blocks.10.attn.hook_result"], trace["blocks.10.attn.hook_out"], position: 9, tokens)</code>
/// </summary>
public static class MultiHeadSum
{
    private const double Row = 26, StripWidth = 220, ArrowWidth = 300;
    private const int Numbers = 48;

    /// <summary>Draws it.</summary>
    /// <param name="result">hook_result [position, head, width].</param>
    /// <param name="output">attn.hook_out [position, width]: what they add up to, with the output bias where there is one.</param>
    /// <param name="position">The position.</param>
    /// <param name="tokens">The tokens' texts.</param>
    public static Figure Of(Activation result, Activation output, int position, IReadOnlyList<string> tokens)
    {
        if (result.Shape.Count != 3 || output.Shape.Count != 2 || result.Shape[0] != output.Shape[0] || result.Shape[2] != output.Shape[1] || result.Shape[0] != tokens.Count)
            throw new ArgumentException($"Heads that add up need hook_result [position, head, width] and attn.hook_out [position, width] of {tokens.Count} tokens, not {result} and {output}.");
        if (position < 0 || position >= tokens.Count) throw new ArgumentException($"There are positions 0 to {tokens.Count - 1}, not {position}.");
        int heads = result.Shape[1], width = result.Shape[2];
        var layer = ActivationPlace.LayerOf(result.Name);
        var total = output.Row(position).ToArray();
        var parts = new List<(string Name, string Key, float[] Vector)>();
        var rest = total.Select(x => (double)x).ToArray();
        for (var h = 0; h < heads; h++)
        {
            var vector = result.Row(position, h).ToArray();
            for (var d = 0; d < width; d++) rest[d] -= vector[d];
            parts.Add(($"head {h}", FigureKey.Head(layer, h), vector));
        }
        // What no head wrote is the output bias; rounding is not.
        var length = Strip.Length(total);
        var bias = rest.Select(x => (float)x).ToArray();
        if (Strip.Length(bias) > 1e-4 * Math.Max(length, 1)) parts.Add(("bias", $"L{layer}.bias", bias));

        var token = TokenLabel.Quoted(tokens, position);
        var canvas = new FigureCanvas($"{(layer is { } l ? $"Layer {l}: " : "")}what {heads} heads add to {token}",
            "Each arrow is one head's ΔE along the direction of their sum, beginning where the last one ended; backwards arrows work against it.", 24 + 70 + 64 + ArrowWidth + 80 + StripWidth + 24);
        double left = FigureCanvas.Margin + 66 + 68, stripX = canvas.Width - FigureCanvas.Margin - StripWidth, top = canvas.Top + 20;
        var along = parts.Select(p => length > 0 ? p.Vector.Zip(total, (a, b) => (double)a * b).Sum() / length : 0).ToArray();
        double low = 0, high = 0, at = 0;
        foreach (var a in along)
        {
            at += a;
            (low, high) = (Math.Min(low, at), Math.Max(high, at));
        }
        var scale = FigureCanvas.Scale(ArrowWidth, high - low);
        double X(double value) => left + (value - low) * scale;
        canvas.Text(FigureCanvas.Margin + 66 + 56, top - 10, "length", FigureRole.Mute, 11.5, Anchor.End, 600);
        canvas.Text(left, top - 10, "along their sum", FigureRole.Change, 11.5, weight: 600);
        canvas.Text(stripX, top - 10, "its vector", FigureRole.Change, 11.5, weight: 600);
        canvas.Rule(X(0), top - 2, X(0), top + parts.Count * Row + 4, FigureRole.Mute);
        var largest = Math.Max(Strip.Largest(total, Numbers), parts.Max(p => Strip.Largest(p.Vector, Numbers)));
        at = 0;
        for (var i = 0; i < parts.Count; i++)
        {
            var (name, key, vector) = parts[i];
            var own = $"{key}.p{position}";
            var y = top + i * Row;
            canvas.Text(FigureCanvas.Margin, y + 14, name, FigureRole.Ink, 12, key: own);
            canvas.Number(FigureCanvas.Margin + 66 + 56, y + 14, FigureNumbers.Plain(Strip.Length(vector)), FigureRole.Mute, own, 11.5, Anchor.End, 400);
            canvas.Path(Mark.Of($"{own}.along", along[i], $"{name} adds {FigureNumbers.Exact(along[i])} along the sum"), Arrow(X(at), X(at + along[i]), y + 10), along[i] < 0 ? FigureRole.Key : FigureRole.Change);
            if (i + 1 < parts.Count) canvas.Rule(X(at + along[i]), y + 10, X(at + along[i]), y + Row + 4);
            canvas.Number(Math.Max(X(at), X(at + along[i])) + 6, y + 14, FigureNumbers.Signed(along[i]), FigureRole.Mute, $"{own}.along", 11, Anchor.Start, 400);
            at += along[i];
            Strip.Draw(canvas, new($"{own}.change", null, $"ΔE of {name}"), vector, Numbers, largest, stripX, y + 2, StripWidth);
        }
        var bottom = top + parts.Count * Row + 8;
        canvas.Rule(FigureCanvas.Margin, bottom - 4, canvas.Width - FigureCanvas.Margin, bottom - 4, FigureRole.Ink);
        canvas.Text(FigureCanvas.Margin, bottom + 14, "sum", FigureRole.Change, 12, weight: 600);
        canvas.Number(FigureCanvas.Margin + 66 + 56, bottom + 14, FigureNumbers.Plain(length), FigureRole.Change, null, 11.5, Anchor.End);
        canvas.Path(Mark.Of($"L{layer}.p{position}.attention", length, $"the sum is {FigureNumbers.Exact(length)} long"), Arrow(X(0), X(length), bottom + 10), FigureRole.Change);
        Strip.Draw(canvas, new($"L{layer}.p{position}.attention.change", null, "ΔE of all heads"), total, Numbers, largest, stripX, bottom + 2, StripWidth);
        return canvas.Finish(bottom + Row, $"the arrows add up to {FigureNumbers.Plain(at)}, the length of the sum is {FigureNumbers.Plain(length)} · vectors: the first {Math.Min(Numbers, width)} of {width} numbers, blue from the top: above zero, orange from the ground: below");
    }

    /// <summary>A bar with a point at its end; a short one is all point.</summary>
    private static string Arrow(double from, double to, double y)
    {
        var point = Math.Sign(to - from) * Math.Min(6, Math.Abs(to - from));
        return $"M{Svg.Number(from)} {Svg.Number(y - 3)}L{Svg.Number(to - point)} {Svg.Number(y - 3)}L{Svg.Number(to - point)} {Svg.Number(y - 6)}L{Svg.Number(to)} {Svg.Number(y)}"
            + $"L{Svg.Number(to - point)} {Svg.Number(y + 6)}L{Svg.Number(to - point)} {Svg.Number(y + 3)}L{Svg.Number(from)} {Svg.Number(y + 3)}z";
    }
}
