using System.Globalization;

namespace Heed.Lens.Figures;

/// <summary>Numbers in figures: exact for programs, short for eyes, with a true minus sign.</summary>
internal static class FigureNumbers
{
    /// <summary>The shortest text that parses back to the same float32.</summary>
    public static string Exact(float value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The shortest text that parses back to the same float64.</summary>
    public static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A count.</summary>
    public static string Exact(long count) => count.ToString(CultureInfo.InvariantCulture);

    /// <summary>The exact texts, a space between each.</summary>
    public static string Exact(ReadOnlySpan<float> values)
    {
        var text = new System.Text.StringBuilder(values.Length * 11);
        foreach (var value in values) text.Append(CultureInfo.InvariantCulture, $"{value:R} ");
        if (text.Length > 0) text.Length--;
        return text.ToString();
    }

    /// <summary>A weight from 0 to 1 in at most four characters, without the 0 before the point: .86, 1.</summary>
    public static string Weight(double weight) => weight switch
    {
        >= 0.9995 => "1",
        >= 0.995 => weight.ToString(".000", CultureInfo.InvariantCulture),
        _ => weight.ToString(".00", CultureInfo.InvariantCulture),
    };

    /// <summary>A number with its sign and about three digits that count: +5.67, −0.012, +1,204.</summary>
    public static string Signed(double value) => value == 0 ? "0" : (value > 0 ? "+" : "−") + Plain(Math.Abs(value));

    /// <summary>A signed number for the inside of a small mark: two digits that count.</summary>
    public static string Brief(double value)
    {
        var size = Math.Abs(value).ToString(Math.Abs(value) >= 9.95 ? "0" : Math.Abs(value) >= 0.095 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
        return size == "0.00" ? "0" : (value < 0 ? "−" : "+") + size;
    }

    /// <summary>A signed number with so many digits after the point; 0 for what rounds to it.</summary>
    public static string Fixed(double value, int digits)
    {
        var rounded = Math.Round(Math.Abs(value), digits, MidpointRounding.AwayFromZero);
        return rounded == 0 ? "0" : (value < 0 ? "−" : "+") + rounded.ToString(digits == 0 ? "0" : "0." + new string('0', digits), CultureInfo.InvariantCulture);
    }

    /// <summary>A power: ⁻³.</summary>
    public static string Superscript(int power) => string.Concat(power.ToString(CultureInfo.InvariantCulture).Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));

    /// <summary>A number that is not negative, or has its sign: about three digits that count.</summary>
    public static string Plain(double value)
    {
        if (double.IsNaN(value)) return "not a number";
        if (double.IsInfinity(value)) return value > 0 ? "∞" : "−∞";
        var size = Math.Abs(value);
        var format = size switch
        {
            0 => "0",
            >= 1e9 or < 0.0005 => "0.00e0",
            >= 1000 => "#,##0",
            >= 99.95 => "0",
            >= 9.995 => "0.0",
            >= 0.0995 => "0.00",
            _ => "0.000",
        };
        return (value < 0 ? "−" : "") + size.ToString(format, CultureInfo.InvariantCulture).Replace("e-", "e−", StringComparison.Ordinal);
    }

    /// <summary>A probability in percent, never rounded to 0 or 100 unless it is: 45.5 %, 0.012 %, &lt; 0.001 %.</summary>
    public static string Percent(double probability) => probability switch
    {
        0 => "0 %",
        1 => "100 %",
        > 0.9995 => "> 99.9 %",
        >= 0.0995 => probability.ToString("0.0", 100),
        >= 0.00995 => probability.ToString("0.00", 100),
        >= 0.00001 => probability.ToString("0.000", 100),
        _ => "< 0.001 %",
    };

    /// <summary>A count with thousands apart.</summary>
    public static string Count(long count) => count.ToString("#,##0", CultureInfo.InvariantCulture);

    private static string ToString(this double value, string format, double scale) => (value * scale).ToString(format, CultureInfo.InvariantCulture) + " %";
}
