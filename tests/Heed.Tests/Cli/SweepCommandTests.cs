using System.Globalization;
using System.Text.RegularExpressions;
using Heed.Lens;
using Heed.Tracing;

namespace Heed.Tests.Cli;

/// <summary>heed ablate, heed patch, heed heads: what they print is what the analyses found.</summary>
public class SweepCommandTests
{
    private const string Text = "Once upon a time, there was a little girl";

    [Theory]
    [InlineData("head", "zero")]
    [InlineData("mlp", "mean")]
    [InlineData("layer", "resample")]
    public void AblateJson_AnyKind_IsTheAnalysis(string by, string method)
    {
        var run = CliRun.Of("ablate", Text, "--model", Models.Stories, "--by", by, "--method", method, "--seed", "5", "--answer", "id:300", "--wrong", "id:310", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        using var model = Models.Exact(Models.Stories);
        var tokens = model.Tokenizer.Encode(Text).Ids;
        var ablation = Ablation.Run(model, tokens, new() { By = Enum.Parse<ComponentKind>(by, true), Method = Enum.Parse<AblationMethod>(method, true), Seed = 5, Answer = 300, Wrong = 310 });
        Assert.Equal(tokens, run.Json.GetProperty("tokens").EnumerateArray().Select(t => t.GetProperty("id").GetInt32()));
        Assert.Equal(ablation.Loss!.Value, run.Json.GetProperty("loss").GetDouble(), 1e-5);
        Assert.Equal(ablation.Logit, run.Json.GetProperty("logit").GetDouble(), 1e-4);
        Assert.Equal(method == "resample", run.Json.TryGetProperty("shuffle", out _));
        var parts = run.Json.GetProperty("parts").EnumerateArray().ToArray();
        Assert.Equal(ablation.Parts.Count, parts.Length);
        for (var i = 0; i < parts.Length; i++)
        {
            Assert.Equal(ablation.Parts[i].Component.ToString(), parts[i].GetProperty("name").GetString());
            Assert.Equal(ablation.Parts[i].DeltaLoss!.Value, parts[i].GetProperty("delta_loss").GetDouble(), 1e-5);
            Assert.Equal(ablation.Parts[i].DeltaLogit, parts[i].GetProperty("delta_logit").GetDouble(), 1e-4);
        }
    }

    [Fact]
    public void Ablate_Page_ListsTheLargestFirstAndDrawsTheSame()
    {
        using var folder = new TemporaryFolder();
        string svg = folder.File("a.svg"), html = folder.File("a.html");
        string[] common = ["ablate", Text, "--model", Models.Stories];
        var run = CliRun.Of([.. common, "--top", "3", "--svg", svg, "--html", html]);
        Assert.Equal(0, run.Code);
        var json = CliRun.Of([.. common, "--json"]).Json;
        var parts = json.GetProperty("parts").EnumerateArray().OrderByDescending(p => Math.Abs(p.GetProperty("delta_loss").GetDouble())).ToArray();
        var rows = run.Lines.SkipWhile(l => !l.Contains("Δ loss", StringComparison.Ordinal)).Skip(1).Take(3).ToArray();
        for (var i = 0; i < 3; i++)
        {
            Assert.StartsWith($"  {parts[i].GetProperty("name").GetString()} ", rows[i], StringComparison.Ordinal);
            Assert.Contains(parts[i].GetProperty("delta_loss").GetDouble().ToString("+0.0000;−0.0000;0", CultureInfo.InvariantCulture), rows[i], StringComparison.Ordinal);
        }
        Assert.Contains($"and {parts.Length - 3} that change it less", run.Lines[^1], StringComparison.Ordinal);
        foreach (var part in parts)
            Assert.Equal(part.GetProperty("delta_loss").GetDouble(), Drawn(File.ReadAllText(svg), $"loss.L{part.GetProperty("layer")}.H{part.GetProperty("head")}"), 1e-5);
        Assert.Equal(parts[0].GetProperty("delta_logit").GetDouble(), Drawn(File.ReadAllText(html), $"logit.L{parts[0].GetProperty("layer")}.H{parts[0].GetProperty("head")}"), 1e-4);
    }

    [Fact]
    public void Patch_AllKinds_AreTheAnalysisInJsonPageAndFigure()
    {
        using var folder = new TemporaryFolder();
        var html = folder.File("p.html");
        using var model = Models.Exact(Models.Stories);
        string clean = "Lily saw a dog. Lily", corrupt = "Lily saw a cat. Lily";
        int[] cleanIds = model.Tokenizer.Encode(clean).Ids, corruptIds = model.Tokenizer.Encode(corrupt).Ids;
        Assert.Equal(cleanIds.Length, corruptIds.Length);
        string[] words = ["residual", "attention", "mlp", "z", "q", "k", "v", "pattern"];
        string[] args = ["patch", clean, corrupt, "--model", Models.Stories, "--answer", "id:280", "--wrong", "id:310", .. words.SelectMany(w => new[] { "--kind", w })];
        var run = CliRun.Of([.. args, "--json"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        var page = CliRun.Of([.. args, "--html", html]);
        Assert.Equal(0, page.Code);
        Assert.All(page.Lines, l => Assert.True(Heed.Lens.Figures.CellWidth.Of(l) <= 80 || l.StartsWith("logit(", StringComparison.Ordinal), l));
        var drawn = File.ReadAllText(html);
        var patches = run.Json.GetProperty("patches").EnumerateArray().ToArray();
        var kinds = Enum.GetValues<PatchKind>();
        for (var n = 0; n < kinds.Length; n++)
        {
            var result = Patching.Run(model, cleanIds, corruptIds, 280, 310, new() { Kind = kinds[n] });
            Assert.Equal(words[n], patches[n].GetProperty("kind").GetString());
            Assert.Equal(result.CleanDifference, run.Json.GetProperty("clean_difference").GetDouble(), 1e-4);
            for (var l = 0; l < 5; l++)
            {
                Assert.Equal(result.Difference[l].Count, patches[n].GetProperty("difference")[l].GetArrayLength());
                for (var i = 0; i < result.Difference[l].Count; i++)
                {
                    Assert.Equal(result.Difference[l][i], patches[n].GetProperty("difference")[l][i].GetDouble(), 1e-3);
                    Assert.Equal(result.Normalized[l][i], patches[n].GetProperty("normalized")[l][i].GetDouble(), 1e-2);
                    var column = result.Axis switch { "position" => $"p{i}", "head" => $"H{i}", _ => $"KV{i}" };
                    Assert.Equal(result.Normalized[l][i], Drawn(drawn, $"{words[n]}.L{l}.{column}"), 1e-2);
                }
            }
        }
        Assert.Contains("Carried over: the residual stream as it enters a layer", page.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Sweeps_WithEdits_AreTheAnalysesOfTheEditedModel()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = model.Tokenizer.Encode(Text).Ids;
        string[] given = ["--model", Models.Stories, "--edit", "zero:blocks.1.attn.hook_z:head=3", "--edit", "scale:blocks.2.hook_resid_pre:0.5:positions=3..", "--json"];
        Edit[] edits = [Edit.Zero("blocks.1.attn.hook_z", 3), Edit.Scale("blocks.2.hook_resid_pre", 0.5f, null, 3..)];
        var ablated = CliRun.Of(["ablate", Text, "--answer", "id:300", .. given]).Json;
        var ablation = Ablation.Run(model, tokens, new() { Answer = 300, Edits = edits });
        Assert.Equal(ablation.Loss!.Value, ablated.GetProperty("loss").GetDouble(), 1e-5);
        Assert.Equal(model.Loss(tokens, edits).Loss, ablated.GetProperty("loss").GetDouble(), 1e-4);
        Assert.Equal(0, ablated.GetProperty("parts")[8 + 3].GetProperty("delta_loss").GetDouble(), 1e-5);      // it is gone already
        Assert.Equal(2, ablated.GetProperty("edits").GetArrayLength());
        string clean = "Lily saw a dog. Lily", corrupt = "Lily saw a cat. Lily";
        var patched = CliRun.Of(["patch", clean, corrupt, "-a", "id:280", "-w", "id:310", .. given]).Json;
        foreach (var (text, name) in new[] { (clean, "clean_difference"), (corrupt, "corrupt_difference") })
        {
            var logits = model.Trace(text, ["hook_logits"], edits)["hook_logits"];
            Assert.Equal(logits[logits.Shape[0] - 1, 280] - logits[logits.Shape[0] - 1, 310], patched.GetProperty(name).GetDouble(), 1e-3);
        }
        // All of the last layer's stream carried over at the last position is the whole difference.
        Assert.Equal(patched.GetProperty("patches")[0].GetProperty("difference")[0][0].GetDouble(), patched.GetProperty("corrupt_difference").GetDouble(), 1e-3);
        var scored = CliRun.Of(["heads", "--text", Text, "--edit", "pattern:2.1:q", .. given]).Json;
        var self = scored.GetProperty("patterns").EnumerateArray().Single(p => p.GetProperty("name").GetString() == "self").GetProperty("heads")[0];
        Assert.Equal(("2.1", 1.0), (self.GetProperty("name").GetString(), self.GetProperty("score").GetDouble()));
        Assert.Contains("With these 2 edits in every run: zero: blocks.1.attn.hook_z, head 3;", CliRun.Of(["ablate", Text, .. given[..^1]]).Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Equal(2, CliRun.Of("ablate", Text, "--model", Models.Stories, "--edit", "zero:nothing").Code);
    }

    [Fact]
    public void Heads_EmbeddedModel_FindsItsInductionHeads()
    {
        var run = CliRun.Of("heads", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var induction = run.Json.GetProperty("patterns").EnumerateArray().Single(p => p.GetProperty("name").GetString() == "induction");
        Assert.Equal(50, induction.GetProperty("queries").GetInt32());
        Assert.Equal(270, induction.GetProperty("heads").GetArrayLength());
        Assert.Equal("18.6", induction.GetProperty("heads")[0].GetProperty("name").GetString());
        Assert.InRange(run.Json.GetProperty("loss_first").GetDouble() - run.Json.GetProperty("loss_second").GetDouble(), 5, 20);
    }

    [Theory]
    [InlineData(0.0312, "0.0312")]
    [InlineData(0.31234, "0.312")]
    [InlineData(-1.236, "−1.24")]
    [InlineData(123.4, "123")]
    public void LayerGrid_Numbers_HaveDigitsByTheScale(double value, string expected)
        => Assert.EndsWith(" " + expected, Heed.Cli.Rendering.LayerGrid.Lines([[value]], ["a"], "head", 80).Last().Render(Heed.Cli.Rendering.ColorDepth.None).TrimEnd(), StringComparison.Ordinal);

    [Fact]
    public void Heads_OnATextWithOwnPatterns_ListsThemAndDrawsTheFirst()
    {
        using var folder = new TemporaryFolder();
        string svg = folder.File("h.svg"), matrix = folder.Write("mine.json", "[[1],[1,0],[0,1,0],[0,0,1,0]]");
        using var model = Models.Exact(Models.Stories);
        Assert.Equal(4, model.Tokenizer.Encode("a dog").Ids.Length);
        string[] common = ["heads", "--text", "a dog", "--model", Models.Stories, "--pattern", "q-1", "--pattern", matrix, "--measure", "overlap"];
        var json = CliRun.Of([.. common, "--json"]).Json;
        var names = json.GetProperty("patterns").EnumerateArray().Select(p => p.GetProperty("name").GetString());
        Assert.Equal(["previous token", "duplicate token", "induction", "first token", "self", "q-1", "mine.json"], names);
        var run = CliRun.Of([.. common, "--svg", svg]);
        Assert.Equal(0, run.Code);
        Assert.Contains("mine.json · a matrix of 4 × 4; 4 queries", run.Lines);
        Assert.Contains("induction · no query of this text has such a key", run.Lines);
        foreach (var head in json.GetProperty("patterns")[5].GetProperty("heads").EnumerateArray())
            Assert.Equal(head.GetProperty("score").GetDouble(), Drawn(File.ReadAllText(svg), $"q-1.L{head.GetProperty("layer")}.H{head.GetProperty("head")}"), 1e-5);
    }

    [Theory]
    [InlineData(2, "The text is empty", "ablate", "")]
    [InlineData(2, "add --method resample", "ablate", "a", "--from", "b")]
    [InlineData(1, "at least as long", "ablate", "Once upon a time", "--method", "resample", "--from", "a")]
    [InlineData(2, "tokens", "ablate", "Once", "--answer", "zzzz")]
    [InlineData(2, "--by", "ablate", "a", "--by", "neuron")]
    [InlineData(2, "--top is 0", "ablate", "a", "--top", "0")]
    [InlineData(2, "Two texts are needed", "patch", "a")]
    [InlineData(2, "--answer and --wrong are needed", "patch", "a", "b")]
    [InlineData(1, "exchange words for words of as many tokens", "patch", "Once upon", "Once upon a time", "-a", "id:3", "-w", "id:4")]
    [InlineData(1, "after both texts", "patch", "Once upon", "Once upon", "-a", "id:300", "-w", "id:310")]
    [InlineData(2, "--kind", "patch", "a", "b", "-a", "id:3", "-w", "id:4", "--kind", "neuron")]
    [InlineData(2, "is no key", "heads", "--pattern", "q+1")]
    [InlineData(1, "is for 2 tokens", "heads", "--pattern", "MATRIX")]
    [InlineData(2, "--length is 1", "heads", "--length", "1")]
    [InlineData(2, "--draw is 'x'; there are previous token", "heads", "--draw", "x")]
    [InlineData(2, "has not 5000 tokens to draw", "heads", "--length", "5000")]
    public void Sweeps_WrongUse_SaysSoInOneSentence(int code, string message, params string[] args)
    {
        using var folder = new TemporaryFolder();
        var matrix = folder.Write("two.json", "[[1],[1,0]]");
        var run = CliRun.Of([.. args.Select(a => a == "MATRIX" ? matrix : a), "--model", Models.Stories]);
        Assert.Equal((code, ""), (run.Code, run.Out));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    /// <summary>The value that a figure's mark with that key has.</summary>
    private static double Drawn(string svg, string key)
    {
        var mark = Regex.Match(svg, $"<[^>]*data-key=\"{Regex.Escape(key)}\"[^>]*data-value=\"([^\"]*)\"");
        Assert.True(mark.Success, key);
        return double.Parse(mark.Groups[1].Value, CultureInfo.InvariantCulture);
    }
}
