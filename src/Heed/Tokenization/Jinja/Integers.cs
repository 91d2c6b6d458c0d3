using System.Numerics;

namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>int(text, base)</c> and <c>float(text)</c>.</summary>
internal static class Integers
{
    /// <summary>Digits of a base from 2 to 36, nothing else.</summary>
    public static object Parse(string digits, int radix)
    {
        var value = BigInteger.Zero;
        foreach (var c in digits) value = value * radix + DigitOf(c);
        return Values.Integer(value);
    }

    private static int DigitOf(char c) => c is >= '0' and <= '9' ? c - '0' : char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : 99;

    /// <summary><c>int(text, radix)</c>: white space around, a sign, single underscores, a prefix that fits the base; base 0 reads the prefix. Null when it is no number.</summary>
    public static object? TryParse(string text, long radix)
    {
        if (radix is not 0 and (< 2 or > 36)) throw Fault.Value("int() base must be >= 2 and <= 36, or 0");
        var digits = StringMethods.Strip(text, null, true, true);
        var negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+')) digits = digits[1..];
        var prefixed = digits.Length > 1 && digits[0] == '0' ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } : 0;
        if (prefixed != 0 && (radix == prefixed || radix == 0))
        {
            digits = digits[2..];
            if (digits.StartsWith('_')) digits = digits[1..];
            radix = prefixed;
        }
        else if (radix == 0)
        {
            radix = 10;
            if (digits.StartsWith('0') && digits.Trim('0', '_').Length > 0) return null;
        }
        if (digits.Length == 0 || digits.StartsWith('_') || digits.EndsWith('_') || digits.Contains("__")) return null;
        digits = AsciiDigits(digits.Replace("_", ""));
        foreach (var c in digits)
            if (DigitOf(c) >= radix) return null;
        if (digits.Length > 4300) throw Fault.Value("Exceeds the limit (4300 digits) for integer string conversion");
        return Arithmetic.Negate(Parse(digits, (int)radix)) is var opposite && negative ? opposite : Arithmetic.Negate(opposite);
    }

    /// <summary>Digits of other scripts count as digits.</summary>
    private static string AsciiDigits(string text) => text.All(char.IsAscii) ? text
        : string.Concat(CodePoints.Each(text).Select(c => System.Globalization.CharUnicodeInfo.GetDecimalDigitValue(c, 0) is var digit and >= 0 ? digit.ToString() : c));

    /// <summary><c>float(text)</c>; null when it is no number.</summary>
    public static double? TryParseFloat(string text)
    {
        var number = AsciiDigits(StringMethods.Strip(text, null, true, true));
        if (number.Contains('_'))
        {
            for (var i = 0; i < number.Length; i++)
                if (number[i] == '_' && (i == 0 || i + 1 == number.Length || !char.IsAsciiDigit(number[i - 1]) || !char.IsAsciiDigit(number[i + 1]))) return null;
            number = number.Replace("_", "");
        }
        var unsigned = number.StartsWith('-') || number.StartsWith('+') ? number[1..] : number;
        var sign = number.StartsWith('-') ? -1.0 : 1.0;
        switch (unsigned.ToLowerInvariant())
        {
            case "inf" or "infinity": return sign * double.PositiveInfinity;
            case "nan": return double.NaN;
        }
        if (unsigned.Length == 0 || !(char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.')) return null;
        return double.TryParse(unsigned, System.Globalization.NumberStyles.AllowDecimalPoint | System.Globalization.NumberStyles.AllowExponent,
            System.Globalization.CultureInfo.InvariantCulture, out var value) ? sign * value : null;
    }
}
