using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Heed.Numerics;

namespace Heed;

/// <summary>The weights of a transformer, by role. Matrices are views of the stored file; vectors are small float32 copies.</summary>
public sealed class TransformerWeights
{
    /// <summary>W_E [V, D]: row t is token t's embedding.</summary>
    public required Matrix Embedding { get; init; }

    /// <summary>W_pos [positions, D], or null.</summary>
    public Matrix? Positions { get; init; }

    /// <summary>A norm of the embeddings, before the first layer (BLOOM).</summary>
    public NormWeights? EmbeddingNorm { get; init; }

    /// <summary>[D, E]: embeddings of another width E brought to D (OPT's project_in). Then <see cref="Embedding"/> is [V, E].</summary>
    public Matrix? ProjectIn { get; init; }

    /// <summary>[E, D]: the last vector brought back before the unembedding (OPT's project_out).</summary>
    public Matrix? ProjectOut { get; init; }

    /// <summary>One entry a layer.</summary>
    public required IReadOnlyList<LayerWeights> Layers { get; init; }

    /// <summary>The norm before the unembedding, or null (OPT post-norm).</summary>
    public NormWeights? FinalNorm { get; init; }

    /// <summary>W_U [V, D] as rows of tokens, with an optional bias [V]; the embedding again where tied.</summary>
    public required LinearWeights Unembedding { get; init; }

    /// <summary>True if the unembedding is the embedding matrix.</summary>
    public bool IsTied => ReferenceEquals(Unembedding.Weight, Embedding);
}

/// <summary>The weights of one layer. Which norms are there decides where the layer normalises.</summary>
public sealed class LayerWeights
{
    /// <summary>ln1: before attention.</summary>
    public NormWeights? AttentionNorm { get; init; }

    /// <summary>ln1_post: of attention's output, before it is added (Gemma 2 and 3, OLMo 2).</summary>
    public NormWeights? AttentionPostNorm { get; init; }

    /// <summary>Of the residual stream after attention was added (post-norm OPT).</summary>
    public NormWeights? AttentionResidualNorm { get; init; }

    /// <summary>W_Q [H·d, D].</summary>
    public required LinearWeights Query { get; init; }

    /// <summary>W_K [K·d, D].</summary>
    public required LinearWeights Key { get; init; }

    /// <summary>W_V, the lesson's Value↓ [K·d, D].</summary>
    public required LinearWeights Value { get; init; }

    /// <summary>W_O, the lesson's Value↑ of all heads side by side [D, H·d].</summary>
    public required LinearWeights Output { get; init; }

    /// <summary>Weights of the norm of queries: [d] or [H·d], as <see cref="LayerConfig.QueryKeyNorm"/> says.</summary>
    public NormWeights? QueryNorm { get; init; }

    /// <summary>Weights of the norm of keys: [d] or [K·d], as <see cref="LayerConfig.QueryKeyNorm"/> says.</summary>
    public NormWeights? KeyNorm { get; init; }

    /// <summary>ln2: before the MLP. Null in a parallel block that shares ln1, and where the norm comes after.</summary>
    public NormWeights? MlpNorm { get; init; }

    /// <summary>ln2_post: of the MLP's output, before it is added (Gemma 2 and 3, OLMo 2).</summary>
    public NormWeights? MlpPostNorm { get; init; }

    /// <summary>Of the residual stream after the MLP was added (post-norm OPT).</summary>
    public NormWeights? MlpResidualNorm { get; init; }

    /// <summary>The MLP; null where there are experts.</summary>
    public MlpWeights? Mlp { get; init; }

    /// <summary>[experts, D]: which experts a token goes to; null where there is one MLP.</summary>
    public LinearWeights? Router { get; init; }

    /// <summary>The experts' MLPs, or empty.</summary>
    public IReadOnlyList<MlpWeights> Experts { get; init; } = [];
}

/// <summary>An MLP's weights.</summary>
/// <param name="Gate">[F, D], or null where the MLP is not gated.</param>
/// <param name="Up">[F, D] ("in").</param>
/// <param name="Down">[D, F] ("out").</param>
public sealed record MlpWeights(LinearWeights? Gate, LinearWeights Up, LinearWeights Down);

/// <summary>y = W·x + b.</summary>
/// <param name="Weight">[outputs, inputs].</param>
/// <param name="Bias">[outputs], or null.</param>
public sealed record LinearWeights(Matrix Weight, FloatVector? Bias)
{
    /// <summary>The product with these weights whose result goes to <paramref name="output"/> [N, outputs].</summary>
    internal unsafe Product Into(float* output) => new()
    {
        Weight = Weight,
        Bias = Norm.Pointer(Bias),
        Output = output,
        OutputStride = Weight.RowCount,
    };
}

/// <summary>A norm's weights.</summary>
/// <param name="Weight">What the normalised vector is multiplied by; null for 1 (Gemma's "1 + w" has the 1 already added).</param>
/// <param name="Bias">What is added then, or null.</param>
public sealed record NormWeights(FloatVector? Weight, FloatVector? Bias);

/// <summary>A small float32 vector that stays where it is in memory, so that kernels can hold its address. The address keeps nothing alive:
/// whoever made the vector for one call holds it (<see cref="GC.KeepAlive"/>) until the last use of its <see cref="Pointer"/>.</summary>
public sealed unsafe class FloatVector
{
    private readonly float[] _values;

    /// <summary>A vector of zeros.</summary>
    public FloatVector(int length) => _values = GC.AllocateArray<float>(length, pinned: true);

    /// <summary>A copy of <paramref name="values"/>.</summary>
    public FloatVector(ReadOnlySpan<float> values) : this(values.Length) => values.CopyTo(_values);

    /// <summary>The numbers.</summary>
    public Span<float> Span => _values;

    /// <summary>How many.</summary>
    public int Length => _values.Length;

    internal float* Pointer => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_values));
}
