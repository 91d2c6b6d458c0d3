namespace Heed.Lens.Figures;

/// <summary>Neighbouring keys that share a row or column of a grid: one, or several whose weights are added up.</summary>
internal readonly record struct KeyGroup(int First, int End)
{
    public bool IsOne => End - First == 1;

    /// <summary>The part of a mark's key: k4, k0-339.</summary>
    public string Part => IsOne ? $"k{First}" : $"k{First}-{End - 1}";

    /// <summary>Every key of its own.</summary>
    public static List<KeyGroup> Singles(int first, int end) => [.. Enumerable.Range(first, end - first).Select(k => new KeyGroup(k, k + 1))];

    /// <summary>As few groups as keep to a number of them.</summary>
    public static List<KeyGroup> Even(int count, int most)
    {
        var size = (count + most - 1) / most;
        return [.. Enumerable.Range(0, (count + size - 1) / size).Select(i => new KeyGroup(i * size, Math.Min(count, (i + 1) * size)))];
    }
}

/// <summary>Tokens in the words of a mark, told apart by position where several are the same.</summary>
internal sealed class TokenWords(IReadOnlyList<string> tokens)
{
    private readonly HashSet<string> _repeated = [.. tokens.GroupBy(t => TokenLabel.Short(t)).Where(g => g.Count() > 1).Select(g => g.Key)];

    /// <summary>“mole”, or “the” at 5.</summary>
    public string Of(int position)
        => _repeated.Contains(TokenLabel.Short(tokens[position])) ? $"{TokenLabel.Quoted(tokens[position])} at {position}" : TokenLabel.Quoted(tokens[position]);
}
