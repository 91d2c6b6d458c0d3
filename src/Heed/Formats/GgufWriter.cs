using System.Runtime.InteropServices;
using System.Text;

namespace Heed.Formats;

/// <summary>Writes GGUF files of version 3: collect metadata, then write it with the tensors.</summary>
internal sealed class GgufWriter
{
    private const long DefaultAlignment = 32;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<(string Key, object Value)> _metadata = [];

    /// <summary>Adds a metadata value, whose .NET type decides the type in the file.</summary>
    /// <param name="key">A key not added before.</param>
    /// <param name="value">
    /// byte, sbyte, ushort, short, uint, int, ulong, long, float, double, bool, string, an array of one of these,
    /// or an array of such arrays.
    /// </param>
    public GgufWriter Add(string key, object value)
    {
        if (_metadata.Exists(m => m.Key == key))
            throw new HeedException($"The metadata key '{key}' is already set.");
        if (TypeOf(value.GetType()) is null)
            throw new HeedException($"The metadata key '{key}' cannot hold a {value.GetType().Name} in a GGUF file.");
        _metadata.Add((key, value));
        return this;
    }

    /// <summary>Writes metadata and tensors to <paramref name="path"/>, whole or not at all.</summary>
    /// <exception cref="HeedException">Two tensors share a name, a type has no place in the format, or writing failed.</exception>
    public void Write(string path, IEnumerable<TensorSource> tensors)
    {
        var list = tensors.ToList();
        var alignment = Alignment(path);
        var header = Header(path, list, alignment);
        var size = list.Aggregate((long)header.Length, (sum, t) => checked(sum + Align(t.ByteLength, alignment)));
        AtomicFile.Write(path, size, stream =>
        {
            stream.Write(header);
            foreach (var tensor in list)
            {
                tensor.WriteTo(stream, path);
                Pad(stream, tensor.ByteLength, alignment);
            }
        });
    }

    private long Alignment(string path)
    {
        var value = _metadata.Find(m => m.Key == "general.alignment").Value;
        return value switch
        {
            null => DefaultAlignment,
            uint alignment when uint.IsPow2(alignment) => alignment,
            _ => throw new HeedException($"{path}: general.alignment is {value}; a power of two as uint is needed."),
        };
    }

    private byte[] Header(string path, List<TensorSource> tensors, long alignment)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)_metadata.Count);
        foreach (var (key, value) in _metadata)
        {
            Text(writer, key);
            writer.Write((uint)TypeOf(value.GetType())!);
            Value(writer, value);
        }
        var names = new HashSet<string>();
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
                throw new HeedException($"{path}: a GGUF file cannot hold two tensors named '{tensor.Name}'.");
            WriteEntry(writer, tensor, offset, path);
            offset = checked(offset + Align(tensor.ByteLength, alignment));
        }
        Pad(buffer, buffer.Length, alignment);
        return buffer.ToArray();
    }

    private static void WriteEntry(BinaryWriter writer, TensorSource tensor, long offset, string path)
    {
        var id = GgufTypes.TensorTypeId(tensor.Type)
            ?? throw new HeedException($"{path}: tensor '{tensor.Name}' is {tensor.Type}, which a GGUF file cannot hold.");
        if (tensor.Shape.Count > GgufFile.MaximumDimensions)
            throw new HeedException($"{path}: tensor '{tensor.Name}' has {tensor.Shape.Count} dimensions; GGUF has at most {GgufFile.MaximumDimensions}.");
        Text(writer, tensor.Name);
        writer.Write((uint)tensor.Shape.Count);
        foreach (var size in tensor.Shape.Reverse()) // fastest first
            writer.Write((ulong)size);
        writer.Write(id);
        writer.Write((ulong)offset);
    }

    /// <summary>The type in the file of a .NET type, or null if it has none.</summary>
    private static GgufValueType? TypeOf(Type type)
    {
        if (type.IsSZArray)
            return TypeOf(type.GetElementType()!) is null ? null : GgufValueType.Array;
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Byte => GgufValueType.UInt8,
            TypeCode.SByte => GgufValueType.Int8,
            TypeCode.UInt16 => GgufValueType.UInt16,
            TypeCode.Int16 => GgufValueType.Int16,
            TypeCode.UInt32 => GgufValueType.UInt32,
            TypeCode.Int32 => GgufValueType.Int32,
            TypeCode.UInt64 => GgufValueType.UInt64,
            TypeCode.Int64 => GgufValueType.Int64,
            TypeCode.Single => GgufValueType.Float32,
            TypeCode.Double => GgufValueType.Float64,
            TypeCode.Boolean => GgufValueType.Bool,
            TypeCode.String => GgufValueType.String,
            _ => null,
        };
    }

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case string text: Text(writer, text); break;
            case Array array: Items(writer, array); break;
            case bool v: writer.Write(v); break;
            case byte v: writer.Write(v); break;
            case sbyte v: writer.Write(v); break;
            case ushort v: writer.Write(v); break;
            case short v: writer.Write(v); break;
            case uint v: writer.Write(v); break;
            case int v: writer.Write(v); break;
            case ulong v: writer.Write(v); break;
            case long v: writer.Write(v); break;
            case float v: writer.Write(v); break;
            case double v: writer.Write(v); break;
            default: throw new ArgumentException($"no GGUF type for {value.GetType()}", nameof(value));
        }
    }

    /// <summary>The items' type, their number, the items. Items that are arrays repeat this form.</summary>
    private static void Items(BinaryWriter writer, Array array)
    {
        var type = TypeOf(array.GetType().GetElementType()!)!.Value;
        writer.Write((uint)type);
        writer.Write((ulong)array.Length);
        if (type.Size() is > 0 and var size)
        {
            writer.Write(MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(array), checked(array.Length * size)));
            return;
        }
        foreach (var item in array)
            Value(writer, item!);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes;
        try
        {
            bytes = s_strict.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new HeedException($"The text '{text}' is not valid Unicode and cannot be written to a GGUF file.", e);
        }
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static long Align(long length, long alignment) => checked((length + alignment - 1) / alignment * alignment);

    private static void Pad(Stream stream, long length, long alignment)
    {
        Span<byte> zeros = stackalloc byte[256];
        zeros.Clear();
        for (var left = Align(length, alignment) - length; left > 0; left -= Math.Min(left, zeros.Length))
            stream.Write(zeros[..(int)Math.Min(left, zeros.Length)]);
    }
}
