using System.Globalization;
using System.Numerics.Tensors;

namespace Heed.Tracing;

/// <summary>Changes one vector of an activation in place: all numbers of the last axis at one position (and head).</summary>
/// <param name="values">The last axis: a head's query, a vector of the residual stream, one query's row of weights.</param>
/// <param name="position">The position in the text, counted from 0.</param>
/// <param name="head">The head, or 0 where there are none.</param>
public delegate void VectorEdit(Span<float> values, int position, int head);

/// <summary>
/// A change made to an activation while the model computes: everything after it follows from the changed numbers.
/// Edits are made in the order in which they are given, where the activation is computed.
/// <c>Edit.Zero("blocks.17.attn.hook_z", head: 3)</c> removes a head.
/// </summary>
/// <remarks>Positions count from 0, from the end with <c>^</c>; heads from 0. For keys and values a head is a key–value head.
/// A name may contain <c>*</c>, and then means every activation it matches.</remarks>
public sealed class Edit
{
    private readonly Action<EditSite> _apply;
    private readonly Action<ActivationInfo>? _check;

    private Edit(string what, string name, int? head, Range? positions, Action<EditSite> apply, Action<ActivationInfo>? check = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        (What, Name, Head, Positions, _apply, _check) = (what, name, head, positions ?? Range.All, apply, check);
    }

    /// <summary>The activation's name, alias or pattern.</summary>
    public string Name { get; }

    /// <summary>The head whose numbers are changed; null: all.</summary>
    public int? Head { get; }

    /// <summary>The positions (of queries, in a grid) that are changed.</summary>
    public Range Positions { get; }

    /// <summary>What it does, in words.</summary>
    public string What { get; }

    /// <summary>Makes the numbers zero.</summary>
    public static Edit Zero(string name, int? head = null, Range? positions = null)
        => new("zero", name, head, positions, site => site.ForEach((row, _, _) => row.Clear()));

    /// <summary>Multiplies the numbers by <paramref name="factor"/>.</summary>
    public static Edit Scale(string name, float factor, int? head = null, Range? positions = null)
        => new($"times {Text(Finite(factor))}", name, head, positions, site => site.ForEach((row, _, _) => TensorPrimitives.Multiply(row, factor, row)));

    /// <summary>Replaces each vector by the mean over the text's positions, head by head: what is left is what does not depend on the place.
    /// The whole text must run in one pass (not while generating; give <see cref="Mean(string, Activation, int?, Range?)"/> a kept activation there).</summary>
    public static Edit Mean(string name, int? head = null, Range? positions = null)
        => new("mean", name, head, positions, ReplaceByOwnMean, RefuseGrid);

    /// <summary>Replaces each vector by the mean over the positions of an activation kept from another text, head by head.</summary>
    public static Edit Mean(string name, Activation from, int? head = null, Range? positions = null)
    {
        ArgumentNullException.ThrowIfNull(from);
        return new($"mean of another run's {from.Name}", name, head, positions, site =>
        {
            var source = new EditSource(from);
            var means = new Dictionary<int, float[]>();
            site.ForEach((row, _, h) =>
            {
                if (!means.TryGetValue(h, out var mean)) means[h] = mean = source.Mean(h);
                mean.CopyTo(row);
            });
        }, info => { RefuseGrid(info); new EditSource(from).Check(info, head); });
    }

    /// <summary>Puts in an activation of another run: position p and head h take what position p and head h had there.</summary>
    public static Edit Replace(string name, Activation from, int? head = null, Range? positions = null)
    {
        ArgumentNullException.ThrowIfNull(from);
        return new($"from another run's {from.Name}", name, head, positions, site =>
        {
            var source = new EditSource(from);
            site.ForEach((row, position, h) => source.CopyTo(row, position, h));
        }, info => new EditSource(from).Check(info, head));
    }

