namespace Heed.Lens.Figures;

/// <summary>
/// The tokens of a text, one below the other, in as many columns as there is room for: its place, its piece of the text, its number in the vocabulary, and, where they are given,
/// its vector as a strip.
/// <code>TokenTable.Of(encoding.Ids, tokens, trace["hook_embed"])</code>
/// </summary>
public static class TokenTable
{
    private const double Row = 24, LongestPiece = 150, Narrowest = 290, Gap = 36;
    private const int Numbers = 64, Most = 64, MostVectors = 24, LeastRows = 12;

    /// <summary>Draws it.</summary>
    /// <param name="ids">The tokens' numbers in the vocabulary.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="vectors">A vector for each token [position, width]; null: none are shown.</param>
    /// <param name="width">The figure's width in pixels, at least 290.</param>
    /// <param name="picked">The position of a token that must be among those shown, where not all are; null: the last ones are shown.</param>
    public static Figure Of(IReadOnlyList<int> ids, IReadOnlyList<string> tokens, Tracing.Activation? vectors = null, double width = 600, int? picked = null)
    {
        if (ids.Count == 0 || ids.Count != tokens.Count) throw new ArgumentException($"{ids.Count} ids and {tokens.Count} texts: there must be as many of each, and at least one.");
        if (vectors is not null && (vectors.Shape.Count != 2 || vectors.Shape[0] != ids.Count)) throw new ArgumentException($"{ids.Count} tokens need vectors [position, width], not {vectors}.");
        var count = vectors?.Shape[1] ?? 0;
        var canvas = new FigureCanvas(vectors is null ? "Your text as tokens" : "Every token's vector",
            vectors is null ? "The text is cut into pieces that the model knows; every piece has a number. A dot before a word is the space that belongs to it."
                : $"Each number looks up one vector of {FigureNumbers.Count(count)} numbers. The same token always has the same one: it knows nothing yet of the others.", Math.Max(width, Narrowest));
        string[] pieces = [.. tokens.Select(t => TextWidth.Fit(TokenLabel.Visible(t), LongestPiece, 13))];
        double place = FigureCanvas.Margin + 28, piece = place + 16, number = piece + pieces.Max(p => TextWidth.Of(p, 13)) + 70, strip = number + 20;
        // A short text stays one list; vectors need the whole width.
        double column = number - FigureCanvas.Margin + Gap;
        var fit = (int)((canvas.Width - 2 * FigureCanvas.Margin + Gap) / column);
        var columns = vectors is null ? Math.Clamp(fit, 1, Math.Max(1, ids.Count / LeastRows)) : 1;
        var shown = TokenWindow.Choose(ids.Count, vectors is null ? Most * columns : MostVectors, picked);
        var rows = (shown.Count + columns - 1) / columns;
        var top = canvas.Top + 18;
        for (var c = 0; c < columns; c++)
        {
            canvas.Text(place + c * column, top - 6, "place", FigureRole.Mute, 11, Anchor.End);
            canvas.Text(piece + c * column, top - 6, "token", FigureRole.Mute, 11);
            canvas.Text(number + c * column, top - 6, "number", FigureRole.Mute, 11, Anchor.End);
        }
        double largest = 0;
        for (var i = shown.First; i < shown.End && vectors is not null; i++) largest = Math.Max(largest, Strip.Largest(vectors.Row(i), Numbers));
        for (var i = shown.First; i < shown.End; i++)
        {
            var (c, row) = Math.DivRem(i - shown.First, rows);
            double x = c * column, y = top + row * Row;
            var key = $"p{i}";
            canvas.Number(place + x, y + 14, FigureNumbers.Exact((long)i), FigureRole.Mute, $"{key}.place", 11.5, Anchor.End, 400);
            canvas.Text(piece + x, y + 14, pieces[i], FigureRole.Ink, 13, weight: 600, key: key, words: TokenLabel.Quoted(tokens[i]));
            canvas.BeginGroup(new($"{key}.id", FigureNumbers.Exact((long)ids[i]), $"{TokenLabel.Quoted(tokens[i])} is token {FigureNumbers.Count(ids[i])} of the vocabulary"), "data-value");
            canvas.Number(number + x, y + 14, FigureNumbers.Count(ids[i]), FigureRole.Ink, null, 12, Anchor.End, 400);
            canvas.EndGroup();
            if (vectors is not null) Strip.Draw(canvas, new($"{key}.E", null, $"the vector of {TokenLabel.Quoted(tokens[i])}"), vectors.Row(i), Numbers, largest, strip, y + 2, canvas.Width - FigureCanvas.Margin - strip);
        }
        var foot = string.Join(" · ", new[]
        {
            vectors is null ? "" : $"the first {Math.Min(Numbers, count)} of {FigureNumbers.Count(count)} numbers; blue from the top: above zero, orange from the ground: below; strength: size",
            shown.Words,
        }.Where(s => s.Length > 0));
        return canvas.Finish(top + rows * Row, foot);
    }
}
