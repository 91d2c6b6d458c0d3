using System.Globalization;
using Heed.Lens;
using Heed.Lens.Figures;
using Heed.Tracing;

namespace Heed.Tests.Figures;

/// <summary>Every kind of figure, drawn from a model's trace of few and many tokens: no text stands on another (<see cref="FigureReading.Check"/>),
/// and what is read back is the trace, bit for bit.</summary>
public class EveryFigureTests
{
    private const int Layer = 2, Head = 3, Heads = 8, Layers = 5;

    /// <summary>A trace of the first <paramref name="count"/> tokens of a text with several scripts, an emoji that is split, and long words.</summary>
    private static (LanguageModel Model, int[] Ids, string[] Texts, Trace Trace) Run(int count)
    {
        var text = string.Concat(Enumerable.Repeat("Once upon a time 👩‍👩‍👧 שלום مرحبا there was a little girl who said \"incomprehensibilities\"\n and then  ", 1 + count / 20));
        var model = Models.Exact(Models.Stories);
        var encoding = model.Tokenizer.Encode(text);
        int[] ids = encoding.Ids[..count];
        var trace = model.Trace(ids, ["blocks.*.attn.hook_pattern", "blocks.*.hook_resid_post", .. HeadStory.Names(Layer)]);
        return (model, ids, TokenTexts.Of(text, encoding)[..count], trace);
    }

