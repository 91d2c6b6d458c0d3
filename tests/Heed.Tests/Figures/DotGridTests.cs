using Heed.Lens.Figures;
using Heed.Tracing;

namespace Heed.Tests.Figures;

public class DotGridTests
{
    [Theory]
    [InlineData(GridConvention.Lesson)]
    [InlineData(GridConvention.Library)]
    public void Of_APattern_HoldsEveryWeightExactlyWhereItsTokensAre(GridConvention convention)
    {
        var pattern = FigureTokens.Pattern(10);
        var reading = new FigureReading(DotGrid.Of(pattern, FigureTokens.Plain, new() { Layer = 10, Head = 1, Convention = convention })).Check();
        Assert.Equal(55, reading.Values.Count);
        for (var q = 0; q < 10; q++)
            for (var k = 0; k <= q; k++)
            {
                var key = $"L10.H1.q{q}.k{k}";
                Assert.Equal(pattern[q * 10 + k], reading[key]);
                // Area is weight; in the lesson a column is a query.
                var dot = reading.Mark(key);
                Assert.Equal(20.5 * Math.Sqrt(pattern[q * 10 + k]), FigureReading.Number(dot, "r"), 1e-3);
                var (x, y) = (FigureReading.Number(dot, "cx"), FigureReading.Number(dot, "cy"));
                var corner = reading.Mark("L10.H1.q0.k0");
                var (query, other) = convention == GridConvention.Lesson ? (x - FigureReading.Number(corner, "cx"), y - FigureReading.Number(corner, "cy"))
                    : (y - FigureReading.Number(corner, "cy"), x - FigureReading.Number(corner, "cx"));
                Assert.Equal(46.0 * q, query, 0.02);
                Assert.Equal(46.0 * k, other, 0.02);
            }
        Assert.Contains(convention == GridConvention.Lesson ? "Each column is one token looking back; its dots add up to 1." : "Each row is one token looking back; its dots add up to 1.", reading.Texts);
        Assert.Contains("queries: the tokens that look", reading.Texts);
        Assert.NotNull(reading.Mark("L10.H1.mask"));
        // From 0.3 on the number stands in the dot.
        Assert.Equal(pattern.Count(w => w >= 0.3f), reading.Elements.Count(e => e.Name.LocalName == "text" && e.Attribute("data-text")?.Value.Contains(".k", StringComparison.Ordinal) == true
            && e.Attribute("data-text")!.Value.Contains(".q", StringComparison.Ordinal)));
    }

