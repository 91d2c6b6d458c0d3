namespace Heed.Tokenization.Models;

/// <summary>Builds the table of merges from pairs of texts.</summary>
internal sealed class MergeTable(Vocabulary vocabulary, int capacity, string? continuingPrefix, string file)
{
    private readonly int _prefix = continuingPrefix?.Length ?? 0;
    private char[] _joined = new char[256];
    private int _rank;

    /// <summary>GGUF's way: of equal pairs the first counts, and a merge of tokens that are not there is passed over.</summary>
    public bool Lenient { get; init; }

    /// <summary>Rank and result by the pair of ids.</summary>
    public Dictionary<long, (int Rank, int Id)> Merges { get; } = new(capacity);

    /// <summary>Adds the next merge, written "left right".</summary>
    public void Add(ReadOnlySpan<char> line)
    {
        var space = line.IndexOf(' ');
        if (space <= 0 || space == line.Length - 1 || line[(space + 1)..].Contains(' '))
            throw new HeedException($"{file}: merge {_rank} is \"{line}\"; it must be two tokens with a space between them.");
        Add(line[..space], line[(space + 1)..]);
    }

    /// <summary>Adds the next merge.</summary>
    public void Add(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        if (right.Length < _prefix) throw new HeedException($"{file}: merge {_rank}: \"{right}\" is shorter than continuing_subword_prefix.");
        var length = left.Length + right.Length - _prefix;
        if (length > _joined.Length) _joined = new char[length * 2];
        left.CopyTo(_joined);
        right[_prefix..].CopyTo(_joined.AsSpan(left.Length));
        if (Lenient)
        {
            int l = vocabulary.Id(left), r = vocabulary.Id(right), joined = vocabulary.Id(_joined.AsSpan(0, length));
            if (l >= 0 && r >= 0 && joined >= 0) Merges.TryAdd(BpeModel.Pair(l, r), (_rank, joined));
            _rank++;
            return;
        }
        var pair = BpeModel.Pair(Require(left), Require(right));
        Merges[pair] = (_rank++, Require(_joined.AsSpan(0, length)));
    }

    private int Require(ReadOnlySpan<char> token)
    {
        var id = vocabulary.Id(token);
        return id >= 0 ? id : throw new HeedException($"{file}: merge {_rank} needs the token \"{token}\", which is not in the vocabulary.");
    }
}
