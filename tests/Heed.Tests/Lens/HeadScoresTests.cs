using Heed.Formats;
using Heed.Lens;
using Heed.Verification;

namespace Heed.Tests.Lens;

public class HeadScoresTests
{
    [SharedFact]
    public void Run_RepeatedTokens_AreTheReferencesScoresAndLosses()
    {
        using var model = Models.Exact(TestData.EmbeddedModel);
        using var circuits = SafetensorsFile.Open(TestData.Shared("golden/smollm2-135m-instruct/circuits.safetensors"));
        var tokens = TensorValues.Ids(circuits.Find("repeated_ids")!).Ids;
        var scores = HeadScores.Run(model, tokens, firstQuery: 51);
        for (var p = 0; p < 3; p++)
        {
            var expected = TensorValues.Floats(circuits.Find(new[] { "previous_token", "duplicate_token", "induction" }[p])!);
            for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], scores.Patterns[p].Scores[i / 9][i % 9], 2e-3);
        }
        var losses = TensorValues.Floats(circuits.Find("repeated_nll")!);
        for (var i = 0; i < losses.Length; i++) Assert.Equal(losses[i], scores.Losses[i], 5e-3);
        Assert.Equal(losses[..50].Average(x => (double)x), scores.HalfLosses!.Value.First, 1e-3);
        Assert.Equal(losses[50..].Average(x => (double)x), scores.HalfLosses!.Value.Second, 1e-3);
        Assert.Equal((13.9, 2.8), (Math.Round(scores.HalfLosses.Value.First, 1), Math.Round(scores.HalfLosses.Value.Second, 1)));
        var induction = scores.Patterns[2].Sorted;
        Assert.Equal("18.6", induction[0].Head.ToString());
        Assert.Equal(0.91, induction[0].Score, 0.005);
        Assert.Equal("17.3", induction[1].Head.ToString());
        Assert.Equal([50, 50, 50, 50, 50], scores.Patterns.Select(p => p.Queries));
    }

    [Fact]
    public void Run_AnyText_IsTheMeanOfTheTracedPattern()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = [1, 5, 9, 5, 9, 7, 5, 12];
        var trace = model.Trace(tokens, ["blocks.*.attn.hook_pattern"]);
        DrawnPattern[] patterns = [.. DrawnPattern.WellKnown, DrawnPattern.Parse("q-1"), DrawnPattern.Parse("0, q-3..q-2")];
        // Each pattern's keys, written out by hand: (query, keys).
        (int, int[])[][] keys =
        [
            [.. Enumerable.Range(1, 7).Select(q => (q, new[] { q - 1 }))],
            [(3, [1]), (4, [2]), (6, [1, 3])],
            [(3, [2]), (4, [3]), (6, [2, 4])],
            [.. Enumerable.Range(1, 7).Select(q => (q, new[] { 0 }))],
            [.. Enumerable.Range(1, 7).Select(q => (q, new[] { q }))],
            [.. Enumerable.Range(1, 7).Select(q => (q, new[] { q - 1 }))],
            [(0, [0]), (1, [0]), (2, [0]), (3, [0, 1]), (4, [0, 1, 2]), (5, [0, 2, 3]), (6, [0, 3, 4]), (7, [0, 4, 5])],
        ];
        foreach (var measure in Enum.GetValues<PatternMeasure>())
        {
            var scores = HeadScores.Run(model, tokens, patterns, measure);
            Assert.Null(scores.HalfLosses);
            Assert.Equal(model.Loss(tokens).Loss, scores.Losses.Average(), 1e-4);
            for (var p = 0; p < patterns.Length; p++)
            {
                Assert.Equal(keys[p].Length, scores.Patterns[p].Queries);
                for (var l = 0; l < 5; l++)
                    for (var h = 0; h < 8; h++)
                    {
                        var pattern = trace[$"blocks.{l}.attn.hook_pattern"];
                        var expected = keys[p].Average(row => row.Item2.Sum(k => measure == PatternMeasure.Weight ? pattern[h, row.Item1, k] : Math.Min(pattern[h, row.Item1, k], 1.0 / row.Item2.Length)));
                        Assert.Equal(expected, scores.Patterns[p].Scores[l][h], 1e-5);
                    }
            }
        }
    }

    [Fact]
    public void Overlap_WithAHeadsOwnPattern_IsOneForItAlone()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(9);
        var own = model.Trace(tokens, ["blocks.2.attn.hook_pattern"])["blocks.2.attn.hook_pattern"];
        var drawn = DrawnPattern.Of("its own", [.. Enumerable.Range(0, 9).Select(q => own.Row(5, q).ToArray())]);
        var sorted = HeadScores.Run(model, tokens, [drawn], PatternMeasure.Overlap).Patterns[0].Sorted;
        Assert.Equal("2.5", sorted[0].Head.ToString());
        Assert.Equal(1, sorted[0].Score, 1e-5);
        Assert.True(sorted[1].Score < 0.999);
    }

    [Fact]
    public void RepeatedTokens_OfATokenizer_AreDistinctAndRepeat()
    {
        using var model = Models.Exact(TestData.EmbeddedModel);
        var tokens = HeadScores.RepeatedTokens(model.Tokenizer, 50, seed: 4);
        Assert.Equal(101, tokens.Length);
        Assert.Equal(51, HeadScores.RepetitionStart(tokens));
        Assert.Equal(50, HeadScores.RepetitionStart(tokens.AsSpan(1)));
        Assert.Null(HeadScores.RepetitionStart(tokens.AsSpan(2)));
        Assert.Equal(model.Tokenizer.BosId, tokens[0]);
        Assert.Equal(tokens[1..51], tokens[51..]);
        Assert.Equal(51, tokens.Distinct().Count());
        Assert.DoesNotContain(tokens[1..], model.Tokenizer.IsSpecial);
        Assert.Equal(tokens, HeadScores.RepeatedTokens(model.Tokenizer, 50, seed: 4));
        Assert.NotEqual(tokens, HeadScores.RepeatedTokens(model.Tokenizer, 50, seed: 5));
    }

    [Theory]
    [InlineData("q+1", "\"q+1\"")]
    [InlineData("q-1,", "\"\"")]
    [InlineData("q-1..q-2..q", "q-1..q-2..q")]
    [InlineData("-1", "\"-1\"")]
    [InlineData("k", "\"k\"")]
    public void Parse_NoExpression_SaysWhatIs(string expression, string message)
    {
        var error = Assert.Throws<HeedException>(() => DrawnPattern.Parse(expression));
        Assert.Contains(message, error.Message);
        Assert.Contains("q-1 for the token before", error.Message);
    }

    [Theory]
    [InlineData("[[1],[1,0]]", "is for 2 tokens; the text has 3")]
    [InlineData("[[1],[1],[1]]", "row 1 has 1 numbers")]
    [InlineData("[[1,1],[1,0],[0,0,1]]", "which comes after it")]
    [InlineData("[[1],[2,0],[0,0,1]]", "numbers are from 0 to 1")]
    [InlineData("[1,2]", "array of rows")]
    [InlineData("{", "array of rows")]
    [InlineData("[]", "has no rows")]
    public void FromJson_NoMatrixForTheText_SaysWhatIsWrong(string json, string message)
    {
        using var model = Models.Exact(Models.Stories);
        var error = Assert.Throws<HeedException>(() => HeadScores.Run(model, [4, 5, 6], [DrawnPattern.FromJson("mine", json)]));
        Assert.Contains(message, error.Message);
        Assert.Contains("mine", error.Message);
    }

    [Fact]
    public void Run_OfOneToken_IsRefused()
    {
        using var model = Models.Exact(Models.Stories);
        using var source = new CancellationTokenSource();
        var stopping = new Stopping(source);
        Assert.Throws<OperationCanceledException>(() => HeadScores.Run(model, Models.Tokens(20), progress: stopping, cancellation: source.Token));
        Assert.InRange(stopping.Last, 0.5, 0.6);
        Assert.Contains("two at least", Assert.Throws<HeedException>(() => HeadScores.Run(model, [4])).Message);
    }

    /// <summary>Cancels when half is done.</summary>
    private sealed class Stopping(CancellationTokenSource source) : IProgress<double>
    {
        public double Last { get; private set; }

        public void Report(double value)
        {
            Last = value;
            if (value >= 0.5) source.Cancel();
        }
    }
}
