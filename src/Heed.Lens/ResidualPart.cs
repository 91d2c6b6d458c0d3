namespace Heed.Lens;

/// <summary>What writes to the residual stream.</summary>
public enum ResidualWriter
{
    /// <summary>The token's embedding.</summary>
    Embedding,
    /// <summary>The learned vector of the position.</summary>
    Position,
    /// <summary>One attention head.</summary>
    Head,
    /// <summary>The bias of W_O, and of a norm of attention's output: it belongs to no head.</summary>
    AttentionBias,
    /// <summary>One layer's MLP.</summary>
    Mlp,
    /// <summary>The bias of a norm that the stream itself goes through.</summary>
    NormBias,
    /// <summary>The bias of W_Q or W_K, or of a norm of queries or keys.</summary>
    QueryKeyBias,
    /// <summary>The bias of the unembedding.</summary>
    UnembeddingBias,
}

/// <summary>What wrote one part of a sum.</summary>
/// <param name="Name">As tools call it: <c>embed</c>, <c>L3H2</c>, <c>3_attn_bias</c>, <c>3_mlp_out</c>.</param>
/// <param name="Writer">What it is.</param>
/// <param name="Layer">Its layer, or null.</param>
/// <param name="Head">Its head, or null.</param>
public sealed record ResidualSource(string Name, ResidualWriter Writer, int? Layer = null, int? Head = null)
{
    /// <summary>Its key in figures: <c>L3.H2</c>, <c>L3.mlp</c>, <c>embed</c>.</summary>
    public string Key => (Writer, Layer, Head) switch
    {
        (ResidualWriter.Head, { } l, { } h) => $"L{l}.H{h}",
        (ResidualWriter.Mlp, { } l, _) => $"L{l}.mlp",
        (ResidualWriter.AttentionBias, { } l, _) => $"L{l}.attn_bias",
        _ => Name,
    };

    /// <summary>For people: "head 3.2", "MLP 3".</summary>
    public override string ToString() => (Writer, Layer, Head) switch
    {
        (ResidualWriter.Embedding, _, _) => "embedding",
        (ResidualWriter.Position, _, _) => "position",
        (ResidualWriter.Head, { } l, { } h) => $"head {l}.{h}",
        (ResidualWriter.Mlp, { } l, _) => $"MLP {l}",
        (ResidualWriter.AttentionBias, { } l, _) => $"attention bias {l}",
        (ResidualWriter.UnembeddingBias, _, _) => "unembedding bias",
        _ => Name.Replace('_', ' '),
    };
}

/// <summary>A vector that is one part of a residual stream.</summary>
/// <param name="Source">What wrote it.</param>
/// <param name="Vector">[width].</param>
public sealed record ResidualPart(ResidualSource Source, double[] Vector);
