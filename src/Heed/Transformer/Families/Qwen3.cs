using Heed.Numerics;

namespace Heed.Families;

/// <summary>Qwen 3 (arXiv:2505.09388): Qwen 2 with RMS norms of each head's queries and keys, a free head size, and biases only where asked for.</summary>
internal sealed class Qwen3 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["qwen3"];

    public override IReadOnlyList<string> GgufArchitectures => ["qwen3"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 151_936, KeyValueHeads = 32, HeadSize = 128, FeedForward = 22_016, Context = 32_768 }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Options(config);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with { QueryKeyNorm = QueryKeyNorm.PerHead };
        return shape.Transformer("qwen3", [.. Qwen2.Windows(config, shape.Layers).Select(w => layer with { Window = w })], context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), Options(options)).Read();

    /// <summary>Biases and tying, as Qwen 3 and its mixture of experts have them.</summary>
    public static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new() { QueryKeyValue = attention, Output = attention, Tied = config.Bool("tie_word_embeddings", false) };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, ActivationFunction.Silu) with { QueryKeyNorm = QueryKeyNorm.PerHead };
        return shape.Transformer("qwen3", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf, LayoutOptions.FromFile).Read();
}
