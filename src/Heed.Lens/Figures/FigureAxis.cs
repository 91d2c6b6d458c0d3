namespace Heed.Lens.Figures;

/// <summary>One side of a table or grid: what its rows or columns are.</summary>
/// <param name="Title">What they are, in words ("layers", "positions").</param>
/// <param name="Labels">How each is written. Tokens are given as they are; figures make their spaces visible.</param>
/// <param name="Keys">The part that each adds to its cells' keys: L3, H1, p4.</param>
public sealed record FigureAxis(string Title, IReadOnlyList<string> Labels, IReadOnlyList<string> Keys)
{
    /// <summary>True if the labels are tokens.</summary>
    public bool AreTokens { get; init; }

    /// <summary>Layers 0, 1, 2, …: keys L0, L1, ….</summary>
    public static FigureAxis Layers(int count) => Numbered("layer", 'L', count);

    /// <summary>Heads 0, 1, 2, …: keys H0, H1, ….</summary>
    public static FigureAxis Heads(int count) => Numbered("head", 'H', count);

    /// <summary>Tokens at their positions: keys p0, p1, …, or another letter.</summary>
    public static FigureAxis Tokens(IReadOnlyList<string> tokens, string title = "position", char part = 'p')
        => new(title, tokens, [.. Enumerable.Range(0, tokens.Count).Select(i => $"{part}{i}")]) { AreTokens = true };

    /// <summary>Named rows or columns, the names being their keys.</summary>
    public static FigureAxis Named(string title, params IReadOnlyList<string> names) => new(title, names, [.. names.Select(FigureKey.Of)]);

    /// <summary>How many.</summary>
    public int Count => Labels.Count;

    /// <summary>The label as it is drawn.</summary>
    internal string LabelOf(int i) => AreTokens ? TokenLabel.Short(Labels[i]) : TokenLabel.OneLine(Labels[i]);

    /// <summary>The label in a sentence: layer 3, “forest”.</summary>
    internal string WordsOf(int i) => AreTokens ? TokenLabel.Quoted(Labels[i]) : Title.Length > 0 && LabelOf(i).All(char.IsAsciiDigit) ? $"{Title} {LabelOf(i)}" : LabelOf(i);

    internal void Check(string figure)
    {
        if (Labels.Count != Keys.Count) throw new ArgumentException($"{figure}: the axis \"{Title}\" has {Labels.Count} labels and {Keys.Count} keys.");
        if (Labels.Count == 0) throw new ArgumentException($"{figure}: the axis \"{Title}\" is empty.");
    }

    private static FigureAxis Numbered(string title, char part, int count)
        => new(title, [.. Enumerable.Range(0, count).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))], [.. Enumerable.Range(0, count).Select(i => $"{part}{i}")]);
}

/// <summary>Keys of marks.</summary>
internal static class FigureKey
{
    /// <summary>A name as one part of a key: without points and spaces, which have a meaning there.</summary>
    public static string Of(string name) => string.Concat(name.Select(c => c is '.' or ' ' ? '_' : c));

    /// <summary>A head's: L3.H1, or what is known of it.</summary>
    public static string Head(int? layer, int? head) => (layer, head) switch
    {
        ({ } l, { } h) => $"L{l}.H{h}",
        ({ } l, null) => $"L{l}",
        (null, { } h) => $"H{h}",
        _ => "A",
    };
}
