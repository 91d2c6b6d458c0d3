using Heed.Numerics;

namespace Heed.Families;

/// <summary>StableLM (arXiv:2402.17834): Llama with LayerNorms, a quarter of each head rotated, and optionally norms of each head's own and parallel residuals.</summary>
internal sealed class StableLm : Family
{
    public override IReadOnlyList<string> ModelTypes => ["stablelm"];

    public override IReadOnlyList<string> GgufArchitectures => ["stablelm"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 50_304, Width = 2560, KeyValueHeads = 32, FeedForward = 6912, Context = 4096, Epsilon = 1e-5f }
            .Read(config, "layer_norm_eps", freeHeadSize: false);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, defaultPart: 0.25);
        config.Bool("use_qkv_bias", false);
        config.Bool("tie_word_embeddings", false);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with
        {
            QueryKeyNorm = config.Bool("qk_layernorm", false) ? QueryKeyNorm.PerHeadOwnWeights : QueryKeyNorm.None,
            QueryKeyNormKind = NormKind.Layer,
        };
        return shape.Transformer("stablelm", shape.Repeat(layer), context, NormKind.Layer) with
        {
            ParallelResidual = config.Bool("use_parallel_residual", false),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors) with
        {
            QueryNorm = "self_attn.q_layernorm",
            KeyNorm = "self_attn.k_layernorm",
            // In parallel, attention and MLP share one norm.
            MlpNorm = config.ParallelResidual ? null : "post_attention_layernorm",
        }, new()
        {
            QueryKeyValue = options.Bias("use_qkv_bias", false),
            Norm = Bias.Required,
            Tied = options.Bool("tie_word_embeddings", false),
        }).Read();

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        // llama.cpp goes by the tensor: whatever the key says (converters wrote true by default), a second norm means serial.
        config.Bool("use_parallel_residual", true);
        var layer = shape.Layer(rotary, ActivationFunction.Silu) with
        {
            QueryKeyNorm = config.Tensors.Has("blk.0.attn_q_norm.weight") ? QueryKeyNorm.PerHeadOwnWeights : QueryKeyNorm.None,
            QueryKeyNormKind = NormKind.Layer,
        };
        return shape.Transformer("stablelm", shape.Repeat(layer), context, NormKind.Layer) with
        {
            ParallelResidual = !config.Tensors.Has("blk.0.ffn_norm.weight"),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { MlpNorm = config.ParallelResidual ? null : "ffn_norm" }, LayoutOptions.FromFile).Read();
}
