using Heed.Numerics;

namespace Heed;

/// <summary>
/// Every choice in which transformers differ, by name. The layers read it; nothing else decides how they compute.
/// A family (see <c>Families/</c>) only translates a checkpoint's own words into this record.
/// </summary>
public sealed record TransformerConfig
{
    /// <summary>The family's name, as <c>model_type</c> in config.json spells it.</summary>
    public required string Family { get; init; }

    /// <summary>V, the number of tokens (rows of the embedding matrix).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>D, the length of a residual-stream vector.</summary>
    public required int Width { get; init; }

    /// <summary>The most tokens the model was made for. Longer input is an error, never a silent change.</summary>
    public required int ContextLength { get; init; }

    /// <summary>One entry a layer, first layer first.</summary>
    public required IReadOnlyList<LayerConfig> Layers { get; init; }

    /// <summary>Layer or RMS norm, for all norms of the residual stream.</summary>
    public required NormKind Norm { get; init; }

    /// <summary>ε inside the norms' square root.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Embeddings are multiplied by this (Gemma: √D; Granite: embedding_multiplier).</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>If positions are learned vectors: position p uses row p + this (OPT: 2). Null: no learned positions.</summary>
    public int? LearnedPositionOffset { get; init; }

    /// <summary>Scores get −slope·distance, a slope per head (ALiBi, arXiv:2108.12409).</summary>
    public bool HasAlibi { get; init; }

    /// <summary>Attention and MLP both read the block's input and are added together (GPT-J, NeoX, Phi, Cohere),
    /// instead of one after the other. Without a second norm, the MLP shares the first.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>What a sublayer's output is added to: its input before the norm (usual), or after it
    /// (BLOOM's <c>apply_residual_connection_post_layernorm</c>).</summary>
    public bool ResidualFromNorm { get; init; }

    /// <summary>A sublayer's output is multiplied by this before it is added (Granite's residual_multiplier).</summary>
    public float ResidualScale { get; init; } = 1;

    /// <summary>Logits are multiplied by this (Cohere's logit_scale; Granite: 1/logits_scaling).</summary>
    public float LogitScale { get; init; } = 1;

    /// <summary>Logits become cap·tanh(logit/cap) (Gemma 2). Null: as they are.</summary>
    public float? LogitSoftCap { get; init; }
}

/// <summary>The choices of one layer.</summary>
public sealed record LayerConfig
{
    /// <summary>H, the number of query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>K, the number of key–value heads; H is a multiple of it, and H/K query heads share one.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>d, the numbers in one head's query, key or value.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Each number of queries, keys and values is brought between −this and this before anything else is done with
    /// them (OLMo's clip_qkv). Above zero. Null: as they are.</summary>
    public float? QueryKeyValueClip { get; init; }

    /// <summary>Scores are multiplied by this: usually 1/√d.</summary>
    public required float ScoreScale { get; init; }

    /// <summary>Scores become cap·tanh(score/cap) before the mask (Gemma 2). Null: as they are.</summary>
    public float? ScoreSoftCap { get; init; }

    /// <summary>A query sees itself and the window − 1 tokens before it. Null: everything before it.</summary>
    public int? Window { get; init; }

    /// <summary>Rotary positions of this layer, or null for none.</summary>
    public RotaryConfig? Rotary { get; init; }

    /// <summary>Norm of queries and keys, before rotation.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; }

    /// <summary>Layer or RMS norm for queries and keys.</summary>
    public NormKind QueryKeyNormKind { get; init; } = NormKind.Rms;

    /// <summary>ε of the norm of queries and keys.</summary>
    public float QueryKeyNormEpsilon { get; init; }

    /// <summary>F, the width inside the MLP (of one expert, where there are experts).</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>The MLP's non-linear function.</summary>
    public required ActivationFunction Activation { get; init; }

    /// <summary>down(f(gate(x))·up(x)) instead of down(f(up(x))).</summary>
    public bool IsGated { get; init; }

    /// <summary>A mixture of experts instead of one MLP; null for one MLP.</summary>
    public ExpertsConfig? Experts { get; init; }
}

/// <summary>A mixture of experts: a router chooses a few MLPs for each token.</summary>
/// <param name="Count">How many experts.</param>
/// <param name="PerToken">How many each token uses.</param>
/// <param name="NormalizeWeights">The chosen experts' softmax weights are scaled to sum to 1
/// (the same as a softmax over the chosen ones: Mixtral).</param>
public sealed record ExpertsConfig(int Count, int PerToken, bool NormalizeWeights);

/// <summary>How a vector is brought to a common size.</summary>
public enum NormKind
{
    /// <summary>(x − mean)/√(variance + ε)·weight + bias</summary>
    Layer,
    /// <summary>x/√(mean of squares + ε)·weight</summary>
    Rms,
}

/// <summary>Which norm queries and keys get before they are rotated.</summary>
public enum QueryKeyNorm
{
    /// <summary>None.</summary>
    None,
    /// <summary>Each head's d numbers, all heads with the same weights [d] (Qwen 3, Gemma 3, Phi).</summary>
    PerHead,
    /// <summary>Each head's d numbers, each head with weights of its own [H·d] (Cohere, StableLM).</summary>
    PerHeadOwnWeights,
    /// <summary>All heads' numbers together, weights [H·d] (OLMo 2).</summary>
    Whole,
}
