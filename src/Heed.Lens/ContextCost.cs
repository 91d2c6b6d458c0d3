using Heed.Lens.Figures;

namespace Heed.Lens;

/// <summary>What one part of the computation costs at one length of the context.</summary>
/// <param name="Name">The part.</param>
/// <param name="PrefillOperations">Multiplications and additions (two each multiply-add) to read all n tokens at once.</param>
/// <param name="DecodeOperations">The same for the n-th token alone, when the others are in the cache.</param>
/// <param name="PrefillBytes">Bytes of weights, keys and values that must be moved at least once to read all n tokens.</param>
/// <param name="DecodeBytes">The same for the n-th token alone.</param>
public sealed record CostPart(string Name, double PrefillOperations, double DecodeOperations, double PrefillBytes, double DecodeBytes);

/// <summary>How many times smaller each invention makes something; 1: it changes nothing here.</summary>
/// <param name="WindowPrefill">Scores of all n tokens, if every layer saw everything, to those that are computed.</param>
/// <param name="WindowCache">Keys and values of all n positions, to those that the layers' windows can still see.</param>
/// <param name="GroupedHeads">The cache, if every query head had its own keys and values, to what it is.</param>
/// <param name="StreamingSoftmax">A query's n scores, to what streaming softmax holds of them: a block, a maximum and a sum.</param>
/// <param name="Cache">Computing all n tokens again for every new one, to computing the new one with a cache.</param>
public sealed record ContextSavings(double WindowPrefill, double WindowCache, double GroupedHeads, double StreamingSoftmax, double Cache);

/// <summary>What a context of n tokens costs.</summary>
/// <param name="Context">n.</param>
/// <param name="IsBeyond">It is more than the model was made for.</param>
/// <param name="Parts">Part by part, in the order of the computation.</param>
/// <param name="CacheBytes">Keys and values of n positions, in all layers.</param>
/// <param name="GridBytes">Scores of all heads of one layer, n×n each, as float32, which streaming softmax never stores.</param>
/// <param name="Savings">What makes it cheaper.</param>
public sealed record ContextCostRow(long Context, bool IsBeyond, IReadOnlyList<CostPart> Parts, double CacheBytes, double GridBytes, ContextSavings Savings)
{
    /// <summary>All parts together.</summary>
    public CostPart Total => new("together", Parts.Sum(p => p.PrefillOperations), Parts.Sum(p => p.DecodeOperations), Parts.Sum(p => p.PrefillBytes), Parts.Sum(p => p.DecodeBytes));

    /// <summary>Scores and weighted values: the part that grows with the square of the context.</summary>
    public CostPart Attention => Parts.Where(p => p.Name is ContextCost.Scores or ContextCost.WeightedValues)
        .Aggregate((a, b) => new("attention", a.PrefillOperations + b.PrefillOperations, a.DecodeOperations + b.DecodeOperations, a.PrefillBytes + b.PrefillBytes, a.DecodeBytes + b.DecodeBytes));

    /// <summary>What each invention saves here, a sentence each.</summary>
    /// <param name="config">The model's configuration.</param>
    public IReadOnlyList<string> SavingsInWords(TransformerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var (first, windows) = (config.Layers[0], config.Layers.Where(l => l.Window is not null).ToList());
        return
        [
            $"Keys and values are kept (cache): {Times(Savings.Cache)} fewer operations a token than computing all {N(Context)} again.",
            $"Softmax block by block (streaming): a query holds a block of scores, a maximum and a sum, {Times(Savings.StreamingSoftmax)} fewer numbers than its {N(Context)} scores; the grids of one layer would take {ContextSquare.Bytes(GridBytes)}.",
            Savings.GroupedHeads == 1 ? "Shared keys and values (grouped heads): none; every head has its own."
                : $"Shared keys and values (grouped heads): {first.Heads} heads share {first.KeyValueHeads} {(first.KeyValueHeads == 1 ? "set" : "sets")} of keys and values, so the cache is {Times(Savings.GroupedHeads)} smaller.",
            windows.Count == 0 ? "Looking back only so far (windows): none; every layer sees everything."
                : $"Looking back only so far (windows): {windows.Count} of {config.Layers.Count} layers see the last {N(windows[0].Window!.Value)} tokens; {Times(Savings.WindowPrefill)} fewer scores to compute all at once, "
                    + $"and {Times(Savings.WindowCache)} fewer keys and values are looked at (Heed keeps them all, so that a text can be shortened again).",
        ];

        static string N(long number) => FigureNumbers.Count(number);

        static string Times(double ratio) => $"{ratio.ToString(ratio < 10 ? "0.##" : "N0", System.Globalization.CultureInfo.InvariantCulture)}×";
    }
}

/// <summary>
/// What a model costs as the context grows, from closed forms over its configuration. Counted are multiply-adds of matrices and of attention, twice;
/// norms, activation functions, softmax and additions of vectors are a small rest that is not. Bytes are those of matrices and of the cache.
/// Counts are exact up to 2⁵³ and to 15 digits beyond.
/// </summary>
/// <param name="Model">What it is of.</param>
/// <param name="MadeFor">The context that the model was made for.</param>
/// <param name="BytesPerWeight">The mean over all matrices: as stored, or what was assumed.</param>
/// <param name="IsAssumed">No weights were there, so their size is assumed.</param>
/// <param name="Rows">One a length, shortest first.</param>
public sealed record ContextCost(string Model, int MadeFor, double BytesPerWeight, bool IsAssumed, IReadOnlyList<ContextCostRow> Rows)
{
    /// <summary>The rows of W_E and the projection to the model's width, where there is one.</summary>
    public const string Embedding = "embedding";
    /// <summary>W_Q, W_K and W_V; the new keys and values are written.</summary>
    public const string Projections = "queries, keys, values";
    /// <summary>query·key for every key that is seen.</summary>
    public const string Scores = "scores";
    /// <summary>The values' sum with the pattern's weights.</summary>
    public const string WeightedValues = "weighted values";
    /// <summary>W_O.</summary>
    public const string Output = "output";
    /// <summary>The MLP, or the router and the experts that are chosen.</summary>
    public const string Mlp = "MLP";
    /// <summary>W_U for the last token, after the projection from the model's width, where there is one.</summary>
    public const string Unembedding = "unembedding";

