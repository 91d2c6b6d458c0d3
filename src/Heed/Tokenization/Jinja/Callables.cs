namespace Heed.Tokenization.Jinja;

/// <summary>A value that can be called.</summary>
internal abstract class Callable
{
    public abstract string? Name { get; }

    public abstract object Call(Rendering r, Arguments arguments);

    /// <summary>Calls any value, or says why it cannot be called.</summary>
    public static object Invoke(Rendering r, object function, Arguments arguments) => function switch
    {
        Callable callable => callable.Call(r, arguments),
        LoopValue loop => loop.Recurse(r, arguments),
        Undefined undefined => throw undefined.Fail(),
        _ => throw Fault.Type($"'{Values.TypeName(function)}' object is not callable"),
    };
}

/// <summary>A function of ours: a global, or a method of a loop.</summary>
internal class FunctionValue(string name, Func<Rendering, Arguments, object> body) : Callable
{
    public override string Name => name;
    public override object Call(Rendering r, Arguments arguments) => body(r, arguments);
}

/// <summary>A function that is a class in Python and prints as one.</summary>
internal sealed class TypeFunction(string name, string typeName, Func<Rendering, Arguments, object> body) : FunctionValue(name, body)
{
    public string TypeName => typeName;
}

/// <summary>A method of a value: <c>'text'.strip</c>.</summary>
internal sealed class BoundMethod(object owner, string name) : Callable
{
    public override string Name => name;

    public override object Call(Rendering r, Arguments arguments) => owner switch
    {
        string text => StringMethods.Call(r, text, name, arguments),
        Markup markup => MarkupMethods.Call(r, markup, name, arguments),
        ListValue or TupleValue or RangeValue => SequenceMethods.Call(r.Budget, owner, name, arguments),
        DictValue dict => DictMethods.Call(r.Budget, dict, name, arguments),
        _ => NumberMethods.Call(owner, name, arguments),
    };
}

/// <summary><c>joiner(", ")</c>: nothing the first time it is called, then the separator.</summary>
internal sealed class Joiner(object separator) : Callable
{
    private bool used;
    public override string Name => "joiner";

    public override object Call(Rendering r, Arguments arguments)
    {
        arguments.Done();
        var result = used ? separator : "";
        used = true;
        return result;
    }
}

/// <summary><c>cycler('a', 'b')</c>: its <c>next()</c> gives one after the other, round and round.</summary>
internal sealed class Cycler(List<object> items)
{
    private int position;
    public object Current => items[position];

    public object? Attribute(string name) => name switch
    {
        "current" => Current,
        "items" => new TupleValue([.. items]),
        "pos" => (long)position,
        "next" => new FunctionValue(name, (_, arguments) =>
        {
            arguments.Done();
            var current = Current;
            position = (position + 1) % items.Count;
            return current;
        }),
        "reset" => new FunctionValue(name, (_, arguments) =>
        {
            arguments.Done();
            position = 0;
            return None.Value;
        }),
        _ => null,
    };
}
