namespace Heed.Tokenization.Jinja;

/// <summary>The filters by name. Each takes the value and then its parameters, named as in Jinja2's documentation.</summary>
internal static class Filters
{
    public delegate object Body(Rendering r, object value, Arguments arguments);

    private static readonly Dictionary<string, Body> Table = MakeTable();

    private static Dictionary<string, Body> MakeTable()
    {
        var table = new Dictionary<string, Body>(StringComparer.Ordinal);
        NumberFilters.AddTo(table);
        TextFilters.AddTo(table);
        SequenceFilters.AddTo(table);
        SelectionFilters.AddTo(table);
        MarkupFilters.AddTo(table);
        return table;
    }

    public static bool Exists(string name) => Table.ContainsKey(name);

    public static object Apply(Rendering r, string name, object value, Arguments arguments) =>
        Table.TryGetValue(name, out var body) ? body(r, value, arguments) : throw Fault.Runtime($"No filter named '{name}' found.");

    /// <summary>Marks a filter that exists in Jinja2 and that we do not offer: a template that names it can be read, not run through it.</summary>
    public static Body Refused(string name, string why) => (_, _, _) => throw Fault.Runtime($"the filter '{name}' is not available: {why}");
}
