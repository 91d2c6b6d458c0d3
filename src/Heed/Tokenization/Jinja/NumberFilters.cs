using System.Globalization;
using System.Numerics;

namespace Heed.Tokenization.Jinja;

/// <summary>Filters that make or change numbers.</summary>
internal static class NumberFilters
{
    public static void AddTo(Dictionary<string, Filters.Body> table)
    {
        table["abs"] = (_, value, arguments) => { arguments.Done(); return Arithmetic.Absolute(value); };
        table["int"] = Int;
        table["float"] = Float;
        table["round"] = Round;
        table["filesizeformat"] = FileSize;
    }

    private static object Int(Rendering r, object value, Arguments arguments)
    {
        var otherwise = arguments.Optional("default", 0L);
        var radix = arguments.Integer("base", 10);
        arguments.Done();
        switch (value)
        {
            case long or BigInteger: return value;
            case bool b: return b ? 1L : 0L;
            case double d: return Truncated(d) ?? otherwise;
            case Undefined undefined: throw undefined.Fail();
        }
        if (!Values.IsText(value, out var text)) return otherwise;
        r.Budget.Charge(text.Length);
        try
        {
            if (Integers.TryParse(text, radix) is { } number) return number;
        }
        catch (TemplateException fault) when (fault.Kind == FaultKind.Value)
        {
            // An impossible base, or too many digits: as when the text is no number.
        }
        // "42.23" is 42; an infinity is not an integer.
        return Integers.TryParseFloat(text) is { } real && double.IsFinite(real) ? Truncated(real)! : otherwise;
    }

    /// <summary>A float cut to an integer; null for NaN, a fault for an infinity, as in Python.</summary>
    private static object? Truncated(double d) =>
        double.IsNaN(d) ? null : double.IsInfinity(d) ? throw Fault.Overflow("cannot convert float infinity to integer") : Values.Integer(new BigInteger(Math.Truncate(d)));

    private static object Float(Rendering r, object value, Arguments arguments)
    {
        var otherwise = arguments.Optional("default", 0.0);
        arguments.Done();
        if (value is Undefined undefined) throw undefined.Fail();
        if (Arithmetic.IsNumber(value)) return Arithmetic.ToDouble(value);
        if (!Values.IsText(value, out var text)) return otherwise;
        r.Budget.Charge(text.Length);
        return Integers.TryParseFloat(text) is { } number ? number : otherwise;
    }

    private static object Round(Rendering r, object value, Arguments arguments)
    {
        var precision = arguments.Optional("precision", 0L);
        var method = arguments.Optional("method", "common");
        arguments.Done();
        if (!Values.IsText(method, out var how) || how is not ("common" or "ceil" or "floor")) throw Fault.Value("method must be common, ceil or floor");
        if (how != "common")
        {
            var scale = Arithmetic.Apply(r.Budget, "**", 10L, precision);
            var scaled = Arithmetic.Apply(r.Budget, "*", value, scale);
            if (Values.IsInteger(scaled, out var whole)) return Arithmetic.Apply(r.Budget, "/", Values.Integer(whole), scale);
            var number = Arithmetic.ToDouble(scaled);
            if (!double.IsFinite(number)) throw Fault.Overflow("cannot convert float infinity or NaN to integer");
            return Arithmetic.Apply(r.Budget, "/", Values.Integer(new BigInteger(how == "ceil" ? Math.Ceiling(number) : Math.Floor(number))), scale);
        }
        if (value is Undefined undefined) throw Fault.Type($"type Undefined doesn't define __round__ method ({undefined.Message})");
        var digits = Arguments.ToInteger(precision);
        if (Values.IsInteger(value, out var integer)) return RoundInteger(integer, digits);
        if (value is not double d) throw Fault.Type($"type {Values.TypeName(value)} doesn't define __round__ method");
        if (!double.IsFinite(d) || digits > 323) return d;
        if (digits < -308) return Math.CopySign(0, d);
        var rounded = digits >= 0 ? double.Parse(FloatText.Fixed(d, (int)digits), CultureInfo.InvariantCulture) : RoundTens(d, (int)-digits);
        return double.IsFinite(rounded) ? rounded : throw Fault.Overflow("rounded value too large to represent");
    }

    private static double RoundTens(double d, int tens)
    {
        // Exact: the float is an integer plus a fraction that decides only exact halves.
        var unit = BigInteger.Pow(10, tens);
        var whole = new BigInteger(Math.Floor(Math.Abs(d)));
        var fraction = Math.Abs(d) - Math.Floor(Math.Abs(d)) > 0;
        var quotient = BigInteger.DivRem(whole, unit, out var rest);
        var twice = rest * 2;
        if (twice > unit || (twice == unit && (fraction || !quotient.IsEven))) quotient += 1;
        var result = double.Parse((quotient * unit).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return Math.CopySign(result, d);
    }

    private static object RoundInteger(BigInteger number, long digits)
    {
        if (digits >= 0) return Values.Integer(number);
        if (digits < -5000) return 0L;
        var unit = BigInteger.Pow(10, (int)-digits);
        var quotient = BigInteger.DivRem(BigInteger.Abs(number), unit, out var rest);
        if (rest * 2 > unit || (rest * 2 == unit && !quotient.IsEven)) quotient += 1;
        return Values.Integer(quotient * unit * (number.Sign < 0 ? -1 : 1));
    }

    private static object FileSize(Rendering r, object value, Arguments arguments)
    {
        var binary = arguments.Flag("binary");
        arguments.Done();
        var bytes = Values.IsText(value, out var text)
            ? Integers.TryParseFloat(text) ?? throw Fault.Value($"could not convert string to float: {Text.Repr(r.Budget, value)}")
            : value is Undefined undefined ? throw undefined.Fail() : Arithmetic.ToDouble(value);
        if (bytes == 1) return "1 Byte";
        double unit = binary ? 1024 : 1000;
        if (bytes < unit) return $"{Text.Str(r.Budget, Truncated(bytes) ?? throw Fault.Value("cannot convert float NaN to integer"))} Bytes";
        var names = binary ? new[] { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB" } : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        for (var i = 0; ; i++)
        {
            var next = Math.Pow(unit, i + 2);
            if (bytes < next || i == names.Length - 1)
                return double.IsFinite(bytes) ? $"{FloatText.Fixed(unit * bytes / next, 1)} {names[i]}" : $"{FloatText.Repr(bytes)} {names[i]}";
        }
    }
}
