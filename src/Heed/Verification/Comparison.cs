namespace Heed.Verification;

/// <summary>What a comparison found.</summary>
public enum Verdict
{
    /// <summary>Within the bound.</summary>
    Equal,
    /// <summary>Over the bound.</summary>
    Different,
    /// <summary>Not a value that is compared here; the note says why.</summary>
    NotCompared,
}

/// <summary>One expected value beside what was computed.</summary>
/// <param name="Name">The value's name in the file of expected values.</param>
/// <param name="Difference">The largest difference, in the bound's unit.</param>
/// <param name="Bound">What it may be at most.</param>
/// <param name="Unit">What difference and bound are measured in.</param>
/// <param name="Verdict">Whether it holds.</param>
/// <param name="Note">Anything more to say, or empty.</param>
public sealed record Comparison(string Name, double Difference, double Bound, string Unit, Verdict Verdict, string Note = "")
{
    /// <summary>A value that is not compared.</summary>
    public static Comparison Skipped(string name, string why) => new(name, 0, 0, "", Verdict.NotCompared, why);

    /// <summary>Compares number by number. The difference is relative to the largest expected magnitude, or absolute.</summary>
    public static Comparison Of(string name, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double bound, bool relative, string note = "")
    {
        var unit = relative ? "of the largest" : "absolute";
        if (expected.Length != actual.Length)
            return new(name, double.PositiveInfinity, bound, unit, Verdict.Different, $"expected {expected.Length} numbers, computed {actual.Length}");
        double largest = 0, difference = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] == actual[i]) // also the same infinity
            {
                if (float.IsFinite(expected[i])) largest = Math.Max(largest, Math.Abs(expected[i]));
                continue;
            }
            var d = Math.Abs((double)expected[i] - actual[i]);
            difference = double.IsNaN(d) ? double.PositiveInfinity : Math.Max(difference, d);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }
        if (relative && difference > 0) difference /= largest;
        return new(name, difference, bound, unit, difference <= bound ? Verdict.Equal : Verdict.Different, note);
    }
}
