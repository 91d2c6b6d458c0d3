using System.Text;

namespace Heed.Tokenization.Models;

/// <summary>What a byte-pair model does besides merging.</summary>
internal sealed record BpeOptions
{
    /// <summary>A piece that is a token is that token, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Characters that are no token become the tokens of their UTF-8 bytes.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Neighbouring unknown characters become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>The token for what is in no token; null: such characters vanish.</summary>
    public string? Unknown { get; init; }

    /// <summary>Stands before every character but a piece's first, in the vocabulary.</summary>
    public string? ContinuingPrefix { get; init; }

    /// <summary>Stands behind a piece's last character, in the vocabulary.</summary>
    public string? EndSuffix { get; init; }
}

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016): a piece begins as its characters, and the pair of neighbours that comes first
/// in the list of merges is merged until none is in the list.
/// </summary>
internal sealed class BpeModel : TokenModel
{
    private const int DirectCharacters = 0x250;

    private readonly BpeOptions _options;
    private readonly Dictionary<long, (int Rank, int Id)> _merges;
    private readonly int[] _characters = new int[DirectCharacters];
    private readonly int[]? _bytes;
    private readonly int _unknown;
    private readonly bool _decorated;
    private readonly PieceCache _cache = new();

    [ThreadStatic] private static MergeChain? s_chain;

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="options">What else it does.</param>
    /// <param name="merges">The pairs in order, as ids, by <see cref="Pair"/>: their rank and the id of the token they merge to.</param>
    public BpeModel(Vocabulary vocabulary, Dictionary<long, (int Rank, int Id)> merges, BpeOptions options) : base(vocabulary)
    {
        _options = options;
        _merges = merges;
        _unknown = options.Unknown is null ? -1 : vocabulary.Id(options.Unknown);
        _bytes = options.ByteFallback ? ByteTokens(vocabulary) : null;
        _decorated = options.ContinuingPrefix is { Length: > 0 } || options.EndSuffix is { Length: > 0 };
        Span<char> one = stackalloc char[1];
        for (var c = 0; c < DirectCharacters; c++)
        {
            one[0] = (char)c;
            _characters[c] = vocabulary.Id(one);
        }
    }

    public static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    public override void Tokenize(ReadOnlySpan<char> piece, int offset, TokenList output)
    {
        if (_options.IgnoreMerges)
        {
            var whole = Vocabulary.Id(piece);
            if (whole >= 0)
            {
                output.Add(whole, offset, offset + piece.Length);
                return;
            }
        }
        if (_cache.TryAppend(piece, offset, output)) return;
        var from = output.Count;
        // The chain is kept per thread; a very long piece gets its own, so that its memory is not held.
        var chain = piece.Length > 1 << 16 ? new MergeChain() : s_chain ??= new MergeChain();
        chain.Clear();
        Fill(chain, piece);
        MergeAll(chain);
        for (var i = 0; i >= 0 && i < chain.Count; i = chain[i].Next)
            output.Add(chain[i].Id, offset + chain[i].Start, offset + chain[i].End);
        _cache.Remember(piece, offset, output, from);
    }

    /// <summary>The piece's characters as symbols.</summary>
    private void Fill(MergeChain chain, ReadOnlySpan<char> piece)
    {
        int unknownStart = -1, unknownEnd = -1;        // unknown characters that are not yet written
        for (var at = 0; at < piece.Length;)
        {
            var codePoint = CodePoints.At(piece, at, out var units);
            var end = at + units;
            var id = _decorated ? DecoratedId(piece, at, end)
                : codePoint < DirectCharacters ? _characters[codePoint] : Vocabulary.Id(piece[at..end]);
            if (id >= 0)
            {
                FlushUnknown();
                chain.AddSymbol(id, at, end);
            }
            else if (!TryBytes(chain, piece, at, end) && _options.Unknown is not null)
            {
                if (_unknown < 0)
                    throw new HeedException($"The text has a character that is in no token ({piece[at..end]}), and the tokenizer's unk_token \"{_options.Unknown}\" is not in its vocabulary.");
                if (unknownStart >= 0 && !_options.FuseUnknown) FlushUnknown();
                if (unknownStart < 0) unknownStart = at;
                unknownEnd = end;
            }
            at = end;
        }
        FlushUnknown();

        void FlushUnknown()
        {
            if (unknownStart >= 0) chain.AddSymbol(_unknown, unknownStart, unknownEnd);
            unknownStart = -1;
        }
    }

    private bool TryBytes(MergeChain chain, ReadOnlySpan<char> piece, int start, int end)
    {
        if (_bytes is null) return false;
        if (_decorated) return TryDecoratedBytes(chain, Decorate(piece, start, end), start, end);
        Span<byte> bytes = stackalloc byte[4];
        var count = System.Text.Encoding.UTF8.GetBytes(piece[start..end], bytes);
        return TryBytes(chain, bytes[..count], start, end);
    }

    private bool TryDecoratedBytes(MergeChain chain, string text, int start, int end)
        => TryBytes(chain, System.Text.Encoding.UTF8.GetBytes(text), start, end);

    private bool TryBytes(MergeChain chain, ReadOnlySpan<byte> bytes, int start, int end)
    {
        foreach (var b in bytes)
            if (_bytes![b] < 0) return false;
        foreach (var b in bytes) chain.AddSymbol(_bytes![b], start, end);
        return true;
    }

    private int DecoratedId(ReadOnlySpan<char> piece, int start, int end) => Vocabulary.Id(Decorate(piece, start, end));

    private string Decorate(ReadOnlySpan<char> piece, int start, int end)
    {
        var text = new StringBuilder();
        if (start > 0) text.Append(_options.ContinuingPrefix);
        text.Append(piece[start..end]);
        if (end == piece.Length) text.Append(_options.EndSuffix);
        return text.ToString();
    }

    private void MergeAll(MergeChain chain)
    {
        long steps = chain.Count;
        for (var i = 0; i + 1 < chain.Count; i++) Consider(chain, i);
        while (chain.TryPop(out var merge))
        {
            steps++;
            ref var left = ref chain[merge.Position];
            if (left.End < 0 || left.Next < 0) continue;
            // An older entry: one of the two has changed since.
            if (!_merges.TryGetValue(Pair(left.Id, chain[left.Next].Id), out var now) || now.Id != merge.Id) continue;
            chain.Join(merge.Position, merge.Id);
            if (chain[merge.Position].Previous >= 0) Consider(chain, chain[merge.Position].Previous);
            Consider(chain, merge.Position);
        }
        OperationCounter.Add(steps);
    }

    private void Consider(MergeChain chain, int position)
    {
        var next = chain[position].Next;
        if (next >= 0 && _merges.TryGetValue(Pair(chain[position].Id, chain[next].Id), out var merge))
            chain.Push(new Merge(merge.Rank, position, merge.Id));
    }
}
