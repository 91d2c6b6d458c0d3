using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Numerics;

internal readonly unsafe struct FormatQ2_K : IBlockFormat
{
    public static int BlockLength => 256;
    public static int BlockBytes => 84;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => true;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            float d = BlockCodes.Half(block + 80), dmin = -BlockCodes.Half(block + 82);
            var packed = Vector128.Load(block);
            var (scale, minimum) = (packed & Vector128.Create((byte)15), packed >>> 4);
            BlockCodes.ScaleBytes(Vector128.WidenLower(scale).AsInt16(), Vector128.WidenUpper(scale).AsInt16(), d, scales + 16 * r, scales + 16 * r + 8);
            BlockCodes.ScaleBytes(Vector128.WidenLower(minimum).AsInt16(), Vector128.WidenUpper(minimum).AsInt16(), dmin, offsets + 16 * r, offsets + 16 * r + 8);
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
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            var d = BlockCodes.Half(block + 108);

            // 16 scales of 6 bits: low halves in 8 bytes, two bits each in 4 more; see Blocks.Q3Scale.
            uint high = Unsafe.ReadUnaligned<uint>(block + 104);
            ulong low = Unsafe.ReadUnaligned<ulong>(block + 96), high0 = high & 0x03030303 | (ulong)(high >> 2 & 0x03030303) << 32, high1 = high >> 4 & 0x03030303 | (ulong)(high >> 6 & 0x03030303) << 32;
            var packed = Vector128.Create(low & 0x0F0F0F0F0F0F0F0F | high0 << 4, low >> 4 & 0x0F0F0F0F0F0F0F0F | high1 << 4).AsSByte() - Vector128.Create((sbyte)32);
            BlockCodes.ScaleBytes(Vector128.WidenLower(packed), Vector128.WidenUpper(packed), d, scales + 16 * r, scales + 16 * r + 8);
            BlockCodes.ScaleBytes(Vector128.WidenLower(packed), Vector128.WidenUpper(packed), -4 * d, offsets + 16 * r, offsets + 16 * r + 8);
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
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            float d = BlockCodes.Half(block), dmin = -BlockCodes.Half(block + 2);

            // Eight scales and eight minima of 6 bits, unpacked four to a word; see Blocks.ScaleAndMinimum.
            uint first = Unsafe.ReadUnaligned<uint>(block + 4), second = Unsafe.ReadUnaligned<uint>(block + 8), third = Unsafe.ReadUnaligned<uint>(block + 12);
            uint scales0 = first & 0x3F3F3F3F, minima0 = second & 0x3F3F3F3F;
            uint scales1 = third & 0x0F0F0F0F | first >> 2 & 0x30303030, minima1 = third >> 4 & 0x0F0F0F0F | second >> 2 & 0x30303030;
            var packed = Vector128.Create(scales0 | (ulong)scales1 << 32, minima0 | (ulong)minima1 << 32).AsByte();
            Vector128<short> scale = Vector128.WidenLower(packed).AsInt16(), minimum = Vector128.WidenUpper(packed).AsInt16();
            (Vector128.ConvertToSingle(Vector128.WidenLower(scale)) * d).Store(scales + 8 * r);
            (Vector128.ConvertToSingle(Vector128.WidenUpper(scale)) * d).Store(scales + 8 * r + 4);
            (Vector128.ConvertToSingle(Vector128.WidenLower(minimum)) * dmin).Store(offsets + 8 * r);
            (Vector128.ConvertToSingle(Vector128.WidenUpper(minimum)) * dmin).Store(offsets + 8 * r + 4);
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
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => FormatQ4_K.Scales<T>(rows, heads, scales, offsets);      // the same 16 bytes

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
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            var d = BlockCodes.Half(block + 208);
            var packed = Vector128.Load((sbyte*)block + 192);
            BlockCodes.ScaleBytes(Vector128.WidenLower(packed), Vector128.WidenUpper(packed), d, scales + 16 * r, scales + 16 * r + 8);
            BlockCodes.ScaleBytes(Vector128.WidenLower(packed), Vector128.WidenUpper(packed), -32 * d, offsets + 16 * r, offsets + 16 * r + 8);
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
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var r = 0; r < T.Rows; r++)
        {
            var block = rows[r];
            var d = BlockCodes.Half(block);
            int upper = Unsafe.ReadUnaligned<ushort>(block + 2), lower = Unsafe.ReadUnaligned<int>(block + 4);
            for (var p = 0; p < 8; p++)
                scales[8 * r + p] = d * ((lower >> 4 * p & 15 | (upper >> 2 * p & 3) << 4) - 32);
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
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
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
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
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
            var d = Vector128.Create(BlockCodes.Half(scale[r]));
            d.Store(scales + 8 * r);
            d.Store(scales + 8 * r + 4);
            (-d).Store(offsets + 8 * r);
            (-d).Store(offsets + 8 * r + 4);
        }
    }
}
