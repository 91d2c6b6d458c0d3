namespace Heed.Lens;

/// <summary>What becomes of the norms that stand between an embedding, a head and the logits, when a head's circuits are applied to tokens.</summary>
/// <remarks>Other than with <see cref="None"/>, logits are above the mean of all tokens' logits: what is added to all of them changes no prediction,
/// but would be the largest eigenvalue of most heads, because embeddings of all tokens share a direction.</remarks>
public enum CircuitNorm
{
    /// <summary>No norm: the matrices as they are stored, W_E·W_V·W_O·W_U, as "A Mathematical Framework for Transformer Circuits" writes them.</summary>
    None,

    /// <summary>A norm's weights count (and layer norm's subtraction of the mean), its division by the vector's size does not: all stays linear.
    /// This is what TransformerLens calls folding.</summary>
    Folded,

    /// <summary>Each token's embedding is normed as the layer would do it, with size, weights and biases, and queries and keys get their own biases
    /// and norm: what the head would compute if the stream held that token's embedding and nothing else. On the way to the logits the final norm
    /// is folded, because the size of what it would divide is not known.</summary>
    Applied,
}
