using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>Filters over sequences and dicts: taking, joining, sorting, grouping.</summary>
internal static class SequenceFilters
{
    public static void AddTo(Dictionary<string, Filters.Body> table)
    {
        table["length"] = table["count"] = (_, value, arguments) => { arguments.Done(); return Iteration.Length(value); };
        table["list"] = (r, value, arguments) => { arguments.Done(); return new ListValue(Iteration.ToList(r.Budget, value)); };
        table["first"] = First;
        table["last"] = Last;
        table["random"] = Filters.Refused("random", "a chat template's result must not depend on chance");
        table["join"] = Join;
        table["reverse"] = Reverse;
        table["sort"] = Sort;
        table["dictsort"] = DictSort;
        table["items"] = Items;
        table["unique"] = Unique;
        table["min"] = (r, value, arguments) => Extreme(r, value, arguments, largest: false);
        table["max"] = (r, value, arguments) => Extreme(r, value, arguments, largest: true);
        table["sum"] = Sum;
        table["groupby"] = GroupBy;
        table["batch"] = Batch;
        table["slice"] = Slice;
        table["attr"] = (r, value, arguments) =>
        {
            var name = arguments.Required("name");
            arguments.Done();
            if (value is Undefined undefined) throw undefined.Fail();
            return Attributes.Attribute(value, StringMethods.Operand(name)) ?? Undefined.Attribute(value, name);
        };
    }

    private static object First(Rendering r, object value, Arguments arguments)
    {
        arguments.Done();
        foreach (var item in Iteration.Over(r.Budget, value)) return item;
        return new Undefined("No first item, sequence was empty.");
    }

    private static object Last(Rendering r, object value, Arguments arguments)
    {
        arguments.Done();
        var reversed = Iteration.Reversed(r.Budget, value) ?? throw Fault.Type($"'{Values.TypeName(value)}' object is not reversible");
        return reversed.Next(out var last) ? last : new Undefined("No last item, sequence was empty.");
    }

    private static object Join(Rendering r, object value, Arguments arguments)
    {
        var separator = Text.Str(r.Budget, arguments.Optional("d", ""));
        var attribute = AttributePath.From(r.Budget, arguments.Optional("attribute", None.Value));
        arguments.Done();
        var text = new StringBuilder();
        var first = true;
        foreach (var item in Iteration.Over(r.Budget, value))
        {
            if (!first) text.Append(separator);
            first = false;
            var part = Text.Str(r.Budget, attribute is null ? item : attribute.Get(r.Budget, item));
            r.Budget.Charge(part.Length + separator.Length);
            text.Append(part);
            if (text.Length > Budget.MaxSize) r.Budget.Charge(text.Length);
        }
        return text.ToString();
    }

    private static object Reverse(Rendering r, object value, Arguments arguments)
    {
        arguments.Done();
        if (Values.IsText(value, out var text))
        {
            r.Budget.Charge(text.Length, Budget.ItemWeight);
            var points = CodePoints.ToArray(text);
            Array.Reverse(points);
            return value is Markup ? new Markup(string.Concat(points)) : string.Concat(points);
        }
        if (Iteration.Reversed(r.Budget, value) is { } reversed) return reversed;
        var items = Iteration.IsIterable(value) ? Iteration.ToList(r.Budget, value) : throw Fault.Type("argument must be iterable");
        items.Reverse();
        return new ListValue(items);
    }

    /// <summary>Text compares in lower case unless told otherwise.</summary>
    private static object Folded(object value, bool caseSensitive) =>
        !caseSensitive && Values.IsText(value, out var text) ? Casing.Lower(text) : value;

    private static object Sort(Rendering r, object value, Arguments arguments)
    {
        var reverse = arguments.Flag("reverse");
        var caseSensitive = arguments.Flag("case_sensitive");
        var attribute = arguments.Optional("attribute", None.Value);
        arguments.Done();
        var paths = Values.IsText(attribute, out var names)
            ? names.Split(',').Select(name => AttributePath.From(r.Budget, name)).ToArray()
            : [AttributePath.From(r.Budget, attribute)];
        return new ListValue(Equality.Sorted(r.Budget, Iteration.ToList(r.Budget, value),
            item => new ListValue([.. paths.Select(path => Folded(path is null ? item : path.Get(r.Budget, item), caseSensitive))]), reverse));
    }

    private static object DictSort(Rendering r, object value, Arguments arguments)
    {
        var caseSensitive = arguments.Flag("case_sensitive");
        var by = arguments.Optional("by", "key");
        var reverse = arguments.Flag("reverse");
        arguments.Done();
        var position = !Values.IsText(by, out var what) ? -1 : what == "key" ? 0 : what == "value" ? 1 : -1;
        if (position < 0) throw Fault.Value("You can only sort by either \"key\" or \"value\"");
        if (value is Undefined undefined) throw undefined.Fail();
        if (value is not DictValue dict) throw Fault.Type($"'{Values.TypeName(value)}' object has no attribute 'items'");
        return new ListValue(Equality.Sorted(r.Budget, Iteration.ToList(r.Budget, new DictView(dict, "items")),
            pair => Folded(((TupleValue)pair).Items[position], caseSensitive), reverse));
    }

    private static object Items(Rendering r, object value, Arguments arguments)
    {
        arguments.Done();
        return new IteratorValue(Pairs());

