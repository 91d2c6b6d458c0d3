namespace Heed.Tests.Generation;

public class SamplerTests
{
    private static readonly float[] Logits = [1, 3, 2, 0, -1];

    [Fact]
    public void Next_TemperatureZero_TakesTheLargest() => Assert.Equal(1, Choose(new()));

    [Fact]
    public void Next_LogitBias_IsAddedFirst()
        => Assert.Equal(4, Choose(new() { LogitBias = new Dictionary<int, float> { [4] = 10 } }));

    [Fact]
    public void Next_ForbiddenToken_IsNeverChosen()
    {
        var sampler = new Sampler(new() { Temperature = 5, LogitBias = new Dictionary<int, float> { [1] = float.NegativeInfinity } }, 5);
        for (var i = 0; i < 500; i++) Assert.NotEqual(1, sampler.Next(Logits));
    }

    [Fact]
    public void Next_RepetitionPenalty_DividesPositiveAndMultipliesNegativeLogits()
    {
        var sampler = new Sampler(new() { RepetitionPenalty = 2 }, 5);
        sampler.AddPrompt([1]);
        Assert.Equal(2, sampler.Next(Logits));            // 3/2 < 2
        var negative = new Sampler(new() { RepetitionPenalty = 2 }, 2);
        negative.AddPrompt([0]);
        Assert.Equal(1, negative.Next([-1, -1.5f]));      // −1·2 < −1.5
    }

    [Fact]
    public void Next_FrequencyPenalty_GrowsWithEachUse()
    {
        var sampler = new Sampler(new() { FrequencyPenalty = 0.6f }, 3);
        float[] logits = [1, 0.5f, -5];
        Assert.Equal([0, 1, 0, 1], Enumerable.Range(0, 4).Select(_ => sampler.Next(logits)));
    }

    [Fact]
    public void Next_PresencePenalty_IsTheSameForEachUse()
    {
        var sampler = new Sampler(new() { PresencePenalty = 0.6f }, 3);
        float[] logits = [1, 0.5f, -5];
        Assert.Equal([0, 1, 0, 0], Enumerable.Range(0, 4).Select(_ => sampler.Next(logits)));
    }

    [Fact]
    public void Next_TopK_KeepsTheKMostLikely() => Assert.Equal([1, 2], Seen(new() { Temperature = 3, TopK = 2 }));

    [Fact]
    public void Next_TopP_KeepsTheSmallestSetThatReachesP()
    {
        // Probabilities at temperature 1: 0.64, 0.23, 0.09, 0.03, 0.01.
        Assert.Equal([1], Seen(new() { Temperature = 1, TopP = 0.6f }));
        Assert.Equal([1, 2], Seen(new() { Temperature = 1, TopP = 0.7f }));
        Assert.Equal([0, 1, 2], Seen(new() { Temperature = 1, TopP = 0.9f }));
    }

    [Fact]
    public void Next_MinP_KeepsWhatIsLikelyBesideTheLargest()
        => Assert.Equal([1, 2], Seen(new() { Temperature = 1, MinP = 0.2f }));   // e^-1 = 0.37, e^-2 = 0.14

    [Fact]
    public void Next_Temperature_GivesTheSoftmaxFrequencies()
    {
        var sampler = new Sampler(new() { Temperature = 0.7f, Seed = 3 }, 5);
        var counts = new int[5];
        const int draws = 200_000;
        for (var i = 0; i < draws; i++) counts[sampler.Next(Logits)]++;
        var weights = Logits.Select(l => Math.Exp(l / 0.7)).ToArray();
        for (var i = 0; i < 5; i++)
        {
            var p = weights[i] / weights.Sum();
            // Five standard deviations of a count.
            Assert.InRange(counts[i], draws * p - 5 * Math.Sqrt(draws * p) - 1, draws * p + 5 * Math.Sqrt(draws * p) + 1);
        }
    }

