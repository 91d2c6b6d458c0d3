using System.Globalization;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary><c>strftime</c> in the C locale, as glibc knows it, with its flags (<c>%-d</c>, <c>%_d</c>, <c>%^a</c>, <c>%0e</c>) and widths.</summary>
internal static class Strftime
{
    public static string Format(DateTime time, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            var start = i++;
            var flag = '\0';
            var upper = false;
            for (; i < format.Length && format[i] is '-' or '_' or '0' or '^' or '#'; i++)
                if (format[i] == '^') upper = true;
                else flag = format[i];
            var width = 0;
            for (; i < format.Length && char.IsAsciiDigit(format[i]) && width < 1000; i++) width = width * 10 + format[i] - '0';
            if (i < format.Length && format[i] is 'E' or 'O') i++;
            var piece = i < format.Length ? One(time, format[i], flag, width) : null;
            if (piece is null) text.Append(format, start, Math.Min(i + 1, format.Length) - start);
            else text.Append(upper ? piece.ToUpperInvariant() : piece);
        }
        return text.ToString();
    }

    private static string? One(DateTime t, char letter, char flag, int width)
    {
        var names = CultureInfo.InvariantCulture.DateTimeFormat;
        var hour12 = t.Hour % 12 == 0 ? 12 : t.Hour % 12;
        var monday = ((int)t.DayOfWeek + 6) % 7;
        return letter switch
        {
            'a' => Word(names.AbbreviatedDayNames[(int)t.DayOfWeek]),
            'A' => Word(names.DayNames[(int)t.DayOfWeek]),
            'b' or 'h' => Word(names.AbbreviatedMonthNames[t.Month - 1]),
            'B' => Word(names.MonthNames[t.Month - 1]),
            'c' => Word(Format(t, "%a %b %e %H:%M:%S %Y")),
            'C' => Number(t.Year / 100, 2, '0'),
            'd' => Number(t.Day, 2, '0'),
            'D' or 'x' => Word(Format(t, "%m/%d/%y")),
            'e' => Number(t.Day, 2, ' '),
            'f' => (t.Ticks % TimeSpan.TicksPerSecond / 10).ToString("000000", CultureInfo.InvariantCulture),
            'F' => Word(Format(t, "%Y-%m-%d")),
            'g' => Number(ISOWeek.GetYear(t) % 100, 2, '0'),
            'G' => Number(ISOWeek.GetYear(t), 4, '0'),
            'H' => Number(t.Hour, 2, '0'),
            'I' => Number(hour12, 2, '0'),
            'j' => Number(t.DayOfYear, 3, '0'),
            'k' => Number(t.Hour, 2, ' '),
            'l' => Number(hour12, 2, ' '),
            'm' => Number(t.Month, 2, '0'),
            'M' => Number(t.Minute, 2, '0'),
            'n' => "\n",
            'p' => Word(flag == '#' ? (t.Hour < 12 ? "am" : "pm") : t.Hour < 12 ? "AM" : "PM"),
            'P' => Word(t.Hour < 12 ? "am" : "pm"),
            'r' => Word(Format(t, "%I:%M:%S %p")),
            'R' => Word(Format(t, "%H:%M")),
            's' => Number((long)(t - DateTime.UnixEpoch).TotalSeconds, 1, '0'),
            'S' => Number(t.Second, 2, '0'),
            't' => "\t",
            'T' or 'X' => Word(Format(t, "%H:%M:%S")),
            'u' => Number(monday + 1, 1, '0'),
            'U' => Number((t.DayOfYear + 6 - (int)t.DayOfWeek) / 7, 2, '0'),
            'V' => Number(ISOWeek.GetWeekOfYear(t), 2, '0'),
            'w' => Number((int)t.DayOfWeek, 1, '0'),
            'W' => Number((t.DayOfYear + 6 - monday) / 7, 2, '0'),
            'y' => Number(t.Year % 100, 2, '0'),
            'Y' => Number(t.Year, 1, '0'),
            'z' or 'Z' => "", // a time without zone
            '%' => "%",
            _ => null,
        };

        string Number(long value, int digits, char pad)
        {
            if (flag == '_') pad = ' ';
            if (flag == '0') pad = '0';
            var text = value.ToString(CultureInfo.InvariantCulture);
            return flag == '-' ? text : text.PadLeft(Math.Max(width, digits), pad);
        }

        string Word(string text) => (flag == '#' && letter is not 'p' ? text.ToUpperInvariant() : text).PadLeft(width, flag == '0' ? '0' : ' ');
    }
}
