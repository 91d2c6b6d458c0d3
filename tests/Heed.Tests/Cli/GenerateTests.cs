using System.Text.Json;

namespace Heed.Tests.Cli;

public class GenerateTests
{
    private static string[] Stories(params string[] args) => ["generate", .. args, "--model", Models.Stories, "--exact"];

    private static string Expected(string prompt, GenerationOptions options)
    {
        using var model = Models.Exact(Models.Stories);
        return string.Concat(model.Generate(prompt, options).Select(t => t.Text));
    }

    [Fact]
    public void Generate_InAPipe_IsTheLibrarysTextAndNothingElse()
    {
        var run = CliRun.Of(Stories("Once upon a time", "-n", "20"));
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(Expected("Once upon a time", new() { MaxTokens = 20 }) + "\n", run.Out);
    }

    [Fact]
    public void Generate_FromStandardInput_ReadsIt()
        => Assert.Equal(Expected("Once upon\na time", new() { MaxTokens = 5 }) + "\n", CliRun.With("Once upon\na time", 80, Stories("-", "-n", "5")).Out);

    [Fact]
    public void Generate_Words_AreOneText()
        => Assert.Equal(Expected("Once upon a time", new() { MaxTokens = 5 }) + "\n", CliRun.Of(Stories("Once", "upon", "a", "time", "-n", "5")).Out);

    [Fact]
    public void Generate_EveryOption_ReachesTheLibrary()
    {
        var options = new GenerationOptions
        {
            MaxTokens = 12,
            Temperature = 1.3f,
            TopK = 40,
            TopP = 0.95f,
            MinP = 0.01f,
            RepetitionPenalty = 1.2f,
            FrequencyPenalty = 0.1f,
            PresencePenalty = 0.2f,
            LogitBias = new Dictionary<int, float> { [300] = 2, [301] = float.NegativeInfinity },
            Seed = 9,
            StopTokens = [13],
            IgnoreEnd = true,
        };
        var run = CliRun.Of(Stories("Once", "--max-tokens", "12", "--temperature", "1.3", "--top-k", "40", "--top-p", "0.95", "--min-p", "0.01", "--repetition-penalty", "1.2",
            "--frequency-penalty", "0.1", "--presence-penalty", "0.2", "--logit-bias", "300=2", "--logit-bias", "301=-inf", "--seed", "9", "--stop-token", "13", "--ignore-end", "--slide"));
        Assert.Equal((0, Expected("Once", options) + "\n"), (run.Code, run.Out));
    }

    [Fact]
    public void Generate_WithAnEdit_IsTheLibrarysWithIt()
    {
        const string Edit = "zero:blocks.1.hook_mlp_out";
        using var model = Models.Exact(Models.Stories);
        var tokens = model.Tokenizer.Encode("Once upon a time").Ids;
        var expected = Expected("Once upon a time", new() { MaxTokens = 12, Edits = [Heed.Lens.EditText.Parse(Edit, model, tokens)] });
        Assert.Equal(expected + "\n", CliRun.Of(Stories("Once upon a time", "-n", "12", "--edit", Edit)).Out);
        Assert.NotEqual(expected, Expected("Once upon a time", new() { MaxTokens = 12 }));
        Assert.Equal(2, CliRun.Of(Stories("Once upon a time", "--edit", "nothing:x")).Code);
    }

    [Fact]
    public void Generate_StopText_EndsBeforeIt()
    {
        var whole = Expected("Once upon a time", new() { MaxTokens = 30 });
        var stop = whole.Substring(whole.Length / 2, 4);
        var run = CliRun.Of(Stories("Once upon a time", "-n", "30", "--stop", stop));
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)] + "\n", run.Out);
    }

    [Fact]
    public void GenerateJson_EveryToken_IsALineAndTheLastSumsUp()
    {
        var run = CliRun.Of(Stories("Once upon a time", "-n", "6", "--alternatives", "2", "--json"));
        Assert.Equal(7, run.Lines.Length);
        var tokens = run.Lines[..6].Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.All(tokens, t => Assert.Equal(2, t.GetProperty("alternatives").GetArrayLength()));
        Assert.All(tokens, t => Assert.Equal(t.GetProperty("id").GetInt32(), t.GetProperty("alternatives")[0].GetProperty("id").GetInt32()));
        Assert.True(run.Json.GetProperty("done").GetBoolean());
        Assert.Equal("max_tokens", run.Json.GetProperty("stop").GetString());
        Assert.Equal(6, run.Json.GetProperty("new_tokens").GetInt32());
        Assert.Equal(string.Concat(tokens.Select(t => t.GetProperty("text").GetString())), run.Json.GetProperty("text").GetString());
    }

    [Fact]
    public void Generate_Alternatives_AreALineAToken()
    {
        var run = CliRun.Of(Stories("Once upon a time", "-n", "3", "--alternatives", "2"));
        Assert.Equal((0, 4), (run.Code, run.Lines.Length));
    }

    [Fact]
    public void Generate_ContextFull_FailsAfterWhatWasWritten()
    {
        var prompt = string.Concat(Enumerable.Repeat("a ", 250));
        var run = CliRun.Of(Stories(prompt, "--ignore-end", "-n", "600"));
        Assert.Equal(1, run.Code);
        Assert.Contains("context", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, CliRun.Of(Stories(prompt, "--ignore-end", "-n", "300", "--slide")).Code);
    }

    [Theory]
    [InlineData("Temperature is -1", "--temperature", "-1")]
    [InlineData("--temperature is 'hot'", "--temperature", "hot")]
    [InlineData("TopP is 2", "--top-p", "2")]
    [InlineData("--logit-bias is '5'", "--logit-bias", "5")]
    [InlineData("LogitBias is 99999", "--logit-bias", "99999=1")]
    [InlineData("--threads is -3", "--threads", "-3")]
    public void Generate_WrongOption_IsWrongUse(string message, params string[] args)
    {
        var run = CliRun.Of(Stories(["hi", .. args]));
        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_MissingModel_SaysWhere()
    {
        var run = CliRun.Of("generate", "hi", "--model", "/no/such/model.gguf");
        Assert.Equal((1, ""), (run.Code, run.Out));
        Assert.Contains("/no/such/model.gguf does not exist", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_InputThatIsNoText_SaysSo()
    {
        var run = CliRun.With([0x61, 0xFF, 0xFE, 0x62], 80, Stories("-"));
        Assert.Equal(1, run.Code);
        Assert.Contains("not valid UTF-8", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_FolderWithoutTokenizer_SaysSo()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "config.json", "model.safetensors" }) File.Copy(Path.Combine(Models.Stories, file), folder.File(file));
        var run = CliRun.Of("generate", "hi", "--model", folder.Path);
        Assert.Equal(1, run.Code);
        Assert.Contains("no tokenizer", run.Error, StringComparison.Ordinal);
    }
}
