using System.Text;
using Heed.Families;

namespace Heed.Tests.Transformer;

/// <summary>config.json: every option is honoured or refused by name, and every spelling means the same.</summary>
public class ConfigurationTests
{
    private const string Llama = "\"vocab_size\":61,\"hidden_size\":24,\"num_hidden_layers\":3,\"num_attention_heads\":4,\"num_key_value_heads\":2,\"intermediate_size\":40,\"max_position_embeddings\":64";
    private const string Gpt = "\"vocab_size\":61,\"n_embd\":24,\"n_layer\":3,\"n_head\":4,\"n_positions\":32";
    private const string Opt = "\"vocab_size\":61,\"hidden_size\":24,\"num_hidden_layers\":3,\"num_attention_heads\":4,\"ffn_dim\":40,\"max_position_embeddings\":32";

    private static TransformerConfig Read(string family, string options)
        => CheckpointLoader.ReadConfig(ConfigReader.Parse("config.json", Encoding.UTF8.GetBytes($"{{\"model_type\":\"{family}\",{options}}}"))).Item2;

    public static TheoryData<string, string, string> Refused => new()
    {
        // options of the family that Heed does not do
        { "gpt2", $"{Gpt},\"add_cross_attention\":true", "add_cross_attention" },
        { "gpt2", $"{Gpt},\"is_encoder_decoder\":true", "is_encoder_decoder" },
        { "gpt2", $"{Gpt},\"pruned_heads\":{{\"0\":[1]}}", "pruned_heads" },
        { "gptj", $"{Gpt},\"rotary_dim\":null", "rotary_dim" },
        { "gptj", $"{Gpt},\"rotary_dim\":5", "rotary_dim" },
        { "gptj", $"{Gpt},\"rotary_dim\":8", "rotary_dim" },
        { "gptj", $"{Gpt},\"rotary\":false", "rotary" },
        { "gptj", $"{Gpt},\"scale_attn_weights\":false", "scale_attn_weights" },
        { "bloom", "\"vocab_size\":61,\"hidden_size\":24,\"n_layer\":3,\"n_head\":4,\"n_inner\":50", "n_inner" },
        { "gemma", $"{Llama},\"use_bidirectional_attention\":true", "use_bidirectional_attention" },
        { "gemma2", $"{Llama},\"use_bidirectional_attention\":true", "use_bidirectional_attention" },
        { "gemma3_text", $"{Llama},\"use_bidirectional_attention\":true", "use_bidirectional_attention" },
        { "starcoder2", $"{Llama},\"norm_type\":\"rms_norm\"", "norm_type" },
        { "starcoder2", $"{Llama},\"mlp_type\":\"gated\"", "mlp_type" },
        { "llama", $"{Llama},\"rope_interleaved\":true", "rope_interleaved" },
        { "llama", $"{Llama},\"partial_rotary_factor\":0.5", "partial_rotary_factor" },
        { "phi", $"{Llama},\"head_dim\":8", "head_dim" },
        { "phi3", $"{Llama},\"attention_bias\":true", "attention_bias" },
        { "qwen2", $"{Llama},\"layer_types\":[\"sliding_attention\",\"full_attention\",\"full_attention\"]", "layer_types" },
        { "qwen2", $"{Llama},\"layer_types\":[\"full_attention\"]", "layer_types" },
        { "qwen2", $"{Llama},\"layer_types\":[\"full_attention\",\"linear_attention\",\"full_attention\"]", "linear_attention" },
        { "smollm3", $"{Llama},\"no_rope_layers\":[1,2,1]", "no_rope_layers" },
        { "gpt_neo", "\"vocab_size\":61,\"hidden_size\":24,\"num_layers\":3,\"num_heads\":4,\"attention_types\":[[[\"global\",\"strided\",\"local\"],1]]", "attention_types" },
        { "gpt_neo", "\"vocab_size\":61,\"hidden_size\":24,\"num_layers\":3,\"num_heads\":4,\"attention_types\":[[[\"global\"],1000000000]]", "attention_types" },
        // what no family has, and options of other families
        { "llama", $"{Llama},\"quantization_config\":{{\"bits\":4}}", "quantization_config" },
        { "llama", $"{Llama},\"something_new\":1", "something_new" },
        { "llama", $"{Llama},\"sliding_window\":5", "sliding_window" },
        { "mistral", $"{Llama},\"attention_bias\":true", "attention_bias" },
        { "qwen2", $"{Llama},\"num_experts\":4", "num_experts" },
        { "opt", $"{Opt},\"rope_theta\":10.0", "rope_theta" },
        { "gpt2", $"{Gpt},\"multi_query\":true", "multi_query" },
        { "gemma", $"{Llama},\"final_logit_softcapping\":30.0", "final_logit_softcapping" },
        { "olmo", $"{Llama},\"clip_qkv\":0", "clip_qkv" },
        { "olmo", $"{Llama},\"clip_qkv\":-8.0", "clip_qkv" },
        { "olmo", $"{Llama},\"rms_norm_eps\":1e-6", "rms_norm_eps" },
        { "olmo", $"{Llama},\"mlp_bias\":true", "mlp_bias" },
        { "olmo2", $"{Llama},\"clip_qkv\":8.0", "clip_qkv" },
        { "llama", $"{Llama},\"architectures\":[\"LlamaForSequenceClassification\"]", "LlamaForSequenceClassification" },
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"linear\",\"factor\":2.0,\"surprise\":1}}", "rope_scaling.surprise" },
        // rotary positions
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"mrope\",\"factor\":2.0}}", "mrope" },
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"linear\",\"factor\":2.0}},\"rope_parameters\":{{\"rope_type\":\"default\"}}", "rope_parameters" },
        { "llama", $"{Llama},\"rope_theta\":5.0,\"rope_parameters\":{{\"rope_type\":\"default\",\"rope_theta\":6.0}}", "rope_theta" },
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"linear\",\"type\":\"dynamic\",\"factor\":2.0}}", "type" },
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"linear\"}}", "factor" },
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"linear\",\"factor\":-1}}", "factor" },
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"yarn\",\"factor\":0.5}}", "factor" },
        { "llama", $"{Llama},\"rope_scaling\":{{\"rope_type\":\"llama3\",\"factor\":2,\"low_freq_factor\":4,\"high_freq_factor\":1,\"original_max_position_embeddings\":16}}", "high_freq_factor" },
        { "phi3", $"{Llama},\"rope_scaling\":{{\"type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[1,2,3]}}", "short_factor" },
        { "phi3", $"{Llama},\"rope_scaling\":{{\"type\":\"longrope\",\"short_factor\":[1,1,0],\"long_factor\":[1,2,3]}}", "short_factor" },
        { "gpt_neox", $"{Llama.Replace("\"num_key_value_heads\":2,", "")},\"rotary_pct\":0.5,\"partial_rotary_factor\":0.25", "rotary_pct" },
        { "gpt_neox", $"{Llama}", "num_key_value_heads" },
        // sizes and kinds
        { "llama", Llama.Replace("\"num_key_value_heads\":2", "\"num_key_value_heads\":3"), "num_key_value_heads" },
        { "llama", Llama.Replace("\"hidden_size\":24", "\"hidden_size\":25"), "hidden_size" },
        { "llama", Llama.Replace("\"hidden_size\":24", "\"hidden_size\":-24"), "hidden_size" },
        { "llama", Llama.Replace("\"hidden_size\":24", "\"hidden_size\":\"24\""), "hidden_size" },
        { "llama", Llama.Replace("\"hidden_size\":24", "\"hidden_size\":24.5"), "hidden_size" },
        { "llama", Llama.Replace("\"hidden_size\":24", "\"hidden_size\":null"), "hidden_size" },
        { "llama", Llama.Replace("\"num_hidden_layers\":3", "\"num_hidden_layers\":1000000000"), "num_hidden_layers" },
        { "llama", $"{Llama},\"head_dim\":2000000000", "2000000000" },
        { "llama", $"{Llama},\"rms_norm_eps\":0", "rms_norm_eps" },
        { "llama", $"{Llama},\"rms_norm_eps\":1e99", "rms_norm_eps" },
        { "llama", $"{Llama},\"hidden_act\":\"gelu_10\"", "gelu_10" },
        { "llama", $"{Llama},\"attention_bias\":\"yes\"", "attention_bias" },
        { "mixtral", $"{Llama},\"num_local_experts\":4,\"num_experts_per_tok\":5", "num_experts_per_tok" },
        { "mixtral", $"{Llama},\"num_local_experts\":1000000000", "num_local_experts" },
        { "gpt2", Gpt.Replace("\"n_layer\":3", "\"n_layer\":1000000000"), "n_layer" },
        { "gpt2", $"{Gpt},\"hidden_size\":25", "hidden_size" },
        { "opt", Opt.Replace("\"num_hidden_layers\":3", "\"num_hidden_layers\":1000000000"), "num_hidden_layers" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void ReadConfig_WhatIsNotSupported_IsRefusedByName(string family, string options, string mentioned)
    {
        var error = Assert.Throws<HeedException>(() => Read(family, options));
        Assert.Contains(mentioned, error.Message);
        Assert.StartsWith("config.json: ", error.Message);
    }

    [Theory]
    [InlineData("{\"model_type\":\"t5\"}", "llama, mistral")]
    [InlineData("{\"model_type\":\"gemma3\",\"text_config\":{}}", "gemma3_text")]
    [InlineData("{}", "model_type")]
    [InlineData("[]", "object")]
    [InlineData("{\"model_type\":\"\\ud800\"}", "ud800")]
    [InlineData("{\"model_type\":", "JSON")]
    [InlineData("", "JSON")]
    [InlineData("{\"model_type\":\"llama\",\"\\udc00\":1}", "udc00")]
    public void ReadConfig_NoFamily_SaysWhatIsKnown(string json, string mentioned)
        => Assert.Contains(mentioned, Assert.Throws<HeedException>(() => CheckpointLoader.ReadConfig(ConfigReader.Parse("config.json", Encoding.UTF8.GetBytes(json)))).Message);

    public static TheoryData<string, string, string> SameMeaning => new()
    {
        { "llama", "\"rope_theta\":500.0", "\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":500}" },
        { "llama", "\"rope_theta\":500.0,\"rope_scaling\":null", "\"rope_theta\":500.0,\"rope_parameters\":{\"rope_theta\":500.0}" },
        { "llama", "\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}", "\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":2.0,\"rope_theta\":10000.0}" },
        { "llama", "\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2}", "\"rope_parameters\":{\"rope_type\":\"dynamic\",\"factor\":2.0}" },
        { "llama", "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2}", "\"rope_parameters\":{\"rope_type\":\"yarn\",\"factor\":2.0,\"original_max_position_embeddings\":64,\"beta_fast\":32,\"beta_slow\":1,\"truncate\":true}" },
        { "phi3", "\"rope_scaling\":{\"type\":\"su\",\"short_factor\":[1,2,3],\"long_factor\":[4,5,6]}", "\"original_max_position_embeddings\":4096,\"rope_parameters\":{\"rope_type\":\"longrope\",\"short_factor\":[1,2,3],\"long_factor\":[4,5,6]}" },
        { "stablelm", "\"partial_rotary_factor\":0.34", "\"rope_parameters\":{\"rope_type\":\"default\",\"partial_rotary_factor\":0.34}" },
        { "gemma3_text", "\"head_dim\":6,\"rope_theta\":1000000.0,\"rope_local_base_freq\":10000.0,\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":8.0}", "\"head_dim\":6,\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"linear\",\"factor\":8.0,\"rope_theta\":1000000.0},\"sliding_attention\":{\"rope_type\":\"default\",\"rope_theta\":10000.0}}" },
        { "gemma3_text", "\"head_dim\":6,\"sliding_window_pattern\":2", "\"head_dim\":6,\"_sliding_window_pattern\":6,\"layer_types\":[\"sliding_attention\",\"full_attention\",\"sliding_attention\"]" },
        { "gemma2", "\"head_dim\":6", "\"head_dim\":6,\"layer_types\":[\"sliding_attention\",\"full_attention\",\"sliding_attention\"],\"sliding_window\":4096,\"attn_logit_softcapping\":50" },
        { "qwen2", "\"use_sliding_window\":true,\"sliding_window\":4,\"max_window_layers\":1", "\"use_sliding_window\":true,\"sliding_window\":4,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"sliding_attention\"]" },
        { "mixtral", "\"num_local_experts\":4,\"num_experts_per_tok\":2", "\"num_experts\":4" },
        { "qwen3_moe", "\"num_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":8", "\"num_local_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":8,\"mlp_only_layers\":[],\"decoder_sparse_step\":1,\"norm_topk_prob\":false" },
        { "llama", "\"torch_dtype\":\"bfloat16\",\"attention_dropout\":0.5,\"id2label\":{\"0\":\"x\"},\"pretraining_tp\":2", "\"dtype\":\"float32\",\"eos_token_id\":[1,2]" },
        { "olmo", "\"clip_qkv\":null,\"rope_scaling\":null", "\"tie_word_embeddings\":false" },
        { "smollm3", "\"no_rope_layer_interval\":3", "\"no_rope_layers\":[1,1,0]" },
    };

    [Theory]
    [MemberData(nameof(SameMeaning))]
    public void ReadConfig_TwoSpellings_GiveTheSameConfiguration(string family, string one, string other)
    {
        var (a, b) = (Read(family, $"{Llama},{one}"), Read(family, $"{Llama},{other}"));
        Assert.Equal(a with { Layers = [] }, b with { Layers = [] });
        Assert.Equal(a.Layers.Count, b.Layers.Count);
        foreach (var (x, y) in a.Layers.Zip(b.Layers))
        {
            Assert.Equal(x with { Rotary = null }, y with { Rotary = null });
            Assert.Equal(x.Rotary is null, y.Rotary is null);
            if (x.Rotary is not { } r || y.Rotary is not { } s) continue;
            foreach (var length in (int[])[10, 5000])
            {
                Assert.Equal(r.Scaling.Frequencies(r, length), s.Scaling.Frequencies(s, length));
                Assert.Equal(r.Scaling.Magnitude(length), s.Scaling.Magnitude(length));
            }
        }
    }

    [Fact]
    public void ReadConfig_ScaledContext_IsAsLongAsTheScalingMakesIt()
    {
        Assert.Equal(64, Read("llama", Llama).ContextLength);
        Assert.Equal(256, Read("llama", $"{Llama},\"rope_scaling\":{{\"type\":\"dynamic\",\"factor\":4.0}}").ContextLength);
        Assert.Equal(64, Read("llama", $"{Llama},\"rope_scaling\":{{\"type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":16}}").ContextLength);
        Assert.Equal(256, Read("llama", $"{Llama},\"rope_scaling\":{{\"type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":64}}").ContextLength);
    }
}
