using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <content>Codes that index a table of values, and ternary digits.</content>
internal static unsafe partial class Blocks
{
    /// <summary>What the 16 codes of IQ4_NL and IQ4_XS stand for: denser near zero, as weights are.</summary>
    internal static ReadOnlySpan<sbyte> IQ4Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>Twice the 16 values of a 4-bit float of 2 exponent bits and 1 fraction bit (OCP Microscaling v1.0, E2M1).</summary>
    internal static ReadOnlySpan<sbyte> FP4Values => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>
    /// IQ4_NL, 18 bytes, 32 numbers: [0] f16 d · [2] 16 bytes of nibbles as in Q4_0. y = d·table[code].
    /// </summary>
    private static void IQ4_NL(byte* x, float* y)
    {
        var d = Half(x);
        for (var i = 0; i < 32; i++)
            y[i] = d * IQ4Values[Nibble(x + 2, i)];
    }

    /// <summary>
    /// IQ4_XS, 136 bytes, 256 numbers in 8 parts: [0] f16 d · [2] u16, part p's upper two scale bits at 2p ·
    /// [4] 4 bytes of nibbles, the lower four (even parts in low halves) · [8] 8 × 16 bytes of nibbles, each as in Q4_0.
    /// y = (d·(scale − 32))·table[code].
    /// </summary>
    private static void IQ4_XS(byte* x, float* y)
    {
        var d = Half(x);
        var upper = Unsafe.ReadUnaligned<ushort>(x + 2);
        for (var p = 0; p < 8; p++)
        {
            var lower = x[4 + p / 2] >> 4 * (p % 2) & 15;
            var scale = d * ((lower | (upper >> 2 * p & 3) << 4) - 32);
            for (var i = 0; i < 32; i++)
                y[32 * p + i] = scale * IQ4Values[Nibble(x + 8 + 16 * p, i)];
        }
    }

    /// <summary>
    /// MXFP4, 17 bytes, 32 numbers: [0] the scale's exponent e · [1] 16 bytes of nibbles as in Q4_0.
    /// y = 2^(e − 128)·table[code]: the table holds doubled values, so this is 2^(e − 127) times the 4-bit float.
    /// </summary>
    private static void MXFP4(byte* x, float* y)
    {
        var d = HalvedPowerOfTwo(x[0]);
        for (var i = 0; i < 32; i++)
            y[i] = FP4Values[Nibble(x + 1, i)] * d;
    }

    /// <summary>
    /// 2^(e − 128) as a float32, subnormal for e below 2. As in ggml, 255 is no NaN but one more power of two.
    /// </summary>
    internal static float HalvedPowerOfTwo(byte e)
        => BitConverter.UInt32BitsToSingle(e < 2 ? 0x0020_0000u << e : (uint)(e - 1) << 23);

    /// <summary>
    /// TQ1_0, 54 bytes, 256 numbers of −1, 0, 1: [0] 32 bytes of 5 base-3 digits · [32] 16 bytes of 5 · [48] 4 bytes of 4 ·
    /// [52] f16 d. Of each group of bytes all first digits come first, then all second ones, and so on. y = (digit − 1)·d.
    /// </summary>
    private static void TQ1_0(byte* x, float* y)
    {
        var d = Half(x + 52);
        Digits(x, 32, 5);
        Digits(x + 32, 16, 5);
        Digits(x + 48, 4, 4);

        void Digits(byte* bytes, int width, int digits)
        {
            for (var n = 0; n < digits; n++)
                for (var i = 0; i < width; i++)
                    *y++ = (Base3Digit(bytes[i], n) - 1) * d;
        }
    }

    /// <summary>
    /// Base-3 digit n of a byte that holds five of them as a fraction: byte / 256 = 0.d₀d₁d₂d₃d₄ in base 3, rounded up.
    /// Multiplying by 3ⁿ modulo 256 drops the digits before, and a further 3 / 256 brings digit n before the point.
    /// </summary>
    internal static int Base3Digit(byte fraction, int n)
    {
        ReadOnlySpan<byte> powers = [1, 3, 9, 27, 81];
        return (byte)(fraction * powers[n]) * 3 >> 8;
    }

    /// <summary>
    /// TQ2_0, 66 bytes, 256 numbers of −1, 0, 1 (2 is possible): [0] 64 bytes of 2-bit codes laid out as in Q2_K · [64] f16 d.
    /// y = (code − 1)·d.
    /// </summary>
    private static void TQ2_0(byte* x, float* y)
    {
        var d = Half(x + 64);
        for (var i = 0; i < 256; i++)
            y[i] = (TwoBits(x, i) - 1) * d;
    }
}
