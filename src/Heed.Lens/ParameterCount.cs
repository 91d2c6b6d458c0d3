namespace Heed.Lens;

/// <summary>The parameters of one kind, with the formula that counts them.</summary>
/// <param name="Name">What they are for, in the lesson's words.</param>
/// <param name="Symbol">What papers call them: W_Q, b, …</param>
/// <param name="Formula">How they are counted: <c>96 layers × 96 heads × 12,288 × 128</c>. Sums of products; every number is a factor.</param>
/// <param name="Count">How many.</param>
/// <param name="Running">How many up to and with this part.</param>
/// <param name="Share">Of all, 0…1.</param>
/// <param name="Matrices">How many matrices: queries, keys and values have one a head, outputs one a layer (all heads stapled together). Vectors are none.</param>
public sealed record CountedPart(string Name, string Symbol, string Formula, long Count, long Running, double Share, long Matrices);

/// <summary>The first layer's attention, as the lesson adds it up.</summary>
/// <param name="Heads">H, query heads.</param>
/// <param name="KeyValueHeads">K; H/K query heads share one key and value map.</param>
/// <param name="Width">D.</param>
/// <param name="HeadSize">d.</param>
/// <param name="Layers">How many layers there are.</param>
/// <param name="Map">D·d: one head's W_Q, W_K, Value↓ or Value↑.</param>
/// <param name="FullRankValueMap">D²: a value map that were not factored into Value↓ and Value↑.</param>
/// <param name="Head">The four maps that one head uses.</param>
/// <param name="Block">All heads of the layer; shared maps count once.</param>
/// <param name="AllLayers">All heads of all layers.</param>
public sealed record AttentionCount(int Heads, int KeyValueHeads, int Width, int HeadSize, int Layers, long Map, long FullRankValueMap, long Head, long Block, long AllLayers);

/// <summary>Every parameter of a model, formula by formula, in the order of the lesson.</summary>
/// <param name="Model">What was counted.</param>
/// <param name="Parts">The kinds of parameters that the model has. A tied unembedding stands there with none of its own.</param>
/// <param name="Total">All parameters; what is shared counts once.</param>
/// <param name="Matrices">All matrices.</param>
/// <param name="Attention">The tally of heads, without biases and norms.</param>
/// <param name="Mlp">All MLPs' matrices, with routers.</param>
/// <param name="Stored">The numbers in the checkpoint's tensors, where there is one.</param>
public sealed record ParameterCount(string Model, IReadOnlyList<CountedPart> Parts, long Total, long Matrices, AttentionCount Attention, long Mlp, long? Stored)
{
    /// <summary>Counts a loaded model.</summary>
    public static ParameterCount Run(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Run(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Path))), ModelOutline.Of(model.Transformer));
    }

    /// <summary>Counts what an outline has.</summary>
    /// <param name="name">What the model is called.</param>
    /// <param name="outline">Its tensors.</param>
    public static ParameterCount Run(string name, ModelOutline outline)
    {
        ArgumentNullException.ThrowIfNull(outline);
        var total = outline.Tensors.Sum(t => t.Count);
        var running = 0L;
        var parts = new List<CountedPart>();
        foreach (var kind in ParameterKind.All)
        {
            var tensors = outline.Tensors.Where(kind.Has).ToList();
            var isAgain = kind == ParameterKind.Unembedding && outline.IsTied;
            if (tensors.Count == 0 && !isAgain) continue;
            var count = tensors.Sum(t => t.Count);
            running += count;
            parts.Add(new(kind.Name, kind.Symbol, isAgain ? "the embedding again (tied)" : CountFormula.Of(tensors, outline.Config), count, running,
                (double)count / Math.Max(1, total), tensors.Sum(t => CountFormula.Matrices(t, outline.Config))));
        }
        return new(name, parts, total, parts.Sum(p => p.Matrices), AttentionOf(outline), Sum(ParameterRole.Router, ParameterRole.MlpGate, ParameterRole.MlpUp, ParameterRole.MlpDown), outline.StoredCount);

        long Sum(params ParameterRole[] roles)
        {
            var sum = 0L;
            foreach (var tensor in outline.Tensors)
                if (!tensor.IsVector && Array.IndexOf(roles, tensor.Role) >= 0) sum += tensor.Count;
            return sum;
        }
    }

    private static AttentionCount AttentionOf(ModelOutline outline)
    {
        var (config, layer) = (outline.Config, outline.Config.Layers[0]);
        long D = config.Width, d = layer.HeadSize;
        return new(layer.Heads, layer.KeyValueHeads, config.Width, layer.HeadSize, config.Layers.Count, D * d, D * D, 4 * D * d,
            (2L * layer.Heads + 2L * layer.KeyValueHeads) * D * d, config.Layers.Sum(l => (2L * l.Heads + 2L * l.KeyValueHeads) * D * l.HeadSize));
    }
}
