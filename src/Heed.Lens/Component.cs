namespace Heed.Lens;

/// <summary>What a run is done without, or a score is of: a head, an MLP or a whole layer.</summary>
public enum ComponentKind
{
    /// <summary>One attention head.</summary>
    Head,
    /// <summary>One layer's MLP.</summary>
    Mlp,
    /// <summary>One layer: its attention and its MLP.</summary>
    Layer,
}

/// <summary>A part of a model, counted from 0.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Layer">Its layer.</param>
/// <param name="Head">Its head; null for an MLP or a layer.</param>
public readonly record struct Component(ComponentKind Kind, int Layer, int? Head = null)
{
    /// <summary>All components of a kind, first layer first.</summary>
    public static IReadOnlyList<Component> All(TransformerConfig config, ComponentKind kind)
    {
        ArgumentNullException.ThrowIfNull(config);
        return [.. Enumerable.Range(0, config.Layers.Count).SelectMany(l => kind == ComponentKind.Head
            ? Enumerable.Range(0, config.Layers[l].Heads).Select(h => new Component(kind, l, h))
            : [new Component(kind, l)])];
    }

    /// <summary>As it is called: "18.6" a head, "MLP 18", "layer 18".</summary>
    public override string ToString() => Kind switch
    {
        ComponentKind.Head => $"{Layer}.{Head}",
        ComponentKind.Mlp => $"MLP {Layer}",
        _ => $"layer {Layer}",
    };
}
