using static Heed.Tests.Transformer.Reference.ReferenceModel;

namespace Heed.Tests.Transformer.Reference;

/// <summary>The families with a plain MLP, step by step as transformers' modeling files go.</summary>
internal static class ReferenceGpts
{
    public static double[][] Gpt2(ReferenceModel m, int[] ids)
    {
        int V = m.Int("vocab_size"), D = m.Int("n_embd"), H = m.Int("n_head"), P = m.Int("n_positions"), F = m.Int("n_inner", 4 * D);
        var eps = m.Float("layer_norm_epsilon", 1e-5);
        var root = m.Text("_root", "transformer.");
        var x = Add(m.Embed($"{root}wte.weight", V, D, ids), m.Embed($"{root}wpe.weight", P, D, [.. Enumerable.Range(0, ids.Length)]));
        for (var i = 0; i < m.Int("n_layer"); i++)
        {
            m.Hidden.Add(x);
            var p = $"{root}h.{i}.";
            var qkv = m.Conv1D(m.LayerNorm(x, $"{p}ln_1", eps), $"{p}attn.c_attn", 3 * D);
            var scale = m.Bool("scale_attn_weights", true) ? 1 / Math.Sqrt(D / H) : 1;
            if (m.Bool("scale_attn_by_inverse_layer_idx", false)) scale /= i + 1;
            var a = m.Attend(Slice(qkv, 0, D), Slice(qkv, D, D), Slice(qkv, 2 * D, D), H, H, scale);
            x = Add(x, m.Conv1D(a, $"{p}attn.c_proj", D));
            var f = Act(m.Conv1D(m.LayerNorm(x, $"{p}ln_2", eps), $"{p}mlp.c_fc", F), m.Text("activation_function", "gelu_new"));
            x = Add(x, m.Conv1D(f, $"{p}mlp.c_proj", D));
        }
        return Head(m, m.LayerNorm(x, $"{root}ln_f", eps), $"{root}wte.weight", tied: true, V);
    }

    public static double[][] GptBigCode(ReferenceModel m, int[] ids)
    {
        int V = m.Int("vocab_size"), D = m.Int("n_embd"), H = m.Int("n_head"), P = m.Int("n_positions"), F = m.Int("n_inner", 4 * D), d = D / H;
        var eps = m.Float("layer_norm_epsilon", 1e-5);
        var x = Add(m.Embed("transformer.wte.weight", V, D, ids), m.Embed("transformer.wpe.weight", P, D, [.. Enumerable.Range(0, ids.Length)]));
        for (var i = 0; i < m.Int("n_layer"); i++)
        {
            m.Hidden.Add(x);
            var p = $"transformer.h.{i}.";
            var scale = m.Bool("scale_attn_weights", true) ? 1 / Math.Sqrt(d) : 1;
            double[][] a;
            if (m.Bool("multi_query", true))
            {
                var qkv = m.Linear(m.LayerNorm(x, $"{p}ln_1", eps), $"{p}attn.c_attn", D + 2 * d, true);
                a = m.Attend(Slice(qkv, 0, D), Slice(qkv, D, d), Slice(qkv, D + d, d), H, 1, scale);
            }
            else
            {
                var (q, k, v) = HeadByHead(m.Linear(m.LayerNorm(x, $"{p}ln_1", eps), $"{p}attn.c_attn", 3 * D, true), H);
                a = m.Attend(q, k, v, H, H, scale);
            }
            x = Add(x, m.Linear(a, $"{p}attn.c_proj", D, true));
            var f = Act(m.Linear(m.LayerNorm(x, $"{p}ln_2", eps), $"{p}mlp.c_fc", F, true), m.Text("activation_function", "gelu_pytorch_tanh"));
            x = Add(x, m.Linear(f, $"{p}mlp.c_proj", D, true));
        }
        return Head(m, m.LayerNorm(x, "transformer.ln_f", eps), "transformer.wte.weight", tied: true, V);
    }

    public static double[][] GptNeo(ReferenceModel m, int[] ids)
    {
        int V = m.Int("vocab_size"), D = m.Int("hidden_size"), H = m.Int("num_heads"), P = m.Int("max_position_embeddings"), F = m.Int("intermediate_size", 4 * D);
        var eps = m.Float("layer_norm_epsilon", 1e-5);
        var kinds = new List<string>();
        foreach (var item in m.Config["attention_types"]!.AsArray())
            for (var n = 0; n < item![1]!.GetValue<int>(); n++)
                kinds.AddRange(item[0]!.AsArray().Select(k => k!.GetValue<string>()));
        var x = Add(m.Embed("transformer.wte.weight", V, D, ids), m.Embed("transformer.wpe.weight", P, D, [.. Enumerable.Range(0, ids.Length)]));
        for (var i = 0; i < m.Int("num_layers"); i++)
        {
            m.Hidden.Add(x);
            var p = $"transformer.h.{i}.";
            var n = m.LayerNorm(x, $"{p}ln_1", eps);
            double[][] Part(string name) => m.Linear(n, $"{p}attn.attention.{name}_proj", D, false);
            var a = m.Attend(Part("q"), Part("k"), Part("v"), H, H, 1, kinds[i] == "local" ? m.Int("window_size") : null);
            x = Add(x, m.Linear(a, $"{p}attn.attention.out_proj", D, true));
            var f = Act(m.Linear(m.LayerNorm(x, $"{p}ln_2", eps), $"{p}mlp.c_fc", F, true), m.Text("activation_function", "gelu_new"));
            x = Add(x, m.Linear(f, $"{p}mlp.c_proj", D, true));
        }
        return Head(m, m.LayerNorm(x, "transformer.ln_f", eps), "transformer.wte.weight", tied: true, V);
    }

