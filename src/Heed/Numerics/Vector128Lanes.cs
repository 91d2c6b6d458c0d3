using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Heed.Numerics;

/// <summary>4 floats in 128 bits, on every processor that .NET runs on: SSE, ARM's AdvSimd, WebAssembly.</summary>
internal readonly unsafe struct Vector128Lanes(Vector128<float> value) : ILanes<Vector128Lanes>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector128<float> _value = value;

    private Vector128Lanes(Vector128<byte> value) : this(value.AsSingle()) { }

    private Vector128<byte> Bytes => _value.AsByte();

    public static bool IsSupported => Vector128.IsHardwareAccelerated;

    public static int Width => 4;

    public static int Rows => 1;

    // As for AVX2: SSE has 16 registers too.
    public static int TileRows => 6;

    public static int TileVectors => 2;

    [MethodImpl(Inline)] public static Vector128Lanes Load(float* p) => new(Vector128.Load(p));

    [MethodImpl(Inline)]
    public static Vector128Lanes LoadPartial(float* p, int count, float fill = 0)
        => new(Vector128.Create(count > 0 ? p[0] : fill, count > 1 ? p[1] : fill, count > 2 ? p[2] : fill, count > 3 ? p[3] : fill));

    [MethodImpl(Inline)] public static Vector128Lanes Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(Inline)] public void Store(float* p) => _value.Store(p);

    [MethodImpl(Inline)]
    public void StorePartial(float* p, int count)
    {
        for (var i = 0; i < count && i < 4; i++) p[i] = _value[i];
    }

    [MethodImpl(Inline)] public static Vector128Lanes operator +(Vector128Lanes a, Vector128Lanes b) => new(a._value + b._value);

    [MethodImpl(Inline)] public static Vector128Lanes operator -(Vector128Lanes a, Vector128Lanes b) => new(a._value - b._value);

    [MethodImpl(Inline)] public static Vector128Lanes operator *(Vector128Lanes a, Vector128Lanes b) => new(a._value * b._value);

    [MethodImpl(Inline)] public static Vector128Lanes operator /(Vector128Lanes a, Vector128Lanes b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Vector128Lanes MultiplyAdd(Vector128Lanes a, Vector128Lanes b, Vector128Lanes c)
        => new(Vector128.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Max(Vector128Lanes a, Vector128Lanes b)
        => new(Sse.IsSupported ? Sse.Max(a._value, b._value) : Vector128.Max(a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Min(Vector128Lanes a, Vector128Lanes b)
        => new(Sse.IsSupported ? Sse.Min(a._value, b._value) : Vector128.Min(a._value, b._value));

    [MethodImpl(Inline)] public static Vector128Lanes LessThan(Vector128Lanes a, Vector128Lanes b) => new(Vector128.LessThan(a._value, b._value));

    [MethodImpl(Inline)]
    public static Vector128Lanes Select(Vector128Lanes mask, Vector128Lanes a, Vector128Lanes b)
        => new(Vector128.ConditionalSelect(mask._value, a._value, b._value));

    [MethodImpl(Inline)] public static Vector128Lanes operator &(Vector128Lanes a, Vector128Lanes b) => new(a._value & b._value);

    [MethodImpl(Inline)] public static Vector128Lanes operator |(Vector128Lanes a, Vector128Lanes b) => new(a._value | b._value);

    [MethodImpl(Inline)] public static Vector128Lanes operator ^(Vector128Lanes a, Vector128Lanes b) => new(a._value ^ b._value);

    /// <inheritdoc cref="Avx2Lanes.ScaleByPowerOfTwo"/>
    [MethodImpl(Inline)]
    public static Vector128Lanes ScaleByPowerOfTwo(Vector128Lanes x, Vector128Lanes n)
    {
        var power = Vector128.ConvertToInt32(n._value);
        var half = power >> 1;
        var bias = Vector128.Create(127);
        return new(x._value * ((half + bias) << 23).AsSingle() * ((power - half + bias) << 23).AsSingle());
    }

    [MethodImpl(Inline)] public float Sum() => Vector128.Sum(_value);

    [MethodImpl(Inline)]
    public float Largest() => MathF.Max(MathF.Max(_value[0], _value[1]), MathF.Max(_value[2], _value[3]));

    [MethodImpl(Inline)]
    public static Vector128Lanes LoadBFloat16(byte* p)
        => new((Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(p)).AsUInt16()) << 16).AsSingle());

    [MethodImpl(Inline)]
    public static Vector128Lanes LoadHalf(byte* p)
        => new(FromHalf(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(p)).AsUInt16())));

    [MethodImpl(Inline)]
    public static Vector128Lanes LoadBytes(byte* p)
        => new(Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(p)).AsByte())).AsInt32()));

    [MethodImpl(Inline)]
    public static Vector128Lanes LoadSignedBytes(byte* p)
        => new(Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(p)).AsSByte()))));

    [MethodImpl(Inline)] public static Vector128Lanes LowerHalf(Vector128Lanes bits) => new(FromHalf(bits._value.AsUInt32() & Vector128.Create(0xFFFFu)));

    [MethodImpl(Inline)] public static Vector128Lanes UpperHalf(Vector128Lanes bits) => new(FromHalf(bits._value.AsUInt32() >>> 16));

    /// <inheritdoc cref="Avx512Lanes.FromHalf"/>
    [MethodImpl(Inline)]
    private static Vector128<float> FromHalf(Vector128<uint> half)
    {
        var magnitude = half & Vector128.Create(0x7FFFu);
        var scaled = (magnitude << 13).AsSingle() * Vector128.Create(5.192296858534828e33f);
        var special = Vector128.GreaterThan(magnitude.AsInt32(), Vector128.Create(0x7BFF)).AsUInt32() & Vector128.Create(0x7F80_0000u);
        return (scaled.AsUInt32() | special | ((half & Vector128.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(Inline)]
    public void StoreRoundedBytes(sbyte* p)
    {
        // Adding 1.5·2²³ leaves the number, rounded to nearest, in the lowest bits.
        var whole = (_value + Vector128.Create(12582912f)).AsInt32();
        p[0] = (sbyte)whole[0];
        p[1] = (sbyte)whole[1];
        p[2] = (sbyte)whole[2];
        p[3] = (sbyte)whole[3];
    }

    [MethodImpl(Inline)] public static Vector128Lanes LoadRows(RowPointers rows, long offset) => new(Vector128.Load(rows.Row0 + offset));

    [MethodImpl(Inline)] public static Vector128Lanes LoadSame(byte* p) => new(Vector128.Load(p));

    [MethodImpl(Inline)] public static Vector128Lanes BroadcastByte(byte value) => new(Vector128.Create(value));

    [MethodImpl(Inline)]
    public static Vector128Lanes BroadcastInGroup(Vector128Lanes x, [ConstantExpected] int i)
        => new(Vector128.Shuffle(x._value, Vector128.Create(i)));

    [MethodImpl(Inline)] public static Vector128Lanes ShiftRight16(Vector128Lanes x, int count) => new((x._value.AsUInt16() >>> count).AsByte());

    [MethodImpl(Inline)] public static Vector128Lanes ShiftLeft16(Vector128Lanes x, int count) => new((x._value.AsUInt16() << count).AsByte());

    [MethodImpl(Inline)] public static Vector128Lanes LookupBytes(Vector128Lanes table, Vector128Lanes index) => new(Vector128.Shuffle(table.Bytes, index.Bytes));

    [MethodImpl(Inline)]
    public static void InterleaveBytes(Vector128Lanes a, Vector128Lanes b, out Vector128Lanes lower, out Vector128Lanes upper)
    {
        lower = new(Sse2.IsSupported ? Sse2.UnpackLow(a.Bytes, b.Bytes) : (Vector128.WidenLower(a.Bytes) | Vector128.WidenLower(b.Bytes) << 8).AsByte());
        upper = new(Sse2.IsSupported ? Sse2.UnpackHigh(a.Bytes, b.Bytes) : (Vector128.WidenUpper(a.Bytes) | Vector128.WidenUpper(b.Bytes) << 8).AsByte());
    }

    [MethodImpl(Inline)] public static Vector128Lanes TransposeGroups(Vector128Lanes x) => x;

    [MethodImpl(Inline)] public static Vector128Lanes EqualBytes(Vector128Lanes a, Vector128Lanes b) => new(Vector128.Equals(a.Bytes, b.Bytes));

    [MethodImpl(Inline)] public static Vector128Lanes AddBytes(Vector128Lanes a, Vector128Lanes b) => new(a.Bytes + b.Bytes);

    [MethodImpl(Inline)]
    public static Vector128Lanes AtLeastBytes(Vector128Lanes a, byte least) => new(Vector128.GreaterThanOrEqual(a.Bytes, Vector128.Create(least)));

    [MethodImpl(Inline)]
    public static Vector128Lanes DotUnsigned(Vector128Lanes w0, Vector128Lanes a0, Vector128Lanes w1, Vector128Lanes a1)
    {
        if (Ssse3.IsSupported)
            return Finish(Sse2.MultiplyAddAdjacent(
                Ssse3.MultiplyAddAdjacent(w0.Bytes, a0._value.AsSByte()) + Ssse3.MultiplyAddAdjacent(w1.Bytes, a1._value.AsSByte()), Vector128.Create((short)1)));
        return DotSigned(w0, a0, w1, a1);       // codes below 128 are the same number signed
    }

    [MethodImpl(Inline)]
    public static Vector128Lanes DotUnsigned(Vector128Lanes w, Vector128Lanes a)
    {
        if (Ssse3.IsSupported)
            return Finish(Sse2.MultiplyAddAdjacent(Ssse3.MultiplyAddAdjacent(w.Bytes, a._value.AsSByte()), Vector128.Create((short)1)));
        return Finish(SumsOfFour(w, a, Vector128<int>.Zero));
    }

    [MethodImpl(Inline)]
    public static Vector128Lanes DotSigned(Vector128Lanes w0, Vector128Lanes a0, Vector128Lanes w1, Vector128Lanes a1)
        => Finish(SumsOfFour(w1, a1, SumsOfFour(w0, a0, Vector128<int>.Zero)));

    [MethodImpl(Inline)]
    private static Vector128<int> SumsOfFour(Vector128Lanes w, Vector128Lanes a, Vector128<int> sums)
    {
        var (weights, activations) = (w._value.AsSByte(), a._value.AsSByte());
        if (Dp.IsSupported)
            return Dp.DotProduct(sums, weights, activations);
        var (wLower, wUpper) = Vector128.Widen(weights);
        var (aLower, aUpper) = Vector128.Widen(activations);
        if (Sse2.IsSupported)
            return sums + Sse2.MultiplyAddAdjacent(wLower, aLower) + Sse2.MultiplyAddAdjacent(wUpper, aUpper);
        var (p0, p1) = Vector128.Widen(wLower * aLower);
        var (p2, p3) = Vector128.Widen(wUpper * aUpper);
        return sums + (p0 + p1) + (p2 + p3);
    }

    [MethodImpl(Inline)] private static Vector128Lanes Finish(Vector128<int> sums) => new(Vector128.ConvertToSingle(sums));
}
