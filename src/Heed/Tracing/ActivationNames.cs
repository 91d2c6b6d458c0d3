namespace Heed.Tracing;

/// <summary>
/// The name of every activation, in one place. Names follow TransformerLens; <c>attn.hook_raw_scores</c> and
/// <c>attn.hook_scaled_scores</c> are two stages of the scores that it lacks. Axes are written after each name;
/// glossary: position (T), width (D), head (H), kv_head (K), size (d), query and key (positions), hidden (F), token (V).
/// </summary>
public static class ActivationNames
{
    /// <summary>Embedding of each token [position, width].</summary>
    public const string Embed = "hook_embed";
    /// <summary>Learned position vector of each position [position, width].</summary>
    public const string PositionEmbed = "hook_pos_embed";
    /// <summary>Cosines that turn queries and keys [position, rotary], each pair's value at both its places.</summary>
    public const string RotaryCos = "rotary_emb.hook_cos";
    /// <summary>Sines that turn queries and keys [position, rotary].</summary>
    public const string RotarySin = "rotary_emb.hook_sin";
    /// <summary>The same, of one layer (layers may differ) [position, rotary].</summary>
    public const string BlockRotaryCos = "attn.hook_cos";
    /// <summary>The same, of one layer [position, rotary].</summary>
    public const string BlockRotarySin = "attn.hook_sin";
    /// <summary>Products of the last vectors with W_U, before a scale or cap [position, token].</summary>
    public const string Unembed = "hook_unembed";
    /// <summary>The logits the model predicts with: <see cref="Unembed"/>, scaled and capped as the model does [position, token].</summary>
    public const string Logits = "hook_logits";
    /// <summary>Prefix of the final norm's three activations.</summary>
    public const string FinalNorm = "ln_final";

    /// <summary>The residual stream as it enters the layer [position, width].</summary>
    public const string ResidPre = "hook_resid_pre";
    /// <summary>The residual stream between attention and MLP [position, width]; none in a parallel block.</summary>
    public const string ResidMid = "hook_resid_mid";
    /// <summary>The residual stream as it leaves the layer [position, width].</summary>
    public const string ResidPost = "hook_resid_post";
    /// <summary>What attention adds to the residual stream, ΔE of all heads (after a post-norm, where there is one) [position, width].</summary>
    public const string AttentionOut = "hook_attn_out";
    /// <summary>What the MLP adds to the residual stream (after a post-norm, where there is one) [position, width].</summary>
    public const string MlpOut = "hook_mlp_out";

    /// <summary>Prefix of the norm before attention.</summary>
    public const string Norm1 = "ln1";
    /// <summary>Prefix of the norm of attention's output.</summary>
    public const string Norm1Post = "ln1_post";
    /// <summary>Prefix of the norm before the MLP.</summary>
    public const string Norm2 = "ln2";
    /// <summary>Prefix of the norm of the MLP's output.</summary>
    public const string Norm2Post = "ln2_post";
    /// <summary>After a norm's prefix: what each vector was divided by [position, 1].</summary>
    public const string Scale = ".hook_scale";
    /// <summary>After a norm's prefix: the vector divided, before weights and bias [position, width].</summary>
    public const string Normalized = ".hook_normalized";
    /// <summary>After a norm's prefix: its result [position, width].</summary>
    public const string NormOut = ".hook_out";

