using System.Numerics.Tensors;

namespace Heed.Tracing;

/// <summary>One named activation: its numbers, row-major, and what its axes are.</summary>
/// <param name="Name">Its canonical name, such as <c>blocks.3.attn.hook_pattern</c>.</param>
/// <param name="Axes">What each axis counts: position, head, query, key, width, …</param>
/// <param name="Shape">How long each axis is.</param>
/// <param name="Values">All numbers, the last axis fastest.</param>
public sealed record Activation(string Name, IReadOnlyList<string> Axes, IReadOnlyList<int> Shape, ReadOnlyMemory<float> Values)
{
    /// <summary>For each axis of which only some entries were kept: which ones, as the model counts them (head 7, position 12).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> Selected { get; init; } = NoSelection;

    private static readonly Dictionary<string, IReadOnlyList<int>> NoSelection = [];

    /// <summary>Where on <paramref name="axis"/> the model's own index is kept: with heads 3 and 7 kept, head 7 is at 1.</summary>
    /// <exception cref="HeedException">The axis does not exist, or that entry was not kept.</exception>
    public int At(string axis, int index)
    {
        var number = Array.FindIndex([.. Axes], a => a == axis);
        if (number < 0) throw new HeedException($"{this} has no axis \"{axis}\".");
        if (!Selected.TryGetValue(axis, out var kept))
            return (uint)index < (uint)Shape[number] ? index : throw new HeedException($"{this}: {axis} {index} is outside 0…{Shape[number] - 1}.");
        for (var i = 0; i < kept.Count; i++)
            if (kept[i] == index) return i;
        throw new HeedException($"{this}: {axis} {index} was not kept; kept are {string.Join(", ", kept)}.");
    }

    /// <summary>The number at <paramref name="indices"/>, one index an axis.</summary>
    public float this[params ReadOnlySpan<int> indices] => Values.Span[Offset(indices, Shape.Count)];

    /// <summary>The contiguous numbers below the leading <paramref name="indices"/>: of [head, query, key], <c>Row(h, q)</c> is one query's weights.</summary>
    public ReadOnlySpan<float> Row(params ReadOnlySpan<int> indices)
    {
        var length = 1;
        for (var axis = indices.Length; axis < Shape.Count; axis++) length *= Shape[axis];
        return Values.Span.Slice(Offset(indices, indices.Length) * length, length);
    }

    /// <summary>The numbers as a tensor of <see cref="Shape"/>.</summary>
    public ReadOnlyTensorSpan<float> AsTensorSpan() => new(Values.Span, [.. Shape.Select(n => (nint)n)]);

    /// <summary>The numbers as a tensor.</summary>
    public static implicit operator ReadOnlyTensorSpan<float>(Activation activation) => activation.AsTensorSpan();

    /// <summary>Name and shape, for messages.</summary>
    public override string ToString() => $"{Name} [{string.Join(", ", Axes.Zip(Shape, (a, n) => $"{a} {n}"))}]";

    private int Offset(ReadOnlySpan<int> indices, int axes)
    {
        if (indices.Length > Shape.Count || indices.Length != axes)
            throw new ArgumentException($"{this} takes {Shape.Count} indices, not {indices.Length}.");
        var offset = 0;
        for (var axis = 0; axis < axes; axis++)
        {
            if ((uint)indices[axis] >= (uint)Shape[axis])
                throw new ArgumentOutOfRangeException(nameof(indices), $"{this}: index {indices[axis]} of axis {Axes[axis]} is outside 0…{Shape[axis] - 1}.");
            offset = offset * Shape[axis] + indices[axis];
        }
        return offset;
    }
}
