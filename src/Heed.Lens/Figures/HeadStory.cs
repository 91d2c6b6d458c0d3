using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>Everything that one head computes for one token that looks: what <see cref="StepStrip"/> draws.</summary>
public sealed record HeadStory
{
    /// <summary>The layer.</summary>
    public required int Layer { get; init; }

    /// <summary>The head.</summary>
    public required int Head { get; init; }

    /// <summary>The position of the token that looks.</summary>
    public required int Query { get; init; }

    /// <summary>The tokens' texts.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>E: the vector of the token that looks, as it enters the layer [width].</summary>
    public required float[] Embedding { get; init; }

    /// <summary>Its query, rotated where the model does that [size].</summary>
    public required float[] QueryVector { get; init; }

    /// <summary>Every token's key, rotated where the model does that [key][size].</summary>
    public required float[][] Keys { get; init; }

    /// <summary>Products of the query with every key [key].</summary>
    public required float[] RawScores { get; init; }

    /// <summary>Divided by √d, with what else the model does to them [key].</summary>
    public required float[] ScaledScores { get; init; }

    /// <summary>With −∞ where the token may not look [key].</summary>
    public required float[] MaskedScores { get; init; }

    /// <summary>After softmax [key].</summary>
    public required float[] Weights { get; init; }

    /// <summary>Every token's value, Value↓ [key][size].</summary>
    public required float[][] Values { get; init; }

    /// <summary>The values summed with these weights [size].</summary>
    public required float[] Sum { get; init; }

    /// <summary>ΔE: the sum through Value↑ [width].</summary>
    public required float[] Change { get; init; }

    /// <summary>What a trace must keep of the layer: E, and all of attention (families differ in what is rotated and normed).</summary>
    public static IReadOnlyList<string> Names(int layer) => [ActivationNames.InBlock(layer, ActivationNames.ResidPre), ActivationNames.InBlock(layer, "attn.*")];

    /// <summary>Reads it from a trace of one pass over all tokens.</summary>
    /// <param name="trace">A trace that kept <see cref="Names"/>.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="query">The position of the token that looks.</param>
    /// <param name="tokens">The tokens' texts.</param>
    public static HeadStory From(Trace trace, int layer, int head, int query, IReadOnlyList<string> tokens)
    {
        Activation Of(string name) => trace[ActivationNames.InBlock(layer, name)];
        var pattern = Of(ActivationNames.Pattern);
        int heads = pattern.Shape[0], keys = pattern.Shape[2];
        if (keys != tokens.Count || pattern.Shape[1] != keys) throw new ArgumentException($"The trace must be of one pass over the {tokens.Count} tokens; it holds {pattern}.");
        if (head < 0 || head >= heads) throw new ArgumentOutOfRangeException(nameof(head), $"Layer {layer} has heads 0 to {heads - 1}, not {head}.");
        if (query < 0 || query >= keys) throw new ArgumentOutOfRangeException(nameof(query), $"There are tokens 0 to {keys - 1}, not {query}.");

        // What is multiplied: rotated vectors, or where nothing is rotated the normed ones, or the plain ones.
        Activation Multiplied(string rotated, string norm, string plain) => trace.Find(ActivationNames.InBlock(layer, rotated)) ?? trace.Find(ActivationNames.InBlock(layer, norm + ActivationNames.NormOut)) ?? Of(plain);
        var q = Multiplied(ActivationNames.RotatedQuery, ActivationNames.QueryNorm, ActivationNames.Query);
        var k = Multiplied(ActivationNames.RotatedKey, ActivationNames.KeyNorm, ActivationNames.Key);
        var v = Of(ActivationNames.Value);
        return new()
        {
            Layer = layer,
            Head = head,
            Query = query,
            Tokens = tokens,
            Embedding = Of(ActivationNames.ResidPre).Row(query).ToArray(),
            QueryVector = Vector(q, query, head, heads),
            Keys = [.. Enumerable.Range(0, keys).Select(i => Vector(k, i, head, heads))],
            RawScores = Of(ActivationNames.RawScores).Row(head, query).ToArray(),
            ScaledScores = Of(ActivationNames.ScaledScores).Row(head, query).ToArray(),
            MaskedScores = Of(ActivationNames.Scores).Row(head, query).ToArray(),
            Weights = pattern.Row(head, query).ToArray(),
            Values = [.. Enumerable.Range(0, keys).Select(i => Vector(v, i, head, heads))],
            Sum = Of(ActivationNames.Z).Row(query, head).ToArray(),
            Change = Of(ActivationNames.Result).Row(query, head).ToArray(),
        };
    }

    /// <summary>A head's vector at a position; heads share key–value heads, and the norms' activations have the head first.</summary>
    private static float[] Vector(Activation activation, int position, int head, int heads)
    {
        var axis = activation.Axes[0] == "position" ? 1 : 0;
        var own = head / (heads / activation.Shape[axis]);
        return (axis == 1 ? activation.Row(position, own) : activation.Row(own, position)).ToArray();
    }
}