        IEnumerable<object> Pairs()
        {
            if (value is Undefined) yield break;
            if (value is not DictValue dict) throw Fault.Type("Can only get item pairs from a mapping.");
            foreach (var pair in Iteration.Over(r.Budget, new DictView(dict, "items"))) yield return pair;
        }
    }

    private static object Unique(Rendering r, object value, Arguments arguments)
    {
        var caseSensitive = arguments.Flag("case_sensitive");
        var attribute = AttributePath.From(r.Budget, arguments.Optional("attribute", None.Value));
        arguments.Done();
        return new IteratorValue(Distinct());

        IEnumerable<object> Distinct()
        {
            var seen = new HashSet<object>(KeyComparer.Instance);
            foreach (var item in Iteration.Over(r.Budget, value))
                if (seen.Add(KeyComparer.Hashable(Folded(attribute is null ? item : attribute.Get(r.Budget, item), caseSensitive)))) yield return item;
        }
    }

    private static object Extreme(Rendering r, object value, Arguments arguments, bool largest)
    {
        var caseSensitive = arguments.Flag("case_sensitive");
        var attribute = AttributePath.From(r.Budget, arguments.Optional("attribute", None.Value));
        arguments.Done();
        object? best = null, bestKey = null;
        foreach (var item in Iteration.Over(r.Budget, value))
        {
            var key = Folded(attribute is null ? item : attribute.Get(r.Budget, item), caseSensitive);
            if (best is not null && !(largest ? Comparison.Holds(r.Budget, ">", key, bestKey!) : Equality.Less(r.Budget, key, bestKey!, false, "<"))) continue;
            (best, bestKey) = (item, key);
        }
        return best ?? new Undefined("No aggregated item, sequence was empty.");
    }

    private static object Sum(Rendering r, object value, Arguments arguments)
    {
        var attribute = AttributePath.From(r.Budget, arguments.Optional("attribute", None.Value));
        var total = arguments.Optional("start", 0L);
        arguments.Done();
        if (Values.IsText(total, out _)) throw Fault.Type("sum() can't sum strings [use ''.join(seq) instead]");
        foreach (var item in Iteration.Over(r.Budget, value))
        {
            if (total is Undefined undefined) throw undefined.Fail();
            total = Arithmetic.Add(r.Budget, total, attribute is null ? item : attribute.Get(r.Budget, item));
        }
        return total;
    }

    private static readonly string[] GroupFields = ["grouper", "list"];

    private static object GroupBy(Rendering r, object value, Arguments arguments)
    {
        var attribute = arguments.Required("attribute");
        var otherwise = arguments.Optional("default", None.Value);
        var caseSensitive = arguments.Flag("case_sensitive");
        arguments.Done();
        var path = AttributePath.From(r.Budget, attribute, otherwise);
        object Key(object item) => path is null ? item : path.Get(r.Budget, item);
        var groups = new List<object>();
        List<object>? members = null;
        object? current = null;
        foreach (var item in Equality.Sorted(r.Budget, Iteration.ToList(r.Budget, value), item => Folded(Key(item), caseSensitive), reverse: false))
        {
            var key = Folded(Key(item), caseSensitive);
            if (members is null || !Equality.Same(r.Budget, key, current!))
            {
                // The group is called as its first member calls it.
                groups.Add(new TupleValue(Key(item), new ListValue(members = [])) { Fields = GroupFields });
                current = key;
            }
            members.Add(item);
        }
        return new ListValue(groups);
    }

    private static object Batch(Rendering r, object value, Arguments arguments)
    {
        var size = arguments.Required("linecount");
        var fill = arguments.Optional("fill_with", None.Value);
        arguments.Done();
        return new IteratorValue(Batches());

        IEnumerable<object> Batches()
        {
            var batch = new List<object>();
            foreach (var item in Iteration.Over(r.Budget, value))
            {
                if (Equality.Same(r.Budget, (long)batch.Count, size))
                {
                    yield return new ListValue(batch);
                    batch = [];
                }
                batch.Add(item);
            }
            if (batch.Count == 0) yield break;
            if (fill is not None && Equality.Less(r.Budget, (long)batch.Count, size, false, "<"))
            {
                var missing = Arguments.ToInteger(Arithmetic.Apply(r.Budget, "-", size, (long)batch.Count));
                r.Budget.Charge(missing, Budget.ItemWeight);
                batch.AddRange(Enumerable.Repeat(fill, (int)missing));
            }
            yield return new ListValue(batch);
        }
    }

    private static object Slice(Rendering r, object value, Arguments arguments)
    {
        var slices = arguments.Required("slices");
        var fill = arguments.Optional("fill_with", None.Value);
        arguments.Done();
        return new IteratorValue(Columns());

        IEnumerable<object> Columns()
        {
            var items = Iteration.ToList(r.Budget, value);
            if (slices is not (long or bool)) throw slices is Undefined u ? u.Fail() : Fault.Type($"slice needs an integer, not {Values.TypeName(slices)}");
            var count = Arguments.ToInteger(slices);
            if (count == 0) throw Fault.ZeroDivision("integer division or modulo by zero");
            if (count < 0) yield break;
            var (each, extra) = (items.Count / count, items.Count % count);
            var at = 0;
            for (long i = 0; i < count; i++)
            {
                r.Budget.Spend(4);
                var size = (int)(each + (i < extra ? 1 : 0));
                var column = items.GetRange(at, size);
                at += size;
                if (fill is not None && i >= extra) column.Add(fill);
                yield return new ListValue(column);
            }
        }
    }
}
