namespace Heed.Cli;

/// <summary>The command was used wrongly: one sentence, and exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>Reads a value of the command line. What the library refuses there is wrong use, in the library's own words.</summary>
    public static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (HeedException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
