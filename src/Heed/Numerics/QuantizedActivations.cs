namespace Heed.Numerics;

/// <summary>
/// Rows of activations as 8-bit codes, for integer products with quantised weights: x[i] ≈ scale·code[i], one scale per 32
/// numbers, codes −127 … 127. Besides, scale·Σ code over each part of 32 and of 16, for weights that have an offset.
/// </summary>
/// <remarks>
/// Scales and sums are repeated once for each weight row that is worked on at once, and padded with zeros to whole steps of
/// 256 numbers, so that they multiply the weights' own [part][row] scales register by register.
/// </remarks>
internal readonly unsafe struct QuantizedActivations
{
    private readonly byte* _memory;
    private readonly int _columns, _group, _parts;
    private readonly long _bytesPerRow;

    /// <param name="memory"><see cref="Bytes"/> of it, aligned to 64.</param>
    /// <param name="columns">K, a multiple of 32.</param>
    /// <param name="group">how often scales and sums are repeated.</param>
    public QuantizedActivations(byte* memory, int columns, int group)
    {
        _memory = memory;
        _columns = columns;
        _group = group;
        _parts = (columns + 255) / 256 * 8;
        _bytesPerRow = BytesPerRow(columns, group);
    }

    /// <summary>Parts of 32, padding included.</summary>
    public int PaddedParts => _parts;

    /// <summary>How often scales and sums are repeated.</summary>
    public int Group => _group;

    /// <summary>K.</summary>
    public int Columns => _columns;

    private static long BytesPerRow(int columns, int group)
    {
        long parts = (columns + 255) / 256 * 8;
        return parts * 32 + parts * group * 6 * sizeof(float);
    }

    /// <summary>The memory needed for T rows.</summary>
    public static long Bytes(int T, int columns, int group) => T * BytesPerRow(columns, group);

    /// <summary>[K]</summary>
    public sbyte* Codes(int t) => (sbyte*)(_memory + t * _bytesPerRow);

    /// <summary>[parts][group], one for each 32 numbers.</summary>
    public float* Scales(int t) => (float*)(_memory + t * _bytesPerRow + _parts * 32L);

    /// <summary>[parts][group], scale·Σ code over 32 numbers.</summary>
    public float* Sums(int t) => Scales(t) + (long)_parts * _group;

    /// <summary>[2·parts][group], the same scales, one for each 16 numbers.</summary>
    public float* HalfScales(int t) => Scales(t) + 2L * _parts * _group;

    /// <summary>[2·parts][group], scale·Σ code over 16 numbers.</summary>
    public float* HalfSums(int t) => Scales(t) + 4L * _parts * _group;
}
