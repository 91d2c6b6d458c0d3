using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>The loss of every next token of a text as bars, with their mean: the cost that training lowers.</summary>
public static class LossBars
{
    private const double Row = 24, Bar = 16, LongestLabel = 110, LongestInstead = 90, Narrowest = 300;

    /// <summary>Bars at most; of longer texts, the largest.</summary>
    private const int Most = 64;

    /// <summary>Draws it. The key of a bar is p and the position of the token that was to be foreseen; the mean's is mean.</summary>
    /// <param name="losses">The losses.</param>
    /// <param name="tokenizer">For the texts of what the model held likeliest.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="width">The figure's width in pixels, at least 300.</param>
    public static Figure Of(TokenLosses losses, Tokenizer tokenizer, IReadOnlyList<string> tokens, double width = 640)
    {
        ArgumentNullException.ThrowIfNull(losses);
        if (losses.Losses.FirstOrDefault(l => !double.IsFinite(l.Loss)) is { } bad) throw new ArgumentException($"The loss at {bad.Position} is {bad.Loss}; bars show finite numbers.");
        TokenLoss[] shown = [.. losses.Losses.OrderByDescending(l => l.Loss).Take(Most).OrderBy(l => l.Position)];
        var words = new TokenWords(tokens);
        var canvas = new FigureCanvas("How surprising every token was",
            "After each token the model foresees the next one; a bar is −ln p of the token that really came. Small: foreseen. Large: a surprise.", Math.Max(width, Narrowest));
        string[] labels = [.. shown.Select(l => TextWidth.Fit(TokenLabel.Short(tokens[l.Position]), LongestLabel, 12, isBold: true))];
        string[] instead = [.. shown.Select(l => l.Rank == 1 ? "" : TextWidth.Fit(TokenLabel.Short(AnswerTokens.Text(tokenizer, l.Likeliest)), LongestInstead, 12))];
        double place = FigureCanvas.Margin + 22, left = place + 14 + labels.Max(l => TextWidth.Of(l, 12, isBold: true)) + 12;
        double column = Math.Max(TextWidth.Of("expected", 11), instead.Max(t => TextWidth.Of(t, 12))), expected = canvas.Width - FigureCanvas.Margin - column;
        double number = expected - 20, room = number - shown.Max(l => TextWidth.Of(FigureNumbers.Plain(l.Loss), 11.5)) - 10 - left, scale = FigureCanvas.Scale(Math.Max(0, room), losses.Losses.Max(l => l.Loss));
        var top = canvas.Top + 34;
        canvas.Text(expected, top - 10, "expected", FigureRole.Mute, 11);
        for (var i = 0; i < shown.Length; i++)
        {
            var (loss, y, key) = (shown[i], top + i * Row, $"p{shown[i].Position}");
            canvas.Number(place, y + Bar / 2 + 4, FigureNumbers.Exact((long)loss.Position), FigureRole.Mute, key, FigureCanvas.Smallest, Anchor.End, 400);
            canvas.Text(left - 12, y + Bar / 2 + 4, labels[i], FigureRole.Ink, 12, Anchor.End, 500, key, words: words.Of(loss.Position));
            canvas.Rectangle(Mark.Of(key, loss.Loss, $"{words.Of(loss.Position)}: −ln p is {FigureNumbers.Exact(loss.Loss)}, p is {FigureNumbers.Exact(loss.Probability)}"
                + (loss.Rank == 1 ? "; nothing was likelier" : $"; {TokenLabel.Quoted(AnswerTokens.Text(tokenizer, loss.Likeliest))} was likelier")), left, y, loss.Loss * scale, Bar, FigureRole.Query, round: Math.Min(2, loss.Loss * scale / 2));
            canvas.Number(number, y + Bar / 2 + 4, FigureNumbers.Plain(loss.Loss), FigureRole.Ink, key, 11.5, Anchor.End, 400);
            canvas.Text(expected, y + Bar / 2 + 4, loss.Rank == 1 ? "✓" : instead[i], loss.Rank == 1 ? FigureRole.Value : FigureRole.Mute, 12, key: key);
        }
        var bottom = top + shown.Length * Row;
        var mean = left + losses.Mean * scale;
        canvas.Stroke(Mark.Of("mean", losses.Mean, $"the mean of all is {FigureNumbers.Exact(losses.Mean)}"), $"M{Svg.Number(mean)} {Svg.Number(top - 4)}L{Svg.Number(mean)} {Svg.Number(bottom)}", FigureRole.Change, 1.5, dashes: "4 3");
        var name = $"mean {FigureNumbers.Plain(losses.Mean)}";
        canvas.Text(Math.Min(mean, number - TextWidth.Of(name, 11.5, isBold: true)), top - 10, name, FigureRole.Change, 11.5, weight: 600, key: "mean");
        return canvas.Finish(bottom, "expected: what was held likeliest; ✓ the token that came" + (shown.Length < losses.Losses.Count ? $" · the {shown.Length} largest of {losses.Losses.Count}; the mean is of all" : ""));
    }
}
