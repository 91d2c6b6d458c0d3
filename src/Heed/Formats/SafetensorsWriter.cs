using System.Buffers;
using System.Text;
using System.Text.Json;
using Heed.Numerics;

namespace Heed.Formats;

/// <summary>Writes safetensors files.</summary>
internal static class SafetensorsWriter
{
    /// <summary>
    /// Writes the tensors, one at a time, and the text pairs of the header to <paramref name="path"/>, whole or not at all.
    /// </summary>
    /// <remarks>Types of larger numbers come first, as in the reference implementation, so that every tensor is aligned.</remarks>
    /// <exception cref="HeedException">Two tensors share a name, a type has no place in the format, or writing failed.</exception>
    public static void Write(string path, IEnumerable<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.OrderByDescending(t => t.Type.BlockBytes()).ToList();
        var header = Header(path, ordered, metadata);
        var size = ordered.Aggregate(8L + header.Length, (sum, t) => checked(sum + t.ByteLength));
        AtomicFile.Write(path, size, stream =>
        {
            stream.Write(BitConverter.GetBytes((ulong)header.Length));
            stream.Write(header);
            foreach (var tensor in ordered)
                tensor.WriteTo(stream, path);
        });
    }

    private static byte[] Header(string path, List<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                    json.WriteString(Text(key, path), Text(value, path));
                json.WriteEndObject();
            }
            var names = new HashSet<string> { "__metadata__" };
            var begin = 0L;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                    throw new HeedException($"{path}: a safetensors file cannot hold two tensors named '{tensor.Name}', nor one named '__metadata__'.");
                WriteEntry(json, tensor, begin, path);
                begin = checked(begin + tensor.ByteLength);
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        if (buffer.Length > SafetensorsFile.MaximumHeader)
            throw new HeedException($"{path}: the header of {tensors.Count} tensors would take {buffer.Length} bytes; a safetensors file allows {SafetensorsFile.MaximumHeader}.");
        return buffer.ToArray();
    }

    private static void WriteEntry(Utf8JsonWriter json, TensorSource tensor, long begin, string path)
    {
        var type = SafetensorsHeader.TypeName(tensor.Type)
            ?? throw new HeedException($"{path}: tensor '{tensor.Name}' is {tensor.Type}, which a safetensors file cannot hold. Decode it first, or write a GGUF file.");
        json.WriteStartObject(Text(tensor.Name, path));
        json.WriteString("dtype", type);
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(begin + tensor.ByteLength);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The text, which must be valid Unicode: the JSON writer would replace what is not, and two names could become one.</summary>
    private static string Text(string text, string path)
    {
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var used) != OperationStatus.Done)
                throw new HeedException($"{path} cannot be written: the text '{text}' is not valid Unicode.");
            rest = rest[used..];
        }
        return text;
    }
}