    /// <summary>Queries, "what am I looking for?" [position, head, size].</summary>
    public const string Query = "attn.hook_q";
    /// <summary>Keys, "what do I offer?" [position, kv_head, size].</summary>
    public const string Key = "attn.hook_k";
    /// <summary>Values, Value↓ of each token [position, kv_head, size].</summary>
    public const string Value = "attn.hook_v";
    /// <summary>Prefix of the norm of queries; its activations are [head, position, size].</summary>
    public const string QueryNorm = "attn.q_norm";
    /// <summary>Prefix of the norm of keys; its activations are [kv_head, position, size].</summary>
    public const string KeyNorm = "attn.k_norm";
    /// <summary>Queries after rotation [position, head, size].</summary>
    public const string RotatedQuery = "attn.hook_rot_q";
    /// <summary>Keys after rotation [position, kv_head, size].</summary>
    public const string RotatedKey = "attn.hook_rot_k";
    /// <summary>Products of query and key, q·k [head, query, key].</summary>
    public const string RawScores = "attn.hook_raw_scores";
    /// <summary>Scores scaled (÷√d), capped, with position biases [head, query, key].</summary>
    public const string ScaledScores = "attn.hook_scaled_scores";
    /// <summary>Scaled scores with −∞ where a query may not look [head, query, key].</summary>
    public const string Scores = "attn.hook_attn_scores";
    /// <summary>The attention pattern: softmax of the scores, each query's row sums to 1 [head, query, key].</summary>
    public const string Pattern = "attn.hook_pattern";
    /// <summary>Values summed with the pattern's weights [position, head, size].</summary>
    public const string Z = "attn.hook_z";
    /// <summary>Each head's own addition to the residual stream, its ΔE, without the output bias [position, head, width].</summary>
    public const string Result = "attn.hook_result";
    /// <summary>Attention's output before a post-norm [position, width].</summary>
    public const string AttentionLinearOut = "attn.hook_out";

    /// <summary>The MLP's hidden values before the non-linear function (the gate's, where there is one) [position, hidden].</summary>
    public const string MlpPre = "mlp.hook_pre";
    /// <summary>What the gate multiplies [position, hidden]; only in gated MLPs.</summary>
    public const string MlpPreLinear = "mlp.hook_pre_linear";
    /// <summary>The MLP's hidden values after the non-linear function and the product [position, hidden].</summary>
    public const string MlpPost = "mlp.hook_post";
    /// <summary>The MLP's output before a post-norm [position, width].</summary>
    public const string MlpLinearOut = "mlp.hook_out";
    /// <summary>The router's logits [position, expert]; only with experts.</summary>
    public const string Router = "mlp.hook_router";
    /// <summary>The experts' weights, 0 for those not chosen [position, expert]; only with experts.</summary>
    public const string ExpertWeights = "mlp.hook_expert_weights";

    /// <summary>The four grids [head, query, key] of one layer, each made from the one before.</summary>
    internal static readonly string[] Grids = [RawScores, ScaledScores, Scores, Pattern];

    /// <summary>The full name of a layer's activation: <c>blocks.3.attn.hook_pattern</c>.</summary>
    public static string InBlock(int layer, string name) => $"blocks.{layer}.{name}";

    /// <summary>
    /// The canonical name of what <paramref name="name"/> means: TransformerLens's bridge has several names for one activation
    /// (<c>attn.q.hook_out</c> is <c>attn.hook_q</c>). A name that is no alias comes back as it is.
    /// </summary>
    public static string Canonical(string name)
    {
        if (Aliases.TryGetValue(name, out var canonical)) return canonical;
        if (!name.StartsWith("blocks.", StringComparison.Ordinal)) return name;
        var end = name.IndexOf('.', "blocks.".Length);
        return end > 0 && BlockAliases.TryGetValue(name[(end + 1)..], out canonical) ? name[..(end + 1)] + canonical : name;
    }

    private static readonly Dictionary<string, string> Aliases = new()
    {
        ["embed.hook_out"] = Embed,
        ["pos_embed.hook_out"] = PositionEmbed,
        ["unembed.hook_out"] = Unembed,
    };

    private static readonly Dictionary<string, string> BlockAliases = new()
    {
        ["hook_out"] = ResidPost,
        ["attn.q.hook_out"] = Query,
        ["attn.k.hook_out"] = Key,
        ["attn.v.hook_out"] = Value,
        ["attn.o.hook_out"] = AttentionLinearOut,
        ["attn.hook_hidden_states"] = AttentionLinearOut,
        ["attn.hook_q_normed"] = QueryNorm + NormOut,
        ["attn.hook_k_normed"] = KeyNorm + NormOut,
        ["mlp.in.hook_out"] = "mlp.in.hook_out",      // resolved by the trace: hook_pre, or hook_pre_linear where gated
        ["mlp.gate.hook_out"] = MlpPre,
        ["mlp.out.hook_out"] = MlpLinearOut,
    };
}
