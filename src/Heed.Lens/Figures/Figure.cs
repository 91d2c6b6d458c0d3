namespace Heed.Lens.Figures;

/// <summary>
/// A picture of numbers: SVG in which every mark carries a stable key and its exact value. Figures are made by functions from values
/// (<c>DotGrid.Of</c>, <c>HeatMap.Of</c>, …) and used as they are by the tool, in notebooks and in web pages:
/// <code>
/// var trace = model.Trace(text);
/// var figure = DotGrid.Of(trace["blocks.10.attn.hook_pattern"], head: 1, tokens);
/// File.WriteAllText("head.svg", figure.ToSvg());
/// File.WriteAllText("head.html", FigurePage.Of(figure).ToHtml());
/// </code>
/// </summary>
/// <remarks>
/// In the SVG, <c>data-key</c> names what a mark shows, in parts with points between: <c>L3.H1.q4.k2</c> is layer 3, head 1, the
/// query at position 4 and the key at position 2. Parts: L layer, H head, q query, k key, p position, d dimension; others are the
/// names that the figure was given. The same thing has the same key in every figure, so that pages can light it up everywhere and
/// move it from one figure to the next. <c>data-value</c> is the value that parses back to the same bits; <c>data-values</c>, on a
/// group, one value for each of its shapes; <c>data-floats</c> the same as base64 of little-endian float32. The <c>title</c> of a
/// mark says it in words.
/// </remarks>
[TypeFormatterSource(typeof(NotebookFormatters))]
public sealed class Figure
{
    private readonly string _body;

    internal Figure(string title, string caption, string foot, double width, double height, string description, double headHeight, double footHeight, string body)
    {
        (Title, Caption, Foot, Width, Height, Description) = (title, caption, foot, width, height, description);
        (HeadHeight, FootHeight, _body) = (headHeight, footHeight, body);
    }

    /// <summary>What is seen.</summary>
    public string Title { get; }

    /// <summary>How to read it, in a sentence.</summary>
    public string Caption { get; }

    /// <summary>What the marks mean, and what was left out.</summary>
    public string Foot { get; }

    /// <summary>The width in pixels at normal size.</summary>
    public double Width { get; }

    /// <summary>The height in pixels at normal size.</summary>
    public double Height { get; }

    /// <summary>How much of the height title and caption take, in pixels. A page that writes them itself leaves it out.</summary>
    public double HeadHeight { get; }

    /// <summary>The same of the foot.</summary>
    public double FootHeight { get; }

    /// <summary>What a reader who does not see the figure is told first: title, caption and foot.</summary>
    public string Description { get; }

    /// <summary>The style sheet that figures need: for a page that holds many of them and keeps it once.</summary>
    public static string StyleSheet => FigureTheme.Style;

    /// <summary>The figure as SVG, complete with its style sheet: a file, or a part of a page.</summary>
    public string ToSvg() => ToSvg($"<style>{StyleSheet}</style>\n");

    /// <summary>The figure as SVG without <see cref="StyleSheet"/>, which the page has to bring.</summary>
    public string ToBareSvg() => ToSvg("");

    private string ToSvg(string style)
    {
        var (width, height) = (Svg.Number(Width), Svg.Number(Height));
        return $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"heed\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" "
            + $"font-family=\"{FigureTheme.Font}\" font-size=\"12\" role=\"img\" aria-label=\"{Svg.Escape(Description)}\">\n"
            + $"{style}{_body}</svg>\n";
    }

    /// <summary>The title.</summary>
    public override string ToString() => Title;
}
