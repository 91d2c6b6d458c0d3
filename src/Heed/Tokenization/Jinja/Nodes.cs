namespace Heed.Tokenization.Jinja;

/// <summary>A piece of a parsed template.</summary>
internal abstract class Node
{
    /// <summary>The line it stands on, from 1.</summary>
    public int Line { get; init; }

    /// <summary>Levels of nodes below and including this one; bounded by the parser so that evaluation cannot overflow the stack.</summary>
    public int Depth { get; set; }

    /// <summary>The nodes directly below, in the order in which Jinja2 looks for names in them.</summary>
    public abstract IEnumerable<Node> Children { get; }
}

/// <summary>A node with a value.</summary>
internal abstract class Expression : Node
{
    /// <summary>The node's value, charged to the budget.</summary>
    public object Eval(Rendering r, Scope scope)
    {
        r.Budget.Step();
        r.Budget.Enter();
        var value = Evaluate(r, scope);
        r.Budget.Leave();
        return value;
    }

    protected abstract object Evaluate(Rendering r, Scope scope);
}

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Normal, Break, Continue,
}

/// <summary>A node that does something: writes output, sets names, runs other statements.</summary>
internal abstract class Statement : Node
{
    public Flow Run(Rendering r, Scope scope)
    {
        r.Budget.Step();
        r.Budget.Enter();
        try
        {
            var flow = Execute(r, scope);
            r.Budget.Leave();
            return flow;
        }
        catch (TemplateException fault) when (Located(fault, r))
        {
            throw; // never reached: the filter only looks on, since rethrowing at every level would use up a deep stack
        }
    }

    private bool Located(TemplateException fault, Rendering r)
    {
        fault.Locate(r.TemplateName, Line);
        return false;
    }

    protected abstract Flow Execute(Rendering r, Scope scope);

    public static Flow RunAll(IReadOnlyList<Statement> body, Rendering r, Scope scope)
    {
        for (var i = 0; i < body.Count; i++)
            if (body[i].Run(r, scope) is var flow && flow != Flow.Normal) return flow;
        return Flow.Normal;
    }
}
