using System.Text;

namespace Heed.Lens.Figures;

/// <summary>How a token is written in a figure: one line, nothing invisible.</summary>
public static class TokenLabel
{
    /// <summary>A label for beside a mark: the space before a word is left out, other whitespace is visible
    /// (· a space, ⏎ a newline, ⇥ a tab), half characters are �.</summary>
    public static string Short(string text, int cells) => CellWidth.Shorten(Short(text), cells);

    /// <summary>The same in full.</summary>
    public static string Short(string text) => Visible(text.Length > 1 && text[0] == ' ' && text[1] != ' ' ? text[1..] : text);

    /// <summary>A token in a sentence: “forest”.</summary>
    public static string Quoted(string text) => $"“{Svg.Isolate(Short(text))}”";

    /// <summary>Text that may hold anything, on one line: spaces stay, other whitespace and control characters are visible.</summary>
    internal static string OneLine(string text) => text.Contains(' ') ? string.Join(' ', text.Split(' ').Select(w => w.Length == 0 ? w : Visible(w))) : Visible(text);

    /// <summary>A token, or a name of several words, whose spaces are no riddle.</summary>
    internal static string Name(string text) => text.Trim().Contains(' ') ? OneLine(text.Trim()) : Short(text);

    /// <summary>The whole token with every space visible.</summary>
    public static string Visible(string text)
    {
        if (text.Length == 0) return "∅";
        StringBuilder? visible = null;
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var replacement = rune.Value switch
            {
                ' ' => "·",
                '\n' => "⏎",
                '\t' => "⇥",
                < 0x20 => ((char)(0x2400 + rune.Value)).ToString(),
                0x7F => "␡",
                >= 0x80 and < 0xA0 or 0x2028 or 0x2029 or 0x200B or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0xFEFF or 0xAD
                    => $"⟨{rune.Value:X}⟩",
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
