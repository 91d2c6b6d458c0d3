using System.Globalization;
using System.Xml.Linq;

namespace Heed.Tests.Cli;

public class FigureFilesTests
{
    private const string Text = "Once upon a time";

    [Theory]
    [InlineData("lesson")]
    [InlineData("library")]
    public void LookSvg_ANamedHead_HoldsTheWeightsThatJsonPrints(string convention)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "head.svg");
        var run = CliRun.Of("look", Text, "--model", Models.Stories, "-l", "2", "-H", "3", "--convention", convention, "--json", "--svg", file);
        Assert.Equal(0, run.Code);
        Assert.StartsWith($"Wrote {file} (", run.Error, StringComparison.Ordinal);
        var marks = XDocument.Load(file).Descendants().Where(e => e.Attribute("data-value") is not null).ToDictionary(e => e.Attribute("data-key")!.Value, e => e.Attribute("data-value")!.Value);
        var pattern = run.Json.GetProperty("pattern");
        var n = pattern.GetArrayLength();
        Assert.Equal(n * (n + 1) / 2, marks.Count);
        for (var q = 0; q < n; q++)
            for (var k = 0; k <= q; k++)
                Assert.Equal((convention == "lesson" ? pattern[k][q] : pattern[q][k]).GetSingle(), float.Parse(marks[$"L2.H3.q{q}.k{k}"], CultureInfo.InvariantCulture));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void LookSvg_ANarrowTerminal_DrawsTheSameFigureAsAWideOne()
    {
        using var folder = new TemporaryFolder();
        var text = string.Join(' ', Enumerable.Repeat("Once upon a time there was a cat", 3));
        string[] common = ["look", text, "--model", Models.Stories, "-l", "2", "-H", "3"];
        string narrow = folder.File("narrow.svg"), wide = folder.File("wide.svg"), named = folder.File("named.svg");
        var run = CliRun.With("", 40, [.. common, "--svg", narrow]);
        Assert.Equal(0, run.Code);
        Assert.Contains("of 28 tokens are shown as tokens that look", run.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Equal(CliRun.With("", 40, common).Out, run.Out);
        Assert.Equal(0, CliRun.With("", 200, [.. common, "--svg", wide]).Code);
        Assert.Equal(File.ReadAllText(wide), File.ReadAllText(narrow));
        Assert.Contains("data-key=\"L2.H3.q0.k0\"", File.ReadAllText(narrow), StringComparison.Ordinal);
        Assert.Equal(0, CliRun.With("", 200, [.. common, "--tokens", "5..7", "--svg", named]).Code);
        Assert.DoesNotContain("data-key=\"L2.H3.q4.k0\"", File.ReadAllText(named), StringComparison.Ordinal);
        Assert.Contains("data-key=\"L2.H3.q5.k0\"", File.ReadAllText(named), StringComparison.Ordinal);
    }

    [Fact]
    public void LookHtml_AHead_IsAPageWithItsStages()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "head.html");
        File.WriteAllText(file, "old");
        var run = CliRun.Of("look", Text, "--model", Models.Stories, "-l", "2", "-H", "3", "--html", file);
        Assert.Equal(0, run.Code);
        Assert.Contains("Layer 2, head 3: who looks at whom", run.Lines);
        var html = File.ReadAllText(file);
        Assert.StartsWith("<!doctype html>", html, StringComparison.Ordinal);
        foreach (var key in new[] { "L2.H3.q4.k1", "L2.H3.q4.k1.raw", "L2.H3.q4.sum", "L2.H3.q4.after" }) Assert.Contains($"data-key=\"{key}\"", html, StringComparison.Ordinal);
        Assert.Contains("<title>Heed: layer 2, head 3</title>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void LookBoard_AllHeads_AreInTheFile()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "board.svg");
        Assert.Equal(0, CliRun.Of("look", Text, "--model", Models.Stories, "--board", "--svg", file).Code);
        Assert.Equal(40, XDocument.Load(file).Descendants().Count(e => e.Attribute("data-floats") is not null));
    }

    [Fact]
    public void Look_FigureThatCannotBeWritten_SaysSoAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        var run = CliRun.Of("look", Text, "--model", Models.Stories, "--svg", Path.Combine(folder.Path, "missing", "head.svg"));
        Assert.Equal(1, run.Code);
        Assert.Contains("cannot be written", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        var wrong = CliRun.Of("look", Text, "--model", Models.Stories, "--board");
        Assert.Equal((2, ""), (wrong.Code, wrong.Out));
        Assert.Contains("--board is drawn into a file", wrong.Error, StringComparison.Ordinal);
    }
}
