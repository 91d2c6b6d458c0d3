namespace Heed.Lens.Figures;

/// <summary>What every head does, as a map of all heads.</summary>
public static class HeadScoreFigures
{
    /// <summary>Every head's score on one pattern: layers upwards, heads along.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="pattern">One of their patterns.</param>
    public static Figure Of(HeadScores scores, PatternScores pattern)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(pattern);
        var (values, columns) = LayerRows.Of(pattern.Scores);
        return HeatMap.Of(values, FigureAxis.Layers(pattern.Scores.Count), FigureAxis.Heads(columns), new()
        {
            Title = $"Which heads look at {pattern.Pattern.Meaning}",
            Caption = $"{(scores.Measure == PatternMeasure.Weight ? "The attention that lies there" : "How much of the head's pattern and this one is common")}, from 0 to 1: the mean over {(pattern.Queries == 1 ? "1 query" : $"{pattern.Queries} queries")}.",
            KeyPrefix = pattern.Pattern.Name.Replace(' ', '_').Replace('.', '_'),
            Measure = scores.Measure == PatternMeasure.Weight ? "weight" : "overlap",
            FirstRowAtBottom = true,
            Largest = 1,
        });
    }
}
