using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Heed.Formats;

namespace Heed.Tests.Transformer.Reference;

/// <summary>Writes a reference model as GGUF in the way of llama.cpp's converter: its keys, its names, and what it permutes, adds, splits and stacks.</summary>
internal static partial class GgufConversion
{
    private static readonly Dictionary<string, string> s_architectures = new()
    {
        ["gpt_bigcode"] = "starcoder",
        ["gpt_neox"] = "gptneox",
        ["mixtral"] = "llama",
        ["qwen3_moe"] = "qwen3moe",
        ["gemma3_text"] = "gemma3",
        ["phi"] = "phi2",
        ["cohere"] = "command-r",
    };

    /// <summary>(Hugging Face's name, llama.cpp's): the first that fits counts.</summary>
    private static readonly (string From, string To)[] s_names =
    [
        (@"^(transformer\.wte|model\.embed_tokens|gpt_neox\.embed_in|transformer\.word_embeddings)\.", "token_embd."),
        (@"^transformer\.word_embeddings_layernorm\.", "token_embd_norm."),
        (@"^transformer\.wpe\.", "position_embd."),
        (@"^(transformer\.ln_f|model\.norm|model\.final_layernorm|gpt_neox\.final_layer_norm)\.", "output_norm."),
        (@"^(lm_head|embed_out)\.", "output."),
        (@"\.(ln_1|input_layernorm)\.", ".attn_norm."),
        (@"\.(attn\.c_attn|attention\.query_key_value|self_attention\.query_key_value|self_attn\.qkv_proj)\.", ".attn_qkv."),
        (@"\.self_attn\.(q|k|v)_proj\.", ".attn_$1."),
        (@"\.(attn\.c_proj|attention\.dense|self_attention\.dense|self_attn\.o_proj|self_attn\.dense)\.", ".attn_output."),
        (@"\.self_attn\.(q|k)_(norm|layernorm)\.", ".attn_$1_norm."),
        (@"\.(ln_2|pre_feedforward_layernorm)\.", ".ffn_norm."),
        (@"\.post_feedforward_layernorm\.", ".post_ffw_norm."),
        (@"\.mlp\.gate_proj\.", ".ffn_gate."),
        (@"\.mlp\.(up_proj|c_fc|fc1|dense_h_to_4h|gate_up_proj)\.", ".ffn_up."),
        (@"\.mlp\.(down_proj|c_proj|fc2|dense_4h_to_h)\.", ".ffn_down."),
        (@"\.(mlp|block_sparse_moe)\.gate\.", ".ffn_gate_inp."),
        (@"\.experts\.(gate_proj|w1)\.", ".ffn_gate_exps."),
        (@"\.experts\.(up_proj|w3)\.", ".ffn_up_exps."),
        (@"\.experts\.(down_proj|w2)\.", ".ffn_down_exps."),
    ];

    public static void Write(ReferenceModel m, string path)
    {
        var family = m.Config["model_type"]!.GetValue<string>();
        var writer = new GgufWriter();
        var arch = s_architectures.GetValueOrDefault(family, family);
        writer.Add("general.architecture", arch);
        void Set(string key, object value) => writer.Add($"{arch}.{key}", value);
        int Size(params string[] keys) => m.Int(keys.First(k => m.Config[k] is not null));
        int width = Size("hidden_size", "n_embd"), heads = Size("num_attention_heads", "n_head"), keyHeads = m.Int("num_key_value_heads", heads);
        var headSize = m.Int("head_dim", width / heads);
        Set("block_count", (uint)Size("num_hidden_layers", "n_layer"));
        Set("context_length", (uint)(family == "bloom" ? width : Size("max_position_embeddings", "n_positions")));
        Set("embedding_length", (uint)width);
        Set("feed_forward_length", (uint)m.Int("intermediate_size", 4 * width));
        Set("attention.head_count", (uint)heads);
        if (family is not ("gpt2" or "gpt_neox")) Set("attention.head_count_kv", (uint)(family == "gpt_bigcode" ? 1 : keyHeads));
        if (m.Config["head_dim"] is not null)
        {
            Set("attention.key_length", (uint)headSize);
            Set("attention.value_length", (uint)headSize);
        }
        if (family is "gpt2" or "gpt_bigcode" or "gpt_neox" or "bloom" or "phi" or "olmo" or "stablelm" or "starcoder2" or "cohere")
            Set("attention.layer_norm_epsilon", (float)m.Float("layer_norm_epsilon", m.Float("layer_norm_eps", m.Float("norm_epsilon", 1e-5))));
        else Set("attention.layer_norm_rms_epsilon", (float)m.Float("rms_norm_eps", family is "mixtral" or "olmo2" or "phi3" ? 1e-5 : 1e-6));
        Rotary(m, family, headSize, Set);
        Particulars(m, family, Set);
        writer.Write(path, Tensors(m, family, heads, keyHeads));
    }