    private static Activation Of(Trace trace, string name) => trace[ActivationNames.InBlock(Layer, name)];

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(60)]
    [InlineData(400)]
    public void OfAHead_AnyLength_IsTheTrace(int count)
    {
        var (model, ids, texts, trace) = Run(count);
        using var owner = model;
        foreach (var name in new[] { ActivationNames.RawScores, ActivationNames.ScaledScores, ActivationNames.Scores, ActivationNames.Pattern })
            foreach (var convention in Enum.GetValues<GridConvention>())
                SameWeights(Of(trace, name), new FigureReading(DotGrid.Of(Of(trace, name), Head, texts, new() { Convention = convention })).Check());
        SameWeights(Of(trace, ActivationNames.Pattern), new FigureReading(BipartiteLines.Of(Of(trace, ActivationNames.Pattern), Head, texts)).Check());

        var story = HeadStory.From(trace, Layer, Head, count - 1, texts);
        foreach (var step in StepStrip.Steps(story)) new FigureReading(step).Check();
        var strip = new FigureReading(StepStrip.Of(story)).Check();
        Assert.Equal(Of(trace, ActivationNames.Z).Row(count - 1, Head).ToArray(), strip.Group($"L{Layer}.H{Head}.q{count - 1}.sum"));
        Assert.Equal(Of(trace, ActivationNames.Result).Row(count - 1, Head).ToArray(), strip.Group($"L{Layer}.H{Head}.q{count - 1}.change"));

        var sum = new FigureReading(MultiHeadSum.Of(Of(trace, ActivationNames.Result), Of(trace, ActivationNames.AttentionLinearOut), count - 1, texts)).Check();
        for (var h = 0; h < Heads; h++) Assert.Equal(Of(trace, ActivationNames.Result).Row(count - 1, h)[..48].ToArray(), sum.Group($"L{Layer}.H{h}.p{count - 1}.change"));

        var products = new FigureReading(ScoreTerms.ByDimension(story.QueryVector, story.Keys[0], story.RawScores[0], TokenLabel.Quoted(texts[^1]), TokenLabel.Quoted(texts[0]), $"L{Layer}.H{Head}")).Check();
        Assert.Equal(story.QueryVector, products.Group($"L{Layer}.H{Head}.query"));
        var parts = ScoreParts.Run(model, ids, Layer, Head, count - 1, 0);
        float[] pairs = [.. parts.Pairs.Cast<double>().Select(x => (float)x)];
        new FigureReading(ScoreTerms.ByWriter(pairs, FigureAxis.Named("q", [.. parts.QueryWriters.Select(w => w.Source.ToString())]), FigureAxis.Named("k", [.. parts.KeyWriters.Select(w => w.Source.ToString())]),
            parts.RawScore, TokenLabel.Quoted(texts[^1]), TokenLabel.Quoted(texts[0]))).Check();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(60)]
    [InlineData(400)]
    public void OfAllLayers_AnyLength_AreTheTrace(int count)
    {
        var (model, ids, texts, trace) = Run(count);
        using var owner = model;
        Board(trace, new FigureReading(HeadBoard.Of(trace, Layers, texts)).Check(), count);
        new FigureReading(HeadBoard.Of(trace, Layers, texts, new() { Scores = [.. Enumerable.Range(0, Layers).Select(l => Enumerable.Range(0, Heads).Select(h => (float)(l + h)).ToArray())] })).Check();

        foreach (var name in new[] { "hook_resid_pre", ActivationNames.Z, ActivationNames.Value, "attn.hook_result" })
        {
            var activation = Of(trace, name);
            var strips = new FigureReading(VectorStrips.Of(activation, texts)).Check();
            var part = activation.Axes[1] == "kv_head" ? "KV" : "H";
            var keys = strips.Elements.Where(e => e.Attribute("data-values") is not null).Select(e => e.Attribute("data-key")!.Value).ToArray();
            Assert.InRange(keys.Length, 1, VectorStrips.MaxRows);
            foreach (var key in keys)
            {
                var position = int.Parse(key.Split(".p")[1].Split('.')[0], CultureInfo.InvariantCulture);
                var row = activation.Axes.Count == 2 ? activation.Row(position) : activation.Row(position, int.Parse(key.Split($".{part}")[1].Split('.')[0], CultureInfo.InvariantCulture));
                Assert.Equal(row[..Math.Min(96, row.Length)].ToArray(), strips.Group(key));
            }
        }

        // One number of each position's stream, layer by layer.
        float[] stream = [.. from l in Enumerable.Range(0, Layers) from p in Enumerable.Range(0, count) select trace[ActivationNames.InBlock(l, "hook_resid_post")][p, 0]];
        var map = new FigureReading(HeatMap.Of(stream, FigureAxis.Layers(Layers), FigureAxis.Tokens(texts), new() { Title = "One number" })).Check();
        if (count <= 64)
            for (var l = 0; l < Layers; l++)
                for (var p = 0; p < count; p++) Assert.Equal(stream[l * count + p], map[$"L{l}.p{p}"]);
        else Assert.All(map.Values.Values, v => Assert.Contains(float.Parse(v, CultureInfo.InvariantCulture), stream));

        float[][] ends = [.. Enumerable.Range(0, count).Select(p => trace[ActivationNames.InBlock(Layers - 1, "hook_resid_post")].Row(p).ToArray())];
        if (count > 1)
        {
            var pca = Pca.Of([.. ends.Select(v => (ReadOnlyMemory<float>)v)]);
            var places = ends.Select(v => pca.Project(v)).ToArray();
            var points = new FigureReading(EmbeddingMap.Of([.. places.Select((at, p) => new MapPoint(texts[p], $"p{p}", [(at[0], at[1])]))], new() { Title = "Tokens" })).Check();
            for (var p = 0; p < count; p++) Assert.Equal(places[p], points.Group($"p{p}"));
        }

        var lens = LogitLens.Run(model, ids);
        List<LensCell> cells = [];
        for (var point = 0; point < lens.Points.Count; point++)
            for (var p = 0; p < count; p++) cells.Add(new(AnswerTokens.Text(model.Tokenizer, lens.Top(point, p)[0].Token), (float)lens.Top(point, p)[0].Probability));
        var table = new FigureReading(LensTable.Of(FigureAxis.Named("layer", [.. lens.Points.Select(p => p.Name)]), texts, cells)).Check();
        var columns = table.Values.Keys.Select(k => int.Parse(k.Split(".p")[1], CultureInfo.InvariantCulture)).ToHashSet();
        Assert.Contains(count - 1, columns);
        foreach (var (key, value) in table.Values)
        {
            var at = key.Split(".p");
            var point = Enumerable.Range(0, lens.Points.Count).Single(i => FigureKey.Of(lens.Points[i].Name) == at[0]);
            Assert.Equal(cells[point * count + int.Parse(at[1], CultureInfo.InvariantCulture)].Probability, float.Parse(value, CultureInfo.InvariantCulture));
        }

        var attribution = DirectLogitAttribution.Run(model, ids, 300, 310);
        var bars = new FigureReading(AttributionBars.Of([.. attribution.Parts.Select(p => new AttributionPart(p.Source.ToString(), p.Source.Key, p.Value))], attribution.Difference, new() { Title = "Parts" })).Check();
        foreach (var part in attribution.Parts.Where(p => bars.Values.ContainsKey(p.Source.Key))) Assert.Equal(part.Value, double.Parse(bars.Values[part.Source.Key], CultureInfo.InvariantCulture));
        var writes = new FigureReading(ResidualStream.Of([.. attribution.Writes.Select(w => new ResidualWrite(w.Name, w.Key, w.Length, w.Value))], TokenLabel.Quoted(texts[^1]), "difference")).Check();
        foreach (var write in attribution.Writes)
        {
            Assert.Equal(write.Length, double.Parse(writes.Values[write.Key], CultureInfo.InvariantCulture));
            Assert.Equal(write.Value, double.Parse(writes.Values[$"{write.Key}.logit"], CultureInfo.InvariantCulture));
        }

        var next = model.Generate(ids, new GenerationOptions { MaxTokens = 1, Alternatives = 10 }).Single().Alternatives;
        var likely = new FigureReading(ProbabilityBars.Of(next, texts[^1], model.Config.VocabularySize, width: 400)).Check();
        foreach (var alternative in next) Assert.Equal((float)Math.Exp(alternative.LogProbability), likely[$"v{alternative.Id}"]);
    }

    /// <summary>Every mark of one query and one key has the trace's number; every pair that a token may see and that is shown has a mark.</summary>
    private static void SameWeights(Activation grid, FigureReading reading)
    {
        var shown = 0;
        foreach (var (key, value) in reading.Values)
        {
            var parts = key.Split('.');
            if (parts[3].Contains('-', StringComparison.Ordinal)) continue;
            var expected = grid[Head, int.Parse(parts[2][1..], CultureInfo.InvariantCulture), int.Parse(parts[3][1..], CultureInfo.InvariantCulture)];
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(float.Parse(value, CultureInfo.InvariantCulture)));
            shown++;
        }
        var n = Math.Min(grid.Shape[1], 60);
        Assert.Equal(grid.Name.EndsWith(ActivationNames.Pattern, StringComparison.Ordinal) || grid.Name.EndsWith(ActivationNames.Scores, StringComparison.Ordinal) ? n * (n + 1) / 2 : n * n, shown);
    }

    private static void Board(Trace trace, FigureReading reading, int count)
    {
        var size = (count + 23) / 24;
        for (var l = 0; l < Layers; l++)
            for (var h = 0; h < Heads; h++)
            {
                var pattern = trace[ActivationNames.InBlock(l, ActivationNames.Pattern)];
                var floats = reading.Floats($"L{l}.H{h}");
                var cells = (count + size - 1) / size;
                Assert.Equal(cells * (cells + 1) / 2, floats.Length);
                var i = 0;
                for (var q = 0; q < cells; q++)
                    for (var k = 0; k <= q; k++)
                    {
                        double sum = 0;
                        var queries = Math.Min(count, (q + 1) * size) - q * size;
                        for (var a = q * size; a < q * size + queries; a++)
                            for (var b = k * size; b < Math.Min(count, (k + 1) * size); b++) sum += pattern[h, a, b];
                        Assert.Equal((float)(sum / queries), floats[i++]);
                    }
            }
    }
}
