using System.Globalization;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>
/// Python's case conversions: Unicode's full mappings, where one character may become several (ß → SS), which .NET's
/// simple ones lack. The exceptions come from Unicode's SpecialCasing.txt, the unconditional ones.
/// </summary>
internal static class Casing
{
    public static string Upper(string text)
    {
        if (IsAscii(text)) return text.ToUpperInvariant();
        var result = new StringBuilder(text.Length);
        foreach (var rune in Runes(text)) AppendUpper(rune, result);
        return result.ToString();
    }

    public static string Lower(string text)
    {
        if (IsAscii(text)) return text.ToLowerInvariant();
        var result = new StringBuilder(text.Length);
        var runes = Runes(text);
        for (var i = 0; i < runes.Length; i++) AppendLower(runes, i, result);
        return result.ToString();
    }

    /// <summary>First character in title case, the rest in lower case.</summary>
    public static string Capitalize(string text)
    {
        var result = new StringBuilder(text.Length);
        var runes = Runes(text);
        for (var i = 0; i < runes.Length; i++)
            if (i == 0) AppendTitle(runes[0], result);
            else AppendLower(runes, i, result);
        return result.ToString();
    }

    /// <summary><c>str.title</c>: every run of cased characters begins in title case.</summary>
    public static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var runes = Runes(text);
        var afterCased = false;
        for (var i = 0; i < runes.Length; i++)
        {
            if (afterCased) AppendLower(runes, i, result);
            else AppendTitle(runes[i], result);
            afterCased = IsCased(runes[i]);
        }
        return result.ToString();
    }

    /// <summary><c>str.casefold</c>, near enough: what upper-casing tells apart no more is the same; ß folds to ss.</summary>
    public static string Fold(string text) => IsAscii(text) ? text.ToLowerInvariant() : Lower(Upper(text)).Replace('\u03c2', '\u03c3');

    public static string SwapCase(string text)
    {
        var result = new StringBuilder(text.Length);
        var runes = Runes(text);
        for (var i = 0; i < runes.Length; i++)
        {
            if (Rune.IsUpper(runes[i])) AppendLower(runes, i, result);
            else if (Rune.IsLower(runes[i])) AppendUpper(runes[i], result);
            else result.Append(runes[i].ToString());
        }
        return result.ToString();
    }

    public static bool IsCased(Rune rune) => Rune.IsUpper(rune) || IsLower(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter
        || rune.Value is >= 0x2160 and <= 0x217f or >= 0x24b6 and <= 0x24e9;

    /// <summary>Lower case letters, and what Unicode calls lower case beside them (ª, º, modifier letters, circled letters).</summary>
    public static bool IsLower(Rune rune) => Rune.IsLower(rune)
        || rune.Value is 0xaa or 0xba or >= 0x2b0 and <= 0x2b8 or 0x2c0 or 0x2c1 or >= 0x2e0 and <= 0x2e4 or 0x345 or 0x37a or >= 0x1d2c and <= 0x1d6a
            or 0x1d78 or >= 0x1d9b and <= 0x1dbf or 0x2071 or 0x207f or >= 0x2090 and <= 0x209c or >= 0x2170 and <= 0x217f or >= 0x24d0 and <= 0x24e9;

    public static bool IsUpper(Rune rune) => Rune.IsUpper(rune) || rune.Value is >= 0x2160 and <= 0x216f or >= 0x24b6 and <= 0x24cf;

    private static bool IsAscii(string text) => Ascii.IsValid(text);

    private static Rune[] Runes(string text)
    {
        var runes = new List<Rune>(text.Length);
        foreach (var rune in text.EnumerateRunes()) runes.Add(rune);
        return [.. runes];
    }

    private static void AppendUpper(Rune rune, StringBuilder result)
    {
        if (Special.TryGetValue(rune.Value, out var mapping)) result.Append(mapping.Upper);
        else result.Append(Rune.ToUpperInvariant(rune).ToString());
    }

    private static void AppendTitle(Rune rune, StringBuilder result)
    {
        if (Special.TryGetValue(rune.Value, out var mapping)) result.Append(mapping.Title);
        else if (rune.Value is >= 0x1c4 and <= 0x1cc) result.Append((char)(rune.Value <= 0x1c6 ? 0x1c5 : rune.Value <= 0x1c9 ? 0x1c8 : 0x1cb));
        else if (rune.Value is >= 0x1f1 and <= 0x1f3) result.Append('\u01f2');
        else if (rune.Value is >= 0x10d0 and <= 0x10ff) result.Append(rune.ToString()); // Georgian has no title case
        else result.Append(Rune.ToUpperInvariant(rune).ToString());
    }

    private static void AppendLower(Rune[] runes, int at, StringBuilder result)
    {
        var rune = runes[at];
        if (rune.Value == 0x130) result.Append("i\u0307");
        else if (rune.Value == 0x3a3) result.Append(IsFinalSigma(runes, at) ? '\u03c2' : '\u03c3');
        else result.Append(Rune.ToLowerInvariant(rune).ToString());
    }

    /// <summary>Σ ends a word: a cased letter before it, none after, apostrophes and marks not counted.</summary>
    private static bool IsFinalSigma(Rune[] runes, int at)
    {
        var before = at - 1;
        while (before >= 0 && IsIgnorable(runes[before])) before--;
        if (before < 0 || !IsCased(runes[before])) return false;
        var after = at + 1;
        while (after < runes.Length && IsIgnorable(runes[after])) after++;
        return after >= runes.Length || !IsCased(runes[after]);
    }

    private static bool IsIgnorable(Rune rune) => rune.Value is '\'' or '.' or ':' or '^' or '`' or 0xa8 or 0xad or 0xaf or 0xb4 or 0xb7 or 0xb8 or 0x2018 or 0x2019
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    private static readonly Dictionary<int, (string Upper, string Title)> Special = ReadSpecial();

    /// <summary>Triples character, upper case, title case.</summary>
    private static Dictionary<int, (string, string)> ReadSpecial()
    {
        var table = new Dictionary<int, (string, string)>();
        foreach (var entry in SpecialTable.Split(' '))
        {
            var parts = entry.Split('/');
            table[char.ConvertToUtf32(parts[0], 0)] = (parts[1], parts[2]);
        }
        return table;
    }

    private const string SpecialTable =
        "\u00df/SS/Ss \u0149/\u02bcN/\u02bcN \u01f0/J\u030c/J\u030c \u0390/\u0399\u0308\u0301/\u0399\u0308\u0301"
        + " \u03b0/\u03a5\u0308\u0301/\u03a5\u0308\u0301 \u0587/\u0535\u0552/\u0535\u0582 \u1e96/H\u0331/H\u0331 \u1e97/T\u0308/T\u0308"
        + " \u1e98/W\u030a/W\u030a \u1e99/Y\u030a/Y\u030a \u1e9a/A\u02be/A\u02be \u1f50/\u03a5\u0313/\u03a5\u0313"
        + " \u1f52/\u03a5\u0313\u0300/\u03a5\u0313\u0300 \u1f54/\u03a5\u0313\u0301/\u03a5\u0313\u0301 \u1f56/\u03a5\u0313\u0342/\u03a5\u0313\u0342"
        + " \u1f80/\u1f08\u0399/\u1f88 \u1f81/\u1f09\u0399/\u1f89 \u1f82/\u1f0a\u0399/\u1f8a \u1f83/\u1f0b\u0399/\u1f8b \u1f84/\u1f0c\u0399/\u1f8c"
        + " \u1f85/\u1f0d\u0399/\u1f8d \u1f86/\u1f0e\u0399/\u1f8e \u1f87/\u1f0f\u0399/\u1f8f \u1f88/\u1f08\u0399/\u1f88 \u1f89/\u1f09\u0399/\u1f89"
        + " \u1f8a/\u1f0a\u0399/\u1f8a \u1f8b/\u1f0b\u0399/\u1f8b \u1f8c/\u1f0c\u0399/\u1f8c \u1f8d/\u1f0d\u0399/\u1f8d \u1f8e/\u1f0e\u0399/\u1f8e"
        + " \u1f8f/\u1f0f\u0399/\u1f8f \u1f90/\u1f28\u0399/\u1f98 \u1f91/\u1f29\u0399/\u1f99 \u1f92/\u1f2a\u0399/\u1f9a \u1f93/\u1f2b\u0399/\u1f9b"
        + " \u1f94/\u1f2c\u0399/\u1f9c \u1f95/\u1f2d\u0399/\u1f9d \u1f96/\u1f2e\u0399/\u1f9e \u1f97/\u1f2f\u0399/\u1f9f \u1f98/\u1f28\u0399/\u1f98"
        + " \u1f99/\u1f29\u0399/\u1f99 \u1f9a/\u1f2a\u0399/\u1f9a \u1f9b/\u1f2b\u0399/\u1f9b \u1f9c/\u1f2c\u0399/\u1f9c \u1f9d/\u1f2d\u0399/\u1f9d"
        + " \u1f9e/\u1f2e\u0399/\u1f9e \u1f9f/\u1f2f\u0399/\u1f9f \u1fa0/\u1f68\u0399/\u1fa8 \u1fa1/\u1f69\u0399/\u1fa9 \u1fa2/\u1f6a\u0399/\u1faa"
        + " \u1fa3/\u1f6b\u0399/\u1fab \u1fa4/\u1f6c\u0399/\u1fac \u1fa5/\u1f6d\u0399/\u1fad \u1fa6/\u1f6e\u0399/\u1fae \u1fa7/\u1f6f\u0399/\u1faf"
        + " \u1fa8/\u1f68\u0399/\u1fa8 \u1fa9/\u1f69\u0399/\u1fa9 \u1faa/\u1f6a\u0399/\u1faa \u1fab/\u1f6b\u0399/\u1fab \u1fac/\u1f6c\u0399/\u1fac"
        + " \u1fad/\u1f6d\u0399/\u1fad \u1fae/\u1f6e\u0399/\u1fae \u1faf/\u1f6f\u0399/\u1faf \u1fb2/\u1fba\u0399/\u1fba\u0345 \u1fb3/\u0391\u0399/\u1fbc"
        + " \u1fb4/\u0386\u0399/\u0386\u0345 \u1fb6/\u0391\u0342/\u0391\u0342 \u1fb7/\u0391\u0342\u0399/\u0391\u0342\u0345 \u1fbc/\u0391\u0399/\u1fbc"
        + " \u1fc2/\u1fca\u0399/\u1fca\u0345 \u1fc3/\u0397\u0399/\u1fcc \u1fc4/\u0389\u0399/\u0389\u0345 \u1fc6/\u0397\u0342/\u0397\u0342"
        + " \u1fc7/\u0397\u0342\u0399/\u0397\u0342\u0345 \u1fcc/\u0397\u0399/\u1fcc \u1fd2/\u0399\u0308\u0300/\u0399\u0308\u0300"
        + " \u1fd3/\u0399\u0308\u0301/\u0399\u0308\u0301 \u1fd6/\u0399\u0342/\u0399\u0342 \u1fd7/\u0399\u0308\u0342/\u0399\u0308\u0342"
        + " \u1fe2/\u03a5\u0308\u0300/\u03a5\u0308\u0300 \u1fe3/\u03a5\u0308\u0301/\u03a5\u0308\u0301 \u1fe4/\u03a1\u0313/\u03a1\u0313"
        + " \u1fe6/\u03a5\u0342/\u03a5\u0342 \u1fe7/\u03a5\u0308\u0342/\u03a5\u0308\u0342 \u1ff2/\u1ffa\u0399/\u1ffa\u0345 \u1ff3/\u03a9\u0399/\u1ffc"
        + " \u1ff4/\u038f\u0399/\u038f\u0345 \u1ff6/\u03a9\u0342/\u03a9\u0342 \u1ff7/\u03a9\u0342\u0399/\u03a9\u0342\u0345 \u1ffc/\u03a9\u0399/\u1ffc"
        + " \ufb00/FF/Ff \ufb01/FI/Fi \ufb02/FL/Fl \ufb03/FFI/Ffi \ufb04/FFL/Ffl \ufb05/ST/St \ufb06/ST/St \ufb13/\u0544\u0546/\u0544\u0576"
        + " \ufb14/\u0544\u0535/\u0544\u0565 \ufb15/\u0544\u053b/\u0544\u056b \ufb16/\u054e\u0546/\u054e\u0576 \ufb17/\u0544\u053d/\u0544\u056d";
}
