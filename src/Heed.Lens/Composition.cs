using System.Numerics.Tensors;
using Heed.Lens.Numerics;

namespace Heed.Lens;

/// <summary>Through which of a later head's inputs an earlier head is read.</summary>
public enum CompositionKind
{
    /// <summary>What the later head looks for depends on what the earlier one wrote: ‖W_OV¹·W_QK²‖.</summary>
    Query,
    /// <summary>What the later head finds depends on what the earlier one wrote: ‖W_OV¹·W_QK²ᵀ‖.</summary>
    Key,
    /// <summary>The later head moves on what the earlier one wrote: ‖W_OV¹·W_OV²‖.</summary>
    Value,
}

/// <summary>A pair of heads.</summary>
/// <param name="Kind">Through which input.</param>
/// <param name="FromLayer">The earlier head's layer.</param>
/// <param name="FromHead">The earlier head.</param>
/// <param name="ToLayer">The later head's layer.</param>
/// <param name="ToHead">The later head.</param>
/// <param name="Score">The composition score.</param>
public sealed record HeadPair(CompositionKind Kind, int FromLayer, int FromHead, int ToLayer, int ToHead, double Score);

/// <summary>How composition scores are computed.</summary>
public sealed record CompositionOptions
{
    /// <summary>Whether the weights of the later layer's norm count. <see cref="CircuitNorm.Applied"/> is the same as folded: a norm's division by size is no matrix.</summary>
    public CircuitNorm Norm { get; init; } = CircuitNorm.Folded;

    /// <summary>Only heads of this layer as the later ones. Null: all layers.</summary>
    public int? ToLayer { get; init; }

    /// <summary>Random pairs of heads whose mean score is the baseline; 0: none.</summary>
    public int BaselineSamples { get; init; } = 16;

    /// <summary>The seed of the baseline's random numbers.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Threads that share the work; 0: one a core. The results are the same for any number.</summary>
    public int Threads { get; init; }
}

