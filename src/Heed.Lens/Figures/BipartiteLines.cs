using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>How <see cref="BipartiteLines"/> is drawn.</summary>
public sealed record BipartiteLinesOptions
{
    /// <summary>The layer, for title and keys; null: not said.</summary>
    public int? Layer { get; init; }

    /// <summary>The head, for title and keys; null: not said.</summary>
    public int? Head { get; init; }

    /// <summary>True if a token sees itself and what came before.</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>How far back the layer sees, itself included; null: to the first token.</summary>
    public int? Window { get; init; }

    /// <summary>The only token whose lines are drawn, by position; null: all.</summary>
    public int? Query { get; init; }

    /// <summary>The figure's width in pixels.</summary>
    public double Width { get; init; } = 400;

    /// <summary>The title; null: layer, head and what is seen.</summary>
    public string? Title { get; init; }
}

/// <summary>
/// One head's weights as lines from the tokens that look, at the left, to what they look at: a line is as thick as its weight.
/// <code>BipartiteLines.Of(trace["blocks.10.attn.hook_pattern"], head: 1, tokens)</code>
/// </summary>
public static class BipartiteLines
{
    /// <summary>Of more tokens, the last ones are shown.</summary>
    public const int MaxTokens = 60;

    private const double Row = 21, Thickest = 9, LongestLabel = 120;

    /// <summary>One head of a pattern [head, query, key]; keys are all tokens, queries these or the last of them.</summary>
    public static Figure Of(Activation pattern, int head, IReadOnlyList<string> tokens, BipartiteLinesOptions? options = null)
        => Of(pattern.Row(pattern.At(pattern.Axes[0], head)), tokens, (options ?? new()) with { Layer = ActivationPlace.LayerOf(pattern.Name) ?? options?.Layer, Head = head });

    /// <summary>Weights [query, key]; keys are all tokens, queries these or the last of them. NaN is masked.</summary>
    public static Figure Of(ReadOnlySpan<float> weights, IReadOnlyList<string> tokens, BipartiteLinesOptions? options = null)
    {
        options ??= new();
        var n = tokens.Count;
        if (n == 0 || weights.Length == 0 || weights.Length % n != 0 || weights.Length / n > n) throw new ArgumentException($"Lines between {n} tokens take {n} weights for each that looks, {n * n} at most, not {weights.Length}.");
        var offset = n - weights.Length / n;
        if (options.Query is { } only && (only < offset || only >= n)) throw new ArgumentException($"There are tokens {offset} to {n - 1} that look, not {only}.");
        var first = Math.Max(offset, n - MaxTokens);
        var isGrouped = n > MaxTokens && first > 0;
        List<KeyGroup> keys = isGrouped ? [new KeyGroup(0, first), .. KeyGroup.Singles(first, n)] : KeyGroup.Singles(0, n);
        var prefix = FigureKey.Head(options.Layer, options.Head);
        var what = options.Layer is { } l && options.Head is { } h ? $"Layer {l}, head {h}: who looks at whom" : "Who looks at whom";
        var canvas = new FigureCanvas(options.Title ?? what, "Lines lead from each token that looks to what it looks at; a line is as thick as its weight.", options.Width);
        string[] left = [.. tokens.Skip(first).Select(t => TextWidth.Fit(TokenLabel.Short(t), LongestLabel, 12, isBold: true))];
        string[] right = [.. keys.Select(k => k.IsOne ? TextWidth.Fit(TokenLabel.Short(tokens[k.First]), LongestLabel, 12, isBold: true) : $"{k.End} earlier")];
        double x1 = FigureCanvas.Margin + Math.Max(left.Max(t => TextWidth.Of(t, 12, true)), 60) + 10, x2 = canvas.Width - FigureCanvas.Margin - Math.Max(right.Max(t => TextWidth.Of(t, 12, true)), 60) - 10;
        var top = canvas.Top + 22;
        canvas.Text(x1 - 10, top - 12, "looks", FigureRole.Query, 11.5, Anchor.End, 600);
        canvas.Text(x2 + 10, top - 12, "looked at", FigureRole.Key, 11.5, weight: 600);
        double LeftY(int q) => top + (q - first + (keys.Count - (n - first))) * Row + Row / 2;
        double RightY(int i) => top + i * Row + Row / 2;
        var words = new TokenWords(tokens);
        for (var q = first; q < n; q++)
        {
            if (options.Query is { } query && q != query) continue;
            for (var i = 0; i < keys.Count; i++)
            {
                double sum = 0;
                var any = false;
                for (var k = keys[i].First; k < keys[i].End; k++)
                {
                    var value = weights[(q - offset) * n + k];
                    if ((options.IsCausal && (k > q || q - k >= (options.Window ?? int.MaxValue))) || float.IsNaN(value)) continue;
                    sum += value;
                    any = true;
                }
                if (!any) continue;
                var weight = (float)sum;
                var who = keys[i].IsOne ? words.Of(keys[i].First) : $"tokens 0 to {keys[i].End - 1} together";
                var middle = (x1 + x2) / 2;
                canvas.Stroke(Mark.Of($"{prefix}.q{q}.{keys[i].Part}", weight, $"{words.Of(q)} looks at {who}: {FigureNumbers.Exact(weight)}"),
                    $"M{Svg.Number(x1)} {Svg.Number(LeftY(q))}C{Svg.Number(middle)} {Svg.Number(LeftY(q))} {Svg.Number(middle)} {Svg.Number(RightY(i))} {Svg.Number(x2)} {Svg.Number(RightY(i))}",
                    FigureRole.Ink, weight * Thickest, 0.75);
            }
        }
        for (var q = first; q < n; q++) canvas.Text(x1 - 10, LeftY(q) + 4, left[q - first], FigureRole.Query, 12, Anchor.End, options.Query == q ? 700 : 500, $"{prefix}.q{q}", words: words.Of(q));
        for (var i = 0; i < keys.Count; i++) canvas.Text(x2 + 10, RightY(i) + 4, right[i], FigureRole.Key, 12, Anchor.Start, 500, $"{prefix}.{keys[i].Part}");
        return canvas.Finish(top + keys.Count * Row, $"weight 1 is {Thickest:0} pixels thick" + (options.IsCausal ? " · no token looks at later ones" : "") + (options.IsCausal && options.Window is { } window ? $" or further back than {window - 1}" : "")
            + (first > 0 ? $" · the last {n - first} of {n} tokens look" : "") + (isGrouped ? $"; the {first} before are one line" : "") + (options.Query is not null ? " · only one token's lines" : ""));
    }
}
