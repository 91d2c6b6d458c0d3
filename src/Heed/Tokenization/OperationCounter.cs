namespace Heed.Tokenization;

/// <summary>
/// Counts the steps that encoding takes, for tests that hold it to linear time: steps are the same on every machine,
/// clocks are not. Counts only on a thread that asked for it.
/// </summary>
internal static class OperationCounter
{
    [ThreadStatic] private static bool s_counting;
    [ThreadStatic] private static long s_steps;

    public static void Add(long steps)
    {
        if (s_counting) s_steps += steps;
    }

    /// <summary>The steps that <paramref name="action"/> takes on this thread.</summary>
    public static long Count(Action action)
    {
        s_counting = true;
        s_steps = 0;
        try
        {
            action();
            return s_steps;
        }
        finally
        {
            s_counting = false;
        }
    }
}
