namespace Heed.Cli;

/// <summary>
/// What the tool's exit codes mean. One rule for all commands: the value of an option that cannot be, and options or positions that cannot go
/// together, are wrong use, whether the command line alone tells or only the model (<see cref="UsageException"/>); a text, a file or a
/// model that nothing can be done with is a failure (<see cref="HeedException"/>).
/// </summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>It could not be done, or a comparison found a difference.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong, by itself or for this model and text.</summary>
    public const int WrongUse = 2;

    /// <summary>Ended by Ctrl-C.</summary>
    public const int Interrupted = 130;
}