    private static void Rotary(ReferenceModel m, string family, int headSize, Action<string, object> set)
    {
        if (family is "gpt2" or "gpt_bigcode" or "bloom") return;
        var rope = (m.Config["rope_scaling"] ?? m.Config["rope_parameters"])?.AsObject() ?? [];
        if (rope["full_attention"] is JsonObject full)
        {
            set("rope.freq_base_swa", (float)rope["sliding_attention"]!["rope_theta"]!.GetValue<double>());
            rope = full;
        }
        else if (family == "gemma3_text") set("rope.freq_base_swa", (float)m.Float("rope_local_base_freq", 10_000));
        float N(string key, double fallback) => rope[key] is { } v ? float.Parse(v.ToJsonString(), CultureInfo.InvariantCulture) : (float)fallback;
        var part = family switch { "gpt_neox" => N("partial_rotary_factor", m.Float("rotary_pct", 0.25)), "phi" => N("partial_rotary_factor", m.Float("partial_rotary_factor", 0.5)), "stablelm" => N("partial_rotary_factor", m.Float("partial_rotary_factor", 0.25)), _ => N("partial_rotary_factor", m.Float("partial_rotary_factor", 1)) };
        set("rope.dimension_count", (uint)(headSize * part));
        set("rope.freq_base", N("rope_theta", m.Float("rope_theta", m.Float("rotary_emb_base", family switch { "mixtral" or "gemma3_text" => 1_000_000, "smollm3" => 2_000_000, "cohere" => 500_000, _ => 10_000 }))));
        switch ((rope["rope_type"] ?? rope["type"])?.GetValue<string>())
        {
            case "linear":
                set("rope.scaling.type", "linear");
                set("rope.scaling.factor", N("factor", 1));
                break;
            case "yarn":
                set("rope.scaling.type", "yarn");
                set("rope.scaling.factor", N("factor", 1));
                set("rope.scaling.original_context_length", (uint)N("original_max_position_embeddings", 0));
                break;
            case "longrope":
                int original = m.Int("original_max_position_embeddings", 4096), longest = m.Int("max_position_embeddings");
                set("rope.scaling.type", "longrope");
                set("rope.scaling.original_context_length", (uint)original);
                set("rope.scaling.attn_factor", (float)(longest > original ? Math.Sqrt(1 + Math.Log((double)longest / original) / Math.Log(original)) : 1));
                break;
        }
    }

    private static void Particulars(ReferenceModel m, string family, Action<string, object> set)
    {
        switch (family)
        {
            case "gpt_neox" or "stablelm":
                set("use_parallel_residual", m.Bool("use_parallel_residual", family == "gpt_neox"));
                break;
            case "mixtral" or "qwen3_moe":
                set("expert_count", (uint)m.Int(family == "mixtral" ? "num_local_experts" : "num_experts"));
                set("expert_used_count", (uint)m.Int("num_experts_per_tok"));
                if (family == "qwen3_moe") set("expert_feed_forward_length", (uint)m.Int("moe_intermediate_size"));
                break;
            case "gemma2":
                set("attn_logit_softcapping", (float)m.Float("attn_logit_softcapping", 50));
                set("final_logit_softcapping", (float)m.Float("final_logit_softcapping", 30));
                set("attention.sliding_window", (uint)m.Int("sliding_window"));
                break;
            case "gemma3_text":
                set("attention.sliding_window", (uint)m.Int("sliding_window"));
                if (m.Config["layer_types"] is JsonArray types)
                    set("attention.sliding_window_pattern", types.Select(t => t!.GetValue<string>() == "sliding_attention").ToArray());
                else set("attention.sliding_window_pattern", (uint)m.Int("sliding_window_pattern", 6));
                break;
            case "phi3":
                set("attention.sliding_window", (uint)m.Int("sliding_window", 0));
                break;
            case "granite":
                set("attention.scale", (float)m.Float("attention_multiplier", 1));
                set("embedding_scale", (float)m.Float("embedding_multiplier", 1));
                set("residual_scale", (float)m.Float("residual_multiplier", 1));
                set("logit_scale", (float)m.Float("logits_scaling", 1));
                break;
            case "olmo":
                if (m.Config["clip_qkv"] is not null) set("attention.clamp_kqv", (float)m.Float("clip_qkv", 0));
                break;
            case "cohere":
                set("logit_scale", (float)m.Float("logit_scale", 0.0625));
                set("rope.scaling.type", "none");
                break;
        }
    }

