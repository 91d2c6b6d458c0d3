namespace Heed.Lens.Figures;

/// <summary>Which way round a grid of queries and keys is drawn.</summary>
public enum GridConvention
{
    /// <summary>As the lesson does: keys in rows, queries in columns; each column is one token looking back.</summary>
    Lesson,
    /// <summary>As libraries store it: queries in rows, keys in columns; each row is one token looking back.</summary>
    Library,
}

/// <summary>The stage of attention that a grid shows.</summary>
public enum AttentionStage
{
    /// <summary>Products of query and key, q·k.</summary>
    RawScores,
    /// <summary>Divided by √d, with what else the model does to them.</summary>
    ScaledScores,
    /// <summary>With −∞ where a token may not look.</summary>
    MaskedScores,
    /// <summary>After softmax: weights that sum to 1.</summary>
    Pattern,
}

/// <summary>How <see cref="DotGrid"/> is drawn.</summary>
public sealed record DotGridOptions
{
    /// <summary>The layer, for title and keys; null: not said. Taken from the activation's name where one is given.</summary>
    public int? Layer { get; init; }

    /// <summary>The head, for title and keys; null: not said.</summary>
    public int? Head { get; init; }

    /// <summary>What the numbers are. Taken from the activation's name where one is given.</summary>
    public AttentionStage Stage { get; init; } = AttentionStage.Pattern;

    /// <summary>Which way round.</summary>
    public GridConvention Convention { get; init; }

    /// <summary>True if a token sees itself and what came before; false where it sees everything (encoders, cross-attention).</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>How far back the layer sees, itself included; null: to the first token.</summary>
    public int? Window { get; init; }

    /// <summary>The queries to show, [First, End) in positions; null: all, or of more the last <see cref="DotGrid.MaxTokens"/>, or as many around the one that is outlined.</summary>
    public (int First, int End)? Queries { get; init; }

    /// <summary>A token to outline in its role's colour, by position; null: none.</summary>
    public int? Query { get; init; }

    /// <summary>The width in pixels to fit into, if cells of 14 pixels can.</summary>
    public double Width { get; init; } = 640;

    /// <summary>The title; null: layer, head and what is seen.</summary>
    public string? Title { get; init; }
}
