using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>Filters over text, and those that make text of other values.</summary>
internal static class TextFilters
{
    public static void AddTo(Dictionary<string, Filters.Body> table)
    {
        foreach (var name in new[] { "upper", "lower", "capitalize" })
            table[name] = (r, value, arguments) => { arguments.Done(); return Method(r, value, name); };
        table["title"] = (r, value, arguments) => { arguments.Done(); return Title(r.Budget, Text.Str(r.Budget, value)); };
        table["string"] = (r, value, arguments) => { arguments.Done(); return Soft(r, value); };
        table["trim"] = (r, value, arguments) =>
        {
            var chars = arguments.Optional("chars", None.Value);
            arguments.Done();
            return Method(r, value, "strip", chars);
        };
        table["center"] = (r, value, arguments) =>
        {
            var width = arguments.Integer("width", 80);
            arguments.Done();
            return Method(r, value, "center", width);
        };
        table["replace"] = Replace;
        table["indent"] = Indent;
        table["truncate"] = Truncate;
        table["wordwrap"] = WordWrap.Filter;
        table["wordcount"] = (r, value, arguments) => { arguments.Done(); return WordCount(r.Budget, Text.Str(r.Budget, value)); };
        table["format"] = Format;
        table["tojson"] = ToJson;
        table["pprint"] = PrettyPrint;
        table["default"] = table["d"] = Default;
    }

    /// <summary>Text stays what it is (safe text safe), anything else becomes text.</summary>
    private static object Soft(Rendering r, object value) => value is Markup ? value : Text.Str(r.Budget, value);

    private static object Method(Rendering r, object value, string name, params object[] arguments) =>
        new BoundMethod(Soft(r, value), name).Call(r, new Arguments(name, [.. arguments]));

