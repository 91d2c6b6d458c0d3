namespace Heed.Families;

/// <summary>
/// Reads rotary positions in all spellings: <c>rope_theta</c> with <c>rope_scaling</c> (before transformers 5),
/// <c>rope_parameters</c> (since), and GGUF's <c>rope.*</c>.
/// </summary>
internal static class RotaryReader
{
    /// <summary>The largest number of tokens that the scaling makes of a context.</summary>
    public readonly record struct Result(RotaryConfig Rotary, int ContextLength);

    /// <summary>Reads config.json's rotary positions.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="headSize">d.</param>
    /// <param name="context">What max_position_embeddings says.</param>
    /// <param name="defaultBase">The class's θ.</param>
    /// <param name="defaultPart">The class's partial_rotary_factor; null where the family rotates whole heads only.</param>
    /// <param name="pairing">Which numbers turn together.</param>
    /// <param name="oldNames">Older scaling names of the family and what they mean (Phi-3: "su" is longrope).</param>
    /// <param name="trained">The trained length where the family keeps it beside the scaling (Phi-3); that one counts.</param>
    public static Result Read(ConfigReader config, int headSize, int context, double defaultBase = 10_000, double? defaultPart = null,
        RotaryPairing pairing = RotaryPairing.Halves, IReadOnlyDictionary<string, string>? oldNames = null, int? trained = null)
    {
        if (config.Has("rope_scaling") && config.Has("rope_parameters"))
            throw config.Error("rope_scaling", "says the same as rope_parameters, which is given too; keep one of the two");
        trained ??= config.OptionalInt("original_max_position_embeddings");
        var old = config.Object("rope_scaling");
        var nested = old ?? config.Object("rope_parameters");
        var number = Once(config, nested, "rope_theta", defaultBase);
        var part = defaultPart is { } given ? Once(config, nested, "partial_rotary_factor", given) : WholeHeads(config, nested);
        return Build(config, nested, headSize, context, number, part, pairing, oldNames, trained);
    }

    /// <summary>Builds the configuration from a nested object (null: plain frequencies), its base and its part of the head known.</summary>
    public static Result Build(ConfigReader config, ConfigReader? scaling, int headSize, int context, double @base, double part,
        RotaryPairing pairing = RotaryPairing.Halves, IReadOnlyDictionary<string, string>? oldNames = null, int? trained = null)
    {
        if (@base <= 0) throw new HeedException($"{config.File}: rope_theta = {@base} must be greater than 0.");
        if (!(part > 0 && part <= 1)) throw new HeedException($"{config.File}: partial_rotary_factor = {part} must be above 0 and at most 1.");
        var kind = Kind(scaling);
        if (oldNames is not null && oldNames.TryGetValue(kind, out var modern)) kind = modern;
        var dimensions = (int)(headSize * part);
        if (dimensions % 2 != 0 && dimensions < headSize && kind is ("default" or "linear" or "llama3"))
        {
            // transformers rounds an odd number up to whole pairs, but divides the exponents by the odd one:
            // θ^(−2i/n) = (θ^(r/n))^(−2i/r).
            @base = Math.Pow(@base, (dimensions + 1.0) / dimensions);
            dimensions++;
        }
        if (dimensions < 2 || dimensions % 2 != 0)
            throw new HeedException($"{config.File}: {dimensions} of a head's {headSize} numbers would be rotated (partial_rotary_factor {part}); they turn in pairs, so it must be an even number.");
        var (rotaryScaling, length) = Scaling(scaling, kind, context, trained, dimensions, @base);
        return new(new() { Dimensions = dimensions, Base = @base, Pairing = pairing, Scaling = rotaryScaling }, length);
    }

    /// <summary>A value that stands in the nested object or beside it; two different ones are refused.</summary>
    private static double Once(ConfigReader config, ConfigReader? nested, string key, double fallback)
    {
        var outside = config.OptionalFloat(key);
        var inside = nested?.OptionalFloat(key);
        if (outside is not null && inside is not null && outside != inside)
            throw config.Error(key, $"contradicts the {inside} given with the scaling");
        return inside ?? outside ?? fallback;
    }

    private static double WholeHeads(ConfigReader config, ConfigReader? nested)
    {
        config.Require("partial_rotary_factor", 1);
        nested?.Require("partial_rotary_factor", 1);
        return 1;
    }

