using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Heed.Cli.Commands;

namespace Heed.Cli;

/// <summary>The `heed` tool: its commands, and what becomes of their errors.</summary>
internal static partial class Tool
{
    /// <summary>Runs a command line.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static int Run(string[] args, Terminal terminal)
    {
        try
        {
            try
            {
                return Invoke(args, terminal);
            }
            finally
            {
                terminal.Out.Flush();
            }
        }
        catch (UsageException e)
        {
            return Report(terminal, e.Message, ExitCode.WrongUse);
        }
        catch (HeedException e)
        {
            return Report(terminal, e.Message, ExitCode.Failed);
        }
        catch (OperationCanceledException)
        {
            return Report(terminal, "Stopped.", ExitCode.Interrupted);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Report(terminal, $"Reading or writing failed: {e.Message}", ExitCode.Failed);
        }
        catch (OutOfMemoryException)
        {
            return Report(terminal, "There is not enough memory for this model and text.", ExitCode.Failed);
        }
    }

    /// <summary>All commands.</summary>
    internal static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand("Run a transformer and look inside it. Every number it shows came out of the model.")
        {
            LabCommand.Create(terminal),
            LookCommand.Create(terminal),
            GenerateCommand.Create(terminal),
            ChatCommand.Create(terminal),
            TokenizeCommand.Create(terminal),
            TraceCommand.Create(terminal),
            LensCommand.Create(terminal),
            AttributeCommand.Create(terminal),
            WhyCommand.Create(terminal),
            HeadsCommand.Create(terminal),
            AblateCommand.Create(terminal),
            PatchCommand.Create(terminal),
            CircuitCommand.Create(terminal),
            DirectionsCommand.Create(terminal),
            CompareCommand.Create(terminal),
            CountCommand.Create(terminal),
            CostCommand.Create(terminal),
            InfoCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            BenchCommand.Create(terminal),
            CompletionCommand.Create(terminal),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        root.SetAction(parsed => help.Action is HelpWithExamples action ? action.Invoke(parsed) : ExitCode.Success);
        return root;
    }

    /// <summary>What the parser says of a value that is no number, with the name of a type of ours.</summary>
    [GeneratedRegex(@"Cannot parse argument '(.*)' for option '(.*)' as expected type 'System\.(\w+)'\.")]
    private static partial Regex NoNumber();

    private static int Invoke(string[] args, Terminal terminal)
    {
        var root = Create(terminal);
        // A text may begin with @: arguments are never names of files with more arguments.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            var error = parsed.Errors[0];
            var option = error.SymbolResult is OptionResult result && !error.Message.Contains(result.Option.Name, StringComparison.Ordinal) ? $"{result.Option.Name}: " : "";
            var message = NoNumber().Replace(string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), m => $"{m.Groups[2].Value} is '{m.Groups[1].Value}'; it takes {(m.Groups[3].Value is "Single" or "Double" ? "a number" : "a whole number")}.");
            throw new UsageException($"{option}{message} See '{Path(parsed.CommandResult)} --help'.");
        }
        RefuseUnknownOptions(parsed);
        if (parsed.Action is not HelpWithExamples)
            foreach (var output in parsed.CommandResult.Command.Options.OfType<OutputFile>()) output.Check(parsed);
        return parsed.Invoke(new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>A mistyped option would silently become part of a text or a file's name.</summary>
    private static void RefuseUnknownOptions(ParseResult parsed)
    {
        var command = Path(parsed.CommandResult);
        var given = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).ToHashSet();
        foreach (var token in parsed.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash))
        {
            var isOption = token.Value is ['-', '-', not (' ' or '-'), ..] or ['-', (>= 'a' and <= 'z') or (>= 'A' and <= 'Z')];
            if (isOption && !token.Value.Contains(' ') && given.Contains(token))
                throw new UsageException($"{token.Value} is not an option of '{command}'; see '{command} --help'. What begins with a dash and is no option comes after two: {command} -- {token.Value}");
        }
    }

    private static string Path(CommandResult command) => command.Command is RootCommand ? "heed" : $"heed {command.Command.Name}";

    private static int Report(Terminal terminal, string message, int code)
    {
        try
        {
            terminal.Error.WriteLine($"heed: {message.ReplaceLineEndings(" ")}");
        }
        catch (IOException)
        {
            // Nobody can be told.
        }
        return code;
    }
}