    [Fact]
    public void Next_SameSeed_SameTokens()
    {
        static int[] Run(ulong seed)
        {
            var sampler = new Sampler(new() { Temperature = 2, Seed = seed }, 5);
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Next(Logits))];
        }
        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
        // The generator is our own, so these hold on every machine and version.
        Assert.Equal(Run(0)[..12], Run(0)[..12]);
    }

    [Theory]
    [InlineData("Temperature", -1f)]
    [InlineData("Temperature", float.NaN)]
    [InlineData("TopP", 0f)]
    [InlineData("TopP", 1.5f)]
    [InlineData("MinP", -0.1f)]
    [InlineData("RepetitionPenalty", 0f)]
    public void Options_OutOfRange_AreNamed(string name, float value)
    {
        var options = name switch
        {
            "Temperature" => new GenerationOptions { Temperature = value },
            "TopP" => new() { TopP = value },
            "MinP" => new() { MinP = value },
            _ => new() { RepetitionPenalty = value },
        };
        Assert.Contains(name, Assert.Throws<HeedException>(() => new Sampler(options, 5)).Message);
    }

    [Theory]
    [InlineData(1, 0, 1, 0, 5)]
    [InlineData(0.5, 0, 1, 0, 5)]
    [InlineData(2, 3, 1, 0, 3)]
    [InlineData(1, 0, 0.8, 0, 2)]
    [InlineData(1, 0, 1, 0.3, 2)]
    [InlineData(0, 0, 1, 0, 1)]
    public void Distribution_AnyFilter_IsWhatIsDrawn(float temperature, int topK, float topP, float minP, int count)
    {
        var options = new GenerationOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = 7 };
        var distribution = options.Distribution(Logits);
        Assert.Equal(count, distribution.Count);
        Assert.Equal(1, distribution.Sum(d => d.Probability), 1e-6);
        Assert.Equal(distribution.Select(d => Logits[d.Id]).OrderDescending(), distribution.Select(d => Logits[d.Id]));
        // Ratios are those of the logits at that temperature.
        Assert.All(distribution.Skip(1), d => Assert.Equal(Math.Exp((Logits[d.Id] - Logits[distribution[0].Id]) / temperature), d.Probability / distribution[0].Probability, 1e-6));
        var sampler = new Sampler(options, 5);
        const int draws = 20_000;
        var seen = new int[5];
        for (var i = 0; i < draws; i++) seen[sampler.Next(Logits)]++;
        // Five standard deviations of a binomial count.
        for (var t = 0; t < 5; t++)
        {
            var p = distribution.FirstOrDefault(d => d.Id == t).Probability;
            Assert.Equal(p, (double)seen[t] / draws, 5 * Math.Sqrt(p * (1 - p) / draws) + 1e-9);
        }
    }

    [Fact]
    public void Distribution_RepetitionPenalty_CountsTheText()
    {
        var options = new GenerationOptions { Temperature = 1, RepetitionPenalty = 2 };
        Assert.Equal(1, options.Distribution(Logits)[0].Id);
        Assert.Equal(2, options.Distribution(Logits, [1])[0].Id);      // 3/2 < 2
        Assert.Contains("TopP", Assert.Throws<HeedException>(() => new GenerationOptions { TopP = 0 }.Distribution(Logits)).Message, StringComparison.Ordinal);
    }

    private static int Choose(GenerationOptions options) => new Sampler(options, 5).Next(Logits);

    private static int[] Seen(GenerationOptions options)
    {
        var sampler = new Sampler(options, 5);
        return [.. Enumerable.Range(0, 3000).Select(_ => sampler.Next(Logits)).Distinct().Order()];
    }
}

public class StopTextTests
{
    [Theory]
    [InlineData("hello wor|ld", "world", "hello ")]
    [InlineData("a|b|c|d", "bc", "a")]
    [InlineData("aab|aab|c", "aabc", "aab")]
    [InlineData("no stop here", "xyz", "no stop here")]
    [InlineData("ends with par", "part", "ends with par")]
    public void Add_StopAcrossPieces_EndsBeforeIt(string pieces, string stop, string expected)
    {
        var watcher = new StopText([stop]);
        var text = string.Concat(pieces.Split('|').Select(watcher.Add));
        if (!watcher.IsStopped) text += watcher.Flush();
        Assert.Equal(expected, text);
        Assert.Equal(pieces.Replace("|", "").Contains(stop), watcher.IsStopped);
    }

    [Fact]
    public void Add_PossibleStop_IsHeldBackOnlyAsLongAsNeeded()
    {
        var watcher = new StopText(["<end>"]);
        Assert.Equal("a", watcher.Add("a<e"));
        Assert.Equal("<ex", watcher.Add("x"));
    }
}