    /// <summary>The longest context that is computed.</summary>
    public const long MaximumContext = 1L << 30;

    /// <summary>Bytes a weight where none are loaded: 16-bit floats, as most models are published.</summary>
    public const double AssumedBytesPerWeight = 2;

    /// <summary>The cost at each of these lengths.</summary>
    /// <param name="name">What the model is called.</param>
    /// <param name="outline">Its configuration and tensors.</param>
    /// <param name="contexts">Lengths n ≥ 1, in tokens.</param>
    /// <exception cref="HeedException">A length is not from 1 to <see cref="MaximumContext"/>.</exception>
    public static ContextCost Run(string name, ModelOutline outline, IEnumerable<long> contexts)
    {
        ArgumentNullException.ThrowIfNull(outline);
        ArgumentNullException.ThrowIfNull(contexts);
        var weights = new WeightCost(outline);
        return new(name, outline.Config.ContextLength, weights.BytesPerWeight, weights.IsAssumed, [.. contexts.Order().Select(n => n is >= 1 and <= MaximumContext ? Row(weights, outline.Config, n)
            : throw new HeedException($"A context of {n} tokens cannot be computed; it must be from 1 to {MaximumContext}."))]);
    }

    /// <summary>Powers of two from 64 up to twice the longer of <paramref name="context"/> and what the model was made for, with <paramref name="context"/> among them.</summary>
    public static IReadOnlyList<long> Lengths(ModelOutline outline, long context)
    {
        ArgumentNullException.ThrowIfNull(outline);
        var last = Math.Min(MaximumContext, 2 * Math.Max(context, outline.Config.ContextLength));
        var lengths = new SortedSet<long> { context };
        for (var n = 64L; n <= last; n *= 2) lengths.Add(n);
        return [.. lengths];
    }

    private static ContextCostRow Row(WeightCost weights, TransformerConfig config, long n)
    {
        double prefillSeen = 0, decodeSeen = 0, keys = 0, windowKeys = 0, ownKeys = 0, decodeKeys = 0, allSeen = 0;
        foreach (var layer in config.Layers)
        {
            double queryWidth = (double)layer.Heads * layer.HeadSize, keyWidth = (double)layer.KeyValueHeads * layer.HeadSize;
            var visible = Math.Min(n, layer.Window ?? n);
            prefillSeen += queryWidth * Pairs(n, layer.Window);
            allSeen += queryWidth * Pairs(n, null);
            decodeSeen += queryWidth * visible;
            decodeKeys += keyWidth * visible;
            keys += keyWidth * n;
            windowKeys += keyWidth * visible;
            ownKeys += queryWidth * n;
        }
        const double F = sizeof(float);
        var perPosition = keys / n;
        CostPart[] parts =
        [
            new(Embedding, 2 * n * weights.ProjectIn.Count, 2 * weights.ProjectIn.Count, n * weights.EmbeddingRowBytes + weights.ProjectIn.Bytes, weights.EmbeddingRowBytes + weights.ProjectIn.Bytes),
            new(Projections, 2 * n * weights.QueryKeyValue.Count, 2 * weights.QueryKeyValue.Count, weights.QueryKeyValue.Bytes + 2 * keys * F, weights.QueryKeyValue.Bytes + 2 * perPosition * F),
            new(Scores, 2 * prefillSeen, 2 * decodeSeen, keys * F, decodeKeys * F),
            new(WeightedValues, 2 * prefillSeen, 2 * decodeSeen, keys * F, decodeKeys * F),
            new(Output, 2 * n * weights.Output.Count, 2 * weights.Output.Count, weights.Output.Bytes, weights.Output.Bytes),
            new(Mlp, 2 * n * weights.Mlp(1).Used, 2 * weights.Mlp(1).Used, weights.Mlp(n).Bytes, weights.Mlp(1).Bytes),
            new(Unembedding, 2 * weights.Unembedding.Count, 2 * weights.Unembedding.Count, weights.Unembedding.Bytes, weights.Unembedding.Bytes),
        ];
        var heads = config.Layers.Max(l => l.Heads);
        var row = new ContextCostRow(n, n > config.ContextLength, parts, 2 * keys * F, (double)heads * n * n * F, new(1, 1, 1, 1, 1));
        var total = row.Total;
        return row with
        {
            Savings = new(allSeen / prefillSeen, keys / windowKeys, ownKeys / keys, n / (KeyValueCache.BlockLength + 2.0), total.PrefillOperations / total.DecodeOperations),
        };
    }

    /// <summary>Pairs of a query and a key that it may see, of n tokens: Σ min(t, window) for t = 1…n.</summary>
    internal static double Pairs(long n, int? window)
    {
        double w = Math.Min(n, window ?? n);
        return w * (w + 1) / 2 + (n - w) * w;
    }
}
