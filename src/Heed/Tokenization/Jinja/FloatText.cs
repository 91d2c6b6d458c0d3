using System.Globalization;

namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>repr</c> of a float: the shortest digits that read back to it, an exponent below 1e-4 and from 1e16.</summary>
internal static class FloatText
{
    public static string Repr(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        var (negative, digits, exponent) = Shortest(value);
        var sign = negative ? "-" : "";
        if (exponent is < -4 or >= 16) return sign + Scientific(digits, exponent, 'e', digits.Length > 1);
        if (exponent < 0) return sign + "0." + new string('0', -exponent - 1) + digits;
        if (digits.Length <= exponent + 1) return sign + digits.PadRight(exponent + 1, '0') + ".0";
        return sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>The shortest digits and the decimal exponent of the first one.</summary>
    private static (bool Negative, string Digits, int Exponent) Shortest(double value) => Split(value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>Digits and exponent of a number that .NET wrote, plain or with E.</summary>
    private static (bool Negative, string Digits, int Exponent) Split(string text)
    {
        var negative = text[0] == '-';
        if (negative) text = text[1..];
        var exponent = 0;
        var e = text.IndexOf('E');
        if (e >= 0)
        {
            exponent = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }
        var point = text.IndexOf('.');
        var digits = point < 0 ? text : text.Remove(point, 1);
        exponent += (point < 0 ? text.Length : point) - 1;
        var zeros = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        return digits.Length == 0 ? (negative, "0", 0) : (negative, digits, exponent - zeros);
    }

    /// <summary>d.ddde±XX with at least two digits of exponent.</summary>
    public static string Scientific(string digits, int exponent, char e, bool point) =>
        digits[..1] + (point ? "." + digits[1..] : "") + e + (exponent < 0 ? '-' : '+') + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);

    /// <summary>Exactly <paramref name="decimals"/> decimals of a finite number, halves to even on the exact binary value, as C's printf("%.*f").</summary>
    public static string Fixed(double value, int decimals) => value.ToString("F" + decimals, CultureInfo.InvariantCulture) is var text
        && double.IsNegative(value) && text[0] != '-' ? "-" + text : text;

    /// <summary>printf("%.*e") of a finite number.</summary>
    public static string Exponential(double value, int decimals, char e)
    {
        var text = value.ToString("E" + decimals, CultureInfo.InvariantCulture);
        var at = text.IndexOf('E');
        var exponent = int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = text[..at];
        if (double.IsNegative(value) && mantissa[0] != '-') mantissa = "-" + mantissa;
        return mantissa + e + (exponent < 0 ? '-' : '+') + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
    }

    /// <summary>printf("%.*g"): fixed or exponential by the exponent after rounding, trailing zeros cut unless <paramref name="alternate"/>.</summary>
    public static string General(double value, int precision, char e, bool alternate)
    {
        if (precision == 0) precision = 1;
        if (value == 0) return (double.IsNegative(value) ? "-0" : "0") + (alternate ? "." + new string('0', precision - 1) : "");
        var scientific = Exponential(value, precision - 1, e);
        var at = scientific.IndexOf(e);
        var exponent = int.Parse(scientific.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent < -4 || exponent >= precision)
        {
            var mantissa = scientific[..at];
            return (alternate ? mantissa : TrimZeros(mantissa)) + scientific[at..];
        }
        var plain = Fixed(value, precision - 1 - exponent);
        return alternate ? plain.Contains('.') ? plain : plain + "." : TrimZeros(plain);
    }

    private static string TrimZeros(string text) => text.Contains('.') ? text.TrimEnd('0').TrimEnd('.') : text;
}
