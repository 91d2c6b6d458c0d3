using Heed.Lens.Figures;
using Heed.Tracing;

namespace Heed.Tests.Figures;

public class HeadFiguresTests
{
    private static Activation Pattern(int heads, int tokens, int seed)
        => new($"blocks.{seed}.attn.hook_pattern", ["head", "query", "key"], [heads, tokens, tokens], Enumerable.Range(0, heads).SelectMany(h => FigureTokens.Pattern(tokens, seed * 100 + h)).ToArray());

    [Theory]
    [InlineData(GridConvention.Lesson)]
    [InlineData(GridConvention.Library)]
    public void HeadBoard_EveryHead_HoldsItsWeightsExactly(GridConvention convention)
    {
        Activation[] patterns = [Pattern(3, 7, 0), Pattern(3, 7, 1)];
        var reading = new FigureReading(HeadBoard.Of(patterns, FigureTokens.Plain[..7], new() { Convention = convention, Picked = [(1, 2)] })).Check();
        for (var l = 0; l < 2; l++)
            for (var h = 0; h < 3; h++)
                Assert.Equal(Enumerable.Range(0, 7).SelectMany(q => Enumerable.Range(0, q + 1).Select(k => patterns[l][h, q, k])), reading.Floats($"L{l}.H{h}"));
        // The first layer is at the bottom.
        double Top(string key) => double.Parse(reading.Mark(key).Attribute("transform")!.Value.Split(['(', ' ', ')'])[2], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Top("L0.H0") > Top("L1.H0"));
    }

    [Fact]
    public void HeadBoard_HeadsThatSeeEverything_HoldAllWeights()
    {
        float[] weights = [0.1f, 0.9f, 0.6f, 0.4f];
        var reading = new FigureReading(HeadBoard.Of([new("blocks.0.attn.hook_pattern", ["head", "query", "key"], [1, 2, 2], weights)], ["a", "b"])).Check();
        Assert.Equal(weights, reading.Floats("L0.H0"));
    }

    [Fact]
    public void HeadBoard_AllHeadsOfTheEmbeddedModelsSize_AreSmallInBytes()
    {
        Activation[] patterns = [.. Enumerable.Range(0, 30).Select(l => Pattern(9, 12, l))];
        Assert.InRange(HeadBoard.Of(patterns, FigureTokens.Many(12)).ToSvg().Length, 100_000, 360_000);     // random patterns are the worst case
    }

    [Fact]
    public void HeadBoard_ManyTokens_AveragesAndSaysSo()
    {
        var pattern = Pattern(2, 50, 3);
        var reading = new FigureReading(HeadBoard.Of([pattern], FigureTokens.Many(50))).Check();
        Assert.Contains("each cell stands for 3 × 3 tokens", reading.Figure.Foot, StringComparison.Ordinal);
        double sum = 0;
        for (var q = 3; q < 6; q++)
            for (var k = 0; k < 3; k++) sum += pattern[1, q, k];
        Assert.Equal((float)(sum / 3), reading.Floats("L0.H1")[1]);
    }

    [Fact]
    public void HeadBoard_Sorted_HasTheLargestScoreFirstAndWritesIt()
    {
        Activation[] patterns = [Pattern(2, 4, 0), Pattern(2, 4, 1)];
        var reading = new FigureReading(HeadBoard.Of(patterns, FigureTokens.Plain[..4], new() { Scores = [[0.1f, 0.9f], [0.5f, 0.3f]], ScoreName = "induction score", Most = 3 })).Check();
        Assert.Equal(["L0.H1.score", "L1.H0.score", "L1.H1.score"], reading.Values.Keys);
        Assert.Equal(0.9f, reading["L0.H1.score"]);
        Assert.Contains("3 of 4 heads are shown", reading.Figure.Foot, StringComparison.Ordinal);
    }

    private static HeadStory Story(string text, int layer, int head, int query, out Trace trace)
    {
        using var model = Models.Exact(Models.Stories);
        var encoding = model.Tokenizer.Encode(text);
        trace = model.Trace(encoding.Ids, HeadStory.Names(layer));
        return HeadStory.From(trace, layer, head, query, Heed.Lens.TokenTexts.Of(text, encoding));
    }

