using System.IO.Enumeration;

namespace Heed.Tracing;

/// <summary>One activation that a model computes: its name and what its axes are.</summary>
/// <param name="Name">Its canonical name, such as <c>blocks.3.attn.hook_pattern</c>.</param>
/// <param name="Layer">The layer it belongs to; −1 before the first, the number of layers after the last.</param>
/// <param name="Local">Its name within the layer: <c>attn.hook_pattern</c>.</param>
/// <param name="Axes">What each axis counts, and how long it is; 0 for position, query and key, which are as long as the text.</param>
public sealed record ActivationInfo(string Name, int Layer, string Local, IReadOnlyList<(string Axis, int Length)> Axes)
{
    /// <summary>How long each axis is for a text of <paramref name="positions"/> tokens.</summary>
    public int[] Shape(int positions) => [.. Axes.Select(a => a.Length == 0 ? positions : a.Length)];

    /// <summary>How many heads (or key–value heads) it has, or null if it has no such axis.</summary>
    public int? Heads => Axes.Where(a => a.Axis is "head" or "kv_head").Select(a => (int?)a.Length).FirstOrDefault();

    /// <summary>Name and axes, for messages.</summary>
    public override string ToString() => $"{Name} [{string.Join(", ", Axes.Select(a => a.Length == 0 ? a.Axis : $"{a.Axis} {a.Length}"))}]";
}

/// <summary>Every activation that one model computes, in the order of computation: what can be traced and edited.</summary>
public sealed class ActivationCatalog
{
    private readonly List<ActivationInfo> _all = [];
    private readonly Dictionary<string, ActivationInfo> _byName;
    private readonly TransformerConfig _config;

    /// <summary>The activations of a transformer of this configuration; which norms there are, its weights say.</summary>
    public ActivationCatalog(TransformerConfig config, TransformerWeights weights)
    {
        _config = config;
        int D = config.Width, L = config.Layers.Count;
        Add(-1, ActivationNames.Embed, ("position", 0), ("width", D));
        if (config.LearnedPositionOffset is not null) Add(-1, ActivationNames.PositionEmbed, ("position", 0), ("width", D));
        if (config.Layers[0].Rotary is { } rotary)
        {
            Add(-1, ActivationNames.RotaryCos, ("position", 0), ("rotary", rotary.Dimensions));
            Add(-1, ActivationNames.RotarySin, ("position", 0), ("rotary", rotary.Dimensions));
        }
        for (var layer = 0; layer < L; layer++) AddLayer(layer, config, weights.Layers[layer]);
        if (weights.FinalNorm is not null) AddNorm(L, ActivationNames.FinalNorm, D);
        Add(L, ActivationNames.Unembed, ("position", 0), ("token", config.VocabularySize));
        Add(L, ActivationNames.Logits, ("position", 0), ("token", config.VocabularySize));
        _byName = _all.ToDictionary(a => a.Name);
    }

    /// <summary>All of them, in the order of computation.</summary>
    public IReadOnlyList<ActivationInfo> All => _all;

    /// <summary>How many layers the model has.</summary>
    internal int LayerCount => _config.Layers.Count;

    /// <summary>The most heads a layer has.</summary>
    internal int MaxHeads => _config.Layers.Max(l => l.Heads);

    /// <summary>The heads of an activation that belong to the chosen query heads; null for all.</summary>
    internal int[]? Heads(ActivationInfo info, IReadOnlyList<int>? chosen)
    {
        if (chosen is null || info.Heads is not { } count) return null;
        var group = _config.Layers[info.Layer].Heads / count;
        return [.. chosen.Select(h => h / group).Where(h => h < count).Distinct()];
    }

    /// <summary>The activation of that name or alias, or null.</summary>
    public ActivationInfo? Find(string name) => _byName.GetValueOrDefault(Canonical(name));

    /// <summary>The activation of that name or alias.</summary>
    /// <exception cref="HeedException">There is none; the message lists what there is.</exception>
    public ActivationInfo this[string name] => Find(name) ?? throw Unknown(name);

    /// <summary>The activations whose name, or one of its aliases, matches <paramref name="pattern"/>; <c>*</c> stands for any text.</summary>
    /// <exception cref="HeedException">None does; the message lists what there is.</exception>
    public IReadOnlyList<ActivationInfo> Match(string pattern)
    {
        var canonical = Canonical(pattern);
        if (!pattern.Contains('*')) return [this[canonical]];
        ActivationInfo[] found = [.. _all.Where(a => FileSystemName.MatchesSimpleExpression(canonical.Replace("\\", "\\\\", StringComparison.Ordinal), a.Name, ignoreCase: false))];
        return found.Length > 0 ? found : throw Unknown(pattern);
    }

    private string Canonical(string name)
    {
        var canonical = ActivationNames.Canonical(name);
        const string mlpIn = ".mlp.in.hook_out";
        return canonical.EndsWith(mlpIn, StringComparison.Ordinal)
            ? canonical[..^(mlpIn.Length - 1)] + (_config.Layers[0].IsGated ? ActivationNames.MlpPreLinear : ActivationNames.MlpPre)
            : canonical;
    }

