using System.Text;
using Heed.Families;
using Heed.Numerics;

namespace Heed;

/// <summary>A transformer's configuration and the shapes of all its learned tensors: enough to count and to estimate, with or without weights.</summary>
public sealed class ModelOutline
{
    private ModelOutline(TransformerConfig config, TransformerWeights weights, bool hasWeights, long? stored)
    {
        Config = config;
        IsTied = weights.IsTied;
        Tensors = [.. TensorsOf(weights, hasWeights)];
        StoredCount = stored;
    }

    private ModelOutline(ModelOutline from, IReadOnlyList<ParameterTensor> tensors) => (Config, IsTied, Tensors) = (from.Config, from.IsTied, tensors);

    /// <summary>How it computes.</summary>
    public TransformerConfig Config { get; }

    /// <summary>Every learned tensor once, in the order in which data flows.</summary>
    public IReadOnlyList<ParameterTensor> Tensors { get; }

    /// <summary>True if the unembedding is the embedding matrix, which is counted once.</summary>
    public bool IsTied { get; }

    /// <summary>The numbers in all tensors of the file, where there is one.</summary>
    public long? StoredCount { get; }

    /// <summary>What a configuration does not say, and what its family takes for it: whole numbers and switches by their keys. Empty for a loaded transformer.</summary>
    public IReadOnlyList<(string Key, string Value)> Assumed { get; private init; } = [];

    /// <summary>The outline of a loaded transformer.</summary>
    public static ModelOutline Of(Transformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(model.Config, model.Weights, hasWeights: true, model.File?.Tensors.Sum(t => t.Count));
    }

    /// <summary>The outline that a config.json in Hugging Face's words describes. No weights are needed, of any family that Heed knows.</summary>
    /// <exception cref="HeedException">The file cannot be read, or describes no model that Heed could load.</exception>
    public static ModelOutline Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Of(ConfigReader.Open(path));
    }

    /// <summary>The outline that the content of a config.json describes.</summary>
    /// <param name="json">The content.</param>
    /// <param name="name">What error messages call it.</param>
    /// <exception cref="HeedException">It describes no model that Heed could load.</exception>
    public static ModelOutline Parse(string json, string name = "config.json")
    {
        ArgumentNullException.ThrowIfNull(json);
        return Of(ConfigReader.Parse(name, Encoding.UTF8.GetBytes(json)));
    }

    /// <summary>The same with only those tensors for which <paramref name="isKept"/> is true: what a simpler count leaves out.</summary>
    public ModelOutline Where(Func<ParameterTensor, bool> isKept) => new(this, [.. Tensors.Where(isKept)]);

    private static ModelOutline Of(ConfigReader options)
    {
        var (family, config) = CheckpointLoader.ReadConfig(options);
        // The family asks for its tensors as it does when it loads a checkpoint; none is there, and what it asked for is the outline.
        var weights = family.ReadWeights(config, options, new WeightReader(new PlannedTensors(options.File)));
        return new(config, weights, hasWeights: false, stored: null) { Assumed = [.. options.Assumed] };
    }

    private static IEnumerable<ParameterTensor> TensorsOf(TransformerWeights weights, bool hasWeights)
    {
        IEnumerable<ParameterTensor?> all =
        [
            Of(ParameterRole.Embedding, null, weights.Embedding),
            Of(ParameterRole.Positions, null, weights.Positions),
            Of(ParameterRole.ProjectIn, null, weights.ProjectIn),
            .. Norms(ParameterRole.Norm, null, weights.EmbeddingNorm),
            .. weights.Layers.SelectMany(LayerOf),
            .. Norms(ParameterRole.Norm, null, weights.FinalNorm),
            Of(ParameterRole.ProjectOut, null, weights.ProjectOut),
            .. Linear(ParameterRole.Unembedding, null, weights.IsTied ? null : weights.Unembedding),
            Vector(ParameterRole.Unembedding, null, weights.IsTied ? weights.Unembedding.Bias : null, isBias: true),
        ];
        return all.OfType<ParameterTensor>();

        IEnumerable<ParameterTensor?> LayerOf(LayerWeights layer, int index) =>
        [
            .. Norms(ParameterRole.Norm, index, layer.AttentionNorm),
            .. Linear(ParameterRole.Query, index, layer.Query),
            .. Linear(ParameterRole.Key, index, layer.Key),
            .. Linear(ParameterRole.Value, index, layer.Value),
            .. Norms(ParameterRole.QueryNorm, index, layer.QueryNorm),
            .. Norms(ParameterRole.KeyNorm, index, layer.KeyNorm),
            .. Linear(ParameterRole.Output, index, layer.Output),
            .. Norms(ParameterRole.Norm, index, layer.AttentionPostNorm),
            .. Norms(ParameterRole.Norm, index, layer.AttentionResidualNorm),
            .. Norms(ParameterRole.Norm, index, layer.MlpNorm),
            .. Linear(ParameterRole.Router, index, layer.Router),
            .. (layer.Mlp is { } mlp ? [mlp] : layer.Experts).SelectMany(m => (IEnumerable<ParameterTensor?>)
            [
                .. Linear(ParameterRole.MlpGate, index, m.Gate),
                .. Linear(ParameterRole.MlpUp, index, m.Up),
                .. Linear(ParameterRole.MlpDown, index, m.Down),
            ]),
            .. Norms(ParameterRole.Norm, index, layer.MlpPostNorm),
            .. Norms(ParameterRole.Norm, index, layer.MlpResidualNorm),
        ];

        IEnumerable<ParameterTensor?> Linear(ParameterRole role, int? layer, LinearWeights? linear)
            => [Of(role, layer, linear?.Weight), Vector(role, layer, linear?.Bias, isBias: true)];

        IEnumerable<ParameterTensor?> Norms(ParameterRole role, int? layer, NormWeights? norm)
            => [Vector(role, layer, norm?.Weight, isBias: false), Vector(role, layer, norm?.Bias, isBias: true)];

        ParameterTensor? Of(ParameterRole role, int? layer, Matrix? matrix) => matrix is null ? null
            : new(role, layer, matrix.RowCount, matrix.ColumnCount, IsVector: false, IsBias: false, hasWeights ? BytesOf(matrix) : null);

        ParameterTensor? Vector(ParameterRole role, int? layer, FloatVector? vector, bool isBias) => vector is null ? null
            : new(role, layer, vector.Length, 1, IsVector: true, isBias, hasWeights ? vector.Length * (long)sizeof(float) : null);
    }

    /// <summary>What a matrix takes as stored.</summary>
    internal static long BytesOf(Matrix matrix) => matrix.IsTransposed
        ? matrix.RowCount * (long)matrix.ColumnCount * matrix.Type.BlockBytes()
        : matrix.RowCount * matrix.Type.RowBytes(matrix.ColumnCount);
}
