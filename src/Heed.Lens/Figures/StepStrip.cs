namespace Heed.Lens.Figures;

/// <summary>How <see cref="StepStrip"/> is drawn.</summary>
public sealed record StepStripOptions
{
    /// <summary>Numbers of a key, query or value that are shown.</summary>
    public int HeadNumbers { get; init; } = 48;

    /// <summary>Numbers of E, ΔE and E′ that are shown.</summary>
    public int WidthNumbers { get; init; } = 96;

    /// <summary>Keys that are shown at most; of more, those with the largest weights.</summary>
    public int MaxKeys { get; init; } = 14;
}

/// <summary>
/// One head and one token, from E to E′ with the real vectors: query and keys, their products, ÷√d, mask, softmax, values, weighted
/// values, their sum, ΔE, E + ΔE.
/// <code>
/// var trace = model.Trace(text, HeadStory.Names(layer: 10));
/// var story = HeadStory.From(trace, layer: 10, head: 1, query: 9, tokens);
/// StepStrip.Of(story).ToSvg()                              // all of it in one picture
/// FigurePage.Steps(StepStrip.Steps(story)).ToHtml()        // step by step
/// </code>
/// </summary>
public static class StepStrip
{
    /// <summary>The whole story in one picture.</summary>
    public static Figure Of(HeadStory story, StepStripOptions? options = null) => new StepStripDrawing(story, options ?? new()).Draw(StepStripDrawing.Last);

    /// <summary>The same picture as it comes about, one step at a time.</summary>
    public static IReadOnlyList<Figure> Steps(HeadStory story, StepStripOptions? options = null)
    {
        var drawing = new StepStripDrawing(story, options ?? new());
        return [.. Enumerable.Range(1, StepStripDrawing.Last).Select(drawing.Draw)];
    }
}
