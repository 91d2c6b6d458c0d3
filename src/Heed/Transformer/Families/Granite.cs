using Heed.Numerics;

namespace Heed.Families;

/// <summary>Granite 3 (IBM): Llama with four multipliers: of embeddings, scores, sublayers' outputs, and (as a divisor) logits.</summary>
internal sealed class Granite : Family
{
    public override IReadOnlyList<string> ModelTypes => ["granite"];

    public override IReadOnlyList<string> GgufArchitectures => ["granite"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape().Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Options(config);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with { ScoreScale = (float)config.Float("attention_multiplier", 1) };
        var divisor = config.Float("logits_scaling", 1);
        if (divisor == 0) throw config.Error("logits_scaling", "divides the logits and cannot be 0");
        return shape.Transformer("granite", shape.Repeat(layer), context) with
        {
            EmbeddingScale = (float)config.Float("embedding_multiplier", 1),
            ResidualScale = (float)config.Float("residual_multiplier", 1),
            LogitScale = (float)(1 / divisor),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), Options(options)).Read();

    private static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new() { QueryKeyValue = attention, Output = attention, Mlp = config.Bias("mlp_bias", false), Tied = config.Bool("tie_word_embeddings", false) };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, ActivationFunction.Silu);
        // llama.cpp reads 0 as "not given" for each of these.
        if (config.Float("attention.scale", 0) is not 0 and var scale) layer = layer with { ScoreScale = (float)scale };
        // For Granite this key says whether there are rotary positions at all.
        if (!config.Bool("rope.scaling.finetuned", true)) layer = layer with { Rotary = null };
        var divisor = config.Float("logit_scale");
        if (divisor == 0) throw config.Error("logit_scale", divisor, "divides the logits and cannot be 0");
        return shape.Transformer("granite", shape.Repeat(layer), context) with
        {
            EmbeddingScale = config.Float("embedding_scale", 0) is not 0 and var embedding ? (float)embedding : 1,
            ResidualScale = config.Float("residual_scale", 0) is not 0 and var residual ? (float)residual : 1,
            LogitScale = (float)(1 / divisor),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { IsPermuted = true }, LayoutOptions.FromFile).Read();
}
