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
