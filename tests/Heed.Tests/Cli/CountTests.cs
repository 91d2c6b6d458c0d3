using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;

namespace Heed.Tests.Cli;

public class CountTests
{
    [Fact]
    public void Count_ConfigurationThatSaysLittle_ListsTheDefaultsItAssumed()
    {
        using var folder = new TemporaryFolder();
        var run = CliRun.Of("count", folder.Write("config.json", "{\"model_type\":\"gpt2\",\"n_layer\":3}"));
        Assert.Equal(0, run.Code);
        var text = run.Out.ReplaceLineEndings(" ");
        Assert.Contains("Not in the configuration, so the defaults of gpt2:", text, StringComparison.Ordinal);
        foreach (var expected in new[] { "vocab_size 50,257", "n_embd 768", "n_head 12", "tie_word_embeddings true" }) Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.DoesNotContain("n_layer 12", text, StringComparison.Ordinal);
        Assert.Equal("768", CliRun.Of("count", folder.File("config.json"), "--json").Json.GetProperty("assumed").GetProperty("n_embd").GetString());
        Assert.DoesNotContain("Not in the configuration", CliRun.Of("count", "gpt2").Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Not in the configuration", CliRun.Of("count", "--model", Models.Stories).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Count_Gpt3_IsTheLessonsTally()
    {
        var run = CliRun.Of("count", "gpt3");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal("GPT-3 · 175,181,291,520 parameters in 27,938 matrices", run.Lines[0]);
        Assert.Contains("    = 96 layers × 96 heads × 12,288 × 128", run.Lines);
        Assert.All(run.Lines, line => Assert.InRange(line.Length, 0, 80));
        foreach (var number in new[] { "14,495,514,624", "1,572,864", "150,994,944", "6,291,456", "603,979,776", "57,982,058,496", "617,558,016", "33.1 %" })
            Assert.Contains(number, run.Out, StringComparison.Ordinal);
        Assert.Contains("174,604,259,328 parameters", CliRun.Of("count", "gpt3-paper").Lines[0], StringComparison.Ordinal);
        Assert.Contains("124,439,808 parameters", CliRun.Of("count", "gpt2").Lines[0], StringComparison.Ordinal);
        Assert.Contains("█", CliRun.With("", 120, "count", "gpt3").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Count_EmbeddedModel_IsWhatItsFileHolds()
    {
        var json = CliRun.Of("count", "--json").Json;
        Assert.Equal(134_515_008, json.GetProperty("total").GetInt64());
        Assert.Equal(134_515_008, json.GetProperty("stored").GetInt64());
        Assert.Equal(134_515_008, json.GetProperty("parts").EnumerateArray().Sum(p => p.GetProperty("count").GetInt64()));
        Assert.Equal(1, json.GetProperty("parts").EnumerateArray().Sum(p => p.GetProperty("share").GetDouble()), 1e-4);
        Assert.Contains("    = 30 layers × 3 shared heads × 576 × 64", CliRun.Of("count").Lines);
        Assert.Contains("The file: as many as the tensors hold.", CliRun.Of("count").Lines);
    }

    [Fact]
    public void Count_ConfigurationAlone_NeedsNoWeights()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Models.Stories, "config.json"), folder.File("config.json"));
        var run = CliRun.Of("count", folder.File("config.json"), "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(CliRun.Of("count", Models.Stories, "--json").Json.GetProperty("total").GetInt64(), run.Json.GetProperty("total").GetInt64());
        Assert.False(run.Json.TryGetProperty("stored", out _));
    }

    [Theory]
    [InlineData("count")]
    [InlineData("cost")]
    public void Count_WhatIsNoModel_SaysWhatIs(string command)
    {
        var run = CliRun.Of(command, "gpt5");
        Assert.Equal((1, ""), (run.Code, run.Out));
        Assert.Contains("gpt3, gpt3-paper, gpt2", run.Error, StringComparison.Ordinal);
        using var folder = new TemporaryFolder();
        run = CliRun.Of(command, folder.Write("x.json", "{\"model_type\":\"bert\"}"));
        Assert.Equal(1, run.Code);
        Assert.Contains("is not a family that Heed knows", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Cost_EmbeddedModel_ShowsPartsGrowthAndSavings()
    {
        var run = CliRun.Of("cost", "--context", "2048");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.All(run.Lines, line => Assert.InRange(line.Length, 0, 80));
        foreach (var part in new[] { "queries, keys, values", "weighted values", "What is saved at 2,048", "9 heads share 3 sets of keys and values, so the cache is 3× smaller" })
            Assert.Contains(part, string.Join(' ', run.Lines.Select(l => l.Trim())), StringComparison.Ordinal);
        Assert.All(run.Lines, line => Assert.DoesNotMatch(@"bytesoperations|\d [kMGTPEZ]\d", line));     // columns do not touch
        var json = CliRun.Of("cost", "--context", "2048", "--json").Json;
        var row = json.GetProperty("rows").EnumerateArray().Single(r => r.GetProperty("context").GetInt64() == 2048);
        // 30 layers, 3 heads of 64, keys and values, float32.
        Assert.Equal(2048.0 * 30 * 3 * 64 * 2 * 4, row.GetProperty("cache_bytes").GetDouble());
        var parts = row.GetProperty("parts").EnumerateArray().ToDictionary(p => p.GetProperty("name").GetString()!, p => p.GetProperty("decode_operations").GetDouble());
        Assert.Equal(2.0 * 30 * 9 * 64 * 2048, parts["scores"]);
        Assert.Equal(parts["together"], parts.Where(p => p.Key != "together").Sum(p => p.Value), 1.0);
        Assert.Equal(JsonValueKind.True, CliRun.Of("cost", "gpt2", "--json").Json.GetProperty("bytes_per_weight_assumed").ValueKind);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("99999999999999")]
    public void Cost_ContextThatCannotBe_IsWrongUse(string context) => Assert.Equal(2, CliRun.Of("cost", $"--context={context}").Code);

    [Fact]
    public void Count_Svg_DrawsWhatIsCounted()
    {
        using var folder = new TemporaryFolder();
        var run = CliRun.Of("count", "gpt3", "--svg", folder.File("a.svg"), "--json");
        Assert.Equal(0, run.Code);
        var svg = XDocument.Parse(File.ReadAllText(folder.File("a.svg")));
        foreach (var part in run.Json.GetProperty("parts").EnumerateArray())
        {
            var key = part.GetProperty("name").GetString()!.Split(" (")[0].Replace(' ', '.');
            var mark = svg.Descendants().Single(e => e.Attribute("data-key")?.Value == key);
            Assert.Equal(part.GetProperty("count").GetInt64(), double.Parse(mark.Attribute("data-value")!.Value, CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [InlineData("gpt2", "1024")]
    [InlineData("gpt2", "1")]
    [InlineData("gpt3-paper", "100000")]
    public void Cost_Html_DrawsTheContextSquares(string model, string context)
    {
        using var folder = new TemporaryFolder();
        var run = CliRun.Of("cost", model, "--context", context, "--html", folder.File("a.html"), "--svg", folder.File("a.svg"), "--json");
        Assert.Equal(0, run.Code);
        var bytes = run.Json.GetProperty("rows").EnumerateArray().Single(r => r.GetProperty("context").GetInt64().ToString(CultureInfo.InvariantCulture) == context).GetProperty("cache_bytes").GetDouble();
        var svg = XDocument.Parse(File.ReadAllText(folder.File("a.svg")));
        Assert.Equal(bytes, double.Parse(svg.Descendants().Single(e => e.Attribute("data-key")?.Value == "cache").Attribute("data-value")!.Value, CultureInfo.InvariantCulture));
        Assert.Contains("<svg", File.ReadAllText(folder.File("a.html")), StringComparison.Ordinal);
    }
}