    private HeedException Unknown(string name)
    {
        var L = _config.Layers.Count;
        var inLayers = _all.Where(a => a.Layer >= 0 && a.Layer < L).Select(a => a.Local).Distinct();
        var outside = _all.Where(a => a.Layer < 0 || a.Layer == L).Select(a => a.Name);
        return new HeedException($"This model has no activation \"{name}\". It has {string.Join(", ", outside)}; and in each layer, " +
            $"as blocks.0.… to blocks.{L - 1}.…: {string.Join(", ", inLayers)}. * stands for any text.");
    }

    private void AddLayer(int l, TransformerConfig config, LayerWeights weights)
    {
        var layer = config.Layers[l];
        int D = config.Width, H = layer.Heads, K = layer.KeyValueHeads, d = layer.HeadSize, F = layer.FeedForwardWidth;
        Add(l, ActivationNames.ResidPre, ("position", 0), ("width", D));
        if (weights.AttentionNorm is not null) AddNorm(l, ActivationNames.Norm1, D);
        Add(l, ActivationNames.Query, ("position", 0), ("head", H), ("size", d));
        Add(l, ActivationNames.Key, ("position", 0), ("kv_head", K), ("size", d));
        Add(l, ActivationNames.Value, ("position", 0), ("kv_head", K), ("size", d));
        if (layer.QueryKeyNorm != QueryKeyNorm.None)
        {
            AddHeadNorm(l, ActivationNames.QueryNorm, "head", H, layer);
            AddHeadNorm(l, ActivationNames.KeyNorm, "kv_head", K, layer);
        }
        if (layer.Rotary is { } rotary)
        {
            Add(l, ActivationNames.BlockRotaryCos, ("position", 0), ("rotary", rotary.Dimensions));
            Add(l, ActivationNames.BlockRotarySin, ("position", 0), ("rotary", rotary.Dimensions));
            Add(l, ActivationNames.RotatedQuery, ("position", 0), ("head", H), ("size", d));
            Add(l, ActivationNames.RotatedKey, ("position", 0), ("kv_head", K), ("size", d));
        }
        foreach (var grid in ActivationNames.Grids) Add(l, grid, ("head", H), ("query", 0), ("key", 0));
        Add(l, ActivationNames.Z, ("position", 0), ("head", H), ("size", d));
        Add(l, ActivationNames.Result, ("position", 0), ("head", H), ("width", D));
        Add(l, ActivationNames.AttentionLinearOut, ("position", 0), ("width", D));
        if (weights.AttentionPostNorm is not null) AddNorm(l, ActivationNames.Norm1Post, D);
        Add(l, ActivationNames.AttentionOut, ("position", 0), ("width", D));
        if (!config.ParallelResidual) Add(l, ActivationNames.ResidMid, ("position", 0), ("width", D));
        if (weights.MlpNorm is not null) AddNorm(l, ActivationNames.Norm2, D);
        if (layer.Experts is { } experts)
        {
            Add(l, ActivationNames.Router, ("position", 0), ("expert", experts.Count));
            Add(l, ActivationNames.ExpertWeights, ("position", 0), ("expert", experts.Count));
        }
        else
        {
            Add(l, ActivationNames.MlpPre, ("position", 0), ("hidden", F));
            if (layer.IsGated) Add(l, ActivationNames.MlpPreLinear, ("position", 0), ("hidden", F));
            Add(l, ActivationNames.MlpPost, ("position", 0), ("hidden", F));
        }
        Add(l, ActivationNames.MlpLinearOut, ("position", 0), ("width", D));
        if (weights.MlpPostNorm is not null) AddNorm(l, ActivationNames.Norm2Post, D);
        Add(l, ActivationNames.MlpOut, ("position", 0), ("width", D));
        Add(l, ActivationNames.ResidPost, ("position", 0), ("width", D));
    }

    private void AddNorm(int layer, string name, int width)
    {
        Add(layer, name + ActivationNames.Scale, ("position", 0), ("one", 1));
        Add(layer, name + ActivationNames.Normalized, ("position", 0), ("width", width));
        Add(layer, name + ActivationNames.NormOut, ("position", 0), ("width", width));
    }

    private void AddHeadNorm(int layer, string name, string axis, int heads, LayerConfig config)
    {
        var isWhole = config.QueryKeyNorm == QueryKeyNorm.Whole;
        (string, int) first = isWhole ? ("whole", 1) : (axis, heads);
        var width = isWhole ? heads * config.HeadSize : config.HeadSize;
        Add(layer, name + ActivationNames.Scale, first, ("position", 0), ("one", 1));
        Add(layer, name + ActivationNames.Normalized, first, ("position", 0), ("size", width));
        Add(layer, name + ActivationNames.NormOut, first, ("position", 0), ("size", width));
    }

    private void Add(int layer, string local, params (string, int)[] axes)
        => _all.Add(new(layer < 0 || layer == _config.Layers.Count ? local : ActivationNames.InBlock(layer, local), layer, local, axes));
}
