using System.Numerics.Tensors;
using Heed.Tracing;

namespace Heed.Lens;

/// <summary>What one writer of the residual stream gave to a query or a key.</summary>
/// <param name="Source">What wrote it.</param>
/// <param name="Vector">Its part of the query or key, after norm and rotation [size].</param>
public sealed record ScoreWriter(ResidualSource Source, double[] Vector);

/// <summary>
/// Why a head attends where it does: one attention score split by dimension (q·k = Σ q_i·k_i), and by what wrote the query and the key
/// (q·k = Σ over pairs of writers). Norms have their scale fixed at its value and positions turn each part, so the pairs add up to the score.
/// </summary>
public sealed record ScoreParts
{
    /// <summary>How far the sum of the pairs may be from the score, relative to the larger of 1 and the score.</summary>
    public const double Bound = 1e-4;

    /// <summary>The text.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>The head's layer.</summary>
    public required int Layer { get; init; }

    /// <summary>The head.</summary>
    public required int Head { get; init; }

    /// <summary>The position that looks.</summary>
    public required int Query { get; init; }

    /// <summary>The position looked at.</summary>
    public required int Key { get; init; }

    /// <summary>The query as it is multiplied, normed and rotated [size].</summary>
    public required IReadOnlyList<float> QueryVector { get; init; }

    /// <summary>The key as it is multiplied [size].</summary>
    public required IReadOnlyList<float> KeyVector { get; init; }

    /// <summary>q·k, as the model computed it.</summary>
    public required float RawScore { get; init; }

    /// <summary>What the score is multiplied by, usually 1/√size.</summary>
    public required float Scale { get; init; }

    /// <summary>The cap that the scaled score then goes through, c·tanh(x/c), or null.</summary>
    public required float? SoftCap { get; init; }

    /// <summary>What is added then for the distance (ALiBi); 0 for none.</summary>
    public required double PositionBias { get; init; }

    /// <summary>The score before the mask, as the model computed it.</summary>
    public required float ScaledScore { get; init; }

    /// <summary>The score after the mask, as the softmax took it: −∞ where an edit hid the key.</summary>
    public required float MaskedScore { get; init; }

    /// <summary>True if an edit hid the key from the query: the weight is 0, whatever the score.</summary>
    public bool IsHidden => float.IsNegativeInfinity(MaskedScore);

    /// <summary>The weight that came out of it.</summary>
    public required float Weight { get; init; }

    /// <summary>What wrote the query.</summary>
    public required IReadOnlyList<ScoreWriter> QueryWriters { get; init; }

    /// <summary>What wrote the key.</summary>
    public required IReadOnlyList<ScoreWriter> KeyWriters { get; init; }

    /// <summary>The part of q·k of each pair [query writers, key writers].</summary>
    public required double[,] Pairs { get; init; }

    /// <summary>The part of q·k of each dimension, q_i·k_i [size].</summary>
    public double[] Products => [.. QueryVector.Zip(KeyVector, (q, k) => (double)q * k)];

    /// <summary>The sum of all pairs.</summary>
    public double Sum
    {
        get
        {
            double sum = 0;
            foreach (var pair in Pairs) sum += pair;
            return sum;
        }
    }

    /// <summary>How far the sum of the pairs is from <see cref="RawScore"/>.</summary>
    public double Error => Math.Abs(Sum - RawScore);

    /// <summary>True if the pairs, and the products, add up to the score within <see cref="Bound"/>.</summary>
    public bool AddsUp => Math.Max(Error, Math.Abs(Products.Sum() - RawScore)) <= Bound * Math.Max(1, Math.Abs(RawScore));

