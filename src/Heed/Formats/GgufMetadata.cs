using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Heed.Formats;

/// <summary>
/// The metadata of a GGUF file: values of 13 types by key. Opening checks every value's extent but decodes none,
/// so a vocabulary of any size costs nothing until it is asked for (and is decoded again each time it is).
/// </summary>
/// <remarks>
/// Numbers convert between types as long as nothing is lost: an integer accessor takes every integer type, a float
/// accessor every number. Asking for what a key does not hold is a <see cref="HeedException"/> that names the file,
/// the key and the type found.
/// </remarks>
public sealed class GgufMetadata
{
    /// <summary>Arrays in arrays in arrays: files have at most one level; a limit keeps a crafted one off the stack.</summary>
    private const int MaximumDepth = 8;

    private readonly MappedFile _file;
    private readonly Dictionary<string, Entry> _entries;
    private readonly List<string> _keys;

    /// <summary>Where a value lies. For arrays, <see cref="Element"/> and <see cref="Count"/> describe the items at <see cref="Offset"/>.</summary>
    private sealed record Entry(GgufValueType Type, GgufValueType Element, long Count, long Offset);

    private GgufMetadata(MappedFile file, Dictionary<string, Entry> entries, List<string> keys)
    {
        _file = file;
        _entries = entries;
        _keys = keys;
    }

    /// <summary>All keys, in the file's order.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>True if the file has the key.</summary>
    public bool Contains(string key) => _entries.ContainsKey(key);

    /// <summary>The type of a key's value.</summary>
    public GgufValueType TypeOf(string key) => Find(key).Type;

    /// <summary>The number of items in a key's array.</summary>
    public long CountOf(string key)
    {
        var entry = Find(key);
        return entry.Type == GgufValueType.Array ? entry.Count : throw Mismatch(key, entry, "an array");
    }

    /// <summary>A text.</summary>
    public string GetString(string key)
    {
        var entry = Find(key);
        if (entry.Type != GgufValueType.String)
            throw Mismatch(key, entry, "a string");
        return new GgufReader(_file, entry.Offset).String($"the value of metadata key '{key}'");
    }

    /// <summary>A text, or <paramref name="fallback"/> if the key is missing.</summary>
    [return: NotNullIfNotNull(nameof(fallback))]
    public string? GetString(string key, string? fallback) => Contains(key) ? GetString(key) : fallback;

    /// <summary>A text, if the key is there. A value of another type is an error, not a false.</summary>
    public bool TryGetString(string key, [NotNullWhen(true)] out string? value)
    {
        value = Contains(key) ? GetString(key) : null;
        return value is not null;
    }

    /// <summary>A whole number of any integer type.</summary>
    public long GetLong(string key)
    {
        var entry = Find(key);
        if (!entry.Type.IsInteger())
            throw Mismatch(key, entry, "an integer");
        var reader = new GgufReader(_file, entry.Offset);
        return Integer(ref reader, entry.Type, key);
    }

    /// <summary>A whole number, or <paramref name="fallback"/> if the key is missing.</summary>
    public long GetLong(string key, long fallback) => Contains(key) ? GetLong(key) : fallback;

    /// <summary>A whole number that fits 32 bits.</summary>
    public int GetInt(string key) => Narrow(GetLong(key), key);

    /// <summary>A whole number that fits 32 bits, or <paramref name="fallback"/> if the key is missing.</summary>
    public int GetInt(string key, int fallback) => Contains(key) ? GetInt(key) : fallback;

    /// <summary>A whole number, if the key is there.</summary>
    public bool TryGetInt(string key, out int value)
    {
        var found = Contains(key);
        value = found ? GetInt(key) : 0;
        return found;
    }

    /// <summary>A number of any type.</summary>
    public double GetDouble(string key)
    {
        var entry = Find(key);
        if (!IsNumber(entry.Type))
            throw Mismatch(key, entry, "a number");
        var reader = new GgufReader(_file, entry.Offset);
        return Number(ref reader, entry.Type, key);
    }

    /// <summary>A number of any type, as float32.</summary>
    public float GetFloat(string key) => (float)GetDouble(key);

    /// <summary>A number, or <paramref name="fallback"/> if the key is missing.</summary>
    public float GetFloat(string key, float fallback) => Contains(key) ? GetFloat(key) : fallback;

    /// <summary>A number, if the key is there.</summary>
    public bool TryGetFloat(string key, out float value)
    {
        var found = Contains(key);
        value = found ? GetFloat(key) : 0;
        return found;
    }

    /// <summary>A truth value.</summary>
    public bool GetBool(string key)
    {
        var entry = Find(key);
        if (entry.Type != GgufValueType.Bool)
            throw Mismatch(key, entry, "a bool");
        return new GgufReader(_file, entry.Offset).Read<byte>("a bool") != 0;
    }

