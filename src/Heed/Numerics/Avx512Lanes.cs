using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Numerics;

/// <summary>16 floats in 512 bits: AVX-512 F, BW, DQ and VL.</summary>
internal readonly unsafe struct Avx512Lanes(Vector512<float> value) : ILanes<Avx512Lanes>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector512<float> _value = value;

    private Avx512Lanes(Vector512<byte> value) : this(value.AsSingle()) { }

    private Vector512<byte> Bytes => _value.AsByte();

    public static bool IsSupported => Avx512BW.VL.IsSupported && Avx512DQ.IsSupported && Fma.IsSupported && Vector512.IsHardwareAccelerated;

    public static int Width => 16;

    public static int Rows => 4;

    // 8 × 3 sums, 3 factors and a broadcast are 28 of the 32 registers, and eight row pointers still fit the general
    // registers: 12 × 2 reads less of the panel but runs out of pointers and was a quarter slower.
    public static int TileRows => 8;

    public static int TileVectors => 3;

    [MethodImpl(Inline)] public static Avx512Lanes Load(float* p) => new(Vector512.Load(p));

    // By halves with AVX's masks: lanes that are masked out touch no memory.
    [MethodImpl(Inline)]
    public static Avx512Lanes LoadPartial(float* p, int count, float fill = 0)
    {
        var mask = FirstLanes(count);
        var loaded = Vector512.Create(Avx.MaskLoad(p, mask.GetLower()), Avx.MaskLoad(p + 8, mask.GetUpper()));
        return new(Vector512.ConditionalSelect(mask, loaded, Vector512.Create(fill)));
    }

    [MethodImpl(Inline)] public static Avx512Lanes Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(Inline)] public void Store(float* p) => _value.Store(p);

    [MethodImpl(Inline)]
    public void StorePartial(float* p, int count)
    {
        var mask = FirstLanes(count);
        Avx.MaskStore(p, mask.GetLower(), _value.GetLower());
        Avx.MaskStore(p + 8, mask.GetUpper(), _value.GetUpper());
    }

    [MethodImpl(Inline)]
    private static Vector512<float> FirstLanes(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    [MethodImpl(Inline)] public static Avx512Lanes operator +(Avx512Lanes a, Avx512Lanes b) => new(a._value + b._value);

    [MethodImpl(Inline)] public static Avx512Lanes operator -(Avx512Lanes a, Avx512Lanes b) => new(a._value - b._value);

    [MethodImpl(Inline)] public static Avx512Lanes operator *(Avx512Lanes a, Avx512Lanes b) => new(a._value * b._value);

    [MethodImpl(Inline)] public static Avx512Lanes operator /(Avx512Lanes a, Avx512Lanes b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Avx512Lanes MultiplyAdd(Avx512Lanes a, Avx512Lanes b, Avx512Lanes c)
        => new(Avx512F.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)] public static Avx512Lanes Max(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Max(a._value, b._value));

    [MethodImpl(Inline)] public static Avx512Lanes Min(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Min(a._value, b._value));

    [MethodImpl(Inline)] public static Avx512Lanes LessThan(Avx512Lanes a, Avx512Lanes b) => new(Vector512.LessThan(a._value, b._value));

    [MethodImpl(Inline)]
    public static Avx512Lanes Select(Avx512Lanes mask, Avx512Lanes a, Avx512Lanes b)
        => new(Vector512.ConditionalSelect(mask._value, a._value, b._value));

    [MethodImpl(Inline)] public static Avx512Lanes operator &(Avx512Lanes a, Avx512Lanes b) => new(a._value & b._value);

    [MethodImpl(Inline)] public static Avx512Lanes operator |(Avx512Lanes a, Avx512Lanes b) => new(a._value | b._value);

    [MethodImpl(Inline)] public static Avx512Lanes operator ^(Avx512Lanes a, Avx512Lanes b) => new(a._value ^ b._value);

    [MethodImpl(Inline)]
    public static Avx512Lanes ScaleByPowerOfTwo(Avx512Lanes x, Avx512Lanes n) => new(Avx512F.Scale(x._value, n._value));

    [MethodImpl(Inline)] public float Sum() => Vector512.Sum(_value);

    [MethodImpl(Inline)]
    public float Largest()
    {
        var half = Avx.Max(_value.GetLower(), _value.GetUpper());
        var quarter = Sse.Max(half.GetLower(), half.GetUpper());
        quarter = Sse.Max(quarter, Sse.Shuffle(quarter, quarter, 0b01_00_11_10));
        return Sse.Max(quarter, Sse.Shuffle(quarter, quarter, 0b10_11_00_01)).ToScalar();
    }

    [MethodImpl(Inline)]
    public static Avx512Lanes LoadBFloat16(byte* p)
        => new((Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)p)) << 16).AsSingle());

    [MethodImpl(Inline)]
    public static Avx512Lanes LoadHalf(byte* p) => new(FromHalf(Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)p))));

    [MethodImpl(Inline)]
    public static Avx512Lanes LoadBytes(byte* p)
        => new(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Vector128.Load(p))));

    [MethodImpl(Inline)]
    public static Avx512Lanes LoadSignedBytes(byte* p)
        => new(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)p))));

    [MethodImpl(Inline)] public static Avx512Lanes LowerHalf(Avx512Lanes bits) => new(FromHalf(bits._value.AsUInt32() & Vector512.Create(0xFFFFu)));

    [MethodImpl(Inline)] public static Avx512Lanes UpperHalf(Avx512Lanes bits) => new(FromHalf(bits._value.AsUInt32() >>> 16));

    /// <summary>
    /// Exponent and fraction moved to a float's place are the number times 2⁻¹¹², subnormals included; one exact
    /// multiplication puts that right, and infinities and NaN (exponent 31) get all exponent bits.
    /// </summary>
    [MethodImpl(Inline)]
    private static Vector512<float> FromHalf(Vector512<uint> half)
    {
        var magnitude = half & Vector512.Create(0x7FFFu);
        var scaled = (magnitude << 13).AsSingle() * Vector512.Create(5.192296858534828e33f);
        var special = Vector512.GreaterThan(magnitude, Vector512.Create(0x7BFFu)) & Vector512.Create(0x7F80_0000u);
        return (scaled.AsUInt32() | special | ((half & Vector512.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(Inline)]
    public void StoreRoundedBytes(sbyte* p) => Avx512F.ConvertToVector128SByte(Avx512F.ConvertToVector512Int32(_value)).Store(p);

    [MethodImpl(Inline)]
    public static Avx512Lanes LoadRows(RowPointers rows, long offset)
    {
        var lower = Vector256.Create(Vector128.Load(rows.Row0 + offset), Vector128.Load(rows.Row1 + offset));
        var upper = Vector256.Create(Vector128.Load(rows.Row2 + offset), Vector128.Load(rows.Row3 + offset));
        // Not Vector512.Create, which inserts both halves into whatever a register held before, and waits for that.
        return new(lower.ToVector512Unsafe().WithUpper(upper));
    }

    [MethodImpl(Inline)] public static Avx512Lanes LoadSame(byte* p) => new(Avx512F.BroadcastVector128ToVector512((int*)p).AsByte());

    [MethodImpl(Inline)] public static Avx512Lanes BroadcastByte(byte value) => new(Vector512.Create(value));

#pragma warning disable CA1857 // a constant once this is inlined
    [MethodImpl(Inline)]
    public static Avx512Lanes BroadcastInGroup(Avx512Lanes x, [ConstantExpected] int i) => new(Avx512F.Permute4x32(x._value, (byte)(0x55 * i)));
#pragma warning restore CA1857

    [MethodImpl(Inline)] public static Avx512Lanes ShiftRight16(Avx512Lanes x, int count) => new((x._value.AsUInt16() >>> count).AsByte());

    [MethodImpl(Inline)] public static Avx512Lanes ShiftLeft16(Avx512Lanes x, int count) => new((x._value.AsUInt16() << count).AsByte());

    [MethodImpl(Inline)] public static Avx512Lanes LookupBytes(Avx512Lanes table, Avx512Lanes index) => new(Avx512BW.Shuffle(table.Bytes, index.Bytes));

    [MethodImpl(Inline)]
    public static void InterleaveBytes(Avx512Lanes a, Avx512Lanes b, out Avx512Lanes lower, out Avx512Lanes upper)
        => (lower, upper) = (new(Avx512BW.UnpackLow(a.Bytes, b.Bytes)), new(Avx512BW.UnpackHigh(a.Bytes, b.Bytes)));

    [MethodImpl(Inline)]
    public static Avx512Lanes TransposeGroups(Avx512Lanes x)
        => new(Avx512F.PermuteVar16x32(x._value, Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)));

    [MethodImpl(Inline)] public static Avx512Lanes EqualBytes(Avx512Lanes a, Avx512Lanes b) => new(Vector512.Equals(a.Bytes, b.Bytes));

    [MethodImpl(Inline)] public static Avx512Lanes AddBytes(Avx512Lanes a, Avx512Lanes b) => new(a.Bytes + b.Bytes);

    [MethodImpl(Inline)]
    public static Avx512Lanes AtLeastBytes(Avx512Lanes a, byte least) => new(Vector512.GreaterThanOrEqual(a.Bytes, Vector512.Create(least)));

    [MethodImpl(Inline)]
    public static Avx512Lanes DotUnsigned(Avx512Lanes w0, Avx512Lanes a0, Avx512Lanes w1, Avx512Lanes a1)
        => Finish(Avx512BW.MultiplyAddAdjacent(w0.Bytes, a0._value.AsSByte()) + Avx512BW.MultiplyAddAdjacent(w1.Bytes, a1._value.AsSByte()));

    [MethodImpl(Inline)]
    public static Avx512Lanes DotUnsigned(Avx512Lanes w, Avx512Lanes a) => Finish(Avx512BW.MultiplyAddAdjacent(w.Bytes, a._value.AsSByte()));

    [MethodImpl(Inline)]
    private static Avx512Lanes Finish(Vector512<short> pairs)
        => new(Avx512F.ConvertToVector512Single(Avx512BW.MultiplyAddAdjacent(pairs, Vector512.Create((short)1))));

    [MethodImpl(Inline)]
    public static Avx512Lanes DotSigned(Avx512Lanes w0, Avx512Lanes a0, Avx512Lanes w1, Avx512Lanes a1)
    {
        var ones = Vector512.Create((short)1);
        var sums = Avx512BW.MultiplyAddAdjacent(Pairs(w0, a0), ones) + Avx512BW.MultiplyAddAdjacent(Pairs(w1, a1), ones);
        return new(Avx512F.ConvertToVector512Single(sums));
    }

    /// <summary>|w|·(a with w's sign): |w| ≤ 128 as an unsigned byte and |a| ≤ 127 keep two products within 16 bits.</summary>
    [MethodImpl(Inline)]
    private static Vector512<short> Pairs(Avx512Lanes w, Avx512Lanes a)
    {
        var (weights, activations) = (w._value.AsSByte(), a._value.AsSByte());
        var signed = Vector512.ConditionalSelect(Vector512.LessThan(weights, Vector512<sbyte>.Zero), Vector512<sbyte>.Zero - activations, activations);
        return Avx512BW.MultiplyAddAdjacent(Avx512BW.Abs(weights), signed);
    }
}
