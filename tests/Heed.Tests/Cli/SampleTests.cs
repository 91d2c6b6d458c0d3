namespace Heed.Tests.Cli;

public class SampleTests
{
    private static CliRun Run(string sample)
    {
        var program = Path.Combine(TestData.Root, "samples", sample, "bin", Programs.Configuration, "net10.0", sample + ".dll");
        var run = Programs.Run("dotnet", [program, TestData.EmbeddedModel]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        return run;
    }

    [Fact]
    public void Generate_Run_ContinuesTheText()
    {
        var lines = Run("Generate").Lines;
        Assert.StartsWith(", the city of ", lines[1], StringComparison.Ordinal);
        Assert.Contains(lines, l => l.Contains("% ", StringComparison.Ordinal) && l.EndsWith(" Paris", StringComparison.Ordinal));
    }

    [Fact]
    public void Readme_ItsExample_IsTheSampleThatRuns()
    {
        var sample = File.ReadAllText(Path.Combine(TestData.Root, "samples", "Readme", "Program.cs")).ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\n{sample}```\n", File.ReadAllText(Path.Combine(TestData.Root, "README.md")).ReplaceLineEndings("\n"), StringComparison.Ordinal);
        var lines = Run("Readme").Lines;
        Assert.Contains(lines, l => l.StartsWith("blocks.2.attn.hook_pattern [head 9, query 10, key 10]", StringComparison.Ordinal));
        Assert.Matches(@"^\d\.\d{3} nats a token over \d tokens$", lines[^1]);
    }

    [Fact]
    public void LookInside_Run_ShowsWeightsThatAddUp()
    {
        var lines = Run("LookInside").Lines;
        Assert.Equal(9, lines.Length);
        Assert.StartsWith("The weights add up to 1.000", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_Run_KeepsTheConversationInTheCache()
    {
        var lines = Run("Chat").Lines;
        Assert.StartsWith("> What is attention?", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"\(0 of \d+ tokens", string.Join('\n', lines));
        Assert.Matches(@"\([1-9]\d* of \d+ tokens were in the cache\)$", lines[^1]);
    }
}