    private static string Kind(ConfigReader? scaling)
    {
        var old = scaling?.OptionalString("type");
        var modern = scaling?.OptionalString("rope_type");
        if (old is not null && modern is not null && old != modern)
            throw scaling!.Error("type", $"contradicts rope_type = {modern}");
        return modern ?? old ?? "default";
    }

    private static (RotaryScaling, int ContextLength) Scaling(ConfigReader? s, string kind, int context, int? length, int dimensions, double @base)
    {
        if (kind is "default" or "none" || s is null)
        {
            // Saved by some versions for every kind; without a scaling it changes nothing.
            s?.Ignore("original_max_position_embeddings", "factor");
            return (RotaryScaling.None, context);
        }
        var trained = length
            ?? (kind is "llama3" or "yarn" or "longrope" ? s.OptionalInt("original_max_position_embeddings") : null) ?? context;
        s.Ignore("original_max_position_embeddings"); // linear and dynamic take max_position_embeddings
        int Extended(double factor, int from) => (int)Math.Max(context, Math.Min(int.MaxValue, from * factor));
        switch (kind)
        {
            case "linear":
                var linear = s.Positive("factor");
                return (new LinearScaling(linear), Extended(linear, context));
            case "dynamic":
                var dynamic = AtLeastOne(s, s.Positive("factor"));
                if (dimensions == 2) throw s.Error("rope_type", "cannot scale a single pair");
                return (new DynamicScaling(dynamic, context), Extended(dynamic, context));
            case "llama3":
                var llama = s.Positive("factor");
                double low = s.Positive("low_freq_factor"), high = s.Positive("high_freq_factor");
                if (high <= low) throw s.Error("high_freq_factor", $"must be greater than low_freq_factor = {low}");
                return (new Llama3Scaling(llama, low, high, trained), Extended(llama, trained));
            case "yarn":
                var yarn = AtLeastOne(s, s.OptionalFloat("factor") ?? (double)context / trained);
                if (@base <= 1) throw s.Error("rope_theta", "must be greater than 1 for yarn");
                // Zero counts as not given, as it does in Python.
                double fast = NonZero(s.OptionalFloat("beta_fast")) ?? 32, slow = NonZero(s.OptionalFloat("beta_slow")) ?? 1;
                if (fast <= 0 || slow <= 0) throw s.Error("beta_fast", "and beta_slow must be greater than 0");
                double? all = NonZero(s.OptionalFloat("mscale_all_dim")), one = NonZero(s.OptionalFloat("mscale"));
                var magnitude = s.OptionalFloat("attention_factor")
                    ?? (one is { } m && all is { } a ? YarnScaling.PaperFactor(yarn, m) / YarnScaling.PaperFactor(yarn, a) : YarnScaling.PaperFactor(yarn));
                return (new YarnScaling(yarn, trained, magnitude, fast, slow, s.Bool("truncate", true)), Extended(yarn, trained));
            case "longrope":
                var factor = s.OptionalFloat("factor") ?? (double)context / trained;
                var attention = s.OptionalFloat("attention_factor")
                    ?? (factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(trained)));
                if (!double.IsFinite(attention)) throw s.Error("factor", "gives no finite attention factor");
                return (new LongRopeScaling(Divisors(s, "short_factor", dimensions), Divisors(s, "long_factor", dimensions), trained, attention), Extended(factor, trained));
            default:
                throw s.Error(s.Has("rope_type") ? "rope_type" : "type", "is not a scaling that Heed knows (default, linear, dynamic, llama3, yarn, longrope)");
        }
    }

    private static double? NonZero(double? value) => value == 0 ? null : value;

    private static double AtLeastOne(ConfigReader s, double factor)
        => factor >= 1 ? factor : throw s.Error("factor", "must be at least 1");

    private static IReadOnlyList<double> Divisors(ConfigReader s, string key, int dimensions)
    {
        var divisors = s.Floats(key) ?? throw s.Error(key, "must be a list of one number a rotated pair");
        if (divisors.Count != dimensions / 2)
            throw s.Error(key, $"has {divisors.Count} numbers; {dimensions} rotated numbers make {dimensions / 2} pairs");
        foreach (var divisor in divisors)
            if (divisor <= 0) throw s.Error(key, "must hold numbers greater than 0");
        // The reference keeps them as float32.
        return [.. divisors.Select(d => (double)(float)d)];
    }

    /// <summary>Reads GGUF's rotary positions: <c>rope.*</c> keys, and the tensors in which it stores factors.</summary>
    public static Result Read(GgufConfigReader config, int headSize, int context, RotaryPairing pairing = RotaryPairing.Halves)
    {
        var dimensions = config.Int("rope.dimension_count", headSize);
        if (dimensions > headSize || dimensions % 2 != 0)
            throw config.Error("rope.dimension_count", dimensions, $"must be even and at most the head's {headSize} numbers");
        var @base = config.Positive("rope.freq_base", 10_000);
        var trained = config.Int("rope.scaling.original_context_length", context);
        var factor = config.Float("rope.scaling.factor", config.Float("rope.scale_linear", 1));
        if (factor == 0) factor = 1; // llama.cpp reads 0 as "not given"
        if (factor < 0) throw config.Error("rope.scaling.factor", factor, "must be greater than 0");
        var attention = config.Positive("rope.scaling.attn_factor", 1);
        var kind = config.String("rope.scaling.type") ?? "linear";
        RotaryScaling scaling;
        switch (kind)
        {
            case "none" or "linear":
                scaling = factor == 1 || kind == "none" ? RotaryScaling.None : new LinearScaling(factor);
                if (attention != 1) throw config.Error("rope.scaling.attn_factor", attention, $"has no meaning with the scaling {kind}");
                break;
            case "yarn":
                if (@base <= 1 || factor < 1) throw config.Error("rope.scaling.factor", factor, "must be at least 1, and rope.freq_base above 1");
                if (config.Float("rope.scaling.yarn_ext_factor", 1) is not 1 and var mix)
                    throw config.Error("rope.scaling.yarn_ext_factor", mix, "is not supported; only 1 is");
                if (config.Float("rope.scaling.yarn_log_multiplier", 0) is not 0 and var log)
                    throw config.Error("rope.scaling.yarn_log_multiplier", log, "is not supported; only 0 is");
                scaling = new YarnScaling(factor, trained, attention * config.Positive("rope.scaling.yarn_attn_factor", YarnScaling.PaperFactor(factor)),
                    config.Positive("rope.scaling.yarn_beta_fast", 32), config.Positive("rope.scaling.yarn_beta_slow", 1), Truncate: true);
                break;
            case "longrope":
                scaling = RotaryScaling.None; // its factors are tensors
                break;
            default:
                throw config.Error("rope.scaling.type", kind, "is not a scaling that Heed knows (none, linear, yarn, longrope)");
        }
        if (config.Tensors.Has("rope_factors_short.weight") || config.Tensors.Has("rope_factors_long.weight"))
        {
            if (scaling != RotaryScaling.None) throw config.Error("rope.scaling.type", kind, "cannot be combined with the tensors rope_factors_short and rope_factors_long");
            scaling = new LongRopeScaling(Divisors(config, "rope_factors_short.weight", dimensions),
                Divisors(config, "rope_factors_long.weight", dimensions), trained, attention);
        }
        else if (kind == "longrope")
            throw config.Error("rope.scaling.type", kind, "needs the tensors rope_factors_short and rope_factors_long");
        if (config.Tensors.Has("rope_freqs.weight"))
            scaling = new PairFactors(Divisors(config, "rope_freqs.weight", dimensions), scaling);
        return new(new() { Dimensions = dimensions, Base = @base, Pairing = pairing, Scaling = scaling },
            (int)Math.Max(context, Math.Min(int.MaxValue, trained * Math.Max(1, factor))));
    }

    private static IReadOnlyList<double> Divisors(GgufConfigReader config, string tensor, int dimensions)
    {
        var vector = config.Tensors.Vector(tensor, dimensions / 2);
        var divisors = new double[vector.Length];
        for (var i = 0; i < divisors.Length; i++)
        {
            divisors[i] = vector.Span[i];
            if (!(divisors[i] > 0 && double.IsFinite(divisors[i])))
                throw new HeedException($"{config.File}: the tensor {tensor} holds {divisors[i]} for pair {i}; a factor is a finite number greater than 0.");
        }
        return divisors;
    }
}
