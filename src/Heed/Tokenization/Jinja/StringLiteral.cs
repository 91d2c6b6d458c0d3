using System.Globalization;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>String literals' escapes, which are Python's: \n, \x41, \u00e9, \U0001f642, octal; an unknown one stays as it is.</summary>
internal static class StringLiteral
{
    public static string Unescape(string body, int line)
    {
        if (!body.Contains('\\')) return body;
        var text = new StringBuilder(body.Length);
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] != '\\' || i + 1 == body.Length)
            {
                text.Append(body[i]);
                continue;
            }
            var c = body[++i];
            switch (c)
            {
                case '\n': break;
                case '\\' or '\'' or '"': text.Append(c); break;
                case 'a': text.Append('\a'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'n': text.Append('\n'); break;
                case 'r': text.Append('\r'); break;
                case 't': text.Append('\t'); break;
                case 'v': text.Append('\v'); break;
                case 'x': i = Hex(body, i, 2, text, line); break;
                case 'u': i = Hex(body, i, 4, text, line); break;
                case 'U': i = Hex(body, i, 8, text, line); break;
                case 'N': throw Fault.Syntax("\\N{…} names a character; write the character itself or \\u…", line);
                case >= '0' and <= '7':
                    var value = 0;
                    var end = Math.Min(i + 3, body.Length);
                    for (; i < end && body[i] is >= '0' and <= '7'; i++) value = value * 8 + (body[i] - '0');
                    i--;
                    text.Append((char)value);
                    break;
                // Python sees such a character as an escape already (\é is read as \\xe9), and this is what comes of it.
                case >= '\x80':
                    var number = char.IsHighSurrogate(c) && i + 1 < body.Length && char.IsLowSurrogate(body[i + 1]) ? char.ConvertToUtf32(c, body[++i]) : c;
                    text.Append('\\').Append(number < 0x100 ? $"x{number:x2}" : number < 0x10000 ? $"u{number:x4}" : $"U{number:x8}");
                    break;
                default: text.Append('\\').Append(c); break;
            }
        }
        return text.ToString();
    }

    private static int Hex(string body, int at, int digits, StringBuilder text, int line)
    {
        if (at + digits > body.Length - 1
            || !int.TryParse(body.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            || number is > 0x10ffff or < 0)
            throw Fault.Syntax($"a broken \\{body[at]} escape in a string", line);
        if (number > 0xffff) text.Append(char.ConvertFromUtf32(number));
        else text.Append((char)number);
        return at + digits;
    }
}
