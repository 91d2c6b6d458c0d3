namespace Heed.Tokenization.Jinja;

/// <summary>Text methods of safe text: what they return is safe again, and plain text put into it is escaped.</summary>
internal static class MarkupMethods
{
    public static readonly HashSet<string> Names = ["striptags", "unescape", "escape"];

    public static object Call(Rendering r, Markup markup, string name, Arguments arguments)
    {
        switch (name)
        {
            case "striptags":
                arguments.Done();
                return Html.StripTags(r.Budget, markup.Text);
            case "unescape":
                arguments.Done();
                return Html.Unescape(markup.Text);
            case "escape":
                var plain = arguments.RequiredPositional();
                arguments.Done();
                return Escape(r.Budget, plain);
            case "join":
                var items = arguments.RequiredPositional();
                arguments.Done();
                var escaped = new List<object>();
                foreach (var item in Iteration.Over(r.Budget, items)) escaped.Add(Escape(r.Budget, item));
                return new Markup(StringMethods.Join(r.Budget, markup.Text, new ListValue(escaped)));
            case "format": return new Markup((string)BraceFormat.Format(r, markup.Text, arguments, markup: true));
            case "format_map":
                var map = arguments.RequiredPositional();
                arguments.Done();
                return new Markup((string)BraceFormat.FormatMap(r, markup.Text, map, markup: true));
            // The replacement, and the padding, are put in; what is searched for is not.
            case "replace" or "center" or "ljust" or "rjust" when arguments.Positional.Count > 1 && Values.IsText(arguments.Positional[1], out _):
                arguments.Positional[1] = Escape(r.Budget, arguments.Positional[1]);
                break;
        }
        return StringMethods.Call(r, markup.Text, name, arguments) switch
        {
            string text => new Markup(text),
            ListValue list => new ListValue([.. list.Items.Select(item => (object)new Markup((string)item))]),
            TupleValue tuple => new TupleValue([.. tuple.Items.Select(item => (object)new Markup((string)item))]),
            var other => other,
        };
    }

    /// <summary>Any value as safe text.</summary>
    public static Markup Escape(Budget budget, object value) => value as Markup ?? new Markup(budget.Made(Markup.Escape(Text.Str(budget, value))));
}
