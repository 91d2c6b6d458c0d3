namespace Heed.Cli.Rendering;

/// <summary>A number as a bar from zero, exact to an eighth of a cell.</summary>
internal static class Bar
{
    private const string Eighths = " ▏▎▍▌▋▊▉█";

    /// <summary>A bar of <paramref name="value"/>, where <paramref name="largest"/> fills <paramref name="cells"/> cells. What is not zero is never invisible.</summary>
    public static string Of(double value, double largest, int cells)
    {
        if (!(value > 0) || !(largest > 0)) return "";
        var eighths = Math.Clamp((int)Math.Round(value / largest * cells * 8), 1, cells * 8);
        return new string('█', eighths / 8) + (eighths % 8 == 0 ? "" : Eighths[eighths % 8]);
    }
}
