using System.CommandLine;
using System.Text;
using Heed.Cli.Rendering;

namespace Heed.Cli;

/// <summary>
/// --svg and --html, for every command that has something to draw. What was written is said on standard error, so that standard output
/// stays what it is without them.
/// <code>
/// var figures = new FigureOptions();                   // when the command is made
/// figures.AddTo(command);
/// figures.Write(parsed, terminal, () => HeatMap.Of(…));      // in its action; nothing is drawn if neither is given
/// </code>
/// </summary>
internal sealed class FigureOptions
{
    /// <summary>--svg</summary>
    public OutputFile Svg { get; } = new("--svg") { Description = "Also draw it into this file, as SVG." };

    /// <summary>--html</summary>
    public OutputFile Html { get; } = new("--html") { Description = "Also draw it as a page of its own, with the exact numbers on hover; works offline." };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(Svg);
        command.Options.Add(Html);
    }

    /// <summary>True if a figure is to be written.</summary>
    public bool AreGiven(ParseResult parsed) => parsed.GetValue(Svg) is not null || parsed.GetValue(Html) is not null;

    /// <summary>True if a page is to be written, which may take more values than a figure.</summary>
    public bool IsPageGiven(ParseResult parsed) => parsed.GetValue(Html) is not null;

    /// <summary>Writes the files that are asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="terminal">Where it is said.</param>
    /// <param name="figure">Draws the figure.</param>
    /// <param name="page">Makes the page; null: the figure alone.</param>
    public void Write(ParseResult parsed, Terminal terminal, Func<Figure> figure, Func<FigurePage>? page = null)
    {
        if (parsed.GetValue(Svg) is { } svg) WriteFile(terminal, svg, figure().ToSvg());
        if (parsed.GetValue(Html) is { } html) WriteFile(terminal, html, (page?.Invoke() ?? FigurePage.Of(figure())).ToHtml());
    }

    /// <summary>The file is complete or not there: it is written beside and then renamed.</summary>
    private static void WriteFile(Terminal terminal, string path, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var isDevice = !OperatingSystem.IsWindows() && Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal);
        var beside = isDevice ? path : $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllBytes(beside, bytes);
            if (!isDevice) File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            if (!isDevice) Remove(beside);
            throw new HeedException($"{path} cannot be written: {e.Message.Replace(Path.GetFullPath(beside), path, StringComparison.Ordinal).Replace(beside, path, StringComparison.Ordinal)}", e);
        }
        terminal.Error.WriteLine($"Wrote {path} ({ByteSize.Of(bytes.Length)}).");
    }

    private static void Remove(string beside)
    {
        try
        {
            File.Delete(beside);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that brought us here is the one to report.
        }
    }
}
