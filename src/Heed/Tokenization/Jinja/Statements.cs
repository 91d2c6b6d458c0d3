namespace Heed.Tokenization.Jinja;

// The statements without loops, which are in Loops.cs.

/// <summary>Template text, and values to print.</summary>
internal sealed class Output(List<Expression> parts) : Statement
{
    public override IEnumerable<Node> Children => parts;

    protected override Flow Execute(Rendering r, Scope scope)
    {
        foreach (var part in parts)
        {
            var value = part is Literal literal ? literal.Value : part.Eval(r, scope);
            r.Write(Text.Str(r.Budget, value));
        }
        return Flow.Normal;
    }
}

internal sealed class If(List<(Expression Test, List<Statement> Body)> branches, List<Statement> otherwise) : Statement
{
    public List<(Expression Test, List<Statement> Body)> Branches => branches;
    public List<Statement> Otherwise => otherwise;
    public override IEnumerable<Node> Children => branches.SelectMany(branch => branch.Body.Prepend<Node>(branch.Test)).Concat(otherwise);

    protected override Flow Execute(Rendering r, Scope scope)
    {
        foreach (var (test, body) in branches)
            if (Values.Truth(test.Eval(r, scope))) return RunAll(body, r, scope);
        return RunAll(otherwise, r, scope);
    }
}

/// <summary><c>{% set target = value %}</c>.</summary>
internal sealed class Assign(Expression target, Expression value) : Statement
{
    public Expression Target => target;
    public Expression Value => value;
    public override IEnumerable<Node> Children => [target, value];

    protected override Flow Execute(Rendering r, Scope scope)
    {
        Store(r, scope, target, value.Eval(r, scope));
        return Flow.Normal;
    }

    /// <summary>Puts a value into a name, a namespace's attribute, or, item by item, into a tuple of them.</summary>
    public static void Store(Rendering r, Scope scope, Expression target, object value)
    {
        switch (target)
        {
            case Name name:
                scope.Set(name.Id, value);
                break;
            case NamespaceTarget attribute:
                var owner = scope.Find(attribute.Id) ?? Undefined.Name(attribute.Id);
                if (owner is not NamespaceValue space) throw Fault.Runtime($"cannot assign attribute '{attribute.Attribute}' of '{attribute.Id}': it is no namespace");
                space.Attributes.Items[attribute.Attribute] = value;
                break;
            case TupleExpression tuple:
                var items = new List<object>();
                foreach (var item in Iteration.Over(r.Budget, value, $"cannot unpack non-iterable {Values.TypeName(value)} object"))
                {
                    if (items.Count == tuple.Items.Count) throw Fault.Value($"too many values to unpack (expected {tuple.Items.Count})");
                    items.Add(item);
                }
                if (items.Count < tuple.Items.Count) throw Fault.Value($"not enough values to unpack (expected {tuple.Items.Count}, got {items.Count})");
                for (var i = 0; i < items.Count; i++) Store(r, scope, tuple.Items[i], items[i]);
                break;
        }
    }
}

/// <summary><c>{% set target %}…{% endset %}</c>, with filters perhaps.</summary>
internal sealed class AssignBlock(Expression target, Filter? filter, List<Statement> body) : Statement
{
    public Expression Target => target;
    public Filter? Filter => filter;
    public List<Statement> Body => body;
    public IReadOnlyList<string> Unset { get; set; } = [];
    public override IEnumerable<Node> Children => new Node?[] { target, filter }.OfType<Node>().Concat(body);

    protected override Flow Execute(Rendering r, Scope scope)
    {
        var inner = new Scope(scope, Unset);
        object text = r.Capture(() => RunAll(body, r, inner), out var flow);
        if (flow != Flow.Normal) return flow;
        if (filter is not null)
        {
            inner.Set(Scope.BlockText, text);
            text = filter.Eval(r, inner);
        }
        Assign.Store(r, scope, target, text);
        return Flow.Normal;
    }
}

