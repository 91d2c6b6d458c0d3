using Heed.Numerics;

namespace Heed.Families;

/// <summary>OLMo (arXiv:2402.00838): Llama with LayerNorms that have no weights, and queries, keys and values that may be clipped.</summary>
internal sealed class Olmo : Family
{
    public override IReadOnlyList<string> ModelTypes => ["olmo"];

    public override IReadOnlyList<string> GgufArchitectures => ["olmo"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 50_304, Epsilon = 1e-5f }.Read(config, epsilonKey: null);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Options(config);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with
        {
            QueryKeyValueClip = config.Has("clip_qkv") ? (float)config.Positive("clip_qkv") : null,
        };
        return shape.Transformer("olmo", shape.Repeat(layer), context, NormKind.Layer);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), Options(options)).Read();

    private static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new() { QueryKeyValue = attention, Output = attention, NormIsPlain = true, Tied = config.Bool("tie_word_embeddings", false) };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        const string Clip = "attention.clamp_kqv";
        var layer = shape.Layer(rotary, ActivationFunction.Silu) with
        {
            QueryKeyValueClip = config.Float(Clip, 0) == 0 ? null : (float)config.Positive(Clip), // llama.cpp writes 0 for none
        };
        return shape.Transformer("olmo", shape.Repeat(layer), context, NormKind.Layer);
    }

    // llama.cpp's converter permutes rows of the matrices but not of their biases, and its reader has no bias for the output:
    // a file with biases would not be the model it came from. Without a place for them here, they are refused.
    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { IsPermuted = true }, new() { NormIsPlain = true, Tied = true }).Read();
}