    /// <summary>Splits a score.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="query">The position that looks.</param>
    /// <param name="key">The position looked at, which it may see.</param>
    /// <param name="edits">Changes made while the text runs, to what the writers write; not to the stream, queries or keys themselves.</param>
    /// <exception cref="HeedException">There is no such layer, head or position, the query may not see the key, or the model clipped a
    /// query's or key's numbers, which no sum of parts goes through.</exception>
    public static ScoreParts Run(LanguageModel model, int[] tokens, int layer, int head, int query, int key, IEnumerable<Edit>? edits = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        Check(model.Config, tokens, layer, head, query, key);
        var config = model.Config.Layers[layer];
        string[] locals =
        [
            ActivationNames.Norm1 + ActivationNames.Scale, ActivationNames.Query, ActivationNames.Key,
            ActivationNames.QueryNorm + ActivationNames.Scale, ActivationNames.QueryNorm + ActivationNames.NormOut,
            ActivationNames.KeyNorm + ActivationNames.Scale, ActivationNames.KeyNorm + ActivationNames.NormOut,
            ActivationNames.BlockRotaryCos, ActivationNames.BlockRotarySin, ActivationNames.RotatedQuery, ActivationNames.RotatedKey,
        ];
        string[] grids = [ActivationNames.RawScores, ActivationNames.ScaledScores, ActivationNames.Scores, ActivationNames.Pattern];
        Edit[] all = [.. edits ?? []];
        var more = locals.Concat(grids).Select(n => ActivationNames.InBlock(layer, n));
        var traces = ResidualParts.Traces(model, tokens, query == key ? [query] : [query, key], layer, more, all);
        var (queryTrace, keyTrace) = (traces[0], traces[^1]);
        var queries = Writers(model, queryTrace, ResidualParts.Of(model, queryTrace, query, layer), layer, head, isQuery: true);
        var keys = Writers(model, keyTrace, ResidualParts.Of(model, keyTrace, key, layer), layer, head, isQuery: false);
        var pairs = new double[queries.Count, keys.Count];
        for (var a = 0; a < queries.Count; a++)
            for (var b = 0; b < keys.Count; b++) pairs[a, b] = TensorPrimitives.Dot<double>(queries[a].Vector, keys[b].Vector);
        var raw = Grid(ActivationNames.RawScores);
        var scaled = Grid(ActivationNames.ScaledScores);
        double capped = raw * (double)config.ScoreScale;
        if (config.ScoreSoftCap is { } cap) capped = cap * Math.Tanh(capped / cap);
        return new()
        {
            Tokens = tokens,
            Layer = layer,
            Head = head,
            Query = query,
            Key = key,
            QueryVector = ScoreVector(queryTrace, config, layer, head, isQuery: true),
            KeyVector = ScoreVector(keyTrace, config, layer, head, isQuery: false),
            RawScore = raw,
            Scale = config.ScoreScale,
            SoftCap = config.ScoreSoftCap,
            PositionBias = model.Config.HasAlibi && query != key ? scaled - capped : 0,
            ScaledScore = scaled,
            MaskedScore = Grid(ActivationNames.Scores),
            Weight = Grid(ActivationNames.Pattern),
            QueryWriters = queries,
            KeyWriters = keys,
            Pairs = pairs,
        };

        float Grid(string name) => queryTrace[ActivationNames.InBlock(layer, name)][head, 0, key];
    }

    /// <summary>Every part of the stream on its way into the head's query or key: norm, W_Q or W_K, the norm of queries and keys, rotation.</summary>
    private static List<ScoreWriter> Writers(LanguageModel model, Trace trace, ResidualParts stream, int layer, int head, bool isQuery)
    {
        var config = model.Config.Layers[layer];
        var weights = model.Transformer.Weights.Layers[layer];
        var matrix = isQuery ? model.Weights.W_Q[layer, head] : model.Weights.W_K[layer, head];
        var values = matrix.ToArray();
        List<(ResidualSource Source, double[] Vector)> parts = [.. stream.Parts.Select(p => (p.Source, (double[])p.Vector.Clone()))];

        // 1. The norm that attention reads through.
        if (weights.AttentionNorm is { } norm)
        {
            var frozen = FrozenNorm.Of(model.Config, norm, trace[Name(ActivationNames.Norm1 + ActivationNames.Scale)].Row(0)[0]);
            foreach (var part in parts) frozen.Apply(part.Vector);
            if (frozen.Bias is { } bias) parts.Add((new($"{layer}_ln1_bias", ResidualWriter.NormBias, layer), bias));
        }

        // 2. The head's matrix; its bias is a writer of its own.
        parts = [.. parts.Select(p => (p.Source, Times(p.Vector, values, matrix.Shape[1])))];
        var (letter, prefix) = isQuery ? ("Q", ActivationNames.QueryNorm) : ("K", ActivationNames.KeyNorm);
        if (model.Weights.Find(Name($"attn.b_{letter}")) is { } ofMatrix)
            parts.Add((new($"{layer}_b_{letter}", ResidualWriter.QueryKeyBias, layer, head), Array.ConvertAll(ofMatrix.Row(head), x => (double)x)));
        RefuseClipped(config, trace, Name(isQuery ? ActivationNames.Query : ActivationNames.Key), parts, isQuery ? head : head / (config.Heads / config.KeyValueHeads));

        // 3. The norm of queries and keys.
        if (config.QueryKeyNorm != QueryKeyNorm.None)
        {
            var frozen = HeadNorm(model, trace, layer, head, isQuery, prefix);
            foreach (var part in parts) frozen.Apply(part.Vector);
            if (frozen.Bias is { } bias) parts.Add((new($"{layer}_{(isQuery ? "q" : "k")}_norm_bias", ResidualWriter.QueryKeyBias, layer, head), bias));
        }

        // 4. Position.
        if (config.Rotary is { } rotary)
        {
            ReadOnlySpan<float> cos = trace[Name(ActivationNames.BlockRotaryCos)].Row(0), sin = trace[Name(ActivationNames.BlockRotarySin)].Row(0);
            foreach (var part in parts) Rotate(rotary, part.Vector, cos, sin);
        }
        return [.. parts.Select(p => new ScoreWriter(p.Source, p.Vector))];

        string Name(string local) => ActivationNames.InBlock(layer, local);
    }

