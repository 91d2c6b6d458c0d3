namespace Heed.Lens.Figures;

/// <summary>
/// Tells .NET notebooks how to show a type. They look for an attribute of this name and read it by reflection, so that no package of
/// theirs is needed.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>The class that makes the formatters.</summary>
    public Type FormatterSourceType { get; } = formatterSourceType;

    /// <summary>What is shown where several are possible.</summary>
    public string[] PreferredMimeTypes { get; set; } = ["text/html"];
}

/// <summary>What notebooks ask for formatters.</summary>
internal sealed class NotebookFormatters
{
    /// <summary>The formatters, which notebooks use by their members' names.</summary>
    public IEnumerable<object> CreateTypeFormatters() => [new NotebookFormatter()];
}

/// <summary>A figure as the HTML that a notebook embeds.</summary>
internal sealed class NotebookFormatter
{
    /// <summary>What <see cref="Format"/> writes.</summary>
    public string MimeType => "text/html";

    /// <summary>Writes a figure or page; false for anything else.</summary>
    public bool Format(object instance, TextWriter writer)
    {
        switch (instance)
        {
            case Figure figure:
                writer.Write(figure.ToSvg());
                return true;
            case FigurePage page:
                // A page brings a script of its own: it lives in a frame, apart from the notebook and from other pages.
                writer.Write($"<iframe title=\"{Svg.Escape(page.Title)}\" style=\"border:0;width:100%;height:{Svg.Number(page.Height + 140)}px\" srcdoc=\"{Svg.Escape(page.ToHtml())}\"></iframe>");
                return true;
            default:
                return false;
        }
    }
}
