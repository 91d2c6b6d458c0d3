namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>iter</c>, <c>len</c> and <c>reversed</c>.</summary>
internal static class Iteration
{
    /// <summary>The items of an iterable. The type is checked now, the items are produced as they are asked for.</summary>
    public static IEnumerable<object> Over(Budget budget, object value, string? otherwise = null)
    {
        if (!IsIterable(value)) throw Fault.Type(otherwise ?? $"'{Values.TypeName(value)}' object is not iterable");
        return Items(budget, value);
    }

    public static bool IsIterable(object value) =>
        value is string or Markup or ListValue or TupleValue or DictValue or DictView or RangeValue or IteratorValue or Undefined or LoopValue;

    private static IEnumerable<object> Items(Budget budget, object value)
    {
        switch (value)
        {
            case string s: foreach (var c in CodePoints.Each(s)) { budget.Step(); yield return c; } break;
            case Markup m: foreach (var c in CodePoints.Each(m.Text)) { budget.Step(); yield return c; } break;
            case ListValue l: for (var i = 0; i < l.Items.Count; i++) { budget.Step(); yield return l.Items[i]; } break;
            case TupleValue t: foreach (var item in t.Items) { budget.Step(); yield return item; } break;
            case DictValue d: foreach (var key in d.Items.Keys) { budget.Step(); yield return key; } break;
            case DictView v:
                foreach (var pair in v.Dict.Items)
                {
                    budget.Step();
                    yield return v.Kind switch { "keys" => pair.Key, "values" => pair.Value, _ => new TupleValue(pair.Key, pair.Value) };
                }
                break;
            case RangeValue r: for (long i = 0; i < r.Count; i++) { budget.Step(); yield return r[i]; } break;
            case IteratorValue g: while (g.Next(out var item)) { budget.Step(); yield return item; } break;
            case LoopValue loop: while (loop.Advance()) { budget.Step(); yield return new TupleValue(loop.Current, loop); } break;
        }
    }

    public static List<object> ToList(Budget budget, object value)
    {
        switch (value)
        {
            case ListValue l: budget.Charge(l.Items.Count); return [.. l.Items];
            case TupleValue t: budget.Charge(t.Items.Length); return [.. t.Items];
        }
        var items = new List<object>();
        foreach (var item in Over(budget, value)) items.Add(item);
        return items;
    }

    /// <summary><c>len(value)</c>.</summary>
    public static long Length(object value) => TryLength(value) ?? throw Fault.Type($"object of type '{Values.TypeName(value)}' has no len()");

    public static long? TryLength(object value) => value switch
    {
        string s => CodePoints.Length(s),
        Markup m => CodePoints.Length(m.Text),
        ListValue l => l.Items.Count,
        TupleValue t => t.Items.Length,
        DictValue d => d.Items.Count,
        DictView v => v.Dict.Items.Count,
        RangeValue r => r.Count,
        LoopValue l => l.Length,
        Undefined => 0,
        _ => null,
    };

    /// <summary><c>reversed(value)</c>, or null where Python has no reversed iterator of the type.</summary>
    public static IteratorValue? Reversed(Budget budget, object value)
    {
        switch (value)
        {
            case ListValue or TupleValue or RangeValue or DictValue or DictView or string or Markup or Undefined:
                var items = ToList(budget, value);
                items.Reverse();
                return new(items, value switch
                {
                    ListValue => "list_reverseiterator",
                    RangeValue => "range_iterator",
                    DictValue => "dict_reversekeyiterator",
                    DictView v => $"dict_reverse{v.Kind.TrimEnd('s')}iterator",
                    _ => "reversed",
                });
            default: return null;
        }
    }
}
