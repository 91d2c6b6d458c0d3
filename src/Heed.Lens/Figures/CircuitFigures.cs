using System.Globalization;

namespace Heed.Lens.Figures;

/// <summary>What heads move and look for, whatever the text, and how they compose.</summary>
public static class CircuitFigures
{
    /// <summary>How much every head copies.</summary>
    /// <param name="scores">The scores.</param>
    public static IReadOnlyList<Figure> Of(CopyingScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        var (values, heads) = LayerRows.Of(scores.Scores);
        return [HeatMap.Of(values, FigureAxis.Layers(scores.Scores.Count), FigureAxis.Heads(heads), new()
        {
            Title = "How much every head copies",
            Caption = "Blue: attending to a token makes it likelier. Orange: less likely. The number is Σλ/Σ|λ| over the eigenvalues of the head's full OV circuit.",
            Measure = "copying score",
            FirstRowAtBottom = true,
            Largest = 1,
            KeyPrefix = "copying",
        })];
    }

    /// <summary>One head's circuits: what it moves, what it looks for, and its eigenvalues.</summary>
    /// <param name="c">The circuits.</param>
    /// <param name="label">A token's text.</param>
    public static IReadOnlyList<Figure> Of(HeadCircuits c, Func<int, string> label)
    {
        ArgumentNullException.ThrowIfNull(c);
        ArgumentNullException.ThrowIfNull(label);
        var figures = new List<Figure>();
        if (c.ValueOutputByToken.Count > 0)
        {
            figures.Add(OfText(c.ValueOutputByToken, "ov", $"What head {c.Layer}.{c.Head} moves", "Attending to the first token, one of the text, makes the second likelier, by this much.", "raises"));
            figures.Add(OfText(c.QueryKeyByToken, "qk", $"What head {c.Layer}.{c.Head} looks for", "The first token, one of the text, looks for the second, with this score.", "score"));
        }
        figures.Add(AttributionBars.Of([.. c.Eigenvalues.Select((v, i) => new AttributionPart($"λ {i + 1}", $"L{c.Layer}.H{c.Head}.eigenvalue{i}", v.Real))], c.Eigenvalues.Sum(v => v.Real), new()
        {
            Title = $"Eigenvalues of the OV circuit of head {c.Layer}.{c.Head}",
            Caption = "Real parts, the largest in size first; λ 1 is the one of the largest |λ|. Positive ones say that tokens raise their own logits: the head copies. They add up to the circuit's trace.",
            TotalName = "trace",
        }));
        if (c.ValueOutputPairs.Count > 0 && c.ValueOutputByToken.Count == 0)
        {
            figures.Add(Pairs(c.ValueOutputPairs, "ov", $"What head {c.Layer}.{c.Head} moves", "Attending to the first token makes the second likelier, by this much.", "raises"));
            figures.Add(Pairs(c.QueryKeyPairs, "qk", $"What head {c.Layer}.{c.Head} looks for", "The first token looks for the second, with this score.", "score"));
        }
        return figures;

        // A row a pair, no more than a heat map shows one by one: of each token as many of its first as that leaves.
        Figure OfText(IReadOnlyList<IReadOnlyList<TokenPair>> byToken, string key, string title, string caption, string measure)
        {
            const int Rows = 60;
            var tokens = Math.Min(Rows, byToken.Count);
            var each = Math.Min(Rows / tokens, byToken.Max(t => t.Count));
            var left = tokens < byToken.Count ? $" The first {tokens} of {byToken.Count} tokens are shown." : "";
            return Pairs([.. byToken.Take(tokens).SelectMany(t => t.Take(each))], key, title, $"{caption} The first {each} of each token.{left}", measure);
        }

        Figure Pairs(IReadOnlyList<TokenPair> pairs, string key, string title, string caption, string measure) => HeatMap.Of(
            [.. pairs.Select(p => (float)p.Value)],
            new("pair", [.. pairs.Select(p => $"{Shown(p.From)} → {Shown(p.To)}")], [.. pairs.Select(p => $"t{p.From}.t{p.To}")]),
            FigureAxis.Named("", measure),
            new() { Title = title, Caption = caption, Measure = measure, KeyPrefix = $"L{c.Layer}.H{c.Head}.{key}", Width = 420 });

        // Each apart: the arrow leads from the left to the right, whatever the script.
        string Shown(int token) => Svg.Isolate(TokenLabel.Visible(label(token)));
    }

    /// <summary>The singular values of a head's value map: how many directions it really moves.</summary>
    /// <param name="map">Value↓ and Value↑ as one map: <see cref="FactoredMatrix.ValueOutput"/>.</param>
    /// <param name="layer">The head's layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure ValueMap(FactoredMatrix map, int layer, int head, double width = 640)
        => Spectrum.Of(map, $"Layer {layer}, head {head}: what Value↓ and Value↑ let through", $"L{layer}.H{head}", width);

    /// <summary>How much of what earlier heads write later heads read.</summary>
    /// <param name="c">The composition.</param>
    /// <param name="toLayer">Only the later heads of this layer; null: all.</param>
    /// <exception cref="HeedException">There is no earlier layer.</exception>
    public static IReadOnlyList<Figure> Of(Composition c, int? toLayer)
    {
        ArgumentNullException.ThrowIfNull(c);
        int[] from = [.. Enumerable.Range(0, c.Heads.Count).Where(i => toLayer is null || c.Heads[i].Layer < toLayer)];
        int[] to = [.. Enumerable.Range(0, c.Heads.Count).Where(i => toLayer is null || c.Heads[i].Layer == toLayer)];
        if (from.Length == 0) throw new HeedException("No head is in an earlier layer: there is nothing to draw.");
        return [.. new[] { CompositionKind.Query, CompositionKind.Key, CompositionKind.Value }.Select(kind => HeatMap.Of(
            [.. from.SelectMany(f => to.Select(t => c.Of(kind)[f][t] - (float)(c.Baseline ?? 0)))],
            Axis(from, "earlier head", "from"), Axis(to, "later head", "to"),
            new()
            {
                Title = $"{kind} composition",
                Caption = string.Create(CultureInfo.InvariantCulture, $"How much of what the head of a row writes the head of a column reads through its {kind.ToString().ToLowerInvariant()}, above what chance gives ({c.Baseline:0.000})."),
                Measure = "composition score above chance",
                KeyPrefix = kind.ToString().ToLowerInvariant(),
                FirstRowAtBottom = true,
            }))];

        FigureAxis Axis(int[] heads, string title, string part)
            => new(title, [.. heads.Select(i => $"{c.Heads[i].Layer}.{c.Heads[i].Head}")], [.. heads.Select(i => $"{part}{c.Heads[i].Layer}_{c.Heads[i].Head}")]);
    }
}
