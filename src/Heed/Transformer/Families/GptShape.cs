using Heed.Numerics;

namespace Heed.Families;

/// <summary>The sizes of configurations in GPT-2's words (<c>n_embd</c>, <c>n_layer</c> …), which GPT-J and GPTBigCode share.</summary>
internal static class GptShape
{
    /// <summary>Reads the sizes; what is missing is <paramref name="defaults"/>'s.</summary>
    public static ModelShape Read(ConfigReader config, ModelShape defaults)
    {
        config.Alias("n_embd", "hidden_size");
        config.Alias("n_layer", "num_hidden_layers");
        config.Alias("n_head", "num_attention_heads");
        config.Alias("n_positions", "max_position_embeddings");
        // Of the first versions of the class: how many tokens the causal mask covered.
        config.Ignore("n_ctx");
        var (width, heads) = (config.Int("n_embd", defaults.Width), config.Int("n_head", defaults.Heads));
        if (width % heads != 0) throw config.Error("n_embd", $"is not a multiple of n_head = {heads}");
        return (defaults with
        {
            Vocabulary = config.Int("vocab_size", defaults.Vocabulary),
            Width = width,
            Layers = config.Int("n_layer", defaults.Layers, max: ConfigReader.MaximumLayers),
            Heads = heads,
            KeyValueHeads = heads,
            HeadSize = width / heads,
            FeedForward = config.OptionalInt("n_inner") ?? FourTimes(config, width),
            Context = config.Int("n_positions", defaults.Context),
            Epsilon = (float)config.Positive("layer_norm_epsilon", 1e-5),
        }).Checked(config.File);
    }

    /// <summary>The usual width of an MLP that is not given.</summary>
    public static int FourTimes(ConfigReader config, int width)
        => width <= int.MaxValue / 8 ? 4 * width : throw new HeedException($"{config.File}: a width of {width} is more than an MLP of four times as many can hold.");

    /// <summary>A layer of these sizes with a plain MLP.</summary>
    public static LayerConfig Layer(ModelShape shape, ActivationFunction activation, RotaryConfig? rotary = null)
        => shape.Layer(rotary, activation) with { IsGated = false };

    /// <summary>Biases everywhere.</summary>
    public static LayoutOptions Biased { get; } = new()
    {
        QueryKeyValue = Bias.Required,
        Output = Bias.Required,
        Mlp = Bias.Required,
        Norm = Bias.Required,
    };
}
