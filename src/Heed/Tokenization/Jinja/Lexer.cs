using System.Globalization;
using System.Numerics;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>
/// Cuts a template into tokens as Jinja2 does with <c>trim_blocks</c> and <c>lstrip_blocks</c>: the newline after a block
/// goes, white space before a block on its own line goes, <c>-</c> strips to both sides, <c>+</c> keeps.
/// The rules and their order follow jinja2's lexer.py (3.1).
/// </summary>
internal sealed class Lexer
{
    private const string TwoCharacterOperators = "// ** == != >= <=";
    private readonly string source;
    private readonly List<Token> tokens = [];
    private int at;
    private int line = 1;

    /// <summary>True when what was read last ended a line, so that white space up to a block may be stripped.</summary>
    private bool lineStarting = true;

    private Lexer(string template)
    {
        var text = template.Replace("\r\n", "\n").Replace('\r', '\n');
        source = text.EndsWith('\n') ? text[..^1] : text;
    }

    public static List<Token> Tokenize(string template)
    {
        var lexer = new Lexer(template);
        lexer.Root();
        lexer.tokens.Add(new(TokenKind.End, "", lexer.line));
        return lexer.tokens;
    }

    private void Root()
    {
        while (at < source.Length)
        {
            var open = NextOpening();
            if (open < 0)
            {
                Data(source[at..]);
                at = source.Length;
                return;
            }
            var kind = source[open + 1];
            var afterSign = open + 2;
            var sign = afterSign < source.Length && source[afterSign] is '-' or '+' ? source[afterSign] : ' ';
            if (sign != ' ') afterSign++;
            var raw = kind == '%' ? RawBegin(afterSign) : -1;
            Data(Stripped(source[at..open], sign, kind == '{'));
            Advance(raw >= 0 ? raw : afterSign, from: open);
            if (raw >= 0) Raw();
            else if (kind == '#') Comment();
            else Tag(kind == '{');
        }
    }

    /// <summary>The next {{, {% or {#.</summary>
    private int NextOpening()
    {
        for (var i = source.IndexOf('{', at); i >= 0 && i + 1 < source.Length; i = source.IndexOf('{', i + 1))
            if (source[i + 1] is '{' or '%' or '#') return i;
        return -1;
    }

    /// <summary>Moves on, counting the lines of what is passed over (the data before it has been counted).</summary>
    private void Advance(int to, int from)
    {
        line += source.AsSpan(from, to - from).Count('\n');
        if (to > from) lineStarting = source[to - 1] == '\n';
        at = to;
    }

    private void Data(string text)
    {
        if (text.Length > 0) tokens.Add(new(TokenKind.Data, text, line));
        // The stripped part counts too: lines are those of the file.
        line += pendingLines + text.AsSpan().Count('\n');
        pendingLines = 0;
    }

    private int pendingLines;

    /// <summary>Text before a tag, without what the tag's sign or <c>lstrip_blocks</c> takes away.</summary>
    private string Stripped(string text, char sign, bool isVariable)
    {
        if (sign == '-')
        {
            var end = text.Length;
            while (end > 0 && CodePoints.IsSpace(text[end - 1])) end--;
            pendingLines = text.AsSpan(end).Count('\n');
            return text[..end];
        }
        if (sign == '+' || isVariable) return text;
        var lineStart = text.LastIndexOf('\n') + 1;
        if (lineStart == 0 && !lineStarting) return text;
        for (var i = lineStart; i < text.Length; i++)
            if (!CodePoints.IsSpace(text[i])) return text;
        return text[..lineStart];
    }

    private int SkipSpace(int from)
    {
        while (from < source.Length && CodePoints.IsSpace(source[from])) from++;
        return from;
    }

    private bool Has(int index, string text) => string.CompareOrdinal(source, index, text, 0, text.Length) == 0;

