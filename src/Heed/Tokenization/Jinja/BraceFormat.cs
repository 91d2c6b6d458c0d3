using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>'{} {name.attr[0]!r:>8}'.format(…)</c>, with attributes looked up under the sandbox's rules.</summary>
internal static class BraceFormat
{
    public static object Format(Rendering r, string format, Arguments arguments, bool markup) =>
        new Formatter(r, arguments.Positional, name => arguments.Named(name), markup).Run(format, 2);

    public static object FormatMap(Rendering r, string format, object map, bool markup) =>
        new Formatter(r, [], name => Attributes.GetItem(r.Budget, map, name) is var value and not Undefined ? value : null, markup).Run(format, 2);

    private sealed class Formatter(Rendering r, List<object> positional, Func<string, object?> named, bool escape)
    {
        private int next;
        private bool? automatic;

        public string Run(string format, int nesting)
        {
            if (nesting < 0) throw Fault.Value("Max string recursion exceeded");
            var result = new StringBuilder();
            for (var at = 0; at < format.Length; at++)
            {
                var c = format[at];
                if (c is '{' or '}' && at + 1 < format.Length && format[at + 1] == c)
                {
                    result.Append(c);
                    at++;
                }
                else if (c == '}') throw Fault.Value("Single '}' encountered in format string");
                else if (c != '{') result.Append(c);
                else
                {
                    var end = Closing(format, at + 1);
                    result.Append(Field(format[(at + 1)..end], nesting));
                    at = end;
                    r.Budget.Charge(result.Length / 64);
                }
            }
            return r.Budget.Made(result.ToString());
        }

        /// <summary>The brace that closes the field; brackets of an index may hold braces.</summary>
        private static int Closing(string format, int from)
        {
            var depth = 1;
            var inIndex = false;
            for (var at = from; at < format.Length; at++)
            {
                switch (format[at])
                {
                    case '[' when depth == 1: inIndex = true; break;
                    case ']': inIndex = false; break;
                    case '{' when !inIndex: depth++; break;
                    case '}' when !inIndex && --depth == 0: return at;
                }
            }
            throw Fault.Value(from >= format.Length ? "Single '{' encountered in format string" : "expected '}' before end of string");
        }

        private string Field(string field, int nesting)
        {
            var end = 0;
            for (var inIndex = false; end < field.Length && (inIndex || field[end] is not ('!' or ':')); end++)
                inIndex = field[end] == '[' || (inIndex && field[end] != ']');
            var value = Lookup(field[..end]);
            var conversion = '\0';
            if (end < field.Length && field[end] == '!')
            {
                if (end + 1 >= field.Length) throw Fault.Value("end of string while looking for conversion specifier");
                conversion = field[end + 1];
                end += 2;
                if (end < field.Length && field[end] != ':') throw Fault.Value("expected ':' after conversion specifier");
            }
            var spec = end < field.Length ? Run(field[(end + 1)..], nesting - 1) : "";
            value = conversion switch
            {
                '\0' => value,
                's' => Text.Str(r.Budget, value),
                'r' => Text.Repr(r.Budget, value),
                'a' => Text.Ascii(r.Budget, value),
                _ => throw Fault.Value($"Unknown conversion specifier {conversion}"),
            };
            if (escape && value is Markup safe) return spec.Length == 0 ? safe.Text : throw Fault.Value("Unsupported format specification for Markup.");
            var text = FormatSpec.Apply(r.Budget, value, spec);
            return escape ? Markup.Escape(text) : text;
        }

        private object Lookup(string path)
        {
            var end = path.AsSpan().IndexOfAny('.', '[');
            var first = end < 0 ? path : path[..end];
            object? value;
            if (first.Length == 0 || first.All(char.IsAsciiDigit))
            {
                var isAutomatic = first.Length == 0;
                if (automatic is { } before && before != isAutomatic)
                    throw Fault.Value("cannot switch between manual field specification and automatic field numbering");
                automatic = isAutomatic;
                var index = isAutomatic ? next++ : first.Length < 9 ? int.Parse(first) : int.MaxValue;
                value = index < positional.Count ? positional[index] : throw Fault.Lookup($"Replacement index {index} out of range for positional args tuple");
            }
            else value = named(first) ?? throw Fault.Lookup($"'{first}'");
            var at = first.Length;
            while (at < path.Length)
            {
                if (path[at] == '.')
                {
                    var stop = path.AsSpan(at + 1).IndexOfAny('.', '[');
                    var name = stop < 0 ? path[(at + 1)..] : path.Substring(at + 1, stop);
                    if (name.Length == 0) throw Fault.Value("Empty attribute in format string");
                    value = Attributes.GetAttribute(r.Budget, value, name);
                    at += 1 + name.Length;
                    continue;
                }
                if (path[at] != '[') throw Fault.Value("Only '.' or '[' may follow ']' in format field specifier");
                var close = path.IndexOf(']', at);
                if (close < 0) throw Fault.Value("Missing ']' in format string");
                var key = path[(at + 1)..close];
                if (key.Length == 0) throw Fault.Value("Empty attribute in format string");
                value = Attributes.GetItem(r.Budget, value, key.All(char.IsAsciiDigit) && key.Length < 18 ? long.Parse(key) : key);
                at = close + 1;
            }
            return value;
        }
    }
}
