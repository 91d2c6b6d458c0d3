using System.Globalization;
using Heed.Lens.Figures;

namespace Heed.Tests.Figures;

public class SumFiguresTests
{
    private static double Double(FigureReading reading, string key) => double.Parse(reading.Values[key], CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama3_rope")]
    public void MultiHeadSum_OfAModel_HoldsTheVectorsAndAddsUpToTheirSum(string family)
    {
        using var model = Models.Exact(Models.Golden(family));
        var tokens = Models.Tokens(6);
        var trace = model.Trace(tokens, ["blocks.1.attn.hook_result", "blocks.1.attn.hook_out"]);
        var (result, output) = (trace["blocks.1.attn.hook_result"], trace["blocks.1.attn.hook_out"]);
        var reading = new FigureReading(MultiHeadSum.Of(result, output, 4, FigureTokens.Plain[..6])).Check();
        var heads = result.Shape[1];
        double sum = 0;
        for (var h = 0; h < heads; h++)
        {
            Assert.Equal(result.Row(4, h)[..Math.Min(48, result.Shape[2])].ToArray(), reading.Group($"L1.H{h}.p4.change"));
            sum += Double(reading, $"L1.H{h}.p4.along");
        }
        // GPT-2 has an output bias, which is an arrow of its own.
        if (family == "gpt2") sum += Double(reading, "L1.bias.p4.along");
        var length = Math.Sqrt(output.Row(4).ToArray().Sum(x => (double)x * x));
        Assert.Equal(length, Double(reading, "L1.p4.attention"));
        Assert.Equal(length, sum, 1e-5 * length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ResidualStream_Writes_AreExactFromTheBottomUp(bool hasLogits)
    {
        var values = FigureTokens.Signed(13);
        ResidualWrite[] writes = [.. values.Select((v, i) => new ResidualWrite(i == 0 ? "embedding" : i % 2 == 1 ? $"attention {i / 2}" : $"MLP {i / 2}", i == 0 ? "embed" : $"L{i / 2}.{i % 2}", Math.Abs(v), hasLogits ? v : null))];
        foreach (var width in new[] { 400.0, 720 })
        {
            var reading = new FigureReading(ResidualStream.Of(writes, "“forest”", hasLogits ? "logit of a long name indeed, longer than its place" : null, width)).Check();
            Assert.Equal(writes.Length * (hasLogits ? 2 : 1), reading.Values.Count);
            foreach (var write in writes)
            {
                Assert.Equal(write.Length, Double(reading, write.Key));
                if (hasLogits) Assert.Equal(write.Logit, Double(reading, write.Key + ".logit"));
            }
            Assert.True(FigureReading.Number(reading.Mark("embed"), "y") > FigureReading.Number(reading.Mark("L0.1"), "y"));
        }
    }

    [Theory]
    [InlineData(64)]
    [InlineData(3)]
    [InlineData(300)]
    public void ByDimension_AQueryAndAKey_MultiplyToTheScore(int size)
    {
        var (query, key) = (FigureTokens.Signed(size, 1), FigureTokens.Signed(size, 2));
        var score = query.Zip(key, (a, b) => (double)a * b).Sum();
        var reading = new FigureReading(ScoreTerms.ByDimension(query, key, score, "“forest”", "“roamed”", "L1.H1.q3.k2")).Check();
        var shown = reading.Values.Keys.Select(k => int.Parse(k.Split(".d")[1], CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(Math.Min(size, 128), shown.Length);
        Assert.All(shown, d => Assert.Equal((double)query[d] * key[d], Double(reading, $"L1.H1.q3.k2.d{d}")));
        Assert.Equal(shown.Select(d => query[d]), reading.Group("L1.H1.q3.k2.query"));
        Assert.Equal(shown.Select(d => key[d]), reading.Group("L1.H1.q3.k2.key"));
        if (size > 128) Assert.Contains("128 of 300 dimensions", reading.Figure.Foot, StringComparison.Ordinal);
    }

    [Fact]
    public void ByWriter_ManyWriters_KeepsTheLargestAndTheSum()
    {
        const int N = 40;
        var parts = FigureTokens.Signed(N * N);
        string[] names = [.. Enumerable.Range(0, N).Select(i => $"head {i / 9}.{i % 9}")];
        var axis = FigureAxis.Named("writer", names);
        var sum = parts.Sum(p => (double)p);
        var reading = new FigureReading(ScoreTerms.ByWriter(parts, axis, axis with { Title = "wrote the key" }, sum, "“a”", "“b”", "L1", most: 8)).Check();
        Assert.Equal(64, reading.Values.Count);
        Assert.Equal(sum, reading.Values.Keys.Sum(k => (double)reading[k]), 1e-3 * parts.Sum(Math.Abs) / 100);
        Assert.Contains("33 others", reading.Texts);

        var few = new FigureReading(ScoreTerms.ByWriter(parts.AsSpan(0, 6), FigureAxis.Named("q", "embedding", "MLP 0"), FigureAxis.Named("k", "embedding", "MLP 0", "head 0.1"), 1, "“a”", "“b”")).Check();
        Assert.Equal(parts[5], few["A.MLP_0.head_0_1"]);
    }

    [Fact]
    public void BipartiteLines_Weights_AreExactAndTheLinesThickness()
    {
        var pattern = FigureTokens.Pattern(10);
        var reading = new FigureReading(BipartiteLines.Of(pattern, FigureTokens.Plain, new() { Layer = 3, Head = 2 })).Check();
        Assert.Equal(55, reading.Values.Count);
        for (var q = 0; q < 10; q++)
            for (var k = 0; k <= q; k++)
            {
                Assert.Equal(pattern[q * 10 + k], reading[$"L3.H2.q{q}.k{k}"]);
                Assert.Equal(9 * pattern[q * 10 + k], FigureReading.Number(reading.Mark($"L3.H2.q{q}.k{k}"), "stroke-width"), 1e-3);
            }
        Assert.Equal(10, new FigureReading(BipartiteLines.Of(pattern, FigureTokens.Plain, new() { Query = 9 })).Check().Values.Count);
        // The last tokens only, and of a layer that sees three back.
        var last = new FigureReading(BipartiteLines.Of(pattern.AsSpan(70), FigureTokens.Plain, new() { Window = 3 })).Check();
        Assert.Equal(["A.q7.k5", "A.q7.k6", "A.q7.k7", "A.q8.k6", "A.q8.k7", "A.q8.k8", "A.q9.k7", "A.q9.k8", "A.q9.k9"], last.Values.Keys.Order());
        Assert.Equal(pattern[8 * 10 + 6], last["A.q8.k6"]);
        Assert.Throws<ArgumentException>(() => BipartiteLines.Of(pattern.AsSpan(1), FigureTokens.Plain));
        var many = new FigureReading(BipartiteLines.Of(FigureTokens.Pattern(100), FigureTokens.Many(100))).Check();
        Assert.Contains("the last 60 of 100 tokens look", many.Figure.Foot, StringComparison.Ordinal);
        Assert.Equal((float)Enumerable.Range(0, 40).Sum(k => (double)FigureTokens.Pattern(100)[99 * 100 + k]), many["A.q99.k0-39"]);
        new FigureReading(BipartiteLines.Of(FigureTokens.Pattern(FigureTokens.Odd.Length), FigureTokens.Odd)).Check();
    }

    [Fact]
    public void ParameterTally_Gpt3_IsTrueInArea()
    {
        const long Heads = 96L * 96 * 1_572_864;
        TallyPart[] parts =
        [
            new("embedding", "W_E", 617_558_016, "50,257 × 12,288", TallyRole.Embedding), new("query", "W_Q", Heads, "128 × 12,288 × 96 heads × 96 layers", TallyRole.Query),
            new("key", "W_K", Heads, "", TallyRole.Key), new("values (Value↓ and more)", "W_V", Heads, "", TallyRole.Value), new("value ↑", "W_O", Heads, "", TallyRole.Output),
            new("MLP up", "up", 57_982_058_496, "a formula that is far too long for the place that it has in the list of all the parts", TallyRole.Mlp), new("MLP down", "down", 57_982_058_496, "", TallyRole.Mlp),
            new("unembedding", "W_U", 617_558_016, "", TallyRole.Embedding), new("norms", "norms", 0),
        ];
        foreach (var width in new[] { 400.0, 720 })
        {
            var reading = new FigureReading(ParameterTally.Of("GPT-3", parts, width)).Check();
            // No name is cut in its rectangle: it stands there whole, without its brackets, or not at all.
            Assert.All(reading.Elements.Where(e => e.Name.LocalName == "text" && e.Attribute("font-weight")?.Value == "600" && e.Attribute("data-text") is not null), e => Assert.DoesNotContain("…", e.Value, StringComparison.Ordinal));
            Assert.Contains("values", reading.Texts);
            Assert.Contains("GPT-3: 175,181,291,520 parameters", reading.Figure.Title, StringComparison.Ordinal);
            foreach (var part in parts.Where(p => p.Count > 0))
            {
                Assert.Equal(part.Count.ToString(CultureInfo.InvariantCulture), reading.Values[part.Key]);
                var mark = reading.Mark(part.Key);
                Assert.Equal((double)part.Count / 175_181_291_520, FigureReading.Number(mark, "width") * FigureReading.Number(mark, "height") / ((width - 48) * 300), 1e-4);
            }
            Assert.Contains("175,181,291,520", reading.Texts);
        }
    }

    [Fact]
    public void Squarify_AnyAreas_FillTheRectangleAndKeepTheirSizes()
    {
        var random = new Random(4);
        for (var n = 1; n <= 20; n++)
        {
            var values = Enumerable.Range(0, n).Select(_ => Math.Exp(5 * random.NextDouble())).OrderDescending().ToArray();
            var areas = ParameterTally.Squarify(values, 10, 20, 300, 200);
            for (var i = 0; i < n; i++)
            {
                Assert.Equal(values[i] / values.Sum() * 60000, areas[i].Width * areas[i].Height, 1e-6);
                Assert.True(areas[i].X >= 10 - 1e-9 && areas[i].Y >= 20 - 1e-9 && areas[i].X + areas[i].Width <= 310 + 1e-6 && areas[i].Y + areas[i].Height <= 220 + 1e-6);
            }
        }
    }

    [Theory]
    [InlineData(10, 20)]
    [InlineData(10, 3)]
    [InlineData(1, 1)]
    public void Visible_WithAWindow_CountsThePairs(int tokens, int window)
        => Assert.Equal(Enumerable.Range(0, tokens).Sum(q => Math.Min(q + 1, window)), ContextSquare.Visible(tokens, window));

    [Fact]
    public void ContextSquare_Contexts_AreTrueInArea()
    {
        foreach (var width in new[] { 300.0, 364, 660 }) new FigureReading(ContextSquare.Of([1024, 4096, 8192, 131_072], 1024, [new("keys and values in the cache", "cache", 188_743_680), new("scores", "scores", 2.4e9)], width)).Check();
        var reading = new FigureReading(ContextSquare.Of([1024, 4096, 8192], 1024, [new("key–value cache", "cache", 188_743_680), new("scores", "scores", 2.4e9)])).Check();
        Assert.Equal(67_108_864, Double(reading, "n8192"));
        Assert.Equal(8192.0 * 8192 / (1024.0 * 1024), Math.Pow(FigureReading.Number(reading.Mark("n8192"), "width") / FigureReading.Number(reading.Mark("n1024"), "width"), 2), 1e-6);
        Assert.Equal(188_743_680, Double(reading, "cache"));
        Assert.Contains("67,108,864 · 33,558,528", reading.Texts);
        Assert.Throws<ArgumentException>(() => ContextSquare.Of([10, 5]));
    }
}
