namespace Heed.Tracing;

/// <summary>What a <see cref="Trace"/> keeps.</summary>
public sealed record TraceSelection
{
    /// <summary>Names, aliases or patterns (<c>*</c> stands for any text) of <see cref="ActivationNames"/>. Default: every activation.</summary>
    public IReadOnlyList<string> Names { get; init; } = ["*"];

    /// <summary>Only these layers, counted from 0; null: all. Activations outside the layers are not affected.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Only these heads, where there are heads (of keys and values: the key–value heads they use); null: all.</summary>
    public IReadOnlyList<int>? Heads { get; init; }

    /// <summary>Only these positions (of queries, in a grid). Default: all.</summary>
    public Range Positions { get; init; } = Range.All;

    /// <summary>A trace that would take more bytes is refused before anything is computed; null: as much as the machine has.</summary>
    public long? MaxBytes { get; init; }
}