    /// <summary>Puts in one vector, the same at every position and head that is changed.</summary>
    public static Edit Replace(string name, ReadOnlyMemory<float> vector, int? head = null, Range? positions = null)
        => new($"a vector of {vector.Length}", name, head, positions, site => site.ForEach((row, _, _) => vector.Span.CopyTo(row)),
            info => CheckVector(info, vector.Span));

    /// <summary>Adds <paramref name="factor"/> times a vector: steering.</summary>
    public static Edit Add(string name, ReadOnlyMemory<float> vector, float factor = 1, int? head = null, Range? positions = null)
    {
        Finite(factor);
        return new($"plus {Text(factor)} times a vector of {vector.Length}", name, head, positions,
            site => site.ForEach((row, _, _) => TensorPrimitives.MultiplyAdd(vector.Span, factor, row, row)),
            info => CheckVector(info, vector.Span));
    }

    /// <summary>Changes each vector by a function.</summary>
    public static Edit Apply(string name, VectorEdit change, int? head = null, Range? positions = null)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new("a function", name, head, positions, site => site.ForEach(change));
    }

    /// <summary>Gives a head another attention pattern.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="weights">[queries, keys]: row q holds the weights of query q; as many rows and columns as the text has tokens.</param>
    /// <param name="renormalize">Each row is divided by its sum, so that it sums to 1; otherwise it is taken as given.</param>
    /// <param name="positions">The queries whose rows are put in; the others keep their own.</param>
    public static Edit Pattern(int layer, int head, float[,] weights, bool renormalize = false, Range? positions = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (weights.GetLength(0) != weights.GetLength(1) || weights.Length == 0)
            throw new HeedException($"An attention pattern has as many queries as keys, not {weights.GetLength(0)} × {weights.GetLength(1)}.");
        var n = weights.GetLength(0);
        var values = new float[n * n];
        Buffer.BlockCopy(weights, 0, values, 0, values.Length * sizeof(float));
        return new(renormalize ? "a pattern, made to sum to 1" : "a pattern", InLayer(layer, ActivationNames.Pattern), head, positions, site => site.ForEach((row, position, _) =>
        {
            if (position >= n || row.Length > n)
                throw new HeedException($"The pattern given for layer {layer}, head {head} is for {n} tokens; the text has {Math.Max(position + 1, row.Length)}.");
            var given = values.AsSpan(position * n, row.Length);
            given.CopyTo(row);
            if (!renormalize) return;
            var sum = TensorPrimitives.Sum<float>(row);
            if (!(sum > 0)) throw new HeedException($"The pattern given for layer {layer}, head {head}: row {position} sums to {Text(sum)} and cannot be made to sum to 1.");
            TensorPrimitives.Divide(row, sum, row);
        }));
    }

    /// <summary>Hides one key from one query, before the softmax: the other keys share its weight. The last key of a query cannot be hidden.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head; null: all heads of the layer.</param>
    /// <param name="query">The position that looks; null: every one.</param>
    /// <param name="key">The position that is not to be seen.</param>
    public static Edit Knockout(int layer, int? head, int? query, int key)
    {
        if (query < 0 || key < 0) throw new HeedException($"Positions count from 0: query {query}, key {key}.");
        return new($"key {key} hidden", InLayer(layer, ActivationNames.Scores), head, query is { } q ? q..(q + 1) : Range.All,
            site => site.ForEach((row, _, _) =>
            {
                if (key < row.Length) row[key] = float.NegativeInfinity;
            }))
        { HiddenKey = key };
    }

    /// <summary>Keeps a norm's scale as it was in another run, so that what follows is linear in what enters the norm.</summary>
    /// <param name="norm">The norm's name or a pattern: <c>blocks.3.ln1</c>, <c>blocks.*.ln2</c>, <c>ln_final</c>.</param>
    /// <param name="from">A run that kept its <c>hook_scale</c>.</param>
    /// <param name="positions">Where.</param>
    public static Edit FreezeNorm(string norm, Trace from, Range? positions = null)
    {
        ArgumentNullException.ThrowIfNull(from);
        return new("the scale of another run", norm + ActivationNames.Scale, null, positions,
            site => { var source = new EditSource(from[site.Name]); site.ForEach((row, position, h) => source.CopyTo(row, position, h)); },
            info => new EditSource(from[info.Name]).Check(info, null));
    }

    /// <summary>The same change made to another activation, or to one of those that <see cref="Name"/> matches.</summary>
    public Edit At(string name) => new(What, name, Head, Positions, _apply, _check) { HiddenKey = HiddenKey };

    /// <summary>Refuses what does not fit a model, before anything runs: an unknown name (the message lists what there is), a head, a shape.
    /// Positions are checked against the text when it runs.</summary>
    /// <exception cref="HeedException">It does not fit.</exception>
    public void Check(ActivationCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        Bind(catalog);
    }

    /// <summary>What it does, to what: for messages and lists.</summary>
    public override string ToString()
        => $"{What}: {Name}{(Head is { } h ? $", head {h}" : "")}{(Positions.Equals(Range.All) ? "" : $", positions {Positions}")}";

    /// <summary>The key it hides, which must be a position of the text.</summary>
    internal int? HiddenKey { get; private init; }

    /// <summary>The activations it changes in a model, checked: names, heads, shapes.</summary>
    internal IReadOnlyList<ActivationInfo> Bind(ActivationCatalog catalog)
    {
        var infos = catalog.Match(Name);
        foreach (var info in infos)
        {
            if (Head is { } head)
            {
                if (info.Heads is not { } heads) throw new HeedException($"{info} has no heads, so none can be chosen (asked for {head}).");
                if ((uint)head >= (uint)heads) throw new HeedException($"{info} has heads 0…{heads - 1}; {head} is none of them.");
            }
            _check?.Invoke(info);
        }
        return infos;
    }

    internal void Apply(EditSite site) => _apply(site);

    private static void ReplaceByOwnMean(EditSite site)
    {
        if (site.FirstPosition > 0 || site.Positions < site.Length)
            throw new HeedException($"The mean of {site.Name} over the text's positions needs the whole text in one pass; here {site.FirstPosition} positions came before. " +
                "Give the mean of a kept activation instead: Edit.Mean(name, activation).");
        var sums = new Dictionary<int, double[]>();
        site.ForEachPosition((row, _, head) =>
        {
            if (!sums.TryGetValue(head, out var sum)) sums[head] = sum = new double[row.Length];
            for (var i = 0; i < row.Length; i++) sum[i] += row[i];
        });
        site.ForEach((row, _, head) =>
        {
            for (var i = 0; i < row.Length; i++) row[i] = (float)(sums[head][i] / site.Positions);
        });
    }

    private static void RefuseGrid(ActivationInfo info)
    {
        if (info.Axes[^1].Axis == "key") throw new HeedException($"{info}: rows of different queries cannot be averaged, since they see different keys. Give a pattern, or change it by a function.");
    }

    private static void CheckVector(ActivationInfo info, ReadOnlySpan<float> vector)
    {
        if (info.Axes[^1].Axis == "key") throw new HeedException($"{info}: a vector cannot stand for a row of a grid, whose length is the text's. Give a pattern, or change it by a function.");
        if (info.Axes[^1].Length != vector.Length) throw new HeedException($"{info} takes vectors of {info.Axes[^1].Length} numbers; the one given has {vector.Length}.");
        for (var i = 0; i < vector.Length; i++)
            if (!float.IsFinite(vector[i])) throw new HeedException($"The vector given for {info.Name} is {Text(vector[i])} at {i}; every number must be finite.");
    }

    private static string InLayer(int layer, string name)
        => layer >= 0 ? ActivationNames.InBlock(layer, name) : throw new HeedException($"Layers count from 0; there is no layer {layer}.");

    private static float Finite(float factor)
        => float.IsFinite(factor) ? factor : throw new HeedException($"The factor of an edit must be finite; it is {Text(factor)}.");

    private static string Text(float value) => value.ToString(CultureInfo.InvariantCulture);
}