    [Theory]
    [InlineData(0, 0, 2)]
    [InlineData(2, 5, 4)]
    public void StepStrip_OfAModel_HoldsEveryNumberOfTheTrace(int layer, int head, int query)
    {
        var story = Story("Once upon a time", layer, head, query, out var trace);
        var reading = new FigureReading(StepStrip.Of(story)).Check();
        var size = story.QueryVector.Length;
        Activation Of(string name) => trace[ActivationNames.InBlock(layer, name)];
        var group = Of("attn.hook_pattern").Shape[0] / Of("attn.hook_v").Shape[1];
        string key = $"L{layer}.H{head}", pair = $"{key}.q{query}";
        Assert.Equal(Of("attn.hook_rot_q").Row(query, head).ToArray(), reading.Group($"{pair}.query"));
        Assert.Equal(Of("hook_resid_pre").Row(query).ToArray(), reading.Group($"L{layer}.p{query}.E"));
        Assert.Equal(Of("attn.hook_z").Row(query, head).ToArray(), reading.Group($"{pair}.sum"));
        Assert.Equal(Of("attn.hook_result").Row(query, head).ToArray(), reading.Group($"{pair}.change"));
        for (var k = 0; k < story.Tokens.Count; k++)
        {
            Assert.Equal(Of("attn.hook_rot_k").Row(k, head / group).ToArray(), reading.Group($"{key}.k{k}.key"));
            Assert.Equal(Of("attn.hook_v").Row(k, head / group).ToArray(), reading.Group($"{key}.k{k}.value"));
            Assert.Equal(Of("attn.hook_raw_scores")[head, query, k], reading[$"{pair}.k{k}.raw"]);
            Assert.Equal(Of("attn.hook_scaled_scores")[head, query, k], reading[$"{pair}.k{k}.scaled"]);
            Assert.Equal(Of("attn.hook_pattern")[head, query, k], reading[$"{pair}.k{k}"]);
            // What is multiplied and added up is what is shown.
            Assert.Equal(story.RawScores[k], story.QueryVector.Zip(story.Keys[k], (a, b) => a * b).Sum(), 1e-4f);
        }
        for (var d = 0; d < size; d++) Assert.Equal(story.Sum[d], story.Weights.Zip(story.Values, (w, v) => w * v[d]).Sum(), 1e-5f);
        Assert.Equal(story.Tokens.Count - 1 - query, reading.Texts.Count(t => t == "−∞"));
    }

    [Fact]
    public void StepStrip_Steps_AddUpToTheWholeAndNothingJumps()
    {
        var story = Story("Once upon a time", 1, 3, 4, out _);
        var steps = StepStrip.Steps(story);
        Assert.Equal(9, steps.Count);
        Assert.Equal(StepStrip.Of(story).ToSvg(), steps[^1].ToSvg());
        for (var i = 0; i < steps.Count; i++)
        {
            var reading = new FigureReading(steps[i]).Check();
            Assert.Equal((steps[0].Width, steps[0].Height), (steps[i].Width, steps[i].Height));
            if (i == 0) continue;
            var before = new FigureReading(steps[i - 1]);
            var keys = reading.Elements.Select(e => e.Attribute("data-key")?.Value).Where(k => k is not null).ToHashSet();
            Assert.True(before.Elements.Select(e => e.Attribute("data-key")?.Value).Where(k => k is not null).All(k => keys.Contains(k)));
            // What is new comes from something that is there.
            Assert.All(reading.Elements.Select(e => e.Attribute("data-from")?.Value).Where(k => k is not null), from => Assert.Contains(from, keys));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void StepStrip_OnlyWhatIsMasked_LooksMasked(int query)
    {
        var story = Story("Once upon a time", 1, 3, query, out _);
        var masked = story.MaskedScores.Count(float.IsNegativeInfinity);
        Assert.Equal(story.Tokens.Count - 1 - query, masked);
        var (steps, ground) = (StepStrip.Steps(story), FigureTheme.Fill(FigureRole.Masked));
        for (var step = 1; step <= steps.Count; step++)
        {
            var reading = new FigureReading(steps[step - 1]);
            var isTold = step >= 5 && masked > 0;
            Assert.Equal(isTold ? masked : 0, reading.Elements.Count(e => e.Attribute("class")?.Value == ground));
            Assert.Equal(step < 4 ? 0 : 1, reading.Texts.Count(t => t == (isTold ? "3 ÷ √8, mask" : "3 ÷ √8")));
            if (isTold) Assert.All(Enumerable.Range(query + 1, masked), k => Assert.Equal(ground, reading.Mark($"L1.H3.q{query}.k{k}.scaled").Attribute("class")!.Value));
        }
    }

    [Fact]
    public void StepStrip_ManyTokens_ShowsTheHeaviestAndSaysWhatTheOthersHave()
    {
        var text = string.Concat(Enumerable.Repeat("the cat sat on the mat and ", 8));
        using var model = Models.Exact(Models.Stories);
        var encoding = model.Tokenizer.Encode(text);
        var trace = model.Trace(encoding.Ids, HeadStory.Names(1));
        var story = HeadStory.From(trace, 1, 0, encoding.Count - 1, Heed.Lens.TokenTexts.Of(text, encoding));
        var reading = new FigureReading(StepStrip.Of(story)).Check();
        var shown = reading.Values.Keys.Where(k => k.EndsWith(".raw", StringComparison.Ordinal)).Select(k => int.Parse(k.Split('.')[3][1..], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(14, shown.Length);
        Assert.True(shown.Min(k => story.Weights[k]) >= Enumerable.Range(0, encoding.Count).Except(shown).Max(k => story.Weights[k]));
        Assert.Contains($"the 14 of {encoding.Count} tokens", reading.Figure.Foot, StringComparison.Ordinal);
        // The chapters before softmax show its first steps: nothing speaks of weights there, or of what comes later still.
        foreach (var step in StepStrip.Steps(story).Take(4))
            Assert.DoesNotMatch("weight|W_O|residual|softmax(?! does)|‖", new FigureReading(step).Figure.Description + string.Concat(new FigureReading(step).Texts));
    }
}