    /// <summary>A truth value, or <paramref name="fallback"/> if the key is missing.</summary>
    public bool GetBool(string key, bool fallback) => Contains(key) ? GetBool(key) : fallback;

    /// <summary>An array of texts.</summary>
    public string[] Strings(string key)
    {
        var (count, offset, _) = Items(key, t => t == GgufValueType.String, "an array of strings");
        var reader = new GgufReader(_file, offset);
        var values = new string[count];
        reader.Strings(values, $"a text in the array of metadata key '{key}'");
        return values;
    }

    /// <summary>Passes every text of an array to <paramref name="read"/>, as valid UTF-8 that lies in the file.</summary>
    internal void ReadStrings(string key, ReadOnlySpanAction read)
    {
        var (count, offset, _) = Items(key, t => t == GgufValueType.String, "an array of strings");
        var reader = new GgufReader(_file, offset);
        var what = $"a text in the array of metadata key '{key}'";
        for (var i = 0L; i < count; i++)
        {
            var start = reader.Position;
            var bytes = reader.Bytes(what);
            if (!System.Text.Unicode.Utf8.IsValid(bytes))
                throw new HeedException($"{_file.Path}: {what}, number {i} at byte {start}, is not valid UTF-8.");
            read(bytes);
        }
    }

    /// <summary>Takes bytes that stay where they are.</summary>
    internal delegate void ReadOnlySpanAction(ReadOnlySpan<byte> bytes);

