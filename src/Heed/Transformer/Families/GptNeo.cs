using System.Text.Json;

namespace Heed.Families;

/// <summary>GPT-Neo (EleutherAI 2021): GPT-2 with unscaled scores, windows on every other layer, and no biases on queries, keys and values.</summary>
internal sealed class GptNeo : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gpt_neo"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        config.Alias("num_layers", "num_hidden_layers");
        config.Alias("num_heads", "num_attention_heads");
        var (width, heads) = (config.Int("hidden_size", 2048), config.Int("num_heads", 16));
        if (width % heads != 0) throw config.Error("hidden_size", $"is not a multiple of num_heads = {heads}");
        var shape = new ModelShape
        {
            Vocabulary = config.Int("vocab_size", 50_257),
            Width = width,
            Layers = config.Int("num_layers", 24, max: ConfigReader.MaximumLayers),
            Heads = heads,
            KeyValueHeads = heads,
            HeadSize = width / heads,
            FeedForward = config.OptionalInt("intermediate_size") ?? GptShape.FourTimes(config, width),
            Context = config.Int("max_position_embeddings", 2048),
            Epsilon = (float)config.Positive("layer_norm_epsilon", 1e-5),
        }.Checked(config.File);
        config.Bool("tie_word_embeddings", true);
        var layer = GptShape.Layer(shape, config.Activation("activation_function", "gelu_new")) with { ScoreScale = 1 };
        var window = config.Int("window_size", 256);
        var kinds = Kinds(config, shape.Layers);
        return shape.Transformer("gpt_neo", [.. kinds.Select(k => k == "local" ? layer with { Window = window } : layer)], shape.Context, Heed.NormKind.Layer)
            with
        { LearnedPositionOffset = 0 };
    }

    /// <summary>"global" or "local" of every layer: attention_layers, or attention_types ([[kinds, how often]], …) written out.</summary>
    private static IReadOnlyList<string> Kinds(ConfigReader config, int layers)
    {
        var kinds = new List<string>();
        if (config.Raw("attention_types") is { ValueKind: not JsonValueKind.Null } types)
        {
            var problem = "must be a list of [kinds, repetitions], such as [[[\"global\", \"local\"], 12]]";
            if (types.ValueKind != JsonValueKind.Array) throw config.Error("attention_types", problem);
            foreach (var item in types.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 2 || item[0].ValueKind != JsonValueKind.Array
                    || item[1].ValueKind != JsonValueKind.Number || !item[1].TryGetInt32(out var times) || times < 0
                    || item[0].EnumerateArray().Any(k => k.ValueKind != JsonValueKind.String))
                    throw config.Error("attention_types", problem);
                if ((long)times * item[0].GetArrayLength() + kinds.Count > layers)
                    throw config.Error("attention_types", $"describes more than the {layers} layers");
                for (var t = 0; item[0].GetArrayLength() > 0 && t < times; t++)
                    kinds.AddRange(item[0].EnumerateArray().Select(k => k.ValueEquals("global") ? "global" : k.ValueEquals("local") ? "local" : "?"));
            }
        }
        else if (!config.Has("attention_layers"))
            for (var i = 0; i < layers; i++) kinds.Add(i % 2 == 0 ? "global" : "local"); // the class's default
        if (config.Strings("attention_layers") is { } given)
        {
            if (kinds.Count > 0 && !kinds.SequenceEqual(given)) throw config.Error("attention_layers", "contradicts attention_types");
            kinds = [.. given];
        }
        if (kinds.Count != layers) throw config.Error("attention_types", $"describes {kinds.Count} layers, but there are {layers}");
        if (kinds.Any(k => k is not ("global" or "local"))) throw config.Error("attention_types", "holds a kind that Heed does not know (global, local)");
        return kinds;
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("wte.weight", "transformer.", "");
        tensors.Ignore(".attn.attention.bias", ".attn.attention.masked_bias");
        return new LayoutReader(config, tensors, Gpt2.Names(root) with
        {
            FusedQueryKeyValue = null,
            Query = "attn.attention.q_proj",
            Key = "attn.attention.k_proj",
            Value = "attn.attention.v_proj",
            Output = "attn.attention.out_proj",
        }, GptShape.Biased with
        {
            QueryKeyValue = Bias.None,
            Tied = options.Bool("tie_word_embeddings", true),
            PositionRows = config.ContextLength,
        }).Read();
    }
}
