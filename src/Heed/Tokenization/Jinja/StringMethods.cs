using System.Globalization;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>The methods of Python's <c>str</c>.</summary>
internal static class StringMethods
{
    public static readonly HashSet<string> Names =
    [
        "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map", "index", "isalnum", "isalpha",
        "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust",
        "lower", "lstrip", "maketrans", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit",
        "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill",
    ];

    public static object Call(Rendering r, string text, string name, Arguments arguments)
    {
        var budget = r.Budget;
        budget.Charge(text.Length);
        switch (name)
        {
            case "format": return BraceFormat.Format(r, text, arguments, markup: false);
            case "format_map":
                var map = arguments.RequiredPositional();
                arguments.Done();
                return BraceFormat.FormatMap(r, text, map, markup: false);
            case "join":
                var items = arguments.RequiredPositional();
                arguments.Done();
                return Join(budget, text, items);
            case "split" or "rsplit":
                var separator = arguments.Optional("sep", None.Value);
                var limit = arguments.Integer("maxsplit", -1);
                arguments.Done();
                return new ListValue([.. Splitting.Split(budget, text, separator is None ? null : Operand(separator), limit, fromRight: name == "rsplit")]);
            case "splitlines":
                var keepEnds = arguments.Flag("keepends");
                arguments.Done();
                return new ListValue([.. Splitting.Lines(budget, text, keepEnds)]);
            case "partition" or "rpartition":
                var mark = Operand(arguments.RequiredPositional());
                arguments.Done();
                return Splitting.Partition(text, mark, fromRight: name == "rpartition");
            case "replace":
                var old = Operand(arguments.RequiredPositional());
                var fresh = Operand(arguments.RequiredPositional());
                var count = arguments.Integer("count", -1);
                arguments.Done();
                return Replace(budget, text, old, fresh, count);
            case "startswith" or "endswith": return Affix(text, name == "startswith", arguments);
            case "find" or "rfind" or "index" or "rindex" or "count": return Search(text, name, arguments);
            case "encode" or "translate" or "maketrans": throw Fault.Type($"str.{name}() is not available in chat templates here");
        }
        object result = name switch
        {
            "upper" => Casing.Upper(text),
            "lower" or "casefold" => name == "lower" ? Casing.Lower(text) : Casing.Fold(text),
            "title" => Casing.Title(text),
            "capitalize" => Casing.Capitalize(text),
            "swapcase" => Casing.SwapCase(text),
            "strip" or "lstrip" or "rstrip" => Strip(text, Chars(arguments), name != "rstrip", name != "lstrip"),
            "removeprefix" => Operand(arguments.RequiredPositional()) is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
            "removesuffix" => Operand(arguments.RequiredPositional()) is var suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
            "center" or "ljust" or "rjust" => Pad(budget, text, name, Arguments.ToInteger(arguments.RequiredPositional()), Fill(arguments)),
            "zfill" => ZeroFill(budget, text, Arguments.ToInteger(arguments.RequiredPositional())),
            "expandtabs" => ExpandTabs(budget, text, arguments.Integer("tabsize", 8)),
            _ => Values.Bool(Is(text, name)),
        };
        arguments.Done();
        return result is string made ? budget.Made(made) : result;
    }

    /// <summary>The text of an argument that must be one.</summary>
    public static string Operand(object value) =>
        Values.IsText(value, out var text) ? text
        : value is Undefined undefined ? throw Fault.Type($"must be str, not Undefined ({undefined.Message})")
        : throw Fault.Type($"must be str, not {Values.TypeName(value)}");

    private static string? Chars(Arguments arguments) => arguments.NextPositional() is { } value and not None ? Operand(value) : null;

    private static string Fill(Arguments arguments)
    {
        var fill = arguments.NextPositional() is { } value ? Operand(value) : " ";
        return CodePoints.Length(fill) == 1 ? fill : throw Fault.Type("The fill character must be exactly one character long");
    }

    public static string Join(Budget budget, string separator, object items)
    {
        var text = new StringBuilder();
        var index = 0;
        foreach (var item in Iteration.Over(budget, items, "can only join an iterable"))
        {
            if (!Values.IsText(item, out var part)) throw Fault.Type($"sequence item {index}: expected str instance, {Values.TypeName(item)} found");
            if (index++ > 0) text.Append(separator);
            budget.Charge(part.Length + separator.Length);
            text.Append(part);
            if (text.Length > Budget.MaxSize) budget.Charge(text.Length);
        }
        return text.ToString();
    }

