using System.Globalization;
using System.Xml.Linq;
using Heed.Lens.Figures;
using Heed.Tracing;

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
    public void Look_WithAnEdit_ShowsTheEditedHeadEverywhere()
    {
        using var folder = new TemporaryFolder();
        string svg = folder.File("head.svg"), html = folder.File("head.html");
        string[] edit = ["--edit", "pattern:2.3:0", "--edit", "mean:blocks.3.hook_mlp_out"];
        var run = CliRun.Of(["look", Text, "--model", Models.Stories, "-l", "2", "-H", "3", "--tokens", "2..3", "--json", "--svg", svg, "--html", html, .. edit]);
        Assert.Equal(0, run.Code);
        var pattern = run.Json.GetProperty("pattern");
        Assert.Equal(4, pattern.GetArrayLength());
        for (var q = 0; q < 2; q++)
            for (var k = 0; k <= q + 2; k++) Assert.Equal(k == 0 ? 1 : 0, pattern[k][q].GetSingle());
        Assert.Contains("data-key=\"L2.H3.q3.k0\" data-value=\"1\"", File.ReadAllText(svg), StringComparison.Ordinal);
        Assert.Contains("data-key=\"L2.H3.q3.k0\" data-value=\"1\"", File.ReadAllText(html), StringComparison.Ordinal);
        using var model = Models.Exact(Models.Stories);
        var tokens = model.Tokenizer.Encode(Text).Ids;
        var first = new float[tokens.Length, tokens.Length];
        for (var q = 0; q < tokens.Length; q++) first[q, 0] = 1;
        var logits = model.Trace(tokens, ["hook_logits"], [Heed.Tracing.Edit.Pattern(2, 3, first), Heed.Tracing.Edit.Mean("blocks.3.hook_mlp_out")])["hook_logits"].Row(tokens.Length - 1);
        Assert.Equal(System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits), run.Json.GetProperty("next")[0].GetProperty("id").GetInt32());
        Assert.Equal(2, run.Json.GetProperty("edits").GetArrayLength());
        Assert.Contains("With these 2 edits", CliRun.Of(["look", Text, "--model", Models.Stories, "-l", "2", "-H", "3", .. edit]).Out, StringComparison.Ordinal);
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
        Assert.Equal(0, CliRun.Of("look", Text, "--model", Models.Stories, "--draw", "board", "--svg", file).Code);
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
        foreach (var (command, what) in new[] { ("look", "board"), ("attribute", "stream") })
        {
            var wrong = CliRun.Of(command, Text, "--model", Models.Stories, "--draw", what);
            Assert.Equal((2, ""), (wrong.Code, wrong.Out));
            Assert.Contains($"--draw {what} draws into a file", wrong.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("lines", "L2.H3.q4.k1", "blocks.2.attn.hook_pattern", 3, 4, 1)]
    [InlineData("grid", "L2.H3.q4.k1", "blocks.2.attn.hook_pattern", 3, 4, 1)]
    [InlineData("steps", "L2.H3.q4.k1.raw", "blocks.2.attn.hook_raw_scores", 3, 4, 1)]
    [InlineData("sum", "L2.H5.p4.change", "blocks.2.attn.hook_result", 4, 5, 0)]
    public void LookDraw_EachKind_IsTheTraceInSvgAndHtml(string what, string key, string name, params int[] index)
    {
        using var folder = new TemporaryFolder();
        string svg = folder.File("a.svg"), html = folder.File("a.html");
        Assert.Equal(0, CliRun.Of("look", Text, "--model", Models.Stories, "-l", "2", "-H", "3", "--draw", what, "--svg", svg, "--html", html).Code);
        using var model = Models.Exact(Models.Stories);
        // What a trace keeps may differ in the last bit with what else it keeps.
        string[] names = what switch { "steps" => [.. HeadStory.Names(2)], "sum" => [name, "blocks.2.attn.hook_out"], _ => [name] };
        var expected = model.Trace(model.Tokenizer.Encode(Text).Ids, names)[name][index].ToString("R", CultureInfo.InvariantCulture);
        var mark = XDocument.Load(svg).Descendants().Single(e => e.Attribute("data-key")?.Value == key);
        Assert.Equal(expected, (mark.Attribute("data-value") ?? mark.Attribute("data-values"))!.Value.Split(' ')[0]);
        Assert.Contains($"data-key=\"{key}\"", File.ReadAllText(html), StringComparison.Ordinal);
    }

    [Fact]
    public void LookQuery_OfAFigure_IsThatToken()
    {
        using var folder = new TemporaryFolder();
        var svg = folder.File("a.svg");
        string[] args = ["look", Text, "--model", Models.Stories, "-l", "2", "-H", "3"];
        Assert.Equal(0, CliRun.Of([.. args, "--draw", "sum", "--query", "2", "--svg", svg]).Code);
        Assert.Contains("data-key=\"L2.H5.p2.change\"", File.ReadAllText(svg), StringComparison.Ordinal);
        Assert.Equal(0, CliRun.Of([.. args, "--draw", "lines", "--query", "-2", "--svg", svg]).Code);
        using var model = Models.Exact(Models.Stories);
        var last = model.Tokenizer.Encode(Text).Count - 1;
        Assert.All(XDocument.Load(svg).Descendants().Select(e => (string?)e.Attribute("data-key")).Where(k => k?.Contains(".k", StringComparison.Ordinal) == true), k => Assert.StartsWith($"L2.H3.q{last - 1}.", k, StringComparison.Ordinal));
        var wrong = CliRun.Of([.. args, "--query", "99", "--svg", svg]);
        Assert.Equal(2, wrong.Code);
        Assert.Contains($"--query is 99; tokens 0 to {last}", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("--query chooses what is drawn into a file", CliRun.Of([.. args, "--query", "1"]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void LookDraw_NextAndLoss_AreTheModels()
    {
        using var folder = new TemporaryFolder();
        var svg = folder.File("a.svg");
        using var model = Models.Exact(Models.Stories);
        var tokens = model.Tokenizer.Encode(Text).Ids;
        Assert.Equal(0, CliRun.Of("look", Text, "--model", Models.Stories, "--draw", "next", "--svg", svg).Code);
        foreach (var next in model.Generate(tokens, new GenerationOptions { MaxTokens = 1, Alternatives = 10 }).Single().Alternatives) Assert.Equal(Math.Exp(next.LogProbability), Value($"t{next.Id}"), 1e-5);
        Assert.Equal(0, CliRun.Of("look", Text, "--model", Models.Stories, "--draw", "loss", "--svg", svg).Code);
        foreach (var loss in Heed.Lens.TokenLosses.Run(model, tokens).Losses) Assert.Equal(loss.Loss, Value($"p{loss.Position}"), 1e-5);

        double Value(string key) => double.Parse(XDocument.Load(svg).Descendants().First(e => (string?)e.Attribute("data-key") == key && e.Attribute("data-value") is not null).Attribute("data-value")!.Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Tokenize_Drawn_HasEveryToken()
    {
        using var folder = new TemporaryFolder();
        var svg = folder.File("a.svg");
        Assert.Equal(0, CliRun.Of("tokenize", Text, "--model", Models.Stories, "--svg", svg).Code);
        using var model = Models.Exact(Models.Stories);
        foreach (var id in model.Tokenizer.Encode(Text).Ids) Assert.Contains(id.ToString(CultureInfo.InvariantCulture), File.ReadAllText(svg), StringComparison.Ordinal);
        Assert.Equal(2, CliRun.Of("tokenize", "1 2", "--decode", "--model", Models.Stories, "--svg", svg).Code);
    }

    [Fact]
    public void TraceSvg_GridsAndVectors_AreTheTrace()
    {
        using var folder = new TemporaryFolder();
        string svg = folder.File("a.svg"), html = folder.File("a.html");
        using var model = Models.Exact(Models.Stories);
        Trace Kept(Range positions, int[]? heads, params string[] names)
        {
            var trace = new Trace(new() { Names = names, Heads = heads, Positions = positions });
            model.Trace(model.Tokenizer.Encode(Text).Ids, trace);
            return trace;
        }
        // Two of the positions, one of the heads.
        Assert.Equal(0, CliRun.Of("trace", Text, "--model", Models.Stories, "--names", "blocks.2.attn.hook_attn_scores", "--heads", "6", "--positions", "2..3", "--svg", svg).Code);
        var marks = XDocument.Load(svg).Descendants().Where(e => e.Attribute("data-value") is not null).ToDictionary(e => e.Attribute("data-key")!.Value, e => e.Attribute("data-value")!.Value);
        Assert.Equal(3 + 4, marks.Count);
        var scores = Kept(2..4, [6], "blocks.2.attn.hook_attn_scores")["blocks.2.attn.hook_attn_scores"];
        for (var q = 2; q <= 3; q++)
            for (var k = 0; k <= q; k++) Assert.Equal(scores[0, q - 2, k], float.Parse(marks[$"L2.H6.q{q}.k{k}"], CultureInfo.InvariantCulture));
        Assert.Equal(0, CliRun.Of("trace", Text, "--model", Models.Stories, "--names", "blocks.2.hook_resid_post,blocks.1.attn.hook_v,ln_final.hook_scale", "--positions", "1..2", "--html", html).Code);
        var page = File.ReadAllText(html);
        var trace = Kept(1..3, null, "blocks.2.hook_resid_post", "blocks.1.attn.hook_v", "ln_final.hook_scale");
        foreach (var (key, values) in new[] { ("L2.p1.hook_resid_post", trace["blocks.2.hook_resid_post"].Row(0).ToArray()), ("L1.KV3.p2.attn_hook_v", trace["blocks.1.attn.hook_v"].Row(1, 3).ToArray()) })
            Assert.Contains($"data-key=\"{key}\" data-values=\"{string.Join(' ', values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}\"", page, StringComparison.Ordinal);
        Assert.Contains($"data-key=\"p2.ln_final_hook_scale\" data-value=\"{trace["ln_final.hook_scale"][1, 0].ToString("R", CultureInfo.InvariantCulture)}\"", page, StringComparison.Ordinal);
        foreach (var (message, args) in new (string, string[])[] { ("this chooses 8: blocks.2.attn.hook_pattern", ["--names", "blocks.2.attn.hook_pattern", "--svg", svg]), ("up to 40 figures", ["--html", html]), ("nothing to draw", ["--list", "--svg", svg]) })
        {
            var wrong = CliRun.Of(["trace", .. args[0] == "--list" ? Array.Empty<string>() : [Text], "--model", Models.Stories, .. args]);
            Assert.Equal((2, ""), (wrong.Code, wrong.Out));
            Assert.Contains(message, wrong.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AttributeSvg_BarsAndStream_HaveWholeLabels()
    {
        using var folder = new TemporaryFolder();
        string bars = folder.File("a.svg"), stream = folder.File("b.svg");
        string[] args = ["attribute", Text, "--model", Models.Stories, "--answer", "id:300", "--wrong", "id:310"];
        Assert.Equal(0, CliRun.Of([.. args, "--svg", bars]).Code);
        Assert.Contains(">= the difference<", File.ReadAllText(bars), StringComparison.Ordinal);
        var run = CliRun.Of([.. args, "--draw", "stream", "--svg", stream, "--json"]);
        Assert.Equal(0, run.Code);
        var writes = XDocument.Load(stream).Descendants().Where(e => e.Attribute("data-key")?.Value.EndsWith(".logit", StringComparison.Ordinal) == true).Sum(e => double.Parse(e.Attribute("data-value")!.Value, CultureInfo.InvariantCulture));
        Assert.Equal(run.Json.GetProperty("difference").GetDouble(), writes, 1e-4);
    }

    [Fact]
    public void CircuitSvg_WithAText_DrawsItsTokens()
    {
        using var folder = new TemporaryFolder();
        var svg = folder.File("a.svg");
        string[] args = ["circuit", "--layer", "1", "--head", "2", "--top", "3", "--model", Models.Stories];
        var run = CliRun.Of([.. args, "Once upon", "--json", "--svg", svg]);
        Assert.Equal(0, run.Code);
        var marks = XDocument.Load(svg).Descendants().Where(e => e.Attribute("data-value") is not null).ToDictionary(e => e.Attribute("data-key")!.Value, e => double.Parse(e.Attribute("data-value")!.Value, CultureInfo.InvariantCulture));
        foreach (var token in run.Json.GetProperty("ov_by_token").EnumerateArray())
            foreach (var pair in token.GetProperty("pairs").EnumerateArray())
                Assert.Equal(pair.GetProperty("value").GetDouble(), marks[$"L1.H2.ov.t{token.GetProperty("token").GetInt32()}.t{pair.GetProperty("to").GetInt32()}.raises"], 1e-3);
        Assert.Equal(0, CliRun.Of([.. args, "--svg", svg]).Code);
        var drawn = XDocument.Load(svg).Descendants().Where(e => e.Attribute("data-key")?.Value.Contains(".eigenvalue", StringComparison.Ordinal) == true && !e.Attribute("data-key")!.Value.StartsWith("running", StringComparison.Ordinal))
            .Select(e => Math.Abs(double.Parse(e.Attribute("data-value")!.Value, CultureInfo.InvariantCulture))).ToArray();
        Assert.Equal(8, drawn.Length);
        Assert.Equal(drawn.OrderDescending(), drawn);
    }
}
