using System.Runtime.InteropServices;
using Heed.Numerics;

namespace Heed.Formats;

/// <summary>A tensor about to be written: what the header needs to know at once, and its bytes when their turn comes.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">How its numbers are written.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
/// <param name="Write">Writes exactly <see cref="ByteLength"/> bytes.</param>
internal sealed record TensorSource(string Name, ElementType Type, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    /// <summary>Numbers in <see cref="Shape"/>.</summary>
    public long Count => Shape.Aggregate(1L, (n, d) => checked(n * d));

    /// <summary>Bytes in the file.</summary>
    public long ByteLength => Count == 0 ? 0 : checked(Count / Columns * Type.RowBytes(Columns));

    private long Columns => Shape.Count == 0 ? 1 : Shape[^1];

    /// <summary>Float32 numbers; the array is read when the file is written.</summary>
    public static TensorSource Of(string name, float[] values, params long[] shape) => Of(name, ElementType.F32, values, shape);

    /// <summary>Float32 numbers; the memory is read when the file is written.</summary>
    public static TensorSource Of(string name, ReadOnlyMemory<float> values, params long[] shape)
        => new(name, ElementType.F32, shape, stream => WriteAll(stream, values.Span));

    /// <summary>64-bit integers; the array is read when the file is written.</summary>
    public static TensorSource Of(string name, long[] values, params long[] shape) => Of(name, ElementType.I64, values, shape);

    /// <summary>Bytes already in the form of <paramref name="type"/>; the array is read when the file is written.</summary>
    public static TensorSource Of(string name, ElementType type, byte[] bytes, params long[] shape) => Of<byte>(name, type, bytes, shape);

    /// <summary>A tensor of an open file, copied as it is stored.</summary>
    public static unsafe TensorSource Of(StoredTensor tensor) => new(tensor.Name, tensor.Type, tensor.Shape, stream =>
    {
        const int Most = 1 << 24;
        for (var at = 0L; at < tensor.ByteLength; at += Most)
            stream.Write(new ReadOnlySpan<byte>(tensor.Data + at, (int)Math.Min(Most, tensor.ByteLength - at)));
    });

    private static TensorSource Of<T>(string name, ElementType type, T[] values, long[] shape) where T : unmanaged
        => new(name, type, shape, stream => WriteAll<T>(stream, values));

    /// <summary>Writes an array's bytes, also where they are more than a span can hold.</summary>
    private static void WriteAll<T>(Stream stream, ReadOnlySpan<T> values) where T : unmanaged
    {
        const int Most = 1 << 22;
        for (var at = 0; at < values.Length; at += Math.Min(Most, values.Length - at))
            stream.Write(MemoryMarshal.AsBytes(values.Slice(at, Math.Min(Most, values.Length - at))));
    }

    /// <summary>Writes the tensor and checks that it wrote what its shape promises.</summary>
    public void WriteTo(Stream stream, string path)
    {
        var before = stream.Position;
        Write(stream);
        if (stream.Position - before != ByteLength)
            throw new HeedException($"{path}: tensor '{Name}' ({Type} [{string.Join(", ", Shape)}]) takes {ByteLength} bytes, but {stream.Position - before} were given to write.");
    }
}
