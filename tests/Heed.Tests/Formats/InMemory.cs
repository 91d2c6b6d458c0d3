using System.Runtime.InteropServices;
using Heed.Formats;

namespace Heed.Tests.Formats;

/// <summary>Bytes outside the managed heap that open like a mapped file, without one.</summary>
internal sealed unsafe class InMemory : IDisposable
{
    private readonly byte* _data;
    private readonly int _length;

    public InMemory(byte[] bytes)
    {
        _length = bytes.Length;
        _data = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, _length));
        bytes.CopyTo(new Span<byte>(_data, _length));
    }

    public MappedFile File(string name) => MappedFile.FromMemory(_data, _length, name);

    /// <summary>True if these bytes all lie inside.</summary>
    public bool Holds(byte* start, long length) => start >= _data && length <= _length && start - _data <= _length - length;

    public void Dispose() => NativeMemory.Free(_data);

    /// <summary>Opens bytes as GGUF; the message of the HeedException it must throw.</summary>
    public static string GgufError(byte[] bytes)
    {
        using var memory = new InMemory(bytes);
        return Assert.Throws<HeedException>(() => GgufFile.Open(memory.File("test.gguf"))).Message;
    }

    /// <summary>Opens bytes as safetensors; the message of the HeedException it must throw.</summary>
    public static string SafetensorsError(byte[] bytes)
    {
        using var memory = new InMemory(bytes);
        return Assert.Throws<HeedException>(() => SafetensorsFile.Open(memory.File("test.safetensors"))).Message;
    }
}