    /// <summary>An array of whole numbers that fit 32 bits.</summary>
    public int[] Ints(string key)
    {
        var (count, offset, type) = Items(key, GgufTypes.IsInteger, "an array of integers");
        var reader = new GgufReader(_file, offset);
        var values = new int[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Narrow(Integer(ref reader, type, key), key);
        return values;
    }

    /// <summary>An array of numbers.</summary>
    public float[] Floats(string key)
    {
        var (count, offset, type) = Items(key, IsNumber, "an array of numbers");
        var reader = new GgufReader(_file, offset);
        var values = new float[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)Number(ref reader, type, key);
        return values;
    }

    /// <summary>An array of truth values.</summary>
    public bool[] Bools(string key)
    {
        var (count, offset, _) = Items(key, t => t == GgufValueType.Bool, "an array of bools");
        var reader = new GgufReader(_file, offset);
        var values = new bool[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = reader.Read<byte>("a bool") != 0;
        return values;
    }

    /// <summary>
    /// A value of any type: string, bool, long (ulong where it must be), double, or an <c>object[]</c> of those or of
    /// further arrays. For showing; the typed accessors are cheaper.
    /// </summary>
    public object Value(string key)
    {
        var entry = Find(key);
        var reader = new GgufReader(_file, entry.Offset);
        return entry.Type == GgufValueType.Array
            ? Array(ref reader, entry.Element, entry.Count, key)
            : Scalar(ref reader, entry.Type, key);
    }

    /// <summary>Reads <paramref name="count"/> key–value pairs, checking that each lies inside the file.</summary>
    internal static GgufMetadata Read(ref GgufReader reader, MappedFile file, ulong count)
    {
        // A pair takes at least 13 bytes: key length, value type, one byte of value.
        if (count > (ulong)reader.Remaining / 13)
            throw new HeedException($"{file.Path}: the header claims {count} metadata values, more than the remaining {reader.Remaining} bytes could hold. The file is damaged.");
        var entries = new Dictionary<string, Entry>(); // grows with what is really there, whatever the count claims
        var keys = new List<string>();
        for (var i = 0UL; i < count; i++)
        {
            var key = reader.String("a metadata key", GgufReader.MaximumName);
            if (key.Length == 0)
                throw new HeedException($"{file.Path}: metadata key {i} is empty. The file is damaged.");
            var entry = Skip(ref reader, file, key);
            if (!entries.TryAdd(key, entry))
                throw new HeedException($"{file.Path}: the metadata key '{key}' occurs twice.");
            keys.Add(key);
        }
        return new(file, entries, keys);
    }

    private static Entry Skip(ref GgufReader reader, MappedFile file, string key)
    {
        var what = $"the value of metadata key '{key}'";
        var type = ValueType(ref reader, file, key, what);
        if (type != GgufValueType.Array)
        {
            var entry = new Entry(type, type, 1, reader.Position);
            SkipItems(ref reader, file, type, 1, key, what, depth: 0);
            return entry;
        }
        var element = ValueType(ref reader, file, key, what);
        var count = ArrayCount(ref reader, file, element, key, what);
        var array = new Entry(type, element, count, reader.Position);
        SkipItems(ref reader, file, element, count, key, what, depth: 1);
        return array;
    }

    private static void SkipItems(ref GgufReader reader, MappedFile file, GgufValueType type, long count, string key, string what, int depth)
    {
        if (depth > MaximumDepth)
            throw new HeedException($"{file.Path}: {what} nests arrays more than {MaximumDepth} deep.");
        if (type.Size() is > 0 and var size)
        {
            reader.Skip(count * size, what);
            return;
        }
        if (type == GgufValueType.String)
        {
            reader.SkipStrings(count, what);
            return;
        }
        for (var i = 0L; i < count; i++)
        {
            var inner = ValueType(ref reader, file, key, what);
            var innerCount = ArrayCount(ref reader, file, inner, key, what);
            SkipItems(ref reader, file, inner, innerCount, key, what, depth + 1);
        }
    }

    private static GgufValueType ValueType(ref GgufReader reader, MappedFile file, string key, string what)
    {
        var type = (GgufValueType)reader.Read<uint>(what);
        if (!type.IsKnown())
            throw new HeedException($"{file.Path}: metadata key '{key}' has a value of unknown type {(uint)type}; types are 0 to 12. The file is damaged, or newer than this version of Heed.");
        return type;
    }

    private static long ArrayCount(ref GgufReader reader, MappedFile file, GgufValueType element, string key, string what)
    {
        var count = reader.Read<ulong>(what);
        // Strings take at least their length, arrays their type and count.
        var smallest = element switch { GgufValueType.String => 8, GgufValueType.Array => 12, _ => element.Size() };
        if (count > (ulong)(reader.Remaining / smallest) || count > int.MaxValue)
            throw new HeedException($"{file.Path}: metadata key '{key}' claims an array of {count} values, more than the remaining {reader.Remaining} bytes could hold (or 2^31). The file is damaged.");
        return (long)count;
    }

    private object[] Array(ref GgufReader reader, GgufValueType element, long count, string key)
    {
        var values = new object[count];
        for (var i = 0; i < values.Length; i++)
        {
            if (element == GgufValueType.Array)
            {
                var inner = (GgufValueType)reader.Read<uint>("an array's type");
                values[i] = Array(ref reader, inner, reader.Read<long>("an array's count"), key);
            }
            else values[i] = Scalar(ref reader, element, key);
        }
        return values;
    }

    private object Scalar(ref GgufReader reader, GgufValueType type, string key) => type switch
    {
        GgufValueType.String => reader.String($"the value of metadata key '{key}'"),
        GgufValueType.Bool => reader.Read<byte>("a bool") != 0,
        GgufValueType.UInt64 => Unsigned(reader.Read<ulong>("a number")),
        GgufValueType.Float32 or GgufValueType.Float64 => Number(ref reader, type, key),
        _ => Integer(ref reader, type, key),
    };

    private long Integer(ref GgufReader reader, GgufValueType type, string key) => type switch
    {
        GgufValueType.UInt8 => reader.Read<byte>("a number"),
        GgufValueType.Int8 => reader.Read<sbyte>("a number"),
        GgufValueType.UInt16 => reader.Read<ushort>("a number"),
        GgufValueType.Int16 => reader.Read<short>("a number"),
        GgufValueType.UInt32 => reader.Read<uint>("a number"),
        GgufValueType.Int32 => reader.Read<int>("a number"),
        GgufValueType.Int64 => reader.Read<long>("a number"),
        _ => Signed(reader.Read<ulong>("a number"), key),
    };

    private static object Unsigned(ulong value) => value > long.MaxValue ? value : (long)value;

    private long Signed(ulong value, string key)
        => value <= long.MaxValue
            ? (long)value
            : throw new HeedException($"{_file.Path}: metadata key '{key}' holds {value}, too large for a signed 64-bit integer.");

    private double Number(ref GgufReader reader, GgufValueType type, string key) => type switch
    {
        GgufValueType.Float32 => reader.Read<float>("a number"),
        GgufValueType.Float64 => reader.Read<double>("a number"),
        _ => Integer(ref reader, type, key),
    };

    private static bool IsNumber(GgufValueType type)
        => type.IsInteger() || type is GgufValueType.Float32 or GgufValueType.Float64;

    private int Narrow(long value, string key)
        => value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw new HeedException($"{_file.Path}: metadata key '{key}' holds {value.ToString(CultureInfo.InvariantCulture)}; a number of at most 32 bits is needed.");

    private (long Count, long Offset, GgufValueType Type) Items(string key, Func<GgufValueType, bool> fits, string wanted)
    {
        var entry = Find(key);
        return entry.Type == GgufValueType.Array && (fits(entry.Element) || entry.Count == 0)
            ? (entry.Count, entry.Offset, entry.Element)
            : throw Mismatch(key, entry, wanted);
    }

    private Entry Find(string key)
        => _entries.TryGetValue(key, out var entry)
            ? entry
            : throw new HeedException($"{_file.Path}: the metadata key '{key}' is missing.");

    private HeedException Mismatch(string key, Entry entry, string wanted)
    {
        var found = entry.Type == GgufValueType.Array ? $"an array of {entry.Count} × {entry.Element}" : entry.Type.ToString();
        return new($"{_file.Path}: metadata key '{key}' must be {wanted}, but the file holds {found}.");
    }
}
