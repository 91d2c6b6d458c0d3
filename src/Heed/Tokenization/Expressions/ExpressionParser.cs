using System.Globalization;

namespace Heed.Tokenization.Expressions;

/// <summary>
/// Reads the regular expressions of tokenizer files, which are Oniguruma's (Ruby syntax): ^ and $ are line anchors,
/// classes nest and intersect (&amp;&amp;), possessive quantifiers are ?+ *+ ++. Back references, captures by name
/// and conditionals are refused by name; no tokenizer uses them.
/// </summary>
internal sealed class ExpressionParser
{
    private const int MaximumDepth = 60;
    private const int MaximumRepeat = 1000;

    private readonly string _text;
    private int _at;
    private int _depth;
    private bool _ignoreCase;
    private bool _dotMatchesNewline;
    private bool _extended;

    private ExpressionParser(string text) => _text = text;

    /// <summary>The tree of <paramref name="expression"/>.</summary>
    /// <exception cref="HeedException">It is not an expression, or uses something that is not supported.</exception>
    public static Node Parse(string expression)
    {
        var parser = new ExpressionParser(expression);
        var node = parser.ReadChoice();
        if (parser._at < expression.Length) throw parser.Error("a ) that closes nothing");
        return node;
    }

    private HeedException Error(string what)
        => new($"The regular expression {Shorten(_text)} has {what} at character {_at}.");

    private static string Shorten(string text) => text.Length <= 200 ? $"\"{text}\"" : $"\"{text[..200]}…\"";

    private bool More => _at < _text.Length;

    private bool Take(string token)
    {
        if (string.CompareOrdinal(_text, _at, token, 0, token.Length) != 0) return false;
        _at += token.Length;
        return true;
    }

    private Node ReadChoice()
    {
        if (++_depth > MaximumDepth) throw Error($"groups nested more than {MaximumDepth} deep");
        var (ignoreCase, dot, extended) = (_ignoreCase, _dotMatchesNewline, _extended);
        var parts = new List<Node> { ReadSequence() };
        while (Take("|")) parts.Add(ReadSequence());
        (_ignoreCase, _dotMatchesNewline, _extended) = (ignoreCase, dot, extended);   // (?i) lasts to the end of its group
        _depth--;
        return parts.Count == 1 ? parts[0] : new Node.Choice(parts);
    }

    private Node ReadSequence()
    {
        var parts = new List<Node>();
        while (More && _text[_at] is not ('|' or ')'))
        {
            if (_extended && SkipExtended()) continue;
            if (ReadAtom() is { } atom) parts.Add(ReadQuantifiers(atom));
        }
        return parts.Count == 1 ? parts[0] : new Node.Sequence(parts);
    }

    private bool SkipExtended()
    {
        if (char.IsWhiteSpace(_text[_at])) { _at++; return true; }
        if (_text[_at] != '#') return false;
        while (More && _text[_at] != '\n') _at++;
        return true;
    }

    private Node ReadQuantifiers(Node atom)
    {
        var stacked = 0;
        while (More)
        {
            int minimum, maximum;
            var interval = false;
            if (Take("*")) (minimum, maximum) = (0, -1);
            else if (Take("+")) (minimum, maximum) = (1, -1);
            else if (Take("?")) (minimum, maximum) = (0, 1);
            else if (_text[_at] == '{' && TryReadInterval(out minimum, out maximum)) interval = true;
            else break;
            if (++stacked > 4) throw Error("too many quantifiers in a row");
            var kind = RepeatKind.Greedy;
            if (Take("?")) kind = RepeatKind.Lazy;
            else if (!interval && Take("+")) kind = RepeatKind.Possessive;
            atom = new Node.Repeat(atom, minimum, maximum, kind);
        }
        return atom;
    }

    private bool TryReadInterval(out int minimum, out int maximum)
    {
        // {n} {n,} {,m} {n,m}; anything else is a literal brace.
        (minimum, maximum) = (0, 0);
        var start = _at++;
        var low = ReadNumber();
        int? high = low;
        if (Take(",")) high = ReadNumber() ?? -1;
        if (!Take("}") || (low is null && high is null or -1))
        {
            _at = start;
            return false;
        }
        (minimum, maximum) = (low ?? 0, high!.Value);
        if (minimum > MaximumRepeat || maximum > MaximumRepeat) throw Error($"a repeat of more than {MaximumRepeat}");
        if (maximum >= 0 && maximum < minimum) throw Error("a repeat whose maximum is below its minimum");
        return true;
    }

