namespace Heed.Tracing;

/// <summary>A computation gave NaN or an infinity. Nothing is silently replaced: the first such activation is named.</summary>
public sealed class NonFiniteException : HeedException
{
    /// <summary>The error described by <paramref name="message"/>.</summary>
    public NonFiniteException(string message) : base(message) { }

    /// <summary>Throws if one of the numbers of an activation is not finite.</summary>
    /// <param name="info">The activation.</param>
    /// <param name="values">Its numbers, row-major.</param>
    /// <param name="shape">How long its axes are.</param>
    /// <param name="firstPosition">The position in the text of the first row.</param>
    /// <param name="edits">What changed it, if anything did.</param>
    internal static unsafe void Check(ActivationInfo info, float* values, ReadOnlySpan<int> shape, int firstPosition, IReadOnlyList<Edit>? edits = null)
    {
        var count = 1L;
        foreach (var length in shape) count *= length;
        if (Numerics.VectorMath.AllFinite(values, count)) return;
        // Masked scores are −∞ by design; only NaN and +∞ are wrong there.
        var isMasked = info.Local == ActivationNames.Scores;
        for (var i = 0L; i < count; i++)
        {
            if (float.IsFinite(values[i]) || (isMasked && float.IsNegativeInfinity(values[i]))) continue;
            var at = new string[shape.Length];
            var rest = i;
            for (var axis = shape.Length - 1; axis >= 0; axis--)
            {
                var first = info.Axes[axis].Axis is "position" or "query" ? firstPosition : 0;
                at[axis] = $"{info.Axes[axis].Axis} {first + rest % shape[axis]}";
                rest /= shape[axis];
            }
            var where = $"{info.Name} is {values[i]} at {string.Join(", ", at)}";
            throw new NonFiniteException(edits is not null
                ? $"{where} after the edits ({string.Join("; ", edits)}). Give smaller numbers."
                : $"{where}: the first activation that is not finite. The weights it was made with are damaged or overflow; check the file with 'heed info', or get it again.");
        }
    }
}
