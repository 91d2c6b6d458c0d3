using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>Filters that escape for HTML, XML and URLs.</summary>
internal static class MarkupFilters
{
    public static void AddTo(Dictionary<string, Filters.Body> table)
    {
        table["escape"] = table["e"] = (r, value, arguments) => { arguments.Done(); return MarkupMethods.Escape(r.Budget, value); };
        table["forceescape"] = (r, value, arguments) => { arguments.Done(); return new Markup(r.Budget.Made(Markup.Escape(Text.Str(r.Budget, value)))); };
        table["safe"] = (r, value, arguments) => { arguments.Done(); return value as Markup ?? new Markup(Text.Str(r.Budget, value)); };
        table["striptags"] = (r, value, arguments) => { arguments.Done(); return Html.StripTags(r.Budget, Text.Str(r.Budget, value)); };
        table["xmlattr"] = XmlAttributes;
        table["urlencode"] = UrlEncode;
        table["urlize"] = Filters.Refused("urlize", "it makes links for web pages");
    }

    private static object XmlAttributes(Rendering r, object value, Arguments arguments)
    {
        var space = arguments.Flag("autospace", true);
        arguments.Done();
        if (value is Undefined undefined) throw undefined.Fail();
        if (value is not DictValue dict) throw Fault.Type($"'{Values.TypeName(value)}' object has no attribute 'items'");
        var parts = new List<string>();
        foreach (var (key, item) in dict.Items)
        {
            if (item is None or Undefined) continue;
            var name = StringMethods.Operand(key);
            if (name.Any(c => " \t\n\r\f\v/>=".Contains(c))) throw Fault.Value($"Invalid character in attribute name: {Text.Repr(r.Budget, key)}");
            parts.Add($"{MarkupMethods.Escape(r.Budget, key).Text}=\"{MarkupMethods.Escape(r.Budget, item).Text}\"");
        }
        var text = string.Join(' ', parts);
        return r.Budget.Made(space && text.Length > 0 ? " " + text : text);
    }

    private static object UrlEncode(Rendering r, object value, Arguments arguments)
    {
        arguments.Done();
        if (Values.IsText(value, out _) || !Iteration.IsIterable(value)) return Quoted(r.Budget, value, "/");
        var pairs = new List<string>();
        foreach (var pair in Iteration.Over(r.Budget, value is DictValue dict ? new DictView(dict, "items") : value))
        {
            var items = Iteration.ToList(r.Budget, pair);
            if (items.Count != 2) throw Fault.Value($"urlencode needs pairs, not {items.Count} items");
            pairs.Add($"{Quoted(r.Budget, items[0], "").Replace("%20", "+")}={Quoted(r.Budget, items[1], "").Replace("%20", "+")}");
        }
        return r.Budget.Made(string.Join('&', pairs));
    }

    private static string Quoted(Budget budget, object value, string safe)
    {
        var text = new StringBuilder();
        foreach (var b in System.Text.Encoding.UTF8.GetBytes(budget.Made(Text.Str(budget, value))))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '~' || safe.Contains(c)) text.Append(c);
            else text.Append('%').Append(b.ToString("X2"));
        }
        return text.ToString();
    }
}
