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
