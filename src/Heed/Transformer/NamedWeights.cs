using System.Globalization;
using Heed.Numerics;

namespace Heed;

/// <summary>
/// The weights under TransformerLens's names, as read-only views: <c>weights["blocks.3.attn.W_Q"]</c> is [head, width, size].
/// Vectors are rows and are multiplied from the left (q = x·W_Q + b_Q), whichever way the checkpoint stores them.
/// </summary>
/// <remarks>
/// Names and axes:
/// <list type="bullet">
/// <item><c>embed.W_E</c> [token, width] (also <c>W_E</c>), <c>pos_embed.W_pos</c> [position, width] (<c>W_pos</c>), <c>embed.ln.w</c>, <c>.b</c></item>
/// <item><c>blocks.N.attn.W_Q</c>, <c>W_K</c>, <c>W_V</c> [head, width, size], <c>W_O</c> [head, size, width]; <c>b_Q</c>, <c>b_K</c>, <c>b_V</c>
/// [head, size], <c>b_O</c> [width]; <c>q_norm.w</c>, <c>k_norm.w</c> (and <c>.b</c>). W_K and W_V of a head are those of its key–value head.</item>
/// <item><c>blocks.N.mlp.W_in</c>, <c>W_gate</c> [width, hidden], <c>W_out</c> [hidden, width]; <c>b_in</c>, <c>b_gate</c> [hidden], <c>b_out</c> [width].
/// With experts: <c>blocks.N.mlp.experts.E.W_in</c> and so on, and <c>blocks.N.mlp.W_gate</c> [width, expert] is the router.</item>
/// <item><c>blocks.N.ln1.w</c>, <c>ln2.w</c>, <c>ln1_post.w</c>, <c>ln2_post.w</c>, <c>ln_final.w</c> (and <c>.b</c>) [width]: what a norm multiplies by (Gemma's
/// "1 + w" has the 1 added). Ours: <c>ln1_resid</c>, <c>ln2_resid</c>, norms of the stream after an addition (post-norm OPT).</item>
/// <item><c>unembed.W_U</c> [width, token] (<c>W_U</c>), <c>unembed.b_U</c> [token] (<c>b_U</c>). Ours: <c>embed.W_proj</c>, <c>unembed.W_proj</c>, where
/// embeddings have a width of their own.</item>
/// </list>
/// Weights are as stored: no norm is folded in, no matrix centred, no embedding scaled. A bias that the model lacks is no name.
/// </remarks>
public sealed class NamedWeights
{
    private readonly Transformer _model;
    private readonly Dictionary<string, Func<WeightView>> _views = [];

    /// <summary>The weights of a transformer.</summary>
    public NamedWeights(Transformer model)
    {
        _model = model;
        var (config, weights) = (model.Config, model.Weights);
        int V = config.VocabularySize, D = config.Width, E = weights.Embedding.ColumnCount;
        Stored("embed.W_E", weights.Embedding, "token", E == D ? "width" : "embedding");
        Flipped("embed.W_proj", weights.ProjectIn, "embedding", "width");
        if (weights.Positions is { } positions)
        {
            var offset = config.LearnedPositionOffset ?? 0;
            Stored("pos_embed.W_pos", positions.Rows(offset, positions.RowCount - offset), "position", "width");
        }
        AddNorm("embed.ln", weights.EmbeddingNorm);
        for (var layer = 0; layer < config.Layers.Count; layer++) AddLayer(layer, config.Layers[layer], weights.Layers[layer]);
        AddNorm("ln_final", weights.FinalNorm);
        Flipped("unembed.W_proj", weights.ProjectOut, "width", "embedding");
        Flipped("unembed.W_U", weights.Unembedding.Weight, weights.ProjectOut is null ? "width" : "embedding", "token");
        Vector("unembed.b_U", weights.Unembedding.Bias, "token");
    }

    /// <summary>All names, in the order in which the model uses them.</summary>
    public IReadOnlyCollection<string> Names => _views.Keys;

    /// <summary>W_E [token, width]: row t is token t's embedding.</summary>
    public WeightView W_E => this["embed.W_E"];

    /// <summary>W_pos [position, width].</summary>
    /// <exception cref="HeedException">The model has no learned positions.</exception>
    public WeightView W_pos => this["pos_embed.W_pos"];

