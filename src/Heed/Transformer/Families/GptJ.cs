namespace Heed.Families;

/// <summary>GPT-J (EleutherAI 2021): attention and MLP in parallel after one LayerNorm, interleaved rotation of a head's first numbers, a bias on the logits.</summary>
internal sealed class GptJ : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gptj"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = GptShape.Read(config, new() { Vocabulary = 50_400, Width = 4096, Layers = 28, Heads = 16, Context = 2048 });
        config.Bool("tie_word_embeddings", false);
        // Of the first files; the class does what they say.
        config.Require("rotary", true);
        config.Require("scale_attn_weights", true);
        var dimensions = config.OptionalInt("rotary_dim", 64, min: 2) ?? shape.Width;
        if (dimensions % 2 != 0 || dimensions > shape.HeadSize)
            throw config.Error("rotary_dim", $"must be even and at most a head's {shape.HeadSize} numbers (null means all {shape.Width} of a vector, which only a single head has)");
        var rotary = new RotaryConfig { Dimensions = dimensions, Base = 10_000, Pairing = RotaryPairing.Interleaved };
        var layer = GptShape.Layer(shape, config.Activation("activation_function", "gelu_new"), rotary);
        return shape.Transformer("gptj", shape.Repeat(layer), shape.Context, NormKind.Layer) with { ParallelResidual = true };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("wte.weight", "transformer.", "");
        tensors.Ignore(".attn.bias", ".attn.masked_bias", ".attn.embed_positions");
        return new LayoutReader(config, tensors, Gpt2.Names(root) with
        {
            Positions = null,
            FusedQueryKeyValue = null,
            Query = "attn.q_proj",
            Key = "attn.k_proj",
            Value = "attn.v_proj",
            Output = "attn.out_proj",
            MlpNorm = null,
            Up = "mlp.fc_in",
            Down = "mlp.fc_out",
        }, new()
        {
            Mlp = Bias.Required,
            Norm = Bias.Required,
            Unembedding = Bias.Required,
            Tied = options.Bool("tie_word_embeddings", false),
        }).Read();
    }
}
