using Heed.Numerics;

namespace Heed.Families;

/// <summary>Gemma 2 (arXiv:2408.00118): Gemma with norms before and after each sublayer, soft caps on scores and logits, and windows on every other layer.</summary>
internal sealed class Gemma2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gemma2"];

    public override IReadOnlyList<string> GgufArchitectures => ["gemma2"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape
        {
            Vocabulary = 256_000,
            Width = 2304,
            Layers = 26,
            Heads = 8,
            KeyValueHeads = 4,
            HeadSize = 256,
            FeedForward = 9216,
            Context = 8192,
        }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Gemma.Options(config);
        config.Require("use_bidirectional_attention", false);
        config.Ignore("hidden_act"); // the class reads hidden_activation only; files carry both
        var layer = shape.Layer(rotary, config.Activation("hidden_activation", "gelu_pytorch_tanh")) with
        {
            ScoreScale = (float)(1 / Math.Sqrt(config.Positive("query_pre_attn_scalar", 256))),
            ScoreSoftCap = Cap(config, "attn_logit_softcapping", 50),
        };
        var windows = LayerTypes.Windows(config, shape.Layers, config.OptionalInt("sliding_window", 4096), i => i % 2 == 0);
        return shape.Transformer("gemma2", [.. windows.Select(w => layer with { Window = w })], context) with
        {
            EmbeddingScale = Gemma.EmbeddingScale(shape.Width),
            LogitSoftCap = Cap(config, "final_logit_softcapping", 30),
        };
    }

    /// <summary>A soft cap, or null for none.</summary>
    public static float? Cap(ConfigReader config, string key, double? fallback)
    {
        var cap = config.OptionalFloat(key, fallback);
        return cap is null or > 0 ? (float?)cap : throw config.Error(key, "must be greater than 0, or null for no cap");
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, Names(tensors), Gemma.Options(options)).Read();

    /// <summary>Llama's names with norms on both sides.</summary>
    public static LayoutNames Names(WeightReader tensors) => LayoutNames.HuggingFace(tensors) with
    {
        AttentionPostNorm = "post_attention_layernorm",
        MlpNorm = "pre_feedforward_layernorm",
        MlpPostNorm = "post_feedforward_layernorm",
    };

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        if (config.Positive("rope.freq_base_swa", rotary.Base) is var local && local != rotary.Base)
            throw config.Error("rope.freq_base_swa", local, $"is not supported; only rope.freq_base = {rotary.Base} is");
        // GGUF does not store query_pre_attn_scalar. Of the released models the 27B (46 layers) alone has D/H; llama.cpp does the same.
        var scalar = shape.Layers == 46 ? shape.Width / shape.Heads : shape.HeadSize.Value;
        var layer = shape.Layer(rotary, ActivationFunction.GeluTanh) with
        {
            ScoreScale = (float)(1 / Math.Sqrt(scalar)),
            ScoreSoftCap = (float)config.Positive("attn_logit_softcapping", 50),
        };
        var windows = config.Windows(shape.Layers, config.Int("attention.sliding_window", 4096, min: 0), pattern: 2);
        return shape.Transformer("gemma2", [.. windows.Select(w => layer with { Window = w })], context) with
        {
            EmbeddingScale = Gemma.EmbeddingScale(shape.Width),
            LogitSoftCap = (float)config.Positive("final_logit_softcapping", 30),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, GgufNames, LayoutOptions.FromFile).Read();

    /// <summary>llama.cpp's names with norms on both sides.</summary>
    public static LayoutNames GgufNames { get; } = LayoutNames.Gguf with { AttentionPostNorm = "post_attention_norm", MlpPostNorm = "post_ffw_norm" };
}
