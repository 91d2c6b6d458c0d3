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
    [InlineData("zero:hook_embed")]
    [InlineData("zero:blocks.2.hook_attn_out")]
    [InlineData("zero:blocks.2.attn.hook_v")]
    [InlineData("zero:blocks.2.attn.hook_q")]
    [InlineData("scale:blocks.2.attn.hook_pattern:-5")]
    public void OfAHead_WhereAnEditLeavesNothingOrTurnsTheSign_IsDrawnAsItIs(string edit)
    {
        var (model, ids, texts, _) = Run(4);
        using var owner = model;
        var trace = model.Trace(ids, ["blocks.*", .. HeadStory.Names(Layer)], [EditText.Parse(edit, model, ids)]);
        var story = HeadStory.From(trace, Layer, Head, 3, texts);
        foreach (var step in StepStrip.Steps(story)) new FigureReading(step).Check();
        new FigureReading(MultiHeadSum.Of(Of(trace, ActivationNames.Result), Of(trace, ActivationNames.AttentionOut), 3, texts)).Check();
        new FigureReading(ScoreTerms.ByDimension(story.QueryVector, story.Keys[0], story.RawScores[0], TokenLabel.Quoted(texts[3]), TokenLabel.Quoted(texts[0]))).Check();
        new FigureReading(ResidualStream.Of(trace, Layers, 3, texts)).Check();
        new FigureReading(DotGrid.Of(Of(trace, ActivationNames.Pattern), Head, texts)).Check();
        var attribution = DirectLogitAttribution.Run(model, ids, 300, 310, edits: [EditText.Parse(edit, model, ids)]);
        new FigureReading(AttributionFigures.ByPart(attribution, model.Tokenizer, texts)).Check();
        new FigureReading(AttributionFigures.ByLayer(attribution, model.Tokenizer, texts)).Check();
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
            for (var p = 0; p < count; p++) cells.Add(new(lens.Top(point, p)[0].Token, AnswerTokens.Text(model.Tokenizer, lens.Top(point, p)[0].Token), (float)lens.Top(point, p)[0].Probability));
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
        foreach (var alternative in next) Assert.Equal((float)Math.Exp(alternative.LogProbability), likely[$"t{alternative.Id}"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(60)]
    [InlineData(400)]
    public void OfTheLesson_AnyLength_AreTheTrace(int count)
    {
        var (model, ids, texts, trace) = Run(count);
        using var owner = model;
        var embeddings = model.Trace(ids, [ActivationNames.InBlock(0, ActivationNames.ResidPre)])[ActivationNames.InBlock(0, ActivationNames.ResidPre)];
        var table = new FigureReading(TokenTable.Of(ids, texts, embeddings)).Check();
        var plain = new FigureReading(TokenTable.Of(ids, texts, width: 340)).Check();
        for (var p = Math.Max(0, count - 64); p < count; p++) Assert.Equal(ids[p], (int)plain[$"p{p}.id"]);
        // A long text has columns beside each other.
        var wide = TokenTable.Of(ids, texts, width: 700);
        var inColumns = new FigureReading(wide).Check();
        for (var p = Math.Max(0, count - 128); p < count; p++) Assert.Equal(ids[p], (int)inColumns[$"p{p}.id"]);
        if (count == 60) Assert.True(wide.Height < 0.6 * TokenTable.Of(ids, texts, width: 340).Height);
        for (var p = Math.Max(0, count - 24); p < count; p++)
        {
            Assert.Equal(ids[p], (int)table[$"p{p}.id"]);
            Assert.Equal(embeddings.Row(p)[..Math.Min(64, embeddings.Shape[1])].ToArray(), table.Group($"p{p}.E"));
        }
        // Whichever is picked is there.
        foreach (var p in new[] { 0, count / 2, count - 1 })
            Assert.Equal(embeddings.Row(p)[..Math.Min(64, embeddings.Shape[1])].ToArray(), new FigureReading(TokenTable.Of(ids, texts, embeddings, picked: p)).Check().Group($"p{p}.E"));

        string[] names = [ActivationNames.InBlock(0, ActivationNames.ResidPre), $"blocks.*.{ActivationNames.AttentionOut}", $"blocks.*.{ActivationNames.MlpOut}", $"blocks.*.{ActivationNames.MlpPost}"];
        var written = model.Trace(ids, names);
        var stream = new FigureReading(ResidualStream.Of(written, Layers, count - 1, texts)).Check();
        for (var l = 0; l < Layers; l++) Assert.Equal(Length(written[ActivationNames.InBlock(l, ActivationNames.MlpOut)].Row(count - 1)), double.Parse(stream.Values[$"L{l}.mlp"], CultureInfo.InvariantCulture), 1e-9);

        var post = Of(written, ActivationNames.MlpPost);
        var neurons = new FigureReading(MlpNeurons.Of(post, Of(written, ActivationNames.MlpOut), count - 1, texts)).Check();
        var listed = neurons.Values.Keys.Select(k => int.Parse(k.Split(".n")[1], CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(10, listed.Length);
        Assert.All(listed, n => Assert.Equal(post[count - 1, n], neurons[$"L{Layer}.p{count - 1}.n{n}"]));
        Assert.True(listed.Min(n => Math.Abs(post[count - 1, n])) >= Enumerable.Range(0, post.Shape[1]).Except(listed).Max(n => Math.Abs(post[count - 1, n])));
        Assert.Equal(post.Row(count - 1)[..96].ToArray(), neurons.Group($"L{Layer}.p{count - 1}.n0_95"));

        if (count > 1)
        {
            var losses = TokenLosses.Run(model, ids);
            var bars = new FigureReading(LossBars.Of(losses, model.Tokenizer, texts)).Check();
            var kept = losses.Losses.OrderByDescending(l => l.Loss).Take(64).ToArray();
            Assert.Equal(kept.Length, bars.Values.Keys.Count(k => k.StartsWith('p')));
            foreach (var loss in kept) Assert.Equal(loss.Loss, double.Parse(bars.Values[$"p{loss.Position}"], CultureInfo.InvariantCulture));
            Assert.Equal(losses.Mean, double.Parse(bars.Values["mean"], CultureInfo.InvariantCulture));
        }

        var logits = Models.Logits(model, ids)[^1];
        var options = new GenerationOptions { Temperature = 0.7f, TopK = 5 };
        var drawn = options.Distribution(logits);
        var largest = logits.Max();
        var sum = logits.Sum(z => Math.Exp(z - largest));
        SampledToken[] tokens = [.. Enumerable.Range(0, logits.Length).OrderByDescending(t => logits[t]).Take(8).Select(t => new SampledToken(AnswerTokens.Text(model.Tokenizer, t), t, Math.Exp(logits[t] - largest) / sum, drawn.FirstOrDefault(d => d.Id == t).Probability))];
        var sampling = new FigureReading(SamplingBars.Of(tokens, texts[^1], options, drawn.Count, logits.Length)).Check();
        Assert.All(tokens, t => Assert.Equal(t.Drawn, double.Parse(sampling.Values[$"t{t.Id}.drawn"], CultureInfo.InvariantCulture)));
        Assert.All(tokens, t => Assert.Equal(t.Probability, double.Parse(sampling.Values[$"t{t.Id}.model"], CultureInfo.InvariantCulture)));
        Assert.Equal(3, sampling.Texts.Count(t => t == "cannot"));
    }

    [Fact]
    public void Spectrum_OfAValueMap_HasAsManyBarsAsTheSmallSpace()
    {
        using var model = Models.Exact(Models.Stories);
        var map = FactoredMatrix.ValueOutput(model.Weights, Layer, Head);
        var reading = new FigureReading(Spectrum.Of(map, "A map", $"L{Layer}.H{Head}")).Check();
        Assert.Equal(model.Config.Layers[Layer].HeadSize, reading.Values.Count);
        for (var i = 0; i < map.SingularValues.Count; i++) Assert.Equal(map.SingularValues[i], double.Parse(reading.Values[$"L{Layer}.H{Head}.s{i}"], CultureInfo.InvariantCulture));
    }

    private static double Length(ReadOnlySpan<float> vector)
    {
        double sum = 0;
        foreach (var x in vector) sum += (double)x * x;
        return Math.Sqrt(sum);
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
