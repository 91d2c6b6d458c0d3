namespace Heed.Tokenization.Jinja;

/// <summary>The arguments of a call as written.</summary>
internal sealed record CallArguments(List<Expression> Positional, List<(string Name, Expression Value)> Keywords, Expression? Star, Expression? StarStar)
{
    public static readonly CallArguments Nothing = new([], [], null, null);

    public IEnumerable<Node> Nodes => Positional.Concat(Keywords.Select(pair => pair.Value)).Concat(new[] { Star, StarStar }.OfType<Expression>());

    /// <summary>The values, for the function that messages name as <paramref name="function"/>.</summary>
    public Arguments Eval(Rendering r, Scope scope, string function)
    {
        var positional = new List<object>(Positional.Count);
        foreach (var argument in Positional) positional.Add(argument.Eval(r, scope));
        var arguments = new Arguments(function, positional);
        foreach (var (name, value) in Keywords) arguments.Add(name, value.Eval(r, scope));
        if (Star is not null)
            foreach (var item in Iteration.Over(r.Budget, Star.Eval(r, scope))) positional.Add(item);
        if (StarStar is not null)
        {
            var extra = StarStar.Eval(r, scope);
            if (extra is not DictValue dict) throw Fault.Type($"{function}() argument after ** must be a mapping, not {Values.TypeName(extra)}");
            foreach (var (key, value) in dict.Items)
                arguments.Add(Values.IsText(key, out var name) ? name : throw Fault.Type("keywords must be strings"), value);
        }
        return arguments;
    }
}

/// <summary><c>callee(arguments)</c>.</summary>
internal sealed class Call(Expression callee, CallArguments arguments) : Expression
{
    public override IEnumerable<Node> Children => arguments.Nodes.Prepend(callee);

    protected override object Evaluate(Rendering r, Scope scope) => Evaluate(r, scope, caller: null);

    /// <summary>The call; with <paramref name="caller"/> it is that of a call block.</summary>
    public object Evaluate(Rendering r, Scope scope, Macro? caller)
    {
        var function = callee.Eval(r, scope);
        var values = arguments.Eval(r, scope, (function as Callable)?.Name ?? Values.TypeName(function));
        if (caller is not null) values.Add("caller", caller);
        return Callable.Invoke(r, function, values);
    }
}

/// <summary><c>value | name(arguments)</c>; without a value in a filter block, whose body takes its place.</summary>
internal sealed class Filter(Expression? value, string name, CallArguments arguments) : Expression
{
    public string Name => name;
    public override IEnumerable<Node> Children => value is null ? arguments.Nodes : arguments.Nodes.Prepend(value);

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var input = value is null ? scope.Find(Scope.BlockText) ?? "" : value.Eval(r, scope);
        return Filters.Apply(r, name, input, arguments.Eval(r, scope, name));
    }
}

/// <summary><c>value is name(arguments)</c>.</summary>
internal sealed class Test(Expression value, string name, CallArguments arguments) : Expression
{
    public string Name => name;
    public override IEnumerable<Node> Children => arguments.Nodes.Prepend(value);

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var subject = value.Eval(r, scope);
        return Values.Bool(Tests.Holds(r, name, subject, arguments.Eval(r, scope, name)));
    }
}
