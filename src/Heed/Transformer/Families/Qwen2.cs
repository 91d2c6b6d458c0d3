using Heed.Numerics;

namespace Heed.Families;

/// <summary>Qwen 2 and 2.5 (arXiv:2407.10671): Llama with biases on queries, keys and values, and windows on the upper layers where asked for.</summary>
internal sealed class Qwen2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["qwen2"];

    public override IReadOnlyList<string> GgufArchitectures => ["qwen2"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 151_936, KeyValueHeads = 32, FeedForward = 22_016, Context = 32_768 }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        config.Bool("tie_word_embeddings", false);
        config.Require("use_mrope", false);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu"));
        return shape.Transformer("qwen2", [.. Windows(config, shape.Layers).Select(w => layer with { Window = w })], context);
    }

    /// <summary>Qwen's windows: none unless <c>use_sliding_window</c>, and then from layer <c>max_window_layers</c> on.</summary>
    public static int?[] Windows(ConfigReader config, int layers)
    {
        var window = config.OptionalInt("sliding_window", 4096);
        if (!config.Bool("use_sliding_window", false)) window = null;
        var first = config.Int("max_window_layers", 28, min: 0);
        return LayerTypes.Windows(config, layers, window, i => i >= first);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors),
            new() { QueryKeyValue = Bias.Required, Tied = options.Bool("tie_word_embeddings", false) }).Read();

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        return shape.Transformer("qwen2", shape.Repeat(shape.Layer(rotary, ActivationFunction.Silu)), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf, LayoutOptions.FromFile).Read();
}
