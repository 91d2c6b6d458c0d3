using Heed.Numerics;

namespace Heed.Families;

/// <summary>Command R (Cohere): attention and MLP in parallel after one LayerNorm without bias, interleaved rotation, scaled logits, and optionally norms of each head's own.</summary>
internal sealed class Cohere : Family
{
    public override IReadOnlyList<string> ModelTypes => ["cohere"];

    public override IReadOnlyList<string> GgufArchitectures => ["command-r"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 256_000, Width = 8192, Layers = 40, Heads = 64, FeedForward = 22_528, Context = 8192, Epsilon = 1e-5f }
            .Read(config, "layer_norm_eps");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, 500_000, pairing: RotaryPairing.Interleaved);
        Options(config);
        // Command R says 8,192 positions beside a tokenizer for 131,072, and was made for the latter.
        context = Math.Max(context, config.OptionalInt("model_max_length") ?? 0);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with
        {
            QueryKeyNorm = config.Bool("use_qk_norm", false) ? QueryKeyNorm.PerHeadOwnWeights : QueryKeyNorm.None,
            QueryKeyNormKind = NormKind.Layer,
        };
        return shape.Transformer("cohere", shape.Repeat(layer), context, NormKind.Layer) with
        {
            ParallelResidual = true,
            LogitScale = (float)config.Float("logit_scale", 0.0625),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors) with { MlpNorm = null }, Options(options)).Read();

    private static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new() { QueryKeyValue = attention, Output = attention, Tied = config.Bool("tie_word_embeddings", true) };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, RotaryPairing.Interleaved);
        var layer = shape.Layer(rotary, ActivationFunction.Silu) with
        {
            QueryKeyNorm = config.Tensors.Has("blk.0.attn_q_norm.weight") ? QueryKeyNorm.PerHeadOwnWeights : QueryKeyNorm.None,
            QueryKeyNormKind = NormKind.Layer,
        };
        return shape.Transformer("cohere", shape.Repeat(layer), context, NormKind.Layer) with
        {
            ParallelResidual = true,
            LogitScale = config.Float("logit_scale", 0) is not 0 and var scale ? (float)scale : 1, // llama.cpp: 0 is "not given"
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { MlpNorm = null }, LayoutOptions.FromFile).Read();
}
