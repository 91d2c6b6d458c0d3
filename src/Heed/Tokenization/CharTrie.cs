namespace Heed.Tokenization;

/// <summary>A set of texts with a number each, for finding which of them begin at a place. Node 0 is the root.</summary>
internal sealed class CharTrie
{
    private readonly Dictionary<long, int> _children = [];
    private readonly List<int> _values = [-1];

    /// <summary>Adds a text; the last number given to it counts.</summary>
    public void Add(ReadOnlySpan<char> text, int value)
    {
        var node = 0;
        foreach (var c in text)
        {
            ref var child = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_children, Key(node, c), out var exists);
            if (!exists)
            {
                child = _values.Count;
                _values.Add(-1);
            }
            node = child;
        }
        _values[node] = value;
    }

    /// <summary>The node that <paramref name="c"/> leads to, or -1.</summary>
    public int Step(int node, char c) => _children.TryGetValue(Key(node, c), out var child) ? child : -1;

    /// <summary>The number of the text that ends at a node, or -1.</summary>
    public int Value(int node) => _values[node];

    private static long Key(int node, char c) => ((long)node << 16) | c;
}
