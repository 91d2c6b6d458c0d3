using Heed.Tracing;

namespace Heed;

/// <summary>Which positions' logits a pass computes.</summary>
public enum LogitRows
{
    /// <summary>Only the last new token's: what comes next.</summary>
    Last,
    /// <summary>Every new token's.</summary>
    All,
    /// <summary>None: the pass only fills the cache.</summary>
    None,
}

/// <summary>Takes the logits [V] that follow the token at <paramref name="position"/> in the sequence.</summary>
public delegate void LogitHandler(int position, ReadOnlySpan<float> logits);

/// <summary>One sequence's part in a pass: its new tokens, what they continue, and what is to be seen. Reusable.</summary>
public sealed class SequenceRun
{
    private FloatVector _logits = new(0);
    private int _rows;

    /// <summary>The new tokens.</summary>
    public ReadOnlyMemory<int> Tokens { get; set; }

    /// <summary>What came before them, appended to by the pass; null: nothing, and nothing is kept.</summary>
    public KeyValueCache? Cache { get; init; }

    /// <summary>What to keep of the pass, or null for none.</summary>
    public Trace? Trace { get; init; }

    /// <summary>Changes made to activations while they are computed, in this order.</summary>
    public IReadOnlyList<Edit> Edits { get; init; } = [];

    /// <summary>
    /// A kept residual stream of the same tokens to start from, <c>blocks.k.hook_resid_pre</c> or <c>hook_resid_post</c> [position, width]:
    /// the layers before it are not computed again. Without a cache only.
    /// </summary>
    public Activation? From { get; init; }

    /// <summary>Which logits to compute.</summary>
    public LogitRows Rows { get; set; } = LogitRows.Last;

    /// <summary>Takes each row of logits as it is computed, instead of keeping them all (V numbers a token are many).</summary>
    public LogitHandler? Handler { get; init; }

    /// <summary>The logits [V] of the last new token.</summary>
    public ReadOnlySpan<float> LastLogits => _rows == 0 ? [] : LogitsOf(_rows - 1);

    /// <summary>The logits [V] of a new token (0 is the first), where all rows are computed and no handler takes them.</summary>
    public ReadOnlySpan<float> LogitsOf(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, _rows);
        var vocabulary = _logits.Length / _rows;
        return _logits.Span.Slice(row * vocabulary, vocabulary);
    }

    /// <summary>True while the text grows: an edit's positions may lie ahead.</summary>
    internal bool IsOpenEnded { get; init; }

    /// <summary>The cache's length before the pass.</summary>
    internal int CachedBefore { get; set; }

    /// <summary>Trace and edits bound to the model, or null if there are none.</summary>
    internal Probe? Probe { get; private set; }

    /// <summary>The layer the run starts with.</summary>
    internal int FirstLayer { get; private set; }

    /// <summary>Layers it needs: all, unless only the activations of the first ones are asked for.</summary>
    internal int LayersNeeded(int layers) => Rows != LogitRows.None || Cache is not null || Trace is null ? layers + 1 : Probe!.LastLayer + 1;

    /// <summary>Binds the trace, the edits and the start to a model, and checks them against it.</summary>
    internal void Bind(ActivationCatalog catalog)
    {
        if (Probe is null && (Trace is not null || Edits.Count > 0)) Probe = new(catalog, Trace, Edits, isGrowing: Cache is not null);
        if (From is null) return;
        if (Cache is not null) throw new HeedException($"A run that starts from {From.Name} cannot use a cache: the layers before it would leave no keys and values there.");
        var info = catalog[From.Name];
        if (info.Local is not (ActivationNames.ResidPre or ActivationNames.ResidPost))
            throw new HeedException($"A run starts from a residual stream, blocks.k.hook_resid_pre or hook_resid_post; not from {From.Name}.");
        if (From.Selected.Count > 0 || From.Shape[0] != Tokens.Length)
            throw new HeedException($"{From}: to start from it, it must hold all {Tokens.Length} positions of the text.");
        if (From.Shape.Count != 2 || From.Shape[1] != info.Axes[1].Length) throw new HeedException($"{From} does not fit this model, which has {info}.");
        FirstLayer = info.Local == ActivationNames.ResidPre ? info.Layer : info.Layer + 1;
        foreach (var edit in Edits)
            if (edit.Bind(catalog).Any(i => i.Layer < FirstLayer)) throw new HeedException($"The edit ({edit}) changes a layer before {FirstLayer}, where this run starts.");
        foreach (var kept in Trace?.Selected(catalog) ?? [])
            if (kept.Layer < FirstLayer && Trace!.Selection.Names.Contains(kept.Name)) throw new HeedException($"{kept.Name} cannot be kept: this run starts at layer {FirstLayer}.");
    }

    /// <summary>Rows of logits that the last pass has left.</summary>
    internal int RowCount => _rows;

    /// <summary>Rows the pass computes for this sequence.</summary>
    internal int RowsWanted => Rows switch { LogitRows.All => Tokens.Length, LogitRows.Last => 1, _ => 0 };

    /// <summary>The caller's buffer for its rows of logits.</summary>
    internal unsafe float* TakeLogits(int vocabulary)
    {
        _rows = RowsWanted;
        if (_logits.Length != _rows * (long)vocabulary) _logits = new FloatVector(checked(_rows * vocabulary));
        return _logits.Pointer;
    }
}
