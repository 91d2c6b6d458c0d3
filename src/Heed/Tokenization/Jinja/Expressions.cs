namespace Heed.Tokenization.Jinja;

// The expressions without calls; calls, filters and tests are in Calls.cs.

internal sealed class Literal(object value) : Expression
{
    public object Value => value;
    public override IEnumerable<Node> Children => [];
    protected override object Evaluate(Rendering r, Scope scope) => value;
}

/// <summary>A name that is read, or, as a target of an assignment, stored.</summary>
internal sealed class Name(string id) : Expression
{
    public string Id => id;
    public bool Store { get; set; }
    public override IEnumerable<Node> Children => [];
    protected override object Evaluate(Rendering r, Scope scope) => scope.Find(id) ?? Undefined.Name(id);
}

/// <summary><c>ns.x</c> as a target of an assignment.</summary>
internal sealed class NamespaceTarget(string id, string attribute) : Expression
{
    public string Id => id;
    public string Attribute => attribute;
    public override IEnumerable<Node> Children => [];
    protected override object Evaluate(Rendering r, Scope scope) => throw Fault.Runtime("a namespace target has no value");
}

internal sealed class TupleExpression(List<Expression> items) : Expression
{
    public List<Expression> Items => items;
    public override IEnumerable<Node> Children => items;

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var values = new object[items.Count];
        for (var i = 0; i < values.Length; i++) values[i] = items[i].Eval(r, scope);
        return new TupleValue(values);
    }
}

internal sealed class ListExpression(List<Expression> items) : Expression
{
    public override IEnumerable<Node> Children => items;

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var values = new List<object>(items.Count);
        foreach (var item in items) values.Add(item.Eval(r, scope));
        return new ListValue(values);
    }
}

internal sealed class DictExpression(List<(Expression Key, Expression Value)> pairs) : Expression
{
    public override IEnumerable<Node> Children => pairs.SelectMany(pair => new[] { pair.Key, pair.Value });

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var dict = new DictValue();
        foreach (var (key, value) in pairs)
        {
            var name = key.Eval(r, scope);
            dict.Items[KeyComparer.Hashable(name)] = value.Eval(r, scope);
        }
        return dict;
    }
}

internal sealed class Unary(char op, Expression operand) : Expression
{
    public override IEnumerable<Node> Children => [operand];

    protected override object Evaluate(Rendering r, Scope scope) =>
        op == '-' ? Arithmetic.Negate(operand.Eval(r, scope)) : Arithmetic.Plus(operand.Eval(r, scope));
}

internal sealed class Binary(string op, Expression left, Expression right) : Expression
{
    public override IEnumerable<Node> Children => [left, right];

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var first = left.Eval(r, scope);
        return Arithmetic.Apply(r.Budget, op, first, right.Eval(r, scope));
    }
}

/// <summary><c>a ~ b ~ c</c>: the texts of all, joined.</summary>
internal sealed class Concatenation(List<Expression> parts) : Expression
{
    public override IEnumerable<Node> Children => parts;

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var texts = new string[parts.Count];
        long length = 0;
        for (var i = 0; i < texts.Length; i++) length += (texts[i] = Text.Str(r.Budget, parts[i].Eval(r, scope))).Length;
        r.Budget.Charge(length);
        return string.Concat(texts);
    }
}

/// <summary><c>and</c>, <c>or</c>: the value that decided, not a bool.</summary>
internal sealed class Logical(bool isOr, Expression left, Expression right) : Expression
{
    public override IEnumerable<Node> Children => [left, right];

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var first = left.Eval(r, scope);
        return Values.Truth(first) == isOr ? first : right.Eval(r, scope);
    }
}

internal sealed class Not(Expression operand) : Expression
{
    public override IEnumerable<Node> Children => [operand];
    protected override object Evaluate(Rendering r, Scope scope) => Values.Bool(!Values.Truth(operand.Eval(r, scope)));
}

/// <summary><c>a &lt; b &lt;= c in d</c>: each operand evaluated once, up to the first comparison that fails.</summary>
internal sealed class Comparison(Expression first, List<(string Op, Expression Operand)> rest) : Expression
{
    public override IEnumerable<Node> Children => rest.Select(pair => pair.Operand).Prepend(first);

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var left = first.Eval(r, scope);
        foreach (var (op, operand) in rest)
        {
            var right = operand.Eval(r, scope);
            if (!Holds(r.Budget, op, left, right)) return Values.False;
            left = right;
        }
        return Values.True;
    }

    public static bool Holds(Budget budget, string op, object left, object right) => op switch
    {
        "==" => Equality.Same(budget, left, right),
        "!=" => !Equality.Same(budget, left, right),
        "<" => Equality.Less(budget, left, right, false, "<"),
        "<=" => Equality.Less(budget, left, right, true, "<="),
        ">" => Greater(budget, left, right, false, ">"),
        ">=" => Greater(budget, left, right, true, ">="),
        "in" => Equality.Contains(budget, left, right),
        _ => !Equality.Contains(budget, left, right),
    };

    private static bool Greater(Budget budget, object left, object right, bool orEqual, string op)
    {
        if (left is Undefined missing) throw missing.Fail();
        try
        {
            return Equality.Less(budget, right, left, orEqual, op);
        }
        catch (TemplateException fault) when (fault.Kind == FaultKind.Type)
        {
            throw Fault.Type($"'{op}' not supported between instances of '{Values.TypeName(left)}' and '{Values.TypeName(right)}'");
        }
    }
}

/// <summary><c>a if test else b</c>; without else, nothing.</summary>
internal sealed class Conditional(Expression test, Expression then, Expression? otherwise) : Expression
{
    public override IEnumerable<Node> Children => otherwise is null ? [test, then] : [test, then, otherwise];

    protected override object Evaluate(Rendering r, Scope scope) =>
        Values.Truth(test.Eval(r, scope)) ? then.Eval(r, scope)
        : otherwise?.Eval(r, scope) ?? new Undefined("the inline if-expression evaluated to false and no else section was defined");
}

/// <summary><c>a.name</c>: the attribute, or else the item.</summary>
internal sealed class AttributeAccess(Expression owner, string name) : Expression
{
    public override IEnumerable<Node> Children => [owner];
    protected override object Evaluate(Rendering r, Scope scope) => Attributes.GetAttribute(r.Budget, owner.Eval(r, scope), name);
}

/// <summary><c>a[key]</c>: the item, or else the attribute.</summary>
internal sealed class ItemAccess(Expression owner, Expression key) : Expression
{
    public override IEnumerable<Node> Children => [owner, key];

    protected override object Evaluate(Rendering r, Scope scope)
    {
        var value = owner.Eval(r, scope);
        if (key is SliceExpression slice) return slice.Cut(r, scope, value);
        return Attributes.GetItem(r.Budget, value, key.Eval(r, scope));
    }
}

/// <summary><c>start:stop:step</c> between brackets.</summary>
internal sealed class SliceExpression(Expression? start, Expression? stop, Expression? step) : Expression
{
    public override IEnumerable<Node> Children => new[] { start, stop, step }.OfType<Expression>();
    protected override object Evaluate(Rendering r, Scope scope) => throw Fault.Type("a slice inside a tuple of indices selects nothing");

    public object Cut(Rendering r, Scope scope, object value) =>
        Slicing.Cut(r.Budget, value, start?.Eval(r, scope) ?? None.Value, stop?.Eval(r, scope) ?? None.Value, step?.Eval(r, scope) ?? None.Value);
}
