namespace Heed.Tokenization.Jinja;

/// <summary>Methods of lists, tuples and ranges. Those that change a list exist but are forbidden.</summary>
internal static class SequenceMethods
{
    public static readonly HashSet<string> Mutators = ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"];

    public static object Call(Budget budget, object owner, string name, Arguments arguments)
    {
        switch (name)
        {
            case "copy":
                arguments.Done();
                return new ListValue(Iteration.ToList(budget, owner));
            case "count":
                var wanted = arguments.RequiredPositional();
                arguments.Done();
                long count = 0;
                foreach (var item in Iteration.Over(budget, owner))
                    if (Equality.Same(budget, item, wanted)) count++;
                return count;
            default:
                wanted = arguments.RequiredPositional();
                var length = Iteration.Length(owner);
                var start = Bound(arguments.NextPositional(), 0);
                var stop = Bound(arguments.NextPositional(), length);
                arguments.Done();
                long index = 0;
                foreach (var item in Iteration.Over(budget, owner))
                {
                    if (index >= start && index < stop && Equality.Same(budget, item, wanted)) return index;
                    index++;
                }
                throw Fault.Value($"{Text.Repr(budget, wanted)} is not in {Values.TypeName(owner)}");

                long Bound(object? value, long otherwise) =>
                    value is null ? otherwise : Arguments.ToInteger(value) is var n && n < 0 ? Math.Max(0, n + length) : n;
        }
    }
}

/// <summary>Methods of dicts. Those that change one exist but are forbidden.</summary>
internal static class DictMethods
{
    public static readonly HashSet<string> Mutators = ["clear", "pop", "popitem", "setdefault", "update"];
    public static readonly HashSet<string> Names = ["get", "items", "keys", "values", "copy", "fromkeys"];

    public static object Call(Budget budget, DictValue dict, string name, Arguments arguments)
    {
        switch (name)
        {
            case "get":
                var key = arguments.RequiredPositional();
                var otherwise = arguments.NextPositional() ?? None.Value;
                arguments.Done();
                return dict.Find(KeyComparer.Hashable(key)) ?? otherwise;
            case "copy":
                arguments.Done();
                budget.Charge(dict.Items.Count, 2 * Budget.ItemWeight);
                var copy = new DictValue();
                foreach (var (k, v) in dict.Items) copy.Items[k] = v;
                return copy;
            case "fromkeys":
                var keys = arguments.RequiredPositional();
                var value = arguments.NextPositional() ?? None.Value;
                arguments.Done();
                var made = new DictValue();
                foreach (var k in Iteration.Over(budget, keys)) made.Items[KeyComparer.Hashable(k)] = value;
                return made;
            default:
                arguments.Done();
                return new DictView(dict, name);
        }
    }
}

/// <summary>The few attributes of numbers, and of views.</summary>
internal static class NumberMethods
{
    public static object? Attribute(object owner, string name)
    {
        if (owner is DictView view) return name == "mapping" ? view.Dict : null;
        if (!Arithmetic.IsNumber(owner)) return null;
        return name switch
        {
            "real" => Arithmetic.Plus(owner),
            "imag" => owner is double ? (object)0.0 : 0L,
            "numerator" when owner is not double => Arithmetic.Plus(owner),
            "denominator" when owner is not double => 1L,
            "conjugate" => new BoundMethod(owner, name),
            "is_integer" when owner is double => new BoundMethod(owner, name),
            "bit_length" or "bit_count" when owner is not double => new BoundMethod(owner, name),
            _ => null,
        };
    }

    public static object Call(object owner, string name, Arguments arguments)
    {
        arguments.Done();
        if (name == "is_integer") return double.IsInteger((double)owner);
        if (name == "conjugate") return Arithmetic.Plus(owner);
        Values.IsInteger(owner, out var number);
        number = System.Numerics.BigInteger.Abs(number);
        return name == "bit_length" ? (long)number.GetBitLength() : Ones(number);
    }

    private static long Ones(System.Numerics.BigInteger number)
    {
        long ones = 0;
        foreach (var b in number.ToByteArray(isUnsigned: true)) ones += System.Numerics.BitOperations.PopCount(b);
        return ones;
    }
}
