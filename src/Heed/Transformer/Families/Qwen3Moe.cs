using Heed.Numerics;

namespace Heed.Families;

/// <summary>Qwen 3 with experts (arXiv:2505.09388): in every layer, or in every nth, with plain MLPs in the others.</summary>
internal sealed class Qwen3Moe : Family
{
    public override IReadOnlyList<string> ModelTypes => ["qwen3_moe"];

    public override IReadOnlyList<string> GgufArchitectures => ["qwen3moe"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        config.Alias("num_experts", "num_local_experts");
        var shape = new ModelShape { Vocabulary = 151_936, Width = 2048, Layers = 24, KeyValueHeads = 4, FeedForward = 6144, Context = 32_768 }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        Qwen3.Options(config);
        var window = config.OptionalInt("sliding_window", 4096);
        if (!config.Bool("use_sliding_window", false)) window = null;
        // The class has neither; Qwen's own files carry them over from Qwen 3.
        config.Ignore("max_window_layers");
        var plain = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with { QueryKeyNorm = QueryKeyNorm.PerHead, Window = window };
        var step = config.Int("decoder_sparse_step", 1);
        var plainOnly = config.Ints("mlp_only_layers", min: 0) ?? [];
        var width = config.Int("moe_intermediate_size", 768);
        if (width > int.MaxValue / 2) throw config.Error("moe_intermediate_size", "is more than a matrix can hold");
        // No experts at all (num_experts = 0) leaves plain MLPs.
        var sparse = config.OptionalInt("num_experts", 128, min: 0) is 0 ? null : plain with
        {
            FeedForwardWidth = width,
            Experts = config.Experts("num_experts", 128, "num_experts_per_tok", 8, config.Bool("norm_topk_prob", false)),
        };
        config.Int("num_experts_per_tok", 8);
        config.Bool("norm_topk_prob", false);
        var layers = new LayerConfig[shape.Layers];
        for (var i = 0; i < layers.Length; i++)
            layers[i] = sparse is not null && !plainOnly.Contains(i) && (i + 1) % step == 0 ? sparse : plain;
        return shape.Transformer("qwen3_moe", layers, context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), Qwen3.Options(options)).Read();

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, ActivationFunction.Silu) with
        {
            QueryKeyNorm = QueryKeyNorm.PerHead,
            FeedForwardWidth = config.Int("expert_feed_forward_length", shape.FeedForward / config.Int("expert_used_count")),
            // llama.cpp always scales the chosen experts' weights to a sum of 1 here.
            Experts = config.Experts(config.Int("expert_count"), config.Int("expert_used_count"), normalize: true),
        };
        return shape.Transformer("qwen3_moe", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf, LayoutOptions.FromFile).Read();
}
