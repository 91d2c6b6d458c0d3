namespace Heed.Lens;

/// <summary>How many weights each part of the computation multiplies with, and how many bytes they take.</summary>
internal sealed class WeightCost
{
    private readonly (double Count, double Bytes) _mlp;
    private readonly List<(ExpertsConfig Config, double Count, double Bytes)> _experts = [];

    public WeightCost(ModelOutline outline)
    {
        var matrices = outline.Tensors.Where(t => !t.IsVector).ToList();
        IsAssumed = matrices.Any(t => t.Bytes is null);
        BytesPerWeight = IsAssumed ? ContextCost.AssumedBytesPerWeight : matrices.Sum(t => (double)t.Bytes!) / matrices.Sum(t => t.Count);
        var embedding = matrices.First(t => t.Role == ParameterRole.Embedding);
        EmbeddingRowBytes = BytesOf(embedding) / embedding.Rows;
        ProjectIn = Sum(ParameterRole.ProjectIn);
        QueryKeyValue = Sum(ParameterRole.Query, ParameterRole.Key, ParameterRole.Value);
        Output = Sum(ParameterRole.Output);
        var last = Sum(ParameterRole.ProjectOut);
        var unembedding = outline.IsTied ? (embedding.Count, BytesOf(embedding)) : Sum(ParameterRole.Unembedding);
        Unembedding = (last.Count + unembedding.Item1, last.Bytes + unembedding.Item2);
        foreach (var layer in matrices.Where(t => t.Role is ParameterRole.Router or ParameterRole.MlpGate or ParameterRole.MlpUp or ParameterRole.MlpDown).GroupBy(t => outline.Config.Layers[t.Layer!.Value].Experts))
        {
            var (chosen, always) = (layer.Where(IsChosen).ToList(), layer.Where(t => !IsChosen(t)).ToList());
            if (layer.Key is { } experts) _experts.Add((experts, chosen.Sum(t => t.Count), chosen.Sum(BytesOf)));
            _mlp = (_mlp.Count + always.Sum(t => t.Count), _mlp.Bytes + always.Sum(BytesOf));

            bool IsChosen(ParameterTensor tensor) => layer.Key is not null && tensor.Role != ParameterRole.Router;
        }

        (double Count, double Bytes) Sum(params ParameterRole[] roles)
        {
            var found = matrices.Where(t => roles.Contains(t.Role)).ToList();
            return (found.Sum(t => t.Count), found.Sum(BytesOf));
        }
    }

    /// <summary>True if the file is not there and 16-bit floats are assumed.</summary>
    public bool IsAssumed { get; }

    /// <summary>The mean over all matrices.</summary>
    public double BytesPerWeight { get; }

    /// <summary>One token's row of W_E.</summary>
    public double EmbeddingRowBytes { get; }

    public (double Count, double Bytes) ProjectIn { get; }
    public (double Count, double Bytes) QueryKeyValue { get; }
    public (double Count, double Bytes) Output { get; }
    public (double Count, double Bytes) Unembedding { get; }

    /// <summary>Weights that one token is multiplied with, and bytes that n tokens need at most: all experts, where there are enough tokens to reach them.</summary>
    public (double Used, double Bytes) Mlp(long n)
    {
        var (used, bytes) = _mlp;
        foreach (var (experts, count, all) in _experts)
        {
            used += count / experts.Count * experts.PerToken;
            bytes += all / experts.Count * Math.Min(experts.Count, (double)n * experts.PerToken);
        }
        return (used, bytes);
    }

    private double BytesOf(ParameterTensor tensor) => tensor.Bytes ?? tensor.Count * BytesPerWeight;
}
