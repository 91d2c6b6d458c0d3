using System.Runtime.InteropServices;
using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>
/// One run of the layers over a ragged batch: which rows of the buffers belong to which sequence, and the buffers.
/// Row n of every buffer is the n-th new token of the batch.
/// </summary>
internal sealed unsafe class Pass
{
    private readonly List<Slice> _slices = [];

    /// <summary>The sequences' parts, in the order of their rows.</summary>
    public ReadOnlySpan<Slice> Slices => CollectionsMarshal.AsSpan(_slices);

    /// <summary>N, the number of rows.</summary>
    public int RowCount { get; private set; }

    /// <summary>True if any sequence is traced.</summary>
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

    public void Clear(ActivationPrecision precision)
    {
        Precision = precision;
        _slices.Clear();
        RowCount = 0;
        IsTraced = false;
    }

    public void Add(SequenceRun run, KeyValueCache cache, int offset, int count, int position, int length)
    {
        _slices.Add(new(run, cache, RowCount, offset, count, position, length));
        RowCount += count;
        if (run.Trace is null) return;
        IsTraced = true;
        Precision = ActivationPrecision.Float32;
    }

    /// <summary>Shows a buffer's rows to the traces of the sequences they belong to.</summary>
    /// <param name="layer">The layer, or −1 for none.</param>
    /// <param name="name">The activation's name, in the layer if there is one.</param>
    /// <param name="values">[N, first·second] with second 0 for one axis less.</param>
    /// <param name="axis">What the axis after position is.</param>
    /// <param name="length">Its length.</param>
    /// <param name="lastAxis">What the last axis is, if there are three.</param>
    /// <param name="lastLength">Its length.</param>
    public void Observe(int layer, string name, float* values, string axis, int length, string? lastAxis = null, int lastLength = 1)
    {
        if (!IsTraced) return;
        foreach (var slice in _slices)
        {
            if (slice.Run.Trace is not { } trace) continue;
            var full = layer < 0 ? name : ActivationNames.InBlock(layer, name);
            var rows = values + (long)slice.Row * length * lastLength;
            if (lastAxis is null) trace.Observe(full, rows, ("position", slice.Count), (axis, length));
            else trace.Observe(full, rows, ("position", slice.Count), (axis, length), (lastAxis, lastLength));
        }
    }

    /// <summary>True if any trace wants this activation of the layer.</summary>
    public bool Wants(int layer, string name)
    {
        if (!IsTraced) return false;
        foreach (var slice in _slices)
            if (slice.Run.Trace?.Wants(layer < 0 ? name : ActivationNames.InBlock(layer, name)) == true) return true;
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
