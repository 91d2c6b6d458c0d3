using System.Text;
using Heed.Cli.Rendering;

namespace Heed.Cli;

/// <summary>Where a command reads and writes, and what that place can show. Tests give their own.</summary>
internal sealed class Terminal
{
    private const int PlainWidth = 80;
    private readonly Lazy<int> _width;

    /// <summary>A place of that kind.</summary>
    public Terminal(Stream input, TextWriter output, TextWriter error, Func<int>? width = null)
    {
        Input = input;
        Out = output;
        Error = error;
        _width = new(width ?? (() => PlainWidth));
    }

    /// <summary>Standard input.</summary>
    public Stream Input { get; }

    /// <summary>Standard output: results, and nothing else.</summary>
    public TextWriter Out { get; }

    /// <summary>Standard error: errors and progress.</summary>
    public TextWriter Error { get; }

    /// <summary>True if a person reads the output as it comes.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>True if a person types the input.</summary>
    public bool IsInputInteractive { get; init; }

    /// <summary>True if a person sees errors and progress.</summary>
    public bool IsErrorInteractive { get; init; }

    /// <summary>Colours of the output.</summary>
    public ColorDepth Colors { get; init; }

    /// <summary>Cells in a line; 80 where the output is no terminal, unless COLUMNS says otherwise.</summary>
    public int Width => _width.Value;

    /// <summary>This process's own. Streams are UTF-8 whatever the locale says.</summary>
    public static Terminal OfProcess()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        if (OperatingSystem.IsWindows() && !Console.IsOutputRedirected) Console.OutputEncoding = utf8;
        var isTerminal = !Console.IsOutputRedirected;
        return new(Console.OpenStandardInput(),
            new StreamWriter(Console.OpenStandardOutput(), utf8, 1 << 14) { NewLine = "\n" },
            new StreamWriter(Console.OpenStandardError(), utf8, 1 << 10) { NewLine = "\n", AutoFlush = true },
            () => WidthOf(isTerminal))
        {
            IsInteractive = isTerminal,
            IsInputInteractive = !Console.IsInputRedirected,
            IsErrorInteractive = !Console.IsErrorRedirected,
            Colors = ColorsOf(isTerminal, Environment.GetEnvironmentVariable),
        };
    }

    /// <summary>The colours to use: none in files and pipes, with NO_COLOR (no-color.org) or TERM=dumb; FORCE_COLOR overrules.</summary>
    internal static ColorDepth ColorsOf(bool isTerminal, Func<string, string?> environment)
    {
        var force = environment("FORCE_COLOR");
        var isForced = force is { Length: > 0 } and not "0" and not "false";
        if (!isForced && (!isTerminal || environment("NO_COLOR") is { Length: > 0 } || environment("TERM") is "dumb" || force is { Length: > 0 }))
            return ColorDepth.None;
        return OperatingSystem.IsWindows() || force is "3" || environment("COLORTERM") is "truecolor" or "24bit" ? ColorDepth.True : ColorDepth.Indexed;
    }

    /// <summary>Writes a figure.</summary>
    public void Write(IEnumerable<StyledLine> lines)
    {
        foreach (var line in lines) Out.WriteLine(line.Render(Colors));
    }

    /// <summary>Writes text in a role, without ending the line.</summary>
    public void Write(string text, Role role) => Out.Write(StyledText(text, role));

    private string StyledText(string text, Role role)
    {
        var start = Palette.Start(role, Colors);
        return start.Length == 0 ? text : start + text + Palette.Reset;
    }

    /// <summary>All of standard input as text.</summary>
    /// <exception cref="HeedException">It is not UTF-8.</exception>
    public string ReadToEnd()
    {
        try
        {
            using var reader = OpenReader();
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException e)
        {
            throw NotUtf8(e);
        }
    }

    /// <summary>Reads standard input line by line. Bytes that are not UTF-8 are a <see cref="DecoderFallbackException"/>.</summary>
    public StreamReader OpenReader()
        => new(Input, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, 1 << 12, leaveOpen: true);

    /// <summary>The error that standard input is no text.</summary>
    public static HeedException NotUtf8(Exception inner) => new("Standard input is not valid UTF-8 text; convert it first, for example with iconv.", inner);

    private static int WidthOf(bool isTerminal)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out var columns) && columns is >= 20 and <= 1000 && !isTerminal) return columns;
        if (!isTerminal) return PlainWidth;
        try
        {
            return Console.WindowWidth is var width and >= 20 ? width : PlainWidth;
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            return PlainWidth;
        }
    }
}
