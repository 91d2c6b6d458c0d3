using System.CommandLine;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>The options of every command that runs a model.</summary>
internal sealed class ModelOptions
{
    /// <summary>--model</summary>
    public Option<string?> Model { get; } = new("--model", "-m") { Description = ModelPlace.Search, HelpName = "PATH" };

    /// <summary>--threads</summary>
    public Option<int> Threads { get; } = new("--threads", "-t") { Description = "Threads; 0: one a core. The results are the same for any number.", HelpName = "N" };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(Model);
        command.Options.Add(Threads);
    }

    /// <summary>Opens the model that the command line names.</summary>
    public LanguageModel Open(ParseResult parsed, Terminal terminal, ActivationPrecision precision, string? path = null)
    {
        var options = new LoadOptions { Threads = ThreadsOf(parsed), Precision = precision };
        path = ModelPlace.Find(path ?? parsed.GetValue(Model));
        using var progress = new Progress(terminal, $"Opening {path}");
        return LanguageModel.Load(path, options);
    }

    /// <summary>The number of threads, checked.</summary>
    public int ThreadsOf(ParseResult parsed)
    {
        var threads = parsed.GetValue(Threads);
        return threads is >= 0 and <= 1024 ? threads : throw new UsageException($"--threads is {threads}; it must be from 0 (one a core) to 1024.");
    }
}

/// <summary>A command's text: all words of the command line, or standard input for "-".</summary>
internal static class TextArgument
{
    public static Argument<string[]> Create(string name, string description)
        => new(name) { Description = description, Arity = ArgumentArity.ZeroOrMore };

    /// <summary>The text; none is wrong use.</summary>
    public static string Read(ParseResult parsed, Argument<string[]> argument, Terminal terminal, string example)
    {
        var words = parsed.GetValue(argument) ?? [];
        if (words.Length == 0) throw new UsageException($"No text was given. Try: {example}");
        return words is ["-"] ? terminal.ReadToEnd() : string.Join(' ', words);
    }
}
