namespace Heed.Tokenization.Jinja;

/// <summary>
/// The values given to a function. A function takes its parameters in their order with <see cref="Required"/>,
/// <see cref="Optional"/>, …, and ends with <see cref="Done"/>; what is missing or left over is Python's TypeError.
/// </summary>
internal sealed class Arguments(string function, List<object> positional)
{
    private readonly List<(string Name, object Value)> keywords = [];
    private int next;

    public string Function => function;
    public List<object> Positional => positional;
    public IReadOnlyList<(string Name, object Value)> Keywords => keywords;

    public void Add(string name, object value)
    {
        foreach (var (other, _) in keywords)
            if (other == name) throw Fault.Type($"{function}() got multiple values for keyword argument '{name}'");
        keywords.Add((name, value));
    }

    /// <summary>Takes a keyword argument away and returns it, or null.</summary>
    public object? TakeKeyword(string name)
    {
        for (var i = 0; i < keywords.Count; i++)
        {
            if (keywords[i].Name != name) continue;
            var value = keywords[i].Value;
            keywords.RemoveAt(i);
            return value;
        }
        return null;
    }

    /// <summary>A keyword argument, left where it is.</summary>
    public object? Named(string name)
    {
        foreach (var (other, value) in keywords)
            if (other == name) return value;
        return null;
    }

    /// <summary>The next parameter, by place or by name, or null when it is not given.</summary>
    public object? Next(string name)
    {
        if (next >= positional.Count) return TakeKeyword(name);
        var value = positional[next++];
        if (keywords.Exists(pair => pair.Name == name)) throw Fault.Type($"{function}() got multiple values for argument '{name}'");
        return value;
    }

    public object Required(string name) => Next(name) ?? throw Fault.Type($"{function}() missing 1 required positional argument: '{name}'");

    public object Optional(string name, object otherwise) => Next(name) ?? otherwise;

    /// <summary>A parameter that can only be given by place.</summary>
    public object? NextPositional() => next < positional.Count ? positional[next++] : null;

    public object RequiredPositional() => NextPositional() ?? throw Fault.Type($"{function}() takes more arguments than the {positional.Count} given");

    public bool Flag(string name, bool otherwise = false) => Next(name) is { } value ? Values.Truth(value) : otherwise;

    /// <summary>An integer, as Python's index conversion takes it (bool yes, float no).</summary>
    public long Integer(string name, long? otherwise = null)
    {
        var value = otherwise is null ? Required(name) : Next(name);
        return value is null ? otherwise!.Value : ToInteger(value);
    }

    public static long ToInteger(object value) => value switch
    {
        long n => n,
        bool b => b ? 1 : 0,
        System.Numerics.BigInteger n => n.Sign < 0 ? long.MinValue : long.MaxValue,
        Undefined u => throw u.Fail(),
        _ => throw Fault.Type($"'{Values.TypeName(value)}' object cannot be interpreted as an integer"),
    };

    public void Done()
    {
        if (next < positional.Count) throw Fault.Type($"{function}() takes {next} arguments but {positional.Count} were given");
        if (keywords.Count > 0) throw Fault.Type($"{function}() got an unexpected keyword argument '{keywords[0].Name}'");
    }
}