    /// <summary>W_U [width, token].</summary>
    public WeightView W_U => this["unembed.W_U"];

    /// <summary>W_Q[layer, head] [width, size]; W_Q[layer] [head, width, size].</summary>
    public WeightsByLayer W_Q => new(this, "attn.W_Q");

    /// <summary>W_K[layer, head] [width, size], that of the head's group.</summary>
    public WeightsByLayer W_K => new(this, "attn.W_K");

    /// <summary>W_V[layer, head] [width, size], the lesson's Value↓.</summary>
    public WeightsByLayer W_V => new(this, "attn.W_V");

    /// <summary>W_O[layer, head] [size, width], the lesson's Value↑.</summary>
    public WeightsByLayer W_O => new(this, "attn.W_O");

    /// <summary>W_in[layer] [width, hidden].</summary>
    public WeightsByLayer W_in => new(this, "mlp.W_in");

    /// <summary>W_gate[layer] [width, hidden]; the router's [width, expert] with experts.</summary>
    public WeightsByLayer W_gate => new(this, "mlp.W_gate");

    /// <summary>W_out[layer] [hidden, width].</summary>
    public WeightsByLayer W_out => new(this, "mlp.W_out");

    /// <summary>The weight of that name.</summary>
    /// <exception cref="HeedException">There is none; the message lists what there is.</exception>
    public WeightView this[string name] => Find(name) ?? throw Unknown(name);

    /// <summary>The weight of that name, or null.</summary>
    public WeightView? Find(string name) => _views.GetValueOrDefault(name switch
    {
        "W_E" => "embed.W_E",
        "W_pos" => "pos_embed.W_pos",
        "W_U" => "unembed.W_U",
        "b_U" => "unembed.b_U",
        _ => name,
    })?.Invoke();

    private void AddLayer(int layer, LayerConfig config, LayerWeights weights)
    {
        var block = $"blocks.{layer}.";
        int H = config.Heads, K = config.KeyValueHeads, d = config.HeadSize;
        AddNorm(block + "ln1", weights.AttentionNorm);
        ByHead(block + "attn.W_Q", weights.Query.Weight, H, H, d);
        ByHead(block + "attn.W_K", weights.Key.Weight, H, K, d);
        ByHead(block + "attn.W_V", weights.Value.Weight, H, K, d);
        Add(block + "attn.W_O", ["head", "size", "width"], [H, d, weights.Output.Weight.RowCount],
            () => [.. Enumerable.Range(0, H).Select(h => new WeightView.Plane(weights.Output.Weight, IsFlipped: true, h * d, d))]);
        Rows(block + "attn.b_Q", weights.Query.Bias, "head", H, d, 1);
        Rows(block + "attn.b_K", weights.Key.Bias, "head", H, d, H / K);
        Rows(block + "attn.b_V", weights.Value.Bias, "head", H, d, H / K);
        Vector(block + "attn.b_O", weights.Output.Bias, "width");
        var ownWeights = config.QueryKeyNorm == QueryKeyNorm.PerHeadOwnWeights;
        AddNorm(block + "attn.q_norm", weights.QueryNorm, ownWeights ? (H, d, 1) : null);
        AddNorm(block + "attn.k_norm", weights.KeyNorm, ownWeights ? (H, d, H / K) : null);
        AddNorm(block + "ln1_post", weights.AttentionPostNorm);
        AddNorm(block + "ln1_resid", weights.AttentionResidualNorm);
        AddNorm(block + "ln2", weights.MlpNorm);
        Flipped(block + "mlp.W_gate", weights.Router?.Weight, "width", "expert");
        Vector(block + "mlp.b_gate", weights.Router?.Bias, "expert");
        if (weights.Mlp is { } mlp) AddMlp(block + "mlp.", mlp);
        for (var e = 0; e < weights.Experts.Count; e++) AddMlp($"{block}mlp.experts.{e}.", weights.Experts[e]);
        AddNorm(block + "ln2_post", weights.MlpPostNorm);
        AddNorm(block + "ln2_resid", weights.MlpResidualNorm);
    }

