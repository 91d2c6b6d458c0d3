using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <content>
/// The K formats: 256 numbers; parts of 16 or 32 numbers have small integer scales (and minima), which one or two
/// f16 of the whole block scale in turn. Number i has i / 16 or i / 32 as its part; where codes are narrower than a
/// byte, numbers 32 apart share one, so that 32 bytes unpack into whole runs.
/// </content>
internal static unsafe partial class Blocks
{
    /// <summary>
    /// Q2_K, 84 bytes: [0] 16 bytes, one a part of 16: low half scale, high half minimum · [16] 64 bytes of 2-bit codes ·
    /// [80] f16 d · [82] f16 dmin. y = (d·scale)·code − dmin·minimum.
    /// </summary>
    private static void Q2_K(byte* x, float* y)
    {
        float d = Half(x + 80), dmin = Half(x + 82);
        for (var i = 0; i < 256; i++)
        {
            var scales = x[i / 16];
            float scale = d * (scales & 15), minimum = dmin * (scales >> 4);
            y[i] = scale * TwoBits(x + 16, i) - minimum;
        }
    }

    /// <summary>
    /// Q3_K, 110 bytes: [0] 32 bytes, bit i / 32 of byte i % 32 is the third bit of number i · [32] 64 bytes of 2-bit codes ·
    /// [96] 12 bytes holding 16 scales of 6 bits · [108] f16 d. y = (d·(scale − 32))·(code − 4).
    /// </summary>
    private static void Q3_K(byte* x, float* y)
    {
        var d = Half(x + 108);
        for (var i = 0; i < 256; i++)
        {
            var scale = d * (Q3Scale(x + 96, i / 16) - 32);
            var third = x[i % 32] >> i / 32 & 1;
            y[i] = scale * ((TwoBits(x + 32, i) | third << 2) - 4);
        }
    }

    /// <summary>Scale s of a Q3_K block: its low 4 bits in a half of bytes 0–7, its high 2 bits in a quarter of bytes 8–11.</summary>
    internal static int Q3Scale(byte* scales, int s)
    {
        var low = s < 8 ? scales[s] & 15 : scales[s - 8] >> 4;
        var high = scales[8 + s % 4] >> 2 * (s / 4) & 3;
        return low | high << 4;
    }

    /// <summary>
    /// Q4_K, 144 bytes: [0] f16 d · [2] f16 dmin · [4] 12 bytes holding 8 scales and 8 minima of 6 bits ·
    /// [16] 128 bytes of nibbles. y = (d·scale)·code − dmin·minimum, per part of 32.
    /// </summary>
    private static void Q4_K(byte* x, float* y)
    {
        float d = Half(x), dmin = Half(x + 2);
        for (var i = 0; i < 256; i++)
        {
            var (scale, minimum) = ScaleAndMinimum(x + 4, i / 32);
            y[i] = d * scale * FourBits(x + 16, i) - dmin * minimum;
        }
    }

    /// <summary>
    /// Q5_K, 176 bytes: [0] f16 d · [2] f16 dmin · [4] 12 bytes holding 8 scales and 8 minima of 6 bits ·
    /// [16] 32 bytes, bit i / 32 of byte i % 32 is the fifth bit of number i · [48] 128 bytes of nibbles.
    /// y = (d·scale)·code − dmin·minimum, per part of 32.
    /// </summary>
    private static void Q5_K(byte* x, float* y)
    {
        float d = Half(x), dmin = Half(x + 2);
        for (var i = 0; i < 256; i++)
        {
            var (scale, minimum) = ScaleAndMinimum(x + 4, i / 32);
            var fifth = x[16 + i % 32] >> i / 32 & 1;
            y[i] = d * scale * (FourBits(x + 48, i) | fifth << 4) - dmin * minimum;
        }
    }

    /// <summary>
    /// Part p's scale and minimum of Q4_K and Q5_K. Bytes 0–3 hold scales 0–3 in their low 6 bits, bytes 4–7 minima 0–3;
    /// bytes 8–11 hold the low halves of scales (low nibble) and minima (high nibble) 4–7, whose upper 2 bits are the
    /// upper bits of bytes 0–3 and 4–7.
    /// </summary>
    internal static (int Scale, int Minimum) ScaleAndMinimum(byte* packed, int p)
        => p < 4
            ? (packed[p] & 63, packed[p + 4] & 63)
            : (packed[p + 4] & 15 | packed[p - 4] >> 6 << 4, packed[p + 4] >> 4 | packed[p] >> 6 << 4);

    /// <summary>
    /// Q6_K, 210 bytes: [0] 128 bytes of low nibbles · [128] 64 bytes of upper bit pairs · [192] 16 signed scales ·
    /// [208] f16 d. y = (d·scale)·(code − 32), per part of 16.
    /// Of each 128 numbers, 64 bytes hold the low nibbles: numbers 0–63 in the low halves, 64–127 in the high ones.
    /// </summary>
    private static void Q6_K(byte* x, float* y)
    {
        var d = Half(x + 208);
        for (var i = 0; i < 256; i++)
        {
            var low = x[i / 128 * 64 + i % 64] >> (i % 128 < 64 ? 0 : 4) & 15;
            var code = low | TwoBits(x + 128, i) << 4;
            y[i] = d * (sbyte)x[192 + i / 16] * (code - 32);
        }
    }

    /// <summary>
    /// Q8_K, 292 bytes: [0] f32 d · [4] 256 signed bytes · [260] 16 i16 sums of 16 codes each (for products; not needed here).
    /// y = d·code.
    /// </summary>
    private static void Q8_K(byte* x, float* y)
    {
        var d = Unsafe.ReadUnaligned<float>(x);
        for (var i = 0; i < 256; i++)
            y[i] = d * (sbyte)x[4 + i];
    }

    /// <summary>2-bit code i of 256 in 64 bytes: each 32 bytes hold 128 numbers, 32 to a bit pair, lowest first.</summary>
    private static int TwoBits(byte* codes, int i) => codes[i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;

    /// <summary>4-bit code i of 256 in 128 bytes: each 32 bytes hold 64 numbers, the first 32 in the low halves.</summary>
    private static int FourBits(byte* codes, int i) => codes[i / 64 * 32 + i % 32] >> (i % 64 < 32 ? 0 : 4) & 15;
}
