using System.Runtime.CompilerServices;

namespace Heed.Numerics;

internal readonly unsafe struct FormatQ4_0 : IBlockFormat
{
    public static int BlockLength => 32;
    public static int BlockBytes => 18;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T>
        => BlockCodes.Heads<T>(rows, BlockBytes, count, heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => BlockCodes.HalfScales<T>(heads, scales, offsets, -8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
        => BlockCodes.Nibbles(rows, part * BlockBytes + 2, out lower, out upper);
}

internal readonly unsafe struct FormatQ4_1 : IBlockFormat
{
    public static int BlockLength => 32;
    public static int BlockBytes => 20;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T>
        => BlockCodes.Heads<T>(rows, BlockBytes, count, heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => BlockCodes.HalfScalesAndOffsets<T>(heads, scales, offsets);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
        => BlockCodes.Nibbles(rows, part * BlockBytes + 4, out lower, out upper);
}

internal readonly unsafe struct FormatQ5_0 : IBlockFormat
{
    public static int BlockLength => 32;
    public static int BlockBytes => 22;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T>
        => BlockCodes.Heads<T>(rows, BlockBytes, count, heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => BlockCodes.HalfScales<T>(heads, scales, offsets, -16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Nibbles(rows, part * BlockBytes + 6, out lower, out upper);
        FifthBits.Add(T.LoadRows(rows, part * BlockBytes + 2), ref lower, ref upper);
    }
}

internal readonly unsafe struct FormatQ5_1 : IBlockFormat
{
    public static int BlockLength => 32;
    public static int BlockBytes => 24;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T>
        => BlockCodes.Heads<T>(rows, BlockBytes, count, heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => BlockCodes.HalfScalesAndOffsets<T>(heads, scales, offsets);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Nibbles(rows, part * BlockBytes + 8, out lower, out upper);
        FifthBits.Add(T.LoadRows(rows, part * BlockBytes + 4), ref lower, ref upper);
    }
}

/// <summary>The fifth bits of Q5_0 and Q5_1: bit i of 32 belongs to number i.</summary>
internal static unsafe class FifthBits
{
    private static ReadOnlySpan<byte> LowerBytes => [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
    private static ReadOnlySpan<byte> UpperBytes => [2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3];
    private static ReadOnlySpan<byte> BitOfByte => [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

    /// <summary><paramref name="bits"/> starts with the 32 bits in each group. Each byte is spread over eight lanes, and each lane keeps its own bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<T>(T bits, ref T lower, ref T upper) where T : unmanaged, ILanes<T>
    {
        T own = BlockCodes.Table<T>(BitOfByte), sixteen = T.BroadcastByte(16);
        lower |= T.EqualBytes(T.LookupBytes(bits, BlockCodes.Table<T>(LowerBytes)) & own, own) & sixteen;
        upper |= T.EqualBytes(T.LookupBytes(bits, BlockCodes.Table<T>(UpperBytes)) & own, own) & sixteen;
    }
}

internal readonly unsafe struct FormatQ8_0 : IBlockFormat
{
    public static int BlockLength => 32;
    public static int BlockBytes => 34;
    public static bool HasOffsets => false;
    public static bool HasHalfParts => false;
    public static bool IsSigned => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T>
        => BlockCodes.Heads<T>(rows, BlockBytes, count, heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => BlockCodes.HalfScales<T>(heads, scales, offsets, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        lower = T.LoadRows(rows, part * BlockBytes + 2);
        upper = T.LoadRows(rows, part * BlockBytes + 18);
    }
}

internal readonly unsafe struct FormatIQ4_NL : IBlockFormat
{
    public static int BlockLength => 32;
    public static int BlockBytes => 18;
    public static bool HasOffsets => false;
    public static bool HasHalfParts => false;
    public static bool IsSigned => true;

    /// <summary><see cref="Blocks.IQ4Values"/>, as bytes.</summary>
    internal static ReadOnlySpan<byte> Values => [129, 152, 173, 191, 207, 221, 234, 246, 1, 13, 25, 38, 53, 69, 89, 113];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T>
        => BlockCodes.Heads<T>(rows, BlockBytes, count, heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
        => BlockCodes.HalfScales<T>(heads, scales, offsets, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Nibbles(rows, part * BlockBytes + 2, out lower, out upper);
        var values = BlockCodes.Table<T>(Values);
        lower = T.LookupBytes(values, lower);
        upper = T.LookupBytes(values, upper);
    }
}

internal readonly unsafe struct FormatMXFP4 : IBlockFormat
{
    public static int BlockLength => 32;
    public static int BlockBytes => 17;
    public static bool HasOffsets => true;
    public static bool HasHalfParts => false;
    public static bool IsSigned => false;

    /// <summary><see cref="Blocks.FP4Values"/> plus 12, so that none is negative.</summary>
    private static ReadOnlySpan<byte> Values => [12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Heads<T>(RowPointers rows, int count, uint* heads) where T : unmanaged, ILanes<T>
        => BlockCodes.Heads<T>(rows, BlockBytes, count, heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scales<T>(RowPointers rows, uint* heads, float* scales, float* offsets) where T : unmanaged, ILanes<T>
    {
        for (var i = 0; i < 8 * T.Rows; i++)
        {
            var scale = Blocks.HalvedPowerOfTwo((byte)heads[i]);
            scales[i] = scale;
            offsets[i] = -12 * scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Codes<T>(RowPointers rows, int part, out T lower, out T upper) where T : unmanaged, ILanes<T>
    {
        BlockCodes.Nibbles(rows, part * BlockBytes + 1, out lower, out upper);
        var values = BlockCodes.Table<T>(Values);
        lower = T.LookupBytes(values, lower);
        upper = T.LookupBytes(values, upper);
    }
}
