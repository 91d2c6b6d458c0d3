namespace Heed.Tokenization;

/// <summary>
/// Unicode's normalisation forms (UAX 15), keeping track of which character came from where.
/// .NET's own needs ICU, and does not say where characters come from.
/// </summary>
internal static class UnicodeNormalization
{
    /// <summary>Puts <paramref name="text"/> into NFC, NFD, NFKC or NFKD.</summary>
    public static void Apply(NormalizedText text, bool compose, bool compatibility)
    {
        if (!text.Text.ContainsAnyExceptInRange('\0', '\x7F')) return;
        var changes = Decompose(text.EnumerateCodePoints(), compatibility);
        if (compose) changes = Compose(changes);
        text.Transform(changes);
    }

    private static List<(int CodePoint, int Change)> Decompose(List<int> points, bool compatibility)
    {
        var result = new List<(int CodePoint, int Change)>(points.Count);
        var parts = new List<int>();
        var marksFrom = 0;         // where the marks behind the last starter begin
        foreach (var point in points)
        {
            parts.Clear();
            UnicodeData.Decompose(point, compatibility, parts);
            for (var i = 0; i < parts.Count; i++)
            {
                if (UnicodeData.CombiningClass(parts[i]) == 0)
                {
                    Reorder(result, marksFrom);
                    result.Add((parts[i], i > 0 ? 1 : 0));
                    marksFrom = result.Count;
                }
                else result.Add((parts[i], i > 0 ? 1 : 0));
            }
        }
        Reorder(result, marksFrom);
        return result;
    }

    /// <summary>Marks stand in the order of their classes, equal ones as they came (a stable sort).</summary>
    private static void Reorder(List<(int CodePoint, int Change)> list, int from)
    {
        if (list.Count - from < 2) return;
        var sorted = list.Skip(from).OrderBy(x => UnicodeData.CombiningClass(x.CodePoint)).ToList();
        for (var i = 0; i < sorted.Count; i++) list[from + i] = sorted[i];
    }

    private static List<(int CodePoint, int Change)> Compose(List<(int CodePoint, int Change)> list)
    {
        var result = new List<(int CodePoint, int Change)>(list.Count);
        var starter = -1;          // where in the result the last starter is
        var lastClass = -1;        // the class of what was last kept behind it; -1: nothing
        foreach (var (point, change) in list)
        {
            var combining = UnicodeData.CombiningClass(point);
            if (starter >= 0 && (lastClass < 0 || lastClass < combining))
            {
                var composed = UnicodeData.Compose(result[starter].CodePoint, point);
                if (composed >= 0)
                {
                    // What both consumed: 1 - change old characters each.
                    result[starter] = (composed, result[starter].Change + change - 1);
                    continue;
                }
            }
            result.Add((point, change));
            if (combining == 0) (starter, lastClass) = (result.Count - 1, -1);
            else if (starter >= 0) lastClass = combining;
        }
        return result;
    }
}
