using System.Text;
using System.Text.RegularExpressions;

namespace Heed.Lens.Figures;

/// <summary>How a token is written in a figure: one line, nothing invisible.</summary>
public static partial class TokenLabel
{
    /// <summary>A label for beside a mark: the space before a word is left out, other whitespace is visible
    /// (· a space, ⏎ a newline, ⇥ a tab).</summary>
    public static string Short(string text, int cells) => CellWidth.Shorten(Short(text), cells);

    /// <summary>The same in full.</summary>
    public static string Short(string text) => Visible(text.Length > 1 && text[0] == ' ' && text[1] != ' ' ? text[1..] : text);

    /// <summary>A token in a sentence: “forest”.</summary>
    public static string Quoted(string text) => InQuotes(Short(text));

    /// <summary>A token of a text in a sentence: “forest”; of several that are written alike, with its place: “the” at 5.</summary>
    public static string Quoted(IReadOnlyList<string> tokens, int position) => new TokenWords(tokens).Of(position);

    /// <summary>A label in a sentence.</summary>
    internal static string InQuotes(string label) => $"“{Svg.Isolate(label)}”";

    /// <summary>Labels of a list: of tokens that would be written alike, the space that one has before it is shown.</summary>
    internal static string[] Apart(IReadOnlyList<string> texts)
    {
        var alike = texts.Distinct().GroupBy(t => Short(t)).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        return [.. texts.Select(t => alike.Contains(Short(t)) ? Visible(t) : Short(t))];
    }

    /// <summary>Text that may hold anything, on one line: spaces stay, other whitespace and control characters are visible.</summary>
    internal static string OneLine(string text) => text.Contains(' ') ? string.Join(' ', text.Split(' ').Select(w => w.Length == 0 ? w : Visible(w))) : Visible(text);

    /// <summary>A token, or a name of several words, whose spaces are no riddle.</summary>
    internal static string Name(string text) => text.Trim().Contains(' ') ? OneLine(text.Trim()) : Short(text);

    /// <summary>The text of bytes. Those that are no whole character are named, as hexadecimal numbers with a narrow space between.</summary>
    internal static string OfBytes(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        var (at, named) = (0, 0);
        while (at < bytes.Length)
        {
            var isWhole = Rune.DecodeFromUtf8(bytes[at..], out var rune, out var length) == System.Buffers.OperationStatus.Done;
            if (isWhole) text.Append(named > 0 ? "⟩" : "").Append(rune.ToString());
            for (var i = at; !isWhole && i < at + length; i++) text.Append(named++ == 0 ? '⟨' : '\u202F').Append(bytes[i].ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            if (isWhole) named = 0;
            at += length;
        }
        return text.Append(named > 0 ? "⟩" : "").ToString();
    }

    /// <summary>What those between ⟨ and ⟩ mean, with the first of them in a text, for a reader who meets them.</summary>
    internal static IEnumerable<string> Meanings(string text)
    {
        if (Bytes().Match(text) is { Success: true } bytes) yield return $"{bytes.Value}: a piece of a character that takes several tokens, by its bytes";
        if (CodePoint().Match(text) is { Success: true } character) yield return $"{character.Value}: a character without a picture of its own, by its Unicode number";
    }

    [GeneratedRegex("⟨…?[0-9A-F]{2}(\u202F[0-9A-F]{2})*⟩")]
    private static partial Regex Bytes();

    [GeneratedRegex("⟨U\\+[0-9A-F]{4,6}⟩")]
    private static partial Regex CodePoint();

    /// <summary>The whole token with every space visible. What is seen only together with the character before it is written by its
    /// number where there is none (a joiner or a variation selector alone: ⟨U+200D⟩, ⟨U+FE0F⟩), and an accent alone stands on ◌.</summary>
    public static string Visible(string text)
    {
        if (text.Length == 0) return "∅";
        StringBuilder? visible = null;
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var replacement = rune.Value switch
            {
                0x200C or 0x200D or 0x34F or 0x180E or 0x115F or 0x1160 or 0x3164 or 0xFFA0 or (>= 0x2060 and <= 0x2064) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0000 and <= 0xE01EF)
                    => at == 0 ? $"⟨U+{rune.Value:X4}⟩" : null,
                _ when at == 0 && Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.EnclosingMark
                    => $"◌{rune}",
                ' ' => "·",
                '\n' => "⏎",
                '\t' => "⇥",
                < 0x20 => ((char)(0x2400 + rune.Value)).ToString(),
                0x7F => "␡",
                >= 0x80 and < 0xA0 or 0x2028 or 0x2029 or 0x200B or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0xFEFF or 0xAD
                    => $"⟨U+{rune.Value:X4}⟩",
                0xA0 or 0x3000 or (>= 0x2000 and <= 0x200A) => "·",
                _ => null,
            };
            if (replacement is not null) visible ??= new StringBuilder(text, 0, at, text.Length + 8);
            if (visible is not null) visible.Append(replacement ?? rune.ToString());
            at += rune.Utf16SequenceLength;
        }
        return visible?.ToString() ?? text;
    }
}
