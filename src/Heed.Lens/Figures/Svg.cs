using System.Buffers;
using System.Globalization;
using System.Text;
using System.Xml;

namespace Heed.Lens.Figures;

/// <summary>Text and numbers as SVG takes them.</summary>
internal static class Svg
{
    /// <summary>What stands as it is in markup: nearly all of a figure.</summary>
    private static readonly SearchValues<char> s_plain = SearchValues.Create(" !#$%()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~");

    /// <summary>A coordinate: two digits after the point, which is a hundredth of a pixel.</summary>
    public static string Number(double value)
    {
        // A figure has thousands of these: whole hundredths are written digit by digit.
        var rounded = Math.Round(value, 2);
        if (!(Math.Abs(rounded) < 1e9)) return rounded.ToString("0.##", CultureInfo.InvariantCulture);
        var hundredths = (long)Math.Round(rounded * 100);
        Span<char> text = stackalloc char[16];
        var at = text.Length;
        var rest = Math.Abs(hundredths);
        if (rest % 100 != 0)
        {
            if (rest % 10 != 0) text[--at] = (char)('0' + rest % 10);
            text[--at] = (char)('0' + rest / 10 % 10);
            text[--at] = '.';
        }
        rest /= 100;
        do text[--at] = (char)('0' + rest % 10);
        while ((rest /= 10) > 0);
        if (hundredths < 0) text[--at] = '-';
        return new string(text[at..]);
    }

    /// <summary>Text for between tags or in an attribute: never markup, and only characters that XML knows.</summary>
    public static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(s_plain)) return text;
        StringBuilder? escaped = null;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var isPair = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            var replacement = c switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                '\'' => "&#39;",
                '\n' or '\r' or '\t' => $"&#{(int)c};",
                _ when isPair || XmlConvert.IsXmlChar(c) => null,
                < ' ' => ((char)(0x2400 + c)).ToString(),
                _ => "�",
            };
            if (replacement is not null) escaped ??= new StringBuilder(text, 0, i, text.Length + 16);
            if (isPair)
            {
                escaped?.Append(c).Append(text[++i]);
                if (escaped is null) i++;
                continue;
            }
            if (replacement is not null) escaped!.Append(replacement);
            else escaped?.Append(c);
        }
        return escaped?.ToString() ?? text;
    }

    /// <summary>Text whose direction may differ from its surroundings', kept apart from them (Unicode's isolates).</summary>
    public static string Isolate(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u0590', '\uFFFF')) return text;
        foreach (var rune in text.EnumerateRunes())
            if (rune.Value is (>= 0x590 and < 0x900) or (>= 0xFB1D and < 0xFE00) or (>= 0xFE70 and < 0xFF00) or (>= 0x10800 and < 0x11000) or (>= 0x1E800 and < 0x1F000))
                return $"\u2068{text}\u2069";
        return text;
    }
}
