namespace Heed.Numerics;

/// <summary>
/// Rows of activations as 8-bit codes, for integer products with quantised weights: x[i] ≈ scale·code[i], one scale per 32
/// numbers, codes −127 … 127. Besides, scale·Σ code over each part of 32 and of 16, for weights that have an offset.
/// Scales and sums are padded with zeros to whole steps of 256 numbers.
/// </summary>
internal readonly unsafe struct QuantizedActivations
{
    private readonly byte* _memory;
    private readonly long _bytesPerRow;

    /// <param name="memory"><see cref="Bytes"/> of it, aligned to 64.</param>
    /// <param name="columns">K, a multiple of 32.</param>
    public QuantizedActivations(byte* memory, int columns)
    {
        _memory = memory;
        Columns = columns;
        PaddedParts = (columns + 255) / 256 * 8;
        _bytesPerRow = Bytes(1, columns);
    }

    /// <summary>K.</summary>
    public int Columns { get; }

    /// <summary>Parts of 32, padding included.</summary>
    public int PaddedParts { get; }

    /// <summary>The memory needed for T rows: 32 codes and six floats for each part.</summary>
    public static long Bytes(int T, int columns) => T * ((columns + 255L) / 256 * 8 * (32 + 6 * sizeof(float)));

    /// <summary>[K]</summary>
    public sbyte* Codes(int t) => (sbyte*)(_memory + t * _bytesPerRow);

    /// <summary>[parts], one for each 32 numbers. The other three arrays follow.</summary>
    public float* Scales(int t) => (float*)(_memory + t * _bytesPerRow + PaddedParts * 32L);

    /// <summary>[parts], scale·Σ code over 32 numbers.</summary>
    public float* Sums(int t) => Scales(t) + PaddedParts;

    /// <summary>[2·parts], the same scales, one for each 16 numbers.</summary>
    public float* HalfScales(int t) => Scales(t) + 2L * PaddedParts;

    /// <summary>[2·parts], scale·Σ code over 16 numbers.</summary>
    public float* HalfSums(int t) => Scales(t) + 4L * PaddedParts;
}
