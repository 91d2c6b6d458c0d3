using System.Numerics;
using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>How a number is to be written; shared by % and format().</summary>
internal struct NumberFormat
{
    public NumberFormat() { }

    public bool Left { get; set; }
    public bool Zero { get; set; }
    public bool Alternate { get; set; }

    /// <summary>'-' only negative numbers get a sign, '+' all, ' ' a blank for others.</summary>
    public char Sign { get; set; } = '-';
    public int Width { get; set; }
    public int Precision { get; set; } = -1;

    /// <summary>',' or '_' between groups of digits, or '\0'.</summary>
    public char Group { get; set; }

    public readonly string Integer(BigInteger number, char kind)
    {
        var digits = kind switch
        {
            'x' => Radix(number, 16),
            'X' => Radix(number, 16).ToUpperInvariant(),
            'o' => Radix(number, 8),
            'b' => Radix(number, 2),
            _ => Text.Digits(BigInteger.Abs(number)),
        };
        if (Precision > digits.Length) digits = new string('0', Precision - digits.Length) + digits;
        var prefix = Alternate && kind is not 'd' ? "0" + kind : "";
        return Assemble(number.Sign < 0, prefix, digits, "", kind is 'd' ? 3 : 4);
    }

    private static string Radix(BigInteger number, int radix)
    {
        number = BigInteger.Abs(number);
        if (number.IsZero) return "0";
        var digits = new StringBuilder();
        while (!number.IsZero)
        {
            number = BigInteger.DivRem(number, radix, out var digit);
            digits.Insert(0, "0123456789abcdef"[(int)digit]);
        }
        return digits.ToString();
    }

    public readonly string Float(double value, char kind)
    {
        var upper = char.IsUpper(kind);
        if (!double.IsFinite(value))
        {
            var name = double.IsNaN(value) ? "nan" : "inf";
            return (this with { Zero = false }).Assemble(value < 0, "", upper ? name.ToUpperInvariant() : name, "", 0);
        }
        var precision = Precision < 0 ? 6 : Precision;
        if (precision > 100_000) throw Fault.Limit("a precision beyond 100000");
        var magnitude = Math.Abs(value);
        var e = upper ? 'E' : 'e';
        var text = char.ToLowerInvariant(kind) switch
        {
            'f' => FloatText.Fixed(magnitude, precision),
            'e' => FloatText.Exponential(magnitude, precision, e),
            _ => FloatText.General(magnitude, precision, e, Alternate),
        };
        if (Alternate && !text.Contains('.'))
        {
            var at = text.IndexOf(e);
            text = at < 0 ? text + "." : text.Insert(at, ".");
        }
        var point = text.AsSpan().IndexOfAny('.', e);
        return point < 0 ? Assemble(double.IsNegative(value), "", text, "", 3) : Assemble(double.IsNegative(value), "", text[..point], text[point..], 3);
    }

    /// <summary>Sign, grouping and zeros around digits that are written already.</summary>
    public readonly string Around(bool negative, string digits)
    {
        var point = digits.AsSpan().IndexOfAny('.', 'e', '%');
        return point < 0 ? Assemble(negative, "", digits, "", 3) : Assemble(negative, "", digits[..point], digits[point..], 3);
    }

    /// <summary>Sign, prefix, grouped digits; zeros fill up to the width between prefix and digits.</summary>
    private readonly string Assemble(bool negative, string prefix, string digits, string rest, int groupSize)
    {
        var sign = negative ? "-" : Sign == '-' ? "" : Sign.ToString();
        var width = Zero && !Left ? Width - sign.Length - prefix.Length - rest.Length : 0;
        if (Group != '\0' && groupSize > 0)
        {
            // Zeros are grouped too; a separator never stands first.
            var plain = digits.Length;
            while (plain + (plain - 1) / groupSize < width) plain++;
            digits = Grouped(digits.PadLeft(plain, '0'), groupSize);
        }
        else if (digits.Length < width) digits = new string('0', width - digits.Length) + digits;
        return sign + prefix + digits + rest;
    }

    private readonly string Grouped(string digits, int size)
    {
        var text = new StringBuilder(digits.Length + digits.Length / size);
        for (var i = 0; i < digits.Length; i++)
        {
            if (i > 0 && (digits.Length - i) % size == 0) text.Append(Group);
            text.Append(digits[i]);
        }
        return text.ToString();
    }
}
