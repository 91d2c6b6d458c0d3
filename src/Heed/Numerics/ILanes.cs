using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Heed.Numerics;

/// <summary>
/// A vector register as the kernels see it. Kernels are written once, generic over this interface; the JIT specialises
/// them for each implementation, so nothing of the abstraction is left in the machine code.
/// </summary>
/// <remarks>
/// <para>
/// A register holds <see cref="Width"/> float32 numbers. For products with quantised weights it is read as
/// <see cref="Rows"/> groups of 128 bits, one for each of as many weight rows: every integer operation stays inside its
/// group, so rows never mix, and what a row sums to does not depend on which rows it travels with.
/// </para>
/// <para>Operations named …Bytes or …16 act on the same bits as unsigned bytes or 16-bit integers.</para>
/// </remarks>
internal unsafe interface ILanes<T> where T : unmanaged, ILanes<T>
{
    /// <summary>True if this processor can run it.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>How many floats.</summary>
    static abstract int Width { get; }

    /// <summary>How many groups of 128 bits: Width / 4.</summary>
    static abstract int Rows { get; }

    /// <summary>Rows of the register tile of a matrix product.</summary>
    static abstract int TileRows { get; }

    /// <summary>Registers across the register tile: TileRows × TileVectors sums stay in registers, with room for the factors.</summary>
    static abstract int TileVectors { get; }

    /// <summary>Width floats from <paramref name="p"/>; no alignment needed, as in every load and store here.</summary>
    static abstract T Load(float* p);

    /// <summary>The first <paramref name="count"/> floats, others set to <paramref name="fill"/>; nothing beyond them is touched.</summary>
    static abstract T LoadPartial(float* p, int count, float fill = 0);

    /// <summary>The number in every lane.</summary>
    static abstract T Broadcast(float value);

    void Store(float* p);

    /// <summary>Writes the first <paramref name="count"/> lanes.</summary>
    void StorePartial(float* p, int count);

    static abstract T operator +(T a, T b);
    static abstract T operator -(T a, T b);
    static abstract T operator *(T a, T b);
    static abstract T operator /(T a, T b);

    /// <summary>a·b + c, fused where the processor can.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>The larger; if <paramref name="b"/> is NaN it is kept on x86 and ARM.</summary>
    static abstract T Max(T a, T b);

    /// <summary>The smaller; if <paramref name="b"/> is NaN it is kept on x86 and ARM.</summary>
    static abstract T Min(T a, T b);

    /// <summary>All bits set where a &lt; b.</summary>
    static abstract T LessThan(T a, T b);

    /// <summary>a where the mask's bits are set, b elsewhere.</summary>
    static abstract T Select(T mask, T a, T b);

    static abstract T operator &(T a, T b);
    static abstract T operator |(T a, T b);
    static abstract T operator ^(T a, T b);

    /// <summary>x·2ⁿ for whole n in −300 … 300, exact down to the subnormals.</summary>
    static abstract T ScaleByPowerOfTwo(T x, T n);

    /// <summary>The sum of all lanes, in an order that is always the same.</summary>
    float Sum();

    /// <summary>The largest lane.</summary>
    float Largest();

    /// <summary>Width bfloat16 numbers.</summary>
    static abstract T LoadBFloat16(byte* p);

    /// <summary>Width half-precision numbers, infinities and NaN included.</summary>
    static abstract T LoadHalf(byte* p);

    /// <summary>Width unsigned bytes as floats.</summary>
    static abstract T LoadBytes(byte* p);

    /// <summary>Width signed bytes as floats.</summary>
    static abstract T LoadSignedBytes(byte* p);

    /// <summary>The lower half-precision number of each 32 bits.</summary>
    static abstract T LowerHalf(T bits);

    /// <summary>The upper half-precision number of each 32 bits.</summary>
    static abstract T UpperHalf(T bits);

    /// <summary>x rounded to the nearest whole number, as 32-bit integers cut to signed bytes; Width bytes are written.</summary>
    void StoreRoundedBytes(sbyte* p);

