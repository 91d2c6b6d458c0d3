using System.Collections.Concurrent;
using Heed.Tokenization.Expressions;

namespace Heed.Tokenization;

/// <summary>Splitters for expressions: a hand-written one where the expression would take more than linear time.</summary>
internal static class KnownExpressions
{
    /// <summary>Cuts numbers into groups of three from the right, at places without width (SuperBPE).</summary>
    public const string DigitGroups = @"(?=(\d{3})+(?!\d))";

    /// <summary>The same where a word boundary follows the number (Tiny Aya, Command).</summary>
    public const string DigitGroupsInWords = @"\d{1,3}(?=(?:\d{3})*\b)";

    // Compiled expressions hold no state of a text; the few that files use are kept, so that their character classes stay warm.
    private static readonly ConcurrentDictionary<string, ISplitter> s_common = new(StringComparer.Ordinal);

    /// <summary>The splitter for an expression.</summary>
    /// <exception cref="HeedException">It is not an expression, or uses something that is not supported.</exception>
    public static ISplitter Splitter(string expression)
    {
        if (s_common.TryGetValue(expression, out var known)) return known;
        ISplitter splitter = expression switch
        {
            DigitGroups => new DigitGroupSplitter(wholeRun: false),
            DigitGroupsInWords => new DigitGroupSplitter(wholeRun: true),
            _ => new Expression(expression),
        };
        if (s_common.Count < 64) s_common.TryAdd(expression, splitter);
        return splitter;
    }
}
