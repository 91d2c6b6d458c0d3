using System.Numerics;

namespace Heed.Tokenization.Jinja;

// Template values are plain objects with Python's meaning:
//   None, bool, long (BigInteger beyond 64 bits), double, string, Markup, ListValue, TupleValue, DictValue,
//   RangeValue, IteratorValue (a generator: consumed once), DictView, Undefined, NamespaceValue and callables.

/// <summary>Python's <c>None</c>. C#'s <c>null</c> never stands for a template value.</summary>
internal sealed class None
{
    public static readonly None Value = new();
    private None() { }
}

/// <summary>
/// The value of a name or attribute that is not there: prints as nothing, iterates over nothing, is false; anything
/// else fails with the message of how it came about.
/// </summary>
internal sealed class Undefined(string message, FaultKind kind = FaultKind.Undefined)
{
    public string Message => message;

    public static Undefined Name(string name) => new($"'{name}' is undefined");

    public static Undefined Attribute(object owner, object name) => new(
        name is string text
            ? $"'{Values.TypeDescription(owner)}' has no attribute '{text}'"
            : $"{Values.TypeDescription(owner)} has no element {(name is long number ? number.ToString() : Values.TypeName(name))}");

    public TemplateException Fail() => new(kind, message);
}

/// <summary>Text marked as safe HTML: joining it with plain text escapes the plain text, even where nothing else is escaped.</summary>
internal sealed class Markup(string text)
{
    public string Text => text;

    public static string Escape(string plain) => plain.AsSpan().IndexOfAny("&<>'\"") < 0
        ? plain
        : plain.Replace("&", "&amp;").Replace(">", "&gt;").Replace("<", "&lt;").Replace("'", "&#39;").Replace("\"", "&#34;");
}

internal sealed class ListValue(List<object> items)
{
    public List<object> Items => items;
}

internal sealed class TupleValue(params object[] items)
{
    public static readonly TupleValue Empty = new();
    public object[] Items => items;

    /// <summary>Field names of a named tuple (<c>groupby</c> gives them), or null.</summary>
    public string[]? Fields { get; init; }
}

/// <summary>A dict: keeps the order of insertion; keys compare as in Python (1, 1.0 and True are one key).</summary>
internal sealed class DictValue
{
    public OrderedDictionary<object, object> Items { get; } = new(KeyComparer.Instance);

    public object? Find(object key) => Items.TryGetValue(key, out var value) ? value : null;
}

/// <summary><c>d.keys()</c>, <c>d.values()</c>, <c>d.items()</c>: a live view that can be iterated again and again.</summary>
internal sealed class DictView(DictValue dict, string kind)
{
    public DictValue Dict => dict;

    /// <summary>keys, values or items.</summary>
    public string Kind => kind;
}

internal sealed class RangeValue(long start, long stop, long step, long count)
{
    public long Start => start;

    /// <summary>The stop as it was given, for printing.</summary>
    public long Stop => stop;
    public long Step => step;
    public long Count => count;
    public long this[long index] => start + index * step;
}

/// <summary>A generator: what <c>map</c>, <c>select</c> and others return. Lazy, consumed once, always true, without length.</summary>
internal sealed class IteratorValue(IEnumerable<object> source, string typeName = "generator")
{
    private readonly IEnumerator<object> items = source.GetEnumerator();

    public string TypeName => typeName;

    public bool Next(out object item)
    {
        if (items.MoveNext())
        {
            item = items.Current;
            return true;
        }
        item = None.Value;
        return false;
    }
}

/// <summary><c>namespace(…)</c>: the one object whose attributes a template may set.</summary>
internal sealed class NamespaceValue
{
    public DictValue Attributes { get; } = new();
}

/// <summary>What the values are: names of types, truth, recognising text and numbers.</summary>
internal static class Values
{
    public static object Bool(bool value) => value ? True : False;
    public static readonly object True = true;
    public static readonly object False = false;

    public static bool IsText(object value, out string text)
    {
        text = value switch { string s => s, Markup m => m.Text, _ => "" };
        return value is string or Markup;
    }

    /// <summary>Integers, with bool counted in as Python does.</summary>
    public static bool IsInteger(object value, out BigInteger number)
    {
        switch (value)
        {
            case long n: number = n; return true;
            case BigInteger n: number = n; return true;
            case bool b: number = b ? 1 : 0; return true;
            default: number = default; return false;
        }
    }

    public static object Integer(BigInteger number) =>
        number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : Arithmetic.Bounded(number);

    public static bool Truth(object value) => value switch
    {
        bool b => b,
        None or Undefined => false,
        string s => s.Length > 0,
        long n => n != 0,
        double d => d != 0,
        BigInteger n => !n.IsZero,
        Markup m => m.Text.Length > 0,
        ListValue l => l.Items.Count > 0,
        TupleValue t => t.Items.Length > 0,
        DictValue d => d.Items.Count > 0,
        DictView v => v.Dict.Items.Count > 0,
        RangeValue r => r.Count > 0,
        LoopValue l => l.Length > 0,
        _ => true,
    };

    /// <summary>Python's name of the value's type.</summary>
    public static string TypeName(object value) => value switch
    {
        None => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        Markup => "Markup",
        ListValue => "list",
        TupleValue => "tuple",
        DictValue => "dict",
        DictView v => "dict_" + v.Kind,
        RangeValue => "range",
        IteratorValue i => i.TypeName,
        Jinja.Undefined => "Undefined",
        NamespaceValue => "Namespace",
        LoopValue => "LoopContext",
        Macro => "Macro",
        BoundMethod => "builtin_function_or_method",
        _ => "function",
    };

    /// <summary>How Jinja speaks of the owner of a missing attribute: 'dict object', 'None'.</summary>
    public static string TypeDescription(object value) => value switch
    {
        None => "None",
        Jinja.Undefined => "Undefined",
        NamespaceValue or LoopValue or Macro => $"jinja2.{TypeName(value)} object",
        _ => TypeName(value) + " object",
    };
}
