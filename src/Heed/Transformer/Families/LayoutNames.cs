namespace Heed.Families;

/// <summary>
/// What the tensors of a checkpoint are called, role by role. Names of a layer's tensors follow the layer's prefix, and
/// ".weight" and ".bias" follow names of linear maps and norms. Null: the family has no such tensor.
/// </summary>
internal sealed record LayoutNames
{
    public required string Embedding { get; init; }
    public string? Positions { get; init; }
    public string? EmbeddingNorm { get; init; }
    public string? ProjectIn { get; init; }
    public string? ProjectOut { get; init; }
    public string? FinalNorm { get; init; }
    public required string Unembedding { get; init; }

    /// <summary>A layer's prefix, with {0} for its number.</summary>
    public required string Layer { get; init; }

    public string? AttentionNorm { get; init; }
    public string? AttentionPostNorm { get; init; }
    public string? AttentionResidualNorm { get; init; }
    public string? Query { get; init; }
    public string? Key { get; init; }
    public string? Value { get; init; }
    public required string Output { get; init; }

    /// <summary>One tensor of queries, keys and values; used where it is in the file, or where there are no names for the three.</summary>
    public string? FusedQueryKeyValue { get; init; }

    /// <summary>The fused tensor holds query, key and value of the first head, then of the second … (NeoX, BLOOM), instead of all queries first.</summary>
    public bool IsFusedPerHead { get; init; }

    public string? QueryNorm { get; init; }
    public string? KeyNorm { get; init; }
    public string? MlpNorm { get; init; }
    public string? MlpPostNorm { get; init; }
    public string? MlpResidualNorm { get; init; }
    public string? Gate { get; init; }
    public required string Up { get; init; }
    public required string Down { get; init; }

    /// <summary>One tensor of gate and up, gate first; used where it is in the file.</summary>
    public string? FusedGateUp { get; init; }

    public string? Router { get; init; }

    /// <summary>One expert's tensors, with {0} for its number; null where they are stacked.</summary>
    public string? ExpertGate { get; init; }
    public string? ExpertUp { get; init; }
    public string? ExpertDown { get; init; }

    /// <summary>All experts' tensors stacked [experts, …]; used where they are in the file.</summary>
    public string? StackedGate { get; init; }
    public string? StackedUp { get; init; }
    public string? StackedDown { get; init; }

    /// <summary>All experts' gate and up in one tensor [experts, 2F, D].</summary>
    public string? StackedGateUp { get; init; }

    /// <summary>Queries' and keys' rows are stored for interleaved rotation (GGUF's Llama and its relatives).</summary>
    public bool IsPermuted { get; init; }

    /// <summary>Matrices of the layers are stored [inputs, outputs] (GPT-2's Conv1D).</summary>
    public bool IsConv { get; init; }

    /// <summary>The names of transformers' Llama, which most families share. <paramref name="root"/> is "model." or nothing.</summary>
    public static LayoutNames HuggingFace(string root) => new()
    {
        Embedding = $"{root}embed_tokens.weight",
        FinalNorm = $"{root}norm",
        Unembedding = "lm_head",
        Layer = $"{root}layers.{{0}}.",
        AttentionNorm = "input_layernorm",
        Query = "self_attn.q_proj",
        Key = "self_attn.k_proj",
        Value = "self_attn.v_proj",
        Output = "self_attn.o_proj",
        QueryNorm = "self_attn.q_norm",
        KeyNorm = "self_attn.k_norm",
        MlpNorm = "post_attention_layernorm",
        Gate = "mlp.gate_proj",
        Up = "mlp.up_proj",
        Down = "mlp.down_proj",
        Router = "mlp.gate",
        ExpertGate = "mlp.experts.{0}.gate_proj",
        ExpertUp = "mlp.experts.{0}.up_proj",
        ExpertDown = "mlp.experts.{0}.down_proj",
        // How transformers 5 holds experts in memory; it saves them one by one, other tools do not.
        StackedGateUp = "mlp.experts.gate_up_proj",
        StackedDown = "mlp.experts.down_proj",
    };

    /// <summary><see cref="HuggingFace(string)"/> with the root that the file uses.</summary>
    public static LayoutNames HuggingFace(WeightReader tensors) => HuggingFace(tensors.Root("embed_tokens.weight", "model.", ""));

    /// <summary>llama.cpp's names, of all families.</summary>
    public static LayoutNames Gguf { get; } = new()
    {
        Embedding = "token_embd.weight",
        FinalNorm = "output_norm",
        Unembedding = "output",
        Layer = "blk.{0}.",
        AttentionNorm = "attn_norm",
        Query = "attn_q",
        Key = "attn_k",
        Value = "attn_v",
        Output = "attn_output",
        FusedQueryKeyValue = "attn_qkv",
        QueryNorm = "attn_q_norm",
        KeyNorm = "attn_k_norm",
        MlpNorm = "ffn_norm",
        Gate = "ffn_gate",
        Up = "ffn_up",
        Down = "ffn_down",
        Router = "ffn_gate_inp",
        StackedGate = "ffn_gate_exps.weight",
        StackedUp = "ffn_up_exps.weight",
        StackedDown = "ffn_down_exps.weight",
        StackedGateUp = "ffn_gate_up_exps.weight",
    };
}

/// <summary>What else a family knows about its tensors: which linear maps and norms have biases, and how norms are stored.</summary>
internal sealed record LayoutOptions
{
    /// <summary>Biases of the projections to queries, keys and values.</summary>
    public Bias QueryKeyValue { get; init; }

    /// <summary>Bias of the attention's output.</summary>
    public Bias Output { get; init; }

    /// <summary>Biases of the MLP.</summary>
    public Bias Mlp { get; init; }

    /// <summary>Biases of the norms of the residual stream.</summary>
    public Bias Norm { get; init; }

    /// <summary>Biases of the norms of queries and keys.</summary>
    public Bias QueryKeyNorm { get; init; }

    /// <summary>Bias of the unembedding.</summary>
    public Bias Unembedding { get; init; }

    /// <summary>Whether the unembedding is the embedding.</summary>
    public bool Tied { get; init; }

    /// <summary>The file holds w of norms that multiply by 1 + w (Gemma).</summary>
    public bool NormAddsOne { get; init; }

    /// <summary>Norms of the residual stream have no weights at all (OPT's layer_norm_elementwise_affine = false).</summary>
    public bool NormIsPlain { get; init; }

    /// <summary>E, where embeddings are of another width than the residual stream.</summary>
    public int? EmbeddingWidth { get; init; }

    /// <summary>Rows of the position embeddings.</summary>
    public int PositionRows { get; init; }

    /// <summary>Of GGUF, whose metadata does not say: what is in the file counts, and a missing unembedding is a tied one.</summary>
    public static LayoutOptions FromFile { get; } = new()
    {
        QueryKeyValue = Bias.IfPresent,
        Output = Bias.IfPresent,
        Mlp = Bias.IfPresent,
        Norm = Bias.IfPresent,
        QueryKeyNorm = Bias.IfPresent,
        Unembedding = Bias.IfPresent,
        Tied = true,
    };
}
