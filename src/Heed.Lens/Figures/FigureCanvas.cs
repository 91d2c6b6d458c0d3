using System.Text;

namespace Heed.Lens.Figures;

/// <summary>Where a text's x is.</summary>
internal enum Anchor { Start, Middle, End }

/// <summary>What a shape shows.</summary>
/// <param name="Key">Its stable key, or empty for a shape that shows no number.</param>
/// <param name="Value">Its exact value (<see cref="FigureNumbers.Exact(float)"/>), or null.</param>
/// <param name="Words">The same in words.</param>
/// <param name="From">The key of what it comes from, from where it moves when it first appears; or null.</param>
internal readonly record struct Mark(string Key, string? Value = null, string? Words = null, string? From = null)
{
    /// <summary>A mark of a float32.</summary>
    public static Mark Of(string key, float value, string words) => new(key, FigureNumbers.Exact(value), words);

    /// <summary>A mark of a float64.</summary>
    public static Mark Of(string key, double value, string words) => new(key, FigureNumbers.Exact(value), words);
}

/// <summary>The sheet on which a figure is drawn: title and caption at the top, shapes with their marks, the foot below.</summary>
internal sealed class FigureCanvas
{
    /// <summary>Free space around everything.</summary>
    public const double Margin = 24;

    /// <summary>No text is smaller.</summary>
    public const double Smallest = 11;

    private const double LineLength = 560;      // 70 characters
    private readonly StringBuilder _body = new();
    private readonly StringBuilder _signs = new();
    private readonly string _title;
    private readonly string _caption;

    /// <summary>A sheet of a width, with what is seen and how to read it.</summary>
    public FigureCanvas(string title, string caption, double width)
    {
        (_title, _caption, Width) = (title, caption, Math.Max(width, 200));
        var y = 17.0;
        _body.Append("<g class=\"head\">\n");
        foreach (var line in TextWidth.Wrap(title, Width - 2 * Margin, 17, isBold: true)) Text(Margin, y += 21, line, FigureRole.Ink, 17, weight: 600);
        y += 2;
        foreach (var line in TextWidth.Wrap(caption, Math.Min(LineLength, Width - 2 * Margin), 12.5)) Text(Margin, y += 18, line, FigureRole.Mute, 12.5);
        _body.Append("</g>\n");
        Top = y + 16;
    }

    /// <summary>The figure's width.</summary>
    public double Width { get; }

    /// <summary>The first free y below title and caption.</summary>
    public double Top { get; }

    /// <summary>A disc.</summary>
    public void Circle(Mark mark, double x, double y, double radius, FigureRole role, double opacity = 1)
        => Shape("circle", mark, FigureTheme.Fill(role), $"cx=\"{Svg.Number(x)}\" cy=\"{Svg.Number(y)}\" r=\"{Precise(radius)}\"", opacity);

    /// <summary>A ring of that outer radius.</summary>
    public void Ring(Mark mark, double x, double y, double radius, FigureRole role, double thickness)
        => Shape("circle", mark, FigureTheme.Stroke(role),
            $"cx=\"{Svg.Number(x)}\" cy=\"{Svg.Number(y)}\" r=\"{Precise(radius - thickness / 2)}\" stroke-width=\"{Svg.Number(thickness)}\"", 1);

