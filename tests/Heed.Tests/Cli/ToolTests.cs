using Heed.Cli;

namespace Heed.Tests.Cli;

public class ToolTests
{
    public static TheoryData<string> Commands => ["look", "generate", "chat", "tokenize", "info", "attribute", "compare", "cost", "count", "lens", "trace", "why", "verify", "bench", "completion"];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_OfEveryCommand_ShowsExamples(string command)
    {
        var run = CliRun.Of(command, "--help");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains($"  heed {command}", run.Out, StringComparison.Ordinal);
        Assert.Contains("Examples:\n  ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesOf_SeveralModels_TellThemApart()
    {
        Assert.Equal(["m.gguf", "SmolLM2-135M-Instruct"], ModelPlace.NamesOf(["/a/m.gguf", Path.Combine(TestData.Root, "models", "smollm2-135m-instruct")]));
        Assert.Equal(["a/m.gguf", "b/m.gguf", "n"], ModelPlace.NamesOf(["/x/a/m.gguf", "/x/b/m.gguf", "/x/n/"]));
        Assert.Equal(["a/y/m", "b/y/m"], ModelPlace.NamesOf(["/a/y/m", "/b/y/m"]));
        var error = Assert.Throws<UsageException>(() => ModelPlace.NamesOf(["/x/a", "/x/b", "/x/../x/a/"]));
        Assert.Contains("given twice", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Heed_Alone_ShowsWhatToTryFirst()
    {
        var run = CliRun.Of();
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("Start here:\n  heed look ", run.Out, StringComparison.Ordinal);
        Assert.Contains("  heed [command] [options]", run.Out, StringComparison.Ordinal);
        foreach (var command in Commands) Assert.Contains($"  {command} ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_IsTheProjects() => Assert.Matches(@"^\d+\.\d+\.\d+\n$", CliRun.Of("--version").Out);

    [Theory]
    [InlineData("foo")]
    [InlineData("info", "--foo")]
    [InlineData("tokenize")]
    [InlineData("verify")]
    [InlineData("verify", "--tokenizer", "x")]
    [InlineData("completion", "csh")]
    [InlineData("bench", "--repeat", "0")]
    public void Heed_WrongUse_IsOneSentenceAndCodeTwo(params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.StartsWith("heed: ", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Tokenize_Text_ShowsPiecesIdsAndPlaces()
    {
        var run = CliRun.Of("tokenize", "a fluffy  猫\n");
        Assert.Equal(0, run.Code);
        Assert.Contains("   81  a                     0–1", run.Lines);
        Assert.Contains("33391  ·fluffy               1–8", run.Lines);
        Assert.EndsWith("tokens\n", run.Out, StringComparison.Ordinal);

        var ids = CliRun.Of("tokenize", "--ids", "a fluffy  猫\n").Out.Trim();
        Assert.Equal("a fluffy  猫\n\n", CliRun.Of(["tokenize", "--decode", .. ids.Split(' ')]).Out);
        var json = CliRun.With("a fluffy  猫\n", 80, "tokenize", "-", "--json").Json;
        Assert.Equal(ids, string.Join(' ', json.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())));
        Assert.Equal(json.GetProperty("ids").GetArrayLength(), json.GetProperty("offsets").GetArrayLength());
    }

    [Theory]
    [InlineData(2, "'x' is no token id", "x")]
    [InlineData(1, "Token 999999 is not in the vocabulary", "999999")]
    public void Decode_WhatIsNoToken_SaysSo(int code, string message, string ids)
    {
        var run = CliRun.Of("tokenize", "--decode", ids);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Info_EmbeddedModel_AddsUp()
    {
        var run = CliRun.Of("info", "--json");
        Assert.Equal(0, run.Code);
        Assert.Equal(134_515_008, run.Json.GetProperty("parameters").GetInt64());
        Assert.Equal(134_515_008, run.Json.GetProperty("stored").GetInt64());
        Assert.Equal(134_515_008, run.Json.GetProperty("parts").EnumerateObject().Sum(p => p.Value.GetInt64()));
        Assert.Equal(272, run.Json.GetProperty("types").EnumerateObject().Sum(p => p.Value.GetInt32()));
        var page = CliRun.Of("info", "--tensors");
        Assert.Contains("as many as the tensors hold", page.Out, StringComparison.Ordinal);
        Assert.Contains("Attention: 9 heads of 64, 3 of them share one of 3 key–value heads.", page.Lines);
    }

    [Fact]
    public void Verify_Stories_IsEqualAndCounts()
    {
        var run = CliRun.Of("verify", Models.Stories);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Matches(@"^\d+ equal, 0 different, \d+ not compared$", run.Lines[^1]);
        var json = CliRun.Of("verify", Models.Stories, "--json");
        Assert.Equal(run.Lines.Length, json.Lines.Length);
        Assert.Equal(0, json.Json.GetProperty("different").GetInt32());
    }

    [Fact]
    public void Verify_OtherWeights_FailsAndSaysWhere()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Models.Stories)) File.Copy(file, folder.File(Path.GetFileName(file)));
        var weights = File.ReadAllBytes(folder.File("model.safetensors"));
        weights[^5] ^= 0x80;     // a sign
        File.WriteAllBytes(folder.File("model.safetensors"), weights);
        var run = CliRun.Of("verify", folder.Path);
        Assert.Equal(1, run.Code);
        Assert.Contains(run.Lines, l => l.StartsWith("DIFFERENT", StringComparison.Ordinal));
        Assert.DoesNotContain(", 0 different,", run.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void VerifyTokenizer_RecordedCases_AreEqual()
    {
        var folder = TestData.Own("tokenizers/gpt2");
        var run = CliRun.Of("verify", "--tokenizer", folder, "--cases", Path.Combine(folder, "cases.json"));
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Matches(@"^[1-9]\d* equal, 0 different, 0 not compared\n$", run.Out);
        run = CliRun.Of("verify", "--tokenizer", TestData.EmbeddedModel, "--cases", Path.Combine(folder, "cases.json"));
        Assert.Equal(1, run.Code);
        Assert.StartsWith("DIFFERENT", run.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void VerifyTemplates_Recorded_AreCompared()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.jinja", "{% for m in messages %}{{ m.content }};{% endfor %}");
        var expected = folder.Write("expected.json", """
            {"conversations": {"c": {"messages": [{"role": "user", "content": "hi"}]}}, "variables": {}, "templates": {"a.jinja": {"c": {"text": "hi;"}}}}
            """);
        var run = CliRun.Of("verify", "--templates", expected);
        Assert.Equal((0, "1 equal, 0 different, 0 not compared"), (run.Code, run.Lines[^1]));
        File.WriteAllText(expected, File.ReadAllText(expected).Replace("hi;", "ho;", StringComparison.Ordinal));
        Assert.Equal(1, CliRun.Of("verify", "--templates", expected).Code);
    }

    [Fact]
    public void Verify_NothingToCompareWith_SaysHow()
    {
        var run = CliRun.Of("verify", TestData.EmbeddedModel);
        Assert.Equal(1, run.Code);
        Assert.Contains("--expected", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_Json_HasThePeersKeysAndMore()
    {
        var run = CliRun.Of("bench", Models.Stories, "--prompt", "16", "--new", "8", "--repeat", "1", "--threads", "1", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        foreach (var key in new[] { "engine", "file", "threads", "prefill_tokens", "prefill_tokens_per_s", "decode_tokens", "decode_tokens_per_s", "load_s", "first_token_s",
            "peak_memory_bytes", "decode_gb_per_s", "machine_gb_per_s", "prefill_gflop_per_s", "machine_gflop_per_s", "allocated_bytes_per_token" })
            Assert.True(run.Json.TryGetProperty(key, out _), key);
        Assert.Equal((16, 8, 1), (run.Json.GetProperty("prefill_tokens").GetInt32(), run.Json.GetProperty("decode_tokens").GetInt32(), run.Json.GetProperty("threads").GetInt32()));
        Assert.True(run.Json.GetProperty("decode_tokens_per_s").GetDouble() > 0);
    }

    [Fact]
    public void Bench_MoreThanTheContext_SaysSo()
        => Assert.Equal(2, CliRun.Of("bench", Models.Stories, "--prompt", "100000").Code);

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void Completion_OfEveryShell_AsksTheTool(string shell) => Assert.Contains("[suggest:", CliRun.Of("completion", shell).Out, StringComparison.Ordinal);

    [Fact]
    public void Suggest_OfAnOption_ListsTheCommandsOptions()
    {
        var run = CliRun.Of("[suggest:12]", "heed look --");
        Assert.Contains("--layer", run.Lines);
        Assert.Contains("look", CliRun.Of("[suggest:5]", "heed ").Lines);
    }
}
