using System.Text.Json;
using System.Xml.Linq;
using Heed.Cli;
using Heed.Cli.Commands;
using Heed.Lens;
using Heed.Tracing;

namespace Heed.Tests.Cli;

/// <summary>lens, attribute, why, trace and compare, as they are typed.</summary>
public class AnalysisCommandsTests
{
    private const string Ioi = "When Mary and John went to the store, John gave a drink to";

    [Fact]
    public void Lens_FollowedToken_StandsFirstAtTheEnd()
    {
        var run = CliRun.Of("lens", "The Eiffel Tower is located in the city of", "--token", " Paris", "--mid");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(run.Lines, l => l.StartsWith("end ", StringComparison.Ordinal) && l.Contains("Paris 70", StringComparison.Ordinal));
        Assert.Contains(run.Lines, l => l.StartsWith("29 mid", StringComparison.Ordinal));
        Assert.Matches(@"end +rank +1 +0\.70", run.Lines[Array.FindIndex(run.Lines, l => l.StartsWith("Where", StringComparison.Ordinal)) + 1]);
        Assert.All(run.Lines, l => Assert.True(l.Length <= 80, l));
    }

    [Fact]
    public void Lens_Json_HasAGridOfPointsAndPositions()
    {
        var json = CliRun.Of("lens", "the cat sat", "--token", "id:300", "--json", "--model", Models.Stories).Json;
        var points = json.GetProperty("points").GetArrayLength();
        Assert.Equal(6, points);
        foreach (var name in new[] { "rank", "probability", "top" })
        {
            Assert.Equal(points, json.GetProperty(name).GetArrayLength());
            Assert.Equal(json.GetProperty("tokens").GetArrayLength(), json.GetProperty(name)[0].GetArrayLength());
        }
        Assert.Equal(5, json.GetProperty("top")[0][0].GetArrayLength());
    }