    /// <summary>The end of <c>raw %}</c>, or -1 when this is another tag.</summary>
    private int RawBegin(int from)
    {
        from = SkipSpace(from);
        if (!Has(from, "raw")) return -1;
        from = SkipSpace(from + 3);
        return Has(from, "-%}") ? SkipSpace(from + 3) : Has(from, "%}") ? from + 2 : -1;
    }

    private void Raw()
    {
        for (var open = source.IndexOf("{%", at, StringComparison.Ordinal); open >= 0; open = source.IndexOf("{%", open + 1, StringComparison.Ordinal))
        {
            var from = open + 2;
            var sign = from < source.Length && source[from] is '-' or '+' ? source[from] : ' ';
            if (sign != ' ') from++;
            from = SkipSpace(from);
            if (!Has(from, "endraw")) continue;
            var end = BlockEnd(SkipSpace(from + 6));
            if (end < 0) continue;
            Data(Stripped(source[at..open], sign, isVariable: false));
            Advance(end, from: open);
            return;
        }
        throw Fault.Syntax("Missing end of raw directive", line);
    }

    /// <summary>The end of a block's closing with what it swallows, or -1.</summary>
    private int BlockEnd(int from) =>
        Has(from, "+%}") ? from + 3
        : Has(from, "-%}") ? SkipSpace(from + 3)
        : Has(from, "%}") ? from + 2 + (from + 2 < source.Length && source[from + 2] == '\n' ? 1 : 0)
        : -1;

    private void Comment()
    {
        var end = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (end < 0) throw Fault.Syntax("Missing end of comment tag", line);
        var sign = end > at ? source[end - 1] : ' ';
        var to = end + 2;
        if (sign == '-') to = SkipSpace(to);
        else if (sign != '+' && to < source.Length && source[to] == '\n') to++;
        Advance(to, from: at);
    }

    /// <summary>The inside of {{ … }} or {% … %}. Closings only count outside brackets.</summary>
    private void Tag(bool isVariable)
    {
        tokens.Add(new(isVariable ? TokenKind.VariableBegin : TokenKind.BlockBegin, "", line));
        var brackets = new Stack<char>();
        while (true)
        {
            if (at >= source.Length) return; // the parser reports what is missing
            if (brackets.Count == 0)
            {
                var end = !isVariable ? BlockEnd(at) : Has(at, "-}}") ? SkipSpace(at + 3) : Has(at, "}}") ? at + 2 : -1;
                if (end >= 0)
                {
                    tokens.Add(new(isVariable ? TokenKind.VariableEnd : TokenKind.BlockEnd, "", line));
                    Advance(end, from: at);
                    return;
                }
            }
            var c = source[at];
            if (CodePoints.IsSpace(c)) Advance(SkipSpace(at), from: at);
            else if (NumberEnd() is var numberEnd && numberEnd > at) Number(numberEnd);
            else if (IsNamePart(at)) Name();
            else if (c is '\'' or '"') String();
            else Operator(brackets);
        }
    }

    private bool IsNamePart(int index)
    {
        var c = source[index];
        if (c < 0x80) return char.IsAsciiLetterOrDigit(c) || c == '_';
        if (!Rune.TryGetRuneAt(source, index, out var rune))
            return index > 0 && char.IsLowSurrogate(c) && Rune.TryGetRuneAt(source, index - 1, out rune) && Rune.IsLetterOrDigit(rune);
        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber or UnicodeCategory.DecimalDigitNumber
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;
    }

