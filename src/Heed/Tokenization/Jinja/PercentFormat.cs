using System.Numerics;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>'%s of %d' % values</c>: flags, width, precision, and names from a dict.</summary>
internal static class PercentFormat
{
    public static object Apply(Budget budget, object format, object values)
    {
        Values.IsText(format, out var text);
        var result = new Formatter(budget, text, values, format is Markup).Run();
        return format is Markup ? new Markup(result) : result;
    }

    private sealed class Formatter(Budget budget, string format, object values, bool escape)
    {
        private readonly StringBuilder result = new();
        private int at;
        private int used;
        private bool byName;

        public string Run()
        {
            budget.Charge(format.Length);
            while (at < format.Length)
            {
                var percent = format.IndexOf('%', at);
                if (percent < 0) percent = format.Length;
                result.Append(format, at, percent - at);
                at = percent + 1;
                if (percent < format.Length) One();
            }
            var given = values is TupleValue tuple ? tuple.Items.Length : 1;
            var takesRest = values is DictValue or ListValue or RangeValue or Undefined; // anything with items, except text and tuples, may stay unused
            if (!byName && used < given && (values is TupleValue || !takesRest)) throw Fault.Type("not all arguments converted during string formatting");
            return budget.Made(result.ToString());
        }

        private char Peek() => at < format.Length ? format[at] : throw Fault.Value("incomplete format");

        private object Argument()
        {
            if (values is TupleValue tuple) return used < tuple.Items.Length ? tuple.Items[used++] : throw NotEnough();
            return used++ == 0 ? values : throw NotEnough();
        }

        private static TemplateException NotEnough() => Fault.Type("not enough arguments for format string");

        private void One()
        {
            object? named = null;
            if (Peek() == '(')
            {
                // Parentheses may nest inside the name.
                var (start, depth) = (++at, 1);
                for (; depth > 0; at++)
                {
                    if (at >= format.Length) throw Fault.Value("incomplete format key");
                    depth += format[at] == '(' ? 1 : format[at] == ')' ? -1 : 0;
                }
                if (values is not DictValue dict) throw values is Undefined u ? u.Fail() : Fault.Type("format requires a mapping");
                var key = format[start..(at - 1)];
                named = dict.Find(key) ?? throw Fault.Lookup($"'{key}'");
                byName = true;
            }
            var flags = at;
            while (Peek() is '-' or '+' or ' ' or '#' or '0') at++;
            var flag = format[flags..at];
            var spec = new NumberFormat
            {
                Left = flag.Contains('-'),
                Zero = flag.Contains('0'),
                Alternate = flag.Contains('#'),
                Sign = flag.Contains('+') ? '+' : flag.Contains(' ') ? ' ' : '-'
            };
            spec.Width = Count();
            if (spec.Width < 0)
            {
                spec.Left = true;
                spec.Width = -spec.Width;
            }
            if (Peek() == '.')
            {
                at++;
                spec.Precision = Math.Max(0, Count());
            }
            if (Peek() is 'h' or 'l' or 'L') at++;
            var kind = Peek();
            at++;
            if (spec.Width > Budget.MaxSize || spec.Precision > Budget.MaxSize) throw Fault.Limit($"a format's width or precision beyond {Budget.MaxSize}");
            if (kind == '%')
            {
                result.Append('%');
                return;
            }
            var value = named ?? Argument();
            var text = kind switch
            {
                's' or 'r' or 'a' => Text(value, kind, spec.Precision),
                'd' or 'i' or 'u' or 'o' or 'x' or 'X' => spec.Integer(Integer(value, kind), kind is 'i' or 'u' ? 'd' : kind),
                'e' or 'E' or 'f' or 'F' or 'g' or 'G' => spec.Float(Float(value), kind),
                'c' => Character(value),
                _ => throw Fault.Value($"unsupported format character '{kind}' (0x{(int)kind:x}) at index {at - 1}"),
            };
            budget.Charge(Math.Max(spec.Width, text.Length));
            result.Append(spec.Left ? PadRight(text, spec.Width) : PadLeft(text, spec.Width));
        }

        private int Count()
        {
            if (Peek() == '*')
            {
                at++;
                var count = Argument();
                if (count is not (long or bool)) throw Fault.Type("* wants int");
                return (int)Math.Clamp(Arguments.ToInteger(count), -int.MaxValue, int.MaxValue);
            }
            long number = 0;
            while (char.IsAsciiDigit(Peek())) number = Math.Min(number * 10 + format[at++] - '0', int.MaxValue);
            return (int)number;
        }

        private string Text(object value, char kind, int precision)
        {
            var text = kind switch
            {
                's' => escape ? MarkupMethods.Escape(budget, value).Text : Jinja.Text.Str(budget, value),
                'r' => escape ? Markup.Escape(Jinja.Text.Repr(budget, value)) : Jinja.Text.Repr(budget, value),
                _ => Jinja.Text.Ascii(budget, value),
            };
            return precision >= 0 ? text[..CodePoints.Offset(text, precision)] : text;
        }

        private static BigInteger Integer(object value, char kind)
        {
            if (Values.IsInteger(value, out var number)) return number;
            if (value is Undefined undefined) throw undefined.Fail();
            if (value is double d && kind is 'd' or 'i' or 'u')
                return value is double real && double.IsFinite(real) ? new BigInteger(Math.Truncate(real)) : throw Fault.Value("cannot convert float infinity or NaN to integer");
            throw Fault.Type($"%{kind} format: {(kind is 'd' or 'i' or 'u' ? "a real number" : "an integer")} is required, not {Values.TypeName(value)}");
        }

        private static double Float(object value) => value is Undefined undefined ? throw undefined.Fail() : Arithmetic.ToDouble(value);

        private static string Character(object value)
        {
            if (Values.IsText(value, out var text)) return CodePoints.Length(text) == 1 ? text : throw Fault.Type("%c requires int or char");
            if (!Values.IsInteger(value, out var number)) throw Fault.Type("%c requires int or char");
            return number >= 0 && number <= 0x10ffff && number is var n && (n < 0xd800 || n > 0xdfff) ? char.ConvertFromUtf32((int)n) : throw Fault.Overflow("%c arg not in range(0x110000)");
        }
    }

    public static string PadLeft(string text, int width) => new string(' ', Math.Max(0, width - CodePoints.Length(text))) + text;

    public static string PadRight(string text, int width) => text + new string(' ', Math.Max(0, width - CodePoints.Length(text)));
}
