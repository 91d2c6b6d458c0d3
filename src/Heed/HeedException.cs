namespace Heed;

/// <summary>
/// Every error Heed raises about its input. The message names the file, the field, the value found
/// and what to do; it is meant to be shown to the user as it is.
/// </summary>
public class HeedException : Exception
{
    /// <summary>An error described by <paramref name="message"/>.</summary>
    public HeedException(string message) : base(message) { }

    /// <summary>An error described by <paramref name="message"/>, caused by <paramref name="inner"/>.</summary>
    public HeedException(string message, Exception inner) : base(message, inner) { }
}
