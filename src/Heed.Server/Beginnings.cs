namespace Heed.Server;

/// <summary>A text whose keys and values are kept, and what its run kept of the same tokens.</summary>
internal sealed class Beginning(KeyValueCache cache)
{
    public KeyValueCache Cache { get; } = cache;
    public Trace Trace { get; set; } = new(new TraceSelection());
}

/// <summary>
/// The texts that ran last, for those that begin like them: while somebody types, only what is new is computed, and it is the same as if
/// all were. Used by whoever has the engine.
/// </summary>
internal sealed class Beginnings(LanguageModel model, long maxBytes)
{
    /// <summary>Those used last come first.</summary>
    private readonly LinkedList<Beginning> _kept = [];
    private readonly List<Beginning> _taken = [];

    /// <summary>Runs a pass that takes some of them; if it fails, they are gone.</summary>
    public void Run(Action pass)
    {
        _taken.Clear();
        pass();
        foreach (var one in _taken) _kept.AddFirst(one);
        _taken.Clear();
        var bytes = 0L;
        for (var place = _kept.First; place is not null;)
        {
            var next = place.Next;
            bytes += place.Value.Cache.ByteLength;
            if (bytes > maxBytes) _kept.Remove(place);
            place = next;
        }
    }

    /// <summary>
    /// What a text begins with, cut to the tokens they have in common, of which at least one is left to compute. Where none has half of it, an
    /// empty one: what others may be writing is left to them.
    /// </summary>
    public Beginning Take(ReadOnlySpan<int> tokens)
    {
        Beginning? best = null;
        var most = 0;
        foreach (var one in _kept)
        {
            var common = Math.Min(one.Cache.Tokens.CommonPrefixLength(tokens), tokens.Length - 1);
            if (common > most) (best, most) = (one, common);
        }
        if (best is not null && 2 * most >= tokens.Length) _kept.Remove(best);
        else (best, most) = (new(new KeyValueCache(model.Config)), 0);
        best.Cache.Truncate(most);
        _taken.Add(best);
        return best;
    }
}
