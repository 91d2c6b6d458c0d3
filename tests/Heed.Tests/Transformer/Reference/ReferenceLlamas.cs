using System.Text.Json.Nodes;
using static Heed.Tests.Transformer.Reference.ReferenceModel;

namespace Heed.Tests.Transformer.Reference;

/// <summary>The families in Llama's words, layer by layer as transformers' modeling files go.</summary>
internal static class ReferenceLlamas
{
    /// <summary>The sizes that all of them have.</summary>
    private sealed class Sizes(ReferenceModel m, int[] ids)
    {
        public readonly int V = m.Int("vocab_size"), D = m.Int("hidden_size"), L = m.Int("num_hidden_layers"), H = m.Int("num_attention_heads"),
            K = m.Int("num_key_value_heads", m.Int("num_attention_heads")), F = m.Int("intermediate_size"), T = ids.Length,
            d = m.Int("head_dim", m.Int("hidden_size") / m.Int("num_attention_heads"));
        public readonly double Eps = m.Float("rms_norm_eps", m.Float("layer_norm_eps", m.Float("norm_epsilon",
            m.Text("model_type", "") is "mixtral" or "olmo" or "olmo2" or "phi3" or "phi" or "stablelm" or "starcoder2" or "cohere" ? 1e-5 : 1e-6))); // the classes' defaults
        public double Scale => 1 / Math.Sqrt(d);

        public ReferenceRotary Rotary(double part = 1, double theta = 10_000)
        {
            var rope = (m.Config["rope_scaling"] ?? m.Config["rope_parameters"])?.DeepClone().AsObject() ?? [];
            rope["rope_theta"] ??= m.Float("rope_theta", theta);
            part = rope["partial_rotary_factor"]?.GetValue<double>() ?? m.Float("partial_rotary_factor", part);
            return new(rope, (int)(d * part), T, m.Int("max_position_embeddings"), m.Config["original_max_position_embeddings"]?.GetValue<int>());
        }
    }

    private static double[][] Gated(ReferenceModel m, double[][] x, string p, int width, string act, bool bias = false)
        => m.Linear(Times(Act(m.Linear(x, $"{p}gate_proj", width, bias), act), m.Linear(x, $"{p}up_proj", width, bias)), $"{p}down_proj", x[0].Length, bias);

