using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <content>
/// 32 numbers with one scale. Where codes are nibbles, byte j holds number j in its low half and number j + 16 in its
/// high half, so that 16 bytes unpack into two runs without shuffling.
/// </content>
internal static unsafe partial class Blocks
{
    /// <summary>
    /// Q4_0, 18 bytes: [0] f16 d · [2] 16 bytes of nibbles. y = (code − 8)·d.
    /// </summary>
    private static void Q4_0(byte* x, float* y)
    {
        var d = Half(x);
        for (var i = 0; i < 32; i++)
            y[i] = (Nibble(x + 2, i) - 8) * d;
    }

    /// <summary>
    /// Q4_1, 20 bytes: [0] f16 d · [2] f16 m · [4] 16 bytes of nibbles. y = code·d + m.
    /// </summary>
    private static void Q4_1(byte* x, float* y)
    {
        float d = Half(x), m = Half(x + 2);
        for (var i = 0; i < 32; i++)
            y[i] = Nibble(x + 4, i) * d + m;
    }

    /// <summary>
    /// Q5_0, 22 bytes: [0] f16 d · [2] u32, bit i is the fifth bit of number i · [6] 16 bytes of nibbles. y = (code − 16)·d.
    /// </summary>
    private static void Q5_0(byte* x, float* y)
    {
        var d = Half(x);
        var fifth = Unsafe.ReadUnaligned<uint>(x + 2);
        for (var i = 0; i < 32; i++)
            y[i] = (FiveBits(x + 6, fifth, i) - 16) * d;
    }

    /// <summary>
    /// Q5_1, 24 bytes: [0] f16 d · [2] f16 m · [4] u32, bit i is the fifth bit of number i · [8] 16 bytes of nibbles.
    /// y = code·d + m.
    /// </summary>
    private static void Q5_1(byte* x, float* y)
    {
        float d = Half(x), m = Half(x + 2);
        var fifth = Unsafe.ReadUnaligned<uint>(x + 4);
        for (var i = 0; i < 32; i++)
            y[i] = FiveBits(x + 8, fifth, i) * d + m;
    }

    /// <summary>
    /// Q8_0, 34 bytes: [0] f16 d · [2] 32 signed bytes. y = code·d.
    /// </summary>
    private static void Q8_0(byte* x, float* y)
    {
        var d = Half(x);
        for (var i = 0; i < 32; i++)
            y[i] = (sbyte)x[2 + i] * d;
    }

    /// <summary>Code i of 32 nibbles in 16 bytes: the low halves are 0–15, the high halves 16–31.</summary>
    private static int Nibble(byte* codes, int i) => i < 16 ? codes[i] & 15 : codes[i - 16] >> 4;

    private static int FiveBits(byte* codes, uint fifth, int i) => Nibble(codes, i) | (int)(fifth >> i & 1) << 4;
}
