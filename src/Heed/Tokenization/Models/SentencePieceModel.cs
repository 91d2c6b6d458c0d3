namespace Heed.Tokenization.Models;

/// <summary>
/// SentencePiece's byte-pair encoding: neighbours whose joined text is a token are merged, the token with the highest score
/// first, the leftmost of equals. What is in no token becomes the tokens of its bytes.
/// </summary>
internal sealed class SentencePieceModel : TokenModel
{
    private readonly int[] _ranks;
    private readonly int[] _bytes;
    private readonly int _unknown;

    [ThreadStatic] private static MergeChain? s_chain;

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="scores">Their scores, by id.</param>
    /// <param name="unknownId">For bytes without a token; -1: none.</param>
    public SentencePieceModel(Vocabulary vocabulary, float[] scores, int unknownId) : base(vocabulary)
    {
        _bytes = ByteTokens(vocabulary);
        _unknown = unknownId;
        // Ranks: 0 for the highest score; equal scores have equal ranks.
        var order = new int[scores.Length];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        Array.Sort(order, (a, b) => scores[b].CompareTo(scores[a]));
        _ranks = new int[scores.Length];
        for (int i = 1, rank = 0; i < order.Length; i++)
            _ranks[order[i]] = scores[order[i]] == scores[order[i - 1]] ? rank : ++rank;
    }

    public override void Tokenize(ReadOnlySpan<char> piece, int offset, TokenList output)
    {
        var chain = piece.Length > 1 << 16 ? new MergeChain() : s_chain ??= new MergeChain();
        chain.Clear();
        for (var at = 0; at < piece.Length;)
        {
            CodePoints.At(piece, at, out var units);
            chain.AddSymbol(Vocabulary.Id(piece.Slice(at, units)), at, at + units);
            at += units;
        }
        MergeAll(chain, piece);
        for (var i = 0; i >= 0 && i < chain.Count; i = chain[i].Next)
        {
            var symbol = chain[i];
            if (symbol.Id >= 0) output.Add(symbol.Id, offset + symbol.Start, offset + symbol.End);
            else AddBytes(piece[symbol.Start..symbol.End], offset + symbol.Start, output);
        }
    }

    private void MergeAll(MergeChain chain, ReadOnlySpan<char> piece)
    {
        long steps = chain.Count;
        for (var i = 0; i + 1 < chain.Count; i++) Consider(chain, i, piece);
        while (chain.TryPop(out var merge))
        {
            steps++;
            ref var left = ref chain[merge.Position];
            if (left.End < 0 || left.Next < 0) continue;
            // An older entry, if the two no longer make up the token's text.
            if (chain[left.Next].End - left.Start != Vocabulary.Text(merge.Id)!.Length) continue;
            chain.Join(merge.Position, merge.Id);
            if (chain[merge.Position].Previous >= 0) Consider(chain, chain[merge.Position].Previous, piece);
            Consider(chain, merge.Position, piece);
        }
        OperationCounter.Add(steps);
    }

    private void Consider(MergeChain chain, int position, ReadOnlySpan<char> piece)
    {
        var left = chain[position];
        if (left.Next < 0) return;
        var end = chain[left.Next].End;
        if (end - left.Start > Vocabulary.LongestToken) return;
        var id = Vocabulary.Id(piece[left.Start..end]);
        if (id >= 0) chain.Push(new Merge(_ranks[id], position, id));
    }

    private void AddBytes(ReadOnlySpan<char> text, int start, TokenList output)
    {
        Span<byte> bytes = stackalloc byte[4];
        var count = System.Text.Encoding.UTF8.GetBytes(text, bytes);
        foreach (var b in bytes[..count])
        {
            var id = _bytes[b] >= 0 ? _bytes[b] : _unknown;
            if (id < 0) throw new HeedException($"The text has a character that is in no token ({text}), and the vocabulary has no token <0x{b:X2}>.");
            output.Add(id, start, start + text.Length);
        }
    }
}
