using System.Text.Json;
using Heed.Numerics;

namespace Heed.Formats;

/// <summary>Parses the JSON header of a safetensors file.</summary>
internal static class SafetensorsHeader
{
    private const string MetadataKey = "__metadata__";
    private const int MaximumDimensions = 16;

    /// <summary>A tensor as the header lists it; the offsets are relative to the header's end and not yet checked against anything.</summary>
    public sealed record Entry(string Name, ElementType Type, long[] Shape, ulong Begin, ulong End);

    private static readonly (string Name, ElementType Type)[] s_types =
    [
        ("F64", ElementType.F64), ("F32", ElementType.F32), ("F16", ElementType.F16), ("BF16", ElementType.BF16),
        ("F8_E4M3", ElementType.F8_E4M3), ("F8_E5M2", ElementType.F8_E5M2),
        ("I64", ElementType.I64), ("I32", ElementType.I32), ("I16", ElementType.I16), ("I8", ElementType.I8),
        ("U64", ElementType.U64), ("U32", ElementType.U32), ("U16", ElementType.U16), ("U8", ElementType.U8),
        ("BOOL", ElementType.Bool),
    ];

    /// <summary>The name of an element type in a safetensors file, or null if it has none.</summary>
    public static string? TypeName(ElementType type) => Array.Find(s_types, t => t.Type == type).Name;

    /// <summary>The header's tensors in its order, and its text pairs.</summary>
    /// <exception cref="HeedException">The header is not JSON, or not of the format's form.</exception>
    public static (List<Entry> Entries, Dictionary<string, string> Metadata) Parse(ReadOnlySpan<byte> header, string path)
    {
        var reader = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
        try
        {
            return Parse(ref reader, path);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: text that is not valid Unicode
        {
            throw new HeedException($"{path}: the safetensors header is not valid JSON near its byte {reader.BytesConsumed}: {e.Message}", e);
        }
    }

    private static (List<Entry>, Dictionary<string, string>) Parse(ref Utf8JsonReader reader, string path)
    {
        var entries = new List<Entry>();
        var names = new HashSet<string>();
        Dictionary<string, string>? metadata = null;
        reader.Read();
        while (NextProperty(ref reader) is { } name)
        {
            if (!names.Add(name))
                throw new HeedException($"{path}: '{name}' occurs twice in the safetensors header.");
            if (name == MetadataKey)
                metadata = Pairs(ref reader, path);
            else
                entries.Add(Tensor(ref reader, name, path));
        }
        while (reader.Read()) { } // only white space may follow; anything else throws
        return (entries, metadata ?? []);
    }

    private static Dictionary<string, string> Pairs(ref Utf8JsonReader reader, string path)
    {
        reader.Read();
        Require(reader.TokenType == JsonTokenType.StartObject, path, $"'{MetadataKey}' must be an object of texts");
        var pairs = new Dictionary<string, string>();
        while (NextProperty(ref reader) is { } key)
        {
            reader.Read();
            Require(reader.TokenType == JsonTokenType.String, path, $"'{MetadataKey}.{key}' must be a text, but is {reader.TokenType}");
            Require(pairs.TryAdd(key, reader.GetString()!), path, $"'{MetadataKey}.{key}' occurs twice");
        }
        return pairs;
    }

    private static Entry Tensor(ref Utf8JsonReader reader, string name, string path)
    {
        reader.Read();
        Require(reader.TokenType == JsonTokenType.StartObject, path, $"tensor '{name}' must be an object with dtype, shape and data_offsets");
        ElementType? type = null;
        ulong[]? shape = null, offsets = null;
        while (NextProperty(ref reader) is { } field)
        {
            reader.Read();
            var isNew = true;
            switch (field)
            {
                case "dtype": isNew = type is null; type = Type(ref reader, name, path); break;
                case "shape": isNew = shape is null; shape = Numbers(ref reader, name, field, MaximumDimensions, path); break;
                case "data_offsets": isNew = offsets is null; offsets = Numbers(ref reader, name, field, 2, path); break;
                default: reader.Skip(); break;
            }
            Require(isNew, path, $"tensor '{name}' has the field '{field}' twice");
        }
        Require(type is not null, path, $"tensor '{name}' has no dtype");
        Require(shape is not null, path, $"tensor '{name}' has no shape");
        Require(offsets is { Length: 2 }, path, $"tensor '{name}' must have two data_offsets");
        Require(offsets![0] <= offsets[1], path, $"tensor '{name}' ends before it begins: data_offsets [{offsets[0]}, {offsets[1]}]");
        return new(name, type!.Value, Array.ConvertAll(shape!, d => (long)d), offsets[0], offsets[1]);
    }

    private static ElementType Type(ref Utf8JsonReader reader, string name, string path)
    {
        Require(reader.TokenType == JsonTokenType.String, path, $"the dtype of tensor '{name}' must be a text");
        var text = reader.GetString();
        foreach (var (known, type) in s_types)
            if (known == text) return type;
        throw new HeedException($"{path}: tensor '{name}' has the dtype '{text}'; known are {string.Join(", ", s_types.Select(t => t.Name))}.");
    }

    private static ulong[] Numbers(ref Utf8JsonReader reader, string name, string field, int most, string path)
    {
        Require(reader.TokenType == JsonTokenType.StartArray, path, $"{field} of tensor '{name}' must be a list of whole numbers");
        var numbers = new List<ulong>(4);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var value = 0UL;
            Require(reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out value) && value <= long.MaxValue,
                path, $"{field} of tensor '{name}' must be whole numbers from 0 to 2^63 - 1");
            Require(numbers.Count < most, path, $"{field} of tensor '{name}' has more than {most} numbers");
            numbers.Add(value);
        }
        return [.. numbers];
    }

    /// <summary>The next property's name, or null at the object's end.</summary>
    private static string? NextProperty(ref Utf8JsonReader reader)
        => reader.Read() && reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;

    private static void Require(bool holds, string path, string problem)
    {
        if (!holds)
            throw new HeedException($"{path}: {problem} (in the safetensors header).");
    }
}
