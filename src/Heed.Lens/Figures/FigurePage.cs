using System.Text;

namespace Heed.Lens.Figures;

/// <summary>
/// Figures as one HTML file that needs no network: all at once, or one after another with play, pause and step, each mark moving from
/// where its key was to where it is. Hover and keyboard focus tell a mark's exact value and light up the same thing everywhere.
/// <code>
/// File.WriteAllText("head.html", FigurePage.Of(figure).ToHtml());
/// File.WriteAllText("steps.html", FigurePage.Steps(StepStrip.Steps(…)).ToHtml());
/// </code>
/// </summary>
/// <remarks>Keys: arrows step and the space bar plays; Tab reaches a figure, Enter its marks, arrows go from mark to mark, Escape leaves.</remarks>
[TypeFormatterSource(typeof(NotebookFormatters))]
public sealed class FigurePage
{
    private static readonly string s_script = Resource("FigureMotion.js") + Resource("FigurePage.js");
    private static readonly string s_style = Resource("FigurePage.css");
    private readonly IReadOnlyList<IReadOnlyList<Figure>> _cards;

    private FigurePage(string title, IReadOnlyList<IReadOnlyList<Figure>> cards) => (Title, _cards) = (title, cards);

    /// <summary>The page's title.</summary>
    public string Title { get; }

    /// <summary>All figures, in the order in which they stand.</summary>
    public IEnumerable<Figure> Figures => _cards.SelectMany(c => c);

    /// <summary>The height of its figures one below another, in pixels.</summary>
    internal double Height => _cards.Sum(c => c.Max(f => f.Height) + 48);

    /// <summary>A page that shows all figures.</summary>
    public static FigurePage Of(params IReadOnlyList<Figure> figures)
    {
        if (figures.Count == 0) throw new ArgumentException("A page needs a figure.");
        return new(figures[0].Title, [.. figures.Select(f => new[] { f })]);
    }

    /// <summary>A page that shows one figure after another.</summary>
    public static FigurePage Steps(params IReadOnlyList<Figure> steps)
    {
        if (steps.Count == 0) throw new ArgumentException("A sequence needs a figure.");
        return new(steps[0].Title, [[.. steps]]);
    }

    /// <summary>This page with another's figures below.</summary>
    public FigurePage And(FigurePage other) => new(Title, [.. _cards, .. other._cards]);

    /// <summary>This page with a title.</summary>
    public FigurePage Named(string title) => new(title, _cards);

    /// <summary>The whole file.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder();
        html.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n");
        html.Append($"<title>{Svg.Escape(Title)}</title>\n<style>\n{s_style}</style>\n</head>\n<body>\n<main>\n");
        foreach (var card in _cards)
        {
            if (card.Count == 1) html.Append($"<section class=\"card sheet\">{Sheet(card[0])}</section>\n");
            else AppendPlayer(html, card);
        }
        html.Append($"</main>\n<div role=\"tooltip\" hidden></div>\n<script>\n{s_script}</script>\n</body>\n</html>\n");
        return html.ToString();
    }

    /// <summary>A figure, and its words once more for narrow screens: there they stand above and below, in lines of the screen's width, and
    /// do not move when the picture is scrolled sideways. Its own words are left out there.</summary>
    private static string Sheet(Figure figure)
    {
        var svg = figure.ToSvg();
        var size = $" style=\"--head:{Svg.Number(figure.HeadHeight)}px;--foot:{Svg.Number(figure.FootHeight)}px\"";
        return $"<div class=\"words\" aria-hidden=\"true\"><strong>{Svg.Escape(figure.Title)}</strong><p>{Svg.Escape(figure.Caption)}</p></div>\n{svg.Insert("<svg".Length, size)}"
            + (figure.Foot.Length == 0 ? "" : $"<p class=\"words\" aria-hidden=\"true\">{Svg.Escape(figure.Foot)}</p>\n");
    }

    private static void AppendPlayer(StringBuilder html, IReadOnlyList<Figure> steps)
    {
        // The last step is the whole picture: it is what is seen at first, in print and without the script. Play begins at the first.
        html.Append("<section class=\"card player\">\n<div class=\"stage sheet\">\n");
        for (var i = 0; i < steps.Count; i++) html.Append($"<div class=\"step{(i == steps.Count - 1 ? " on" : "\" inert=\"")}\">{Sheet(steps[i])}</div>\n");
        html.Append("</div>\n<nav aria-label=\"Steps\"><button>‹ Back</button><button>▶ Play</button><button disabled>Next ›</button>");
        html.Append($"<output aria-live=\"polite\">{steps.Count} of {steps.Count}</output></nav>\n</section>\n");
    }

    /// <inheritdoc/>
    public override string ToString() => Title;

    private static string Resource(string name)
    {
        using var stream = typeof(FigurePage).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
