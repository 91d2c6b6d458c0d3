namespace Heed.Tokenization;

/// <summary>The tokens found so far, in order, with where each comes from.</summary>
internal sealed class TokenList
{
    private int[] _ids;
    private int[] _starts;
    private int[] _ends;

    /// <summary>Texts of the tokens that are not their id's entry in the vocabulary (unknown pieces, stripped added tokens), by position.</summary>
    private Dictionary<int, string>? _texts;

    public TokenList(int capacity = 16)
    {
        _ids = new int[capacity];
        _starts = new int[capacity];
        _ends = new int[capacity];
    }

    public int Count { get; private set; }

    public Span<int> Ids => _ids.AsSpan(0, Count);
    public Span<int> Starts => _starts.AsSpan(0, Count);
    public Span<int> Ends => _ends.AsSpan(0, Count);

    /// <summary>Adds a token that covers [start, end) of the piece's text.</summary>
    public void Add(int id, int start, int end, string? text = null)
    {
        if (Count == _ids.Length)
        {
            Array.Resize(ref _ids, Count * 2);
            Array.Resize(ref _starts, Count * 2);
            Array.Resize(ref _ends, Count * 2);
        }
        if (text is not null) (_texts ??= [])[Count] = text;
        _ids[Count] = id;
        _starts[Count] = start;
        _ends[Count] = end;
        Count++;
    }

    /// <summary>The token's own text, if it is not its id's entry in the vocabulary.</summary>
    public string? Text(int at) => _texts is null ? null : _texts.GetValueOrDefault(at);
}
