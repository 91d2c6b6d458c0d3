namespace Heed.Families;

/// <summary>Mistral 7B (arXiv:2310.06825): Llama whose layers all see a window. In GGUF it is saved as "llama", which drops the window.</summary>
internal sealed class Mistral : Family
{
    public override IReadOnlyList<string> ModelTypes => ["mistral"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { KeyValueHeads = 8, FeedForward = 14_336, Context = 131_072 }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        config.Bool("tie_word_embeddings", false);
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu")) with { Window = config.OptionalInt("sliding_window", 4096) };
        return shape.Transformer("mistral", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), new() { Tied = options.Bool("tie_word_embeddings", false) }).Read();
}
