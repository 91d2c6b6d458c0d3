using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>
/// The most likely next tokens as bars. Probabilities are those over the whole vocabulary, never made larger to fill a list.
/// <code>
/// ProbabilityBars.Of(generated.Alternatives, after: " forest", vocabularySize: model.Config.VocabularySize)
/// </code>
/// </summary>
public static class ProbabilityBars
{
    private const double Row = 28, Bar = 18, LongestLabel = 120;

    /// <summary>The alternatives of one generated token.</summary>
    /// <param name="alternatives">The most likely tokens, the likeliest first.</param>
    /// <param name="after">The token after which they come.</param>
    /// <param name="vocabularySize">How many tokens were scored.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure Of(IReadOnlyList<TokenAlternative> alternatives, string after, int vocabularySize, double width = 480)
        => Of([.. alternatives.Select(a => a.Text)], [.. alternatives.Select(a => (float)Math.Exp(a.LogProbability))], [.. alternatives.Select(a => $"t{a.Id}")], after, vocabularySize, width);

    /// <summary>The likeliest tokens of a model's logits.</summary>
    /// <param name="logits">The logits [V].</param>
    /// <param name="tokenizer">For the texts of the tokens.</param>
    /// <param name="after">The token after which they come.</param>
    /// <param name="top">How many are shown.</param>
    /// <param name="width">The figure's width in pixels.</param>
    /// <param name="picked">A token to pick out, by its number; null: none.</param>
    /// <param name="largest">A probability that must fit, too: that of bars that stand beside these, so that both have one scale.</param>
    public static Figure Of(ReadOnlySpan<float> logits, Tokenizer tokenizer, string after, int top = 10, double width = 480, int? picked = null, double largest = 0)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var likeliest = Likeliest.Of(logits, top);
        return Of([.. likeliest.Select(t => AnswerTokens.Text(tokenizer, t.Id))], [.. likeliest.Select(t => t.Probability)], [.. likeliest.Select(t => $"t{t.Id}")], after, logits.Length, width, Array.FindIndex(likeliest, t => t.Id == picked) is >= 0 and var at ? at : null, largest);
    }

    /// <summary>Tokens and their probabilities.</summary>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="probabilities">The probability of each, over the whole vocabulary.</param>
    /// <param name="keys">The key of each: t and the token's id.</param>
    /// <param name="after">The token after which they come.</param>
    /// <param name="vocabularySize">How many tokens were scored.</param>
    /// <param name="width">The figure's width in pixels.</param>
    /// <param name="picked">One to pick out, by its place in the list; null: none.</param>
    /// <param name="largest">A probability that must fit, too: that of bars that stand beside these, so that both have one scale.</param>
    public static Figure Of(IReadOnlyList<string> tokens, ReadOnlySpan<float> probabilities, IReadOnlyList<string> keys, string after, int vocabularySize, double width = 480, int? picked = null, double largest = 0)
    {
        if (tokens.Count == 0 || tokens.Count != probabilities.Length || tokens.Count != keys.Count)
            throw new ArgumentException($"{tokens.Count} tokens, {probabilities.Length} probabilities and {keys.Count} keys: there must be as many of each, and at least one.");
        if (!(largest >= 0 && largest <= 1.0001)) throw new ArgumentException($"{largest} is not a probability.");
        foreach (var p in probabilities)
        {
            if (!(p >= 0 && p <= 1.0001)) throw new ArgumentException($"{p} is not a probability.");
            largest = Math.Max(largest, p);
        }
        var full = largest > 0.5 ? 1 : largest > 0.2 ? 0.5 : largest > 0.1 ? 0.2 : largest > 0.01 ? 0.1 : 0.01;
        var canvas = new FigureCanvas($"Next token after {TokenLabel.Quoted(after)}",
            $"All {FigureNumbers.Count(vocabularySize)} tokens were scored; these are the first {tokens.Count}.", width);
        var names = TokenLabel.Apart(tokens);
        string[] labels = [.. names.Select(n => TextWidth.Fit(n, LongestLabel, 13))];
        double number = TextWidth.Of("< 0.001 %", 12.5), left = FigureCanvas.Margin + labels.Max(l => TextWidth.Of(l, 13)) + 12, right = canvas.Width - FigureCanvas.Margin - number - 10;
        for (var i = 0; i < labels.Length; i++)
        {
            var y = canvas.Top + i * Row;
            var role = picked == i ? FigureRole.Key : FigureRole.Query;
            canvas.Text(left - 12, y + Bar / 2 + 4.5, labels[i], picked == i ? FigureRole.Key : FigureRole.Ink, 13, Anchor.End, picked == i ? 600 : 400, keys[i], words: TokenLabel.InQuotes(names[i]));
            canvas.Rectangle(default, left, y, right - left, Bar, FigureRole.Masked, round: 4);
            canvas.Rectangle(Mark.Of(keys[i], probabilities[i], $"{TokenLabel.InQuotes(names[i])}: probability {FigureNumbers.Exact(probabilities[i])}"),
                left, y, (right - left) * Math.Min(1, probabilities[i] / full), Bar, role, round: Math.Min(4, (right - left) * probabilities[i] / full / 2));
            canvas.Number(canvas.Width - FigureCanvas.Margin, y + Bar / 2 + 4.5, FigureNumbers.Percent(probabilities[i]), FigureRole.Mute, keys[i], 12.5, Anchor.End, 400);
        }
        double sum = 0;
        foreach (var p in probabilities) sum += p;
        var rest = vocabularySize - tokens.Count;
        return canvas.Finish(canvas.Top + labels.Length * Row - 10, $"a full bar is {full * 100:0.##} %"
            + (rest > 0 ? $" · the other {FigureNumbers.Count(rest)} tokens have {FigureNumbers.Percent(Math.Max(0, 1 - sum))} together" : ""));
    }
}
