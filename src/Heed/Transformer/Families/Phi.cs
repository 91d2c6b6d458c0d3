using Heed.Numerics;

namespace Heed.Families;

/// <summary>Phi 1, 1.5 and 2 (arXiv:2306.11644): attention and MLP in parallel after one LayerNorm, biases everywhere, part of each head rotated.</summary>
internal sealed class Phi : Family
{
    public override IReadOnlyList<string> ModelTypes => ["phi"];

    public override IReadOnlyList<string> GgufArchitectures => ["phi2"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 51_200, Width = 2048, Layers = 24, FeedForward = 8192, Epsilon = 1e-5f }.Read(config, "layer_norm_eps", freeHeadSize: false);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, defaultPart: 0.5);
        config.Bool("tie_word_embeddings", false);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "gelu_new")) with
        {
            IsGated = false,
            QueryKeyNorm = config.Bool("qk_layernorm", false) ? QueryKeyNorm.PerHead : QueryKeyNorm.None,
            QueryKeyNormKind = NormKind.Layer,
        };
        return shape.Transformer("phi", shape.Repeat(layer), context, NormKind.Layer) with { ParallelResidual = true };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("embed_tokens.weight", "model.", "");
        return new LayoutReader(config, tensors, LayoutNames.HuggingFace(root) with
        {
            FinalNorm = $"{root}final_layernorm",
            Output = "self_attn.dense",
            QueryNorm = "self_attn.q_layernorm",
            KeyNorm = "self_attn.k_layernorm",
            MlpNorm = null,
            Up = "mlp.fc1",
            Down = "mlp.fc2",
        }, new()
        {
            QueryKeyValue = Bias.Required,
            Output = Bias.Required,
            Mlp = Bias.Required,
            Norm = Bias.Required,
            QueryKeyNorm = Bias.Required,
            Unembedding = Bias.Required,
            Tied = options.Bool("tie_word_embeddings", false),
        }).Read();
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, ActivationFunction.GeluTanh) with { IsGated = false };
        return shape.Transformer("phi", shape.Repeat(layer), context, NormKind.Layer) with { ParallelResidual = true };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { MlpNorm = null }, LayoutOptions.FromFile).Read();
}
