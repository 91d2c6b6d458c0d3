using System.Globalization;

namespace Heed.Cli.Rendering;

/// <summary>Counts in sentences: 1 token, 2 tokens.</summary>
internal static class Plural
{
    /// <summary>The count and the word, with an s unless it is one.</summary>
    public static string Of(long count, string word) => $"{count.ToString(CultureInfo.InvariantCulture)} {word}{(count == 1 ? "" : "s")}";
}