    /// <summary>Jinja's own title case: words begin after white space, hyphens and opening brackets, so "it's" stays one word.</summary>
    private static string Title(Budget budget, string text)
    {
        budget.Charge(text.Length);
        var result = new StringBuilder(text.Length);
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !IsBoundary(text[i])) continue;
            if (i > start)
            {
                var first = CodePoints.Offset(text[start..i], 1) + start;
                result.Append(Casing.Upper(text[start..first])).Append(Casing.Lower(text[first..i]));
            }
            if (i < text.Length) result.Append(text[i]);
            start = i + 1;
        }
        return result.ToString();

        static bool IsBoundary(char c) => c is '-' or '(' or '{' or '[' or '<' || CodePoints.IsSpace(c);
    }

    private static object Replace(Rendering r, object value, Arguments arguments)
    {
        var old = Text.Str(r.Budget, arguments.Required("old"));
        var fresh = Text.Str(r.Budget, arguments.Required("new"));
        var count = arguments.Optional("count", None.Value);
        arguments.Done();
        var text = Text.Str(r.Budget, value);
        r.Budget.Charge(text.Length);
        return StringMethods.Replace(r.Budget, text, old, fresh, count is None ? -1 : Arguments.ToInteger(count));
    }

    private static object Indent(Rendering r, object value, Arguments arguments)
    {
        var width = arguments.Optional("width", 4L);
        var first = arguments.Flag("first");
        var blank = arguments.Flag("blank");
        arguments.Done();
        if (value is Undefined undefined) throw undefined.Fail();
        if (!Values.IsText(value, out var text)) throw Fault.Operands("+=", value, "");
        var markup = value is Markup;
        if (!Values.IsText(width, out var indention))
        {
            var spaces = Arguments.ToInteger(width);
            r.Budget.Charge(Math.Max(0, spaces));
            indention = new string(' ', (int)Math.Max(0, spaces));
        }
        else if (markup && width is not Markup) indention = indention.ToString();
        var result = new StringBuilder();
        var lines = Splitting.Lines(r.Budget, text + "\n");
        for (var i = 0; i < lines.Count; i++)
        {
            if (i > 0) result.Append('\n');
            var indented = i == 0 ? first : blank || lines[i].Length > 0;
            r.Budget.Charge(lines[i].Length + (indented ? indention.Length : 0));
            if (indented) result.Append(indention);
            result.Append(lines[i]);
            if (result.Length > Budget.MaxSize) r.Budget.Charge(result.Length);
        }
        return markup ? new Markup(result.ToString()) : result.ToString();
    }

    private static object Truncate(Rendering r, object value, Arguments arguments)
    {
        var length = arguments.Integer("length", 255);
        var killWords = arguments.Flag("killwords");
        var endValue = arguments.Optional("end", "...");
        var leeway = arguments.Optional("leeway", None.Value) is var given && given is None ? 5 : Arguments.ToInteger(given);
        arguments.Done();
        var end = StringMethods.Operand(endValue);
        if (length < CodePoints.Length(end)) throw Fault.Value($"expected length >= {CodePoints.Length(end)}, got {length}");
        if (leeway < 0) throw Fault.Value($"expected leeway >= 0, got {leeway}");
        if (Iteration.Length(value) <= length + leeway) return value;
        if (!Values.IsText(value, out var text)) throw Fault.Type($"truncate needs text, not {Values.TypeName(value)}");
        var cut = text[..CodePoints.Offset(text, length - CodePoints.Length(end))];
        if (!killWords) cut = Splitting.Split(r.Budget, cut, " ", 1, fromRight: true)[0];
        return value is Markup ? new Markup(cut + (endValue is Markup ? end : Markup.Escape(end))) : Arithmetic.Add(r.Budget, cut, endValue);
    }

    private static long WordCount(Budget budget, string text)
    {
        budget.Charge(text.Length);
        long count = 0;
        var inWord = false;
        foreach (var c in CodePoints.Each(text))
        {
            var isWord = c == "_" || char.IsLetterOrDigit(c, 0) || System.Globalization.CharUnicodeInfo.GetNumericValue(c, 0) != -1;
            if (isWord && !inWord) count++;
            inWord = isWord;
        }
        return count;
    }

    private static object Format(Rendering r, object value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Keywords.Count > 0) throw Fault.Type("can't handle positional and keyword arguments at the same time");
        object values = new TupleValue([.. arguments.Positional]);
        if (arguments.Keywords.Count > 0)
        {
            var named = new DictValue();
            foreach (var (name, item) in arguments.Keywords) named.Items[name] = item;
            values = named;
        }
        return PercentFormat.Apply(r.Budget, Soft(r, value), values);
    }

    /// <summary>As transformers defines it: <c>json.dumps</c>, with non-ASCII as it is and nothing escaped for HTML.</summary>
    private static object ToJson(Rendering r, object value, Arguments arguments)
    {
        var ascii = arguments.Flag("ensure_ascii");
        var indent = arguments.Optional("indent", None.Value);
        var separators = arguments.Optional("separators", None.Value);
        var sort = arguments.Flag("sort_keys");
        arguments.Done();
        string? indention = null;
        if (Values.IsText(indent, out var unit)) indention = unit;
        else if (indent is not None)
        {
            var spaces = Arguments.ToInteger(indent);
            r.Budget.Charge(Math.Max(0, spaces));
            indention = new string(' ', (int)Math.Max(0, spaces));
        }
        var (item, key) = (indention is null ? ", " : ",", ": ");
        if (separators is not None)
        {
            var pair = Iteration.ToList(r.Budget, separators);
            if (pair.Count != 2) throw Fault.Value("separators must be two texts: between items, and after a key");
            (item, key) = (StringMethods.Operand(pair[0]), StringMethods.Operand(pair[1]));
        }
        return new JsonText(r.Budget, indention, item, key, ascii, sort).Write(value);
    }

    /// <summary><c>pprint.pformat</c> for values that fit its 80 columns (dicts sorted by key); wider ones are refused, not guessed.</summary>
    private static object PrettyPrint(Rendering r, object value, Arguments arguments)
    {
        arguments.Done();
        var text = Text.Repr(r.Budget, Sorted(value));
        return text.Length <= 80 ? text : throw Fault.Runtime("pprint of a value wider than 80 columns is not available; use tojson(indent=…)");

        object Sorted(object inner)
        {
            r.Budget.Enter();
            object result = inner switch
            {
                ListValue list => new ListValue([.. list.Items.Select(Sorted)]),
                TupleValue tuple => new TupleValue([.. tuple.Items.Select(Sorted)]),
                DictValue dict => SortedDict(dict),
                _ => inner,
            };
            r.Budget.Leave();
            r.Budget.Step();
            return result;
        }

        DictValue SortedDict(DictValue dict)
        {
            var sorted = new DictValue();
            foreach (var key in Equality.Sorted(r.Budget, [.. dict.Items.Keys], key => key, false)) sorted.Items[key] = Sorted(dict.Items[key]);
            return sorted;
        }
    }

    private static object Default(Rendering r, object value, Arguments arguments)
    {
        var otherwise = arguments.Optional("default_value", "");
        var boolean = arguments.Flag("boolean");
        arguments.Done();
        return value is Undefined || (boolean && !Values.Truth(value)) ? otherwise : value;
    }
}
