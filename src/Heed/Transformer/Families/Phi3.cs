using Heed.Numerics;

namespace Heed.Families;

/// <summary>Phi 3, 3.5 and 4 (arXiv:2404.14219): Llama with fused matrices, LongRoPE for the long-context models, and a window in all layers where asked for.</summary>
internal sealed class Phi3 : Family
{
    private static readonly Dictionary<string, string> OldNames = new() { ["su"] = "longrope", ["yarn"] = "longrope" };

    public override IReadOnlyList<string> ModelTypes => ["phi3"];

    public override IReadOnlyList<string> GgufArchitectures => ["phi3"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 32_064, Width = 3072, FeedForward = 8192, Context = 4096, Epsilon = 1e-5f }.Read(config, freeHeadSize: false);
        var trained = config.OptionalInt("original_max_position_embeddings", 4096) ?? 4096;
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, defaultPart: 1, oldNames: OldNames, trained: trained);
        config.Bool("tie_word_embeddings", false);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with { Window = config.OptionalInt("sliding_window") };
        // Microsoft's own files say these in words; they are what the class does.
        config.Require("attention_bias", false);
        config.Require("mlp_bias", false);
        config.Require("lm_head_bias", false);
        config.Require("full_attn_mod", 1);
        config.Require("interpolate_factor", 1);
        return shape.Transformer("phi3", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors) with
        {
            Query = null,
            FusedQueryKeyValue = "self_attn.qkv_proj",
            Gate = null,
            FusedGateUp = "mlp.gate_up_proj",
        }, new() { Tied = options.Bool("tie_word_embeddings", false) }).Read();

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var window = config.Int("attention.sliding_window", 0, min: 0);
        var layer = shape.Layer(rotary, ActivationFunction.Silu) with { Window = window == 0 ? null : window };
        return shape.Transformer("phi3", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { Gate = null, FusedGateUp = "ffn_up" }, LayoutOptions.FromFile).Read();
}
