namespace Heed.Tokenization.Jinja;

/// <summary>
/// Names and their values. Loops, macros, with-, set-, filter- and call-blocks open a scope; <c>if</c> does not.
/// Assignments stay in the innermost scope; reading looks outwards.
/// </summary>
/// <remarks>
/// Jinja2 decides when it compiles where a name lives. A name that a scope assigns, and that no scope around it knows,
/// belongs to that scope from its beginning: it is undefined until assigned, even if the caller passed a variable of
/// that name. Such names are set to <see cref="Unset"/> when the scope opens (found by <see cref="NameAnalysis"/>).
/// </remarks>
internal sealed class Scope
{
    /// <summary>Under this name (which no template can write) a filter block finds its own text.</summary>
    public const string BlockText = "<block>";

    /// <summary>Marks a name that belongs to the scope and has no value yet.</summary>
    public static readonly object Unset = new();

    private readonly Scope? parent;
    private Dictionary<string, object>? names;

    public Scope(Scope? parent, IReadOnlyList<string>? unset = null)
    {
        this.parent = parent;
        if (unset is null) return;
        foreach (var name in unset) Set(name, Unset);
    }

    public void Set(string name, object value) => (names ??= new(StringComparer.Ordinal))[name] = value;

    /// <summary>The value, or null when the name is not defined here or further out.</summary>
    public object? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.parent)
            if (scope.names is not null && scope.names.TryGetValue(name, out var value))
                return ReferenceEquals(value, Unset) ? null : value;
        return null;
    }
}
