namespace Heed.Tokenization;

/// <summary>
/// A chat template that cannot be read or rendered, with where in it that happened. A template's own
/// <c>raise_exception</c> arrives here too: then the conversation does not fit the template.
/// </summary>
public sealed class TemplateException : HeedException
{
    private readonly string text;

    /// <summary>An error described by <paramref name="message"/> at a line of a template.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="templateName">The template's name as given to <see cref="ChatTemplate.Parse(string, string)"/>.</param>
    /// <param name="line">The line, from 1.</param>
    public TemplateException(string message, string templateName, int line) : base(message)
    {
        text = message;
        TemplateName = templateName;
        Line = line;
    }

    internal TemplateException(Jinja.FaultKind kind, string message) : base(message)
    {
        text = message;
        Kind = kind;
        TemplateName = "";
    }

    /// <summary>The template's name.</summary>
    public string TemplateName { get; private set; }

    /// <summary>The line in the template, from 1; 0 when no line is to blame.</summary>
    public int Line { get; private set; }

    /// <summary>True when the template itself refused the conversation with <c>raise_exception</c>.</summary>
    public bool RaisedByTemplate => Kind == Jinja.FaultKind.Raised;

    /// <inheritdoc/>
    public override string Message =>
        TemplateName.Length == 0 ? text : Line > 0 ? $"{TemplateName}, line {Line}: {text}" : $"{TemplateName}: {text}";

    /// <summary>Which Python error this stands for; some filters swallow some kinds.</summary>
    internal Jinja.FaultKind Kind { get; }

    /// <summary>Fills in the place, unless an inner one is known already.</summary>
    internal void Locate(string templateName, int line)
    {
        if (TemplateName.Length == 0) TemplateName = templateName;
        if (Line == 0) Line = line;
    }
}
