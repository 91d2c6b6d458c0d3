using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>What one part of the model writes to the residual stream at a position.</summary>
/// <param name="Name">What it is ("embedding", "attention 3", "MLP 3").</param>
/// <param name="Key">Its key: embed, L3.attention, L3.mlp.</param>
/// <param name="Length">The length (Euclidean norm) of what it adds.</param>
/// <param name="Logit">What it adds to a logit or a difference of two; null: not asked.</param>
public sealed record ResidualWrite(string Name, string Key, double Length, double? Logit = null);

/// <summary>
/// The residual stream from the embedding up: how long what each layer's attention and MLP adds is, and what it does to a logit.
/// <code>ResidualStream.Of([new("embedding", "embed", 12.1, 0.2), new("attention 0", "L0.attention", 3.4, −0.1), …], "“forest”", "logit of “,”")</code>
/// </summary>
public static class ResidualStream
{
    private const double Row = 16, Bar = 10;

    /// <summary>Draws the lengths of what each layer's attention and MLP added at a position of a run.</summary>
    /// <param name="trace">A trace that kept hook_resid_pre of layer 0, and hook_attn_out and hook_mlp_out of every layer.</param>
    /// <param name="layers">How many layers the model has.</param>
    /// <param name="position">The position.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure Of(Trace trace, int layers, int position, IReadOnlyList<string> tokens, double width = 720)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(tokens);
        var writes = new List<ResidualWrite> { new("embedding", "embed", Length(0, ActivationNames.ResidPre)) };
        for (var layer = 0; layer < layers; layer++)
        {
            writes.Add(new($"attention {layer}", $"L{layer}.attention", Length(layer, ActivationNames.AttentionOut)));
            writes.Add(new($"MLP {layer}", $"L{layer}.mlp", Length(layer, ActivationNames.MlpOut)));
        }
        return Of(writes, TokenLabel.Quoted(tokens, position), width: width);

        double Length(int layer, string name) => Strip.Length(trace[ActivationNames.InBlock(layer, name)].Row(position));
    }

    /// <summary>Draws it.</summary>
    /// <param name="writes">The parts, in the order in which the model writes them; the first is drawn at the bottom.</param>
    /// <param name="where">The token at which they are written, in words.</param>
    /// <param name="logit">What the logits are; null where none are given.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure Of(IReadOnlyList<ResidualWrite> writes, string where, string? logit = null, double width = 720)
    {
        if (writes.Count == 0) throw new ArgumentException("There is nothing written to draw.");
        if (writes.FirstOrDefault(w => !(w.Length >= 0) || w.Logit is { } x && !double.IsFinite(x)) is { } bad) throw new ArgumentException($"{bad.Name} has length {bad.Length} and logit {bad.Logit}; both must be finite, and a length not negative.");
        var hasLogits = writes.Any(w => w.Logit is not null);
        var canvas = new FigureCanvas($"What each part writes at {where}", "From the bottom up: the embedding, then every layer's attention and MLP. Bars are the length of what each adds"
            + (hasLogits ? $", and what that does to the {logit ?? "logit"}." : "."), width);
        string[] labels = [.. writes.Select(w => TextWidth.Fit(TokenLabel.OneLine(w.Name), 110, 11))];
        double left = FigureCanvas.Margin + labels.Max(l => TextWidth.Of(l, 11)) + 10, number = TextWidth.Of("+0.0000", 11) + 6, room = canvas.Width - FigureCanvas.Margin - left;
        var first = hasLogits ? room * 0.45 : room;
        var top = canvas.Top + 20;
        var bottom = top + writes.Count * Row;
        var scale = FigureCanvas.Scale(first - number, writes.Max(w => w.Length));
        canvas.Text(left, top - 8, "length", FigureRole.Change, 11.5, weight: 600);
        canvas.Rule(left, top - 2, left, bottom, FigureRole.Mute);
        double low = Math.Min(0, writes.Min(w => w.Logit ?? 0)), high = Math.Max(0, writes.Max(w => w.Logit ?? 0));
        double second = left + first + 24 + (low < 0 ? number : 0), span = canvas.Width - FigureCanvas.Margin - second - number;
        var logitScale = FigureCanvas.Scale(span, high - low);
        var zero = second - low * logitScale;
        if (hasLogits)
        {
            canvas.Text(left + first + 24, top - 8, TextWidth.Fit(logit ?? "logit", canvas.Width - FigureCanvas.Margin - left - first - 24, 11.5, isBold: true), FigureRole.Ink, 11.5, weight: 600);
            canvas.Rule(zero, top - 2, zero, bottom, FigureRole.Mute);
        }
        for (var i = 0; i < writes.Count; i++)
        {
            var write = writes[i];
            var y = bottom - (i + 1) * Row;
            canvas.Text(left - 10, y + 11, labels[i], FigureRole.Ink, 11, Anchor.End, key: write.Key);
            canvas.Rectangle(Mark.Of(write.Key, write.Length, $"{TokenLabel.OneLine(write.Name)} adds a vector of length {FigureNumbers.Exact(write.Length)}"), left, y + 2, write.Length * scale, Bar, FigureRole.Change);
            canvas.Number(left + write.Length * scale + 6, y + 11, FigureNumbers.Plain(write.Length), FigureRole.Mute, write.Key, 11, Anchor.Start, 400);
            if (write.Logit is not { } value) continue;
            canvas.SignedBar(Mark.Of($"{write.Key}.logit", value, $"{TokenLabel.OneLine(write.Name)} adds {FigureNumbers.Exact(value)} to the {TokenLabel.OneLine(logit ?? "logit")}"), value, FigureNumbers.Signed(value), zero, logitScale, y + 2, Bar);
        }
        return canvas.Finish(bottom, hasLogits ? $"all parts together add {FigureNumbers.Signed(writes.Sum(w => w.Logit ?? 0))} to the {logit ?? "logit"} · lengths do not add up: vectors point in different directions" : "lengths do not add up: vectors point in different directions");
    }
}