    [Fact]
    public void Lens_LongText_ComputesAndDrawsTheLastPositionsAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        var svg = folder.File("lens.svg");
        var text = string.Join(' ', Enumerable.Repeat("Once upon a time there was a cat", 5));
        string[] common = ["lens", text, "--model", Models.Stories];
        var json = CliRun.Of([.. common, "--json"]).Json;
        var count = json.GetProperty("tokens").GetArrayLength();
        Assert.Equal(count, json.GetProperty("positions").GetArrayLength());
        var run = CliRun.Of([.. common, "--svg", svg]);
        Assert.Equal(0, run.Code);
        Assert.Contains($"Only the last 5 of {count} positions fit", run.Out, StringComparison.Ordinal);
        var drawn = XDocument.Load(svg).Descendants().Where(e => e.Attribute("data-value") is not null).ToDictionary(e => e.Attribute("data-key")!.Value, e => e.Attribute("data-value")!.Value);
        var top = json.GetProperty("top");
        Assert.Equal(0, drawn.Count % top.GetArrayLength());
        var first = count - drawn.Count / top.GetArrayLength();
        for (var position = first; position < count; position++)
            Assert.Equal(top[1][position][0].GetProperty("probability").GetDouble(), double.Parse(drawn[$"1.p{position}"], System.Globalization.CultureInfo.InvariantCulture), 1e-6);
        Assert.Contains($"positions {first} to {count - 1} are shown", File.ReadAllText(svg), StringComparison.Ordinal);
    }

    [Fact]
    public void Attribute_Parts_AddUpAndSaySo()
    {
        var run = CliRun.Of("attribute", Ioi, "--answer", " Mary", "--wrong", " John", "--neurons", "2");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Matches(@"^  head 23\.3 +\+2\.\d{4}  █", run.Lines.First(l => l.StartsWith("  ", StringComparison.Ordinal)));
        Assert.Contains(run.Lines, l => System.Text.RegularExpressions.Regex.IsMatch(l, @"^301 parts add up to \+6\.1\d+; the model's logits differ by \+6\.1\d+ \(\d\.\de-?\d+ apart\)\.$"));
        var json = CliRun.Of("attribute", Ioi, "--json").Json;
        Assert.True(json.GetProperty("adds_up").GetBoolean());
        Assert.Equal(json.GetProperty("difference").GetDouble(), json.GetProperty("parts").EnumerateArray().Sum(p => p.GetProperty("value").GetDouble()), 1e-3);
        Assert.Equal(JsonValueKind.Null, json.GetProperty("wrong").ValueKind);
    }

    [Fact]
    public void Attribute_EditOfTheStream_FailsWithTheNumbers()
    {
        var run = CliRun.Of("attribute", "the cat sat", "--model", Models.Stories, "--edit", "scale:blocks.2.hook_resid_pre:4");
        Assert.Equal(1, run.Code);
        Assert.Contains("add up to", run.Error, StringComparison.Ordinal);
        Assert.Contains("changes the stream itself", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Why_Pairs_AddUpAndSaySo()
    {
        var run = CliRun.Of("why", "they crashed the car", "--layer", "10", "--head", "1");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(run.Lines, l => l.Contains("why “car” (3) looks at “crashed” (1)", StringComparison.Ordinal));
        Assert.Contains(run.Lines, l => l.StartsWith("10201 pairs add up to", StringComparison.Ordinal));
        var json = CliRun.Of("why", "they crashed the car", "-l", "10", "-H", "1", "-q", "3", "-k", "1", "--json").Json;
        Assert.Equal(json.GetProperty("raw_score").GetDouble(), json.GetProperty("pairs").EnumerateArray().Sum(r => r.EnumerateArray().Sum(v => v.GetDouble())), 1e-3);
        Assert.InRange(json.GetProperty("weight").GetDouble(), 0.8, 0.95);
    }

    [Fact]
    public void Why_KeyThatAnEditHides_SaysSoEverywhere()
    {
        using var folder = new TemporaryFolder();
        var svg = folder.File("why.svg");
        string[] common = ["why", "the cat sat on", "-l", "2", "-H", "3", "-q", "4", "-k", "2", "--model", Models.Stories];
        string[] edited = [.. common, "--edit", "knockout:2.3:query=4,key=2"];
        var run = CliRun.Of([.. edited, "--svg", svg]);
        Assert.Equal(0, run.Code);
        Assert.Contains("An edit hides this key from this query: its score became −∞ before the softmax", run.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("an edit hides this key", string.Join(' ', XDocument.Load(svg).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)), StringComparison.Ordinal);
        JsonElement json = CliRun.Of([.. edited, "--json"]).Json, plain = CliRun.Of([.. common, "--json"]).Json;
        Assert.True(json.GetProperty("hidden").GetBoolean());
        Assert.Equal((JsonValueKind.Null, 0.0), (json.GetProperty("masked_score").ValueKind, json.GetProperty("weight").GetDouble()));
        Assert.Equal(plain.GetProperty("scaled_score").GetDouble(), json.GetProperty("scaled_score").GetDouble(), 1e-6);
        Assert.False(plain.GetProperty("hidden").GetBoolean());
        Assert.Equal(plain.GetProperty("scaled_score").GetDouble(), plain.GetProperty("masked_score").GetDouble(), 1e-6);
        Assert.DoesNotContain("An edit", CliRun.Of(common).Out, StringComparison.Ordinal);
        Assert.Contains("An edit changed the score to", CliRun.Of([.. common, "--edit", "scale:blocks.2.attn.hook_attn_scores:2:positions=4"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_AlignedAtTheEnd_PairsTheFirstTokensAsKeys()
    {
        using var model = Models.Exact(Models.Stories);
        int[] shorter = [1, 300, 310, 320], longer = [1, 290, 295, 299, 300, 310, 320];
        Edit[] Sink(int count)
        {
            var weights = new float[count, count];
            for (var q = 0; q < count; q++) weights[q, 0] = 1;
            return [Edit.Pattern(1, 2, weights)];
        }
        foreach (var (a, b) in new[] { (shorter, longer), (longer, shorter) })
        {
            var comparison = RunComparison.Run(model, a, model, b, TextAlignment.End, ["blocks.1.attn.hook_pattern"], Sink(a.Length), Sink(b.Length));
            Assert.True(comparison.PairsFirstKeys);
            // Both rest on the first token, wherever it stands.
            Assert.Equal(0, comparison.Patterns.Single(p => p.Head == 2).TotalVariation, 1e-6);
            Assert.All(comparison.Patterns, p => Assert.InRange(p.TotalVariation, 0, 1 + 1e-6));
        }
        Assert.False(RunComparison.Run(model, shorter, model, longer, TextAlignment.Start, ["blocks.1.attn.hook_pattern"]).PairsFirstKeys);
        var run = CliRun.Of("compare", "a cat", "there was once a cat", "--align", "end", "--model", Models.Stories);
        Assert.Contains("the first token of each is compared with the other's", run.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.DoesNotContain("the first token of each", CliRun.Of("compare", "a cat", "there was once a cat", "--model", Models.Stories).Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public void Analysis_CountsOfOne_AreSingular()
    {
        var why = CliRun.Of("why", "the cat sat on", "-l", "0", "-H", "3", "--model", Models.Stories, "--top", "7").Out;
        Assert.Contains("  1 other product ", why, StringComparison.Ordinal);
        Assert.Contains("\n1 pair adds up to", why, StringComparison.Ordinal);
        Assert.Contains("\n1 activation, ", CliRun.Of("trace", "the cat", "--names", "hook_embed", "--model", Models.Stories).Out, StringComparison.Ordinal);
        var heads = CliRun.Of("ablate", "the cat", "--by", "layer", "--top", "4", "--model", Models.Stories);
        Assert.EndsWith("and 1 that changes it less", heads.Lines[^1], StringComparison.Ordinal);
        var neurons = CliRun.Of("attribute", "the cat", "--model", Models.Stories, "--neurons", "100000000");
        Assert.Equal(2, neurons.Code);
        Assert.Contains("the model's 5 MLPs have 860 neurons together", neurons.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Trace_ToAFile_HoldsWhatTheModelComputed()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("t.safetensors");
        var run = CliRun.Of("trace", "the cat sat", "--model", Models.Stories, "--names", "blocks.*.attn.hook_pattern,hook_embed", "--layers", "1..2", "--heads", "0,3", "--out", file);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Matches(@"^\d+ tokens; keeping this takes \d+\.\d kB\.$", run.Lines[0]);
        var trace = Trace.Load(file);
        Assert.Equal(["hook_embed", "blocks.1.attn.hook_pattern", "blocks.2.attn.hook_pattern"], trace.Names);
        using var model = Models.Exact(Models.Stories);
        var whole = model.Trace("the cat sat");
        var pattern = trace["blocks.2.attn.hook_pattern"];
        Assert.InRange(Models.Difference(whole[pattern.Name].Row(3), pattern.Row(pattern.At("head", 3))), 0, 1e-5);
        // And what was written can be put into another run.
        var edited = CliRun.Of("trace", "a dog ran", "--model", Models.Stories, "--names", "hook_embed", "--edit", $"replace:hook_embed:{file}:positions=1", "--json");
        Assert.Equal(0, edited.Code);
        Assert.Equal("hook_embed", edited.Json.GetProperty("activations")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void Trace_List_NamesEveryActivation()
    {
        var run = CliRun.Of("trace", "--list", "--model", Models.Stories);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(run.Lines, l => l.StartsWith("blocks.0…4.attn.hook_pattern ", StringComparison.Ordinal) && l.EndsWith("[head 8, query, key]", StringComparison.Ordinal));
        using var model = Models.Exact(Models.Stories);
        Assert.Equal(model.Transformer.Activations.All.Select(i => i.Name),
            CliRun.Of("trace", "--list", "--json", "--model", Models.Stories).Json.GetProperty("activations").EnumerateArray().Select(i => i.GetProperty("name").GetString()));
    }

    [Fact]
    public void Compare_TheMoles_PartSlowly()
    {
        var json = CliRun.Of("compare", "American shrew mole", "Take a biopsy of the mole", "--align", "end", "--json", "--names", "hook_embed,blocks.*.hook_resid_post").Json;
        var last = json.GetProperty("activations").EnumerateArray().Select(a => a.GetProperty("cosine_by_position").EnumerateArray().Last().GetDouble()).ToArray();
        Assert.Equal((1.00, 0.93), (last[0], Math.Round(last[1], 2)));
        Assert.InRange(last[^1], 0.5, 0.7);
        var run = CliRun.Of("compare", "American shrew mole", "Take a biopsy of the mole", "--align", "end");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("KL(a‖b)", run.Out, StringComparison.Ordinal);
        Assert.Contains("stand beside each other", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_OfEveryAnalysis_HoldTheNumbersOfTheJson()
    {
        using var folder = new TemporaryFolder();
        var attribute = Draw("attribute", "the cat sat on", "--answer", "id:300", "--wrong", "id:301");
        foreach (var part in attribute.Json.GetProperty("parts").EnumerateArray().OrderByDescending(p => Math.Abs(p.GetProperty("value").GetDouble())).Take(5))
            Assert.Contains(attribute.Values, v => Math.Abs(v - part.GetProperty("value").GetDouble()) < 1e-6);
        var lens = Draw("lens", "the cat sat on", "--top", "1");
        foreach (var cell in lens.Json.GetProperty("top").EnumerateArray().SelectMany(r => r.EnumerateArray()))
            Assert.Contains(lens.Values, v => Math.Abs(v - cell[0].GetProperty("probability").GetDouble()) < 1e-6);
        var why = Draw("why", "the cat sat on", "-l", "2", "-H", "3");
        Assert.Contains(why.Values, v => Math.Abs(v - why.Json.GetProperty("pairs").EnumerateArray().SelectMany(r => r.EnumerateArray()).Select(x => x.GetDouble()).MaxBy(Math.Abs)) < 1e-6);
        var compare = Draw("compare", "the cat sat", "the dog sat");
        foreach (var activation in compare.Json.GetProperty("activations").EnumerateArray().Where(a => a.GetProperty("name").GetString()!.EndsWith("resid_post", StringComparison.Ordinal)))
            foreach (var cosine in activation.GetProperty("cosine_by_position").EnumerateArray())
                Assert.Contains(compare.Values, v => Math.Abs(v - cosine.GetDouble()) < 1e-6);

        (JsonElement Json, double[] Values) Draw(params string[] args)
        {
            string svg = folder.File($"{args[0]}.svg"), html = folder.File($"{args[0]}.html");
            var run = CliRun.Of([.. args, "--model", Models.Stories, "--json", "--svg", svg, "--html", html]);
            Assert.Equal(0, run.Code);
            Assert.StartsWith("<!doctype html>", File.ReadAllText(html), StringComparison.Ordinal);
            return (run.Json, [.. XDocument.Load(svg).Descendants().Attributes("data-value").SelectMany(v => v.Value.Split(' '))
                .Select(v => double.TryParse(v, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : double.NaN)]);
        }
    }

    [Fact]
    public void Edit_OneWeight_IsThatWeight_AndTheOthersShareTheRestAsBefore()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = Models.Tokens(6);
        float Weight(Trace trace, int key) => trace["blocks.1.attn.hook_pattern"][2, 4, key];
        var (before, after) = (model.Trace(tokens), model.Trace(tokens, edits: [EditOption.Parse("weight:1.2:query=4,key=1,to=0.5", model, tokens)]));
        Assert.Equal(0.5f, Weight(after, 1));
        Assert.Equal(1, Enumerable.Range(0, 5).Sum(k => (double)Weight(after, k)), 1e-6);
        Assert.Equal(Weight(before, 0) / Weight(before, 3), Weight(after, 0) / Weight(after, 3), 1e-4f);
        Assert.Equal(before["blocks.1.attn.hook_pattern"].Row(2, 3).ToArray(), after["blocks.1.attn.hook_pattern"].Row(2, 3).ToArray());
    }

    [Fact]
    public void Edit_AnotherText_PutsInItsActivation_WhateverTheTextHolds()
    {
        using var model = Models.Exact(Models.Stories);
        const string other = "one day: a dog, head=3";
        var (tokens, others) = (model.Tokenizer.Encode("the cat sat").Ids, model.Tokenizer.Encode(other).Ids);
        var after = model.Trace(tokens, edits: [EditOption.Parse($"replace:blocks.2.hook_resid_post:positions=2:text={other}", model, tokens)]);
        Assert.Equal(model.Trace(others, ["blocks.2.hook_resid_post"])["blocks.2.hook_resid_post"].Row(2).ToArray(), after["blocks.2.hook_resid_post"].Row(2).ToArray());
        Assert.Equal(model.Trace(tokens)["blocks.2.hook_resid_post"].Row(1).ToArray(), after["blocks.2.hook_resid_post"].Row(1).ToArray());
    }

    [Theory]
    [InlineData("trace", "the cat", "--max-memory", "1K")]
    [InlineData("lens", "the cat", "--model", "missing")]
    [InlineData("patch", "the cat", "the black cat sat", "-a", " on", "-w", " in")]
    public void Analysis_Impossible_IsOneSentenceAndCodeOne(params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal(1, run.Code);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("lens", "")]
    [InlineData("lens", "the cat", "--positions", "7..9")]
    [InlineData("attribute", "the cat", "--position", "9")]
    [InlineData("why", "the cat")]
    [InlineData("why", "the cat", "-l", "99", "-H", "0")]
    [InlineData("trace", "the cat", "--max-memory", "lots")]
    [InlineData("trace", "the cat", "--layers", "a")]
    [InlineData("trace", "the cat", "--list")]
    [InlineData("compare", "the cat")]
    [InlineData("compare")]
    [InlineData("lens", "the cat", "--edit", "nonsense:x")]
    [InlineData("lens", "the cat", "--token", " antidisestablish")]
    [InlineData("trace", "the cat", "--names", "blocks.0.nonsense")]
    [InlineData("trace", "the cat", "--layers", "40")]
    [InlineData("compare", "the cat", "the dog", "--names", "nonsense")]
    [InlineData("attribute", "the cat", "--answer", " antidisestablish")]
    [InlineData("why", "the cat", "-l", "1", "-H", "0", "-q", "0", "-k", "1")]
    public void Analysis_WrongUse_IsOneSentenceAndCodeTwo(params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal(2, run.Code);
        Assert.StartsWith("heed: ", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Edit_EveryForm_IsTheLibrarys()
    {
        using var folder = new TemporaryFolder();
        using var model = Models.Exact(Models.Stories);
        var tokens = model.Tokenizer.Encode("once upon a time there").Ids;
        var file = folder.File("z.safetensors");
        model.Trace(tokens, ["blocks.1.attn.hook_z"], [Edit.Scale("blocks.1.attn.hook_z", 3)]).Save(file);
        var kept = Trace.Load(file)["blocks.1.attn.hook_z"];
        var width = model.Config.Width;
        string vectors = folder.File("steer.safetensors"), matrix = folder.Write("p.json", "[" + string.Join(",", Enumerable.Range(0, tokens.Length).Select(q => $"[{string.Join(",", Enumerable.Range(0, q + 1).Select(k => k == 0 ? "0.5" : "0.25"))}]")) + "]");
        float[] directions = [.. Enumerable.Range(0, 3 * width).Select(i => MathF.Sin(i))];
        Heed.Formats.SafetensorsWriter.Write(vectors, [Heed.Formats.TensorSource.Of("one", directions.AsMemory(0, width), [width]), Heed.Formats.TensorSource.Of("three", directions, [3, width])]);
        float[] embedding = model.Trace([300], ["hook_embed"])["hook_embed"].Values.ToArray(), unembedding = model.Weights.W_U.Column(300);
        float[,] previous = new float[tokens.Length, tokens.Length], given = new float[tokens.Length, tokens.Length];
        for (var q = 0; q < tokens.Length; q++)
            for (var k = 0; k <= q; k++) (previous[q, k], given[q, k]) = (k == q - 1 ? 1 : 0, k == 0 ? 0.5f : 0.25f);
        foreach (var (text, edit) in new (string, Edit)[]
        {
            ("zero:blocks.1.attn.hook_z:head=3", Edit.Zero("blocks.1.attn.hook_z", 3)),
            ("zero:blocks.*.hook_mlp_out:positions=2..3", Edit.Zero("blocks.*.hook_mlp_out", null, 2..4)),
            ("mean:blocks.1.attn.hook_v:positions=-2..", Edit.Mean("blocks.1.attn.hook_v", null, ^2..)),
            ("scale:blocks.0.hook_resid_mid:-0.5:positions=1", Edit.Scale("blocks.0.hook_resid_mid", -0.5f, null, 1..2)),
            ($"replace:blocks.1.attn.hook_z:{file}:head=2,positions=..3", Edit.Replace("blocks.1.attn.hook_z", kept, 2, ..4)),
            ("add:blocks.1.hook_resid_post:embed=id:300:factor=-2.5:positions=-1", Edit.Add("blocks.1.hook_resid_post", embedding, -2.5f, null, ^1..)),
            ("add:blocks.3.hook_resid_post:unembed=id:300", Edit.Add("blocks.3.hook_resid_post", unembedding)),
            ($"add:blocks.2.hook_resid_pre:{vectors}:tensor=one:positions=1..2", Edit.Add("blocks.2.hook_resid_pre", directions.AsMemory(0, width), 1, null, 1..3)),
            ($"add:blocks.2.hook_resid_pre:{vectors}:tensor=three,row=2,factor=0.5", Edit.Add("blocks.2.hook_resid_pre", directions.AsMemory(2 * width), 0.5f)),
            ("pattern:1.2:q-1:positions=1..", Edit.Pattern(1, 2, previous, true, 1..)),
            ("pattern:1.2:q-1:renormalize=no", Edit.Pattern(1, 2, previous)),
            ($"pattern:3.0:{matrix}", Edit.Pattern(3, 0, given, true)),
            ($"pattern:3.0:{matrix}:renormalize=no", Edit.Pattern(3, 0, given)),
            ("knockout:1.2:query=4,key=2", Edit.Knockout(1, 2, 4, 2)),
            ("knockout:1.*:query=3,key=0", Edit.Knockout(1, null, 3, 0)),
        })
        {
            var expected = model.Trace(tokens, ["hook_logits"], [edit])["hook_logits"].Values.ToArray();
            Assert.Equal(expected, model.Trace(tokens, ["hook_logits"], [EditOption.Parse(text, model, tokens)])["hook_logits"].Values.ToArray());
            Assert.NotEqual(expected, model.Trace(tokens, ["hook_logits"])["hook_logits"].Values.ToArray());
        }
        var scale = model.Trace(tokens, ["ln_final.hook_scale"]);
        Edit[] frozen = [Edit.Zero("blocks.3.hook_mlp_out"), EditOption.Parse("freeze:ln_final", model, tokens)];
        Assert.Equal(scale["ln_final.hook_scale"].Values.ToArray(), model.Trace(tokens, ["ln_final.hook_scale"], frozen)["ln_final.hook_scale"].Values.ToArray());
    }

    [Fact]
    public void Edit_VectorsOfAFile_AreChosenOrListed()
    {
        using var folder = new TemporaryFolder();
        using var model = Models.Exact(Models.Stories);
        string file = folder.File("two.safetensors"), matrix = folder.Write("short.json", "[[1]]");
        Heed.Formats.SafetensorsWriter.Write(file, [Heed.Formats.TensorSource.Of("a", new float[64], [64]), Heed.Formats.TensorSource.Of("b", new float[128], [2, 64])]);
        foreach (var (edit, expected) in new[]
        {
            ($"add:hook_embed:{file}", "choose one with :tensor= from a [64], b [2, 64]"),
            ($"add:hook_embed:{file}:tensor=c", "has no tensor \"c\"; it has a [64], b [2, 64]"),
            ($"add:hook_embed:{file}:tensor=b", "choose one with :row=0 to :row=1"),
            ($"add:hook_embed:{file}:tensor=b,row=2", "rows 0 to 1, not 2"),
            ($"pattern:1.2:{matrix}", "is for 1 tokens; the text has 3"),
        })
            Assert.Contains(expected, Assert.Throws<UsageException>(() => EditOption.Parse(edit, model, [1, 2, 3])).Message);
        Assert.Contains("missing.safetensors", Assert.Throws<HeedException>(() => EditOption.Parse("add:hook_embed:missing.safetensors", model, [1, 2, 3])).Message);
    }

    [Theory]
    [InlineData("zero", "names nothing")]
    [InlineData("zero:hook_embed:head", "means nothing here")]
    [InlineData("zero:hook_embed:head=x", "is no number")]
    [InlineData("scale:hook_embed", "no factor")]
    [InlineData("scale:hook_embed:x", "is no number")]
    [InlineData("scale:hook_embed:1:2", "is no number")]
    [InlineData("zero:hook_embed:key=1", "means nothing for zero")]
    [InlineData("zero:hook_embed:positions=1:positions=2", "given twice")]
    [InlineData("zero:hook_embed:positions=9", "positions 0 to 2")]
    [InlineData("knockout:1.2:query=1", "which key")]
    [InlineData("knockout:12:key=1", "LAYER.HEAD")]
    [InlineData("knockout:1.2:key=1:head=3", "LAYER.HEAD")]
    [InlineData("replace:hook_embed", "no file")]
    [InlineData("replace:blocks.*.hook_resid_pre:x", "one activation at a time")]
    [InlineData("freeze:ln_final:head=1", "no heads")]
    [InlineData("freeze:ln_nine", "ln_nine")]
    [InlineData("weight:1.2:query=1,key=0", "to=0.5")]
    [InlineData("weight:1.2:query=1,key=2,to=0.5", "comes later")]
    [InlineData("weight:1.2:query=1,key=0,to=1.5", "from 0 to 1")]
    [InlineData("weight:1.*:query=1,key=0,to=0.5", "one head")]
    [InlineData("zero:hook_embed:text=a", "means nothing for zero")]
    [InlineData("replace:hook_nothing:text=a", "hook_nothing")]
    [InlineData("shuffle:hook_embed", "there are zero, mean, scale, add, replace, pattern, weight, knockout, freeze")]
    [InlineData("zero:blocks.0.hook_nothing", "hook_resid_pre")]
    [InlineData("zero:blocks.9.attn.hook_z", "blocks.9.attn.hook_z")]
    [InlineData("zero:blocks.1.attn.hook_z:head=8", "heads 0…7")]
    [InlineData("add:hook_embed", "no vector to add")]
    [InlineData("add:hook_embed:embed=id:300:factor=x", "factor \"x\" is no number")]
    [InlineData("add:hook_embed:embed=zzzzzz", "tokens (")]
    [InlineData("add:hook_embed:unembed=id:999999", "vocabulary has tokens 0…")]
    [InlineData("add:blocks.1.attn.hook_pattern:embed=id:300", "row of a grid")]
    [InlineData("add:blocks.1.attn.hook_z:embed=id:300", "takes vectors of 8 numbers; the one given has 64")]
    [InlineData("pattern:1.2", "no keys that each query looks at")]
    [InlineData("pattern:1.2:q+1", "is no key")]
    [InlineData("pattern:1.2:q-1", "leaves query 0 no key")]
    [InlineData("pattern:1.*:q", "one head")]
    [InlineData("pattern:1.9:q", "heads 0…7")]
    [InlineData("pattern:1.2:q:renormalize=maybe", "yes or no")]
    [InlineData("pattern:1.2:q:head=3", "LAYER.HEAD")]
    public void Edit_WrongForm_SaysWhatIsWrong(string text, string expected)
    {
        using var model = Models.Exact(Models.Stories);
        var error = Assert.Throws<UsageException>(() => EditOption.Parse(text, model, [1, 2, 3]));
        Assert.Contains(text, error.Message);
        Assert.Contains(expected, error.Message);
    }
}