    private int? ReadNumber()
    {
        var start = _at;
        while (More && char.IsAsciiDigit(_text[_at])) _at++;
        if (_at == start) return null;
        return int.TryParse(_text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value : throw Error("a number that is too large");
    }

    private Node? ReadAtom()
    {
        var c = CodePoints.At(_text, _at, out var units);
        switch (c)
        {
            case '(':
                _at++;
                return ReadGroup();
            case '[':
                _at++;
                return new Node.Set(Class(ReadClass()));
            case '.':
                _at++;
                var newline = _dotMatchesNewline;
                return new Node.Set(new CodePointClass(x => newline || x != '\n'));
            case '^':
                _at++;
                return new Node.Anchor(AnchorKind.LineStart);
            case '$':
                _at++;
                return new Node.Anchor(AnchorKind.LineEnd);
            case '\\':
                _at++;
                return ReadEscape();
            case '*' or '+' or '?':
                throw Error("a quantifier with nothing to repeat");
            default:
                _at += units;
                return Literal(c);
        }
    }

    private Node.Set Literal(int c) => new(Class(x => x == c));

    /// <summary>The class of a test, with the case variants of its members where (?i) is on.</summary>
    private CodePointClass Class(Func<int, bool> test)
    {
        if (!_ignoreCase) return new CodePointClass(test);
        HashSet<int> folded = [];
        for (var c = 'A'; c <= 'z'; c++)
            if (test(c)) folded.Add(CodePoints.Fold(c));
        return new CodePointClass(x => test(x) || folded.Contains(CodePoints.Fold(x)) || test(CodePoints.Fold(x)) || test(Upper(x)));
    }

    private static int Upper(int c) => System.Text.Rune.IsValid(c) ? System.Text.Rune.ToUpperInvariant(new System.Text.Rune(c)).Value : c;

    private Node? ReadGroup()
    {
        if (!Take("?")) return CloseGroup(ReadChoice());
        if (Take(":")) return CloseGroup(ReadChoice());
        if (Take("=")) return new Node.Look(CloseGroup(ReadChoice()), Behind: false, Negative: false);
        if (Take("!")) return new Node.Look(CloseGroup(ReadChoice()), Behind: false, Negative: true);
        if (Take("<=")) return new Node.Look(CloseGroup(ReadChoice()), Behind: true, Negative: false);
        if (Take("<!")) return new Node.Look(CloseGroup(ReadChoice()), Behind: true, Negative: true);
        if (Take(">")) return new Node.Atomic(CloseGroup(ReadChoice()));
        if (Take("#"))
        {
            while (More && _text[_at] != ')') _at++;
            if (!Take(")")) throw Error("a comment without an end");
            return null;
        }
        if (Take("<"))
        {
            while (More && (char.IsLetterOrDigit(_text[_at]) || _text[_at] == '_')) _at++;
            if (!Take(">")) throw Error("a group name without its >");
            return CloseGroup(ReadChoice());
        }
        // Options: (?i) to the end of the group, (?i:…) for what is inside.
        var (ignoreCase, dot, extended) = (_ignoreCase, _dotMatchesNewline, _extended);
        for (var on = true; More; _at++)
        {
            switch (_text[_at])
            {
                case 'i': _ignoreCase = on; continue;
                case 'm': _dotMatchesNewline = on; continue;
                case 'x': _extended = on; continue;
                case '-': on = false; continue;
                case ')':
                    _at++;
                    return null;
                case ':':
                    _at++;
                    var body = CloseGroup(ReadChoice());
                    (_ignoreCase, _dotMatchesNewline, _extended) = (ignoreCase, dot, extended);
                    return body;
                default:
                    throw Error($"a group of the kind (?{_text[_at]}, which is not supported,");
            }
        }
        throw Error("a group without an end");
    }

    private Node CloseGroup(Node body) => Take(")") ? body : throw Error("a group without an end");

    private Node ReadEscape()
    {
        if (!More) throw Error("a \\ at its end");
        switch (_text[_at])
        {
            case 'A': _at++; return new Node.Anchor(AnchorKind.TextStart);
            case 'z': _at++; return new Node.Anchor(AnchorKind.TextEnd);
            case 'Z': _at++; return new Node.Anchor(AnchorKind.TextEndOrLastNewline);
            case 'b': _at++; return new Node.Anchor(AnchorKind.WordBoundary);
            case 'B': _at++; return new Node.Anchor(AnchorKind.NotWordBoundary);
            case >= '1' and <= '9': throw Error("a back reference, which is not supported,");
            case 'k' or 'g' or 'K' or 'G' or 'R' or 'X': throw Error($"the escape \\{_text[_at]}, which is not supported,");
        }
        return new Node.Set(Class(ReadClassEscape(out _)));
    }

    /// <summary>An escape that stands for a set or a character (then <paramref name="single"/> is it, else -1). The \ is already read.</summary>
    private Func<int, bool> ReadClassEscape(out int single)
    {
        if (!More) throw Error("a \\ at its end");
        single = -1;
        var c = CodePoints.At(_text, _at, out var units);
        _at += units;
        switch (c)
        {
            case 's': return CodePoints.IsWhiteSpace;
            case 'S': return x => !CodePoints.IsWhiteSpace(x);
            case 'd': return x => CodePoints.Is(x, CodePoints.Bit(UnicodeCategory.DecimalDigitNumber));
            case 'D': return x => !CodePoints.Is(x, CodePoints.Bit(UnicodeCategory.DecimalDigitNumber));
            case 'w': return CodePoints.IsWord;
            case 'W': return x => !CodePoints.IsWord(x);
            case 'h': return x => x < 128 && char.IsAsciiHexDigit((char)x);
            case 'H': return x => x >= 128 || !char.IsAsciiHexDigit((char)x);
            case 'p' or 'P':
                if (!Take("{")) throw Error("\\p without {…}");
                var end = _text.IndexOf('}', _at);
                if (end < 0) throw Error("\\p{ without its }");
                var name = _text[_at..end];
                _at = end + 1;
                var negative = c == 'P';
                if (name.StartsWith('^')) (name, negative) = (name[1..], !negative);
                var property = UnicodeProperties.Find(name)
                    ?? throw Error($"\\p{{{name}}}, a property that is not known (known: general categories such as L or Lu, scripts such as Han, Alpha, Digit, Space, Upper, Lower, Punct, Alnum, Word),");
                return negative ? x => !property(x) : property;
        }
        single = c switch
        {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' => 0x1B,
            '0' => 0,
            'x' => Take("{") ? ReadHexadecimal(1, 6, "}") : ReadHexadecimal(1, 2, ""),
            'u' => ReadHexadecimal(4, 4, ""),
            _ => c,
        };
        var value = single;
        return x => x == value;
    }

    private int ReadHexadecimal(int minimum, int maximum, string close)
    {
        var start = _at;
        while (More && _at - start < maximum && char.IsAsciiHexDigit(_text[_at])) _at++;
        if (_at - start < minimum || !Take(close)) throw Error("a hexadecimal escape that is not one");
        var digits = _text.AsSpan(start, _at - start - close.Length);
        var value = int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return value <= 0x10FFFF ? value : throw Error("a code point beyond U+10FFFF");
    }

    /// <summary>A class after its [: alternatives, ranges, nested classes, intersections.</summary>
    private Func<int, bool> ReadClass()
    {
        if (++_depth > MaximumDepth) throw Error($"classes nested more than {MaximumDepth} deep");
        var negative = Take("^");
        var members = new List<Func<int, bool>>();
        Func<int, bool>? intersection = null;
        var first = true;
        while (true)
        {
            if (!More) throw Error("a [ without its ]");
            if (_text[_at] == ']' && !first) break;
            first = false;
            if (Take("&&"))
            {
                intersection = And(intersection, Any(members));
                members = [];
                continue;
            }
            if (_text[_at] == '[')
            {
                if (TryReadPosix() is { } posix) members.Add(posix);
                else
                {
                    _at++;
                    members.Add(ReadClass());
                }
                continue;
            }
            members.Add(ReadMember());
        }
        _at++;
        _depth--;
        var all = And(intersection, Any(members));
        return negative ? x => !all(x) : all;
    }

    private static Func<int, bool> And(Func<int, bool>? a, Func<int, bool> b) => a is null ? b : x => a(x) && b(x);

    private static Func<int, bool> Any(List<Func<int, bool>> members) => members.Count switch
    {
        1 => members[0],
        _ => x =>
        {
            foreach (var member in members)
                if (member(x)) return true;
            return false;
        }
        ,
    };

    private Func<int, bool> ReadMember()
    {
        var low = ReadClassCharacter(out var set);
        if (set is not null) return set;
        if (_at + 1 < _text.Length && _text[_at] == '-' && _text[_at + 1] != ']')
        {
            _at++;
            if (_text[_at] == '[') throw Error("a range that ends in a class");
            var high = ReadClassCharacter(out var highSet);
            if (highSet is not null) return x => x == low || x == '-' || highSet(x);
            if (high < low) throw Error("a range whose end is before its start");
            return x => x >= low && x <= high;
        }
        return x => x == low;
    }

    private int ReadClassCharacter(out Func<int, bool>? set)
    {
        set = null;
        if (_text[_at] == '\\')
        {
            _at++;
            if (Take("b")) return '\b';
            var test = ReadClassEscape(out var single);
            if (single < 0) set = test;
            return single;
        }
        var c = CodePoints.At(_text, _at, out var units);
        _at += units;
        return c;
    }

    private Func<int, bool>? TryReadPosix()
    {
        if (string.CompareOrdinal(_text, _at, "[:", 0, 2) != 0) return null;
        var end = _text.IndexOf(":]", _at + 2, StringComparison.Ordinal);
        if (end < 0) return null;
        var name = _text[(_at + 2)..end];
        var negative = name.StartsWith('^');
        var property = UnicodeProperties.Find(negative ? name[1..] : name);
        if (property is null) return null;
        _at = end + 2;
        return negative ? x => !property(x) : property;
    }
}
