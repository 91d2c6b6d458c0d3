using System.Globalization;
using System.Text;
using System.Xml;

namespace Heed.Lens.Figures;

/// <summary>Text and numbers as SVG takes them.</summary>
internal static class Svg
{
    /// <summary>A coordinate: two digits after the point, which is a hundredth of a pixel.</summary>
    public static string Number(double value)
    {
        var text = Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);
        return text == "-0" ? "0" : text;
    }

    /// <summary>Text for between tags or in an attribute: never markup, and only characters that XML knows.</summary>
    public static string Escape(string text)
    {
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
        foreach (var rune in text.EnumerateRunes())
            if (rune.Value is (>= 0x590 and < 0x900) or (>= 0xFB1D and < 0xFE00) or (>= 0xFE70 and < 0xFF00) or (>= 0x10800 and < 0x11000) or (>= 0x1E800 and < 0x1F000))
                return $"\u2068{text}\u2069";
        return text;
    }
}
