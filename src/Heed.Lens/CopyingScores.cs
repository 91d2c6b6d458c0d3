using System.Numerics;
using System.Numerics.Tensors;
using Heed.Lens.Numerics;

namespace Heed.Lens;

/// <summary>How much every head of a model copies.</summary>
/// <param name="Norm">What was done with the norms.</param>
/// <param name="Scores">Of each layer, each head's Σλ/Σ|λ| over the eigenvalues of its full OV circuit: −1 to 1.</param>
/// <param name="Notes">What these numbers leave out, in sentences.</param>
public sealed record CopyingScores(CircuitNorm Norm, IReadOnlyList<IReadOnlyList<double>> Scores, IReadOnlyList<string> Notes)
{
    /// <summary>
    /// All heads at once. The full circuits W_E·W_V·W_O·W_U share W_U·W_E [width, width], which is made once; each head then is an eigenproblem of
    /// [size, size].
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="norm">What becomes of the norms; biases never count.</param>
    /// <param name="threads">0: one a core.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancellation">Checked every block of tokens and every head.</param>
    /// <remarks>Memory: about 4·width² numbers. Time: tokens·width² multiplications, and heads·width²·size.</remarks>
    public static CopyingScores Run(LanguageModel model, CircuitNorm norm = CircuitNorm.Applied, int threads = 0, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var (config, weights) = (model.Config, model.Transformer.Weights);
        var D = config.Width;
        // Layers whose attention reads a normed stream share one sum; those that read it bare (post-norm models), another.
        var sums = new Dictionary<bool, float[]>();
        foreach (var isNormed in weights.Layers.Select(l => l.AttentionNorm is not null && norm != CircuitNorm.None).Distinct())
            sums[isNormed] = Sum(model, norm, isNormed, threads, share => progress?.Report(0.5 * share), cancellation);
        var scores = new List<double[]>();
        for (var layer = 0; layer < config.Layers.Count; layer++)
        {
            var own = new double[config.Layers[layer].Heads];
            var attentionNorm = weights.Layers[layer].AttentionNorm;
            for (var head = 0; head < own.Length; head++)
            {
                cancellation.ThrowIfCancellationRequested();
                // Rᵀ·L = W_O·(Σ u ⊗ x)·diag(w)·W_V.
                var d = config.Layers[layer].HeadSize;
                float[] down = HeadMaps.Turned(model.Weights.W_V[layer, head]), up = model.Weights.W_O[layer, head].ToArray(), middle = new float[d * D], small = new float[d * d];
                if (norm != CircuitNorm.None && attentionNorm?.Weight is { } weight)
                    for (var row = 0; row < d; row++) TensorPrimitives.Multiply(down.AsSpan(row * D, D), weight.Span, down.AsSpan(row * D, D));
                var sum = sums[attentionNorm is not null && norm != CircuitNorm.None];
                Products.TimesTransposed(up, sum, D, middle, threads);
                Products.TimesTransposed(middle, down, D, small, threads);
                own[head] = Of(Eigenvalues.Of(new Dense(d, d, Array.ConvertAll(small, x => (double)x))));
            }
            scores.Add(own);
            progress?.Report(0.5 + 0.5 * (layer + 1) / config.Layers.Count);
        }
        return new(norm, scores, CircuitNotes.Of(model, 0, norm, withScores: false));
    }

    /// <summary>Σλ/Σ|λ|; 0 where all are 0.</summary>
    internal static double Of(IReadOnlyList<Complex> eigenvalues)
    {
        var size = eigenvalues.Sum(v => v.Magnitude);
        return size == 0 ? 0 : eigenvalues.Sum(v => v.Real) / size;
    }

    /// <summary>Σ over tokens of x ⊗ u [width of x, width of u]: x the embedding, normed but for the layer's weights, u the unembedding with the final norm
    /// folded in.</summary>
    private static float[] Sum(LanguageModel model, CircuitNorm norm, bool isNormed, int threads, Action<double> advanced, CancellationToken cancellation)
    {
        var (config, weights, vectors) = (model.Config, model.Transformer.Weights, new TokenVectors(model, threads));
        var D = config.Width;
        var sum = new double[D * D];
        double[] embeddingSum = new double[D], unembeddingSum = new double[D];
        var part = new float[D * D];
        vectors.ForEachBlock((tokens, _, embeddings, unembeddings) =>
        {
            HeadMaps.Embedded(config, weights, norm, embeddings, withBias: false);
            if (isNormed) HeadMaps.Norm(config, new NormWeights(null, null), norm, embeddings, withBias: false);
            HeadMaps.Fold(config, weights.FinalNorm, norm, unembeddings);
            Products.TimesTransposed(Turn(embeddings, D), Turn(unembeddings, D), tokens.Length, part, threads);
            for (var i = 0; i < sum.Length; i++) sum[i] += part[i];
            for (var i = 0; i < embeddings.Length; i++)
            {
                embeddingSum[i % D] += embeddings[i];
                unembeddingSum[i % D] += unembeddings[i];
            }
        }, advanced, cancellation);
        // Σ x ⊗ (u − ū) = Σ x ⊗ u − (Σ x) ⊗ ū.
        for (var i = 0; i < D && norm != CircuitNorm.None; i++)
            TensorPrimitives.MultiplyAdd(unembeddingSum, -embeddingSum[i] / vectors.Count, sum.AsSpan(i * D, D), sum.AsSpan(i * D, D));
        return Array.ConvertAll(sum, x => (float)x);
    }

    private static float[] Turn(ReadOnlySpan<float> rows, int width)
    {
        var turned = new float[rows.Length];
        var count = rows.Length / width;
        for (var r = 0; r < count; r++)
            for (var c = 0; c < width; c++) turned[c * count + r] = rows[r * width + c];
        return turned;
    }
}