    /// <summary>A rectangle.</summary>
    public void Rectangle(Mark mark, double x, double y, double width, double height, FigureRole role, double opacity = 1, double round = 0)
        => Shape("rect", mark, FigureTheme.Fill(role),
            $"x=\"{Svg.Number(x)}\" y=\"{Svg.Number(y)}\" width=\"{Precise(width)}\" height=\"{Precise(height)}\"{(round > 0 ? $" rx=\"{Svg.Number(round)}\"" : "")}", opacity);

    /// <summary>Pixels for 1, so that a span fills so many of them; 0 where all numbers are 0, and there is nothing to draw.</summary>
    public static double Scale(double pixels, double span) => span > 0 ? pixels / span : 0;

    /// <summary>A signed number as a bar from zero, to the right above it and to the left below, and the number at its outer end.</summary>
    /// <param name="mark">The bar; the number belongs to its key.</param>
    /// <param name="value">The number, times the scale from zero in pixels.</param>
    /// <param name="written">The number as it is written.</param>
    /// <param name="zero">Where zero is.</param>
    /// <param name="scale">Pixels for 1.</param>
    /// <param name="y">The bar's top.</param>
    /// <param name="height">The bar's height.</param>
    /// <param name="role">Its colour; by default the sign's.</param>
    public void SignedBar(Mark mark, double value, string written, double zero, double scale, double y, double height, FigureRole? role = null)
    {
        var length = Math.Abs(value) * scale;
        var end = value < 0 ? zero - length : zero;
        Rectangle(mark, end, y, length, height, role ?? (value < 0 ? FigureRole.Key : FigureRole.Query), round: Math.Min(2, length / 2));
        Number(value < 0 ? end - 6 : zero + length + 6, y + height / 2 + 4, written, role ?? FigureRole.Mute, mark.Key, 11.5, value < 0 ? Anchor.End : Anchor.Start, role is null ? 400 : 600);
    }

    /// <summary>A rectangle's outline.</summary>
    public void Frame(Mark mark, double x, double y, double width, double height, FigureRole role, double thickness = 1, double round = 0)
        => Shape("rect", mark, FigureTheme.Stroke(role),
            $"x=\"{Svg.Number(x)}\" y=\"{Svg.Number(y)}\" width=\"{Svg.Number(width)}\" height=\"{Svg.Number(height)}\" stroke-width=\"{Svg.Number(thickness)}\"{(round > 0 ? $" rx=\"{Svg.Number(round)}\"" : "")}", 1);

    /// <summary>A filled path.</summary>
    public void Path(Mark mark, string path, FigureRole role, double opacity = 1) => Shape("path", mark, FigureTheme.Fill(role), $"d=\"{path}\"", opacity);

    /// <summary>A line along a path.</summary>
    public void Stroke(Mark mark, string path, FigureRole role, double thickness = 1, double opacity = 1, string? dashes = null)
        => Shape("path", mark, FigureTheme.Stroke(role), $"d=\"{path}\" stroke-width=\"{Precise(thickness)}\"{(dashes is null ? "" : $" stroke-dasharray=\"{dashes}\"")}{(opacity < 1 ? $" stroke-opacity=\"{Precise(opacity)}\"" : "")}", 1);

    /// <summary>A straight rule that shows no number.</summary>
    public void Rule(double x1, double y1, double x2, double y2, FigureRole role = FigureRole.Line, double thickness = 1)
        => Stroke(default, $"M{Svg.Number(x1)} {Svg.Number(y1)}L{Svg.Number(x2)} {Svg.Number(y2)}", role, thickness);

    /// <summary>A line of text; it may belong to a key, with which it lights up.</summary>
    public void Text(double x, double y, string text, FigureRole role, double size = 12, Anchor anchor = Anchor.Start, int weight = 400, string? key = null,
        double turn = 0, string? words = null, double opacity = 1)
    {
        if (text.Length == 0) return;
        // As it is in full, where it had to be cut.
        if ((words ?? text).Contains('⟨')) _signs.Append(words ?? text).Append(' ');
        _body.Append("<text class=\"").Append(FigureTheme.Fill(role)).Append('"');
        if (turn == 0) _body.Append($" x=\"{Svg.Number(x)}\" y=\"{Svg.Number(y)}\"");
        else _body.Append($" transform=\"translate({Svg.Number(x)} {Svg.Number(y)}) rotate({Svg.Number(turn)})\"");
        if (size != 12) _body.Append($" font-size=\"{Svg.Number(size)}\"");
        if (anchor != Anchor.Start) _body.Append(anchor == Anchor.Middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"");
        if (weight != 400) _body.Append($" font-weight=\"{weight}\"");
        if (opacity < 1) _body.Append($" fill-opacity=\"{Svg.Number(opacity)}\"");
        if (key is not null) _body.Append($" data-text=\"{Svg.Escape(key)}\"");
        _body.Append('>').Append(Svg.Escape(Svg.Isolate(text)));
        if (words is not null && words != text) _body.Append("<title>").Append(Svg.Escape(words)).Append("</title>");
        _body.Append("</text>\n");
    }

    /// <summary>A number inside or beside a mark, in figures of equal width.</summary>
    public void Number(double x, double y, string text, FigureRole role, string? key, double size = 11, Anchor anchor = Anchor.Middle, int weight = 600)
        => Text(x, y, text, role, size, anchor, weight, key);

    /// <summary>Begins a group that is one mark of many values, one for each shape inside.</summary>
    public void BeginGroup(Mark mark, string attribute = "data-values", double opacity = 1, string? transform = null)
    {
        _body.Append('<').Append('g');
        if (mark.Key is { Length: > 0 }) _body.Append($" data-key=\"{Svg.Escape(mark.Key)}\"");
        if (mark.Value is { } value) _body.Append($" {attribute}=\"{Svg.Escape(value)}\"");
        if (mark.From is { } from) _body.Append($" data-from=\"{Svg.Escape(from)}\"");
        if (transform is not null) _body.Append($" transform=\"{transform}\"");
        if (opacity < 1) _body.Append($" opacity=\"{Precise(opacity)}\"");
        _body.Append('>');
        if (mark.Words is { } words) _body.Append("<title>").Append(Svg.Escape(words)).Append("</title>");
    }

    /// <summary>Ends it.</summary>
    public void EndGroup() => _body.Append("</g>\n");

    /// <summary>Finished SVG for inside a group.</summary>
    public void Raw(string svg) => _body.Append(svg);

    /// <summary>The same, written piece by piece.</summary>
    public void Raw(StringBuilder svg) => _body.Append(svg);

    /// <summary>Writes the foot below <paramref name="bottom"/>, with what signs mean that a reader may not know, and closes the sheet.</summary>
    public Figure Finish(double bottom, string foot = "")
    {
        foot = string.Join(" · ", TokenLabel.Meanings(_signs.ToString()).Prepend(foot).Where(f => f.Length > 0));
        var y = bottom + 8;
        if (foot.Length > 0) _body.Append("<g class=\"foot\">\n");
        foreach (var line in TextWidth.Wrap(foot, Math.Min(LineLength, Width - 2 * Margin), 11.5)) Text(Margin, y += 17, line, FigureRole.Mute, 11.5);
        if (foot.Length > 0) _body.Append("</g>\n");
        var height = y + Margin - 4;
        var description = string.Join(" ", new[] { Sentence(_title), Sentence(_caption), Sentence(foot) }.Where(s => s.Length > 0));
        return new(_title, _caption, foot, Width, height, description, Top - 12, height - bottom - 12,
            $"<rect class=\"{FigureTheme.Fill(FigureRole.Paper)} ground\" width=\"{Svg.Number(Width)}\" height=\"{Svg.Number(height)}\"/>\n{_body}");
    }

    /// <summary>The opacity is the fill's: with one of the whole element, a browser makes a layer of each.</summary>
    private void Shape(string element, Mark mark, string style, string geometry, double opacity)
    {
        _body.Append('<').Append(element).Append(" class=\"").Append(style).Append("\" ").Append(geometry);
        if (opacity < 1) _body.Append($" fill-opacity=\"{Precise(opacity)}\"");
        if (mark.Key is { Length: > 0 } key) _body.Append($" data-key=\"{Svg.Escape(key)}\"");
        if (mark.Value is { } value) _body.Append($" data-value=\"{value}\"");
        if (mark.From is { } from) _body.Append($" data-from=\"{Svg.Escape(from)}\"");
        if (mark.Words is { Length: > 0 } words) _body.Append("><title>").Append(Svg.Escape(words)).Append("</title></").Append(element).Append(">\n");
        else _body.Append("/>\n");
    }

    private static string Precise(double value) => Math.Round(value, 3).ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);

    private static string Sentence(string text) => text.Length == 0 || text[^1] is '.' or '!' or '?' ? text : text + ".";
}