    public static double[][] GptJ(ReferenceModel m, int[] ids)
    {
        int V = m.Int("vocab_size"), D = m.Int("n_embd"), H = m.Int("n_head"), F = m.Int("n_inner", 4 * D), d = D / H;
        var eps = m.Float("layer_norm_epsilon", 1e-5);
        var rotary = new ReferenceRotary([], m.Int("rotary_dim", D), ids.Length, m.Int("n_positions"));
        var x = m.Embed("transformer.wte.weight", V, D, ids);
        for (var i = 0; i < m.Int("n_layer"); i++)
        {
            m.Hidden.Add(x);
            var p = $"transformer.h.{i}.";
            var n = m.LayerNorm(x, $"{p}ln_1", eps);
            double[][] Part(string name) => m.Linear(n, $"{p}attn.{name}_proj", D, false);
            var a = m.Linear(m.Attend(rotary.Neighbours(Part("q"), H), rotary.Neighbours(Part("k"), H), Part("v"), H, H, 1 / Math.Sqrt(d)), $"{p}attn.out_proj", D, false);
            var f = m.Linear(Act(m.Linear(n, $"{p}mlp.fc_in", F, true), m.Text("activation_function", "gelu_new")), $"{p}mlp.fc_out", D, true);
            x = Add(Add(a, f), x);
        }
        return Head(m, m.LayerNorm(x, "transformer.ln_f", eps), "transformer.wte.weight", tied: false, V, bias: true);
    }

    public static double[][] GptNeoX(ReferenceModel m, int[] ids)
    {
        int V = m.Int("vocab_size"), D = m.Int("hidden_size"), H = m.Int("num_attention_heads"), F = m.Int("intermediate_size"), d = D / H;
        var eps = m.Float("layer_norm_eps", 1e-5);
        var rope = (m.Config["rope_scaling"] ?? m.Config["rope_parameters"])?.DeepClone().AsObject() ?? [];
        rope["rope_theta"] ??= m.Float("rotary_emb_base", 10_000);
        var part = rope["partial_rotary_factor"]?.GetValue<double>() ?? m.Float("rotary_pct", 0.25);
        var rotary = new ReferenceRotary(rope, (int)(d * part), ids.Length, m.Int("max_position_embeddings"));
        var bias = m.Bool("attention_bias", true);
        var x = m.Embed("gpt_neox.embed_in.weight", V, D, ids);
        for (var i = 0; i < m.Int("num_hidden_layers"); i++)
        {
            m.Hidden.Add(x);
            var p = $"gpt_neox.layers.{i}.";
            var (q, k, v) = HeadByHead(m.Linear(m.LayerNorm(x, $"{p}input_layernorm", eps), $"{p}attention.query_key_value", 3 * D, bias), H);
            var a = m.Linear(m.Attend(rotary.Halves(q, H), rotary.Halves(k, H), v, H, H, 1 / Math.Sqrt(d)), $"{p}attention.dense", D, bias);
            double[][] Mlp(double[][] y) => m.Linear(Act(m.Linear(m.LayerNorm(y, $"{p}post_attention_layernorm", eps), $"{p}mlp.dense_h_to_4h", F, true),
                m.Text("hidden_act", "gelu")), $"{p}mlp.dense_4h_to_h", D, true);
            if (m.Bool("use_parallel_residual", true)) x = Add(Add(Mlp(x), a), x);
            else
            {
                x = Add(a, x);
                x = Add(Mlp(x), x);
            }
        }
        var final = m.LayerNorm(x, "gpt_neox.final_layer_norm", eps);
        m.Hidden.Add(final);
        return m.Linear(final, "embed_out", V, false);
    }

