namespace Heed.Numerics;

/// <summary>How the numbers of a stored tensor are written: plain types, and GGUF's block formats.</summary>
public enum ElementType
{
    F32, F16, BF16, F64, F8_E4M3, F8_E5M2,
    I8, I16, I32, I64, U8, U16, U32, U64, Bool,
    Q4_0, Q4_1, Q5_0, Q5_1, Q8_0,
    Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K,
    IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4,
}

/// <summary>Sizes of the element types. A row is stored as whole blocks.</summary>
public static class ElementTypes
{
    /// <summary>How many numbers one block holds (1 for plain types).</summary>
    public static int BlockLength(this ElementType type) => type switch
    {
        ElementType.Q4_0 or ElementType.Q4_1 or ElementType.Q5_0 or ElementType.Q5_1 or ElementType.Q8_0
            or ElementType.IQ4_NL or ElementType.MXFP4 => 32,
        ElementType.Q2_K or ElementType.Q3_K or ElementType.Q4_K or ElementType.Q5_K or ElementType.Q6_K
            or ElementType.Q8_K or ElementType.IQ4_XS or ElementType.TQ1_0 or ElementType.TQ2_0 => 256,
        _ => 1,
    };

    /// <summary>How many bytes one block takes.</summary>
    public static int BlockBytes(this ElementType type) => type switch
    {
        ElementType.F64 or ElementType.I64 or ElementType.U64 => 8,
        ElementType.F32 or ElementType.I32 or ElementType.U32 => 4,
        ElementType.F16 or ElementType.BF16 or ElementType.I16 or ElementType.U16 => 2,
        ElementType.F8_E4M3 or ElementType.F8_E5M2 or ElementType.I8 or ElementType.U8 or ElementType.Bool => 1,
        ElementType.Q4_0 => 18,     // f16 d, 16 bytes of nibbles
        ElementType.Q4_1 => 20,     // f16 d, f16 m, 16 bytes of nibbles
        ElementType.Q5_0 => 22,     // f16 d, 4 bytes of high bits, 16 bytes of nibbles
        ElementType.Q5_1 => 24,     // f16 d, f16 m, 4 bytes of high bits, 16 bytes of nibbles
        ElementType.Q8_0 => 34,     // f16 d, 32 signed bytes
        ElementType.Q2_K => 84,     // 16 scales·mins, 64 bytes of 2-bit codes, f16 d, f16 dmin
        ElementType.Q3_K => 110,    // 32 high-bit bytes, 64 bytes of 2-bit codes, 12 bytes of scales, f16 d
        ElementType.Q4_K => 144,    // f16 d, f16 dmin, 12 bytes of scales·mins, 128 bytes of nibbles
        ElementType.Q5_K => 176,    // f16 d, f16 dmin, 12 bytes of scales·mins, 32 high-bit bytes, 128 nibbles
        ElementType.Q6_K => 210,    // 128 low nibbles, 64 bytes of high pairs, 16 signed scales, f16 d
        ElementType.Q8_K => 292,    // f32 d, 256 signed bytes, 16 × i16 sums
        ElementType.IQ4_NL => 18,   // f16 d, 16 bytes of nibbles into a table
        ElementType.IQ4_XS => 136,  // f16 d, u16 scales_h, 4 bytes scales_l, 128 bytes of nibbles into a table
        ElementType.TQ1_0 => 54,    // 48 + 4 bytes of base-3 digits, f16 d
        ElementType.TQ2_0 => 66,    // 64 bytes of 2-bit codes, f16 d
        ElementType.MXFP4 => 17,    // e8m0 scale, 16 bytes of nibbles into a table
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    /// <summary>The bytes of one row of <paramref name="columns"/> numbers; throws if they are not whole blocks.</summary>
    public static long RowBytes(this ElementType type, long columns)
    {
        var block = type.BlockLength();
        if (columns % block != 0)
            throw new HeedException($"A row of {columns} numbers cannot be stored as {type}: its blocks hold {block} numbers each.");
        return checked(columns / block * type.BlockBytes());
    }
}
