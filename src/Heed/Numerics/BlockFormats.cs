using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
    /// Copies what <see cref="Scales"/> needs from the first <paramref name="count"/> parts of 32 into heads[row·8 + part]. Called
    /// one step ahead: single words stored here and loaded by the register there would otherwise make it wait.
    /// </summary>
    static virtual void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T> { }

    /// <summary>
    /// Writes scales[row·8 + part] (or [row·16 + half part]) and, if there are any, offsets, for T.Rows rows. Beyond the parts
    /// that there are, offsets are finite.
    /// </summary>
    static abstract void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>;

    /// <summary>The codes of part <paramref name="part"/> of 0 … 7: numbers 0–15 and 16–31, a row to a group.</summary>
    static abstract void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>;
}

/// <summary>What the formats share.</summary>
internal static unsafe class BlockCodes
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>The four bytes that start each block of 32 (scale, and minimum if there is one), [row][8].</summary>
    [MethodImpl(Inline)]
    public static void Heads<T>(RowPointers rows, int blockBytes, int count, uint* heads) where T : unmanaged, ILanes<T>
    {
        if (count < 8)
        {
            // Parts that are not there have scale and offset zero.
            for (var i = 0; i < 8 * T.Rows; i += T.Width) default(T).Store((float*)heads + i);
        }
        for (var part = 0; part < count; part++)
        {
            nint at = part * blockBytes;
            heads[part] = Unsafe.ReadUnaligned<uint>(rows.Row0 + at);
            if (T.Rows > 1) heads[8 + part] = Unsafe.ReadUnaligned<uint>(rows.Row1 + at);
            if (T.Rows > 2) heads[16 + part] = Unsafe.ReadUnaligned<uint>(rows.Row2 + at);
            if (T.Rows > 3) heads[24 + part] = Unsafe.ReadUnaligned<uint>(rows.Row3 + at);
        }
    }

    /// <summary>Scales that are the half-precision number at each block's start; offsets are that scale times a constant.</summary>
    [MethodImpl(Inline)]
    public static void HalfScales<T>(uint* heads, float* scales, float* offsets, float factor) where T : unmanaged, ILanes<T>
    {
        for (var i = 0; i < 8 * T.Rows; i += T.Width)
        {
            var scale = T.LowerHalf(T.Load((float*)heads + i));
            scale.Store(scales + i);
            if (factor != 0) (scale * T.Broadcast(factor)).Store(offsets + i);
        }
    }

    /// <summary>Scales and offsets that are the two half-precision numbers at each block's start.</summary>
    [MethodImpl(Inline)]
    public static void HalfScalesAndOffsets<T>(uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var i = 0; i < 8 * T.Rows; i += T.Width)
        {
            var both = T.Load((float*)heads + i);
            T.LowerHalf(both).Store(scales + i);
            T.UpperHalf(both).Store(offsets + i);
        }
    }

    /// <summary>to[i] = factor·bytes[i] for 16 unsigned or signed bytes. Stored by four, as they are loaded afterwards.</summary>
    [MethodImpl(Inline)]
    public static void ScaleBytes(Vector128<short> lower, Vector128<short> upper, float factor, float* lowerTo, float* upperTo)
    {
        var scale = Vector128.Create(factor);
        (Vector128.ConvertToSingle(Vector128.WidenLower(lower)) * scale).Store(lowerTo);
        (Vector128.ConvertToSingle(Vector128.WidenUpper(lower)) * scale).Store(lowerTo + 4);
        (Vector128.ConvertToSingle(Vector128.WidenLower(upper)) * scale).Store(upperTo);
        (Vector128.ConvertToSingle(Vector128.WidenUpper(upper)) * scale).Store(upperTo + 4);
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
