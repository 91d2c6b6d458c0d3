using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Numerics;

/// <summary>
/// A block format as the vector kernels read it: each 32 numbers of a row are 32 byte codes and a scale (or two, one per
/// 16 numbers), number = scale·code + offset. The layouts, byte by byte, are documented in <see cref="Blocks"/>, the reference.
/// </summary>
/// <remarks>
/// Rows are read in steps of up to 256 numbers, eight parts of 32; <c>rows</c> points to where the step starts in each of
/// T.Rows rows. Codes that stand for signed numbers either become unsigned with an offset, or stay signed where they do not
/// fit the 6 bits that unsigned products allow.
/// </remarks>
internal unsafe interface IBlockFormat
{
    /// <summary>Numbers in one stored block: 32 or 256.</summary>
    static abstract int BlockLength { get; }

    /// <summary>Bytes of one stored block.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>True if offsets are not all zero.</summary>
    static abstract bool HasOffsets { get; }

    /// <summary>True if there is a scale for each 16 numbers, not each 32.</summary>
    static abstract bool HasHalfParts { get; }

    /// <summary>True if codes are signed bytes, false if they are unsigned and at most 63.</summary>
    static abstract bool IsSigned { get; }

    /// <summary>
    /// Writes scales[part·T.Rows + row] and, if there are any, offsets, for the first <paramref name="count"/> parts of 32 of the
    /// step (256-number blocks: for all). Both have room for 16·T.Rows floats.
    /// </summary>
    static abstract void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>;

    /// <summary>The codes of part <paramref name="part"/> of 0 … 7: numbers 0–15 and 16–31, a row to a group.</summary>
    static abstract void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>;
}

/// <summary>What the formats share.</summary>
internal static unsafe class BlockCodes
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>The four bytes that start each block of 32 (scale, and minimum if there is one), [part][row].</summary>
    [MethodImpl(Inline)]
    public static void Heads<T>(RowPointers rows, int blockBytes, int count, uint* heads) where T : unmanaged, ILanes<T>
    {
        for (var part = 0; part < count; part++)
        {
            nint at = part * blockBytes;
            heads[part * T.Rows] = Unsafe.ReadUnaligned<uint>(rows.Row0 + at);
            if (T.Rows > 1) heads[part * T.Rows + 1] = Unsafe.ReadUnaligned<uint>(rows.Row1 + at);
            if (T.Rows > 2) heads[part * T.Rows + 2] = Unsafe.ReadUnaligned<uint>(rows.Row2 + at);
            if (T.Rows > 3) heads[part * T.Rows + 3] = Unsafe.ReadUnaligned<uint>(rows.Row3 + at);
        }
    }

    /// <summary>Scales that are the half-precision number at each block's start; offsets are that scale times a constant.</summary>
    [MethodImpl(Inline)]
    public static void HalfScales<T>(RowPointers rows, int blockBytes, int count, float* scales, float* offsets, float factor) where T : unmanaged, ILanes<T>
    {
        Heads<T>(rows, blockBytes, count, (uint*)scales);
        for (var i = 0; i < count * T.Rows; i += T.Width)
        {
            var scale = T.LowerHalf(T.Load(scales + i));
            scale.Store(scales + i);
            if (factor != 0) (scale * T.Broadcast(factor)).Store(offsets + i);
        }
    }

    /// <summary>Scales and offsets that are the two half-precision numbers at each block's start.</summary>
    [MethodImpl(Inline)]
    public static void HalfScalesAndOffsets<T>(RowPointers rows, int blockBytes, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        Heads<T>(rows, blockBytes, count, (uint*)scales);
        for (var i = 0; i < count * T.Rows; i += T.Width)
        {
            var heads = T.Load(scales + i);
            T.LowerHalf(heads).Store(scales + i);
            T.UpperHalf(heads).Store(offsets + i);
        }
    }

    /// <summary>16 bytes of nibbles at <paramref name="offset"/>: lower halves are numbers 0–15, upper ones 16–31.</summary>
    [MethodImpl(Inline)]
    public static void Nibbles<T>(RowPointers rows, nint offset, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        var bytes = T.LoadRows(rows, offset);
        var mask = T.BroadcastByte(15);
        lower = bytes & mask;
        upper = T.ShiftRight16(bytes, 4) & mask;
    }

    /// <summary>32 bytes at <paramref name="offset"/>, of which each holds the code at bit <paramref name="shift"/> under the mask.</summary>
    [MethodImpl(Inline)]
    public static void Bits<T>(RowPointers rows, nint offset, int shift, byte mask, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        var bits = T.BroadcastByte(mask);
        lower = T.ShiftRight16(T.LoadRows(rows, offset), shift) & bits;
        upper = T.ShiftRight16(T.LoadRows(rows, offset + 16), shift) & bits;
    }

    /// <summary>A table of 16 bytes in every group.</summary>
    [MethodImpl(Inline)]
    public static T Table<T>(ReadOnlySpan<byte> bytes) where T : unmanaged, ILanes<T>
        => T.LoadSame((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)));     // constant data does not move

    /// <summary>A half-precision number, one at a time.</summary>
    [MethodImpl(Inline)]
    public static float Half(byte* p)
    {
        uint bits = Unsafe.ReadUnaligned<ushort>(p), magnitude = bits & 0x7FFF;
        var scaled = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(magnitude << 13) * 5.192296858534828e33f);
        if (magnitude > 0x7BFF) scaled |= 0x7F80_0000;
        return BitConverter.UInt32BitsToSingle(scaled | (bits & 0x8000) << 16);
    }
}
