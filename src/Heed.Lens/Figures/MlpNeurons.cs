using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>
/// What the MLP of a layer does with one token's vector: every neuron's activation as a cell, the strongest as bars, and the change that
/// they add up to.
/// <code>MlpNeurons.Of(trace["blocks.10.mlp.hook_post"], trace["blocks.10.hook_mlp_out"], position: 9, tokens)</code>
/// </summary>
public static class MlpNeurons
{
    private const int Columns = 96, MostRows = 24, Strongest = 10, Numbers = 96;
    private const double RowHeight = 24, Bar = 15, LineHeight = 18, Narrowest = 290;

    /// <summary>Draws it. The key of a neuron's bar is L and the layer, p and the position, n and the neuron.</summary>
    /// <param name="post">hook_post [position, neuron]: the activations that go into the last product.</param>
    /// <param name="output">hook_mlp_out [position, width]: what is added to the residual stream.</param>
    /// <param name="position">The position.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="width">The figure's width in pixels, at least 290.</param>
    public static Figure Of(Activation post, Activation output, int position, IReadOnlyList<string> tokens, double width = 640)
    {
        ArgumentNullException.ThrowIfNull(post);
        ArgumentNullException.ThrowIfNull(output);
        if (post.Shape.Count != 2 || output.Shape.Count != 2 || post.Shape[0] != tokens.Count || output.Shape[0] != tokens.Count)
            throw new ArgumentException($"Neurons need hook_post [position, neuron] and hook_mlp_out [position, width] of {tokens.Count} tokens, not {post} and {output}.");
        if ((uint)position >= (uint)tokens.Count) throw new ArgumentException($"There are positions 0 to {tokens.Count - 1}, not {position}.");
        var neurons = post.Row(position).ToArray();
        var change = output.Row(position).ToArray();
        var layer = ActivationPlace.LayerOf(post.Name);
        var key = $"L{layer}.p{position}";
        var token = TokenLabel.Quoted(tokens, position);
        var shown = Math.Min(neurons.Length, Columns * MostRows);
        var canvas = new FigureCanvas($"Layer {layer}: what the MLP does with {token}", $"Each cell is one of {FigureNumbers.Count(neurons.Length)} neurons, which looks for something of its own in the vector. The strongest are listed; all together write the change.", Math.Max(width, Narrowest));
        double left = FigureCanvas.Margin, room = canvas.Width - 2 * FigureCanvas.Margin, y = canvas.Top + 18;
        canvas.Text(left, y - 6, "neurons", FigureRole.Value, 11.5, weight: 600);
        var largest = Strip.Largest(neurons, neurons.Length);
        for (var row = 0; row * Columns < shown; row++, y += LineHeight)
        {
            var count = Math.Min(Columns, shown - row * Columns);
            Strip.Draw(canvas, new($"{key}.n{row * Columns}_{row * Columns + count - 1}", null, $"neurons {row * Columns} to {row * Columns + count - 1}"),
                neurons.AsSpan(row * Columns, count), count, largest, left, y, room * count / Columns);
        }
        y += 24;
        canvas.Text(left, y - 6, "the strongest", FigureRole.Ink, 11.5, weight: 600);
        int[] order = [.. Enumerable.Range(0, neurons.Length).OrderByDescending(n => Math.Abs(neurons[n])).Take(Strongest)];
        double labels = left + 110, number = TextWidth.Of("−0.0000", 11.5) + 8;
        double low = Math.Min(0, order.Min(n => neurons[n])), high = Math.Max(0, order.Max(n => neurons[n]));
        var scale = FigureCanvas.Scale(canvas.Width - FigureCanvas.Margin - labels - (high > 0 ? number : 0) - (low < 0 ? number : 0), high - low);
        var zero = labels + (low < 0 ? number : 0) - low * scale;
        canvas.Rule(zero, y - 2, zero, y + order.Length * RowHeight - 4, FigureRole.Mute);
        foreach (var n in order)
        {
            var value = neurons[n];
            canvas.Text(labels - 12, y + Bar - 3, $"neuron {n}", FigureRole.Ink, 12, Anchor.End, key: $"{key}.n{n}");
            canvas.SignedBar(Mark.Of($"{key}.n{n}", value, $"neuron {n}: {FigureNumbers.Exact(value)}"), value, FigureNumbers.Signed(value), zero, scale, y, Bar);
            y += RowHeight;
        }
        y += 22;
        canvas.Text(left, y - 6, $"ΔE, {FigureNumbers.Plain(Strip.Length(change))} long", FigureRole.Change, 11.5, weight: 600);
        Strip.Draw(canvas, new($"{key}.mlp.change", null, $"ΔE: what the MLP adds to {token}"), change, Numbers, Strip.Largest(change, Numbers), left, y, room);
        return canvas.Finish(y + Strip.Height, $"{(shown < neurons.Length ? $"the first {FigureNumbers.Count(shown)} of {FigureNumbers.Count(neurons.Length)} neurons · " : "")}ΔE: the first {Math.Min(Numbers, change.Length)} of {FigureNumbers.Count(change.Length)} numbers · blue, from the top: above zero; orange, from the ground: below");
    }
}
