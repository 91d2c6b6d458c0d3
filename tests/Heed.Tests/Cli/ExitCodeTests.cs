using System.CommandLine;
using Heed.Cli;

namespace Heed.Tests.Cli;

/// <summary>One rule for all commands: values that cannot be and options that cannot go together are 2; texts, files and models are 1.</summary>
public class ExitCodeTests
{
    private static readonly (int Code, string[] Args)[] s_cases =
    [
        (2, ["look", "a cat", "--layer", "99"]), (2, ["look", "a cat", "--tokens", "9..12"]), (2, ["look", "a cat", "--edit", "zero:nothing"]), (2, ["look", "a cat", "--board"]), (1, ["look", "a cat", "--model", "missing"]),
        (2, ["generate", "a cat", "--top-p", "3"]), (2, ["generate", "a cat", "--logit-bias", "999999=1"]), (2, ["generate", "a cat", "--stop-token", "999999"]), (1, ["generate", "a cat", "--model", "missing"]),
        (2, ["chat", "--temperature", "-1"]), (1, ["chat", "--model", "missing"]),
        (2, ["tokenize", "--decode", "x"]), (1, ["tokenize", "a cat", "--model", "missing"]),
        (2, ["trace", "a cat", "--names", "nothing"]), (2, ["trace", "--list", "--names", "nothing"]), (2, ["trace", "a cat", "--heads", "99"]), (2, ["trace", "a cat", "--positions", "9"]), (2, ["trace", "a cat", "--edit", "zero:hook_embed:head=1"]), (1, ["trace", "a cat", "--model", "missing"]),
        (2, ["lens", "a cat", "--top", "0"]), (2, ["lens", "a cat", "--token", "zzzz"]), (2, ["lens", "a cat", "--token", "id:999999"]), (2, ["lens", "a cat", "--edit", "freeze:nothing"]), (1, ["lens", "a cat", "--edit", "replace:hook_embed:missing.safetensors"]), (1, ["lens", "a cat", "--model", "missing"]),
        (2, ["attribute", "a cat", "--answer", "zzzz"]), (2, ["attribute", "a cat", "--wrong", ""]), (2, ["attribute", "a cat", "--neurons", "1000000"]), (1, ["attribute", "a cat", "--model", "missing"]),
        (2, ["why", "a cat", "-l", "1", "-H", "9"]), (2, ["why", "a cat", "-l", "1", "-H", "0", "-q", "0", "-k", "1"]), (1, ["why", "a cat", "-l", "1", "-H", "0", "--model", "missing"]),
        (2, ["heads", "--pattern", "q+1"]), (2, ["heads", "--length", "5000"]), (2, ["heads", "--edit", "knockout:9.0:key=1"]), (1, ["heads", "--pattern", "missing.json"]), (1, ["heads", "--model", "missing"]),
        (2, ["ablate", "a cat", "--wrong", "zzzz"]), (2, ["ablate", "a cat", "--from", "b"]), (2, ["ablate", "a cat", "--edit", "pattern:1.2:q-1"]), (1, ["ablate", "a cat", "--model", "missing"]),
        (2, ["patch", "a cat", "a dog", "-a", "zzzz", "-w", "id:3"]), (2, ["patch", "a cat"]), (1, ["patch", "a", "a long text", "-a", "id:3", "-w", "id:4"]), (1, ["patch", "a", "b", "-a", "id:3", "-w", "id:4", "--model", "missing"]),
        (2, ["circuit", "--layer", "99", "--head", "0"]), (2, ["circuit", "--layer", "1", "--head", "99"]), (2, ["circuit", "--compose", "--layer", "99"]), (1, ["circuit", "--model", "missing"]),
        (2, ["directions", "a - b", "--in", "a", "--layer", "1", "--project", "c"]), (2, ["directions", "a - b", "--in", "a {}", "--layer", "99", "--project", "c"]), (1, ["directions", "a", "--model", "missing"]),
        (2, ["compare", "a", "b", "--names", "nothing"]), (2, ["compare", "a"]), (2, ["compare", "a", "--edit", "zero:nothing"]), (1, ["compare", "a", "b", "--model-b", "missing"]),
        (2, ["count", "--nothing"]), (1, ["count", "missing"]),
        (2, ["cost", "--context", "0"]), (1, ["cost", "missing"]),
        (2, ["info", "--nothing"]), (1, ["info", "missing"]),
        (2, ["verify"]), (1, ["verify", "missing"]),
        (2, ["bench", "--prompt", "0"]), (1, ["bench", "missing"]),
        (2, ["lab", "--nothing"]), (2, ["lab", "--model", "a", "--model", "./a"]), (1, ["lab", "--model", "missing"]),
        (2, ["completion", "nothing"]),
    ];

    public static TheoryData<string> Commands() => [.. Tool.Create(new Terminal(Stream.Null, TextWriter.Null, TextWriter.Null)).Subcommands.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Run_WrongUseOrBadInput_HasItsOwnCode(string command)
    {
        var cases = s_cases.Where(c => c.Args[0] == command).ToArray();
        Assert.Contains(cases, c => c.Code == 2);
        if (command != "completion") Assert.Contains(cases, c => c.Code == 1);
        foreach (var (code, args) in cases)
        {
            var takesModel = Option(command, "--model") && !args.Contains("--model") && !args.Contains("missing");
            var run = CliRun.Of(takesModel ? [.. args, "--model", Models.Stories] : args);
            Assert.True(code == run.Code, $"{string.Join(' ', args)}: {run.Code}, {run.Error}");
            Assert.Equal("", run.Out);
            Assert.StartsWith("heed: ", run.Error, StringComparison.Ordinal);
            Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Run_OutputThatCannotBe_IsRefusedByItsNameBeforeAnythingRuns(string command)
    {
        using var folder = new TemporaryFolder();
        foreach (var option in Of(command).Options.OfType<OutputFile>().Select(o => o.Name))
        {
            string[] args = s_cases.First(c => c.Code == 1 && c.Args[0] == command && c.Args.Contains("missing")).Args;
            foreach (var (path, why) in new[] { (Path.Combine(folder.Path, "no", "such", "f.svg"), "there is no folder"), (folder.Path, "it is a folder") })
            {
                var run = CliRun.Of([.. args, option, path]);
                Assert.Equal((1, ""), (run.Code, run.Out));
                Assert.StartsWith($"heed: {option} {path} cannot be written: {why}", run.Error, StringComparison.Ordinal);
            }
            Assert.Equal(2, CliRun.Of([.. args, option, ""]).Code);
        }
        if (command is "look" or "lens" or "cost") Assert.Equal(2, Of(command).Options.OfType<OutputFile>().Count());
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static Command Of(string command) => Tool.Create(new Terminal(Stream.Null, TextWriter.Null, TextWriter.Null)).Subcommands.Single(c => c.Name == command);

    private static bool Option(string command, string name) => Of(command).Options.Any(o => o.Name == name);
}
