using System.Globalization;
using System.Text.Json;

namespace Heed.Lens;

/// <summary>
/// An attention pattern somebody has in mind: which keys each query should look at. Heads are scored by how much they do
/// (<see cref="HeadScores"/>). Five are well known; others are drawn by an expression of offsets or as a matrix.
/// </summary>
public sealed class DrawnPattern
{
    /// <summary>Draws one query's row: sets the keys 0…query that it should look at, and leaves the others 0.</summary>
    private delegate void Draw(IReadOnlyList<int> tokens, int query, Span<float> keys);

    private readonly Draw _draw;
    private readonly int? _length;

    private DrawnPattern(string name, string meaning, Draw draw, int? length = null) => (Name, Meaning, _draw, _length) = (name, meaning, draw, length);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The number of tokens that it is for; null: any.</summary>
    public int? Length => _length;

    /// <summary>Which keys it is, in words.</summary>
    public string Meaning { get; }

    /// <summary>The token before.</summary>
    public static DrawnPattern PreviousToken { get; } = new("previous token", "the token before", (_, q, keys) =>
    {
        if (q > 0) keys[q - 1] = 1;
    });

    /// <summary>Earlier occurrences of the same token.</summary>
    public static DrawnPattern DuplicateToken { get; } = new("duplicate token", "the same token, earlier", (tokens, q, keys) =>
    {
        for (var k = 0; k < q; k++)
            if (tokens[k] == tokens[q]) keys[k] = 1;
    });

    /// <summary>What followed earlier occurrences of the same token (arXiv:2209.11895): where to look to repeat it.</summary>
    public static DrawnPattern Induction { get; } = new("induction", "what followed the same token earlier", (tokens, q, keys) =>
    {
        for (var k = 1; k <= q; k++)
            if (tokens[k - 1] == tokens[q]) keys[k] = 1;
    });

    /// <summary>The first token of the text, where heads look that have nothing to say. The first query, which has no choice, does not count.</summary>
    public static DrawnPattern FirstToken { get; } = new("first token", "the first token", (_, q, keys) =>
    {
        if (q > 0) keys[0] = 1;
    });

    /// <summary>The token itself. The first query, which has no choice, does not count.</summary>
    public static DrawnPattern Self { get; } = new("self", "the token itself", (_, q, keys) =>
    {
        if (q > 0) keys[q] = 1;
    });

    /// <summary>The five well-known ones.</summary>
    public static IReadOnlyList<DrawnPattern> WellKnown { get; } = [PreviousToken, DuplicateToken, Induction, FirstToken, Self];

    /// <summary>
    /// A pattern from an expression: keys by their distance from the query (<c>q</c>, <c>q-1</c>) or by their position (<c>0</c>), and
    /// ranges of them (<c>q-4..q-1</c>), with commas between. Keys before the text's beginning or after the query are left out; a query
    /// for which none is left does not count.
    /// </summary>
    /// <exception cref="HeedException">It is no such expression.</exception>
    public static DrawnPattern Parse(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        var ranges = expression.Split(',', StringSplitOptions.TrimEntries).Select(term =>
        {
            var ends = term.Split("..", StringSplitOptions.TrimEntries);
            if (ends.Length > 2) throw Wrong(expression, term);
            var from = End(expression, ends[0]);
            return (From: from, To: ends.Length == 2 ? End(expression, ends[1]) : from);
        }).ToArray();
        return new(expression.Trim(), $"key {expression.Trim()}", (_, q, keys) =>
        {
            foreach (var (from, to) in ranges)
                for (int k = Math.Max(0, from.At(q)), last = Math.Min(q, to.At(q)); k <= last; k++) keys[k] = 1;
        });
    }

    /// <summary>A pattern given as numbers: row q holds, from 0 to 1, how much query q should look at each key.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="weights">As many rows as the text has tokens; row q has a number for each key up to q at least, and 0 (or nothing) after. A row of zeros does not count.</param>
    /// <exception cref="HeedException">It is not such a matrix.</exception>
    public static DrawnPattern Of(string name, IReadOnlyList<IReadOnlyList<float>> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (weights.Count == 0) throw new HeedException($"The pattern \"{name}\" has no rows; give one for each token.");
        for (var q = 0; q < weights.Count; q++)
        {
            if (weights[q].Count <= q) throw new HeedException($"The pattern \"{name}\": row {q} has {weights[q].Count} numbers; query {q} can look at keys 0…{q} and needs {q + 1} at least.");
            for (var k = 0; k < weights[q].Count; k++)
            {
                if (!(weights[q][k] is >= 0 and <= 1)) throw new HeedException(string.Create(CultureInfo.InvariantCulture, $"The pattern \"{name}\" has {weights[q][k]} for query {q} and key {k}; numbers are from 0 to 1."));
                if (k > q && weights[q][k] != 0) throw new HeedException($"The pattern \"{name}\" lets query {q} look at key {k}, which comes after it; rows are queries, columns are keys.");
            }
        }
        return new(name, $"a matrix of {weights.Count} × {weights.Count}", (_, q, keys) =>
        {
            for (var k = 0; k <= q; k++) keys[k] = weights[q][k];
        }, weights.Count);
    }

    /// <summary>A pattern from JSON: an array of rows, each an array of numbers, as for <see cref="Of"/>.</summary>
    /// <exception cref="HeedException">It is not JSON, or no such matrix.</exception>
    public static DrawnPattern FromJson(string name, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Of(name, [.. document.RootElement.EnumerateArray().Select(row => row.EnumerateArray().Select(x => x.GetSingle()).ToArray())]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new HeedException($"The pattern \"{name}\" is no matrix: {e.Message} Write an array of rows, [[1],[1,0],[0,1,0]], one for each token.", e);
        }
    }

    /// <summary>One query's row: the keys 0…query it should look at, from 0 to 1.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="query">The query's position.</param>
    /// <param name="keys">[query + 1], overwritten.</param>
    /// <returns>False if it should look at none, and does not count.</returns>
    public bool Row(IReadOnlyList<int> tokens, int query, Span<float> keys)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        keys.Clear();
        _draw(tokens, query, keys);
        return keys.ContainsAnyExcept(0f);
    }

    /// <summary>Refuses a text that a matrix is not for.</summary>
    internal void Check(IReadOnlyList<int> tokens)
    {
        if (_length is { } length && length != tokens.Count) throw new HeedException($"The pattern \"{Name}\" is for {length} tokens; the text has {tokens.Count}.");
    }

    /// <summary>Its name.</summary>
    public override string ToString() => Name;

    /// <summary>A key: at a distance before the query, or at a position.</summary>
    private readonly record struct KeyPlace(bool IsRelative, int Value)
    {
        public int At(int query) => IsRelative ? query - Value : Value;
    }

    private static KeyPlace End(string expression, string end)
    {
        if (end == "q") return new(true, 0);
        if (end.StartsWith('q') && end[1..].TrimStart() is ['-', .. var rest] && int.TryParse(rest.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var distance)) return new(true, distance);
        if (int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var position)) return new(false, position);
        throw Wrong(expression, end);
    }

    private static HeedException Wrong(string expression, string part)
        => new($"\"{part}\" in the pattern \"{expression}\" is no key. Write q for the query itself, q-1 for the token before, 0 for the first token, q-4..q-1 for a range; with commas between several.");
}
