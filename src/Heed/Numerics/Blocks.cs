namespace Heed.Numerics;

/// <summary>
/// Turns stored numbers of every <see cref="ElementType"/> into float32, one value after the other: the slow, plain
/// reference that every kernel is tested against, and the one place where each layout is written down byte by byte.
/// </summary>
/// <remarks>
/// Block formats follow ggml's definitions (ggml-common.h), all integers little-endian, bits counted from the lowest.
/// Products are rounded to float32 in the order given beside each format, so results equal ggml's to the bit.
/// Files: <c>Blocks.Plain.cs</c> one number at a time; <c>Blocks.Of32.cs</c> 32 numbers and their scale;
/// <c>Blocks.K.cs</c> 256 numbers with scales of parts; <c>Blocks.Tables.cs</c> codes that index a table, and base 3.
/// </remarks>
internal static unsafe partial class Blocks
{
    /// <summary>Decodes <paramref name="count"/> numbers at <paramref name="source"/> into <paramref name="destination"/>.</summary>
    /// <param name="type">How they are written.</param>
    /// <param name="source">count / BlockLength blocks of BlockBytes bytes; no alignment needed.</param>
    /// <param name="destination">[count]</param>
    /// <param name="count">A whole number of blocks; may be zero.</param>
    /// <exception cref="ArgumentException">The count is negative or not a whole number of blocks.</exception>
    public static void Dequantize(ElementType type, byte* source, float* destination, long count)
    {
        if (count < 0 || count % type.BlockLength() != 0)
            throw new ArgumentException($"{count} numbers are not whole blocks of {type} ({type.BlockLength()} each).", nameof(count));
        if (type.BlockLength() == 1)
        {
            Plain(type, source, destination, count);
            return;
        }
        var (length, bytes) = (type.BlockLength(), type.BlockBytes());
        for (var block = 0L; block < count / length; block++)
            Block(type, source + block * bytes, destination + block * length);
    }

    private static void Block(ElementType type, byte* x, float* y)
    {
        switch (type)
        {
            case ElementType.Q4_0: Q4_0(x, y); break;
            case ElementType.Q4_1: Q4_1(x, y); break;
            case ElementType.Q5_0: Q5_0(x, y); break;
            case ElementType.Q5_1: Q5_1(x, y); break;
            case ElementType.Q8_0: Q8_0(x, y); break;
            case ElementType.Q2_K: Q2_K(x, y); break;
            case ElementType.Q3_K: Q3_K(x, y); break;
            case ElementType.Q4_K: Q4_K(x, y); break;
            case ElementType.Q5_K: Q5_K(x, y); break;
            case ElementType.Q6_K: Q6_K(x, y); break;
            case ElementType.Q8_K: Q8_K(x, y); break;
            case ElementType.IQ4_NL: IQ4_NL(x, y); break;
            case ElementType.IQ4_XS: IQ4_XS(x, y); break;
            case ElementType.MXFP4: MXFP4(x, y); break;
            case ElementType.TQ1_0: TQ1_0(x, y); break;
            case ElementType.TQ2_0: TQ2_0(x, y); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "not a block format");
        }
    }
}
