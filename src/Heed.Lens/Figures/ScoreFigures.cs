namespace Heed.Lens.Figures;

/// <summary>Why a head attended: a score as what it was made of.</summary>
public static class ScoreFigures
{
    /// <summary>The products q_i·k_i, number by number.</summary>
    /// <param name="score">The score, split.</param>
    /// <param name="tokens">Each token's text.</param>
    /// <param name="width">The figure's width in pixels, at least 290.</param>
    public static Figure ByDimension(ScoreParts score, IReadOnlyList<string> tokens, double width = 778)
    {
        var (looks, lookedAt, key) = Names(score, tokens);
        return ScoreTerms.ByDimension([.. score.QueryVector], [.. score.KeyVector], score.RawScore, looks, lookedAt, key, width);
    }

    /// <summary>Who wrote the query and who the key, as a map that adds up to the score.</summary>
    /// <param name="score">The score, split.</param>
    /// <param name="tokens">Each token's text.</param>
    public static Figure ByWriter(ScoreParts score, IReadOnlyList<string> tokens)
    {
        var (looks, lookedAt, key) = Names(score, tokens);
        float[] pairs = [.. score.Pairs.Cast<double>().Select(x => (float)x)];
        return ScoreTerms.ByWriter(pairs, Axis("wrote the query", score.QueryWriters), Axis("wrote the key", score.KeyWriters), score.RawScore, looks, lookedAt, key);
    }

    private static (string Looks, string LookedAt, string Key) Names(ScoreParts score, IReadOnlyList<string> tokens)
    {
        ArgumentNullException.ThrowIfNull(score);
        ArgumentNullException.ThrowIfNull(tokens);
        return (TokenLabel.Quoted(tokens, score.Query), TokenLabel.Quoted(tokens, score.Key), $"L{score.Layer}.H{score.Head}.q{score.Query}.k{score.Key}");
    }

    private static FigureAxis Axis(string title, IReadOnlyList<ScoreWriter> writers)
        => new(title, [.. writers.Select(w => w.Source.ToString())], [.. writers.Select(w => w.Source.Key.Replace('.', '-'))]);
}
