using System.Runtime.InteropServices;
using Heed.Numerics;

namespace Heed;

/// <summary>
/// One run of the layers over a ragged batch: which rows of the buffers belong to which sequence, and the buffers.
/// Row n of every buffer is the n-th new token of the batch.
/// </summary>
internal sealed unsafe class Pass
{
    private readonly List<Slice> _slices = [];
    private readonly Queue<Slice> _later = [];

    /// <summary>The sequences' parts, in the order of their rows.</summary>
    public ReadOnlySpan<Slice> Slices => CollectionsMarshal.AsSpan(_slices);

    /// <summary>N, the number of rows of the sequences that have started.</summary>
    public int RowCount { get; private set; }

    /// <summary>True if any sequence is traced or edited.</summary>
    public bool IsTraced { get; private set; }

    /// <summary>How this pass's products treat activations: a trace shows the model's own numbers, never rounded ones.</summary>
    public ActivationPrecision Precision { get; private set; }

    /// <summary>The residual stream [N, D].</summary>
    public Scratch Residual { get; } = new();
    /// <summary>The residual stream normalised, as attention or the MLP reads it [N, D].</summary>
    public Scratch Normed { get; } = new();
    /// <summary>[N, H·d]</summary>
    public Scratch Query { get; } = new();
    /// <summary>[N, K·d]</summary>
    public Scratch Key { get; } = new();
    /// <summary>[N, K·d]</summary>
    public Scratch Value { get; } = new();
    /// <summary>[N, H·d]</summary>
    public Scratch Z { get; } = new();
    /// <summary>What attention adds [N, D].</summary>
    public Scratch AttentionOut { get; } = new();
    /// <summary>[N, F]</summary>
    public Scratch Gate { get; } = new();
    /// <summary>[N, F]</summary>
    public Scratch Hidden { get; } = new();
    /// <summary>What the MLP adds [N, D].</summary>
    public Scratch MlpOut { get; } = new();
    /// <summary>For whatever a step needs for itself.</summary>
    public Scratch Spare { get; } = new();
    /// <summary>Rows of logits, where they are not written to the caller's buffer.</summary>
    public Scratch Logits { get; } = new();

    /// <summary>Rows of all sequences, those that start at a later layer included.</summary>
    public int TotalRows { get; private set; }

    /// <summary>The first layer any sequence needs.</summary>
    public int FirstLayer { get; private set; }

    /// <summary>Layers that some sequence needs; one more than there are where what follows them is needed too.</summary>
    public int LayerCount { get; private set; }

    public void Clear(ActivationPrecision precision)
    {
        Precision = precision;
        _slices.Clear();
        _later.Clear();
        RowCount = TotalRows = LayerCount = 0;
        FirstLayer = 0;
        IsTraced = false;
    }

    /// <summary>Adds a sequence's tokens; sequences come in the order of the layers they start with.</summary>
    public void Add(SequenceRun run, KeyValueCache cache, int offset, int count, int position, int length, int layersNeeded)
    {
        if (TotalRows == 0) FirstLayer = run.FirstLayer;
        var slice = new Slice(run, cache, TotalRows, offset, count, position, length);
        TotalRows += count;
        LayerCount = Math.Max(LayerCount, layersNeeded);
        if (run.FirstLayer == FirstLayer)
        {
            _slices.Add(slice);
            RowCount = TotalRows;
        }
        else
        {
            _later.Enqueue(slice);
        }
        if (run.Probe is null) return;
        IsTraced = true;
        Precision = ActivationPrecision.Float32;
    }

    /// <summary>The sequences that start with this layer join: their kept residual stream becomes rows of <see cref="Residual"/>.</summary>
    public void Join(int layer, int width)
    {
        var residual = Residual.Take((long)TotalRows * width);
        while (_later.TryPeek(out var next) && next.Run.FirstLayer == layer)
        {
            _slices.Add(_later.Dequeue());
            RowCount += next.Count;
        }
        foreach (ref readonly var slice in Slices)
            if (slice.Run.From is { } from && slice.Run.FirstLayer == layer)
                from.Values.Span.Slice(slice.Offset * width, slice.Count * width).CopyTo(new(residual + (long)slice.Row * width, slice.Count * width));
    }

    /// <summary>Shows a buffer's rows to the sequences they belong to, whose edits may change them.</summary>
    /// <param name="layer">The layer, or −1 for none.</param>
    /// <param name="name">The activation's name, in the layer if there is one.</param>
    /// <param name="values">[N, …]: a row a position.</param>
    /// <param name="rowLength">Numbers in a row.</param>
    /// <returns>True if any were changed.</returns>
    public bool Observe(int layer, string name, float* values, int rowLength)
    {
        if (!IsTraced) return false;
        var isEdited = false;
        foreach (ref readonly var slice in Slices)
            if (slice.Run.Probe is { } probe) isEdited |= probe.Observe(layer, name, values + (long)slice.Row * rowLength, slice);
        return isEdited;
    }

    /// <summary>True if any sequence keeps, edits or checks this activation.</summary>
    public bool Wants(int layer, string name)
    {
        if (!IsTraced) return false;
        foreach (ref readonly var slice in Slices)
            if (slice.Run.Probe?.Wants(layer, name) == true) return true;
        return false;
    }
}

/// <summary>One sequence's rows in a pass.</summary>
/// <param name="Run">The sequence.</param>
/// <param name="Cache">Its keys and values.</param>
/// <param name="Row">Its first row in the buffers.</param>
/// <param name="Offset">The first of its new tokens that is in this pass.</param>
/// <param name="Count">T, how many of its tokens are in this pass.</param>
/// <param name="Position">The position of its first row in the sequence.</param>
/// <param name="Length">How many tokens the sequence has once all its new ones have run, in this pass and the next.</param>
internal readonly record struct Slice(SequenceRun Run, KeyValueCache Cache, int Row, int Offset, int Count, int Position, int Length);

/// <summary>A float buffer that grows and stays where it is while it does not.</summary>
internal sealed unsafe class Scratch
{
    private FloatVector _values = new(0);

    /// <summary>At least <paramref name="count"/> numbers, of any value.</summary>
    public float* Take(long count)
    {
        if (count > _values.Length) _values = new FloatVector(checked((int)count));
        return _values.Pointer;
    }
}