/// <summary><c>{% filter upper %}…{% endfilter %}</c>.</summary>
internal sealed class FilterBlock(Filter filter, List<Statement> body) : Statement
{
    public Filter Filter => filter;
    public List<Statement> Body => body;
    public IReadOnlyList<string> Unset { get; set; } = [];
    public override IEnumerable<Node> Children => body.Append<Node>(filter);

    protected override Flow Execute(Rendering r, Scope scope)
    {
        var inner = new Scope(scope, Unset);
        var text = r.Capture(() => RunAll(body, r, inner), out var flow);
        if (flow != Flow.Normal) return flow;
        inner.Set(Scope.BlockText, text);
        r.Write(Text.Str(r.Budget, filter.Eval(r, inner)));
        return Flow.Normal;
    }
}

/// <summary><c>{% with a = 1 %}…{% endwith %}</c>; also the scope of <c>{% autoescape false %}</c>.</summary>
internal sealed class With(List<(Expression Target, Expression Value)> bindings, List<Statement> body) : Statement
{
    public List<(Expression Target, Expression Value)> Bindings => bindings;
    public List<Statement> Body => body;
    public IReadOnlyList<string> Unset { get; set; } = [];
    public override IEnumerable<Node> Children => bindings.Select(pair => pair.Target).Concat(bindings.Select(pair => pair.Value)).Concat<Node>(body);

    protected override Flow Execute(Rendering r, Scope scope)
    {
        var inner = new Scope(scope, Unset);
        foreach (var (target, value) in bindings) Assign.Store(r, inner, target, value.Eval(r, scope));
        return RunAll(body, r, inner);
    }
}

internal sealed class MacroStatement(MacroDefinition definition) : Statement
{
    public MacroDefinition Definition => definition;
    public override IEnumerable<Node> Children => definition.Parameters.Concat(definition.Defaults).Concat<Node>(definition.Body);

    protected override Flow Execute(Rendering r, Scope scope)
    {
        scope.Set(definition.Name!, new Macro(definition, scope));
        return Flow.Normal;
    }
}

/// <summary><c>{% call(args) macro() %}…{% endcall %}</c>: the macro can call the body as <c>caller</c>.</summary>
internal sealed class CallBlock(Call call, MacroDefinition definition) : Statement
{
    public Call Call => call;
    public MacroDefinition Definition => definition;
    public override IEnumerable<Node> Children => definition.Parameters.Concat(definition.Defaults).Concat<Node>(definition.Body).Prepend(call);

    protected override Flow Execute(Rendering r, Scope scope)
    {
        r.Write(Text.Str(r.Budget, call.Evaluate(r, scope, new Macro(definition, scope))));
        return Flow.Normal;
    }
}

/// <summary><c>{% generation %}…{% endgeneration %}</c>: marks what the assistant says; it renders like its body, as a call block does.</summary>
internal sealed class Generation(MacroDefinition definition) : Statement
{
    public MacroDefinition Definition => definition;
    public override IEnumerable<Node> Children => definition.Body;

    protected override Flow Execute(Rendering r, Scope scope)
    {
        r.Write((string)new Macro(definition, scope).Call(r, new Arguments("generation", [])));
        return Flow.Normal;
    }
}

/// <summary><c>{% block name %}</c>: rendered in place; it sees the template's top level, or, scoped, everything around it.</summary>
internal sealed class Block(string name, bool scoped, List<Statement> body) : Statement
{
    public string Name => name;
    public List<Statement> Body => body;
    public IReadOnlyList<string> Unset { get; set; } = [];
    public override IEnumerable<Node> Children => body;

    protected override Flow Execute(Rendering r, Scope scope)
    {
        RunAll(body, r, new Scope(scoped ? scope : r.Top, Unset));
        return Flow.Normal;
    }
}

/// <summary><c>{% break %}</c> and <c>{% continue %}</c>.</summary>
internal sealed class LoopControl(Flow flow) : Statement
{
    public override IEnumerable<Node> Children => [];
    protected override Flow Execute(Rendering r, Scope scope) => flow;
}
