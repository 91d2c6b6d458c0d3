namespace Heed.Tokenization.Jinja;

/// <summary>
/// <c>a.b</c> and <c>a['b']</c>: a dot tries the attribute first, brackets the item first, each falls back on the other.
/// So <c>message.items</c> is the method even where the message has a key "items". What would change a value, or reaches
/// into Python's own machinery, is there but unusable, as in Jinja's immutable sandbox.
/// </summary>
internal static class Attributes
{
    public static object GetAttribute(Budget budget, object owner, string name)
    {
        if (owner is Undefined undefined) throw undefined.Fail();
        return Attribute(owner, name) ?? Item(budget, owner, name) ?? Undefined.Attribute(owner, name);
    }

    public static object GetItem(Budget budget, object owner, object key)
    {
        if (owner is Undefined undefined) throw undefined.Fail();
        return Item(budget, owner, key) ?? (Values.IsText(key, out var name) ? Attribute(owner, name) : null) ?? Undefined.Attribute(owner, key);
    }

    /// <summary>The attribute alone, as the filter <c>attr</c> wants it.</summary>
    public static object? Attribute(object owner, string name)
    {
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) && IsPythonInternal(owner, name))
            return Unsafe(owner, name);
        switch (owner)
        {
            case NamespaceValue space: return space.Attributes.Find(name);
            case LoopValue loop: return loop.Attribute(name);
            case Macro macro: return macro.Attribute(name);
            case Cycler cycler: return cycler.Attribute(name);
            case TupleValue { Fields: { } fields } tuple when Array.IndexOf(fields, name) is var index and >= 0: return tuple.Items[index];
            case string or Markup: return StringMethods.Names.Contains(name) || (owner is Markup && MarkupMethods.Names.Contains(name)) ? new BoundMethod(owner, name) : null;
            case ListValue when SequenceMethods.Mutators.Contains(name): return Unsafe(owner, name);
            case ListValue: return name is "index" or "count" or "copy" ? new BoundMethod(owner, name) : null;
            case TupleValue: return name is "index" or "count" ? new BoundMethod(owner, name) : null;
            case RangeValue range:
                return name switch
                {
                    "start" => range.Start,
                    "stop" => range.Stop,
                    "step" => range.Step,
                    "index" or "count" => new BoundMethod(owner, name),
                    _ => null,
                };
            case DictValue when DictMethods.Mutators.Contains(name): return Unsafe(owner, name);
            case DictValue: return DictMethods.Names.Contains(name) ? new BoundMethod(owner, name) : null;
            default: return NumberMethods.Attribute(owner, name);
        }
    }

    private static bool IsPythonInternal(object owner, string name) => name is "__class__" or "__doc__" or "__init__" or "__dir__" or "__repr__" or "__str__"
        or "__eq__" or "__ne__" or "__lt__" or "__le__" or "__gt__" or "__ge__" or "__hash__" or "__new__" or "__reduce__" or "__reduce_ex__"
        or "__format__" or "__getattribute__" or "__setattr__" or "__delattr__" or "__sizeof__" or "__subclasshook__" or "__init_subclass__"
        || (name is "__len__" or "__getitem__" or "__contains__" or "__iter__" && Iteration.IsIterable(owner))
        || (name is "__add__" or "__mul__" or "__mod__" && (owner is string or Markup or ListValue or TupleValue || Arithmetic.IsNumber(owner)));

    private static Undefined Unsafe(object owner, string name) =>
        new($"access to attribute '{name}' of '{Values.TypeName(owner)}' object is unsafe.", FaultKind.Security);

    /// <summary>The item alone, or null where Python has a TypeError or LookupError.</summary>
    private static object? Item(Budget budget, object owner, object key)
    {
        switch (owner)
        {
            case DictValue dict: return key is ListValue or DictValue ? null : dict.Find(key);
            case ListValue list: return Index(key, list.Items.Count) is { } i ? list.Items[i] : null;
            case TupleValue tuple: return Index(key, tuple.Items.Length) is { } t ? tuple.Items[t] : null;
            case string text: return Character(budget, text, key);
            case Markup markup: return Character(budget, markup.Text, key) is { } c ? new Markup(c) : null;
            case RangeValue range: return Index(key, range.Count) is { } r ? range[r] : null;
            default: return null;
        }
    }

    private static int? Index(object key, long count)
    {
        var index = key switch { long n => n, bool b => b ? 1 : 0, _ => long.MaxValue };
        if (index == long.MaxValue) return null;
        if (index < 0) index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static string? Character(Budget budget, string text, object key)
    {
        budget.Charge(text.Length);
        if (CodePoints.AreUnits(text)) return Index(key, text.Length) is { } unit ? text[unit].ToString() : null;
        if (Index(key, CodePoints.Length(text)) is not { } index) return null;
        var at = CodePoints.Offset(text, index);
        return text.Substring(at, char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1);
    }
}
