namespace Heed.Tokenization.Jinja;

/// <summary><c>map</c>, <c>select</c>, <c>reject</c>, <c>selectattr</c>, <c>rejectattr</c>: lazy, so that what is not asked for is not computed.</summary>
internal static class SelectionFilters
{
    public static void AddTo(Dictionary<string, Filters.Body> table)
    {
        table["map"] = (r, value, arguments) => new IteratorValue(Map(r, value, arguments));
        table["select"] = (r, value, arguments) => new IteratorValue(Select(r, value, arguments, byAttribute: false, wanted: true));
        table["reject"] = (r, value, arguments) => new IteratorValue(Select(r, value, arguments, byAttribute: false, wanted: false));
        table["selectattr"] = (r, value, arguments) => new IteratorValue(Select(r, value, arguments, byAttribute: true, wanted: true));
        table["rejectattr"] = (r, value, arguments) => new IteratorValue(Select(r, value, arguments, byAttribute: true, wanted: false));
    }

    private static IEnumerable<object> Map(Rendering r, object value, Arguments arguments)
    {
        if (!Values.Truth(value)) yield break;
        Func<object, object> function;
        if (arguments.Positional.Count == 0 && arguments.TakeKeyword("attribute") is { } attribute)
        {
            var path = AttributePath.From(r.Budget, attribute, arguments.TakeKeyword("default"));
            if (arguments.Keywords.Count > 0) throw Fault.Type($"Unexpected keyword argument '{arguments.Keywords[0].Name}'");
            function = item => path is null ? item : path.Get(r.Budget, item);
        }
        else
        {
            if (arguments.Positional.Count == 0) throw Fault.Type("map requires a filter argument");
            var name = Name(arguments.Positional[0], "filter");
            function = item => Filters.Apply(r, name, item, Rest(arguments, 1, name));
        }
        foreach (var item in Iteration.Over(r.Budget, value)) yield return function(item);
    }

    private static IEnumerable<object> Select(Rendering r, object value, Arguments arguments, bool byAttribute, bool wanted)
    {
        if (!Values.Truth(value)) yield break;
        var skip = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < skip) throw Fault.Type("Missing parameter for attribute name");
        var path = byAttribute ? AttributePath.From(r.Budget, arguments.Positional[0]) : null;
        Func<object, bool> holds = Values.Truth;
        if (arguments.Positional.Count > skip)
        {
            var name = Name(arguments.Positional[skip], "test");
            holds = item => Tests.Holds(r, name, item, Rest(arguments, skip + 1, name));
        }
        foreach (var item in Iteration.Over(r.Budget, value))
            if (holds(path is null ? item : path.Get(r.Budget, item)) == wanted) yield return item;
    }

    private static string Name(object value, string what) =>
        Values.IsText(value, out var name) ? name : throw Fault.Runtime($"No {what} named {Values.TypeName(value)} found.");

    private static Arguments Rest(Arguments arguments, int skip, string function)
    {
        var rest = new Arguments(function, arguments.Positional[skip..]);
        foreach (var (name, value) in arguments.Keywords) rest.Add(name, value);
        return rest;
    }
}

/// <summary>An attribute as filters name it: "function.name", "0.role", or a number.</summary>
internal sealed class AttributePath
{
    private readonly object[] parts;
    private readonly object? otherwise;

    private AttributePath(object[] parts, object? otherwise) => (this.parts, this.otherwise) = (parts, otherwise);

    /// <summary>The path, or null for None, which means the item itself.</summary>
    public static AttributePath? From(Budget budget, object attribute, object? otherwise = null)
    {
        if (attribute is None) return null;
        if (!Values.IsText(attribute, out var text)) return new([attribute], Default(otherwise));
        budget.Charge(text.Length);
        return new([.. text.Split('.').Select(part => part.Length is > 0 and < 18 && part.All(char.IsAsciiDigit) ? (object)long.Parse(part) : part)], Default(otherwise));
    }

    private static object? Default(object? value) => value is None ? null : value;

    public object Get(Budget budget, object item)
    {
        foreach (var part in parts)
        {
            item = Attributes.GetItem(budget, item, part);
            if (item is Undefined && otherwise is not null) item = otherwise;
        }
        return item;
    }
}
