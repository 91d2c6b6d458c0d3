using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>The loss of every next token of a text as bars that add up to the text's.</summary>
public static class LossBars
{
    /// <summary>Bars at most; of longer texts, the smallest losses are one bar.</summary>
    private const int Most = 64;

    /// <summary>Draws it. The key of a bar is p and the position of the token that was to be foreseen.</summary>
    /// <param name="losses">The losses.</param>
    /// <param name="tokenizer">For the texts of what the model held likeliest.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure Of(TokenLosses losses, Tokenizer tokenizer, IReadOnlyList<string> tokens, double width = 640)
    {
        ArgumentNullException.ThrowIfNull(losses);
        return AttributionBars.Of([.. losses.Losses.Select(Part)], losses.Losses.Sum(l => l.Loss), new()
        {
            Title = "How surprising every token was",
            Caption = "After each token the model foresees the next one; a bar is −ln p of the token that really came. Small: foreseen. Large: a surprise.",
            TotalName = "all together",
            IsSorted = false,
            Most = Most,
            Sides = "",
            Foot = "in brackets: what was held likeliest instead",
            Width = width,
        });

        AttributionPart Part(TokenLoss loss)
        {
            var likeliest = loss.Rank == 1 ? "" : $" (not {TokenLabel.Quoted(AnswerTokens.Text(tokenizer, loss.Likeliest))})";
            return new($"{TokenLabel.Short(tokens[loss.Position], 14)}{likeliest}", $"p{loss.Position}", loss.Loss);
        }
    }
}
