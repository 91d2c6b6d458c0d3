using System.Numerics.Tensors;
using Heed.Lens.Numerics;

namespace Heed.Lens;

/// <summary>One head's four matrices, and what they make of token embeddings under a <see cref="CircuitNorm"/>.</summary>
internal sealed class HeadMaps
{
    private readonly TransformerConfig _config;
    private readonly LayerConfig _layer;
    private readonly TransformerWeights _weights;
    private readonly NamedWeights _named;
    private readonly int _index, _head, _threads;
    private readonly CircuitNorm _norm;

    public HeadMaps(LanguageModel model, int layer, int head, CircuitNorm norm, int threads)
    {
        Check(model.Config, layer, head);
        (_config, _layer, _weights, _named) = (model.Config, model.Config.Layers[layer], model.Transformer.Weights, model.Weights);
        (_index, _head, _norm, _threads) = (layer, head, norm, threads);
    }

    /// <summary>d.</summary>
    public int Size => _layer.HeadSize;

    /// <summary>An error that says which layers and heads there are.</summary>
    public static void Check(TransformerConfig config, int layer, int head)
    {
        if ((uint)layer >= (uint)config.Layers.Count) throw new HeedException($"There is no layer {layer}: the model has layers 0…{config.Layers.Count - 1}.");
        if ((uint)head >= (uint)config.Layers[layer].Heads) throw new HeedException($"There is no head {head}: layer {layer} has heads 0…{config.Layers[layer].Heads - 1}.");
    }

    /// <summary>Embeddings [n, D] as this layer's attention reads them, in place. Biases only where the norm is applied, and wanted.</summary>
    public void Norm(Span<float> x, bool withBias)
    {
        Embedded(_config, _weights, _norm, x, withBias);
        Norm(_config, _weights.Layers[_index].AttentionNorm, _norm, x, withBias);
    }

    /// <summary>The norm that some models have between the embedding and the first layer, in place.</summary>
    public static void Embedded(TransformerConfig config, TransformerWeights weights, CircuitNorm norm, Span<float> x, bool withBias)
        => Norm(config, weights.EmbeddingNorm, norm, x, withBias);

    /// <summary>A norm of rows [n, D], as much of it as <paramref name="kind"/> says.</summary>
    public static void Norm(TransformerConfig config, NormWeights? norm, CircuitNorm kind, Span<float> x, bool withBias)
    {
        if (norm is null || kind == CircuitNorm.None) return;
        for (var at = 0; at < x.Length; at += config.Width)
            NormRow(x.Slice(at, config.Width), config.Norm, kind == CircuitNorm.Applied ? config.NormEpsilon : null,
                norm.Weight is { } weight ? weight.Span : [], withBias && kind == CircuitNorm.Applied && norm.Bias is { } bias ? bias.Span : []);
    }

    /// <summary>Vectors [n, D] that what comes out of a norm is multiplied by, changed so that what goes in is: the norm's weights and its
    /// subtraction of the mean go over to them.</summary>
    public static void Fold(TransformerConfig config, NormWeights? norm, CircuitNorm kind, Span<float> u)
    {
        if (norm is null || kind == CircuitNorm.None) return;
        for (var at = 0; at < u.Length; at += config.Width)
        {
            var row = u.Slice(at, config.Width);
            if (norm.Weight is { } weight) TensorPrimitives.Multiply(row, weight.Span, row);
            if (config.Norm == NormKind.Layer) TensorPrimitives.Subtract(row, TensorPrimitives.Sum<float>(row) / row.Length, row);
        }
    }

    /// <summary>Values of each row of x [n, D], to [n, d].</summary>
    public void Values(Span<float> x, Span<float> values, bool withBias)
    {
        Map("V", _head, x, values, withBias && _norm == CircuitNorm.Applied);
        if (withBias) Clip(values);
    }

    /// <summary>Queries of each row of x [n, D], to [n, d].</summary>
    public void Queries(Span<float> x, Span<float> queries) => Normed("Q", _weights.Layers[_index].QueryNorm, _layer.Heads, _head, 1, x, queries);

    /// <summary>Keys of each row of x [n, D], to [n, d].</summary>
    public void Keys(Span<float> x, Span<float> keys)
    {
        var shared = _layer.Heads / _layer.KeyValueHeads;
        Normed("K", _weights.Layers[_index].KeyNorm, _layer.KeyValueHeads, _head / shared, shared, x, keys);
    }

