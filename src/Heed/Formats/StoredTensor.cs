using System.Runtime.CompilerServices;
using Heed.Numerics;

namespace Heed.Formats;

/// <summary>A tensor as a file holds it: name, type, shape and the mapped bytes. Valid while its file is open.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Type">How its numbers are written.</param>
/// <param name="Shape">Dimensions, slowest first (the last one is contiguous), whatever order the file lists them in.</param>
/// <param name="File">The file it is in, for messages.</param>
public sealed unsafe record StoredTensor(string Name, ElementType Type, IReadOnlyList<long> Shape, string File)
{
    /// <summary>The first byte.</summary>
    internal byte* Data => (byte*)Address;

    /// <summary>The address of the first byte.</summary>
    internal nint Address { get; init; }

    /// <summary>Number of bytes, checked against the file's true size.</summary>
    public long ByteLength { get; init; }

    /// <summary>How many numbers.</summary>
    public long Count => Shape.Aggregate(1L, (n, d) => checked(n * d));

    /// <summary>The shape as it is written in messages: [320, 48].</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <summary>A decoded copy of all its numbers as float32, in the order they are stored. For tensors small enough to copy.</summary>
    public float[] ToFloats()
    {
        var values = new float[CheckedCount()];
        fixed (float* destination = values)
            Blocks.Dequantize(Type, Data, destination, values.Length);
        return values;
    }

    /// <summary>A copy of all its numbers, which must be stored as integers (ids, labels, masks).</summary>
    public long[] ToIntegers()
    {
        var values = new long[CheckedCount()];
        for (var i = 0L; i < values.Length; i++)
            values[i] = Type switch
            {
                ElementType.I64 => Unsafe.ReadUnaligned<long>(Data + 8 * i),
                ElementType.U64 => Unsafe.ReadUnaligned<ulong>(Data + 8 * i) is var value && value <= long.MaxValue
                    ? (long)value
                    : throw new HeedException($"{File}: tensor '{Name}' holds {value} at {i}; integers up to 2^63 - 1 are needed here."),
                ElementType.I32 => Unsafe.ReadUnaligned<int>(Data + 4 * i),
                ElementType.U32 => Unsafe.ReadUnaligned<uint>(Data + 4 * i),
                ElementType.I16 => Unsafe.ReadUnaligned<short>(Data + 2 * i),
                ElementType.U16 => Unsafe.ReadUnaligned<ushort>(Data + 2 * i),
                ElementType.I8 => (sbyte)Data[i],
                ElementType.U8 or ElementType.Bool => Data[i],
                _ => throw new HeedException($"{File}: tensor '{Name}' is stored as {Type}; integers are needed here."),
            };
        return values;
    }

    private long CheckedCount() => Count <= Array.MaxLength
        ? Count
        : throw new HeedException($"{File}: tensor '{Name}' {ShapeText} has {Count} numbers, too many to copy into one array.");
}

/// <summary>An open checkpoint: its tensors by name. Closing it unmaps the memory that views point to.</summary>
public interface ITensorFile : IDisposable
{
    /// <summary>The path, for messages.</summary>
    string Path { get; }

    /// <summary>All tensors, in the file's order.</summary>
    IReadOnlyCollection<StoredTensor> Tensors { get; }

    /// <summary>The tensor of that name, or null.</summary>
    StoredTensor? Find(string name);
}