    [Fact]
    public void Of_RawScores_ShowSignByShapeAndNothingIsMasked()
    {
        var scores = FigureTokens.Signed(100);
        var activation = new Activation("blocks.3.attn.hook_raw_scores", ["head", "query", "key"], [1, 10, 10], scores);
        var reading = new FigureReading(DotGrid.Of(activation, 0, FigureTokens.Plain)).Check();
        Assert.Equal(100, reading.Values.Count);
        for (var i = 0; i < 100; i++)
        {
            var key = $"L3.H0.q{i / 10}.k{i % 10}";
            Assert.Equal(scores[i], reading[key]);
            Assert.Equal(scores[i] < 0 ? "sk" : "q", reading.Mark(key).Attribute("class")!.Value);
        }
        Assert.DoesNotContain(reading.Elements, e => e.Attribute("data-key")?.Value.EndsWith(".mask", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Of_MaskedScores_LeavesOutWhatIsMinusInfinity()
    {
        float[] scores = [1, float.NegativeInfinity, -2, 3];
        var reading = new FigureReading(DotGrid.Of(scores, ["a", "b"], new() { Stage = AttentionStage.MaskedScores })).Check();
        Assert.Equal(["A.q0.k0", "A.q1.k0", "A.q1.k1"], reading.Values.Keys.Order());
    }

    [Fact]
    public void Of_Stages_HaveTheGridInOnePlace()
    {
        // So that a page moves only what changes.
        var places = Enum.GetValues<AttentionStage>().Select(stage =>
        {
            var dot = new FigureReading(DotGrid.Of(FigureTokens.Pattern(10), FigureTokens.Plain, new() { Stage = stage, Layer = 3, Head = 2 })).Check().Mark("L3.H2.q7.k3");
            return (FigureReading.Number(dot, "cx"), FigureReading.Number(dot, "cy"));
        });
        Assert.Single(places.Distinct());
    }

    [Fact]
    public void Of_AModelsPattern_IsTheTraces()
    {
        using var model = Models.Exact(Models.Stories);
        var text = "Once upon a time";
        var encoding = model.Tokenizer.Encode(text);
        var pattern = model.Trace(encoding.Ids)["blocks.2.attn.hook_pattern"];
        var reading = new FigureReading(DotGrid.Of(pattern, 3, Heed.Lens.TokenTexts.Of(text, encoding))).Check();
        for (var q = 0; q < encoding.Count; q++)
            for (var k = 0; k <= q; k++) Assert.Equal(pattern[3, q, k], reading[$"L2.H3.q{q}.k{k}"]);
    }

    [Theory]
    [InlineData(GridConvention.Lesson)]
    [InlineData(GridConvention.Library)]
    public void Of_ManyTokens_ShowsTheLastAndAddsUpTheRest(GridConvention convention)
    {
        const int T = 400;
        var pattern = FigureTokens.Pattern(T);
        var reading = new FigureReading(DotGrid.Of(pattern, FigureTokens.Many(T), new() { Convention = convention })).Check();
        Assert.Contains("60 of 400 tokens are shown as tokens that look (340 to 399)", reading.Figure.Foot, StringComparison.Ordinal);
        double sum = 0;
        for (var k = 0; k < 340; k++) sum += pattern[399 * T + k];
        Assert.Equal((float)sum, reading["A.q399.k0-339"]);
        Assert.Equal(pattern[399 * T + 340], reading["A.q399.k340"]);
        Assert.Contains("340 earlier", reading.Texts);
    }

    [Fact]
    public void Of_SomeQueries_ShowsThese()
    {
        var pattern = FigureTokens.Pattern(10);
        var reading = new FigureReading(DotGrid.Of(pattern, FigureTokens.Plain, new() { Queries = (4, 7) })).Check();
        Assert.Equal(5 + 6 + 7, reading.Values.Count);
        Assert.Contains("3 of 10 tokens are shown as tokens that look (4 to 6)", reading.Figure.Foot, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => DotGrid.Of(pattern, FigureTokens.Plain, new() { Queries = (4, 11) }));
    }

    [Fact]
    public void Of_CrossAttention_HasTokensOfItsOwnAndNoMask()
    {
        float[] weights = [0.2f, 0.3f, 0.5f, 0.1f, 0.1f, 0.8f];
        var reading = new FigureReading(DotGrid.Of(weights, ["le", "chat"], ["the", "black", "cat"], new() { IsCausal = false })).Check();
        Assert.Equal(0.8f, reading["A.q1.k2"]);
        Assert.Equal("Each column is one token looking; its dots add up to 1.", reading.Figure.Caption);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(640)]
    public void Of_AnyTokens_NeverOverlapsAndIsNeverMarkup(double width)
    {
        var n = FigureTokens.Odd.Length;
        foreach (var convention in Enum.GetValues<GridConvention>())
        {
            var reading = new FigureReading(DotGrid.Of(FigureTokens.Pattern(n), FigureTokens.Odd, new() { Width = width, Convention = convention })).Check();
            Assert.Contains("␀␛[31m", reading.Texts);
            Assert.Contains("∅", reading.Texts);
        }
        new FigureReading(DotGrid.Of(FigureTokens.Pattern(4), FigureTokens.Plain[..4], new() { Width = width })).Check();
        new FigureReading(DotGrid.Of([1f], ["x"], new() { Width = width })).Check();
        new FigureReading(DotGrid.Of(FigureTokens.Pattern(60), FigureTokens.Many(60), new() { Width = width })).Check();
    }

    [Fact]
    public void Of_WrongSizes_SaysBoth()
    {
        var error = Assert.Throws<ArgumentException>(() => DotGrid.Of(new float[5], ["a", "b"]));
        Assert.Contains("takes 4 values, not 5", error.Message, StringComparison.Ordinal);
    }
}
