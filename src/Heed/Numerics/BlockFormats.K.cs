using System.Runtime.CompilerServices;

namespace Heed.Numerics;

internal readonly unsafe struct FormatQ2_K : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 84;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => true;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            float d = BlockCodes.Half(block + 80), dmin = -BlockCodes.Half(block + 82);
            for (var p = 0; p < 16; p++)
            {
                scales[p * T.Rows + r] = d * (block[p] & 15);
                offsets[p * T.Rows + r] = dmin * (block[p] >> 4);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
        => BlockCodes.Bits(rows, 16 + part / 4 * 32, part % 4 * 2, 3, out lower, out upper);
}

internal readonly unsafe struct FormatQ3_K : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 110;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => true;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            var d = BlockCodes.Half(block + 108);
            for (var p = 0; p < 16; p++)
            {
                var scale = d * (Blocks.Q3Scale(block + 96, p) - 32);
                scales[p * T.Rows + r] = scale;
                offsets[p * T.Rows + r] = -4 * scale;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Bits(rows, 32 + part / 4 * 32, part % 4 * 2, 3, out lower, out upper);
        BlockCodes.Bits<T>(rows, 0, part, 1, out var thirdLower, out var thirdUpper);
        lower |= T.ShiftLeft16(thirdLower, 2);
        upper |= T.ShiftLeft16(thirdUpper, 2);
    }
}

internal readonly unsafe struct FormatQ4_K : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 144;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            float d = BlockCodes.Half(block), dmin = -BlockCodes.Half(block + 2);

            // Eight scales and eight minima of 6 bits, unpacked four to a word; see Blocks.ScaleAndMinimum.
            uint first = Unsafe.ReadUnaligned<uint>(block + 4), second = Unsafe.ReadUnaligned<uint>(block + 8), third = Unsafe.ReadUnaligned<uint>(block + 12);
            uint scales0 = first & 0x3F3F3F3F, minima0 = second & 0x3F3F3F3F;
            uint scales1 = third & 0x0F0F0F0F | first >> 2 & 0x30303030, minima1 = third >> 4 & 0x0F0F0F0F | second >> 2 & 0x30303030;
            for (var p = 0; p < 4; p++)
            {
                scales[p * T.Rows + r] = d * (int)(scales0 >> 8 * p & 63);
                offsets[p * T.Rows + r] = dmin * (int)(minima0 >> 8 * p & 63);
                scales[(p + 4) * T.Rows + r] = d * (int)(scales1 >> 8 * p & 63);
                offsets[(p + 4) * T.Rows + r] = dmin * (int)(minima1 >> 8 * p & 63);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
        => BlockCodes.Bits(rows, 16 + part / 2 * 32, part % 2 * 4, 15, out lower, out upper);
}

internal readonly unsafe struct FormatQ5_K : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 176;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => FormatQ4_K.Scales<T>(rows, count, scales, offsets);      // the same 16 bytes

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Bits(rows, 48 + part / 2 * 32, part % 2 * 4, 15, out lower, out upper);
        BlockCodes.Bits<T>(rows, 16, part, 1, out var fifthLower, out var fifthUpper);
        lower |= T.ShiftLeft16(fifthLower, 4);
        upper |= T.ShiftLeft16(fifthUpper, 4);
    }
}

internal readonly unsafe struct FormatQ6_K : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 210;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => true;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            var d = BlockCodes.Half(block + 208);
            for (var p = 0; p < 16; p++)
            {
                var scale = d * (sbyte)block[192 + p];
                scales[p * T.Rows + r] = scale;
                offsets[p * T.Rows + r] = -32 * scale;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Bits(rows, part / 4 * 64 + part % 2 * 32, part % 4 / 2 * 4, 15, out lower, out upper);
        BlockCodes.Bits<T>(rows, 128 + part / 4 * 32, part % 4 * 2, 3, out var highLower, out var highUpper);
        lower |= T.ShiftLeft16(highLower, 4);
        upper |= T.ShiftLeft16(highUpper, 4);
    }
}