    /// <summary>Without the characters of <paramref name="chars"/> (null: white space) at the chosen ends.</summary>
    public static string Strip(string text, string? chars, bool left, bool right)
    {
        if (chars is not null && !(CodePoints.AreUnits(chars) && CodePoints.AreUnits(text))) return StripCodePoints(text, chars, left, right);
        var (start, end) = (0, text.Length);
        if (left) while (start < end && Matches(text[start])) start++;
        if (right) while (end > start && Matches(text[end - 1])) end--;
        return text[start..end];

        bool Matches(char c) => chars is null ? CodePoints.IsSpace(c) : chars.Contains(c);
    }

    private static string StripCodePoints(string text, string chars, bool left, bool right)
    {
        var set = new HashSet<string>(CodePoints.Each(chars), StringComparer.Ordinal);
        var items = CodePoints.ToArray(text);
        var (start, end) = (0, items.Length);
        if (left) while (start < end && set.Contains(items[start])) start++;
        if (right) while (end > start && set.Contains(items[end - 1])) end--;
        return string.Concat(items[start..end]);
    }

    public static string Replace(Budget budget, string text, string old, string fresh, long count)
    {
        if (count == 0) return text;
        var limit = count < 0 ? long.MaxValue : count;
        var result = new StringBuilder();
        long done = 0;
        if (old.Length == 0)
        {
            // Between all characters, and at both ends.
            foreach (var c in CodePoints.Each(text))
            {
                if (done++ < limit) Append(fresh);
                Append(c);
            }
            if (done < limit) Append(fresh);
            return result.ToString();
        }
        var at = 0;
        while (done < limit && text.IndexOf(old, at, StringComparison.Ordinal) is var found && found >= 0)
        {
            result.Append(text, at, found - at);
            Append(fresh);
            at = found + old.Length;
            done++;
        }
        result.Append(text, at, text.Length - at);
        return budget.Made(result.ToString());

        void Append(string part)
        {
            budget.Charge((long)result.Length + part.Length > Budget.MaxSize ? (long)result.Length + part.Length : part.Length);
            result.Append(part);
        }
    }

    /// <summary>The part of the text between optional start and end arguments, in code points, or null when start is beyond the end.</summary>
    private static (string Part, long Start)? Window(string text, Arguments arguments)
    {
        var length = CodePoints.Length(text);
        var start = Bound(arguments.NextPositional(), 0);
        var stop = Math.Min(Bound(arguments.NextPositional(), length), length);
        arguments.Done();
        if (start > stop) return null;
        var from = CodePoints.Offset(text, start);
        return (text[from..CodePoints.Offset(text, stop)], start);

        long Bound(object? value, long otherwise) =>
            value is null or None ? otherwise : Arguments.ToInteger(value) is var n && n < 0 ? Math.Max(0, n + length) : n;
    }

    private static object Affix(string text, bool atStart, Arguments arguments)
    {
        var wanted = arguments.RequiredPositional();
        var candidates = wanted is TupleValue tuple ? tuple.Items : [wanted];
        foreach (var candidate in candidates)
            if (!Values.IsText(candidate, out _)) throw Fault.Type($"{arguments.Function} first arg must be str or a tuple of str, not {Values.TypeName(candidate)}");
        if (Window(text, arguments) is not { } window) return Values.False;
        return Values.Bool(candidates.Any(candidate => atStart
            ? window.Part.StartsWith(Operand(candidate), StringComparison.Ordinal)
            : window.Part.EndsWith(Operand(candidate), StringComparison.Ordinal)));
    }

    private static object Search(string text, string name, Arguments arguments)
    {
        var wanted = Operand(arguments.RequiredPositional());
        var window = Window(text, arguments);
        if (name == "count")
        {
            if (window is not { } all) return 0L;
            if (wanted.Length == 0) return CodePoints.Length(all.Part) + 1L;
            long count = 0;
            for (var i = all.Part.IndexOf(wanted, StringComparison.Ordinal); i >= 0; i = all.Part.IndexOf(wanted, i + wanted.Length, StringComparison.Ordinal)) count++;
            return count;
        }
        var at = window is not { } w ? -1
            : name.StartsWith('r') ? wanted.Length == 0 ? w.Part.Length : w.Part.LastIndexOf(wanted, StringComparison.Ordinal)
            : w.Part.IndexOf(wanted, StringComparison.Ordinal);
        if (at >= 0) return window!.Value.Start + CodePoints.Length(window.Value.Part.AsSpan(0, at));
        return name.EndsWith("find", StringComparison.Ordinal) ? -1L : throw Fault.Value("substring not found");
    }

