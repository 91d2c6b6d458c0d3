using Heed.Numerics;

namespace Heed.Families;

/// <summary>
/// Gemma 3, text only (arXiv:2503.19786): Gemma 2 with norms of queries and keys instead of soft caps, five windowed
/// layers to each that sees everything, and a rotary base (and scaling) of their own for the two kinds.
/// </summary>
internal sealed class Gemma3 : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gemma3_text"];

    public override IReadOnlyList<string> GgufArchitectures => ["gemma3"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new ModelShape
        {
            Vocabulary = 262_208,
            Width = 2304,
            Layers = 26,
            Heads = 8,
            KeyValueHeads = 4,
            HeadSize = 256,
            FeedForward = 9216,
            Context = 131_072,
        }.Read(config);
        Gemma.Options(config);
        config.Require("use_bidirectional_attention", false);
        config.Ignore("hidden_act");
        // Where the layers are listed, the pattern that they were made from says nothing more.
        config.Alias("sliding_window_pattern", "_sliding_window_pattern");
        var pattern = config.OptionalInt("sliding_window_pattern", 6) ?? 6;
        var windows = LayerTypes.Windows(config, shape.Layers, config.OptionalInt("sliding_window", 4096), i => (i + 1) % pattern != 0);
        var layer = shape.Layer(null, config.Activation("hidden_activation", "gelu_pytorch_tanh")) with
        {
            ScoreScale = (float)(1 / Math.Sqrt(config.Positive("query_pre_attn_scalar", 256))),
            ScoreSoftCap = Gemma2.Cap(config, "attn_logit_softcapping", null),
            QueryKeyNorm = QueryKeyNorm.PerHead,
        };
        var (full, local, context) = Rotary(config, shape);
        return shape.Transformer("gemma3_text", [.. windows.Select(w => layer with { Window = w, Rotary = w is null ? full : local })], context) with
        {
            EmbeddingScale = Gemma.EmbeddingScale(shape.Width),
            LogitSoftCap = Gemma2.Cap(config, "final_logit_softcapping", null),
        };
    }

    /// <summary>
    /// Rotary positions of the layers that see everything and of the windowed ones: nested in <c>rope_parameters</c> by kind
    /// of layer, or <c>rope_theta</c> with <c>rope_scaling</c> for the former and <c>rope_local_base_freq</c> for the latter.
    /// </summary>
    private static (RotaryConfig Full, RotaryConfig Local, int Context) Rotary(ConfigReader config, ModelShape shape)
    {
        const double FullBase = 1_000_000, LocalBase = 10_000;
        var nested = config.Object("rope_parameters");
        if (nested is not null && (nested.Has("full_attention") || nested.Has("sliding_attention")))
        {
            if (config.Has("rope_scaling")) throw config.Error("rope_scaling", "says the same as rope_parameters, which is given too; keep one of the two");
            RotaryReader.Result Kind(string key, string outside, double fallback)
            {
                var own = nested.Object(key);
                own?.Require("partial_rotary_factor", 1);
                var beside = config.OptionalFloat(outside);
                var inside = own?.OptionalFloat("rope_theta");
                if (beside is not null && inside is not null && beside != inside)
                    throw config.Error(outside, $"contradicts the {inside} of rope_parameters.{key}");
                return RotaryReader.Build(config, own, shape.HeadSize!.Value, shape.Context, inside ?? beside ?? fallback, part: 1);
            }
            var full = Kind("full_attention", "rope_theta", FullBase);
            var local = Kind("sliding_attention", "rope_local_base_freq", LocalBase);
            return (full.Rotary, local.Rotary, full.ContextLength);
        }
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, FullBase);
        return (rotary, new() { Dimensions = rotary.Dimensions, Base = config.Positive("rope_local_base_freq", LocalBase) }, context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, Gemma2.Names(tensors), Gemma.Options(options)).Read();

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var local = new RotaryConfig { Dimensions = rotary.Dimensions, Base = config.Positive("rope.freq_base_swa", 10_000) };
        // As in Gemma 2: of the released models the 27B (62 layers) alone has D/H.
        var scalar = shape.Layers == 62 ? shape.Width / shape.Heads : shape.HeadSize.Value;
        var layer = shape.Layer(null, ActivationFunction.GeluTanh) with { ScoreScale = (float)(1 / Math.Sqrt(scalar)), QueryKeyNorm = QueryKeyNorm.PerHead };
        var windows = config.Windows(shape.Layers, config.Int("attention.sliding_window", 0, min: 0), pattern: 6);
        // Most files leave the pattern out, and with fewer than six layers the usual one would leave none that sees
        // everything, although the file has a rotary base for such layers: then it is the last.
        if (shape.Layers < 6 && !config.Has("attention.sliding_window_pattern") && local.Base != rotary.Base) windows[^1] = null;
        return shape.Transformer("gemma3_text", [.. windows.Select(w => layer with { Window = w, Rotary = w is null ? rotary : local })], context) with
        {
            EmbeddingScale = Gemma.EmbeddingScale(shape.Width),
            LogitSoftCap = config.Float("final_logit_softcapping", 0) is > 0 and var cap ? (float)cap : null,
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, Gemma2.GgufNames, LayoutOptions.FromFile).Read();
}
