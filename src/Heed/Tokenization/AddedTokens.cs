using System.Buffers;

namespace Heed.Tokenization;

/// <summary>A token that is found in the text before the model sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="SingleWord">Only where it is not part of a longer word.</param>
/// <param name="LeftStrip">Takes the white space before it.</param>
/// <param name="RightStrip">Takes the white space behind it.</param>
/// <param name="Normalized">Looked for in the normalised text (itself normalised); otherwise in the text as it is.</param>
/// <param name="Special">Left out when decoding without special tokens.</param>
internal sealed record AddedToken(int Id, string Content, bool SingleWord = false, bool LeftStrip = false, bool RightStrip = false, bool Normalized = false, bool Special = false);

/// <summary>Finds added tokens: the leftmost, and of those that begin there the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly CharTrie _trie = new();
    private readonly List<AddedToken> _tokens = [];
    private readonly SearchValues<char> _firsts;

    /// <param name="tokens">The tokens and the text each is looked for by.</param>
    public AddedTokenFinder(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        var firsts = new HashSet<char>();
        foreach (var (text, token) in tokens)
        {
            if (text.Length == 0) continue;
            _trie.Add(text, _tokens.Count);
            _tokens.Add(token);
            firsts.Add(text[0]);
        }
        _firsts = SearchValues.Create(firsts.ToArray());
    }

    public bool IsEmpty => _tokens.Count == 0;

    /// <summary>Cuts <paramref name="text"/> into found tokens and what is between them, as pieces from <paramref name="offset"/> on.</summary>
    public void Cut(ReadOnlySpan<char> text, int offset, List<Piece> pieces)
    {
        var done = 0;
        var at = 0;
        long steps = 0;
        while (at < text.Length)
        {
            var skip = text[at..].IndexOfAny(_firsts);
            if (skip < 0) break;
            at += skip;
            var (token, end) = Longest(text, at, ref steps);
            if (token is null)
            {
                at++;
                continue;
            }
            var start = at;
            at = end;
            if (token.SingleWord && !IsAlone(text, start, end)) continue;
            if (token.LeftStrip)
                while (start > done && char.IsWhiteSpace(text[start - 1])) start--;
            start = Math.Max(start, done);
            if (token.RightStrip)
                while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
            if (start > done) pieces.Add(new Piece(offset + done, offset + start));
            pieces.Add(new Piece(offset + start, offset + end, token.Id));
            done = end;
        }
        if (done < text.Length) pieces.Add(new Piece(offset + done, offset + text.Length));
        OperationCounter.Add(steps);
    }

    private (AddedToken? Token, int End) Longest(ReadOnlySpan<char> text, int start, ref long steps)
    {
        AddedToken? best = null;
        var bestEnd = start;
        var node = 0;
        for (var at = start; at < text.Length; at++)
        {
            steps++;
            node = _trie.Step(node, text[at]);
            if (node < 0) break;
            if (_trie.Value(node) is >= 0 and var found) (best, bestEnd) = (_tokens[found], at + 1);
        }
        return (best, bestEnd);
    }

    private static bool IsAlone(ReadOnlySpan<char> text, int start, int end)
        => (start == 0 || !CodePoints.IsWord(CodePoints.Before(text, start, out _)))
            && (end == text.Length || !CodePoints.IsWord(CodePoints.At(text, end, out _)));
}
