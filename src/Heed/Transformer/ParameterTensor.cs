namespace Heed;

/// <summary>What a learned tensor does.</summary>
public enum ParameterRole
{
    /// <summary>W_E [V, D]: a row a token.</summary>
    Embedding,
    /// <summary>W_pos [positions, D].</summary>
    Positions,
    /// <summary>Embeddings of another width brought to D (OPT's project_in).</summary>
    ProjectIn,
    /// <summary>The last vector brought back before the unembedding (OPT's project_out).</summary>
    ProjectOut,
    /// <summary>A norm of the residual stream.</summary>
    Norm,
    /// <summary>W_Q [H·d, D].</summary>
    Query,
    /// <summary>W_K [K·d, D].</summary>
    Key,
    /// <summary>W_V, the lesson's Value↓ [K·d, D].</summary>
    Value,
    /// <summary>W_O, the lesson's Value↑ of all heads [D, H·d].</summary>
    Output,
    /// <summary>A norm of queries.</summary>
    QueryNorm,
    /// <summary>A norm of keys.</summary>
    KeyNorm,
    /// <summary>[experts, D]: which experts a token goes to.</summary>
    Router,
    /// <summary>[F, D]: the gate of a gated MLP.</summary>
    MlpGate,
    /// <summary>[F, D]: into the MLP.</summary>
    MlpUp,
    /// <summary>[D, F]: out of the MLP.</summary>
    MlpDown,
    /// <summary>W_U [V, D], where it is not the embedding again.</summary>
    Unembedding,
}

/// <summary>One learned tensor by its role. Fused and stacked ones count as what they hold.</summary>
/// <param name="Role">What it does.</param>
/// <param name="Layer">Its layer, or null outside of the layers.</param>
/// <param name="Rows">Outputs of a matrix; the length of a vector.</param>
/// <param name="Columns">Inputs of a matrix; 1 for a vector.</param>
/// <param name="IsVector">A bias, or the weights of a norm.</param>
/// <param name="IsBias">It is added, not multiplied with.</param>
/// <param name="Bytes">What it takes as stored (vectors: as float32); null where there are no weights.</param>
public sealed record ParameterTensor(ParameterRole Role, int? Layer, int Rows, int Columns, bool IsVector, bool IsBias, long? Bytes)
{
    /// <summary>How many numbers it has.</summary>
    public long Count => (long)Rows * Columns;
}