internal readonly unsafe struct FormatIQ4_XS : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 136;
    public static bool HasOffsets => false;
    public static bool HasHalfParts => false;
    public static bool IsSigned => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            var d = BlockCodes.Half(block);
            int upper = Unsafe.ReadUnaligned<ushort>(block + 2), lower = Unsafe.ReadUnaligned<int>(block + 4);
            for (var p = 0; p < 8; p++)
                scales[p * T.Rows + r] = d * ((lower >> 4 * p & 15 | (upper >> 2 * p & 3) << 4) - 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Nibbles(rows, 8 + part * 16, out lower, out upper);
        var values = BlockCodes.Table<T>(FormatIQ4_NL.Values);
        lower = T.LookupBytes(values, lower);
        upper = T.LookupBytes(values, upper);
    }
}

internal readonly unsafe struct FormatTQ2_0 : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 66;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => Ternary.Scales<T>(rows + 64, scales, offsets);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
        => BlockCodes.Bits(rows, part / 4 * 32, part % 4 * 2, 3, out lower, out upper);
}

internal readonly unsafe struct FormatTQ1_0 : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 54;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, int count, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => Ternary.Scales<T>(rows + 52, scales, offsets);

    private static ReadOnlySpan<byte> LastBytes => [10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13];
    private static ReadOnlySpan<byte> First => [255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    private static ReadOnlySpan<byte> Second => [0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0];
    private static ReadOnlySpan<byte> Third => [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0];
    private static ReadOnlySpan<byte> Fourth => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255];

    /// <summary>
    /// 32 bytes hold parts 0–4, a digit each; 16 bytes hold five halves of parts 5, 6 and 7; 4 bytes the last half, whose
    /// four digits follow each other.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        if (part < 5)
        {
            lower = Digit(T.LoadRows(rows, 0), part);
            upper = Digit(T.LoadRows(rows, 16), part);
            return;
        }
        var bytes = T.LoadRows(rows, 32);
        lower = Digit(bytes, 2 * (part - 5));
        if (part < 7)
        {
            upper = Digit(bytes, 2 * (part - 5) + 1);
            return;
        }
        // The four last bytes are read with the twelve before: nothing is touched beyond the block.
        var last = T.LookupBytes(T.LoadRows(rows, 38), BlockCodes.Table<T>(LastBytes));
        var (tripled, ninefold) = (Triple(last), Triple(Triple(last)));
        upper = Code(last & BlockCodes.Table<T>(First) | tripled & BlockCodes.Table<T>(Second) | ninefold & BlockCodes.Table<T>(Third) | Triple(ninefold) & BlockCodes.Table<T>(Fourth));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Triple<T>(T x) where T : unmanaged, ILanes<T> => T.AddBytes(x, T.AddBytes(x, x));

    /// <summary>Base-3 digit n: 3ⁿ·x modulo 256 is the fraction of it that is left, and its first digit is what is asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Digit<T>(T x, int n) where T : unmanaged, ILanes<T>
    {
        for (; n > 0; n--) x = Triple(x);
        return Code(x);
    }

    /// <summary>⌊3·x / 256⌋: one from 86 on, two from 171 on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Code<T>(T x) where T : unmanaged, ILanes<T>
    {
        var one = T.BroadcastByte(1);
        return T.AddBytes(T.AtLeastBytes(x, 86) & one, T.AtLeastBytes(x, 171) & one);
    }
}

/// <summary>Ternary formats have one scale for 256 numbers: number = scale·(code − 1).</summary>
internal static unsafe class Ternary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers scale, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var d = BlockCodes.Half(scale[r]);
            for (var p = 0; p < 8; p++) (scales[p * T.Rows + r], offsets[p * T.Rows + r]) = (d, -d);
        }
    }
}
