namespace Heed.Families;

/// <summary>
/// What the tensors of a Llama-like checkpoint are called. Names of a layer's tensors follow the layer's prefix;
/// null: the family has no such tensor.
/// </summary>
internal sealed record LlamaNames
{
    public required string Embedding { get; init; }
    public required string FinalNorm { get; init; }
    public required string Unembedding { get; init; }

    /// <summary>A layer's prefix, with {0} for its number.</summary>
    public required string Layer { get; init; }

    public string? AttentionNorm { get; init; }
    public string? AttentionPostNorm { get; init; }
    public required string Query { get; init; }
    public required string Key { get; init; }
    public required string Value { get; init; }
    public required string Output { get; init; }

    /// <summary>One tensor of queries, keys and values one after the other, used where it is in the file.</summary>
    public required string FusedQueryKeyValue { get; init; }

    public required string QueryNorm { get; init; }
    public required string KeyNorm { get; init; }
    public string? MlpNorm { get; init; }
    public string? MlpPostNorm { get; init; }
    public required string Gate { get; init; }
    public required string Up { get; init; }
    public required string Down { get; init; }

    /// <summary>One tensor of gate and up, used where it is in the file.</summary>
    public string? FusedGateUp { get; init; }

    public required string Router { get; init; }

    /// <summary>One expert's tensors, with {0} for its number; null where they are stacked.</summary>
    public string? ExpertGate { get; init; }
    public string? ExpertUp { get; init; }
    public string? ExpertDown { get; init; }

    /// <summary>All experts' tensors stacked, where the file has them so.</summary>
    public string? StackedGate { get; init; }
    public string? StackedUp { get; init; }
    public string? StackedDown { get; init; }

    /// <summary>All experts' gate and up in one tensor [experts, 2F, D], used where it is in the file.</summary>
    public string? StackedGateUp { get; init; }

    /// <summary>Queries' and keys' rows are stored for interleaved rotation (GGUF's llama-like files).</summary>
    public bool IsPermuted { get; init; }

    /// <summary>The names of transformers' Llama, which most families share. <paramref name="root"/> is "model." or nothing.</summary>
    public static LlamaNames HuggingFace(string root) => new()
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
        FusedQueryKeyValue = "self_attn.qkv_proj",
        QueryNorm = "self_attn.q_norm",
        KeyNorm = "self_attn.k_norm",
        MlpNorm = "post_attention_layernorm",
        Gate = "mlp.gate_proj",
        Up = "mlp.up_proj",
        Down = "mlp.down_proj",
        FusedGateUp = "mlp.gate_up_proj",
        Router = "mlp.gate",
        ExpertGate = "mlp.experts.{0}.gate_proj",
        ExpertUp = "mlp.experts.{0}.up_proj",
        ExpertDown = "mlp.experts.{0}.down_proj",
        StackedGateUp = "mlp.experts.gate_up_proj",
        StackedDown = "mlp.experts.down_proj",
    };

    /// <summary>llama.cpp's names.</summary>
    public static LlamaNames Gguf { get; } = new()
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
