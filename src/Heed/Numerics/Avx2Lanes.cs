using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Numerics;

/// <summary>8 floats in 256 bits: AVX2 with FMA, and the 8-bit products of AVX-VNNI where there are any.</summary>
internal readonly unsafe struct Avx2Lanes(Vector256<float> value) : ILanes<Avx2Lanes>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector256<float> _value = value;

    private Avx2Lanes(Vector256<byte> value) : this(value.AsSingle()) { }

    private Vector256<byte> Bytes => _value.AsByte();

    private Vector256<sbyte> Signed => _value.AsSByte();

    public static bool IsSupported => Avx2.IsSupported && Fma.IsSupported;

    public static int Width => 8;

    public static int Rows => 2;

    // 6 × 2 sums, 2 factors and a broadcast: 15 of 16 registers.
    public static int TileRows => 6;

    public static int TileVectors => 2;

    [MethodImpl(Inline)] public static Avx2Lanes Load(float* p) => new(Vector256.Load(p));

    [MethodImpl(Inline)]
    public static Avx2Lanes LoadPartial(float* p, int count, float fill = 0)
    {
        var mask = FirstLanes(count);
        return new(Vector256.ConditionalSelect(mask, Avx.MaskLoad(p, mask), Vector256.Create(fill)));
    }

    [MethodImpl(Inline)] public static Avx2Lanes Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(Inline)] public void Store(float* p) => _value.Store(p);

    [MethodImpl(Inline)] public void StorePartial(float* p, int count) => Avx.MaskStore(p, FirstLanes(count), _value);

    [MethodImpl(Inline)]
    private static Vector256<float> FirstLanes(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    [MethodImpl(Inline)] public static Avx2Lanes operator +(Avx2Lanes a, Avx2Lanes b) => new(a._value + b._value);

    [MethodImpl(Inline)] public static Avx2Lanes operator -(Avx2Lanes a, Avx2Lanes b) => new(a._value - b._value);

    [MethodImpl(Inline)] public static Avx2Lanes operator *(Avx2Lanes a, Avx2Lanes b) => new(a._value * b._value);

    [MethodImpl(Inline)] public static Avx2Lanes operator /(Avx2Lanes a, Avx2Lanes b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Avx2Lanes MultiplyAdd(Avx2Lanes a, Avx2Lanes b, Avx2Lanes c) => new(Fma.MultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)] public static Avx2Lanes Max(Avx2Lanes a, Avx2Lanes b) => new(Avx.Max(a._value, b._value));

    [MethodImpl(Inline)] public static Avx2Lanes Min(Avx2Lanes a, Avx2Lanes b) => new(Avx.Min(a._value, b._value));

    [MethodImpl(Inline)] public static Avx2Lanes LessThan(Avx2Lanes a, Avx2Lanes b) => new(Vector256.LessThan(a._value, b._value));

    [MethodImpl(Inline)]
    public static Avx2Lanes Select(Avx2Lanes mask, Avx2Lanes a, Avx2Lanes b) => new(Avx.BlendVariable(b._value, a._value, mask._value));

    [MethodImpl(Inline)] public static Avx2Lanes operator &(Avx2Lanes a, Avx2Lanes b) => new(a._value & b._value);

    [MethodImpl(Inline)] public static Avx2Lanes operator |(Avx2Lanes a, Avx2Lanes b) => new(a._value | b._value);

    [MethodImpl(Inline)] public static Avx2Lanes operator ^(Avx2Lanes a, Avx2Lanes b) => new(a._value ^ b._value);

    /// <summary>In two steps, so that neither power leaves the normal numbers.</summary>
    [MethodImpl(Inline)]
    public static Avx2Lanes ScaleByPowerOfTwo(Avx2Lanes x, Avx2Lanes n)
    {
        var power = Avx.ConvertToVector256Int32(n._value);
        var half = power >> 1;
        var bias = Vector256.Create(127);
        return new(x._value * ((half + bias) << 23).AsSingle() * ((power - half + bias) << 23).AsSingle());
    }

    [MethodImpl(Inline)] public float Sum() => Vector256.Sum(_value);

    [MethodImpl(Inline)]
    public float Largest()
    {
        var half = Sse.Max(_value.GetLower(), _value.GetUpper());
        half = Sse.Max(half, Sse.Shuffle(half, half, 0b01_00_11_10));
        return Sse.Max(half, Sse.Shuffle(half, half, 0b10_11_00_01)).ToScalar();
    }

    [MethodImpl(Inline)]
    public static Avx2Lanes LoadBFloat16(byte* p) => new((Avx2.ConvertToVector256Int32(Vector128.Load((ushort*)p)) << 16).AsSingle());

    [MethodImpl(Inline)]
    public static Avx2Lanes LoadHalf(byte* p) => new(FromHalf(Avx2.ConvertToVector256Int32(Vector128.Load((ushort*)p)).AsUInt32()));

    [MethodImpl(Inline)]
    public static Avx2Lanes LoadBytes(byte* p)
        => new(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(p)).AsByte())));

    [MethodImpl(Inline)]
    public static Avx2Lanes LoadSignedBytes(byte* p)
        => new(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(p)).AsSByte())));

    [MethodImpl(Inline)] public static Avx2Lanes LowerHalf(Avx2Lanes bits) => new(FromHalf(bits._value.AsUInt32() & Vector256.Create(0xFFFFu)));

    [MethodImpl(Inline)] public static Avx2Lanes UpperHalf(Avx2Lanes bits) => new(FromHalf(bits._value.AsUInt32() >>> 16));

    /// <inheritdoc cref="Avx512Lanes.FromHalf"/>
    [MethodImpl(Inline)]
    private static Vector256<float> FromHalf(Vector256<uint> half)
    {
        var magnitude = half & Vector256.Create(0x7FFFu);
        var scaled = (magnitude << 13).AsSingle() * Vector256.Create(5.192296858534828e33f);
        var special = Vector256.GreaterThan(magnitude.AsInt32(), Vector256.Create(0x7BFF)).AsUInt32() & Vector256.Create(0x7F80_0000u);
        return (scaled.AsUInt32() | special | ((half & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(Inline)]
    public void StoreRoundedBytes(sbyte* p)
    {
        var whole = Avx.ConvertToVector256Int32(_value);
        var words = Sse2.PackSignedSaturate(whole.GetLower(), whole.GetUpper());
        *(long*)p = Sse2.PackSignedSaturate(words, words).AsInt64().ToScalar();
    }

    [MethodImpl(Inline)]
    public static Avx2Lanes LoadRows(RowPointers rows, long offset)
        => new(Vector256.Create(Vector128.Load(rows.Row0 + offset), Vector128.Load(rows.Row1 + offset)));

    [MethodImpl(Inline)] public static Avx2Lanes LoadSame(byte* p) => new(Avx2.BroadcastVector128ToVector256(p));

    [MethodImpl(Inline)] public static Avx2Lanes BroadcastByte(byte value) => new(Vector256.Create(value));

#pragma warning disable CA1857 // a constant once this is inlined
    [MethodImpl(Inline)]
    public static Avx2Lanes BroadcastInGroup(Avx2Lanes x, [ConstantExpected] int i) => new(Avx.Permute(x._value, (byte)(0x55 * i)));
#pragma warning restore CA1857

    [MethodImpl(Inline)] public static Avx2Lanes ShiftRight16(Avx2Lanes x, int count) => new((x._value.AsUInt16() >>> count).AsByte());

    [MethodImpl(Inline)] public static Avx2Lanes ShiftLeft16(Avx2Lanes x, int count) => new((x._value.AsUInt16() << count).AsByte());

    [MethodImpl(Inline)] public static Avx2Lanes LookupBytes(Avx2Lanes table, Avx2Lanes index) => new(Avx2.Shuffle(table.Bytes, index.Bytes));

    [MethodImpl(Inline)]
    public static void InterleaveBytes(Avx2Lanes a, Avx2Lanes b, out Avx2Lanes lower, out Avx2Lanes upper)
        => (lower, upper) = (new(Avx2.UnpackLow(a.Bytes, b.Bytes)), new(Avx2.UnpackHigh(a.Bytes, b.Bytes)));

    [MethodImpl(Inline)]
    public static Avx2Lanes TransposeGroups(Avx2Lanes x) => new(Avx2.Permute4x64(x._value.AsUInt64(), 0b11_01_10_00).AsSingle());

    [MethodImpl(Inline)] public static Avx2Lanes EqualBytes(Avx2Lanes a, Avx2Lanes b) => new(Vector256.Equals(a.Bytes, b.Bytes));

    [MethodImpl(Inline)] public static Avx2Lanes AddBytes(Avx2Lanes a, Avx2Lanes b) => new(a.Bytes + b.Bytes);

    [MethodImpl(Inline)]
    public static Avx2Lanes AtLeastBytes(Avx2Lanes a, byte least) => new(Vector256.GreaterThanOrEqual(a.Bytes, Vector256.Create(least)));

    [MethodImpl(Inline)]
    public static Avx2Lanes DotUnsigned(Avx2Lanes w0, Avx2Lanes a0, Avx2Lanes w1, Avx2Lanes a1)
    {
        if (AvxVnni.IsSupported)
            return Finish(AvxVnni.MultiplyWideningAndAdd(AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, w0.Bytes, a0.Signed), w1.Bytes, a1.Signed));
        return Finish(Avx2.MultiplyAddAdjacent(w0.Bytes, a0.Signed) + Avx2.MultiplyAddAdjacent(w1.Bytes, a1.Signed));
    }

    [MethodImpl(Inline)]
    public static Avx2Lanes DotUnsigned(Avx2Lanes w, Avx2Lanes a)
        => AvxVnni.IsSupported
            ? Finish(AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, w.Bytes, a.Signed))
            : Finish(Avx2.MultiplyAddAdjacent(w.Bytes, a.Signed));

    [MethodImpl(Inline)]
    public static Avx2Lanes DotSigned(Avx2Lanes w0, Avx2Lanes a0, Avx2Lanes w1, Avx2Lanes a1)
    {
        // |w|·(a with w's sign): |w| ≤ 128 as an unsigned byte and |a| ≤ 127 keep two products within 16 bits.
        var (weights0, weights1) = (Avx2.Abs(w0.Signed), Avx2.Abs(w1.Signed));
        var (signed0, signed1) = (Avx2.Sign(a0.Signed, w0.Signed), Avx2.Sign(a1.Signed, w1.Signed));
        if (AvxVnni.IsSupported)
            return Finish(AvxVnni.MultiplyWideningAndAdd(AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, weights0, signed0), weights1, signed1));
        var ones = Vector256.Create((short)1);
        return Finish(Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights0, signed0), ones)
            + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights1, signed1), ones));
    }

    [MethodImpl(Inline)]
    private static Avx2Lanes Finish(Vector256<short> pairs) => Finish(Avx2.MultiplyAddAdjacent(pairs, Vector256.Create((short)1)));

    [MethodImpl(Inline)]
    private static Avx2Lanes Finish(Vector256<int> sums) => new(Avx.ConvertToVector256Single(sums));
}