    /// <summary>16 bytes from each row at <paramref name="offset"/>, one row to a group.</summary>
    static abstract T LoadRows(RowPointers rows, long offset);

    /// <summary>The same 16 bytes in every group.</summary>
    static abstract T LoadSame(byte* p);

    /// <summary>The byte everywhere.</summary>
    static abstract T BroadcastByte(byte value);

    /// <summary>In every group, float <paramref name="i"/> (a literal 0 … 3) of that group in all four lanes.</summary>
    static abstract T BroadcastInGroup(T x, [ConstantExpected] int i);

    /// <summary>Each 16 bits shifted right; bits cross from the upper byte into the lower one.</summary>
    static abstract T ShiftRight16(T x, int count);

    /// <summary>Each 16 bits shifted left; bits cross from the lower byte into the upper one.</summary>
    static abstract T ShiftLeft16(T x, int count);

    /// <summary>Within each group: byte i of the result is table[index[i]], for indices below 16.</summary>
    static abstract T LookupBytes(T table, T index);

    /// <summary>Within each group, the bytes of a and b in turn: of their first eight, and of their last eight.</summary>
    static abstract void InterleaveBytes(T a, T b, out T lower, out T upper);

    /// <summary>Each group is cut into as many pieces as there are groups: piece i of group j goes to piece j of group i.</summary>
    static abstract T TransposeGroups(T x);

    /// <summary>0xFF where the bytes are equal.</summary>
    static abstract T EqualBytes(T a, T b);

    /// <summary>Bytes added modulo 256.</summary>
    static abstract T AddBytes(T a, T b);

    /// <summary>0xFF where the unsigned byte is at least that large.</summary>
    static abstract T AtLeastBytes(T a, byte least);

    /// <summary>
    /// Four partial sums per group, as floats, of w0·a0 + w1·a1 over their bytes; w unsigned and at most 63 (so that
    /// sums of four products fit 16 bits), a signed.
    /// </summary>
    static abstract T DotUnsigned(T w0, T a0, T w1, T a1);

    /// <summary>Four partial sums per group, as floats, of w·a over their bytes; w unsigned and at most 127, a signed.</summary>
    static abstract T DotUnsigned(T w, T a);

    /// <summary>Four partial sums per group, as floats, of w0·a0 + w1·a1 over their bytes; both signed, a never −128.</summary>
    static abstract T DotSigned(T w0, T a0, T w1, T a1);
}

/// <summary>Where up to four weight rows start.</summary>
internal readonly unsafe struct RowPointers(byte* row0, byte* row1, byte* row2, byte* row3)
{
    public readonly byte* Row0 = row0, Row1 = row1, Row2 = row2, Row3 = row3;

    /// <summary>Rows that lie <paramref name="stride"/> bytes apart.</summary>
    public static RowPointers Of(byte* first, nint stride) => new(first, first + stride, first + 2 * stride, first + 3 * stride);

    /// <summary>Row <paramref name="r"/> of 0 … 3.</summary>
    public byte* this[int r] => r switch { 0 => Row0, 1 => Row1, 2 => Row2, _ => Row3 };

    /// <summary>
    /// Asks for the cache lines of <paramref name="bytes"/> bytes of each row, <paramref name="ahead"/> bytes further on. The
    /// hardware's own prefetching does not follow four rows read side by side; addresses beyond the end do no harm.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch<T>(nint ahead, nint bytes) where T : unmanaged, ILanes<T>
    {
        if (!Sse.IsSupported) return;
        for (nint at = 0; at < bytes; at += 64)
        {
            Sse.Prefetch0(Row0 + ahead + at);
            if (T.Rows > 1) Sse.Prefetch0(Row1 + ahead + at);
            if (T.Rows > 2) Sse.Prefetch0(Row2 + ahead + at);
            if (T.Rows > 3) Sse.Prefetch0(Row3 + ahead + at);
        }
    }

    /// <summary>All rows moved on by <paramref name="bytes"/>.</summary>
    public static RowPointers operator +(RowPointers p, long bytes) => new(p.Row0 + bytes, p.Row1 + bytes, p.Row2 + bytes, p.Row3 + bytes);
}
