using System.Text;

namespace Heed;

/// <summary>
/// Watches streamed text for stop strings, also across token borders: holds back the end of the text as long as it could
/// still become one, and lets go of the rest.
/// </summary>
internal sealed class StopText(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>True once a stop string has appeared; the text before it has been given out, nothing after it is.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Takes new text; returns what is now certain to come before any stop string.</summary>
    public string Add(string text)
    {
        if (stops.Count == 0) return text;
        if (IsStopped) return "";
        _held.Append(text);
        var all = _held.ToString();
        var first = -1;
        foreach (var stop in stops)
        {
            var at = all.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }
        if (first >= 0)
        {
            IsStopped = true;
            _held.Clear();
            return all[..first];
        }
        var hold = 0;
        foreach (var stop in stops)
            for (var n = Math.Min(stop.Length - 1, all.Length); n > hold; n--)
                if (all.AsSpan(all.Length - n).SequenceEqual(stop.AsSpan(0, n)))
                {
                    hold = n;
                    break;
                }
        _held.Clear().Append(all, all.Length - hold, hold);
        return all[..^hold];
    }

    /// <summary>The text has ended: what was held back.</summary>
    public string Flush()
    {
        var rest = _held.ToString();
        _held.Clear();
        return rest;
    }
}