    public static double[][] Opt(ReferenceModel m, int[] ids)
    {
        int V = m.Int("vocab_size"), D = m.Int("hidden_size"), H = m.Int("num_attention_heads"), F = m.Int("ffn_dim"), P = m.Int("max_position_embeddings"), E = m.Int("word_embed_proj_dim", D);
        bool bias = m.Bool("enable_bias", true), affine = m.Bool("layer_norm_elementwise_affine", true), before = m.Bool("do_layer_norm_before", true);
        const string Root = "model.decoder.";
        var x = m.Embed($"{Root}embed_tokens.weight", V, E, ids);
        if (E != D) x = m.Linear(x, $"{Root}project_in", D, false);
        x = Add(x, m.Embed($"{Root}embed_positions.weight", P + 2, D, [.. Enumerable.Range(2, ids.Length)]));
        for (var i = 0; i < m.Int("num_hidden_layers"); i++)
        {
            m.Hidden.Add(x);
            var p = $"{Root}layers.{i}.";
            double[][] Norm(double[][] y, string name) => m.LayerNorm(y, $"{p}{name}", 1e-5, affine: affine);
            var n = before ? Norm(x, "self_attn_layer_norm") : x;
            double[][] Part(string name) => m.Linear(n, $"{p}self_attn.{name}_proj", D, bias);
            x = Add(x, m.Linear(m.Attend(Part("q"), Part("k"), Part("v"), H, H, 1 / Math.Sqrt(D / H)), $"{p}self_attn.out_proj", D, bias));
            if (!before) x = Norm(x, "self_attn_layer_norm");
            var f = before ? Norm(x, "final_layer_norm") : x;
            x = Add(x, m.Linear(Act(m.Linear(f, $"{p}fc1", F, bias), m.Text("activation_function", "relu")), $"{p}fc2", D, bias));
            if (!before) x = Norm(x, "final_layer_norm");
        }
        if (before && !m.Bool("_remove_final_layer_norm", false)) x = m.LayerNorm(x, $"{Root}final_layer_norm", 1e-5, affine: affine);
        if (E != D) x = m.Linear(x, $"{Root}project_out", E, false);
        else m.Hidden.Add(x);
        return Apply(x, m.Rows($"{Root}embed_tokens.weight", V, E), null);
    }

    public static double[][] Bloom(ReferenceModel m, int[] ids)
    {
        int V = m.Int("vocab_size"), D = m.Int("hidden_size"), H = m.Int("n_head");
        var eps = m.Float("layer_norm_epsilon", 1e-5);
        // build_alibi_tensor: slopes of the next smaller power of two, then every other of the next larger one.
        var power = 1;
        while (power * 2 <= H) power *= 2;
        var slopes = Enumerable.Range(1, power).Select(n => Math.Pow(2, -8.0 / power * n))
            .Concat(Enumerable.Range(0, H - power).Select(n => Math.Pow(2, -4.0 / power * (2 * n + 1)))).ToArray();
        var after = m.Bool("apply_residual_connection_post_layernorm", false);
        var x = m.LayerNorm(m.Embed("transformer.word_embeddings.weight", V, D, ids), "transformer.word_embeddings_layernorm", eps);
        for (var i = 0; i < m.Int("n_layer"); i++)
        {
            m.Hidden.Add(x);
            var p = $"transformer.h.{i}.";
            var n = m.LayerNorm(x, $"{p}input_layernorm", eps);
            var (q, k, v) = HeadByHead(m.Linear(n, $"{p}self_attention.query_key_value", 3 * D, true), H);
            var a = m.Attend(q, k, v, H, H, 1 / Math.Sqrt(D / H), bias: (h, _, s) => slopes[h] * s);
            x = Add(after ? n : x, m.Linear(a, $"{p}self_attention.dense", D, true));
            n = m.LayerNorm(x, $"{p}post_attention_layernorm", eps);
            var f = Act(m.Linear(n, $"{p}mlp.dense_h_to_4h", 4 * D, true), "gelu_new");
            x = Add(after ? n : x, m.Linear(f, $"{p}mlp.dense_4h_to_h", D, true));
        }
        return Head(m, m.LayerNorm(x, "transformer.ln_f", eps), "transformer.word_embeddings.weight", tied: true, V);
    }

    /// <summary>Splits rows that hold q, k and v of the first head, then of the second …</summary>
    private static (double[][] Q, double[][] K, double[][] V) HeadByHead(double[][] x, int heads)
    {
        var d = x[0].Length / heads / 3;
        double[][] Part(int part) => Array.ConvertAll(x, r => Enumerable.Range(0, heads).SelectMany(h => r[((3 * h + part) * d)..((3 * h + part + 1) * d)]).ToArray());
        return (Part(0), Part(1), Part(2));
    }

    public static double[][] Head(ReferenceModel m, double[][] final, string embedding, bool tied, int vocabulary, bool bias = false)
    {
        m.Hidden.Add(final);
        return m.Bool("tie_word_embeddings", tied)
            ? Apply(final, m.Rows(embedding, vocabulary, final[0].Length), bias ? m.W("lm_head.bias", vocabulary) : null)
            : m.Linear(final, "lm_head", vocabulary, bias);
    }
}
