namespace Heed.Tracing;

/// <summary>A computation gave NaN or an infinity. Nothing is silently replaced: the first such activation is named.</summary>
public sealed class NonFiniteException : HeedException
{
    /// <summary>The error described by <paramref name="message"/>.</summary>
    public NonFiniteException(string message) : base(message) { }

    internal static unsafe void Check(string name, float* values, ReadOnlySpan<(string Axis, int Length)> axes, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (float.IsFinite(values[i])) continue;
            var at = new string[axes.Length];
            for (int axis = axes.Length - 1, rest = i; axis >= 0; axis--)
            {
                at[axis] = $"{axes[axis].Axis} {rest % axes[axis].Length}";
                rest /= axes[axis].Length;
            }
            throw new NonFiniteException($"{name} is {values[i]} at {string.Join(", ", at)}: the first activation that is not finite. " +
                "The weights it was made with are damaged or overflow; check the file with 'heed info', or get it again.");
        }
    }
}
