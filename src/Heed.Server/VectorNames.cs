namespace Heed.Server;

/// <summary>Which vectors a model's layers compute of every token, and what they are called in words.</summary>
internal static class VectorNames
{
    private static readonly Dictionary<string, string> s_words = new()
    {
        [ActivationNames.ResidPre] = "the stream that enters the layer",
        [ActivationNames.Query] = "queries (q)",
        [ActivationNames.RotatedQuery] = "queries, turned by their position",
        [ActivationNames.Key] = "keys (k)",
        [ActivationNames.RotatedKey] = "keys, turned by their position",
        [ActivationNames.Value] = "values (v)",
        [ActivationNames.Z] = "values, added up by the weights (z)",
        [ActivationNames.Result] = "what a head adds (its ΔE)",
        [ActivationNames.AttentionOut] = "what all heads add together (ΔE)",
        [ActivationNames.ResidMid] = "the stream between attention and MLP",
        [ActivationNames.MlpPost] = "neurons of the MLP",
        [ActivationNames.MlpOut] = "what the MLP adds",
        [ActivationNames.ResidPost] = "the stream that leaves the layer",
    };

    /// <summary>All of them, in the order of computation; each once, whichever layers have it.</summary>
    public static IReadOnlyList<VectorInfo> Of(LanguageModel model)
        => [.. model.Transformer.Activations.All.Where(a => a.Layer >= 0 && a.Layer < model.Config.Layers.Count && IsVector(a)).DistinctBy(a => a.Local)
            .Select(a => new VectorInfo(a.Local, s_words.GetValueOrDefault(a.Local), a.Heads is not null))];

    /// <summary>A layer's activation of that name.</summary>
    /// <exception cref="HeedException">The layer has none, or one that has no vectors of tokens.</exception>
    public static ActivationInfo Find(LanguageModel model, int layer, string name)
    {
        var info = model.Transformer.Activations.Find(ActivationNames.InBlock(layer, name));
        if (info is not null && IsVector(info)) return info;
        var there = model.Transformer.Activations.All.Where(a => a.Layer == layer && IsVector(a)).Select(a => a.Local);
        throw new HeedException(info is null ? $"activation is \"{name}\"; layer {layer} has {string.Join(", ", there)}."
            : $"activation is \"{name}\", which has scores of queries and keys and no vectors of tokens; of those, layer {layer} has {string.Join(", ", there)}.");
    }

    /// <summary>How a figure of it is called.</summary>
    public static string Title(ActivationInfo info, int? head)
    {
        var words = s_words.GetValueOrDefault(info.Local) is { } known ? $"{char.ToUpperInvariant(known[0])}{known[1..]}" : info.Name;
        return $"{words}: layer {Recipe.N(info.Layer)}{(head is { } h ? $", head {Recipe.N(h)}" : "")}";
    }

    private static bool IsVector(ActivationInfo info) => info.Axes[^1].Axis != "key" && info.Axes.Any(a => a.Axis == "position");
}
