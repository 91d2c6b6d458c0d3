namespace Heed.Cli;

/// <summary>The command was used wrongly: one sentence, and exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
