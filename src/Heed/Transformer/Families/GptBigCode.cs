using Heed.Numerics;

namespace Heed.Families;

/// <summary>StarCoder and SantaCoder (arXiv:2305.06161): GPT-2 with one key–value head for all queries, and matrices stored as usual.</summary>
internal sealed class GptBigCode : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gpt_bigcode"];

    public override IReadOnlyList<string> GgufArchitectures => ["starcoder"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = GptShape.Read(config, new() { Vocabulary = 50_257, Width = 768, Layers = 12, Heads = 12, Context = 1024 });
        if (config.Bool("multi_query", true)) shape = shape with { KeyValueHeads = 1 };
        // How half-precision scores were kept from overflowing, and what the first inference code wanted to know.
        config.Ignore("attention_softmax_in_fp32", "scale_attention_softmax_in_fp32", "inference_runner", "max_batch_size",
            "max_sequence_length", "pad_key_length", "pre_allocate_kv_cache", "validate_runner_input");
        config.Bool("tie_word_embeddings", true);
        var layer = GptShape.Layer(shape, config.Activation("activation_function", "gelu_pytorch_tanh"));
        if (!config.Bool("scale_attn_weights", true)) layer = layer with { ScoreScale = 1 };
        return shape.Transformer("gpt_bigcode", shape.Repeat(layer), shape.Context, NormKind.Layer) with { LearnedPositionOffset = 0 };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("wte.weight", "transformer.", "");
        tensors.Ignore(".attn.bias", ".attn.masked_bias");
        // With as many key–value heads as queries, the fused tensor goes head by head.
        return new LayoutReader(config, tensors, Gpt2.Names(root) with { IsFusedPerHead = !options.Bool("multi_query", true) },
            GptShape.Biased with { Tied = options.Bool("tie_word_embeddings", true), PositionRows = config.ContextLength }).Read();
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        return shape.Transformer("gpt_bigcode", shape.Repeat(GptShape.Layer(shape, ActivationFunction.GeluTanh)), shape.Context, NormKind.Layer) with { LearnedPositionOffset = 0 };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { Positions = "position_embd.weight" },
            LayoutOptions.FromFile with { PositionRows = config.ContextLength }).Read();
}
