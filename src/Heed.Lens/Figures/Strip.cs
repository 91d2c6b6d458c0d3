using System.Text;

namespace Heed.Lens.Figures;

/// <summary>A vector as a strip: one cell a number, its strength the number's size. Numbers above zero hang from the top, numbers below
/// zero stand on the ground, so that the sign is not told by colour alone.</summary>
internal static class Strip
{
    /// <summary>Its height.</summary>
    public const double Height = 16;

    private const double Part = 0.72;   // of the height, for each sign

    /// <summary>Draws the first <paramref name="count"/> numbers.</summary>
    /// <param name="canvas">Where.</param>
    /// <param name="mark">Its key and words; the value is set here.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="count">How many of its numbers.</param>
    /// <param name="largest">The size that has full colour.</param>
    /// <param name="x">Left.</param>
    /// <param name="y">Top.</param>
    /// <param name="width">The strip's width.</param>
    public static void Draw(FigureCanvas canvas, Mark mark, ReadOnlySpan<float> vector, int count, double largest, double x, double y, double width)
    {
        vector = vector[..Math.Min(count, vector.Length)];
        var step = width / vector.Length;
        var svg = new StringBuilder();
        for (var i = 0; i < vector.Length; i++)
        {
            var strength = largest > 0 ? Math.Min(1, Math.Abs(vector[i]) / largest) : 0;
            var top = vector[i] < 0 ? y + Height * (1 - Part) : y;
            svg.Append($"<path class=\"{FigureTheme.Fill(vector[i] < 0 ? FigureRole.Key : FigureRole.Query)}\" fill-opacity=\"{Svg.Number(strength)}\" d=\"M{Svg.Number(x + i * step)} {Svg.Number(top)}h{Svg.Number(step)}v{Svg.Number(Height * Part)}h-{Svg.Number(step)}z\"/>");
        }
        canvas.BeginGroup(mark with { Value = FigureNumbers.Exact(vector) });
        canvas.Raw($"<rect class=\"{FigureTheme.Stroke(FigureRole.Line)}\" x=\"{Svg.Number(x - 0.5)}\" y=\"{Svg.Number(y - 0.5)}\" width=\"{Svg.Number(width + 1)}\" height=\"{Svg.Number(Height + 1)}\" pointer-events=\"none\"/>");
        canvas.Raw(svg.ToString());
        canvas.EndGroup();
    }

    /// <summary>The largest size among the first numbers.</summary>
    public static double Largest(ReadOnlySpan<float> vector, int count)
    {
        double largest = 0;
        foreach (var value in vector[..Math.Min(count, vector.Length)]) largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }

    /// <summary>The Euclidean length of the whole vector.</summary>
    public static double Length(ReadOnlySpan<float> vector)
    {
        double sum = 0;
        foreach (var value in vector) sum += (double)value * value;
        return Math.Sqrt(sum);
    }
}
