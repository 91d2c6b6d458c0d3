using System.Text.Json;

namespace Heed.Tokenization;

/// <summary>A value in a tokenizer's JSON file that knows where it stands, for messages.</summary>
internal readonly record struct JsonField(JsonElement Value, string File, string Path)
{
    /// <summary>The value of a property; null if it is missing or null.</summary>
    public JsonField? Find(string name)
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Wrong("an object {...}");
        return Value.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? new JsonField(value, File, Join(name)) : null;
    }

    public JsonField this[string name] => Find(name) ?? throw new HeedException($"{File}: {Join(name)} is missing.");

    public string Text
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.String) throw Wrong("a text");
            try
            {
                return Value.GetString()!;
            }
            catch (InvalidOperationException)
            {
                throw Wrong("a text without halves of surrogate pairs");
            }
        }
    }

    public bool Truth => Value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => throw Wrong("true or false") };

    public int Whole => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var value) ? value : throw Wrong("a whole number of at most 32 bits");

    public double Number => Value.ValueKind == JsonValueKind.Number && Value.TryGetDouble(out var value) && double.IsFinite(value) ? value : throw Wrong("a number");

    /// <summary>The items of an array.</summary>
    public IEnumerable<JsonField> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array) throw Wrong("an array [...]");
        var (file, path) = (File, Path);
        return Value.EnumerateArray().Select((item, i) => new JsonField(item, file, $"{path}[{i}]"));
    }

    /// <summary>The properties of an object.</summary>
    public IEnumerable<(string Name, JsonField Value)> Properties()
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Wrong("an object {...}");
        var (file, path) = (File, Path);
        return Value.EnumerateObject().Select(p => (p.Name, new JsonField(p.Value, file, path)));
    }

    public bool TruthOr(string name, bool fallback) => Find(name)?.Truth ?? fallback;

    public int WholeOr(string name, int fallback) => Find(name)?.Whole ?? fallback;

    public string TextOr(string name, string fallback) => Find(name)?.Text ?? fallback;

    /// <summary>The one character that a text consists of.</summary>
    public string Character
    {
        get
        {
            var text = Text;
            return text.Length > 0 && text.EnumerateRunes().Count() == 1 ? text : throw Wrong("one character");
        }
    }

    public HeedException Wrong(string wanted)
    {
        var raw = Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? $"a JSON {Value.ValueKind}" : Value.GetRawText();
        return new($"{File}: {Path} is {(raw.Length > 80 ? raw[..80] + "…" : raw)}; {wanted} is needed.");
    }

    /// <summary>An error for a kind that is not known.</summary>
    public HeedException UnknownKind(string what, string kind, string known)
        => new($"{File}: {Path} is of the kind \"{kind}\", which is no {what} that is known; known are {known}.");

    private string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
