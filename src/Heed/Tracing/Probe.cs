using System.Runtime.InteropServices;

namespace Heed.Tracing;

/// <summary>
/// What one sequence of a batch is watched and changed by: its trace and its edits, bound to one model's activations.
/// The pass shows it the live buffer at every named point.
/// </summary>
internal sealed unsafe class Probe
{
    /// <summary>One activation that is kept, edited or checked.</summary>
    private sealed class Point(ActivationInfo info)
    {
        public ActivationInfo Info => info;
        public bool IsKept { get; set; }
        public int[]? Heads { get; set; }
        public List<Edit> Edits { get; } = [];
    }

    private readonly Dictionary<(int Layer, string Local), Point> _points = [];
    private readonly bool[] _grids;
    private readonly Trace? _trace;
    private readonly IReadOnlyList<Edit> _edits;
    private readonly ActivationCatalog _catalog;
    private readonly bool _isGrowing;
    private readonly Dictionary<int, EarlierQueries> _queries = [];

    /// <summary>Binds a trace and edits to a model; names, heads and shapes are checked here.</summary>
    /// <param name="catalog">The model's activations.</param>
    /// <param name="trace">What to keep, or null.</param>
    /// <param name="edits">What to change.</param>
    /// <param name="isGrowing">The sequence may be continued by later passes.</param>
    public Probe(ActivationCatalog catalog, Trace? trace, IReadOnlyList<Edit> edits, bool isGrowing)
    {
        (_catalog, _trace, _edits, _isGrowing) = (catalog, trace, edits, isGrowing);
        foreach (var info in trace?.Selected(catalog) ?? [])
        {
            var point = At(info);
            point.IsKept = true;
            point.Heads = catalog.Heads(info, trace!.Selection.Heads);
        }
        foreach (var edit in edits)
            foreach (var info in edit.Bind(catalog)) At(info).Edits.Add(edit);
        if (trace?.IsDiagnosing == true)
            foreach (var info in catalog.All) At(info);
        // What an edit made too large for float32 ends in a norm, as a scale of ∞ and a vector of zeros: scales are always checked then.
        if (edits.Count > 0)
            foreach (var info in catalog.All)
                if (info.Local.EndsWith(ActivationNames.Scale, StringComparison.Ordinal)) At(info);
        _grids = new bool[catalog.LayerCount];
        foreach (var point in _points.Values)
            if (point.Info.Axes[^1].Axis == "key") _grids[point.Info.Layer] = true;
        // What is kept of the last layers decides how far a run must go.
        LastLayer = _points.Values.Where(p => p.IsKept).Select(p => p.Info.Layer).DefaultIfEmpty(trace?.IsDiagnosing == true ? catalog.LayerCount : -1).Max();

        Point At(ActivationInfo info)
        {
            ref var point = ref CollectionsMarshal.GetValueRefOrAddDefault(_points, Key(info.Layer, info.Local), out _);
            return point ??= new(info);
        }
    }

    /// <summary>The last layer of which something is kept; the number of layers for what comes after them.</summary>
    public int LastLayer { get; }

    /// <summary>Cosines and sines [T, rotary] of this pass that an edit of the model's table changed, for the layers to come.</summary>
    public (FloatVector Cos, FloatVector Sin)? Rotary { get; set; }

    /// <summary>True if a grid of scores of the layer is kept or edited, and must be stored.</summary>
    public bool WantsGrid(int layer) => _grids[layer];

    /// <summary>True if the activation is kept, edited or checked.</summary>
    public bool Wants(int layer, string local) => _points.ContainsKey(Key(layer, local));

    /// <summary>True if the activation is edited.</summary>
    public bool Edits(int layer, string local) => _points.TryGetValue(Key(layer, local), out var point) && point.Edits.Count > 0;

    /// <summary>Checks positions against the text and its memory, and starts or continues the trace.</summary>
    public void Begin(int firstPosition, ReadOnlySpan<int> tokens, bool isOpenEnded)
    {
        var length = firstPosition + tokens.Length;
        foreach (var edit in _edits)
        {
            var (start, end) = (edit.Positions.Start, edit.Positions.End);
            if (isOpenEnded)
            {
                if (start.IsFromEnd || (end.IsFromEnd && end.Value != 0))
                    throw new HeedException($"The edit ({edit}) counts positions from the end, and the text is still growing. Count them from the start.");
                continue;
            }
            int from = start.GetOffset(length), to = end.GetOffset(length);
            if (from < 0 || to > length || from >= to)
                throw new HeedException($"The edit ({edit}) is for positions {edit.Positions}; the text has positions 0…{length - 1}.");
            if (to <= firstPosition)
                throw new HeedException($"The edit ({edit}) is for positions before {firstPosition}, which are already in the cache and are not computed again. Run without the cache.");
            if (edit.HiddenKey >= length)
                throw new HeedException($"The edit ({edit}) hides key {edit.HiddenKey}; the text has positions 0…{length - 1}.");
        }
        _trace?.Begin(_catalog, firstPosition, tokens, length);
    }

    /// <summary>The pass has computed an activation: it is checked, edited, and kept.</summary>
    /// <param name="layer">Its layer, or −1 outside the layers.</param>
    /// <param name="local">Its name in the layer.</param>
    /// <param name="values">Its numbers, row-major.</param>
    /// <param name="slice">Which positions they are.</param>
    /// <param name="keys">How many keys a grid has.</param>
    /// <returns>True if an edit was made.</returns>
    public bool Observe(int layer, string local, float* values, in Slice slice, int keys = 0)
    {
        if (!_points.TryGetValue(Key(layer, local), out var point)) return false;
        var info = point.Info;
        var shape = info.Shape(slice.Count);
        if (keys > 0) shape[^1] = keys;
        NonFiniteException.Check(info, values, shape, slice.Position, _edits.Count > 0 ? _edits : null);
        if (point.Edits.Count > 0)
        {
            foreach (var edit in point.Edits)
                edit.Apply(new EditSite(edit, info, values, slice.Count, keys, slice.Position, slice.Length));
            NonFiniteException.Check(info, values, shape, slice.Position, point.Edits);
        }
        if (point.IsKept)
        {
            var (from, to) = EditSite.Clip(_trace!.Selection.Positions, slice.Length);
            _trace.Collect(info, point.Heads).Add(values, slice.Count, keys, slice.Position, Math.Max(0, from - slice.Position), Math.Min(slice.Count, to - slice.Position));
        }
        return point.Edits.Count > 0;
    }

    /// <summary>The grid of that name that the trace has kept of earlier queries, or null.</summary>
    public KeptActivation? Earlier(int layer, string local)
        => _points.TryGetValue(Key(layer, local), out var point) && point.IsKept && _trace!.Collect(point.Info, point.Heads) is { Positions.Count: > 0 } kept ? kept : null;

    /// <summary>Where a growing text's queries are remembered, if the trace keeps scores that need them.</summary>
    public EarlierQueries? Queries(int layer, LayerConfig config)
    {
        if (!_isGrowing || !(IsKept(ActivationNames.RawScores) || IsKept(ActivationNames.ScaledScores))) return null;
        return _queries.TryGetValue(layer, out var known) ? known : _queries[layer] = new(config.Heads * config.HeadSize);

        bool IsKept(string local) => _points.TryGetValue(Key(layer, local), out var point) && point.IsKept;
    }

    private (int, string) Key(int layer, string local) => (layer < 0 || layer == _catalog.LayerCount ? -1 : layer, local);
}
