using System.Globalization;
using System.Numerics;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>str</c> and <c>repr</c>.</summary>
internal static class Text
{
    public static string Str(Budget budget, object value)
    {
        switch (value)
        {
            case string s: return s;
            case Markup m: return m.Text;
            case Undefined: return "";
            default:
                var text = new StringBuilder();
                Repr(budget, value, text);
                return text.ToString();
        }
    }

    public static string Repr(Budget budget, object value)
    {
        var text = new StringBuilder();
        Repr(budget, value, text);
        return text.ToString();
    }

    private static void Repr(Budget budget, object value, StringBuilder text)
    {
        budget.Spend(2);
        if (text.Length > Budget.MaxSize) throw Fault.Limit($"a text of more than {Budget.MaxSize} characters");
        switch (value)
        {
            case None: text.Append("None"); break;
            case bool b: text.Append(b ? "True" : "False"); break;
            case long n: text.Append(n.ToString(CultureInfo.InvariantCulture)); break;
            case BigInteger n: text.Append(Digits(n)); break;
            case double d: text.Append(FloatText.Repr(d)); break;
            case string s: Quote(budget, s, text); break;
            case Markup m: text.Append("Markup("); Quote(budget, m.Text, text); text.Append(')'); break;
            case Undefined: text.Append("Undefined"); break;
            case ListValue l: Sequence(budget, l.Items, "[", "]", text); break;
            case TupleValue t: Sequence(budget, t.Items, "(", t.Items.Length == 1 ? ",)" : ")", text); break;
            case DictValue d: Pairs(budget, d, text); break;
            case DictView v:
                text.Append("dict_").Append(v.Kind).Append('(');
                Sequence(budget, Iteration.ToList(budget, v), "[", "]", text);
                text.Append(')');
                break;
            case RangeValue r:
                text.Append(CultureInfo.InvariantCulture, $"range({r.Start}, {r.Stop}{(r.Step == 1 ? "" : ", " + r.Step)})");
                break;
            case NamespaceValue n: text.Append("<Namespace "); Pairs(budget, n.Attributes, text); text.Append('>'); break;
            case LoopValue l: text.Append(CultureInfo.InvariantCulture, $"<LoopContext {l.Index0 + 1}/{l.Length}>"); break;
            case Macro m: text.Append("<Macro ").Append(m.Name is null ? "anonymous" : Repr(budget, m.Name)).Append('>'); break;
            case TypeFunction f: text.Append($"<class '{f.TypeName}'>"); break;
            case Callable c: text.Append($"<function {c.Name}>"); break;
            default: text.Append($"<{Values.TypeName(value)} object>"); break;
        }
    }

    /// <summary>An integer's digits; Python refuses more than 4,300 of them.</summary>
    public static string Digits(BigInteger number)
    {
        var digits = number.ToString(CultureInfo.InvariantCulture);
        return digits.Length - (number.Sign < 0 ? 1 : 0) <= 4300 ? digits
            : throw Fault.Value("Exceeds the limit (4300 digits) for integer string conversion");
    }

    private static void Sequence(Budget budget, IList<object> items, string open, string close, StringBuilder text)
    {
        budget.Enter();
        text.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) text.Append(", ");
            Repr(budget, items[i], text);
        }
        text.Append(close);
        budget.Leave();
    }

    private static void Pairs(Budget budget, DictValue dict, StringBuilder text)
    {
        budget.Enter();
        text.Append('{');
        var first = true;
        foreach (var (key, value) in dict.Items)
        {
            if (!first) text.Append(", ");
            first = false;
            Repr(budget, key, text);
            text.Append(": ");
            Repr(budget, value, text);
        }
        text.Append('}');
        budget.Leave();
    }

    /// <summary>A string literal as Python writes it: single quotes unless that would need escaping, unprintable characters escaped.</summary>
    private static void Quote(Budget budget, string value, StringBuilder text)
    {
        budget.Charge(value.Length);
        var quote = value.Contains('\'') && !value.Contains('"') ? '"' : '\'';
        text.Append(quote);
        foreach (var c in CodePoints.Numbers(value))
        {
            switch (c)
            {
                case '\\': text.Append(@"\\"); break;
                case '\n': text.Append(@"\n"); break;
                case '\r': text.Append(@"\r"); break;
                case '\t': text.Append(@"\t"); break;
                case var q when q == quote: text.Append('\\').Append(quote); break;
                case < 0x7f and >= 0x20: text.Append((char)c); break;
                default:
                    if (c >= 0x80 && CodePoints.IsPrintable(c)) text.Append(char.ConvertFromUtf32(c));
                    else text.Append(Escaped(c));
                    break;
            }
        }
        text.Append(quote);
    }

    private static string Escaped(int c) => c < 0x100 ? $@"\x{c:x2}" : c < 0x10000 ? $@"\u{c:x4}" : $@"\U{c:x8}";

    /// <summary>Python's <c>ascii</c>: <c>repr</c> with everything beyond ASCII escaped.</summary>
    public static string Ascii(Budget budget, object value)
    {
        var text = new StringBuilder();
        foreach (var c in CodePoints.Numbers(Repr(budget, value)))
            if (c < 0x80) text.Append((char)c);
            else text.Append(Escaped(c));
        return text.ToString();
    }
}
