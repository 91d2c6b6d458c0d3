using Heed.Tracing;

namespace Heed.Cli.Looking;

/// <summary>
/// Which head to show when none is named: the one that looks most at content. A head's measure is the weight it gives to tokens
/// other than the one that looks, the one before it, and the first, averaged over the tokens that have such others (from the fourth on).
/// Most heads look at themselves, at their neighbour, or park on the first token; this finds one that has something to show.
/// </summary>
/// <param name="Layer">The head's layer.</param>
/// <param name="Head">The head.</param>
/// <param name="Mean">Its measure, 0 to 1; null where the text is too short to have one.</param>
internal sealed record HeadChoice(int Layer, int Head, double? Mean)
{
    /// <summary>The first position that has a token to look at which is neither itself, nor the one before, nor the first.</summary>
    public const int FirstPosition = 3;

    /// <summary>Tokens that the choice is made on at most: later ones would not change what these look at.</summary>
    public static int TokensFor(TransformerConfig config, int tokens)
    {
        const long Numbers = 1 << 26;   // patterns of all heads in 256 MB
        var heads = config.Layers.Sum(l => (long)l.Heads);
        return Math.Min(tokens, Math.Max(64, (int)Math.Sqrt(Numbers / heads)));
    }

    /// <summary>Chooses among the heads of a trace that has the patterns; a layer or head that is given is kept.</summary>
    public static HeadChoice Of(Trace trace, TransformerConfig config, int? layer, int? head)
    {
        HeadChoice best = new(layer ?? 0, head ?? 0, null);
        for (var l = layer ?? 0; l <= (layer ?? config.Layers.Count - 1); l++)
        {
            var pattern = trace[ActivationNames.InBlock(l, ActivationNames.Pattern)];
            for (var h = head ?? 0; h <= (head ?? config.Layers[l].Heads - 1) && h < config.Layers[l].Heads; h++)
                if (Measure(pattern, h) is { } mean && !(mean <= best.Mean)) best = new(l, h, mean);
        }
        return best;
    }

    /// <summary>The mean weight on content of one head of a pattern [head, query, key], or null for fewer than four tokens.</summary>
    public static double? Measure(Activation pattern, int head)
    {
        var tokens = pattern.Shape[1];
        if (tokens <= FirstPosition) return null;
        double sum = 0;
        for (var query = FirstPosition; query < tokens; query++)
        {
            var weights = pattern.Row(head, query);
            for (var key = 1; key <= query - 2; key++) sum += weights[key];
        }
        return sum / (tokens - FirstPosition);
    }
}
