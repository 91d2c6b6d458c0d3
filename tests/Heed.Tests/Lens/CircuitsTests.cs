using Heed.Lens;
using Heed.Lens.Numerics;

namespace Heed.Tests.Lens;

public class CircuitsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 2)]
    [InlineData(4, 16, 7)]
    [InlineData(9, 33, 64)]
    [InlineData(70, 517, 13)]
    public void TimesTransposed_AnyShape_IsTheProductWithAnyNumberOfThreads(int m, int n, int k)
    {
        float[] a = Floats(m * k, 1), b = Floats(n * k, 2), one = new float[m * n], two = new float[m * n];
        Products.TimesTransposed(a, b, k, one, threads: 1);
        Products.TimesTransposed(a, b, k, two, threads: 2);
        Assert.Equal(one, two);
        for (var i = 0; i < m; i++)
            for (var j = 0; j < n; j++)
                Assert.Equal(Enumerable.Range(0, k).Sum(x => (double)a[i * k + x] * b[j * k + x]), one[i * n + j], 1e-5 * k);
    }

    [Fact]
    public void PairScan_SmallProduct_FindsWhatSortingAllFinds()
    {
        const int rows = 75, columns = 130, k = 3, top = 20;
        float[] left = Floats(rows * k, 3), right = Floats(columns * k, 4), all = new float[rows * columns];
        Products.TimesTransposed(left, right, k, all, 1);
        var found = PairScan.Run(left, right, k, top, byRow: true, threads: 2, null, default);
        Assert.Equal(Enumerable.Range(0, all.Length).OrderByDescending(i => all[i]).Take(top).Select(i => (i / columns, i % columns, all[i])), found.Pairs);
        for (var r = 0; r < rows; r++)
        {
            var row = Enumerable.Range(0, columns).OrderByDescending(c => all[r * columns + c]).Take(top).ToArray();
            Assert.Equal(row.Select(c => (c, all[r * columns + c])), found.ByRow[r]);
            Assert.Equal(row[0], found.Best[r]);
        }
        Assert.Throws<OperationCanceledException>(() => PairScan.Run(left, right, k, top, false, 1, null, new CancellationToken(true)));
    }

    /// <summary>In layer 0, with one token and no learned positions, the stream holds the token's embedding alone: the circuit is what the pass computes.</summary>
    [Theory]
    [InlineData("bloom")]
    [InlineData("gemma3")]
    [InlineData("gpt_neox")]
    [InlineData("gptj")]
    [InlineData("llama3_rope")]
    [InlineData("olmo2")]
    [InlineData("phi3")]
    [InlineData("qwen3")]
    public void Run_NormsApplied_IsWhatTheFirstLayerComputes(string family)
    {
        using var model = Models.Exact(TestData.Own($"checkpoints/{family}"));
        int V = model.Config.VocabularySize, D = model.Config.Width, token = 17;
        var trace = model.Trace([token], names: ["blocks.0.attn.hook_result", "blocks.0.attn.hook_raw_scores"]);
        for (var head = 0; head < model.Config.Layers[0].Heads; head++)
        {
            var circuits = Circuits.Run(model, 0, head, new() { Tokens = [token], Top = V });
            var written = trace["blocks.0.attn.hook_result"].Row(0, head).ToArray();
            if (model.Config.Norm == NormKind.Layer)
            {
                var center = written.Average();
                written = [.. written.Select(x => x - center)];
            }
            var weight = model.Weights.Find("ln_final.w")?.Row();
            var actual = new float[V];
            foreach (var pair in circuits.ValueOutputByToken[0]) actual[pair.To] = (float)pair.Value;
            var expected = new float[V];
            for (var t = 0; t < V; t++)
            {
                var u = model.Weights.W_U.Column(t);
                expected[t] = (float)Enumerable.Range(0, D).Sum(i => (double)written[i] * (weight?[i] ?? 1) * u[i]);
            }
            var mean = expected.Average();
            Assert.InRange(Models.Difference([.. expected.Select(x => x - mean)], actual), 0, 2e-5);
            var self = circuits.QueryKeyByToken[0].Single(p => p.To == token).Value;
            Assert.Equal(trace["blocks.0.attn.hook_raw_scores"][head, 0, 0] * model.Config.Layers[0].ScoreScale, self, 1e-4 * Math.Max(1, Math.Abs(self)));
        }
    }

    /// <summary>The eigenvalues from the small matrix are those of the full matrix of tokens by tokens.</summary>
    [Theory]
    [InlineData("gpt2")]
    [InlineData("qwen3")]
    public void Run_NoNorm_HasTheEigenvaluesAndPairsOfTheFullMatrix(string family)
    {
        using var model = Models.Exact(TestData.Own($"checkpoints/{family}"));
        var (embedding, unembedding) = (FactoredMatrix.DenseOf(model.Weights.W_E), FactoredMatrix.DenseOf(model.Weights.W_U));
        var full = embedding.Times(FactoredMatrix.DenseOf(model.Weights.W_V[1, 1])).Times(FactoredMatrix.DenseOf(model.Weights.W_O[1, 1])).Times(unembedding);
        var V = full.Rows;
        var circuits = Circuits.Run(model, 1, 1, new() { Norm = CircuitNorm.None, Top = 25 });
        var expected = Eigenvalues.Of(full);
        var d = model.Config.Layers[1].HeadSize;
        Assert.Equal(d, circuits.Eigenvalues.Count);
        for (var i = 0; i < d; i++) Assert.Contains(circuits.Eigenvalues, v => (v - expected[i]).Magnitude < 1e-4 * expected[0].Magnitude);
        Assert.True(expected[d].Magnitude < 1e-3 * expected[0].Magnitude);
        Assert.Equal(expected.Take(d).Sum(v => v.Real) / expected.Take(d).Sum(v => v.Magnitude), circuits.CopyingScore, 1e-3);

        var order = Enumerable.Range(0, V * V).OrderByDescending(i => full.Values[i]).Take(25).ToArray();
        for (var i = 0; i < order.Length; i++)
        {
            Assert.Equal(full.Values[order[i]], circuits.ValueOutputPairs[i].Value, 1e-4 * full.Values[order[0]]);
            Assert.Equal(full[circuits.ValueOutputPairs[i].From, circuits.ValueOutputPairs[i].To], circuits.ValueOutputPairs[i].Value, 1e-4 * full.Values[order[0]]);
        }
        Assert.Equal(Enumerable.Range(0, V).Count(t => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<double>(full.Row(t)) == t), circuits.SelfFirst);

        var looks = embedding.Times(FactoredMatrix.DenseOf(model.Weights.W_Q[1, 1])).TimesTransposed(embedding.Times(FactoredMatrix.DenseOf(model.Weights.W_K[1, 1])));
        var best = circuits.QueryKeyPairs[0];
        Assert.Equal(looks.Values.Max() * model.Config.Layers[1].ScoreScale, best.Value, 1e-4 * best.Value);
        Assert.Equal(looks[best.From, best.To] * model.Config.Layers[1].ScoreScale, best.Value, 1e-4 * best.Value);
        Assert.Equal(FactoredMatrix.ValueOutput(model.Weights, 1, 1).SingularValues, circuits.ValueOutputSingularValues);
    }

    [Theory]
    [InlineData("gpt2", CircuitNorm.None)]
    [InlineData("gpt2", CircuitNorm.Folded)]
    [InlineData("gpt2", CircuitNorm.Applied)]
    [InlineData("bloom", CircuitNorm.Applied)]
    [InlineData("olmo2", CircuitNorm.Applied)]
    [InlineData("gemma3", CircuitNorm.Folded)]
    [InlineData("qwen3", CircuitNorm.Applied)]
    public void CopyingScores_OfAllHeads_AreThoseOfEachHead(string family, CircuitNorm norm)
    {
        using var model = Models.Exact(TestData.Own($"checkpoints/{family}"));
        var all = CopyingScores.Run(model, norm);
        Assert.Equal(model.Config.Layers.Count, all.Scores.Count);
        for (var layer = 0; layer < all.Scores.Count; layer++)
            for (var head = 0; head < all.Scores[layer].Count; head++)
            {
                Assert.Equal(Circuits.Run(model, layer, head, new() { Norm = norm, Top = 0 }).CopyingScore, all.Scores[layer][head], 1e-3);
                Assert.InRange(all.Scores[layer][head], -1, 1);
            }
    }

    [Theory]
    [InlineData("gpt2", CircuitNorm.None)]
    [InlineData("gpt2", CircuitNorm.Folded)]
    [InlineData("qwen3", CircuitNorm.Folded)]
    public void Composition_OfAllPairs_IsThatOfTheMultipliedMatrices(string family, CircuitNorm norm)
    {
        using var model = Models.Exact(TestData.Own($"checkpoints/{family}"));
        var composition = Composition.Run(model, new() { Norm = norm, BaselineSamples = 0 });
        Assert.Null(composition.Baseline);
        var D = model.Config.Width;
        for (var from = 0; from < composition.Heads.Count; from++)
            for (var to = 0; to < composition.Heads.Count; to++)
            {
                var ((l1, h1), (l2, h2)) = (composition.Heads[from], composition.Heads[to]);
                if (l1 >= l2)
                {
                    Assert.True(float.IsNaN(composition.Query[from][to]) && float.IsNaN(composition.Key[from][to]) && float.IsNaN(composition.Value[from][to]));
                    continue;
                }
                var writes = Full(FactoredMatrix.ValueOutput(model.Weights, l1, h1));
                var (looks, moves) = (FactoredMatrix.QueryKey(model.Weights, l2, h2), FactoredMatrix.ValueOutput(model.Weights, l2, h2));
                Check(composition.Query, Full(looks));
                Check(composition.Key, Full(looks.Transpose()));
                Check(composition.Value, Full(moves));

                void Check(float[][] scores, Dense reads)
                {
                    // Folding: x is read as (x − mean)·w.
                    if (norm == CircuitNorm.Folded)
                    {
                        var weight = model.Weights[$"blocks.{l2}.ln1.w"];
                        for (var r = 0; r < D; r++)
                            for (var c = 0; c < D; c++) reads[r, c] *= weight[r];
                        for (var c = 0; c < D && model.Config.Norm == NormKind.Layer; c++)
                        {
                            var mean = Enumerable.Range(0, D).Average(r => reads[r, c]);
                            for (var r = 0; r < D; r++) reads[r, c] -= mean;
                        }
                    }
                    Assert.Equal(Norm(writes.Times(reads)) / (Norm(writes) * Norm(reads)), scores[from][to], 1e-5);
                }
            }
        var top = composition.Top(3);
        Assert.Equal(top.Max(p => p.Score), top[0].Score);

        Dense Full(FactoredMatrix matrix) => new(D, D, matrix.Multiply());
        static double Norm(Dense matrix) => Math.Sqrt(matrix.Values.Sum(x => x * x));
    }

    /// <summary>The induction circuit, from the weights alone: the heads that repeat what came before read their keys from the previous-token head.</summary>
    [Fact]
    public void Composition_OfTheEmbeddedModel_FindsTheInductionCircuit()
    {
        using var model = Models.Exact(TestData.EmbeddedModel);
        var composition = Composition.Run(model, new() { ToLayer = 17 });
        Assert.Equal(1 / Math.Sqrt(model.Config.Width), composition.Baseline!.Value, 0.002);
        var top = composition.Top(3, CompositionKind.Key);
        Assert.All(top, p => Assert.Equal((16, 0, 17), (p.FromLayer, p.FromHead, p.ToLayer)));
        Assert.Equal([3, 4, 5], top.Select(p => p.ToHead).Order());
        Assert.All(top, p => Assert.True(p.Score > 4 * composition.Baseline));
    }

    [Fact]
    public void Run_Misuse_SaysWhatThereIs()
    {
        using var model = Models.Exact(Models.Stories);
        Assert.Contains("layers 0…4", Assert.Throws<HeedException>(() => Circuits.Run(model, 5, 0)).Message);
        Assert.Contains("heads 0…7", Assert.Throws<HeedException>(() => Circuits.Run(model, 0, 8)).Message);
        Assert.Contains("ids 0…511", Assert.Throws<HeedException>(() => Circuits.Run(model, 0, 0, new() { Tokens = [512] })).Message);
        Assert.Contains("at least one", Assert.Throws<HeedException>(() => Circuits.Run(model, 0, 0, new() { Tokens = [] })).Message);
        Assert.Contains("0 to 10,000", Assert.Throws<HeedException>(() => Circuits.Run(model, 0, 0, new() { Top = -1 })).Message);
        Assert.Contains("layers 0…4", Assert.Throws<HeedException>(() => Composition.Run(model, new() { ToLayer = 9 })).Message);
        var cancelled = new CancellationToken(true);
        Assert.Throws<OperationCanceledException>(() => Circuits.Run(model, 0, 0, cancellation: cancelled));
        Assert.Throws<OperationCanceledException>(() => CopyingScores.Run(model, cancellation: cancelled));
        Assert.Throws<OperationCanceledException>(() => Composition.Run(model, cancellation: cancelled));
    }

    private static float[] Floats(int count, int seed) => [.. LinearAlgebraTests.Random(1, count, seed).Values.Select(x => (float)x)];
}
