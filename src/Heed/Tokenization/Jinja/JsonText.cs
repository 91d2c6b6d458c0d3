using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Heed.Tokenization.Jinja;

/// <summary>JSON in and out of template values, with the conventions of Python's <c>json</c> module.</summary>
internal sealed class JsonText(Budget budget, string? indent, string itemSeparator, string keySeparator, bool asciiOnly, bool sortKeys)
{
    private readonly StringBuilder text = new();

    /// <summary><c>json.dumps</c>: separators ", " and ": " unless indented; not escaped for HTML.</summary>
    public string Write(object value)
    {
        Append(value, 0);
        return budget.Made(text.ToString());
    }

    private void Append(object value, int level)
    {
        budget.Spend(2);
        if (text.Length > Budget.MaxSize) throw Fault.Limit($"JSON of more than {Budget.MaxSize} characters");
        switch (value)
        {
            case None: text.Append("null"); break;
            case bool b: text.Append(b ? "true" : "false"); break;
            case long n: text.Append(n.ToString(CultureInfo.InvariantCulture)); break;
            case BigInteger n: text.Append(Text.Digits(n)); break;
            case double d: text.Append(Number(d)); break;
            case string s: Quote(s); break;
            case Markup m: Quote(m.Text); break;
            case ListValue l: Array(l.Items, level); break;
            case TupleValue t: Array(t.Items, level); break;
            case DictValue d: Object(d, level); break;
            default: throw Fault.Type($"Object of type {Values.TypeName(value)} is not JSON serializable");
        }
    }

    private static string Number(double d) =>
        double.IsNaN(d) ? "NaN" : double.IsPositiveInfinity(d) ? "Infinity" : double.IsNegativeInfinity(d) ? "-Infinity" : FloatText.Repr(d);

    private void Array(IList<object> items, int level)
    {
        if (items.Count == 0)
        {
            text.Append("[]");
            return;
        }
        budget.Enter();
        text.Append('[');
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) text.Append(itemSeparator);
            NewLine(level + 1);
            Append(items[i], level + 1);
        }
        NewLine(level);
        text.Append(']');
        budget.Leave();
    }

    private void Object(DictValue dict, int level)
    {
        if (dict.Items.Count == 0)
        {
            text.Append("{}");
            return;
        }
        budget.Enter();
        text.Append('{');
        var keys = new List<object>(dict.Items.Keys);
        if (sortKeys) keys = Equality.Sorted(budget, keys, key => key, reverse: false);
        for (var i = 0; i < keys.Count; i++)
        {
            if (i > 0) text.Append(itemSeparator);
            NewLine(level + 1);
            Quote(keys[i] switch
            {
                string s => s,
                Markup m => m.Text,
                None => "null",
                bool b => b ? "true" : "false",
                long n => n.ToString(CultureInfo.InvariantCulture),
                BigInteger n => Text.Digits(n),
                double d => Number(d),
                var key => throw Fault.Type($"keys must be str, int, float, bool or None, not {Values.TypeName(key)}"),
            });
            text.Append(keySeparator);
            Append(dict.Items[keys[i]], level + 1);
        }
        NewLine(level);
        text.Append('}');
        budget.Leave();
    }

    private void NewLine(int level)
    {
        if (indent is null) return;
        budget.Charge(level, indent.Length);
        text.Append('\n');
        for (var i = 0; i < level; i++) text.Append(indent);
    }

    private void Quote(string value)
    {
        budget.Charge(value.Length);
        text.Append('"');
        foreach (var c in value)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append(@"\\"); break;
                case '\n': text.Append(@"\n"); break;
                case '\r': text.Append(@"\r"); break;
                case '\t': text.Append(@"\t"); break;
                case '\f': text.Append(@"\f"); break;
                case '\b': text.Append(@"\b"); break;
                case < ' ': text.Append($@"\u{(int)c:x4}"); break;
                case > '~' when asciiOnly: text.Append($@"\u{(int)c:x4}"); break;
                default: text.Append(c); break;
            }
        }
        text.Append('"');
    }

    /// <summary>
    /// A JSON value as <c>json.loads</c> gives it: numbers without fraction or exponent are integers of any size,
    /// of duplicate names the last value counts.
    /// </summary>
    /// <exception cref="HeedException">A string with half a surrogate pair, or nesting beyond 256.</exception>
    public static object Read(JsonElement element, string what, int depth = 0)
    {
        if (depth > 256) throw new HeedException($"{what} nests deeper than 256 levels; a chat template takes plainer data");
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new DictValue();
                foreach (var property in element.EnumerateObject())
                    dict.Items[ReadText(() => property.Name, what)] = Read(property.Value, what, depth + 1);
                return dict;
            case JsonValueKind.Array:
                var list = new List<object>(element.GetArrayLength());
                foreach (var item in element.EnumerateArray()) list.Add(Read(item, what, depth + 1));
                return new ListValue(list);
            case JsonValueKind.String: return ReadText(() => element.GetString()!, what);
            case JsonValueKind.Number:
                if (element.TryGetInt64(out var number) && element.GetRawText() is var raw && raw.AsSpan().IndexOfAny(".eE") < 0)
                    return raw == "-0" ? 0L : number;
                return ReadNumber(element.GetRawText(), what);
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            default: return None.Value;
        }
    }

    private static string ReadText(Func<string> read, string what)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw new HeedException($"{what} holds a string with half a surrogate pair (\\ud800–\\udfff), which is not text; remove or replace it");
        }
    }

    private static object ReadNumber(string raw, string what)
    {
        if (raw.AsSpan().IndexOfAny(".eE") >= 0) return double.Parse(raw, CultureInfo.InvariantCulture);
        if (raw.Length > 4300) throw new HeedException($"{what} holds an integer of {raw.Length} digits; at most 4300 are read");
        return Values.Integer(BigInteger.Parse(raw, CultureInfo.InvariantCulture));
    }
}
