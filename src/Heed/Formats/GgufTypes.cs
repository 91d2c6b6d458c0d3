using Heed.Numerics;

namespace Heed.Formats;

/// <summary>The types of metadata values in a GGUF file, under the ids the file uses.</summary>
public enum GgufValueType
{
    UInt8 = 0, Int8 = 1, UInt16 = 2, Int16 = 3, UInt32 = 4, Int32 = 5, Float32 = 6,
    Bool = 7, String = 8, Array = 9, UInt64 = 10, Int64 = 11, Float64 = 12,
}

/// <summary>The ids by which GGUF files name types.</summary>
internal static class GgufTypes
{
    /// <summary>Bytes of a value of fixed size; 0 for strings and arrays.</summary>
    public static int Size(this GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        _ => 0,
    };

    public static bool IsKnown(this GgufValueType type) => type is >= GgufValueType.UInt8 and <= GgufValueType.Float64;

    public static bool IsInteger(this GgufValueType type)
        => type is <= GgufValueType.Int32 or GgufValueType.UInt64 or GgufValueType.Int64;

    /// <summary>Tensor types that Heed reads, by the id ggml gives them (enum ggml_type).</summary>
    private static readonly (uint Id, ElementType Type)[] s_tensorTypes =
    [
        (0, ElementType.F32), (1, ElementType.F16), (2, ElementType.Q4_0), (3, ElementType.Q4_1),
        (6, ElementType.Q5_0), (7, ElementType.Q5_1), (8, ElementType.Q8_0),
        (10, ElementType.Q2_K), (11, ElementType.Q3_K), (12, ElementType.Q4_K), (13, ElementType.Q5_K),
        (14, ElementType.Q6_K), (15, ElementType.Q8_K), (20, ElementType.IQ4_NL), (23, ElementType.IQ4_XS),
        (24, ElementType.I8), (25, ElementType.I16), (26, ElementType.I32), (27, ElementType.I64), (28, ElementType.F64),
        (30, ElementType.BF16), (34, ElementType.TQ1_0), (35, ElementType.TQ2_0), (39, ElementType.MXFP4),
    ];

    /// <summary>Types ggml knows and Heed does not, so that a message can call them by name.</summary>
    private static readonly (uint Id, string Name)[] s_otherTensorTypes =
    [
        (4, "Q4_2"), (5, "Q4_3"), (9, "Q8_1"), (16, "IQ2_XXS"), (17, "IQ2_XS"), (18, "IQ3_XXS"), (19, "IQ1_S"), (21, "IQ3_S"),
        (22, "IQ2_S"), (29, "IQ1_M"), (31, "Q4_0_4_4"), (32, "Q4_0_4_8"), (33, "Q4_0_8_8"), (36, "IQ4_NL_4_4"),
        (37, "IQ4_NL_4_8"), (38, "IQ4_NL_8_8"), (40, "NVFP4"), (41, "Q1_0"), (42, "Q2_0"),
    ];

    /// <summary>The element type with that id in a GGUF file, or null.</summary>
    public static ElementType? TensorType(uint id)
    {
        foreach (var (known, type) in s_tensorTypes)
            if (known == id) return type;
        return null;
    }

    /// <summary>The id of an element type in a GGUF file, or null if GGUF has none for it.</summary>
    public static uint? TensorTypeId(ElementType type)
    {
        foreach (var (id, known) in s_tensorTypes)
            if (known == type) return id;
        return null;
    }

    /// <summary>What to say about an id that is not read: its name if it has one, and what is read instead.</summary>
    public static string Describe(uint id)
    {
        var name = Array.Find(s_otherTensorTypes, t => t.Id == id).Name;
        return $"type {id}{(name is null ? "" : $" ({name})")}, which Heed does not read; it reads "
            + string.Join(", ", s_tensorTypes.Select(t => t.Type));
    }
}
