using Heed.Numerics;

namespace Heed.Families;

/// <summary>Gemma 1 (arXiv:2403.08295): Llama with embeddings × √D, norms that multiply by 1 + w, a free head size and a gated GELU.</summary>
internal sealed class Gemma : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gemma"];

    public override IReadOnlyList<string> GgufArchitectures => ["gemma"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape
        {
            Vocabulary = 256_000,
            Width = 3072,
            Layers = 28,
            Heads = 16,
            KeyValueHeads = 16,
            HeadSize = 256,
            FeedForward = 24_576,
            Context = 8192,
        }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Options(config);
        // hidden_activation is the older key that files use to correct a wrong hidden_act.
        var activation = config.Activation("hidden_act", "gelu_pytorch_tanh");
        if (config.Has("hidden_activation")) activation = config.Activation("hidden_activation", "gelu_pytorch_tanh");
        config.Require("use_bidirectional_attention", false);
        return shape.Transformer("gemma", shape.Repeat(shape.Layer(rotary, activation)), context) with { EmbeddingScale = EmbeddingScale(shape.Width) };
    }

    /// <summary>√D.</summary>
    public static float EmbeddingScale(int width) => (float)Math.Sqrt(width);

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), Options(options)).Read();

    /// <summary>Biases, tying and norms of all Gemmas.</summary>
    public static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new() { QueryKeyValue = attention, Output = attention, Tied = config.Bool("tie_word_embeddings", true), NormAddsOne = true };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        return shape.Transformer("gemma", shape.Repeat(shape.Layer(rotary, ActivationFunction.GeluTanh)), context) with { EmbeddingScale = EmbeddingScale(shape.Width) };
    }

    // GGUF's norms have the 1 already added.
    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf, LayoutOptions.FromFile).Read();
}
