namespace Heed.Tokenization.Jinja;

/// <summary>The part after the colon: [[fill]align][sign][#][0][width][,][.precision][type].</summary>
internal static class FormatSpec
{
    public static string Apply(Budget budget, object value, string spec)
    {
        if (spec.Length == 0) return Text.Str(budget, value);
        var points = CodePoints.ToArray(spec);
        var at = 0;
        var (fill, align) = (" ", '\0');
        if (points.Length > 1 && points[1] is "<" or ">" or "=" or "^")
        {
            (fill, align) = (points[0], points[1][0]);
            at = 2;
        }
        else if (points[0] is "<" or ">" or "=" or "^") align = points[at++][0];
        string Peek() => at < points.Length ? points[at] : "";
        var format = new NumberFormat();
        var signed = Peek() is "+" or "-" or " ";
        if (signed) format.Sign = points[at++][0];
        if (Peek() == "#")
        {
            format.Alternate = true;
            at++;
        }
        if (Peek() == "0" && align == '\0')
        {
            (fill, align) = ("0", '=');
            at++;
        }
        else if (Peek() == "0") at++;
        var width = Number();
        if (Peek() is "," or "_") format.Group = points[at++][0];
        if (Peek() == ".")
        {
            at++;
            if (Peek().Length != 1 || !char.IsAsciiDigit(Peek()[0])) throw Fault.Value("Format specifier missing precision");
            format.Precision = Number();
        }
        var kind = at < points.Length ? points[at++][0] : '\0';
        if (at < points.Length) throw Fault.Value("Invalid format specifier");
        if (width > Budget.MaxSize) throw Fault.Limit($"a width beyond {Budget.MaxSize}");
        budget.Charge(width);
        return Written(budget, value, kind, format, fill, align, width, signed);

        int Number()
        {
            long number = 0;
            while (Peek().Length == 1 && char.IsAsciiDigit(Peek()[0])) number = Math.Min(number * 10 + points[at++][0] - '0', int.MaxValue);
            return (int)number;
        }
    }

    private static string Written(Budget budget, object value, char kind, NumberFormat format, string fill, char align, int width, bool signed)
    {
        if (Values.IsText(value, out var plain))
        {
            if (kind is not ('\0' or 's')) throw Fault.Value($"Unknown format code '{kind}' for object of type 'str'");
            if (align == '=') align = fill == "0" ? '<' : throw Fault.Value("'=' alignment not allowed in string format specifier");
            if (signed) throw Fault.Value("Sign not allowed in string format specifier");
            if (format.Precision >= 0) plain = plain[..CodePoints.Offset(plain, format.Precision)];
            return Aligned(plain, fill, align == '\0' ? '<' : align, width);
        }
        if (!Arithmetic.IsNumber(value)) throw Fault.Type($"unsupported format string passed to {Values.TypeName(value)}.__format__");
        // '=' puts the filling between sign and digits.
        var zeros = align == '=' && fill == "0";
        if (zeros) (format.Zero, format.Width) = (true, width);
        var text = Number(value, kind, format);
        if (align == '=' && !zeros && CodePoints.Length(text) < width)
        {
            var sign = text.Length > 0 && text[0] is '-' or '+' or ' ' ? 1 : 0;
            return text[..sign] + Aligned(text[sign..], fill, '>', width - sign);
        }
        return Aligned(text, fill, align is '\0' or '=' ? '>' : align, width);
    }

    private static string Number(object value, char kind, NumberFormat format)
    {
        if (value is not double && kind is '\0' or 'd' or 'x' or 'X' or 'o' or 'b' or 'n' or 'c')
        {
            if (value is double) throw Fault.Value($"Unknown format code '{kind}' for object of type 'float'");
            if (format.Precision >= 0) throw Fault.Value("Precision not allowed in integer format specifier");
            Values.IsInteger(value, out var number);
            if (kind == 'c') return number >= 0 && number <= 0x10ffff ? char.ConvertFromUtf32((int)number) : throw Fault.Overflow("%c arg not in range(0x110000)");
            return format.Integer(number, kind is '\0' or 'n' ? 'd' : kind);
        }
        var real = Arithmetic.ToDouble(value);
        switch (kind)
        {
            case '\0' when format.Precision < 0:
                var shortest = FloatText.Repr(Math.Abs(real));
                return format.Around(double.IsNegative(real), shortest);
            case '\0':
                var general = FloatText.General(Math.Abs(real), format.Precision, 'e', false);
                return format.Around(double.IsNegative(real), general.AsSpan().IndexOfAny('.', 'e') < 0 ? general + ".0" : general);
            case '%': return format.Around(double.IsNegative(real), FloatText.Fixed(Math.Abs(real) * 100, format.Precision < 0 ? 6 : format.Precision) + "%");
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or 'n': return format.Float(real, kind == 'n' ? 'g' : kind);
            default: throw Fault.Value($"Unknown format code '{kind}' for object of type '{Values.TypeName(value)}'");
        }
    }

    private static string Aligned(string text, string fill, char align, int width)
    {
        var missing = width - CodePoints.Length(text);
        if (missing <= 0) return text;
        var left = align switch { '<' => 0, '>' => missing, _ => missing / 2 };
        return string.Concat(Enumerable.Repeat(fill, left)) + text + string.Concat(Enumerable.Repeat(fill, missing - left));
    }
}
