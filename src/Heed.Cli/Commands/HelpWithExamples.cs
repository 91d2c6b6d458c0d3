using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Heed.Cli.Commands;

/// <summary>A command whose help ends with examples.</summary>
internal sealed class ToolCommand(string name, string description) : Command(name, description)
{
    /// <summary>Command lines, each with what it does.</summary>
    public required IReadOnlyList<(string Line, string Meaning)> Examples { get; init; }

    /// <summary>More to say after the examples, or null.</summary>
    public string? Notes { get; init; }
}

/// <summary>Help with the command's examples below it.</summary>
internal sealed class HelpWithExamples(HelpAction inner) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parsed)
    {
        var output = parsed.InvocationConfiguration.Output;
        output.Write(Builtin(parsed));
        if (parsed.CommandResult.Command is ToolCommand command)
        {
            output.WriteLine("Examples:");
            foreach (var (line, meaning) in command.Examples)
            {
                output.WriteLine($"  {line}");
                output.WriteLine($"      {meaning}");
            }
            output.WriteLine();
            if (command.Notes is { } notes)
            {
                output.WriteLine(notes);
                output.WriteLine();
            }
        }
        else if (parsed.CommandResult.Command is RootCommand)
        {
            output.WriteLine("""
                Start here:
                  heed look "a fluffy blue creature roamed the verdant forest"

                Exit codes: 0 done; 1 failed, or different; 2 wrong use, for this model and text
                too; 130 stopped by Ctrl-C.
                Environment: HEED_MODEL (the model to use), HEED_ISA (the instruction set to use), NO_COLOR.

                """);
        }
        return ExitCode.Success;
    }

    /// <summary>The library's help. It calls the tool by its file's name, which differs from what people type.</summary>
    private string Builtin(ParseResult parsed)
    {
        var configuration = parsed.InvocationConfiguration;
        var output = configuration.Output;
        using var text = new StringWriter { NewLine = "\n" };
        configuration.Output = text;
        try
        {
            inner.Invoke(parsed);
        }
        finally
        {
            configuration.Output = output;
        }
        return text.ToString().Replace($"  {RootCommand.ExecutableName} ", "  heed ", StringComparison.Ordinal);
    }
}