/// <summary>
/// How much of what an earlier head writes a later head reads, from the weights alone: ‖W_OV¹·W²‖/(‖W_OV¹‖·‖W²‖) with Frobenius norms, W² the later
/// head's W_QK, W_QKᵀ or W_OV (Elhage et al., "A Mathematical Framework for Transformer Circuits", 2021). Between 0 and 1.
/// </summary>
/// <param name="Heads">Layer and head of each row and column of the tables.</param>
/// <param name="Query">Query composition [earlier head][later head]; NaN where the first is not in an earlier layer, or was not asked for.</param>
/// <param name="Key">Key composition.</param>
/// <param name="Value">Value composition.</param>
/// <param name="Baseline">The mean score of random matrices of the same shapes; null if none was asked for. It is not subtracted.</param>
/// <param name="Notes">What these numbers leave out, in sentences.</param>
public sealed record Composition(IReadOnlyList<(int Layer, int Head)> Heads, float[][] Query, float[][] Key, float[][] Value, double? Baseline, IReadOnlyList<string> Notes)
{
    /// <summary>The scores of all pairs of heads, the first in an earlier layer than the second.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Norm, layer, baseline.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancellation">Checked for each pair of layers.</param>
    /// <exception cref="HeedException">There is no such layer.</exception>
    /// <remarks>Neither W_OV nor W_QK is multiplied out: with W_V = Q·R, ‖W_V·W_O·W_Q·W_Kᵀ‖ is ‖(R·W_O)·(W_Q·R′ᵀ)‖, [size, width]·[width, size].
    /// Memory: the W_O of all heads twice. Time: pairs·size²·width multiplications for each kind.</remarks>
    public static Composition Run(LanguageModel model, CompositionOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var config = model.Config;
        if (options.ToLayer is { } asked && (uint)asked >= (uint)config.Layers.Count)
            throw new HeedException($"There is no layer {asked}: the model has layers 0…{config.Layers.Count - 1}.");
        var heads = config.Layers.SelectMany((l, layer) => Enumerable.Range(0, l.Heads).Select(head => (Layer: layer, Head: head))).ToArray();
        var firsts = config.Layers.Select((_, layer) => Array.FindIndex(heads, h => h.Layer == layer)).ToArray();
        float[][][] scores = [Table(heads.Length), Table(heads.Length), Table(heads.Length)];
        var writers = new (float[] Rows, double[] Norms)[config.Layers.Count];
        var last = options.ToLayer ?? config.Layers.Count - 1;
        double pairs = 0, all = Enumerable.Range(0, last + 1).Where(l => options.ToLayer is null || l == last).Sum(l => 3.0 * l);
        for (var to = 0; to <= last; to++)
        {
            if (options.ToLayer is null || to == last)
                foreach (var kind in new[] { CompositionKind.Query, CompositionKind.Key, CompositionKind.Value })
                {
                    if (to == 0) continue;
                    var (readers, readerNorms) = Readers(model, to, kind, options.Norm);
                    for (var from = 0; from < to; from++)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        Fill(scores[(int)kind], config, firsts, from, to, writers[from].Rows, writers[from].Norms, readers, readerNorms, options.Threads);
                        progress?.Report(++pairs / all);
                    }
                }
            if (to < last) writers[to] = Writers(model, to);
        }
        double? baseline = options.BaselineSamples > 0 ? RandomBaseline(config.Width, config.Layers[last].HeadSize, options.BaselineSamples, options.Seed, cancellation) : null;
        return new(heads, scores[0], scores[1], scores[2], baseline, NotesOf(model, options.Norm));
    }

    /// <summary>The table of a kind.</summary>
    public float[][] Of(CompositionKind kind) => kind switch { CompositionKind.Query => Query, CompositionKind.Key => Key, _ => Value };

    /// <summary>The pairs with the largest scores of a kind, or of all three.</summary>
    public IReadOnlyList<HeadPair> Top(int count, CompositionKind? kind = null)
        => [.. new[] { CompositionKind.Query, CompositionKind.Key, CompositionKind.Value }.Where(k => kind is null || k == kind)
            .SelectMany(k => Enumerable.Range(0, Heads.Count).SelectMany(from => Enumerable.Range(0, Heads.Count).Where(to => !float.IsNaN(Of(k)[from][to]))
                .Select(to => new HeadPair(k, Heads[from].Layer, Heads[from].Head, Heads[to].Layer, Heads[to].Head, Of(k)[from][to]))))
            .OrderByDescending(p => p.Score).Take(count)];

    /// <summary>The mean score of pairs of heads with normally distributed random weights.</summary>
    public static double RandomBaseline(int width, int size, int samples, int seed, CancellationToken cancellation = default)
    {
        var random = new Random(seed);
        double sum = 0;
        for (var i = 0; i < samples; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            FactoredMatrix first = new(Gaussian(random, width, size), Gaussian(random, width, size)), second = new(Gaussian(random, width, size), Gaussian(random, width, size));
            sum += first.Times(second).Norm / (first.Norm * second.Norm);
        }
        return sum / samples;
    }

    /// <summary>For each earlier head of a layer R·W_O [heads·size, width], with W_V = Q·R, and its norm, which is that of W_OV.</summary>
    private static (float[] Rows, double[] Norms) Writers(LanguageModel model, int layer) => Stack(model.Config, layer, head =>
        Orthogonal.Factor(FactoredMatrix.DenseOf(model.Weights.W_V[layer, head])).R.Times(FactoredMatrix.DenseOf(model.Weights.W_O[layer, head])));

    /// <summary>For each later head of a layer, W·Rᵀ turned [heads·size, width]: W is what reads the stream, R what is behind it.</summary>
    private static (float[] Rows, double[] Norms) Readers(LanguageModel model, int layer, CompositionKind kind, CircuitNorm norm)
    {
        var weights = model.Weights;
        var (rows, norms) = Stack(model.Config, layer, head =>
        {
            var (reads, behind) = kind switch
            {
                CompositionKind.Query => (weights.W_Q[layer, head], FactoredMatrix.DenseOf(weights.W_K[layer, head])),
                CompositionKind.Key => (weights.W_K[layer, head], FactoredMatrix.DenseOf(weights.W_Q[layer, head])),
                _ => (weights.W_V[layer, head], FactoredMatrix.DenseOf(weights.W_O[layer, head]).Transpose()),
            };
            var turned = HeadMaps.Turned(reads);        // [size, width]
            HeadMaps.Fold(model.Config, model.Transformer.Weights.Layers[layer].AttentionNorm, norm, turned);
            return Orthogonal.Factor(behind).R.Times(new Dense(reads.Shape[1], reads.Shape[0], Array.ConvertAll(turned, x => (double)x)));
        });
        return (rows, norms);
    }

    private static (float[] Rows, double[] Norms) Stack(TransformerConfig config, int layer, Func<int, Dense> ofHead)
    {
        var (heads, each) = (config.Layers[layer].Heads, config.Layers[layer].HeadSize * config.Width);
        var rows = new float[heads * each];
        var norms = new double[heads];
        for (var head = 0; head < heads; head++)
        {
            var values = ofHead(head).Values;
            norms[head] = TensorPrimitives.Norm<double>(values);
            for (var i = 0; i < values.Length; i++) rows[head * each + i] = (float)values[i];
        }
        return (rows, norms);
    }

    private static void Fill(float[][] scores, TransformerConfig config, int[] firsts, int from, int to, float[] writers, double[] writerNorms, float[] readers, double[] readerNorms, int threads)
    {
        int d1 = config.Layers[from].HeadSize, d2 = config.Layers[to].HeadSize, columns = readers.Length / config.Width;
        var product = new float[writers.Length / config.Width * columns];
        Products.TimesTransposed(writers, readers, config.Width, product, threads);
        for (var a = 0; a < writerNorms.Length; a++)
            for (var b = 0; b < readerNorms.Length; b++)
            {
                double squares = 0;
                for (var r = 0; r < d1; r++) squares += TensorPrimitives.SumOfSquares<float>(product.AsSpan((a * d1 + r) * columns + b * d2, d2));
                var norms = writerNorms[a] * readerNorms[b];
                scores[firsts[from] + a][firsts[to] + b] = norms == 0 ? 0 : (float)(Math.Sqrt(squares) / norms);
            }
    }

    private static float[][] Table(int size)
        => [.. Enumerable.Range(0, size).Select(_ =>
        {
            var row = new float[size];
            Array.Fill(row, float.NaN);
            return row;
        })];

    private static Dense Gaussian(Random random, int rows, int columns)
    {
        var values = new double[rows * columns];
        // Box and Muller.
        for (var i = 0; i < values.Length; i++) values[i] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return new(rows, columns, values);
    }

    private static string[] NotesOf(LanguageModel model, CircuitNorm norm)
    {
        var notes = new List<string>
        {
            norm == CircuitNorm.None ? "Norms are left out: the matrices are as they are stored."
                : "The weights of the norm before the later head are folded into its matrices; dividing by the vector's size is left out.",
            "Biases are left out, and so are the MLPs and heads through which one head can reach another.",
        };
        if (model.Config.Layers.Any(l => l.Rotary is not null)) notes.Add("Rotation is left out: queries and keys are as if both tokens stood at the same place.");
        if (model.Config.Layers.Any(l => l.QueryKeyNorm != QueryKeyNorm.None)) notes.Add("The norms of queries and keys are left out.");
        if (model.Transformer.Weights.Layers.Any(l => l.AttentionPostNorm is not null)) notes.Add("The norm of attention's output is left out.");
        return [.. notes];
    }
}
