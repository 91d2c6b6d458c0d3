using System.Globalization;
namespace Heed.Tracing;

/// <summary>
/// What a run computed, by name. Made with what is to be kept, given to the run, read afterwards:
/// <c>trace["blocks.3.attn.hook_pattern"]</c>. Given to several passes over one cache (while generating), it joins their positions
/// into what one pass over the whole text gives.
/// </summary>
public sealed class Trace
{
    private readonly Dictionary<string, KeptActivation> _kept = [];
    private readonly Dictionary<string, Activation> _loaded = [];
    private readonly List<int> _tokens = [];
    private readonly List<string> _order = [];

    /// <summary>A trace that keeps what <paramref name="selection"/> says.</summary>
    public Trace(TraceSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        Selection = selection;
    }

    /// <summary>A trace read from a file.</summary>
    internal Trace(IEnumerable<Activation> activations, IEnumerable<int> tokens, int firstPosition) : this(new TraceSelection())
    {
        foreach (var activation in activations)
        {
            _loaded.Add(activation.Name, activation);
            _order.Add(activation.Name);
        }
        _tokens.AddRange(tokens);
        FirstPosition = firstPosition;
    }

    /// <summary>Keeps every activation.</summary>
    public static Trace Everything() => new(new TraceSelection());

    /// <summary>Keeps the activations of these names, aliases or patterns; <c>*</c> stands for any text (<c>blocks.*.attn.hook_pattern</c>).</summary>
    public static Trace Of(params IEnumerable<string> names) => new(new TraceSelection { Names = [.. names] });

    /// <summary>Keeps nothing, but looks at everything for the first activation that is not finite.</summary>
    internal static Trace Diagnosing() => new(new TraceSelection()) { IsDiagnosing = true };

    /// <summary>What it keeps.</summary>
    public TraceSelection Selection { get; }

    /// <summary>The tokens whose activations it has seen.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>The position of the first of <see cref="Tokens"/>: above 0 where what came before ran without the trace.</summary>
    public int FirstPosition { get; private set; }

    /// <summary>The kept activations' canonical names, in the order of computation.</summary>
    public IReadOnlyCollection<string> Names => _order;

    /// <summary>Bytes of the numbers kept so far.</summary>
    public long ByteLength => _kept.Values.Sum(k => k.ByteLength) + _loaded.Values.Sum(a => (long)a.Values.Length * sizeof(float));

    /// <summary>The activation of that name or alias; an unknown one is an error that says what was kept.</summary>
    public Activation this[string name] => Find(name)
        ?? throw new HeedException($"The trace has no activation \"{name}\". It kept {_order.Count}: {string.Join(", ", _order.Take(40))}{(_order.Count > 40 ? ", …" : "")}.");

    /// <summary>The activation of that name or alias, or null.</summary>
    public Activation? Find(string name)
    {
        var canonical = ActivationNames.Canonical(name);
        if (canonical.EndsWith(".mlp.in.hook_out", StringComparison.Ordinal))
        {
            var block = canonical[..^"mlp.in.hook_out".Length];
            return Find(block + ActivationNames.MlpPreLinear) ?? Find(block + ActivationNames.MlpPre);
        }
        return _loaded.GetValueOrDefault(canonical) ?? _kept.GetValueOrDefault(canonical)?.Join();
    }