    /// <summary>LlamaForCausalLM; also Mistral, Qwen 2 and 3, SmolLM3 and Granite, whose files repeat it with the differences named here.</summary>
    public static double[][] Llama(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var family = m.Text("model_type", "llama");
        var act = m.Text("hidden_act", "silu");
        var bias = m.Bool("attention_bias", false);
        var rotary = s.Rotary(theta: family == "smollm3" ? 2_000_000 : 10_000);
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        if (family == "granite") x = Add(x, x, m.Float("embedding_multiplier", 1) - 1);
        var residual = family == "granite" ? m.Float("residual_multiplier", 1) : 1;
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var n = m.Rms(x, $"{p}input_layernorm", s.Eps);
            var q = m.Linear(n, $"{p}self_attn.q_proj", s.H * s.d, bias || family == "qwen2");
            var k = m.Linear(n, $"{p}self_attn.k_proj", s.K * s.d, bias || family == "qwen2");
            var v = m.Linear(n, $"{p}self_attn.v_proj", s.K * s.d, bias || family == "qwen2");
            if (family == "qwen3")
            {
                q = PerHead(q, s.H, (y, _) => m.Rms(y, $"{p}self_attn.q_norm", s.Eps));
                k = PerHead(k, s.K, (y, _) => m.Rms(y, $"{p}self_attn.k_norm", s.Eps));
            }
            var rotates = family != "smollm3" || (m.Config["no_rope_layers"] is { } list ? list[i]!.GetValue<int>() == 1 : (i + 1) % m.Int("no_rope_layer_interval", 4) != 0);
            if (rotates) (q, k) = (rotary.Halves(q, s.H), rotary.Halves(k, s.K));
            int? window = family switch
            {
                "mistral" => m.Config.ContainsKey("sliding_window") ? m.Config["sliding_window"]?.GetValue<int>() : 4096,
                "qwen2" or "qwen3" or "smollm3" when m.Bool("use_sliding_window", false) =>
                    (m.Config["layer_types"]?[i]!.GetValue<string>() is { } type ? type == "sliding_attention"
                        : family == "smollm3" ? !rotates : i >= m.Int("max_window_layers", 28)) ? m.Config["sliding_window"]?.GetValue<int>() : null,
                _ => null,
            };
            var a = m.Attend(q, k, v, s.H, s.K, family == "granite" ? m.Float("attention_multiplier", 1) : s.Scale, window);
            x = Add(x, m.Linear(a, $"{p}self_attn.o_proj", s.D, bias), residual);
            x = Add(x, Gated(m, m.Rms(x, $"{p}post_attention_layernorm", s.Eps), $"{p}mlp.", s.F, act, m.Bool("mlp_bias", false)), residual);
        }
        var logits = ReferenceGpts.Head(m, m.Rms(x, "model.norm", s.Eps), "model.embed_tokens.weight", tied: family == "smollm3", s.V);
        return family == "granite" ? Array.ConvertAll(logits, r => Array.ConvertAll(r, v => v / m.Float("logits_scaling", 1))) : logits;
    }

    /// <summary>MixtralForCausalLM and Qwen3MoeForCausalLM.</summary>
    public static double[][] Experts(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var qwen = m.Text("model_type", "") == "qwen3_moe";
        var act = m.Text("hidden_act", "silu");
        var bias = m.Bool("attention_bias", false);
        var rotary = s.Rotary(theta: qwen ? 10_000 : 1_000_000);
        int count = m.Int(qwen ? "num_experts" : "num_local_experts"), used = m.Int("num_experts_per_tok");
        int? window = qwen && !m.Bool("use_sliding_window", false) ? null : m.Config["sliding_window"]?.GetValue<int>();
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var n = m.Rms(x, $"{p}input_layernorm", s.Eps);
            var q = m.Linear(n, $"{p}self_attn.q_proj", s.H * s.d, bias);
            var k = m.Linear(n, $"{p}self_attn.k_proj", s.K * s.d, bias);
            if (qwen)
            {
                q = PerHead(q, s.H, (y, _) => m.Rms(y, $"{p}self_attn.q_norm", s.Eps));
                k = PerHead(k, s.K, (y, _) => m.Rms(y, $"{p}self_attn.k_norm", s.Eps));
            }
            var a = m.Attend(rotary.Halves(q, s.H), rotary.Halves(k, s.K), m.Linear(n, $"{p}self_attn.v_proj", s.K * s.d, bias), s.H, s.K, s.Scale, window);
            x = Add(x, m.Linear(a, $"{p}self_attn.o_proj", s.D, bias));
            n = m.Rms(x, $"{p}post_attention_layernorm", s.Eps);
            var sparse = !qwen || (!(m.Config["mlp_only_layers"]?.AsArray().Any(l => l!.GetValue<int>() == i) ?? false) && (i + 1) % m.Int("decoder_sparse_step", 1) == 0);
            x = Add(x, sparse ? Mixture(n, p) : Gated(m, n, $"{p}mlp.", s.F, act));
        }
        return ReferenceGpts.Head(m, m.Rms(x, "model.norm", s.Eps), "model.embed_tokens.weight", tied: false, s.V);

        double[][] Mixture(double[][] n, string p)
        {
            var width = qwen ? m.Int("moe_intermediate_size") : s.F;
            var router = m.Linear(n, qwen ? $"{p}mlp.gate" : $"{p}block_sparse_moe.gate", count, false);
            var outputs = Enumerable.Range(0, count).Select(e => qwen
                ? Gated(m, n, $"{p}mlp.experts.{e}.", width, act)
                : m.Linear(Times(Act(m.Linear(n, $"{p}block_sparse_moe.experts.{e}.w1", width, false), act), m.Linear(n, $"{p}block_sparse_moe.experts.{e}.w3", width, false)),
                    $"{p}block_sparse_moe.experts.{e}.w2", s.D, false)).ToArray();
            return n.Select((_, t) =>
            {
                var weights = Softmax(router[t]);
                var chosen = Enumerable.Range(0, count).OrderByDescending(e => weights[e]).Take(used).ToArray();
                var sum = !qwen || m.Bool("norm_topk_prob", false) ? chosen.Sum(e => weights[e]) : 1;
                return Enumerable.Range(0, s.D).Select(j => chosen.Sum(e => weights[e] / sum * outputs[e][t][j])).ToArray();
            }).ToArray();
        }
    }

    /// <summary>GemmaForCausalLM, Gemma2ForCausalLM and Gemma3ForCausalLM.</summary>
    public static double[][] Gemma(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var type = m.Text("model_type", "gemma");
        var act = type == "gemma" ? m.Text("hidden_act", "gelu_pytorch_tanh") : m.Text("hidden_activation", "gelu_pytorch_tanh");
        var bias = m.Bool("attention_bias", false);
        double? Cap(string key, double? fallback) => m.Config.ContainsKey(key) ? m.Config[key]?.GetValue<double>() : fallback;
        var (scoreCap, logitCap) = type == "gemma" ? (null, null)
            : (Cap("attn_logit_softcapping", type == "gemma2" ? 50 : null), Cap("final_logit_softcapping", type == "gemma2" ? 30 : null));
        ReferenceRotary full, local;
        if (type != "gemma3_text") full = local = s.Rotary();
        else if (m.Config["rope_parameters"]?["full_attention"] is JsonObject nested)
        {
            full = new(nested, s.d, s.T, m.Int("max_position_embeddings"));
            local = new(m.Config["rope_parameters"]!["sliding_attention"]!.AsObject(), s.d, s.T, m.Int("max_position_embeddings"));
        }
        else
        {
            full = s.Rotary(theta: 1_000_000);
            local = new(new JsonObject { ["rope_theta"] = m.Float("rope_local_base_freq", 10_000) }, s.d, s.T, m.Int("max_position_embeddings"));
        }
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        x = Array.ConvertAll(x, r => Array.ConvertAll(r, v => v * Math.Sqrt(s.D)));
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            double[][] Norm(double[][] y, string name) => m.Rms(y, $"{p}{name}", s.Eps, plus: 1);
            var n = Norm(x, "input_layernorm");
            var q = m.Linear(n, $"{p}self_attn.q_proj", s.H * s.d, bias);
            var k = m.Linear(n, $"{p}self_attn.k_proj", s.K * s.d, bias);
            if (type == "gemma3_text")
            {
                q = PerHead(q, s.H, (y, _) => Norm(y, "self_attn.q_norm"));
                k = PerHead(k, s.K, (y, _) => Norm(y, "self_attn.k_norm"));
            }
            var slides = type != "gemma" && (m.Config["layer_types"]?[i]!.GetValue<string>() is { } kind ? kind == "sliding_attention"
                : (i + 1) % (type == "gemma2" ? 2 : m.Int("sliding_window_pattern", 6)) != 0);
            var rotary = slides ? local : full;
            var scale = type == "gemma" ? s.Scale : 1 / Math.Sqrt(m.Float("query_pre_attn_scalar", 256));
            var a = m.Attend(rotary.Halves(q, s.H), rotary.Halves(k, s.K), m.Linear(n, $"{p}self_attn.v_proj", s.K * s.d, bias), s.H, s.K, scale,
                slides ? m.Int("sliding_window", 4096) : null, scoreCap);
            a = m.Linear(a, $"{p}self_attn.o_proj", s.D, bias);
            if (type == "gemma")
            {
                x = Add(x, a);
                x = Add(x, Gated(m, Norm(x, "post_attention_layernorm"), $"{p}mlp.", s.F, act));
                continue;
            }
            x = Add(x, Norm(a, "post_attention_layernorm"));
            x = Add(x, Norm(Gated(m, Norm(x, "pre_feedforward_layernorm"), $"{p}mlp.", s.F, act), "post_feedforward_layernorm"));
        }
        var logits = ReferenceGpts.Head(m, m.Rms(x, "model.norm", s.Eps, plus: 1), "model.embed_tokens.weight", tied: true, s.V);
        return logitCap is { } c ? Array.ConvertAll(logits, r => Array.ConvertAll(r, v => c * Math.Tanh(v / c))) : logits;
    }

    /// <summary>PhiForCausalLM.</summary>
    public static double[][] Phi(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var rotary = s.Rotary(0.5);
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var n = m.LayerNorm(x, $"{p}input_layernorm", s.Eps);
            var q = m.Linear(n, $"{p}self_attn.q_proj", s.H * s.d, true);
            var k = m.Linear(n, $"{p}self_attn.k_proj", s.K * s.d, true);
            if (m.Bool("qk_layernorm", false))
            {
                q = PerHead(q, s.H, (y, _) => m.LayerNorm(y, $"{p}self_attn.q_layernorm", s.Eps));
                k = PerHead(k, s.K, (y, _) => m.LayerNorm(y, $"{p}self_attn.k_layernorm", s.Eps));
            }
            var a = m.Attend(rotary.Halves(q, s.H), rotary.Halves(k, s.K), m.Linear(n, $"{p}self_attn.v_proj", s.K * s.d, true), s.H, s.K, s.Scale);
            var f = m.Linear(Act(m.Linear(n, $"{p}mlp.fc1", s.F, true), m.Text("hidden_act", "gelu_new")), $"{p}mlp.fc2", s.D, true);
            x = Add(Add(m.Linear(a, $"{p}self_attn.dense", s.D, true), f), x);
        }
        return ReferenceGpts.Head(m, m.LayerNorm(x, "model.final_layernorm", s.Eps), "model.embed_tokens.weight", tied: false, s.V, bias: true);
    }

    /// <summary>Phi3ForCausalLM.</summary>
    public static double[][] Phi3(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var rotary = s.Rotary();
        int Q = s.H * s.d, KV = s.K * s.d;
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var qkv = m.Linear(m.Rms(x, $"{p}input_layernorm", s.Eps), $"{p}self_attn.qkv_proj", Q + 2 * KV, false);
            var a = m.Attend(rotary.Halves(Slice(qkv, 0, Q), s.H), rotary.Halves(Slice(qkv, Q, KV), s.K), Slice(qkv, Q + KV, KV), s.H, s.K, s.Scale, m.Config["sliding_window"]?.GetValue<int>());
            x = Add(x, m.Linear(a, $"{p}self_attn.o_proj", s.D, false));
            var up = m.Linear(m.Rms(x, $"{p}post_attention_layernorm", s.Eps), $"{p}mlp.gate_up_proj", 2 * s.F, false);
            x = Add(x, m.Linear(Times(Slice(up, s.F, s.F), Act(Slice(up, 0, s.F), m.Text("hidden_act", "silu"))), $"{p}mlp.down_proj", s.D, false));
        }
        return ReferenceGpts.Head(m, m.Rms(x, "model.norm", s.Eps), "model.embed_tokens.weight", tied: false, s.V);
    }

    /// <summary>OlmoForCausalLM.</summary>
    public static double[][] Olmo(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var rotary = s.Rotary();
        var bias = m.Bool("attention_bias", false);
        var limit = m.Float("clip_qkv", double.PositiveInfinity);
        double[][] Norm(double[][] y) => m.LayerNorm(y, "", s.Eps, affine: false);
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            double[][] Projected(string name, int outputs)
                => Array.ConvertAll(m.Linear(Norm(x), $"{p}self_attn.{name}", outputs, bias), r => Array.ConvertAll(r, v => Math.Max(-limit, Math.Min(limit, v))));
            var a = m.Attend(rotary.Halves(Projected("q_proj", s.H * s.d), s.H), rotary.Halves(Projected("k_proj", s.K * s.d), s.K),
                Projected("v_proj", s.K * s.d), s.H, s.K, s.Scale);
            x = Add(x, m.Linear(a, $"{p}self_attn.o_proj", s.D, bias));
            x = Add(x, Gated(m, Norm(x), $"{p}mlp.", s.F, m.Text("hidden_act", "silu")));
        }
        return ReferenceGpts.Head(m, Norm(x), "model.embed_tokens.weight", tied: false, s.V);
    }

    /// <summary>Olmo2ForCausalLM.</summary>
    public static double[][] Olmo2(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var rotary = s.Rotary();
        var bias = m.Bool("attention_bias", false);
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var q = m.Rms(m.Linear(x, $"{p}self_attn.q_proj", s.H * s.d, bias), $"{p}self_attn.q_norm", s.Eps);
            var k = m.Rms(m.Linear(x, $"{p}self_attn.k_proj", s.K * s.d, bias), $"{p}self_attn.k_norm", s.Eps);
            var a = m.Attend(rotary.Halves(q, s.H), rotary.Halves(k, s.K), m.Linear(x, $"{p}self_attn.v_proj", s.K * s.d, bias), s.H, s.K, s.Scale);
            x = Add(x, m.Rms(m.Linear(a, $"{p}self_attn.o_proj", s.D, bias), $"{p}post_attention_layernorm", s.Eps));
            x = Add(x, m.Rms(Gated(m, x, $"{p}mlp.", s.F, m.Text("hidden_act", "silu")), $"{p}post_feedforward_layernorm", s.Eps));
        }
        return ReferenceGpts.Head(m, m.Rms(x, "model.norm", s.Eps), "model.embed_tokens.weight", tied: false, s.V);
    }

    /// <summary>StableLmForCausalLM.</summary>
    public static double[][] StableLm(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var rotary = s.Rotary(0.25);
        var bias = m.Bool("use_qkv_bias", false);
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var n = m.LayerNorm(x, $"{p}input_layernorm", s.Eps);
            var q = m.Linear(n, $"{p}self_attn.q_proj", s.H * s.d, bias);
            var k = m.Linear(n, $"{p}self_attn.k_proj", s.K * s.d, bias);
            if (m.Bool("qk_layernorm", false))
            {
                q = PerHead(q, s.H, (y, h) => m.LayerNorm(y, $"{p}self_attn.q_layernorm.norms.{h}", s.Eps, bias: false));
                k = PerHead(k, s.K, (y, h) => m.LayerNorm(y, $"{p}self_attn.k_layernorm.norms.{h}", s.Eps, bias: false));
            }
            var a = m.Linear(m.Attend(rotary.Halves(q, s.H), rotary.Halves(k, s.K), m.Linear(n, $"{p}self_attn.v_proj", s.K * s.d, bias), s.H, s.K, s.Scale), $"{p}self_attn.o_proj", s.D, false);
            if (m.Bool("use_parallel_residual", false)) x = Add(Add(x, a), Gated(m, n, $"{p}mlp.", s.F, m.Text("hidden_act", "silu")));
            else
            {
                x = Add(x, a);
                x = Add(x, Gated(m, m.LayerNorm(x, $"{p}post_attention_layernorm", s.Eps), $"{p}mlp.", s.F, m.Text("hidden_act", "silu")));
            }
        }
        return ReferenceGpts.Head(m, m.LayerNorm(x, "model.norm", s.Eps), "model.embed_tokens.weight", tied: false, s.V);
    }

    /// <summary>Starcoder2ForCausalLM.</summary>
    public static double[][] Starcoder2(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var rotary = s.Rotary();
        var bias = m.Bool("use_bias", true);
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var n = m.LayerNorm(x, $"{p}input_layernorm", s.Eps);
            var q = rotary.Halves(m.Linear(n, $"{p}self_attn.q_proj", s.H * s.d, bias), s.H);
            var k = rotary.Halves(m.Linear(n, $"{p}self_attn.k_proj", s.K * s.d, bias), s.K);
            var a = m.Attend(q, k, m.Linear(n, $"{p}self_attn.v_proj", s.K * s.d, bias), s.H, s.K, s.Scale, m.Config["sliding_window"]?.GetValue<int>());
            x = Add(x, m.Linear(a, $"{p}self_attn.o_proj", s.D, bias));
            n = m.LayerNorm(x, $"{p}post_attention_layernorm", s.Eps);
            x = Add(x, m.Linear(Act(m.Linear(n, $"{p}mlp.c_fc", s.F, bias), m.Text("hidden_act", "gelu_pytorch_tanh")), $"{p}mlp.c_proj", s.D, bias));
        }
        return ReferenceGpts.Head(m, m.LayerNorm(x, "model.norm", s.Eps), "model.embed_tokens.weight", tied: true, s.V);
    }

    /// <summary>CohereForCausalLM.</summary>
    public static double[][] Cohere(ReferenceModel m, int[] ids)
    {
        var s = new Sizes(m, ids);
        var rotary = s.Rotary(theta: 500_000);
        var bias = m.Bool("attention_bias", false);
        double[][] Norm(double[][] y, string name) => m.LayerNorm(y, name, s.Eps, bias: false);
        var x = m.Embed("model.embed_tokens.weight", s.V, s.D, ids);
        for (var i = 0; i < s.L; i++)
        {
            m.Hidden.Add(x);
            var p = $"model.layers.{i}.";
            var n = Norm(x, $"{p}input_layernorm");
            var q = m.Linear(n, $"{p}self_attn.q_proj", s.H * s.d, bias);
            var k = m.Linear(n, $"{p}self_attn.k_proj", s.K * s.d, bias);
            if (m.Bool("use_qk_norm", false))
            {
                var (qw, kw) = (m.Rows($"{p}self_attn.q_norm.weight", s.H, s.d), m.Rows($"{p}self_attn.k_norm.weight", s.K, s.d));
                q = PerHead(q, s.H, (y, h) => Array.ConvertAll(y, r => Normalized(r, s.Eps).Zip(qw[h], (u, w) => u * w).ToArray()));
                k = PerHead(k, s.K, (y, h) => Array.ConvertAll(y, r => Normalized(r, s.Eps).Zip(kw[h], (u, w) => u * w).ToArray()));
            }
            var a = m.Attend(rotary.Neighbours(q, s.H), rotary.Neighbours(k, s.K), m.Linear(n, $"{p}self_attn.v_proj", s.K * s.d, bias), s.H, s.K, s.Scale);
            x = Add(Add(x, m.Linear(a, $"{p}self_attn.o_proj", s.D, bias)), Gated(m, n, $"{p}mlp.", s.F, m.Text("hidden_act", "silu")));
        }
        var logits = ReferenceGpts.Head(m, Norm(x, "model.norm"), "model.embed_tokens.weight", tied: true, s.V);
        return Array.ConvertAll(logits, r => Array.ConvertAll(r, v => v * m.Float("logit_scale", 0.0625)));
    }
}
