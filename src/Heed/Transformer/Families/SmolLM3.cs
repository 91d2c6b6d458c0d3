using Heed.Numerics;

namespace Heed.Families;

/// <summary>SmolLM3: Llama in which every fourth layer (or those that <c>no_rope_layers</c> marks with 0) has no rotary positions (arXiv:2501.18795).</summary>
internal sealed class SmolLM3 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["smollm3"];

    public override IReadOnlyList<string> GgufArchitectures => ["smollm3"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape { Vocabulary = 128_256, Width = 2048, Layers = 36, Heads = 16, KeyValueHeads = 4, Context = 32_768 }.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, 2_000_000);
        Options(config);
        var rotates = config.Ints("no_rope_layers"); // despite its name, 1 means rotary positions
        var interval = config.Int("no_rope_layer_interval", 4);
        if (rotates is not null && (rotates.Count < shape.Layers || rotates.Any(r => r is not (0 or 1))))
            throw config.Error("no_rope_layers", $"must hold a 0 or 1 for each of the {shape.Layers} layers");
        bool Rotates(int i) => rotates is null ? (i + 1) % interval != 0 : rotates[i] != 0;
        var window = config.OptionalInt("sliding_window");
        if (!config.Bool("use_sliding_window", false)) window = null;
        var windows = LayerTypes.Windows(config, shape.Layers, window, i => !Rotates(i));
        var layer = shape.Layer(rotary, config.Activation("hidden_act", "silu"));
        return shape.Transformer("smollm3", [.. windows.Select((w, i) => layer with { Window = w, Rotary = Rotates(i) ? rotary : null })], context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.HuggingFace(tensors), Options(options)).Read();

    private static LayoutOptions Options(ConfigReader config)
    {
        var attention = config.Bias("attention_bias", false);
        return new() { QueryKeyValue = attention, Output = attention, Mlp = config.Bias("mlp_bias", false), Tied = config.Bool("tie_word_embeddings", true) };
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, ActivationFunction.Silu);
        // GGUF does not store the interval; llama.cpp takes 4.
        return shape.Transformer("smollm3", [.. Enumerable.Range(1, shape.Layers).Select(n => n % 4 == 0 ? layer with { Rotary = null } : layer)], context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { IsPermuted = true }, LayoutOptions.FromFile).Read();
}
