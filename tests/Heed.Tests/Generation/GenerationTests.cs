using System.Text.Json;
using Heed.Tracing;

namespace Heed.Tests.Generation;

/// <summary>Text from a real, tiny model: stories260k.</summary>
public sealed class GenerationTests : IDisposable
{
    private readonly LanguageModel _model = Models.Exact(Models.Stories);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Generate_Greedy_GivesTheReferenceStory()
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Models.Stories, "expected.json")));
        var story = expected.RootElement.GetProperty("greedy_text").GetString()!;
        var text = "Once upon a time" + Text("Once upon a time", new() { MaxTokens = 220 });
        Assert.StartsWith(story, text);
    }

    [Fact]
    public void Generate_MaxTokens_IsKept()
    {
        var tokens = _model.Generate("Once", new() { MaxTokens = 7 }).ToArray();
        Assert.Equal(7, tokens.Length);
        Assert.Equal(StopReason.MaxTokens, tokens[^1].Stop);
        Assert.All(tokens[..^1], t => Assert.Null(t.Stop));
        Assert.Empty(_model.Generate("Once", new() { MaxTokens = 0 }));
    }

    [Fact]
    public void Generate_StopText_EndsBeforeItAlsoAcrossTokens()
    {
        var whole = Text("Once upon a time", new() { MaxTokens = 60 });
        var at = whole.IndexOf("outside in", StringComparison.Ordinal);
        Assert.True(at > 0);
        var tokens = _model.Generate("Once upon a time", new() { MaxTokens = 60, Stop = ["side in"] }).ToArray();
        Assert.Equal(whole[..(at + 3)], string.Concat(tokens.Select(t => t.Text)));
        Assert.Equal(StopReason.StopText, tokens[^1].Stop);
    }

    [Fact]
    public void Generate_StopToken_EndsWithoutItsText()
    {
        var first = _model.Generate("Once upon a time", new() { MaxTokens = 20 }).ToArray();
        var stop = first[5].Id;
        var until = first.TakeWhile(t => t.Id != stop).ToArray();
        var tokens = _model.Generate("Once upon a time", new() { MaxTokens = 20, StopTokens = [stop] }).ToArray();
        Assert.Equal(until.Length + 1, tokens.Length);
        Assert.Equal(StopReason.StopToken, tokens[^1].Stop);
        Assert.Equal(string.Concat(until.Select(t => t.Text)), string.Concat(tokens.Select(t => t.Text)));
    }

    [Fact]
    public void Generate_SameSeed_SameText()
    {
        GenerationOptions options = new() { Temperature = 1, MaxTokens = 40, Seed = 5 };
        Assert.Equal(Text("The dog", options), Text("The dog", options));
        Assert.NotEqual(Text("The dog", options), Text("The dog", options with { Seed = 6 }));
    }

    [Fact]
    public void Generate_LogProbabilities_AreTheModelsOwn()
    {
        var prompt = _model.Tokenizer.Encode("Once upon a").Ids;
        var token = _model.Generate(prompt, new() { MaxTokens = 1, Temperature = 3, Alternatives = 100, Seed = 2 }).Single();
        var logits = Models.Logits(_model, prompt)[^1];
        var total = Math.Log(logits.Sum(l => Math.Exp(l)));
        Assert.Equal(logits[token.Id] - total, token.LogProbability, 1e-4);
        Assert.Equal(100, token.Alternatives.Count);
        Assert.Equal(logits.OrderDescending().Take(100).Select(l => l - total), token.Alternatives.Select(a => a.LogProbability), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(70)]
    [InlineData(80)]
    public void Generate_Begin_ReadsWhatIsKnownAndGoesOnTheSame(int known)
    {
        GenerationOptions options = new() { MaxTokens = 80, Alternatives = 3, FrequencyPenalty = 0.3f, RepetitionPenalty = 1.1f };
        var whole = _model.Generate("Once upon a time", options).ToArray();
        var again = _model.Generate("Once upon a time", options with { Begin = [.. whole.Take(known).Select(t => t.Id)] }).ToArray();
        Assert.Equal(whole.Select(t => (t.Id, t.Text, t.Stop)), again.Select(t => (t.Id, t.Text, t.Stop)));
        Assert.All(whole.Zip(again), pair =>
        {
            Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 1e-4);
            Assert.Equal(pair.First.Alternatives.Select(a => a.Id), pair.Second.Alternatives.Select(a => a.Id));
        });
    }

    [Fact]
    public void Generate_Begin_IsTakenWhateverTheModelHoldsOfIt()
    {
        var begin = _model.Tokenizer.Encode(" there was a purple whale", addSpecialTokens: false).Ids;
        var prompt = _model.Tokenizer.Encode("Once upon a time").Ids;
        var tokens = _model.Generate(prompt, new() { MaxTokens = 30, Begin = begin }).ToArray();
        Assert.Equal(begin, tokens.Take(begin.Length).Select(t => t.Id));
        var after = _model.Generate([.. prompt, .. begin], new() { MaxTokens = 30 - begin.Length }).ToArray();
        Assert.Equal(after.Select(t => t.Id), tokens.Skip(begin.Length).Select(t => t.Id));
        Assert.Contains($"Begin is {begin.Length} tokens", Assert.Throws<HeedException>(() => _model.Generate(prompt, new() { MaxTokens = 3, Begin = begin }).First()).Message);
        Assert.Contains("Begin is 512", Assert.Throws<HeedException>(() => _model.Generate(prompt, new() { Begin = [512] }).First()).Message);
    }

    [Theory]
    [InlineData(40, 40)]
    [InlineData(33, 40)]
    [InlineData(5, 40)]
    public void Generate_Begin_LeavesTheSameTraceAndCache(int known, int most)
    {
        var prompt = _model.Tokenizer.Encode("Once upon a time").Ids;
        var (whole, again) = (Run([]), Run(null));
        Assert.Equal(whole.Trace["blocks.0.attn.hook_pattern"].Shape, again.Trace["blocks.0.attn.hook_pattern"].Shape);
        Assert.Equal(prompt.Length + most - 1, again.Trace["blocks.0.hook_resid_post"].Shape[0]);
        Assert.Equal(whole.Cache.Length, again.Cache.Length);

        (Trace Trace, KeyValueCache Cache) Run(int[]? begin)
        {
            begin ??= [.. _model.Generate(prompt, new() { MaxTokens = known }).Select(t => t.Id)];
            var (trace, cache) = (Trace.Of("blocks.0.*"), new KeyValueCache(_model.Config));
            Assert.Equal(most, _model.Generate(prompt, new() { MaxTokens = most, Begin = begin, Trace = trace }, cache).Count());
            return (trace, cache);
        }
    }

    [Fact]
    public void Generate_Begin_EndsWhereWhatIsGeneratedDoes()
    {
        var prompt = _model.Tokenizer.Encode("Once upon a time").Ids;
        var whole = _model.Generate(prompt, new() { MaxTokens = 40 }).ToArray();
        var ids = whole.Select(t => t.Id).ToArray();
        var trace = Trace.Of("blocks.0.hook_resid_post");
        var stopped = _model.Generate(prompt, new() { Begin = ids, StopTokens = [ids[20]], Trace = trace }).ToArray();
        var at = Array.IndexOf(ids, ids[20]);
        Assert.Equal(at + 1, stopped.Length);
        Assert.Equal(StopReason.StopToken, stopped[^1].Stop);
        Assert.Equal(prompt.Length + at, trace["blocks.0.hook_resid_post"].Shape[0]);

        var text = string.Concat(whole.Take(12).Select(t => t.Text))[^6..];
        var (found, until) = (_model.Generate(prompt, new() { Stop = [text] }).ToArray(), _model.Generate(prompt, new() { Begin = ids, Stop = [text] }).ToArray());
        Assert.Equal(found.Select(t => (t.Text, t.Stop)), until.Select(t => (t.Text, t.Stop)));
        Assert.Equal(StopReason.StopText, until[^1].Stop);

        using var source = new CancellationTokenSource();
        var seen = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var _ in _model.Generate(prompt, new() { Begin = ids }, cancellation: source.Token))
                if (++seen == 3) source.Cancel();
        });
        Assert.Equal(3, seen);
    }

    [Fact]
    public void Generate_Begin_KeepsThePlaceAmongTheSeedsNumbers()
    {
        GenerationOptions options = new() { Temperature = 1, MaxTokens = 40, Seed = 5 };
        var whole = _model.Generate("The dog", options).Select(t => t.Id).ToArray();
        Assert.Equal(whole, _model.Generate("The dog", options with { Begin = whole[..10] }).Select(t => t.Id));
    }

    [Fact]
    public void Generate_Begin_SlidesAndIsCutLikeWhatIsGenerated()
    {
        var prompt = Models.Tokens(490);
        GenerationOptions options = new() { MaxTokens = 60, IgnoreEnd = true, SlidingContext = true };
        var whole = _model.Generate(prompt, options).Select(t => t.Id).ToArray();
        Assert.Equal(whole, _model.Generate(prompt, options with { Begin = whole[..50] }).Select(t => t.Id));
        Assert.Throws<ContextFullException>(() => _model.Generate(prompt, options with { Begin = whole[..50], SlidingContext = false }).Count());
    }

    [Fact]
    public void Generate_FullContext_IsAnErrorOrSlides()
    {
        var prompt = Models.Tokens(510);
        var error = Assert.Throws<ContextFullException>(() => _model.Generate(prompt, new() { MaxTokens = 20, IgnoreEnd = true }).Count());
        Assert.Equal(512, error.ContextLength);
        Assert.Equal(20, _model.Generate(prompt, new() { MaxTokens = 20, IgnoreEnd = true, SlidingContext = true }).Count());
    }

    [Fact]
    public void Generate_Cancelled_Stops()
    {
        using var source = new CancellationTokenSource();
        var seen = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var _ in _model.Generate("Once", new() { MaxTokens = 100 }, source.Token))
                if (++seen == 3) source.Cancel();
        });
        Assert.Equal(3, seen);
    }

    [Fact]
    public async Task GenerateAsync_GivesTheSameTokens()
    {
        GenerationOptions options = new() { MaxTokens = 15 };
        var ids = new List<int>();
        await foreach (var token in _model.GenerateAsync("Once", options)) ids.Add(token.Id);
        Assert.Equal(_model.Generate("Once", options).Select(t => t.Id), ids);
    }

    [Fact]
    public void Generate_WithACacheOfTheBeginning_GivesTheSameTokens()
    {
        var prompt = _model.Tokenizer.Encode("Once upon a time, there was a").Ids;
        var cache = new KeyValueCache(_model.Config);
        _ = _model.Generate(prompt[..5], new() { MaxTokens = 8 }, cache).Count();
        var again = _model.Generate(prompt, new() { MaxTokens = 8 }, cache).Select(t => t.Id).ToArray();
        Assert.Equal(_model.Generate(prompt, new() { MaxTokens = 8 }).Select(t => t.Id), again);
    }

    [Fact]
    public void Generate_EmptyPrompt_UsesTheStartTokenOrSaysSo()
    {
        // This tokenizer adds a start token, so an empty prompt is a prompt of one token.
        Assert.NotEmpty(_model.Generate("", new() { MaxTokens = 1 }));
        Assert.Throws<HeedException>(() => _model.Generate(Array.Empty<int>(), new() { MaxTokens = 1 }).Count());
    }

    [Fact]
    public void RecommendedOptions_OfACheckpoint_AreReadOrNamed()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Models.Stories)) File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        using var model = Models.Exact(folder.Path);
        Assert.Equal(0, model.RecommendedOptions.Temperature);
        File.WriteAllText(Path.Combine(folder.Path, "generation_config.json"), """{"do_sample": true, "temperature": 0.6, "top_p": 0.9, "eos_token_id": [2, 7]}""");
        Assert.Equal((0.6f, 0.9f, 50), (model.RecommendedOptions.Temperature, model.RecommendedOptions.TopP, model.RecommendedOptions.TopK));
        Assert.Contains(7, model.Tokenizer.EndIds);
        File.WriteAllText(Path.Combine(folder.Path, "generation_config.json"), """{"do_sample": true, "temperature": "hot"}""");
        Assert.Contains("temperature", Assert.Throws<HeedException>(() => model.RecommendedOptions).Message);
    }

    private string Text(string prompt, GenerationOptions options) => string.Concat(_model.Generate(prompt, options).Select(t => t.Text));
}
