using Heed.Numerics;

namespace Heed.Families;

/// <summary>GPT-2 (Radford et al. 2019): learned positions, LayerNorms before attention and MLP, biases everywhere, matrices stored transposed.</summary>
internal sealed class Gpt2 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gpt2"];

    public override IReadOnlyList<string> GgufArchitectures => ["gpt2"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = GptShape.Read(config, new() { Vocabulary = 50_257, Width = 768, Layers = 12, Heads = 12, Context = 1024 });
        // This option changes the order of computation, not its result.
        config.Bool("reorder_and_upcast_attn", false);
        config.Bool("tie_word_embeddings", true);
        var layer = GptShape.Layer(shape, config.Activation("activation_function", "gelu_new"));
        if (!config.Bool("scale_attn_weights", true)) layer = layer with { ScoreScale = 1 };
        var byIndex = config.Bool("scale_attn_by_inverse_layer_idx", false);
        return shape.Transformer("gpt2",
            [.. Enumerable.Range(1, shape.Layers).Select(n => byIndex ? layer with { ScoreScale = layer.ScoreScale / n } : layer)],
            shape.Context, NormKind.Layer) with
        { LearnedPositionOffset = 0 };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("wte.weight", "transformer.", "");
        tensors.Ignore(".attn.bias", ".attn.masked_bias"); // the causal mask
        return new LayoutReader(config, tensors, Names(root) with { IsConv = true },
            GptShape.Biased with { Tied = options.Bool("tie_word_embeddings", true), PositionRows = config.ContextLength }).Read();
    }

    /// <summary>GPT-2's names, which GPTBigCode shares.</summary>
    public static LayoutNames Names(string root) => new()
    {
        Embedding = $"{root}wte.weight",
        Positions = $"{root}wpe.weight",
        FinalNorm = $"{root}ln_f",
        Unembedding = "lm_head",
        Layer = $"{root}h.{{0}}.",
        AttentionNorm = "ln_1",
        FusedQueryKeyValue = "attn.c_attn",
        Output = "attn.c_proj",
        MlpNorm = "ln_2",
        Up = "mlp.c_fc",
        Down = "mlp.c_proj",
    };

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        return shape.Transformer("gpt2", shape.Repeat(GptShape.Layer(shape, ActivationFunction.GeluTanh)), shape.Context, NormKind.Layer) with { LearnedPositionOffset = 0 };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { Positions = "position_embd.weight" },
            LayoutOptions.FromFile with { PositionRows = config.ContextLength }).Read();
}