    private void AddMlp(string prefix, MlpWeights mlp)
    {
        Flipped(prefix + "W_gate", mlp.Gate?.Weight, "width", "hidden");
        Vector(prefix + "b_gate", mlp.Gate?.Bias, "hidden");
        Flipped(prefix + "W_in", mlp.Up.Weight, "width", "hidden");
        Vector(prefix + "b_in", mlp.Up.Bias, "hidden");
        Flipped(prefix + "W_out", mlp.Down.Weight, "hidden", "width");
        Vector(prefix + "b_out", mlp.Down.Bias, "width");
    }

    private void AddNorm(string name, NormWeights? norm, (int Heads, int Size, int Share)? byHead = null)
    {
        foreach (var (suffix, vector) in new[] { (".w", norm?.Weight), (".b", norm?.Bias) })
            if (byHead is { } heads) Rows(name + suffix, vector, "head", heads.Heads, heads.Size, heads.Share);
            else Vector(name + suffix, vector, name.Contains(".attn.", StringComparison.Ordinal) ? "size" : "width");
    }

    /// <summary>[head, width, size] of a stored [heads·size, width], where <paramref name="heads"/> may share fewer stored ones.</summary>
    private void ByHead(string name, Matrix stored, int heads, int storedHeads, int size)
        => Add(name, ["head", "width", "size"], [heads, stored.ColumnCount, size],
            () => [.. Enumerable.Range(0, heads).Select(h => new WeightView.Plane(stored.Rows(h / (heads / storedHeads) * size, size), IsFlipped: true, 0, stored.ColumnCount))]);

    private void Stored(string name, Matrix matrix, string rows, string columns)
        => Add(name, [rows, columns], [matrix.RowCount, matrix.ColumnCount], () => [new(matrix, IsFlipped: false, 0, matrix.ColumnCount)]);

    private void Flipped(string name, Matrix? matrix, string rows, string columns)
    {
        if (matrix is not null) Add(name, [rows, columns], [matrix.ColumnCount, matrix.RowCount], () => [new(matrix, IsFlipped: true, 0, matrix.ColumnCount)]);
    }

    private void Rows(string name, FloatVector? vector, string rows, int count, int size, int share)
    {
        if (vector is not null) Add(name, [rows, "size"], [count, size], () => [new(null, IsFlipped: false, 0, size, vector, share)]);
    }

    private void Vector(string name, FloatVector? vector, string axis)
    {
        if (vector is not null) Add(name, [axis], [vector.Length], () => [new(null, IsFlipped: false, 0, vector.Length, vector)]);
    }

    private void Add(string name, string[] axes, int[] shape, Func<WeightView.Plane[]> planes)
        => _views.Add(name, () => new(_model, name, axes, shape, planes()));

    private HeedException Unknown(string name)
    {
        var layers = _model.Config.Layers.Count;
        var parts = name.Split('.');
        var layer = 0;
        if (parts[0] == "blocks" && parts.Length > 1 && (!int.TryParse(parts[1], CultureInfo.InvariantCulture, out layer) || (uint)layer >= (uint)layers))
            return new HeedException($"There is no weight \"{name}\": the model has layers 0…{layers - 1}.");
        var block = $"blocks.{layer}.";
        var ofModel = _views.Keys.Where(n => !n.StartsWith("blocks.", StringComparison.Ordinal));
        var ofBlock = _views.Keys.Where(n => n.StartsWith(block, StringComparison.Ordinal));
        return new HeedException($"There is no weight \"{name}\". The model has {string.Join(", ", ofModel)}; in layers 0…{layers - 1}, {string.Join(", ", ofBlock)}.");
    }
}

/// <summary>A weight that every layer has: <c>weights.W_Q[layer, head]</c>.</summary>
public readonly struct WeightsByLayer
{
    private readonly NamedWeights _weights;
    private readonly string _name;

    internal WeightsByLayer(NamedWeights weights, string name) => (_weights, _name) = (weights, name);

    /// <summary>The layer's weight.</summary>
    /// <exception cref="HeedException">There is no such layer, or it has no such weight.</exception>
    public WeightView this[int layer] => _weights[$"blocks.{layer}.{_name}"];

    /// <summary>One head's matrix of the layer's weight.</summary>
    /// <exception cref="HeedException">There is no such layer or head.</exception>
    public WeightView this[int layer, int head] => this[layer].At(head);
}