    /// <summary>The head's query or key as the model multiplied it.</summary>
    private static float[] ScoreVector(Trace trace, LayerConfig config, int layer, int head, bool isQuery)
    {
        var at = isQuery ? head : head / (config.Heads / config.KeyValueHeads);
        if (config.Rotary is not null) return trace[ActivationNames.InBlock(layer, isQuery ? ActivationNames.RotatedQuery : ActivationNames.RotatedKey)].Row(0, at).ToArray();
        if (config.QueryKeyNorm == QueryKeyNorm.None) return trace[ActivationNames.InBlock(layer, isQuery ? ActivationNames.Query : ActivationNames.Key)].Row(0, at).ToArray();
        var normed = trace[ActivationNames.InBlock(layer, (isQuery ? ActivationNames.QueryNorm : ActivationNames.KeyNorm) + ActivationNames.NormOut)];
        return config.QueryKeyNorm == QueryKeyNorm.Whole ? normed.Row(0, 0).Slice(at * config.HeadSize, config.HeadSize).ToArray() : normed.Row(at, 0).ToArray();
    }

    private static FrozenNorm HeadNorm(LanguageModel model, Trace trace, int layer, int head, bool isQuery, string prefix)
    {
        var config = model.Config.Layers[layer];
        var norm = isQuery ? model.Transformer.Weights.Layers[layer].QueryNorm! : model.Transformer.Weights.Layers[layer].KeyNorm!;
        var at = isQuery ? head : head / (config.Heads / config.KeyValueHeads);
        var isWhole = config.QueryKeyNorm == QueryKeyNorm.Whole;
        if (isWhole && config.QueryKeyNormKind == NormKind.Layer)
            throw new HeedException("This model centres the queries of all heads together: a part of the stream reaches this head through all of them, which is not split here.");
        var own = isWhole || config.QueryKeyNorm == QueryKeyNorm.PerHeadOwnWeights ? at * config.HeadSize : 0;
        var scale = trace[ActivationNames.InBlock(layer, prefix + ActivationNames.Scale)].Row(isWhole ? 0 : at, 0)[0];
        return new(config.QueryKeyNormKind, Slice(norm.Weight), Slice(norm.Bias), scale);

        float[] Slice(FloatVector? vector) => vector is null ? [] : vector.Span.Slice(own, config.HeadSize).ToArray();
    }

    /// <summary>Clipping is not linear; where it changed nothing, nothing is lost.</summary>
    private static void RefuseClipped(LayerConfig config, Trace trace, string name, List<(ResidualSource Source, double[] Vector)> parts, int head)
    {
        if (config.QueryKeyValueClip is not { } limit) return;
        var clipped = 0;
        foreach (var value in trace[name].Row(0, head))
            if (Math.Abs(value) >= limit) clipped++;
        if (clipped > 0)
            throw new HeedException($"{name}: this model clips queries and keys to ±{limit}, and clipped {clipped} of {parts[0].Vector.Length} numbers here. What was cut off was written by no part alone; this score cannot be split.");
    }

    /// <summary>x·W, W [width, size].</summary>
    private static double[] Times(double[] x, float[] matrix, int size)
    {
        var product = new double[size];
        for (var i = 0; i < x.Length; i++)
        {
            var row = matrix.AsSpan(i * size, size);
            for (var j = 0; j < size; j++) product[j] += x[i] * row[j];
        }
        return product;
    }

    /// <summary>Turns the first numbers, pair by pair: x′ = x·cos + partner·sin, where the partner of a pair (a, b) is (−b, a).</summary>
    private static void Rotate(RotaryConfig rotary, double[] vector, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        var half = rotary.Dimensions / 2;
        for (var i = 0; i < half; i++)
        {
            var (a, b) = rotary.Pairing == RotaryPairing.Halves ? (i, i + half) : (2 * i, 2 * i + 1);
            (vector[a], vector[b]) = (vector[a] * cos[a] - vector[b] * sin[a], vector[b] * cos[b] + vector[a] * sin[b]);
        }
    }

    private static void Check(TransformerConfig config, int[] tokens, int layer, int head, int query, int key)
    {
        if ((uint)layer >= (uint)config.Layers.Count) throw new HeedException($"There is no layer {layer}: the model has layers 0…{config.Layers.Count - 1}.");
        var of = config.Layers[layer];
        if ((uint)head >= (uint)of.Heads) throw new HeedException($"There is no head {head}: layer {layer} has heads 0…{of.Heads - 1}.");
        if (tokens.Length == 0) throw new HeedException("There are no tokens: the text is empty.");
        foreach (var (name, at) in new[] { ("query", query), ("key", key) })
            if ((uint)at >= (uint)tokens.Length) throw new HeedException($"There is no {name} {at}: the text has positions 0…{tokens.Length - 1}.");
        if (key > query) throw new HeedException($"Query {query} cannot see key {key}, which comes later: that score is masked.");
        if (of.Window is { } window && query - key >= window) throw new HeedException($"Query {query} cannot see key {key}: layer {layer} looks back at most {window - 1} positions, and that score is masked.");
    }
}
