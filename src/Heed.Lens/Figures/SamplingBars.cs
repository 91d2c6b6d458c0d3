using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>
/// What the model holds likely and what is drawn from, beside each other: temperature, top-k and top-p at work.
/// <code>SamplingBars.Of(ids.Select(i => new SampledToken(text(i), i, p[i], drawn[i])), after: " forest", options, canBeDrawn: 40, p.Length)</code>
/// </summary>
public static class SamplingBars
{
    private const double Row = 36, Bar = 13, LongestLabel = 120;

    /// <summary>Draws what a model's logits become.</summary>
    /// <param name="logits">The logits [V].</param>
    /// <param name="tokenizer">For the texts of the tokens.</param>
    /// <param name="after">The token after which they come.</param>
    /// <param name="options">How is sampled.</param>
    /// <param name="top">How many of the likeliest tokens are shown.</param>
    /// <param name="width">The figure's width in pixels.</param>
    /// <exception cref="HeedException">An option is outside its range, or no token is left.</exception>
    public static Figure Of(ReadOnlySpan<float> logits, Tokenizer tokenizer, string after, GenerationOptions options, int top = 10, double width = 600)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        var drawn = options.Distribution(logits);
        var chances = drawn.ToDictionary(d => d.Id, d => d.Probability);
        return Of([.. Likeliest.Of(logits, top).Select(t => new SampledToken(AnswerTokens.Text(tokenizer, t.Id), t.Id, t.Probability, chances.GetValueOrDefault(t.Id)))], after, options, drawn.Count(d => d.Probability > 0), logits.Length, width);
    }

    /// <summary>Draws it. The keys of a token's bars are t and its id, then .model and .drawn.</summary>
    /// <param name="tokens">The tokens to show, the likeliest first.</param>
    /// <param name="after">The token after which they come.</param>
    /// <param name="options">How is sampled.</param>
    /// <param name="canBeDrawn">How many tokens can be drawn, shown or not.</param>
    /// <param name="vocabularySize">How many tokens were scored.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure Of(IReadOnlyList<SampledToken> tokens, string after, GenerationOptions options, int canBeDrawn, int vocabularySize, double width = 600)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (tokens.Count == 0) throw new ArgumentException("There is no token to draw.");
        if (tokens.FirstOrDefault(t => !(t.Probability is >= 0 and <= 1.0001) || !(t.Drawn is >= 0 and <= 1.0001)) is { } bad) throw new ArgumentException($"{bad.Text} has the probabilities {bad.Probability} and {bad.Drawn}.");
        var largest = tokens.Max(t => Math.Max(t.Probability, t.Drawn));
        var full = largest > 0.5 ? 1 : largest > 0.2 ? 0.5 : largest > 0.1 ? 0.2 : 0.1;
        var canvas = new FigureCanvas($"What is drawn from after {TokenLabel.Quoted(after)}", $"Above, the model's own probability; below, the one that is drawn from: {Words(options)}.", width);
        var names = TokenLabel.Apart([.. tokens.Select(t => t.Text)]);
        string[] labels = [.. names.Select(n => TextWidth.Fit(n, LongestLabel, 13))];
        double number = TextWidth.Of("< 0.001 %", 11.5), left = FigureCanvas.Margin + labels.Max(l => TextWidth.Of(l, 13)) + 12, right = canvas.Width - FigureCanvas.Margin - number - 8;
        for (var i = 0; i < tokens.Count; i++)
        {
            var (token, name, y) = (tokens[i], TokenLabel.InQuotes(names[i]), canvas.Top + i * Row);
            canvas.Text(left - 12, y + Bar + 5, labels[i], token.Drawn > 0 ? FigureRole.Ink : FigureRole.Mute, 13, Anchor.End, key: $"t{token.Id}", words: name);
            Draw(y, token.Probability, FigureRole.Query, "model", "the model's own probability");
            Draw(y + Bar + 2, token.Drawn, FigureRole.Change, "drawn", "the probability of being drawn");

            void Draw(double at, double probability, FigureRole role, string part, string words)
            {
                canvas.Rectangle(default, left, at, right - left, Bar, FigureRole.Masked, round: 3);
                canvas.Rectangle(Mark.Of($"t{token.Id}.{part}", probability, $"{name}: {words} is {FigureNumbers.Exact(probability)}"),
                    left, at, (right - left) * Math.Min(1, probability / full), Bar, role, round: Math.Min(3, (right - left) * probability / full / 2));
                canvas.Number(canvas.Width - FigureCanvas.Margin, at + Bar - 2, probability == 0 ? "cannot" : FigureNumbers.Percent(probability), probability == 0 ? FigureRole.Mute : role, $"t{token.Id}.{part}", 11.5, Anchor.End, 400);
            }
        }
        return canvas.Finish(canvas.Top + tokens.Count * Row, $"blue: the model's own; purple: drawn from · a full bar is {full * 100:0} % · {FigureNumbers.Count(canBeDrawn)} of {FigureNumbers.Count(vocabularySize)} tokens can be drawn");
    }

    private static string Words(GenerationOptions options) => options.Temperature == 0 ? "temperature 0, always the likeliest token"
        : string.Join(", ", new[]
        {
            $"temperature {FigureNumbers.Plain(options.Temperature)}",
            options.TopK > 0 ? $"the {options.TopK} likeliest" : "",
            options.TopP < 1 ? $"the likeliest that together reach {FigureNumbers.Percent(options.TopP)}" : "",
        }.Where(s => s.Length > 0));
}

/// <summary>A token that may come next, and how it may be drawn.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Probability">The model's own probability.</param>
/// <param name="Drawn">The probability with which it is drawn; 0: it cannot be.</param>
public sealed record SampledToken(string Text, int Id, double Probability, double Drawn);
