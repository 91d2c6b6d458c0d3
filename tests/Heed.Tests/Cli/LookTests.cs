using System.Text.Json;
using Heed.Cli.Rendering;
using Heed.Lens.Figures;
using Heed.Tracing;

namespace Heed.Tests.Cli;

public class LookTests
{
    private const string Sentence = "a fluffy blue creature roamed the verdant forest";

    [Fact]
    public void Look_EmbeddedModel_ShowsTheHeadThatLooksMostAtContent()
    {
        var run = CliRun.Of("look", Sentence);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("a   fluffy  blue  creature  roamed  the  ver   d   ant  forest", run.Lines);
        Assert.Contains("81  33391   4461  12251     42377   260  2303  84  403  3150", run.Lines);
        Assert.Contains("Each column is one token looking back; its dots add up to 1.", run.Lines);
        Assert.Contains("Of all heads it looks most at content", run.Out, StringComparison.Ordinal);
        Assert.Contains(run.Lines, l => l.StartsWith("   , ██", StringComparison.Ordinal) && l.EndsWith("45.5 %", StringComparison.Ordinal));
        Assert.DoesNotContain('\e', run.Out);
        Assert.All(run.Lines, l => Assert.True(CellWidth.Of(l) <= 80 && l == l.TrimEnd()));

        // The choice, by the definition, over all heads.
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Precision = Heed.Numerics.ActivationPrecision.Float32 });
        var trace = model.Trace(Sentence, ["blocks.*.attn.hook_pattern"]);
        var (best, layer, head) = (0.0, -1, -1);
        for (var l = 0; l < 30; l++)
            for (var h = 0; h < 9; h++)
            {
                var content = Enumerable.Range(3, 7).Average(q => Enumerable.Range(1, q - 2).Sum(k => (double)trace[ActivationNames.InBlock(l, ActivationNames.Pattern)][h, q, k]));
                if (content > best) (best, layer, head) = (content, l, h);
            }
        Assert.Contains($"Layer {layer}, head {head}: who looks at whom", run.Lines);
    }

    [Fact]
    public void LookJson_NamedHead_IsWhatTheTraceHolds()
    {
        var run = CliRun.Of("look", "Once upon a time", "--model", Models.Stories, "--layer", "2", "--head", "3", "--json", "--convention", "library");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Single(run.Lines);
        using var model = Models.Exact(Models.Stories);
        var ids = model.Tokenizer.Encode("Once upon a time").Ids;
        var trace = model.Trace(ids);
        var pattern = trace["blocks.2.attn.hook_pattern"];
        var result = trace["blocks.2.attn.hook_result"];
        Assert.Equal(ids, run.Json.GetProperty("tokens").EnumerateArray().Select(t => t.GetProperty("id").GetInt32()));
        Assert.Equal(["query", "key"], run.Json.GetProperty("pattern_axes").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal("name", run.Json.GetProperty("chosen_by").GetString());
        for (var q = 0; q < ids.Length; q++)
        {
            var row = run.Json.GetProperty("pattern")[q];
            for (var k = 0; k < ids.Length; k++)
                if (k > q) Assert.Equal(JsonValueKind.Null, row[k].ValueKind);
                else Assert.Equal(pattern[3, q, k], row[k].GetSingle(), 1e-6f);
            var length = Math.Sqrt(result.Row(q, 3).ToArray().Sum(x => (double)x * x));
            Assert.Equal(length, run.Json.GetProperty("change_lengths")[q].GetDouble(), 1e-4);
        }
        Assert.Equal(10, run.Json.GetProperty("next").GetArrayLength());
    }

    [Fact]
    public void LookJson_Lesson_IsTheTransposeAndColumnsAddUpToOne()
    {
        var json = CliRun.Of("look", "Once upon a time", "--model", Models.Stories, "--json").Json;
        Assert.Equal("key", json.GetProperty("pattern_axes")[0].GetString());
        var pattern = json.GetProperty("pattern");
        for (var query = 0; query < pattern.GetArrayLength(); query++)
        {
            double sum = 0;
            foreach (var row in pattern.EnumerateArray())
                if (row[query].ValueKind == JsonValueKind.Number) sum += row[query].GetDouble();
            Assert.Equal(1, sum, 1e-5);
        }
    }

    [Fact]
    public void Look_Library_SaysThatRowsLook()
    {
        var run = CliRun.Of("look", "Once upon a time", "--model", Models.Stories, "--convention", "library");
        Assert.Contains("Each row is one token looking back; its dots add up to 1.", run.Lines);
        Assert.Contains("queries: the tokens that look ↓", run.Lines);
    }

    [Fact]
    public void Look_LongText_SaysWhatIsNotShownAndAddsItUp()
    {
        var text = string.Concat(Enumerable.Repeat("the cat sat on the mat and ", 20));
        var run = CliRun.With("", 80, "look", text, "--model", Models.Stories, "--layer", "0", "--head", "0");
        Assert.Equal(0, run.Code);
        Assert.Contains(" earlier", run.Out, StringComparison.Ordinal);
        Assert.Contains("tokens are shown as tokens that look", run.Out, StringComparison.Ordinal);
        Assert.All(run.Lines, l => Assert.True(CellWidth.Of(l) <= 80));

        var first = CliRun.Of("look", text, "--model", Models.Stories, "--layer", "0", "--head", "0", "--tokens", "0..9");
        Assert.Contains("(0 to 9). --tokens FIRST..LAST shows others.", first.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public void LookJson_SomeTokens_AreTheWholeRunsOwn()
    {
        string[] common = ["look", "the cat sat on the mat and slept all day", "--model", Models.Stories, "--layer", "1", "--head", "1", "--convention", "library", "--json"];
        var all = CliRun.Of(common).Json;
        var some = CliRun.Of([.. common, "--tokens", "4..6"]).Json;
        Assert.Equal((4, 6), (some.GetProperty("first_shown").GetInt32(), some.GetProperty("last_shown").GetInt32()));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(all.GetProperty("change_lengths")[4 + i].GetDouble(), some.GetProperty("change_lengths")[i].GetDouble(), 1e-5);
            for (var k = 0; k <= 4 + i; k++)
                Assert.Equal(all.GetProperty("pattern")[4 + i][k].GetDouble(), some.GetProperty("pattern")[i][k].GetDouble(), 1e-5);
        }
        Assert.Equal(all.GetProperty("next")[0].GetProperty("id").GetInt32(), some.GetProperty("next")[0].GetProperty("id").GetInt32());
    }

    [Theory]
    [InlineData(2, "--layer is 99; the model has layers 0 to 4.", "look", "hi", "--layer", "99")]
    [InlineData(2, "--layer is -1; the model has layers 0 to 4.", "look", "hi", "--layer", "-1")]
    [InlineData(2, "--head is 8; layer 1 has heads 0 to 7.", "look", "hi", "--layer", "1", "--head", "8")]
    [InlineData(2, "The text is empty.", "look", "")]
    [InlineData(2, "No text was given.", "look")]
    [InlineData(2, "--tokens is '5..1'", "look", "hi", "--tokens", "5..1")]
    [InlineData(2, "--tokens is 'x'", "look", "hi", "--tokens", "x")]
    [InlineData(2, "--colour is not an option of 'heed look'", "look", "hi", "--colour")]
    [InlineData(2, "--layer", "look", "hi", "--layer", "two")]
    [InlineData(2, "--convention", "look", "hi", "--convention", "other")]
    public void Look_WrongUse_SaysSoInOneSentence(int code, string message, params string[] args)
    {
        var run = CliRun.Of([.. args, "--model", Models.Stories]);
        Assert.Equal((code, ""), (run.Code, run.Out));
        Assert.StartsWith("heed: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Look_TextBeyondTheContext_SaysBothNumbers()
    {
        var run = CliRun.With(string.Concat(Enumerable.Repeat("word ", 2000)), 80, "look", "-", "--model", Models.Stories);
        Assert.Equal(1, run.Code);
        Assert.Contains("the model's context holds 512", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Look_WithColors_ShowsTheSameTextInRoles()
    {
        string[] args = ["look", "Once upon a time", "--model", Models.Stories];
        var plain = CliRun.Of(args).Out;
        var colored = CliRun.With([], 80, args, ColorDepth.True).Out;
        Assert.Contains("\e[38;2;12;121;200m", colored, StringComparison.Ordinal);
        Assert.Equal(plain.Replace(" ", "", StringComparison.Ordinal), System.Text.RegularExpressions.Regex.Replace(colored, "\e\\[[0-9;]*m", "").Replace(" ", "", StringComparison.Ordinal));
    }
}
