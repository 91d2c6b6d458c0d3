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
        var outline = ModelOutline.Of(model);
        var isGated = config.Layers.Any(l => l.IsGated);
        foreach (var tensor in outline.Tensors.OrderBy(Place)) Add(NameOf(tensor.Role, isGated), tensor.Count, tensor.Bytes!.Value);

        Parts = [.. _order.Select(name => new ParameterPart(name, _parts[name].Count, _parts[name].Bytes))];
        Count = Parts.Sum(p => p.Count);
        (MultipliedPerToken, BytesPerToken) = PerToken(weights, config);
        CacheBytesPerToken = config.Layers.Sum(l => 2L * l.KeyValueHeads * l.HeadSize * sizeof(float));
        StoredCount = outline.StoredCount;
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

    /// <summary>Matrices first, as data flows through them, then norms, then the unembedding.</summary>
    private static int Place(ParameterTensor tensor) => tensor.Role switch
    {
        ParameterRole.Norm or ParameterRole.QueryNorm or ParameterRole.KeyNorm => 1,
        ParameterRole.Unembedding => 2,
        _ => 0,
    };

    private static string NameOf(ParameterRole role, bool isGated) => role switch
    {
        ParameterRole.Embedding => "embedding",
        ParameterRole.Positions => "positions",
        ParameterRole.ProjectIn or ParameterRole.ProjectOut => "embedding projections",
        ParameterRole.Query => "queries",
        ParameterRole.Key => "keys",
        ParameterRole.Value => "values",
        ParameterRole.Output => "output",
        ParameterRole.Router => "router",
        ParameterRole.MlpGate => "MLP gate",
        ParameterRole.MlpUp => isGated ? "MLP up" : "MLP in",
        ParameterRole.MlpDown => isGated ? "MLP down" : "MLP out",
        ParameterRole.Unembedding => "unembedding",
        _ => "norms",
    };

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
            bytes += ModelOutline.BytesOf(matrix);
        }
    }

    private void Add(string part, long count, long bytes)
    {
        if (!_parts.ContainsKey(part)) _order.Add(part);
        var before = _parts.GetValueOrDefault(part);
        _parts[part] = (before.Count + count, before.Bytes + bytes);
    }
}
