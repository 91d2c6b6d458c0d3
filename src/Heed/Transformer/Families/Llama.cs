using Heed.Numerics;

namespace Heed.Families;

/// <summary>
/// Llama 1 to 3 (arXiv:2302.13971) and everything saved as it: rotary positions, RMS norms before attention and MLP, a
/// gated MLP, shared key–value heads. In GGUF the architecture "llama" also holds Mistral and Mixtral.
/// </summary>
internal sealed class Llama : Family
{
    public override IReadOnlyList<string> ModelTypes => ["llama"];

    public override IReadOnlyList<string> GgufArchitectures => ["llama"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape().Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Options(config);
        config.Require("rope_interleaved", false);
        config.Ignore("max_sequence_length"); // some files have it; transformers does not read it
        return shape.Transformer("llama", shape.Repeat(shape.Layer(rotary, config.Activation("hidden_act", "silu"))), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), Options(options)).Read();

    private static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new()
        {
            QueryKeyValue = attention,
            Output = attention,
            Mlp = config.Bias("mlp_bias", false),
            Tied = config.Bool("tie_word_embeddings", false),
        };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, ActivationFunction.Silu);
        var experts = config.Int("expert_count", 0, min: 0);
        var used = config.Int("expert_used_count", 0, min: 0);
        // llama.cpp takes a softmax over all and scales the chosen to a sum of 1, which is Mixtral's softmax over the chosen.
        if (experts > 0 || used > 0) layer = layer with { Experts = config.Experts(experts, used, normalize: true) };
        if (config.Has("attention.scale")) layer = layer with { ScoreScale = (float)config.Float("attention.scale") };
        return shape.Transformer(experts > 0 ? "mixtral" : "llama", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { IsPermuted = true }, LayoutOptions.FromFile).Read();
}
