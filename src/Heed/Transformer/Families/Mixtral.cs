namespace Heed.Families;

/// <summary>Mixtral (arXiv:2401.04088): Mistral with experts, weighted by a softmax over the chosen ones. In GGUF it is saved as "llama".</summary>
internal sealed class Mixtral : Family
{
    public override IReadOnlyList<string> ModelTypes => ["mixtral"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        config.Alias("num_local_experts", "num_experts");
        var shape = new ModelShape { KeyValueHeads = 8, FeedForward = 14_336, Context = 131_072, Epsilon = 1e-5f }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, 1_000_000);
        config.Bool("tie_word_embeddings", false);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with
        {
            Window = config.OptionalInt("sliding_window"),
            Experts = config.Experts("num_local_experts", 8, "num_experts_per_tok", 2, normalize: true),
        };
        return shape.Transformer("mixtral", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var names = LayoutNames.HuggingFace(tensors);
        if (!tensors.Has($"{string.Format(null, names.Layer, 0)}mlp.gate.weight"))
            names = names with
            {
                Router = "block_sparse_moe.gate",
                ExpertGate = "block_sparse_moe.experts.{0}.w1",
                ExpertUp = "block_sparse_moe.experts.{0}.w3",
                ExpertDown = "block_sparse_moe.experts.{0}.w2",
            };
        return new LayoutReader(config, tensors, names, new() { Tied = options.Bool("tie_word_embeddings", false) }).Read();
    }
}