    private static IEnumerable<TensorSource> Tensors(ReferenceModel m, string family, int heads, int keyHeads)
    {
        var stacks = new Dictionary<string, List<float[]>>();
        var shapes = new Dictionary<string, long[]>();
        foreach (var (name, (given, shape)) in m.Weights)
        {
            var (values, dimensions) = ((float[])given.Clone(), shape);
            var inLayer = Layer().Replace(name, "blk.$1.");
            if (family is "llama" or "mixtral" or "olmo" or "smollm3" or "granite")
            {
                if (name.Contains("q_proj")) values = Interleave(values, heads, (int)shape[0]);
                if (name.Contains("k_proj")) values = Interleave(values, keyHeads, (int)shape[0]);
            }
            if (family.StartsWith("gemma", StringComparison.Ordinal) && name.EndsWith("norm.weight", StringComparison.Ordinal)) values = Array.ConvertAll(values, v => v + 1);
            if (name.Contains("query_key_value")) values = HeadByHead(values, heads);
            if (family == "gpt2" && Conv().IsMatch(name)) (values, dimensions) = Transpose(values, shape);
            var renamed = family is "gemma2" or "gemma3_text" or "olmo2"
                ? inLayer.Replace(".post_attention_layernorm.", ".post_attention_norm.") : inLayer.Replace(".post_attention_layernorm.", ".ffn_norm.");
            // One tensor an expert, or a head's norm, becomes one of all of them, in order.
            var stacked = Expert().Replace(renamed, ".experts.").Replace(".norms.", "").Replace("mlp.experts", "experts").Replace("block_sparse_moe.experts", "experts");
            stacked = HeadNorm().Replace(stacked, "layernorm.weight");
            foreach (var (from, to) in s_names)
                if (Regex.IsMatch(stacked, from)) { stacked = Regex.Replace(stacked, from, to); break; }
            if (!stacks.TryGetValue(stacked, out var parts)) stacks[stacked] = parts = [];
            parts.Add(values);
            shapes[stacked] = dimensions;
        }
        foreach (var (name, parts) in stacks)
            yield return TensorSource.Of(name, [.. parts.SelectMany(p => p)], parts.Count == 1 ? shapes[name] : [parts.Count, .. shapes[name]]);
        if (m.Config["rope_parameters"] is { } rope && rope["rope_type"]?.GetValue<string>() == "llama3")
            yield return TensorSource.Of("rope_freqs.weight", Llama3Factors(rope, m.Int("head_dim")), m.Int("head_dim") / 2);
        if ((m.Config["rope_scaling"] ?? m.Config["rope_parameters"]) is { } longRope && longRope["long_factor"] is JsonArray factors)
        {
            yield return TensorSource.Of("rope_factors_long.weight", [.. factors.Select(f => (float)f!.GetValue<double>())], factors.Count);
            yield return TensorSource.Of("rope_factors_short.weight", [.. longRope["short_factor"]!.AsArray().Select(f => (float)f!.GetValue<double>())], factors.Count);
        }
    }

    private static float[] Llama3Factors(JsonNode rope, int dimensions)
    {
        double N(string key) => rope[key]!.GetValue<double>();
        double length = rope["original_max_position_embeddings"]!.GetValue<int>(), low = N("low_freq_factor"), high = N("high_freq_factor");
        return [.. Enumerable.Range(0, dimensions / 2).Select(i =>
        {
            var wave = 2 * Math.PI * Math.Pow(N("rope_theta"), 2.0 * i / dimensions);
            if (wave < length / high) return 1f;
            if (wave > length / low) return (float)N("factor");
            var smooth = (length / wave - low) / (high - low);
            return (float)(1 / ((1 - smooth) / N("factor") + smooth));
        })];
    }

    /// <summary>Rows of each head's two halves taken in turn.</summary>
    private static float[] Interleave(float[] values, int heads, int rows)
    {
        var (size, width) = (rows / heads, values.Length / rows);
        var result = new float[values.Length];
        for (var r = 0; r < rows; r++)
        {
            var (head, i) = (r / size, r % size);
            var from = head * size + (i % 2 == 0 ? i / 2 : size / 2 + i / 2);
            values.AsSpan(from * width, width).CopyTo(result.AsSpan(r * width));
        }
        return result;
    }

    private static float[] HeadByHead(float[] values, int heads)
    {
        var part = values.Length / heads / 3;
        return [.. Enumerable.Range(0, 3).SelectMany(p => Enumerable.Range(0, heads).SelectMany(h => values[((3 * h + p) * part)..((3 * h + p + 1) * part)]))];
    }

    private static (float[], long[]) Transpose(float[] values, long[] shape)
    {
        var (rows, columns) = ((int)shape[0], (int)shape[1]);
        var result = new float[values.Length];
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
        return (result, [columns, rows]);
    }

    [GeneratedRegex(@"^(?:transformer\.h|model\.layers|gpt_neox\.layers)\.(\d+)\.")]
    private static partial Regex Layer();

    [GeneratedRegex(@"\.experts\.\d+\.")]
    private static partial Regex Expert();

    [GeneratedRegex(@"layernorm\d+\.weight")]
    private static partial Regex HeadNorm();

    [GeneratedRegex(@"(c_attn|c_proj|c_fc)\.weight$")]
    private static partial Regex Conv();
}