    /// <summary>W_O·u of each row of unembedding vectors u [n, D] (changed), to [n, d]: how much each of the head's numbers raises the token's logit.</summary>
    public void Outputs(Span<float> u, Span<float> outputs)
    {
        Fold(_config, _weights.FinalNorm, _norm, u);
        Products.TimesTransposed(u, _named.W_O[_index, _head].ToArray(), _config.Width, outputs, _threads);
    }

    /// <summary>Queries or keys, with their norm where all is applied.</summary>
    /// <param name="name">Q or K.</param>
    /// <param name="norm">Their norm, or null.</param>
    /// <param name="heads">How many stored heads there are.</param>
    /// <param name="head">The stored head.</param>
    /// <param name="shared">Query heads of one stored head.</param>
    /// <param name="x">[n, D].</param>
    /// <param name="to">[n, d].</param>
    private void Normed(string name, NormWeights? norm, int heads, int head, int shared, Span<float> x, Span<float> to)
    {
        var isApplied = _norm == CircuitNorm.Applied;
        Map(name, head * shared, x, to, isApplied);
        if (!isApplied) return;
        Clip(to);
        if (_layer.QueryKeyNorm == QueryKeyNorm.None) return;
        var d = Size;
        if (_layer.QueryKeyNorm != QueryKeyNorm.Whole)
        {
            for (var at = 0; at < to.Length; at += d)
                NormRow(to.Slice(at, d), _layer.QueryKeyNormKind, _layer.QueryKeyNormEpsilon, Own(norm?.Weight), Own(norm?.Bias));
            return;
        }

        // One norm over all heads' numbers: the others are needed for their size.
        var (n, all, one) = (to.Length / d, new float[to.Length * heads], new float[to.Length]);
        for (var h = 0; h < heads; h++)
        {
            Map(name, h * shared, x, one, withBias: true);
            Clip(one);
            for (var i = 0; i < n; i++) one.AsSpan(i * d, d).CopyTo(all.AsSpan((i * heads + h) * d));
        }
        for (var i = 0; i < n; i++)
        {
            var row = all.AsSpan(i * heads * d, heads * d);
            NormRow(row, _layer.QueryKeyNormKind, _layer.QueryKeyNormEpsilon, norm?.Weight is { } w ? w.Span : [], norm?.Bias is { } b ? b.Span : []);
            row.Slice(head * d, d).CopyTo(to[(i * d)..]);
        }

        ReadOnlySpan<float> Own(FloatVector? vector)
            => vector is null ? [] : _layer.QueryKeyNorm == QueryKeyNorm.PerHeadOwnWeights ? vector.Span.Slice(head * d, d) : vector.Span;
    }

    /// <summary>x·W (and b) of each row.</summary>
    private void Map(string name, int head, Span<float> x, Span<float> to, bool withBias)
    {
        Products.TimesTransposed(x, Turned(_named[$"blocks.{_index}.attn.W_{name}"].At(head)), _config.Width, to, _threads);
        if (!withBias || _named.Find($"blocks.{_index}.attn.b_{name}")?.Row(head) is not { } bias) return;
        for (var at = 0; at < to.Length; at += bias.Length) TensorPrimitives.Add(to.Slice(at, bias.Length), bias, to.Slice(at, bias.Length));
    }

    private void Clip(Span<float> x)
    {
        if (_norm == CircuitNorm.Applied && _layer.QueryKeyValueClip is { } limit) TensorPrimitives.Clamp(x, -limit, limit, x);
    }

    /// <summary>One row's norm; without <paramref name="epsilon"/> it is not divided by its size.</summary>
    private static void NormRow(Span<float> row, NormKind kind, float? epsilon, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias)
    {
        if (kind == NormKind.Layer) TensorPrimitives.Subtract(row, TensorPrimitives.Sum<float>(row) / row.Length, row);
        if (epsilon is { } e) TensorPrimitives.Divide(row, MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(row) / row.Length + e), row);
        if (!weight.IsEmpty) TensorPrimitives.Multiply(row, weight, row);
        if (!bias.IsEmpty) TensorPrimitives.Add(row, bias, row);
    }

    /// <summary>A weight [rows, columns] turned to [columns, rows].</summary>
    public static float[] Turned(WeightView view)
    {
        int rows = view.Shape[0], columns = view.Shape[1];
        var turned = new float[rows * columns];
        for (var c = 0; c < columns; c++) view.ReadColumn(turned.AsSpan(c * rows, rows), c);
        return turned;
    }
}
