using System.Globalization;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>Python strings are sequences of code points, .NET's of UTF-16 units. Lengths and indices are converted here, and nowhere else.</summary>
internal static class CodePoints
{
    /// <summary>True when every unit is a code point of its own, so that indices agree.</summary>
    public static bool AreUnits(string text)
    {
        foreach (var unit in text)
            if (char.IsSurrogate(unit)) return false;
        return true;
    }

    public static int Length(ReadOnlySpan<char> text)
    {
        var pairs = 0;
        for (var i = 0; i + 1 < text.Length; i++)
            if (char.IsHighSurrogate(text[i]) && char.IsLowSurrogate(text[i + 1])) { pairs++; i++; }
        return text.Length - pairs;
    }

    /// <summary>The UTF-16 index of code point number <paramref name="index"/> (the text's length when beyond its end).</summary>
    public static int Offset(string text, long index)
    {
        var at = 0;
        while (index > 0 && at < text.Length)
        {
            at += char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
            index--;
        }
        return at;
    }

    public static IEnumerable<string> Each(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var units = char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
            yield return text.Substring(at, units);
            at += units;
        }
    }

    public static string[] ToArray(string text) => [.. Each(text)];

    /// <summary>Order by code points: surrogates (beyond U+FFFF) come after U+E000–U+FFFF, unlike in UTF-16.</summary>
    public static int Compare(string left, string right)
    {
        var length = Math.Min(left.Length, right.Length);
        for (var i = 0; i < length; i++)
        {
            var (a, b) = (left[i], right[i]);
            if (a == b) continue;
            return char.IsSurrogate(a) == char.IsSurrogate(b) ? a - b : char.IsSurrogate(a) ? 1 : -1;
        }
        return left.Length - right.Length;
    }

    /// <summary>Python's idea of white space: Unicode's, with the four information separators.</summary>
    public static bool IsSpace(char c) => c is >= '\x1c' and <= '\x1f' || char.IsWhiteSpace(c);

    /// <summary>Where <c>splitlines</c> breaks.</summary>
    public static bool IsLineBreak(char c) => c is '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029';

    /// <summary>Python's <c>isprintable</c>: what <c>repr</c> shows as it is.</summary>
    public static bool IsPrintable(int codePoint) => codePoint == ' ' || CharUnicodeInfo.GetUnicodeCategory(codePoint) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    /// <summary>The code points as numbers; a lone surrogate is its own number.</summary>
    public static IEnumerable<int> Numbers(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (Rune.TryGetRuneAt(text, at, out var rune))
            {
                yield return rune.Value;
                at += rune.Utf16SequenceLength - 1;
            }
            else yield return text[at];
        }
    }
}
