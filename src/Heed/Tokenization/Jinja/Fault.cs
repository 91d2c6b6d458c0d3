namespace Heed.Tokenization.Jinja;

/// <summary>The Python error that a fault stands for. Jinja's filters catch some kinds (a <c>ValueError</c> in <c>int</c>), so they are told apart.</summary>
internal enum FaultKind
{
    Syntax, Runtime, Type, Value, Overflow, ZeroDivision, Lookup, Undefined, Security, Limit, Raised,
}

/// <summary>Makes the faults; the place is filled in by the statement that was being executed.</summary>
internal static class Fault
{
    public static TemplateException Type(string message) => new(FaultKind.Type, message);
    public static TemplateException Value(string message) => new(FaultKind.Value, message);
    public static TemplateException Lookup(string message) => new(FaultKind.Lookup, message);
    public static TemplateException Overflow(string message) => new(FaultKind.Overflow, message);
    public static TemplateException ZeroDivision(string message) => new(FaultKind.ZeroDivision, message);
    public static TemplateException Runtime(string message) => new(FaultKind.Runtime, message);
    public static TemplateException Undefined(string message) => new(FaultKind.Undefined, message);
    public static TemplateException Security(string message) => new(FaultKind.Security, message);
    public static TemplateException Limit(string message) => new(FaultKind.Limit, message);

    public static TemplateException Syntax(string message, int line)
    {
        var fault = new TemplateException(FaultKind.Syntax, message);
        fault.Locate("", line);
        return fault;
    }

    /// <summary>Python's words for an operator that two types do not share.</summary>
    public static TemplateException Operands(string op, object left, object right) =>
        Type($"unsupported operand type(s) for {op}: '{Values.TypeName(left)}' and '{Values.TypeName(right)}'");
}
