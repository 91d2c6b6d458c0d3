using Heed.Numerics;

namespace Heed.Families;

/// <summary>The sizes that a configuration gives, with the class's defaults in their place, and the rest of a layer.</summary>
internal sealed record ModelShape
{
    public int Vocabulary { get; init; } = 32_000;
    public int Width { get; init; } = 4096;
    public int Layers { get; init; } = 32;
    public int Heads { get; init; } = 32;

    /// <summary>The class's number of key–value heads; null: as many as query heads. A null in the file means the latter.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>d; null: width/heads.</summary>
    public int? HeadSize { get; init; }

    public int FeedForward { get; init; } = 11_008;
    public int Context { get; init; } = 2048;
    public float Epsilon { get; init; } = 1e-6f;
    public double RotaryBase { get; init; } = 10_000;
    public string Activation { get; init; } = "silu";

    /// <summary>Reads the sizes; what is missing is this shape's.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="epsilonKey">What the family calls the norms' ε; null where its class has no key for it and <see cref="Epsilon"/> is fixed.</param>
    /// <param name="freeHeadSize">Whether the family has <c>head_dim</c>.</param>
    public ModelShape Read(ConfigReader config, string? epsilonKey = "rms_norm_eps", bool freeHeadSize = true)
    {
        var heads = config.Int("num_attention_heads", Heads);
        var keyValueHeads = config.OptionalInt("num_key_value_heads", KeyValueHeads) ?? heads;
        if (heads % keyValueHeads != 0)
            throw config.Error("num_key_value_heads", $"does not divide num_attention_heads = {heads}");
        var width = config.Int("hidden_size", Width);
        var headSize = freeHeadSize ? config.OptionalInt("head_dim", HeadSize) : null;
        if (!freeHeadSize && config.OptionalInt("head_dim") is { } given && given != width / heads)
            throw config.Error("head_dim", $"is not supported by this family; it is hidden_size/num_attention_heads = {width / heads}");
        if (headSize is null && width % heads != 0)
            throw config.Error("hidden_size", $"is not a multiple of num_attention_heads = {heads}");
        var shape = this with
        {
            Vocabulary = config.Int("vocab_size", Vocabulary),
            Width = width,
            Layers = config.Int("num_hidden_layers", Layers, max: ConfigReader.MaximumLayers),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize ?? width / heads,
            FeedForward = config.Int("intermediate_size", FeedForward),
            Context = config.Int("max_position_embeddings", Context),
            Epsilon = epsilonKey is null ? Epsilon : (float)config.Positive(epsilonKey, Epsilon),
        };
        return shape.Checked(config.File);
    }

    /// <summary>Reads GGUF's sizes.</summary>
    public static ModelShape Read(GgufConfigReader config, string epsilonKey = "attention.layer_norm_rms_epsilon")
    {
        var layers = config.LayerCount();
        var width = config.Int("embedding_length");
        var heads = Same(config, "attention.head_count", layers, null);
        var keyValueHeads = Same(config, "attention.head_count_kv", layers, heads);
        if (heads % keyValueHeads != 0)
            throw config.Error("attention.head_count_kv", keyValueHeads, $"does not divide the {heads} query heads");
        if (!config.Has("attention.key_length") && width % heads != 0)
            throw config.Error("embedding_length", width, $"is not a multiple of the {heads} heads");
        var headSize = config.Int("attention.key_length", width / heads);
        if (config.Int("attention.value_length", headSize) is var value && value != headSize)
            throw config.Error("attention.value_length", value, $"is not supported; only the keys' length {headSize} is");
        return new ModelShape
        {
            Vocabulary = config.VocabularySize(),
            Width = width,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            FeedForward = Same(config, "feed_forward_length", layers, null),
            Context = config.Int("context_length"),
            Epsilon = (float)config.Positive(epsilonKey),
        }.Checked(config.File);
    }

    /// <summary>A layer of these sizes with a gated MLP; the family changes what is different.</summary>
    public LayerConfig Layer(RotaryConfig? rotary, ActivationFunction activation) => new()
    {
        Heads = Heads,
        KeyValueHeads = KeyValueHeads!.Value,
        HeadSize = HeadSize!.Value,
        ScoreScale = (float)(1 / Math.Sqrt(HeadSize.Value)),
        Rotary = rotary,
        FeedForwardWidth = FeedForward,
        Activation = activation,
        IsGated = true,
        QueryKeyNormEpsilon = Epsilon,
    };

    /// <summary>A transformer of these sizes.</summary>
    public TransformerConfig Transformer(string family, IReadOnlyList<LayerConfig> layers, int context, NormKind norm = NormKind.Rms) => new()
    {
        Family = family,
        VocabularySize = Vocabulary,
        Width = Width,
        ContextLength = context,
        Layers = layers,
        Norm = norm,
        NormEpsilon = Epsilon,
    };

    /// <summary>As many equal layers.</summary>
    public IReadOnlyList<LayerConfig> Repeat(LayerConfig layer) => [.. Enumerable.Repeat(layer, Layers)];

    /// <summary>Refuses sizes whose matrices could not exist.</summary>
    public ModelShape Checked(string file)
    {
        var longest = Math.Max((long)Heads * HeadSize!.Value + 2L * KeyValueHeads!.Value * HeadSize.Value, 2L * FeedForward);
        return longest <= int.MaxValue ? this
            : throw new HeedException($"{file}: {Heads} heads of {HeadSize} numbers and an MLP of {FeedForward} are more than a matrix can hold (2^31 rows).");
    }

    private static int Same(GgufConfigReader config, string key, int layers, int? fallback)
    {
        var values = config.PerLayer(key, layers, fallback);
        foreach (var value in values)
            if (value != values[0]) throw config.Error(key, value, $"differs from the first layer's {values[0]}; the family {config.Architecture} has the same in every layer");
        return values[0];
    }
}
