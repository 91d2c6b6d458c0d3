using Heed.Numerics;

namespace Heed.Families;

/// <summary>OLMo 2 (arXiv:2501.00656): Llama with the norms after attention and MLP instead of before, and RMS norms over all queries and all keys.</summary>
internal sealed class Olmo2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["olmo2"];

    public override IReadOnlyList<string> GgufArchitectures => ["olmo2"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 50_304, Epsilon = 1e-5f }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Options(config);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with { QueryKeyNorm = QueryKeyNorm.Whole };
        return shape.Transformer("olmo2", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors) with
        {
            AttentionNorm = null,
            AttentionPostNorm = "post_attention_layernorm",
            MlpNorm = null,
            MlpPostNorm = "post_feedforward_layernorm",
        }, Options(options)).Read();

    private static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new() { QueryKeyValue = attention, Output = attention, Tied = config.Bool("tie_word_embeddings", false) };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, ActivationFunction.Silu) with { QueryKeyNorm = QueryKeyNorm.Whole };
        return shape.Transformer("olmo2", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with
        {
            AttentionNorm = null,
            AttentionPostNorm = "post_attention_norm",
            MlpNorm = null,
            MlpPostNorm = "post_ffw_norm",
        }, LayoutOptions.FromFile).Read();
}
