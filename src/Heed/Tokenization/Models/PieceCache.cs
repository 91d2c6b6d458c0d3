using System.Collections.Concurrent;

namespace Heed.Tokenization.Models;

/// <summary>
/// The tokens of short pieces seen before: natural text repeats its words. Bounded in entries and in their length; safe
/// from several threads.
/// </summary>
internal sealed class PieceCache
{
    private const int LongestPiece = 48;
    private const int MaximumEntries = 1 << 16;

    private readonly ConcurrentDictionary<string, int[]> _tokens = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private int _count;

    public PieceCache() => _lookup = _tokens.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Appends the remembered tokens of <paramref name="piece"/>.</summary>
    public bool TryAppend(ReadOnlySpan<char> piece, int offset, TokenList output)
    {
        if (piece.Length > LongestPiece || !_lookup.TryGetValue(piece, out var tokens)) return false;
        for (var i = 0; i < tokens.Length; i += 3) output.Add(tokens[i], offset + tokens[i + 1], offset + tokens[i + 2]);
        return true;
    }

    /// <summary>Remembers the tokens of <paramref name="output"/> from <paramref name="from"/> on as those of <paramref name="piece"/>.</summary>
    public void Remember(ReadOnlySpan<char> piece, int offset, TokenList output, int from)
    {
        if (piece.Length > LongestPiece || _count >= MaximumEntries) return;
        var tokens = new int[(output.Count - from) * 3];
        for (int i = from, to = 0; i < output.Count; i++)
        {
            tokens[to++] = output.Ids[i];
            tokens[to++] = output.Starts[i] - offset;
            tokens[to++] = output.Ends[i] - offset;
        }
        if (_lookup.TryAdd(piece, tokens)) Interlocked.Increment(ref _count);
    }
}