    private void Name()
    {
        var start = at;
        while (at < source.Length && IsNamePart(at)) at++;
        var name = source[start..at];
        // A name that begins with a digit (as in 0x) cannot be one; Python's identifiers are compared in NFKC, ASCII ones are already.
        if (char.IsDigit(name[0]) || char.GetUnicodeCategory(name[0]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
            throw Fault.Syntax("Invalid character in identifier", line);
        tokens.Add(new(TokenKind.Name, name, line));
        lineStarting = false;
    }

    /// <summary>Digits with single underscores between them, from <paramref name="from"/>; the end, or <paramref name="from"/> when there are none.</summary>
    private int Digits(int from, Func<char, bool> isDigit)
    {
        if (from >= source.Length || !isDigit(source[from])) return from;
        while (from < source.Length && (isDigit(source[from]) || (source[from] == '_' && from + 1 < source.Length && isDigit(source[from + 1])))) from++;
        return from;
    }

    private bool isFloat;

    /// <summary>Where the number that begins here ends, or <see cref="at"/>.</summary>
    private int NumberEnd()
    {
        isFloat = false;
        if (!char.IsAsciiDigit(source[at])) return at;
        var digits = Digits(at, char.IsAsciiDigit);
        if (at == 0 || source[at - 1] != '.') // a.1.5 is a, element 1, element 5
        {
            var fraction = digits < source.Length && source[digits] == '.' ? Digits(digits + 1, char.IsAsciiDigit) : digits;
            if (fraction == digits + 1) fraction = digits;
            var exponent = fraction;
            if (fraction < source.Length && source[fraction] is 'e' or 'E')
            {
                var from = fraction + 1;
                if (from < source.Length && source[from] is '+' or '-') from++;
                if (Digits(from, char.IsAsciiDigit) is var end && end > from) exponent = end;
            }
            if (exponent > digits)
            {
                isFloat = true;
                return exponent;
            }
        }
        if (source[at] != '0') return digits;
        if (at + 1 < source.Length && char.ToLowerInvariant(source[at + 1]) is var radix && radix is 'x' or 'o' or 'b')
        {
            var from = at + 2;
            if (from < source.Length && source[from] == '_') from++;
            var end = Digits(from, radix switch { 'x' => char.IsAsciiHexDigit, 'o' => c => c is >= '0' and <= '7', _ => c => c is '0' or '1' });
            if (end > from) return end;
        }
        return Digits(at, c => c == '0');
    }

    private void Number(int end)
    {
        var text = source[at..end].Replace("_", "");
        object value;
        if (isFloat) value = double.Parse(text, CultureInfo.InvariantCulture);
        else
        {
            if (text.Length > 4300) throw Fault.Syntax("an integer of more than 4300 digits", line);
            value = text.Length > 1 && char.IsAsciiLetter(text[1])
                ? Integers.Parse(text[2..], char.ToLowerInvariant(text[1]) switch { 'x' => 16, 'o' => 8, _ => 2 })
                : Values.Integer(BigInteger.Parse(text, CultureInfo.InvariantCulture));
        }
        tokens.Add(new(isFloat ? TokenKind.Float : TokenKind.Integer, value, line));
        lineStarting = false;
        at = end;
    }

    private void String()
    {
        var quote = source[at];
        var end = at + 1;
        while (end < source.Length && source[end] != quote) end += source[end] == '\\' ? 2 : 1;
        if (end >= source.Length) throw Fault.Syntax($"a string that does not end: {source.AsSpan(at, Math.Min(20, source.Length - at))}", line);
        tokens.Add(new(TokenKind.Text, StringLiteral.Unescape(source[(at + 1)..end], line), line));
        Advance(end + 1, from: at);
    }

    private void Operator(Stack<char> brackets)
    {
        var c = source[at];
        var op = at + 1 < source.Length && source[at + 1] is '/' or '*' or '=' && TwoCharacterOperators.Contains(source.Substring(at, 2), StringComparison.Ordinal)
            ? source.Substring(at, 2)
            : "+-/*%~[](){}><=.:|,;".Contains(c) ? c.ToString()
            : throw Fault.Syntax($"unexpected character '{c}'", line);
        switch (c)
        {
            case '{': brackets.Push('}'); break;
            case '(': brackets.Push(')'); break;
            case '[': brackets.Push(']'); break;
            case '}' or ')' or ']':
                if (!brackets.TryPop(out var expected)) throw Fault.Syntax($"unexpected '{c}'", line);
                if (expected != c) throw Fault.Syntax($"unexpected '{c}', expected '{expected}'", line);
                break;
        }
        tokens.Add(new(TokenKind.Operator, op, line));
        lineStarting = false;
        at += op.Length;
    }
}
