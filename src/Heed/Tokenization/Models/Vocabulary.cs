namespace Heed.Tokenization.Models;

/// <summary>Tokens by id and ids by token. Ids may have gaps, but not large ones.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly List<string?> _texts;

    public Vocabulary(int capacity)
    {
        _ids = new Dictionary<string, int>(capacity, StringComparer.Ordinal);
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _texts = new List<string?>(capacity);
    }

    /// <summary>One more than the largest id.</summary>
    public int Size => _texts.Count;

    /// <summary>How many tokens have an id.</summary>
    public int Count => _ids.Count;

    /// <summary>The longest token, in UTF-16 units.</summary>
    public int LongestToken { get; private set; }

    /// <summary>Gives <paramref name="token"/> an id; the last entry for a token or an id wins.</summary>
    public void Add(string token, int id, int expectedCount)
    {
        // A list with a huge hole in it is a damaged file, not a vocabulary; memory stays in proportion to the file.
        if (id < 0 || id > 16L * expectedCount + 1_000_000)
            throw new HeedException($"The token \"{token}\" has the id {id}, but the vocabulary has about {expectedCount} tokens.");
        while (_texts.Count <= id) _texts.Add(null);
        _texts[id] = token;
        _ids[token] = id;
        LongestToken = Math.Max(LongestToken, token.Length);
    }

    public string? Text(int id) => (uint)id < (uint)_texts.Count ? _texts[id] : null;

    /// <summary>The id of a token, or -1.</summary>
    public int Id(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out var id) ? id : -1;

    /// <summary>All tokens with their ids, in the order of ids.</summary>
    public IEnumerable<(string Token, int Id)> All()
    {
        for (var id = 0; id < _texts.Count; id++)
            if (_texts[id] is { } token) yield return (token, id);
    }
}
