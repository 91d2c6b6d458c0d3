using Heed.Numerics;

namespace Heed.Families;

/// <summary>GPT-NeoX and Pythia (arXiv:2204.06745): attention and MLP in parallel, each after a LayerNorm of its own, part of each head rotated, queries, keys and values fused head by head.</summary>
internal sealed class GptNeoX : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gpt_neox"];

    public override IReadOnlyList<string> GgufArchitectures => ["gptneox"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        config.Alias("rope_theta", "rotary_emb_base");
        config.Alias("partial_rotary_factor", "rotary_pct");
        var shape = new ModelShape { Vocabulary = 50_432, Width = 6144, Layers = 44, Heads = 64, FeedForward = 24_576, Epsilon = 1e-5f }
            .Read(config, "layer_norm_eps", freeHeadSize: false);
        if (shape.KeyValueHeads != shape.Heads) throw config.Error("num_key_value_heads", "is not supported by this family; every head has its own");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, defaultPart: 0.25);
        config.Bool("attention_bias", true);
        config.Bool("tie_word_embeddings", false);
        var layer = GptShape.Layer(shape, config.Activation("hidden_act", "gelu"), rotary);
        return shape.Transformer("gpt_neox", shape.Repeat(layer), context, NormKind.Layer) with
        {
            ParallelResidual = config.Bool("use_parallel_residual", true),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("embed_in.weight", "gpt_neox.", "");
        tensors.Ignore(".attention.bias", ".attention.masked_bias");
        var attention = options.Bias("attention_bias", true);
        return new LayoutReader(config, tensors, new()
        {
            Embedding = $"{root}embed_in.weight",
            FinalNorm = $"{root}final_layer_norm",
            Unembedding = "embed_out",
            Layer = $"{root}layers.{{0}}.",
            AttentionNorm = "input_layernorm",
            FusedQueryKeyValue = "attention.query_key_value",
            IsFusedPerHead = true,
            Output = "attention.dense",
            MlpNorm = "post_attention_layernorm",
            Up = "mlp.dense_h_to_4h",
            Down = "mlp.dense_4h_to_h",
        }, GptShape.Biased with { QueryKeyValue = attention, Output = attention, Tied = options.Bool("tie_word_embeddings", false) }).Read();
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        return shape.Transformer("gpt_neox", shape.Repeat(GptShape.Layer(shape, ActivationFunction.Gelu, rotary)), context, NormKind.Layer) with
        {
            ParallelResidual = config.Bool("use_parallel_residual", true),
        };
    }

    // GGUF's fused tensor holds all queries first.
    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf, LayoutOptions.FromFile).Read();
}
