namespace Heed.Tokenization.Models;

/// <summary>
/// Unigram (Kudo 2018): of all ways to cut a piece into tokens, the one with the largest sum of scores (logarithms of
/// probabilities), found by dynamic programming from left to right. Characters in no token cost ten more than the worst
/// score; neighbours of them become one unknown token.
/// </summary>
internal sealed class UnigramModel : TokenModel
{
    private const double UnknownPenalty = 10;

    private readonly CharTrie _trie = new();
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int _unknown;
    private readonly int[]? _bytes;

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="scores">The logarithms of the tokens' probabilities, by id.</param>
    /// <param name="unknownId">The token for what is in no other.</param>
    /// <param name="byteFallback">Unknown text becomes the tokens of its bytes.</param>
    /// <param name="canBeChosen">Which ids are tokens of text; null: all.</param>
    /// <param name="lowest">The lowest score, if not that of all tokens.</param>
    public UnigramModel(Vocabulary vocabulary, double[] scores, int? unknownId, bool byteFallback, Func<int, bool>? canBeChosen = null, double? lowest = null) : base(vocabulary)
    {
        _scores = scores;
        _unknown = unknownId ?? -1;
        _bytes = byteFallback ? ByteTokens(vocabulary) : null;
        foreach (var (token, id) in vocabulary.All())
            if (token.Length > 0 && (canBeChosen is null || canBeChosen(id))) _trie.Add(token, vocabulary.Id(token));
        _unknownScore = (lowest ?? (scores.Length > 0 ? scores.Min() : 0)) - UnknownPenalty;
    }

    private struct Best
    {
        public double Score;
        public int Start;
        public int Id;
    }

    public override void Tokenize(ReadOnlySpan<char> piece, int offset, TokenList output)
    {
        var best = new Best[piece.Length + 1];
        for (var i = 1; i < best.Length; i++) best[i].Start = -1;
        long steps = 0;
        for (var start = 0; start < piece.Length;)
        {
            CodePoints.At(piece, start, out var units);
            var score = best[start].Score;
            var single = false;
            var node = 0;
            for (var at = start; at < piece.Length; at++)
            {
                steps++;
                node = _trie.Step(node, piece[at]);
                if (node < 0) break;
                var id = _trie.Value(node);
                if (id < 0) continue;
                Offer(best, at + 1, start, id, score + _scores[id]);
                single |= at + 1 - start == units;
            }
            if (!single)
            {
                if (_unknown < 0)
                    throw new HeedException($"The text has a character that is in no token ({piece.Slice(start, units)}), and the tokenizer has no unk_id.");
                Offer(best, start + units, start, _unknown, score + _unknownScore);
            }
            start += units;
        }
        OperationCounter.Add(steps);
        Emit(piece, offset, best, output);
    }

    private static void Offer(Best[] best, int end, int start, int id, double score)
    {
        ref var target = ref best[end];
        if (target.Start >= 0 && score <= target.Score) return;
        target = new Best { Score = score, Start = start, Id = id };
    }

    private void Emit(ReadOnlySpan<char> piece, int offset, Best[] best, TokenList output)
    {
        var path = new List<(int Start, int End, int Id)>();
        for (var end = piece.Length; end > 0;)
        {
            var (start, id) = (best[end].Start, best[end].Id);
            if (id == _unknown && path.Count > 0 && path[^1].Id == _unknown) path[^1] = (start, path[^1].End, id);
            else path.Add((start, end, id));
            end = start;
        }
        for (var i = path.Count - 1; i >= 0; i--)
        {
            var (start, end, id) = path[i];
            if (id != _unknown) output.Add(id, offset + start, offset + end);
            else EmitUnknown(piece[start..end], offset + start, output);
        }
    }

    private void EmitUnknown(ReadOnlySpan<char> text, int start, TokenList output)
    {
        var end = start + text.Length;
        var id = Vocabulary.Id(text);
        if (id >= 0)
        {
            output.Add(id, start, end);
            return;
        }
        if (_bytes is not null)
        {
            var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(text)];
            System.Text.Encoding.UTF8.GetBytes(text, bytes);
            if (Array.TrueForAll(bytes, b => _bytes[b] >= 0))
            {
                foreach (var b in bytes) output.Add(_bytes[b], start, end);
                return;
            }
        }
        output.Add(_unknown, start, end, text.ToString());
    }
}
