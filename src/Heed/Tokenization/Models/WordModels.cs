namespace Heed.Tokenization.Models;

/// <summary>
/// WordPiece (BERT): a word is cut into the longest token that it begins with, then the longest that continues it, and so on;
/// a word for which this fails is the unknown token.
/// </summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly string _unknown;
    private readonly int _longestWord;
    private readonly int _longestContinuation;
    private readonly Dictionary<string, int> _continuations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public WordPieceModel(Vocabulary vocabulary, string unknown, string continuingPrefix, int longestWord) : base(vocabulary)
    {
        _unknown = unknown;
        _longestWord = longestWord;
        foreach (var (token, id) in vocabulary.All())
        {
            if (!token.StartsWith(continuingPrefix, StringComparison.Ordinal)) continue;
            _continuations[token[continuingPrefix.Length..]] = id;
            _longestContinuation = Math.Max(_longestContinuation, token.Length - continuingPrefix.Length);
        }
        _lookup = _continuations.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public override void Tokenize(ReadOnlySpan<char> piece, int offset, TokenList output)
    {
        var characters = piece.Length;
        foreach (var c in piece)
            if (char.IsLowSurrogate(c)) characters--;
        if (characters > _longestWord)
        {
            AddUnknown(piece, offset, output);
            return;
        }
        var found = new List<(int Id, int Start, int End)>();
        long steps = 0;
        for (var start = 0; start < piece.Length;)
        {
            var end = Math.Min(piece.Length, start + (start == 0 ? Vocabulary.LongestToken : _longestContinuation));
            var id = -1;
            while (end > start)
            {
                steps++;
                var part = piece[start..end];
                if (start == 0) id = Vocabulary.Id(part);
                else if (_lookup.TryGetValue(part, out var continuation)) id = continuation;
                if (id >= 0) break;
                end -= char.IsLowSurrogate(piece[end - 1]) && end - 1 > start ? 2 : 1;
            }
            if (id < 0)
            {
                AddUnknown(piece, offset, output);
                OperationCounter.Add(steps);
                return;
            }
            found.Add((id, start, end));
            start = end;
        }
        foreach (var (id, start, end) in found) output.Add(id, offset + start, offset + end);
        OperationCounter.Add(steps);
    }

    private void AddUnknown(ReadOnlySpan<char> piece, int offset, TokenList output)
    {
        var id = Vocabulary.Id(_unknown);
        if (id < 0) throw new HeedException($"The word \"{piece[..Math.Min(piece.Length, 40)]}\" is not in the vocabulary, and neither is the tokenizer's unk_token \"{_unknown}\".");
        output.Add(id, offset, offset + piece.Length);
    }
}

/// <summary>Whole words only.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, string unknown) : TokenModel(vocabulary)
{
    public override void Tokenize(ReadOnlySpan<char> piece, int offset, TokenList output)
    {
        var id = Vocabulary.Id(piece);
        if (id < 0) id = Vocabulary.Id(unknown);
        if (id < 0) throw new HeedException($"The word \"{piece[..Math.Min(piece.Length, 40)]}\" is not in the vocabulary, and neither is the tokenizer's unk_token \"{unknown}\".");
        output.Add(id, offset, offset + piece.Length);
        OperationCounter.Add(piece.Length);
    }
}
