using Heed.Numerics;

namespace Heed;

/// <summary>The parameters of one part of a transformer.</summary>
/// <param name="Name">What they are for: embedding, queries, keys, …</param>
/// <param name="Count">How many numbers.</param>
/// <param name="Bytes">How many bytes they take as stored (vectors: as float32).</param>
public sealed record ParameterPart(string Name, long Count, long Bytes);

/// <summary>How many parameters a transformer has, part by part, and what one token costs.</summary>
public sealed class ModelSummary
{
    private readonly Dictionary<string, (long Count, long Bytes)> _parts = [];
    private readonly List<string> _order = [];

    private ModelSummary(Transformer model)
    {
        var (config, weights) = (model.Config, model.Weights);
        Add("embedding", weights.Embedding);
        Add("positions", weights.Positions);
        Add("embedding projections", weights.ProjectIn);
        Add("embedding projections", weights.ProjectOut);
        Add("norms", weights.EmbeddingNorm);
        for (var l = 0; l < weights.Layers.Count; l++) AddLayer(weights.Layers[l], config.Layers[l]);
        Add("norms", weights.FinalNorm);
        if (weights.IsTied) Add("unembedding", weights.Unembedding.Bias);
        else Add("unembedding", weights.Unembedding);

        Parts = [.. _order.Select(name => new ParameterPart(name, _parts[name].Count, _parts[name].Bytes))];
        Count = Parts.Sum(p => p.Count);
        (MultipliedPerToken, BytesPerToken) = PerToken(weights, config);
        CacheBytesPerToken = config.Layers.Sum(l => 2L * l.KeyValueHeads * l.HeadSize * sizeof(float));
        StoredCount = model.File?.Tensors.Sum(t => t.Count);
    }

    /// <summary>Counts a model's parameters.</summary>
    public static ModelSummary Of(Transformer model) => new(model);

    /// <summary>Every part that the model has; tied unembeddings are counted once, as embedding.</summary>
    public IReadOnlyList<ParameterPart> Parts { get; }

    /// <summary>All parameters.</summary>
    public long Count { get; }

    /// <summary>The numbers in all tensors of the file, where there is one. It equals <see cref="Count"/> unless the file also
    /// holds tied copies or tables that are no parameters.</summary>
    public long? StoredCount { get; }

    /// <summary>Weights multiplied with one token's vectors when the next token is computed; twice that many operations.</summary>
    public long MultipliedPerToken { get; }

    /// <summary>Bytes of stored weights read for one token when nothing shares them.</summary>
    public long BytesPerToken { get; }

    /// <summary>Bytes of keys and values that the cache holds for each token.</summary>
    public long CacheBytesPerToken { get; }

    private void AddLayer(LayerWeights layer, LayerConfig config)
    {
        Add("queries", layer.Query);
        Add("keys", layer.Key);
        Add("values", layer.Value);
        Add("output", layer.Output);
        Add("router", layer.Router);
        foreach (var mlp in Mlps(layer))
        {
            Add("MLP gate", mlp.Gate);
            Add(mlp.Gate is null ? "MLP in" : "MLP up", mlp.Up);
            Add(mlp.Gate is null ? "MLP out" : "MLP down", mlp.Down);
        }
        foreach (var norm in new[] { layer.AttentionNorm, layer.AttentionPostNorm, layer.AttentionResidualNorm, layer.QueryNorm, layer.KeyNorm,
            layer.MlpNorm, layer.MlpPostNorm, layer.MlpResidualNorm })
            Add("norms", norm);
    }

    private static IEnumerable<MlpWeights> Mlps(LayerWeights layer) => layer.Mlp is { } mlp ? [mlp, .. layer.Experts] : layer.Experts;

    /// <summary>Weights and bytes that one token uses: all matrices but the embedding's other rows; of experts only the chosen.</summary>
    private static (long Count, long Bytes) PerToken(TransformerWeights weights, TransformerConfig config)
    {
        long count = 0, bytes = weights.Embedding.Type.RowBytes(weights.Embedding.ColumnCount);
        Use(weights.ProjectIn);
        Use(weights.ProjectOut);
        Use(weights.Unembedding.Weight);
        for (var l = 0; l < weights.Layers.Count; l++)
        {
            var layer = weights.Layers[l];
            foreach (var linear in new[] { layer.Query, layer.Key, layer.Value, layer.Output, layer.Router }) Use(linear?.Weight);
            var used = config.Layers[l].Experts is { } experts ? layer.Experts.Take(experts.PerToken) : [];
            foreach (var mlp in layer.Mlp is { } one ? used.Append(one) : used)
            {
                Use(mlp.Gate?.Weight);
                Use(mlp.Up.Weight);
                Use(mlp.Down.Weight);
            }
        }
        return (count, bytes);

        void Use(Matrix? matrix)
        {
            if (matrix is null) return;
            count += (long)matrix.RowCount * matrix.ColumnCount;
            bytes += Bytes(matrix);
        }
    }

    private void Add(string part, Matrix? matrix)
    {
        if (matrix is not null) Add(part, (long)matrix.RowCount * matrix.ColumnCount, Bytes(matrix));
    }

    private void Add(string part, FloatVector? vector)
    {
        if (vector is not null) Add(part, vector.Length, vector.Length * (long)sizeof(float));
    }

    private void Add(string part, LinearWeights? linear)
    {
        Add(part, linear?.Weight);
        Add(part, linear?.Bias);
    }

    private void Add(string part, NormWeights? norm)
    {
        Add(part, norm?.Weight);
        Add(part, norm?.Bias);
    }

    private void Add(string part, long count, long bytes)
    {
        if (!_parts.ContainsKey(part)) _order.Add(part);
        var before = _parts.GetValueOrDefault(part);
        _parts[part] = (before.Count + count, before.Bytes + bytes);
    }

    private static long Bytes(Matrix matrix) => matrix.IsTransposed
        ? matrix.RowCount * (long)matrix.ColumnCount * matrix.Type.BlockBytes()
        : matrix.RowCount * matrix.Type.RowBytes(matrix.ColumnCount);
}
