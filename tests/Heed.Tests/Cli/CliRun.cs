using System.Text;
using System.Text.Json;
using Heed.Cli;
using Heed.Cli.Rendering;

namespace Heed.Tests.Cli;

/// <summary>One run of the tool inside the test's process, with its own streams.</summary>
internal sealed record CliRun(int Code, string Out, string Error)
{
    /// <summary>The output's lines.</summary>
    public string[] Lines => Out.TrimEnd('\n').Split('\n');

    /// <summary>The only or last line as JSON.</summary>
    public JsonElement Json => JsonDocument.Parse(Lines[^1]).RootElement;

    /// <summary>Runs a command line in a pipe.</summary>
    public static CliRun Of(params string[] args) => With("", 80, args);

    /// <summary>Runs with this input, and figures of this width.</summary>
    public static CliRun With(string input, int width, params string[] args) => With(Encoding.UTF8.GetBytes(input), width, args);

    /// <summary>Runs with these bytes as input.</summary>
    public static CliRun With(byte[] input, int width, string[] args, ColorDepth colors = ColorDepth.None)
    {
        using var stream = new MemoryStream(input);
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = Tool.Run(args, new Terminal(stream, output, error, () => width) { Colors = colors });
        return new(code, output.ToString(), error.ToString());
    }
}
