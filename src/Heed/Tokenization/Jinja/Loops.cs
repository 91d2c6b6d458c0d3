namespace Heed.Tokenization.Jinja;

/// <summary><c>{% for target in iterable if test recursive %}…{% else %}…{% endfor %}</c>.</summary>
internal sealed class For(Expression target, Expression iterable, Expression? test, bool recursive, List<Statement> body, List<Statement> otherwise) : Statement
{
    public Expression Target => target;
    public Expression Iterable => iterable;
    public Expression? Test => test;
    public bool Recursive => recursive;
    public List<Statement> Body => body;
    public List<Statement> Otherwise => otherwise;

    /// <summary>Names unset at the beginning of each turn, and of the else branch.</summary>
    public IReadOnlyList<string> Unset { get; set; } = [];
    public IReadOnlyList<string> UnsetOtherwise { get; set; } = [];

    public override IEnumerable<Node> Children =>
        new Node[] { target, iterable }.Concat(body).Concat(otherwise).Concat(test is null ? [] : [test]);

    protected override Flow Execute(Rendering r, Scope scope)
    {
        var items = iterable.Eval(r, scope);
        if (!recursive) return Turns(r, scope, items, depth: 0);
        r.Write(r.Capture(() => Turns(r, scope, items, depth: 0)));
        return Flow.Normal;
    }

    /// <summary>All turns, and the else branch, whose break or continue belongs to a loop further out.</summary>
    private Flow Turns(Rendering r, Scope scope, object items, int depth)
    {
        var source = Iteration.Over(r.Budget, items);
        var loop = new LoopValue(test is null ? source : Selected(r, scope, source), test is null ? Iteration.TryLength(items) : null, depth,
            recursive ? inner => r.Capture(() => Turns(r, scope, inner, depth + 1)) : null);
        // As Jinja2 compiles it, the else branch runs unless some turn reached the end of the body: one that was continued or broken off does not count.
        var finished = false;
        while (loop.Advance())
        {
            r.Budget.Spend(3); // a turn's own scope
            var turn = new Scope(scope, Unset);
            turn.Set("loop", loop);
            Assign.Store(r, turn, target, loop.Current);
            var flow = RunAll(body, r, turn);
            if (flow == Flow.Break) break;
            finished |= flow == Flow.Normal;
        }
        return finished ? Flow.Normal : RunAll(otherwise, r, new Scope(scope, UnsetOtherwise));
    }

    /// <summary>The items that pass the test, tested as the loop comes to them. A tuple of targets comes out as a tuple.</summary>
    private IEnumerable<object> Selected(Rendering r, Scope scope, IEnumerable<object> source)
    {
        foreach (var item in source)
        {
            var inner = new Scope(scope);
            Assign.Store(r, inner, target, item);
            if (Values.Truth(test!.Eval(r, inner))) yield return Rebuilt(inner, target);
        }
    }

    private static object Rebuilt(Scope scope, Expression target) => target is TupleExpression tuple
        ? new TupleValue([.. tuple.Items.Select(item => Rebuilt(scope, item))])
        : scope.Find(((Name)target).Id) ?? None.Value;
}

/// <summary>The <c>loop</c> variable. Looks at most one item ahead unless its length is asked of a generator.</summary>
internal sealed class LoopValue(IEnumerable<object> source, long? knownLength, int depth, Func<object, string>? recurse)
{
    private readonly IEnumerator<object> items = source.GetEnumerator();
    private readonly Queue<object> ahead = new();
    private object? previous;
    private object? current;
    private long? length = knownLength;
    private List<object>? lastChanged;

    public long Index0 { get; private set; } = -1;

    public object Current => current!;

    public bool Advance()
    {
        if (!Peek()) return false;
        Index0++;
        previous = current;
        current = ahead.Dequeue();
        return true;
    }

    private bool Peek()
    {
        if (ahead.Count > 0) return true;
        if (!items.MoveNext()) return false;
        ahead.Enqueue(items.Current);
        return true;
    }

    public long Length
    {
        get
        {
            if (length is { } known) return known;
            while (items.MoveNext()) ahead.Enqueue(items.Current);
            return (length = Index0 + 1 + ahead.Count).Value;
        }
    }

    public object Recurse(Rendering r, Arguments arguments)
    {
        var inner = arguments.Required("iterable");
        arguments.Done();
        return recurse is null
            ? throw Fault.Type("The loop must have the 'recursive' marker to be called recursively.")
            : recurse(inner);
    }

    public object? Attribute(string name) => name switch
    {
        "index" => Index0 + 1,
        "index0" => Index0,
        "first" => Index0 == 0,
        "last" => !Peek(),
        "length" => Length,
        "revindex" => Length - Index0,
        "revindex0" => Length - Index0 - 1,
        "depth" => depth + 1L,
        "depth0" => (long)depth,
        "previtem" => Index0 == 0 ? new Undefined("there is no previous item") : previous!,
        "nextitem" => Peek() ? ahead.Peek() : new Undefined("there is no next item"),
        "cycle" => new FunctionValue(name, Cycle),
        "changed" => new FunctionValue(name, Changed),
        _ => null,
    };

    private object Cycle(Rendering r, Arguments arguments)
    {
        var choices = arguments.Positional;
        if (choices.Count == 0) throw Fault.Type("no items for cycling given");
        return choices[(int)(Index0 % choices.Count)];
    }

    private object Changed(Rendering r, Arguments arguments)
    {
        var values = arguments.Positional;
        if (lastChanged is not null && Equality.Same(r.Budget, new ListValue(lastChanged), new ListValue(values))) return Values.False;
        lastChanged = values;
        return Values.True;
    }
}
