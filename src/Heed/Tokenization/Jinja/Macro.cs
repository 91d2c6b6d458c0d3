namespace Heed.Tokenization.Jinja;

/// <summary>The parameters and the body of a macro, or of a call block (whose macro has no name).</summary>
internal sealed class MacroDefinition(string? name, List<Name> parameters, List<Expression> defaults, List<Statement> body)
{
    public string? Name => name;
    public List<Name> Parameters => parameters;

    /// <summary>Defaults of the last parameters.</summary>
    public List<Expression> Defaults => defaults;
    public List<Statement> Body => body;

    // Found by the checker: whether the body uses these special names without having set them.
    public bool UsesCaller { get; set; }
    public bool UsesKeywords { get; set; }
    public bool UsesRest { get; set; }

    /// <summary>Names that are unset when the body begins (see <see cref="Scope"/>).</summary>
    public IReadOnlyList<string> Unset { get; set; } = [];
}

/// <summary>A macro with the scope it was defined in. Calling it gives the text its body writes.</summary>
internal sealed class Macro(MacroDefinition definition, Scope home) : Callable
{
    public override string? Name => definition.Name;

    public object? Attribute(string name) => name switch
    {
        "name" => definition.Name is null ? None.Value : definition.Name,
        "arguments" => new TupleValue([.. definition.Parameters.Select(parameter => (object)parameter.Id)]),
        "catch_kwargs" => definition.UsesKeywords,
        "catch_varargs" => definition.UsesRest,
        "caller" => definition.UsesCaller,
        _ => null,
    };

    public override object Call(Rendering r, Arguments arguments)
    {
        var label = definition.Name is null ? "None" : $"'{definition.Name}'";
        var parameters = definition.Parameters;
        var given = new object?[parameters.Count];
        var callerFound = definition.Parameters.Exists(parameter => parameter.Id == "caller") && arguments.Positional.Count >= parameters.Count;
        for (var i = 0; i < parameters.Count; i++)
        {
            if (i < arguments.Positional.Count)
            {
                given[i] = arguments.Positional[i];
                continue;
            }
            given[i] = arguments.TakeKeyword(parameters[i].Id);
            if (parameters[i].Id == "caller") callerFound = true;
        }
        r.Budget.Spend(5);
        var scope = new Scope(home, definition.Unset);
        if (definition.UsesCaller && !callerFound)
            scope.Set("caller", arguments.TakeKeyword("caller") ?? new Undefined("No caller defined"));
        if (definition.UsesKeywords)
        {
            var rest = new DictValue();
            foreach (var (name, value) in arguments.Keywords) rest.Items[name] = value;
            scope.Set("kwargs", rest);
        }
        else if (arguments.Keywords.Count > 0)
        {
            throw Fault.Type(arguments.Keywords.Any(pair => pair.Name == "caller")
                ? $"macro {label} was invoked with two values for the special caller argument"
                : $"macro {label} takes no keyword argument '{arguments.Keywords[0].Name}'");
        }
        if (definition.UsesRest) scope.Set("varargs", new TupleValue([.. arguments.Positional.Skip(parameters.Count)]));
        else if (arguments.Positional.Count > parameters.Count)
            throw Fault.Type($"macro {label} takes not more than {parameters.Count} argument(s)");

        // Parameters that are still to come are unset while defaults are evaluated, whatever the name means outside.
        for (var i = 0; i < given.Length; i++) scope.Set(parameters[i].Id, given[i] ?? Scope.Unset);
        for (var i = 0; i < given.Length; i++)
        {
            if (given[i] is not null) continue;
            var fallback = i - (parameters.Count - definition.Defaults.Count);
            scope.Set(parameters[i].Id, fallback >= 0
                ? definition.Defaults[fallback].Eval(r, scope)
                : new Undefined($"parameter '{parameters[i].Id}' was not provided"));
        }
        return r.Capture(() => Statement.RunAll(definition.Body, r, scope));
    }
}
