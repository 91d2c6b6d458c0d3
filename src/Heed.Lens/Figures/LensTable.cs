using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>What would be predicted at one point and position.</summary>
/// <param name="Id">The likeliest token's number in the vocabulary.</param>
/// <param name="Token">Its text. Several tokens may be written alike.</param>
/// <param name="Probability">Its probability over the whole vocabulary.</param>
public readonly record struct LensCell(int Id, string Token, float Probability);

/// <summary>How <see cref="LensTable"/> is drawn.</summary>
public sealed record LensTableOptions
{
    /// <summary>The title.</summary>
    public string Title { get; init; } = "What the model would say at each layer";

    /// <summary>A token to pick out wherever it is the likeliest, by its number; null: none.</summary>
    public int? Answer { get; init; }

    /// <summary>The position in the text of the first token given: there may be earlier ones, of which nothing was computed. Default: 0.</summary>
    public int FirstPosition { get; init; }

    /// <summary>The width in pixels to fit into; of more positions than <see cref="LensTable.Capacity"/>, the last are shown.</summary>
    public double Width { get; init; } = 1040;
}

/// <summary>
/// The logit lens: layers upwards, positions along, in each cell the token that would be predicted if the model stopped there.
/// <code>
/// LensTable.Of(FigureAxis.Layers(31), tokens, cells, new() { Answer = 7042 })     // cells [layer, position]
/// </code>
/// </summary>
public static class LensTable
{
    private const double Narrowest = 60, Widest = 96, Row = 27;

    /// <summary>More positions than these do not fit into a width in pixels.</summary>
    public static int Capacity(double width = 1040) => Math.Max(1, (int)((width - 2 * FigureCanvas.Margin) / Narrowest));

    /// <summary>Draws what the lens read.</summary>
    /// <param name="lens">The lens.</param>
    /// <param name="tokenizer">For the texts of what is predicted.</param>
    /// <param name="tokens">The texts of all tokens of the text.</param>
    /// <param name="width">The width in pixels to fit into.</param>
    public static Figure Of(LogitLens lens, Tokenizer tokenizer, IReadOnlyList<string> tokens, double? width = null)
    {
        ArgumentNullException.ThrowIfNull(lens);
        ArgumentNullException.ThrowIfNull(tokens);
        var cells = new List<LensCell>();
        for (var point = 0; point < lens.Points.Count; point++)
            for (var i = 0; i < lens.Positions.Count; i++)
            {
                var (token, probability) = lens.Top(point, i)[0];
                cells.Add(new(token, AnswerTokens.Text(tokenizer, token), (float)probability));
            }
        var options = new LensTableOptions { Answer = lens.Token, FirstPosition = lens.Positions[0] };
        return Of(FigureAxis.Named("layer", [.. lens.Points.Select(p => p.Label)]), [.. lens.Positions.Select(p => tokens[p])], cells, width is { } given ? options with { Width = given } : options);
    }

    /// <summary>Draws it.</summary>
    /// <param name="points">The points of the residual stream, the first one at the bottom.</param>
    /// <param name="tokens">The tokens' texts.</param>
    /// <param name="cells">What is likeliest [point, position].</param>
    /// <param name="options">How.</param>
    public static Figure Of(FigureAxis points, IReadOnlyList<string> tokens, IReadOnlyList<LensCell> cells, LensTableOptions? options = null)
    {
        options ??= new();
        points.Check(nameof(LensTable));
        if (tokens.Count == 0 || cells.Count != points.Count * tokens.Count)
            throw new ArgumentException($"A lens table of {points.Count} points × {tokens.Count} positions takes {points.Count * tokens.Count} cells, not {cells.Count}.");
        var left = FigureCanvas.Margin + 18 + Enumerable.Range(0, points.Count).Max(i => TextWidth.Of(points.LabelOf(i), 12)) + 10;
        var space = options.Width - left - FigureCanvas.Margin;
        var columns = Math.Clamp((int)(space / Narrowest), 1, tokens.Count);
        var cell = Math.Clamp(space / columns, Narrowest, Widest);
        var first = tokens.Count - columns;
        string[] labels = [.. tokens.Skip(first).Select(t => TextWidth.Fit(TokenLabel.Short(t), cell - 6, 12, isBold: true))];
        var canvas = new FigureCanvas(options.Title, "What the model would say if it stopped there (logit lens): each cell is the likeliest next token."
            + (cells.FirstOrDefault(c => c.Id == options.Answer).Token is { } answer ? $" Orange: where that is {TokenLabel.Quoted(answer)}." : ""), Math.Max(left + columns * cell + FigureCanvas.Margin, 360));
        var top = canvas.Top + 20;
        var before = options.FirstPosition + first;
        var words = new TokenWords([.. Enumerable.Repeat("", options.FirstPosition), .. tokens]);
        for (var c = 0; c < columns; c++)
            canvas.Text(left + (c + 0.5) * cell, top - 8, labels[c], FigureRole.Query, 12, Anchor.Middle, 500, $"p{before + c}", words: words.Of(before + c));
        canvas.Text(FigureCanvas.Margin + 9, top + points.Count * Row / 2, "at " + points.Title, FigureRole.Mute, 11.5, Anchor.Middle, 600, turn: -90);
        for (var r = 0; r < points.Count; r++)
        {
            var y = top + (points.Count - 1 - r) * Row;
            canvas.Text(left - 10, y + Row / 2 + 4, points.LabelOf(r), FigureRole.Mute, 12, Anchor.End, 400, points.Keys[r]);
            for (var c = 0; c < columns; c++)
            {
                var (id, token, probability) = cells[r * tokens.Count + first + c];
                var key = $"{points.Keys[r]}.p{before + c}";
                var strength = 0.06 + 0.94 * Math.Clamp(probability, 0, 1);
                var isAnswer = id == options.Answer;
                var mark = isAnswer ? FigureRole.Key : FigureRole.Query;
                canvas.Rectangle(Mark.Of(key, probability, $"at {points.WordsOf(r)}, at {words.Of(before + c)}: {TokenLabel.Quoted(token)} (token {FigureNumbers.Exact((long)id)}) with probability {FigureNumbers.Exact(probability)}"),
                    left + c * cell + 1, y + 1, cell - 2, Row - 2, mark, strength, 3);
                // The token at the left and its probability at the right, where both fit; else the token alone, in the middle.
                var role = FigureTheme.OnMark(strength);
                var (label, number) = (TokenLabel.Short(token), $"{FigureNumbers.Weight(probability)}");
                var isWide = cell >= 84;
                var room = cell - 12 - (isWide ? TextWidth.Of(".00", 11) + 6 : 0);
                label = TextWidth.Fit(label, room, 12, isBold: true);
                if (isWide) canvas.Number(left + (c + 1) * cell - 7, y + Row / 2 + 4, number, role, key, 11, Anchor.End, 400);
                canvas.Text(isWide ? left + c * cell + 8 : left + (c + 0.5) * cell, y + Row / 2 + 4, label, role, 12, isWide ? Anchor.Start : Anchor.Middle, isAnswer ? 700 : 500, key);
            }
        }
        return canvas.Finish(top + points.Count * Row, "stronger colour = higher probability" + (cell >= 84 ? ", the number at the right" : "") + (before > 0 ? $" · positions {before} to {before + columns - 1} are shown" : ""));
    }
}
