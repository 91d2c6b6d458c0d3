using Heed.Tracing;

namespace Heed.Cli.Looking;

/// <summary>What `heed look` draws into files.</summary>
/// <param name="view">What was run.</param>
/// <param name="isLesson">True for the lesson's convention, false for that of programs.</param>
/// <param name="query">The token that is picked out; null: none, and the last for what shows one token.</param>
internal sealed class LookFigures(HeadView view, bool isLesson, int? query)
{
    /// <summary>Texts longer than this are not followed step by step: the page has the grid alone.</summary>
    private const int MaxStory = 1024;

    private readonly string[] _tokens = view.TokenTexts[..view.End];

    private GridConvention Convention => isLesson ? GridConvention.Lesson : GridConvention.Library;

    /// <summary>The head's grid of weights.</summary>
    public Figure Grid() => DotGrid.Of(view.Pattern, view.Choice.Head, _tokens, Options());

    /// <summary>The same weights as lines.</summary>
    public Figure Lines() => BipartiteLines.Of(view.Pattern, view.Choice.Head, _tokens, new() { Window = view.Window, Query = query });

    /// <summary>One token's way from E to E′, step by step.</summary>
    public IReadOnlyList<Figure> Steps() => Steps(Trace(HeadStory.Names(view.Choice.Layer)));

    /// <summary>What all heads of the layer add to one token.</summary>
    public Figure Sum() => Sum(Trace([Name(ActivationNames.Result), Name(ActivationNames.AttentionLinearOut)]));

    /// <summary>All heads on the text, or on as much of its beginning as patterns fit into memory.</summary>
    public Figure Board()
    {
        var config = view.Model.Config;
        var count = HeadChoice.TokensFor(config, view.Encoding.Count);
        var trace = view.Model.Trace(view.Encoding.Ids[..count], [$"blocks.*.{ActivationNames.Pattern}"], view.Edits);
        var heads = config.Layers.Sum(l => l.Heads);
        return HeadBoard.Of(trace, config.Layers.Count, view.TokenTexts[..count], new()
        {
            Convention = Convention,
            Title = count < view.Encoding.Count ? $"All {heads} heads on the first {count} of {view.Encoding.Count} tokens" : null,
            Picked = [(view.Choice.Layer, view.Choice.Head)],
        });
    }

    /// <summary>What comes next.</summary>
    public Figure Next() => ProbabilityBars.Of(view.Next, view.TokenTexts[^1], view.Model.Config.VocabularySize, width: 400);

    /// <summary>How well every token of the text was foreseen.</summary>
    public Figure Loss() => LossBars.Of(TokenLosses.Run(view.Model, view.Encoding.Ids, view.Edits), view.Model.Tokenizer, view.TokenTexts);

    /// <summary>The head's grid from raw scores to weights, one token's way from E to E′, what the other heads add, the weights
    /// as lines, and the next token.</summary>
    public FigurePage Page()
    {
        var title = $"Heed: layer {view.Choice.Layer}, head {view.Choice.Head}";
        var next = FigurePage.Of(Next());
        if (view.End > MaxStory || IsCut) return FigurePage.Of(Grid()).And(next).Named(title);
        var trace = Trace(HeadStory.Names(view.Choice.Layer));
        var stages = new[] { ActivationNames.RawScores, ActivationNames.ScaledScores, ActivationNames.Scores, ActivationNames.Pattern }
            .Select(name => DotGrid.Of(trace[Name(name)], view.Choice.Head, _tokens, Options())).ToArray();
        return FigurePage.Steps(stages).And(FigurePage.Steps(Steps(trace))).And(FigurePage.Of(Sum(trace), Lines())).And(next).Named(title);
    }

    private IReadOnlyList<Figure> Steps(Trace trace)
        => StepStrip.Steps(HeadStory.From(trace, view.Choice.Layer, view.Choice.Head, One, _tokens));

    private Figure Sum(Trace trace) => MultiHeadSum.Of(trace[Name(ActivationNames.Result)], trace[Name(ActivationNames.AttentionLinearOut)], One, _tokens);

    private Trace Trace(IReadOnlyList<string> names)
    {
        if (view.End > MaxStory) throw new UsageException($"The steps and the sum are drawn for {MaxStory} tokens at most, and {view.End} are shown. Shorten the text, or show the first with --tokens 0..{MaxStory - 1}.");
        if (IsCut) throw new UsageException("With --edit the steps and the sum are drawn up to the end of the text, which an edit may look at: leave out --tokens, or let it end there.");
        return view.Model.Trace(view.Encoding.Ids[..view.End], names, view.Edits);
    }

    /// <summary>True if what is shown was computed with tokens after it, which an edit (a mean over the text) may have looked at.</summary>
    private bool IsCut => view.Edits.Count > 0 && view.End < view.Encoding.Count;

    private int One => query ?? view.End - 1;

    private string Name(string local) => ActivationNames.InBlock(view.Choice.Layer, local);

    private DotGridOptions Options() => new()
    {
        Layer = view.Choice.Layer,
        Convention = Convention,
        Window = view.Window,
        Query = query,
        Queries = (Math.Max(view.First, view.End - DotGrid.MaxTokens), view.End),
    };
}