    /// <summary>
    /// A trace that begins with what this one has of the first positions and goes its own way: with a cache of as many positions, only what
    /// comes after them is computed.
    /// </summary>
    /// <param name="length">How many positions, counted from the text's start.</param>
    /// <param name="names">Which activations of this trace it has and goes on to keep, by their names; not raw or scaled scores, which need queries that no trace keeps.</param>
    /// <exception cref="HeedException">This trace has not kept one of them, or not from the start.</exception>
    public Trace Fork(int length, params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _tokens.Count);
        if (FirstPosition != 0) throw new HeedException($"The trace begins at position {FirstPosition}: what is before it is not there to go on from.");
        var fork = new Trace(new TraceSelection { Names = names, Heads = Selection.Heads, Positions = Selection.Positions, MaxBytes = Selection.MaxBytes });
        foreach (var name in names)
        {
            if (!_kept.TryGetValue(ActivationNames.Canonical(name), out var kept)) throw new HeedException($"The trace has not kept \"{name}\", so nothing can go on from it.");
            if (kept.Info.Local is ActivationNames.RawScores or ActivationNames.ScaledScores)
                throw new HeedException($"{kept.Info.Name} of earlier tokens has scores of later ones, too: it is computed in one pass over the whole text, or over one cache from the start.");
            fork._kept[kept.Info.Name] = kept.Fork(length);
            fork._order.Add(kept.Info.Name);
        }
        fork._tokens.AddRange(_tokens.Take(length));
        return fork;
    }

    /// <summary>Writes the activations, their axes and the tokens to a safetensors file, whole or not at all.</summary>
    /// <param name="path">The file; tensors have the activations' names, so Python reads it as any other.</param>
    /// <param name="metadata">More text for the file's header, such as the model and the text.</param>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null) => TraceFile.Save(this, path, metadata);

    /// <summary>Reads a trace that <see cref="Save"/> wrote.</summary>
    /// <exception cref="HeedException">The file is damaged, or is no trace.</exception>
    public static Trace Load(string path) => TraceFile.Load(path);

    /// <summary>Bytes it would keep of a text of <paramref name="positions"/> tokens, and those the run needs to make it.</summary>
    public long BytesFor(ActivationCatalog catalog, int positions)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var (from, to) = EditSite.Clip(Selection.Positions, positions);
        double kept = 0, grid = 0;
        foreach (var info in Selected(catalog))
        {
            double count = 1;
            foreach (var (axis, length) in info.Axes)
                count *= axis is "position" or "query" ? to - from : axis == "key" ? positions : axis is "head" or "kv_head" && Selection.Heads is { } heads ? Math.Min(heads.Count, length) : length;
            kept += count;
            // The grids of one layer at a time are made whole, for all heads.
            if (info.Axes[^1].Axis == "key") grid = Math.Max(grid, (double)info.Axes[0].Length * positions * positions);
        }
        return (long)Math.Min((kept + grid) * sizeof(float), long.MaxValue / 2);
    }

    internal bool IsDiagnosing { get; private init; }

    /// <summary>The activations of a model that it keeps.</summary>
    internal IEnumerable<ActivationInfo> Selected(ActivationCatalog catalog)
    {
        if (IsDiagnosing) return [];
        if (Selection.Names.Count == 0) throw new HeedException("The trace is to keep no names at all; give at least one, or leave them out to keep everything.");
        foreach (var layer in Selection.Layers ?? [])
            if ((uint)layer >= (uint)catalog.LayerCount) throw new HeedException($"Layer {layer} does not exist: the model has layers 0…{catalog.LayerCount - 1}.");
        foreach (var head in Selection.Heads ?? [])
            if ((uint)head >= (uint)catalog.MaxHeads) throw new HeedException($"Head {head} does not exist: the model has heads 0…{catalog.MaxHeads - 1} in a layer.");
        var wanted = Selection.Names.SelectMany(catalog.Match).ToHashSet();
        var layers = Selection.Layers?.ToHashSet();
        return catalog.All.Where(info => wanted.Contains(info) && (layers is null || info.Layer < 0 || info.Layer == catalog.LayerCount || layers.Contains(info.Layer)));
    }

    /// <summary>Before a run: refuses what would not fit, and starts anew if the run starts a text.</summary>
    internal void Begin(ActivationCatalog catalog, int firstPosition, ReadOnlySpan<int> tokens, int length)
    {
        if (_loaded.Count > 0) throw new HeedException("This trace was read from a file, and cannot be filled again. Make a new one.");
        var bytes = BytesFor(catalog, length);
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > Math.Min(Selection.MaxBytes ?? long.MaxValue, available))
            throw new HeedException($"The trace of {length} tokens would take {Size(bytes)}; {(Selection.MaxBytes is { } limit && limit <= available ? $"the limit is {Size(limit)}" : $"this machine has {Size(available)}")}. " +
                "Keep fewer names, layers, heads or positions, or use a shorter text.");
        if (firstPosition == 0 || _tokens.Count == 0)
        {
            _kept.Clear();
            _order.Clear();
            _tokens.Clear();
            FirstPosition = firstPosition;
        }
        else if (FirstPosition + _tokens.Count != firstPosition)
        {
            throw new HeedException($"The trace has positions {FirstPosition}…{FirstPosition + _tokens.Count - 1}; it cannot go on at {firstPosition}. Use one trace for one text.");
        }
        _tokens.AddRange(tokens);
    }

    /// <summary>What collects an activation.</summary>
    internal KeptActivation Collect(ActivationInfo info, int[]? heads)
    {
        if (_kept.TryGetValue(info.Name, out var kept)) return kept;
        _order.Add(info.Name);
        return _kept[info.Name] = new(info, heads);
    }

    internal static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F1} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F1} kB"),
    };
}
