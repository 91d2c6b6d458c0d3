using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>
/// One head's grid of queries and keys: a dot a pair, whose area is the weight, or the size of the score with its sign.
/// <code>
/// DotGrid.Of(trace["blocks.10.attn.hook_pattern"], head: 1, tokens)
/// DotGrid.Of(trace["blocks.10.attn.hook_raw_scores"], head: 1, tokens, new() { Convention = GridConvention.Library })
/// </code>
/// </summary>
public static class DotGrid
{
    /// <summary>More queries than these are not drawn at once: the last ones are, and the figure says so.</summary>
    public const int MaxTokens = 60;

    /// <summary>The weight from which it is also written as a number.</summary>
    public const double Legible = 0.3;

    /// <summary>One head of a pattern or of scores [head, query, key]; layer and stage are known by its name.</summary>
    /// <param name="activation">A trace's hook_pattern, hook_attn_scores, hook_scaled_scores or hook_raw_scores.</param>
    /// <param name="head">The head.</param>
    /// <param name="tokens">The tokens' texts, one for each key (<see cref="TokenTexts"/>).</param>
    /// <param name="options">How; layer, head and stage need not be given.</param>
    public static Figure Of(Activation activation, int head, IReadOnlyList<string> tokens, DotGridOptions? options = null)
    {
        if (activation.Shape.Count != 3 || activation.Shape[2] != tokens.Count)
            throw new ArgumentException($"A grid of {tokens.Count} tokens needs an activation [head, query, key {tokens.Count}], not {activation}.");
        return Of(activation.Row(activation.At(activation.Axes[0], head)), [.. tokens.Skip(tokens.Count - activation.Shape[1])], tokens, (options ?? new()) with
        {
            Layer = ActivationPlace.LayerOf(activation.Name) ?? options?.Layer,
            Head = head,
            Stage = ActivationPlace.StageOf(activation.Name) ?? options?.Stage ?? AttentionStage.Pattern,
        });
    }

    /// <summary>A square grid: every token looks, every token is looked at.</summary>
    /// <param name="values">Weights or scores [query, key]; NaN and −∞ are masked.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="options">How.</param>
    public static Figure Of(ReadOnlySpan<float> values, IReadOnlyList<string> tokens, DotGridOptions? options = null) => Of(values, tokens, tokens, options);

    /// <summary>Any grid. Causal queries are the last of the keys; others (cross-attention) are tokens of their own.</summary>
    /// <param name="values">Weights or scores [query, key]; NaN and −∞ are masked.</param>
    /// <param name="queries">The texts of the tokens that look.</param>
    /// <param name="keys">The texts of the tokens looked at.</param>
    /// <param name="options">How.</param>
    public static Figure Of(ReadOnlySpan<float> values, IReadOnlyList<string> queries, IReadOnlyList<string> keys, DotGridOptions? options = null)
    {
        if (values.Length != queries.Count * keys.Count || values.Length == 0)
            throw new ArgumentException($"A grid of {queries.Count} queries × {keys.Count} keys takes {queries.Count * keys.Count} values, not {values.Length}.");
        options ??= new();
        if (options.IsCausal && queries.Count > keys.Count)
            throw new ArgumentException($"{queries.Count} causal queries cannot be the last of {keys.Count} keys; set IsCausal to false for cross-attention.");
        return new DotGridDrawing(values, queries, keys, options).Draw();
    }
}

/// <summary>What an activation's name says.</summary>
internal static class ActivationPlace
{
    /// <summary>The layer of blocks.3.attn.hook_pattern, or null.</summary>
    public static int? LayerOf(string name)
        => name.Split('.') is ["blocks", var layer, ..] && int.TryParse(layer, out var number) ? number : null;

    /// <summary>The stage of attention that has this name, or null.</summary>
    public static AttentionStage? StageOf(string name)
        => name.EndsWith(ActivationNames.Pattern, StringComparison.Ordinal) ? AttentionStage.Pattern
            : name.EndsWith(ActivationNames.RawScores, StringComparison.Ordinal) ? AttentionStage.RawScores
            : name.EndsWith(ActivationNames.ScaledScores, StringComparison.Ordinal) ? AttentionStage.ScaledScores
            : name.EndsWith(ActivationNames.Scores, StringComparison.Ordinal) ? AttentionStage.MaskedScores : null;
}
