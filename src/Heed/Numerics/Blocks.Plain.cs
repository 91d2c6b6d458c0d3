using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <content>Types that store one number at a time.</content>
internal static unsafe partial class Blocks
{
    private static void Plain(ElementType type, byte* x, float* y, long count)
    {
        switch (type)
        {
            case ElementType.F32: for (var i = 0L; i < count; i++) y[i] = Unsafe.ReadUnaligned<float>(x + 4 * i); break;
            case ElementType.F64: for (var i = 0L; i < count; i++) y[i] = (float)Unsafe.ReadUnaligned<double>(x + 8 * i); break;
            case ElementType.F16: for (var i = 0L; i < count; i++) y[i] = Half(x + 2 * i); break;
            case ElementType.BF16: for (var i = 0L; i < count; i++) y[i] = BF16(Unsafe.ReadUnaligned<ushort>(x + 2 * i)); break;
            case ElementType.F8_E4M3: for (var i = 0L; i < count; i++) y[i] = E4M3(x[i]); break;
            case ElementType.F8_E5M2: for (var i = 0L; i < count; i++) y[i] = E5M2(x[i]); break;
            case ElementType.I8: for (var i = 0L; i < count; i++) y[i] = (sbyte)x[i]; break;
            case ElementType.U8: for (var i = 0L; i < count; i++) y[i] = x[i]; break;
            case ElementType.Bool: for (var i = 0L; i < count; i++) y[i] = x[i] != 0 ? 1 : 0; break;
            case ElementType.I16: for (var i = 0L; i < count; i++) y[i] = Unsafe.ReadUnaligned<short>(x + 2 * i); break;
            case ElementType.U16: for (var i = 0L; i < count; i++) y[i] = Unsafe.ReadUnaligned<ushort>(x + 2 * i); break;
            case ElementType.I32: for (var i = 0L; i < count; i++) y[i] = Unsafe.ReadUnaligned<int>(x + 4 * i); break;
            case ElementType.U32: for (var i = 0L; i < count; i++) y[i] = Unsafe.ReadUnaligned<uint>(x + 4 * i); break;
            case ElementType.I64: for (var i = 0L; i < count; i++) y[i] = Unsafe.ReadUnaligned<long>(x + 8 * i); break;
            case ElementType.U64: for (var i = 0L; i < count; i++) y[i] = Unsafe.ReadUnaligned<ulong>(x + 8 * i); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "not a plain type");
        }
    }

    /// <summary>An IEEE half: 1 sign, 5 exponent, 10 fraction bits.</summary>
    internal static float Half(byte* x) => (float)Unsafe.ReadUnaligned<Half>(x);

    /// <summary>bfloat16 is the upper half of a float32.</summary>
    internal static float BF16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>
    /// F8_E4M3 ("FN"): 1 sign, 4 exponent (bias 7), 3 fraction bits; no infinities, only s1111111 is NaN, largest 448.
    /// (Micikevicius et al. 2022, FP8 Formats for Deep Learning, table 1.)
    /// </summary>
    internal static float E4M3(byte bits)
    {
        int exponent = bits >> 3 & 15, fraction = bits & 7;
        var magnitude =
            (bits & 0x7F) == 0x7F ? float.NaN
            : exponent == 0 ? fraction * SmallestE4M3
            : BitConverter.UInt32BitsToSingle((uint)(exponent - 7 + 127) << 23 | (uint)fraction << 20);
        return (bits & 0x80) != 0 ? -magnitude : magnitude;
    }

    /// <summary>2⁻⁹, the smallest F8_E4M3.</summary>
    private const float SmallestE4M3 = 1f / 512;

    /// <summary>F8_E5M2 is the upper half of an IEEE half: infinities and NaN as there.</summary>
    internal static float E5M2(byte bits) => (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));
}
