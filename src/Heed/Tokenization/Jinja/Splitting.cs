namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>split</c>, <c>rsplit</c>, <c>splitlines</c> and <c>partition</c>.</summary>
internal static class Splitting
{
    /// <param name="budget">Charged per part.</param>
    /// <param name="text">What is split.</param>
    /// <param name="separator">Null: runs of white space, none at the ends.</param>
    /// <param name="limit">The number of cuts; negative for no limit.</param>
    /// <param name="fromRight">Whether the cuts are taken from the right.</param>
    public static List<string> Split(Budget budget, string text, string? separator, long limit, bool fromRight)
    {
        if (separator is { Length: 0 }) throw Fault.Value("empty separator");
        if (limit < 0) limit = long.MaxValue;
        var parts = new List<string>();
        if (separator is null)
        {
            if (fromRight) SpaceFromRight(budget, text, limit, parts);
            else SpaceFromLeft(budget, text, limit, parts);
            return parts;
        }
        if (!fromRight)
        {
            var at = 0;
            while (parts.Count < limit && text.IndexOf(separator, at, StringComparison.Ordinal) is var found && found >= 0)
            {
                budget.Step();
                parts.Add(text[at..found]);
                at = found + separator.Length;
            }
            parts.Add(text[at..]);
            return parts;
        }
        var end = text.Length;
        while (parts.Count < limit && end >= separator.Length && text.AsSpan(0, end).LastIndexOf(separator) is var found && found >= 0)
        {
            budget.Step();
            parts.Add(text[(found + separator.Length)..end]);
            end = found;
        }
        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    private static void SpaceFromLeft(Budget budget, string text, long limit, List<string> parts)
    {
        var at = 0;
        while (true)
        {
            budget.Step();
            while (at < text.Length && CodePoints.IsSpace(text[at])) at++;
            if (at == text.Length) return;
            if (parts.Count >= limit)
            {
                parts.Add(text[at..]);
                return;
            }
            var start = at;
            while (at < text.Length && !CodePoints.IsSpace(text[at])) at++;
            parts.Add(text[start..at]);
        }
    }

    private static void SpaceFromRight(Budget budget, string text, long limit, List<string> parts)
    {
        var end = text.Length;
        while (true)
        {
            budget.Step();
            while (end > 0 && CodePoints.IsSpace(text[end - 1])) end--;
            if (end == 0) break;
            if (parts.Count >= limit)
            {
                parts.Add(text[..end]);
                break;
            }
            var stop = end;
            while (end > 0 && !CodePoints.IsSpace(text[end - 1])) end--;
            parts.Add(text[end..stop]);
        }
        parts.Reverse();
    }

    public static List<string> Lines(Budget budget, string text, bool keepEnds = false)
    {
        var lines = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (!CodePoints.IsLineBreak(text[i])) continue;
            budget.Step();
            var end = i;
            if (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
            lines.Add(text[start..(keepEnds ? i + 1 : end)]);
            start = i + 1;
        }
        if (start < text.Length) lines.Add(text[start..]);
        return lines;
    }

    public static TupleValue Partition(string text, string mark, bool fromRight)
    {
        if (mark.Length == 0) throw Fault.Value("empty separator");
        var found = fromRight ? text.LastIndexOf(mark, StringComparison.Ordinal) : text.IndexOf(mark, StringComparison.Ordinal);
        if (found < 0) return fromRight ? new("", "", text) : new(text, "", "");
        return new(text[..found], mark, text[(found + mark.Length)..]);
    }
}
