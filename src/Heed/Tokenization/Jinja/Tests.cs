namespace Heed.Tokenization.Jinja;

/// <summary>The tests by name: what follows <c>is</c>, and what <c>select</c> and its kin take.</summary>
internal static class Tests
{
    private delegate bool Body(Rendering r, object value, Arguments arguments);

    private static readonly Dictionary<string, Body> Table = new(StringComparer.Ordinal)
    {
        ["defined"] = Plain(value => value is not Undefined),
        ["undefined"] = Plain(value => value is Undefined),
        ["none"] = Plain(value => value is None),
        ["boolean"] = Plain(value => value is bool),
        ["true"] = Plain(value => value is true),
        ["false"] = Plain(value => value is false),
        ["integer"] = Plain(value => value is long or System.Numerics.BigInteger),
        ["float"] = Plain(value => value is double),
        ["number"] = Plain(Arithmetic.IsNumber),
        ["string"] = Plain(value => value is string or Markup),
        ["mapping"] = Plain(value => value is DictValue),
        ["sequence"] = Plain(value => value is string or Markup or ListValue or TupleValue or DictValue or RangeValue or Undefined),
        ["iterable"] = Plain(Iteration.IsIterable),
        ["callable"] = Plain(value => value is Callable or LoopValue or Undefined),
        ["escaped"] = Plain(value => value is Markup),
        ["odd"] = (r, value, arguments) => Remainder(r, value, 2L, arguments, 1L),
        ["even"] = (r, value, arguments) => Remainder(r, value, 2L, arguments, 0L),
        ["divisibleby"] = (r, value, arguments) => Remainder(r, value, arguments.Required("num"), arguments, 0L),
        ["lower"] = (r, value, arguments) => { arguments.Done(); return StringMethods.IsCase(Text.Str(r.Budget, value), upper: false); },
        ["upper"] = (r, value, arguments) => { arguments.Done(); return StringMethods.IsCase(Text.Str(r.Budget, value), upper: true); },
        ["filter"] = (_, value, arguments) => { arguments.Done(); return Values.IsText(KeyComparer.Hashable(value), out var name) && Filters.Exists(name); },
        ["test"] = (_, value, arguments) => { arguments.Done(); return Values.IsText(KeyComparer.Hashable(value), out var name) && Exists(name); },
        ["sameas"] = SameAs,
        ["in"] = (r, value, arguments) => Compare(r, value, "in", arguments),
        ["=="] = (r, value, arguments) => Compare(r, value, "==", arguments),
        ["eq"] = (r, value, arguments) => Compare(r, value, "==", arguments),
        ["equalto"] = (r, value, arguments) => Compare(r, value, "==", arguments),
        ["!="] = (r, value, arguments) => Compare(r, value, "!=", arguments),
        ["ne"] = (r, value, arguments) => Compare(r, value, "!=", arguments),
        [">"] = (r, value, arguments) => Compare(r, value, ">", arguments),
        ["gt"] = (r, value, arguments) => Compare(r, value, ">", arguments),
        ["greaterthan"] = (r, value, arguments) => Compare(r, value, ">", arguments),
        [">="] = (r, value, arguments) => Compare(r, value, ">=", arguments),
        ["ge"] = (r, value, arguments) => Compare(r, value, ">=", arguments),
        ["<"] = (r, value, arguments) => Compare(r, value, "<", arguments),
        ["lt"] = (r, value, arguments) => Compare(r, value, "<", arguments),
        ["lessthan"] = (r, value, arguments) => Compare(r, value, "<", arguments),
        ["<="] = (r, value, arguments) => Compare(r, value, "<=", arguments),
        ["le"] = (r, value, arguments) => Compare(r, value, "<=", arguments),
    };

    public static bool Exists(string name) => Table.ContainsKey(name);

    public static bool Holds(Rendering r, string name, object value, Arguments arguments) =>
        Table.TryGetValue(name, out var body) ? body(r, value, arguments) : throw Fault.Runtime($"No test named '{name}' found.");

    private static Body Plain(Func<object, bool> holds) => (_, value, arguments) =>
    {
        arguments.Done();
        return holds(value);
    };

    private static bool Remainder(Rendering r, object value, object divisor, Arguments arguments, object wanted)
    {
        arguments.Done();
        return Equality.Same(r.Budget, Arithmetic.Apply(r.Budget, "%", value, divisor), wanted);
    }

    private static bool Compare(Rendering r, object value, string op, Arguments arguments)
    {
        var other = arguments.RequiredPositional();
        arguments.Done();
        return Comparison.Holds(r.Budget, op, value, other);
    }

    /// <summary>The same object: for None, bools, small integers and text, which Python keeps once, the same value.</summary>
    private static bool SameAs(Rendering r, object value, Arguments arguments)
    {
        var other = arguments.Required("other");
        arguments.Done();
        return ReferenceEquals(value, other) || (value, other) switch
        {
            (bool a, bool b) => a == b,
            (long a, long b) => a == b && a is >= -5 and <= 256,
            (string a, string b) => a == b,
            _ => false,
        };
    }
}
