using Heed.Numerics;

namespace Heed.Families;

/// <summary>StarCoder 2 (arXiv:2402.19173): LayerNorms, biases everywhere, a plain GELU MLP, rotary positions, and a window in all layers where asked for.</summary>
internal sealed class Starcoder2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["starcoder2"];

    public override IReadOnlyList<string> GgufArchitectures => ["starcoder2"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape
        {
            Vocabulary = 49_152,
            Width = 3072,
            Layers = 30,
            Heads = 24,
            KeyValueHeads = 2,
            FeedForward = 12_288,
            Context = 4096,
            Epsilon = 1e-5f,
        }.Read(config, "norm_epsilon");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Options(config);
        config.Require("norm_type", "layer_norm");
        config.Require("mlp_type", "default");
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "gelu_pytorch_tanh")) with
        {
            IsGated = false,
            Window = config.OptionalInt("sliding_window"),
        };
        return shape.Transformer("starcoder2", shape.Repeat(layer), context, NormKind.Layer);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors) with { Up = "mlp.c_fc", Down = "mlp.c_proj" }, Options(options)).Read();

    private static LayoutOptions Options(ConfigReader config)
    {
        var bias = config.Bias("use_bias", true);
        return new() { QueryKeyValue = bias, Output = bias, Mlp = bias, Norm = Bias.Required, Tied = config.Bool("tie_word_embeddings", true) };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        return shape.Transformer("starcoder2", shape.Repeat(shape.Layer(rotary, ActivationFunction.GeluTanh) with { IsGated = false }), context, NormKind.Layer);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf, LayoutOptions.FromFile).Read();
}