    /// <summary>Padded to a width. Odd paddings of <c>center</c> put the extra on the left when the width is odd, as CPython does.</summary>
    public static string Pad(Budget budget, string text, string how, long width, string fill)
    {
        var missing = width - CodePoints.Length(text);
        if (missing <= 0) return text;
        budget.Charge(missing, fill.Length);
        var left = how switch { "ljust" => 0, "rjust" => missing, _ => missing / 2 + (missing & width & 1) };
        return Repeat(fill, left) + text + Repeat(fill, missing - left);
    }

    private static string Repeat(string unit, long times) => string.Concat(Enumerable.Repeat(unit, (int)times));

    private static string ZeroFill(Budget budget, string text, long width)
    {
        var missing = width - CodePoints.Length(text);
        if (missing <= 0) return text;
        budget.Charge(missing);
        var signed = text.StartsWith('+') || text.StartsWith('-');
        return (signed ? text[..1] : "") + new string('0', (int)missing) + (signed ? text[1..] : text);
    }

    private static string ExpandTabs(Budget budget, string text, long size)
    {
        var result = new StringBuilder();
        long column = 0;
        foreach (var c in CodePoints.Each(text))
        {
            if (c == "\t")
            {
                var spaces = size > 0 ? size - column % size : 0;
                budget.Charge((long)result.Length + spaces > Budget.MaxSize ? (long)result.Length + spaces : spaces);
                result.Append(' ', (int)spaces);
                column += spaces;
                continue;
            }
            column = c is "\n" or "\r" ? 0 : column + 1;
            result.Append(c);
        }
        return result.ToString();
    }

    private static bool Is(string text, string name)
    {
        switch (name)
        {
            case "isascii": return Ascii.IsValid(text);
            case "isprintable": return CodePoints.Numbers(text).All(CodePoints.IsPrintable);
            case "isidentifier": return IsIdentifier(text);
            case "islower" or "isupper": return IsCase(text, name == "isupper");
            case "istitle": return IsTitle(text);
        }
        return text.Length > 0 && CodePoints.Each(text).All(c => name switch
        {
            "isspace" => c.Length == 1 && CodePoints.IsSpace(c[0]),
            "isalpha" => IsLetter(c),
            "isdecimal" => CharUnicodeInfo.GetDecimalDigitValue(c, 0) >= 0,
            "isdigit" => CharUnicodeInfo.GetDigitValue(c, 0) >= 0,
            "isnumeric" => CharUnicodeInfo.GetNumericValue(c, 0) != -1 || Ideographs.Contains(c, StringComparison.Ordinal),
            _ => IsLetter(c) || CharUnicodeInfo.GetNumericValue(c, 0) != -1,
        });
    }

    private static bool IsLetter(string c) => CharUnicodeInfo.GetUnicodeCategory(c, 0) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
        or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter;

    /// <summary>Letters that are numbers (Unihan's numeric values), which .NET's tables do not know.</summary>
    private const string Ideographs = "㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零參拾兩零六陸什";

    private static bool IsIdentifier(string text) => text.Length > 0 && (text[0] == '_' || IsLetter(CodePoints.Each(text).First()))
        && CodePoints.Each(text).All(c => c == "_" || IsLetter(c) || CharUnicodeInfo.GetUnicodeCategory(c, 0) is UnicodeCategory.DecimalDigitNumber
            or UnicodeCategory.LetterNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation);

    public static bool IsCase(string text, bool upper)
    {
        var any = false;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter || (upper ? Casing.IsLower(rune) : Casing.IsUpper(rune))) return false;
            any |= upper ? Casing.IsUpper(rune) : Casing.IsLower(rune);
        }
        return any;
    }

    private static bool IsTitle(string text)
    {
        var (any, afterCased) = (false, false);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Casing.IsUpper(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter)
            {
                if (afterCased) return false;
                any = afterCased = true;
            }
            else if (Casing.IsLower(rune))
            {
                if (!afterCased) return false;
                any = true;
            }
            else afterCased = false;
        }
        return any;
    }
}
