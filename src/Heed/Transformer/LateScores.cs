using Heed.Tracing;

namespace Heed;

/// <summary>
/// While a text grows under one trace: the scores of earlier queries with the new keys. They are masked and change nothing, but one pass
/// over the whole text computes them, and a trace made in many passes shall hold the same.
/// </summary>
internal static unsafe class LateScores
{
    /// <summary>Adds them to the raw and scaled scores that the sequence's trace keeps of the layer.</summary>
    public static void Add(Transformer model, Probe probe, in Slice slice, int layer, float* query)
    {
        var raw = probe.Earlier(layer, ActivationNames.RawScores);
        var scaled = probe.Earlier(layer, ActivationNames.ScaledScores);
        var earlier = probe.Queries(layer, model.Config.Layers[layer]);
        if (earlier is null) return;
        if (raw is not null) Add(model, raw, isScaled: false, slice, layer, earlier);
        if (scaled is not null) Add(model, scaled, isScaled: true, slice, layer, earlier);
        var width = model.Config.Layers[layer].Heads * model.Config.Layers[layer].HeadSize;
        earlier.Add(slice.Position, new ReadOnlySpan<float>(query + (long)slice.Row * width, slice.Count * width));
    }

    private static void Add(Transformer model, KeptActivation kept, bool isScaled, in Slice slice, int layer, EarlierQueries earlier)
    {
        var config = model.Config.Layers[layer];
        int H = config.Heads, d = config.HeadSize, T = slice.Count, group = H / config.KeyValueHeads, at = 0;
        int[] heads = [.. kept.Heads];
        var values = new float[checked(heads.Length * kept.Positions.Count * T)];
        foreach (var h in heads)
            foreach (var position in kept.Positions)
                for (var k = 0; k < T; k++, at++)
                {
                    var key = slice.Position + k;
                    var keys = slice.Cache.Keys(key / KeyValueCache.BlockLength, layer, h / group) + key % KeyValueCache.BlockLength;
                    var row = earlier.Of(position).Slice(h * d, d);
                    var score = 0f;
                    for (var i = 0; i < d; i++) score += row[i] * keys[i * KeyValueCache.BlockLength];
                    if (isScaled)
                    {
                        score *= config.ScoreScale;
                        if (config.ScoreSoftCap is { } cap) score = cap * MathF.Tanh(score / cap);
                        if (model.AlibiSlopes is { } slopes) score += slopes[h] * (key - position);
                    }
                    values[at] = score;
                }
        kept.AddLate(values, slice.Position, T);
    }
}

/// <summary>The queries [position, H·d] of a growing text, as they were when they looked.</summary>
internal sealed class EarlierQueries(int width)
{
    private readonly List<float> _values = [];
    private int _first;

    public void Add(int position, ReadOnlySpan<float> queries)
    {
        if (position == 0) _values.Clear();
        if (_values.Count == 0) _first = position;
        _values.AddRange(queries);
    }

    public ReadOnlySpan<float> Of(int position)
        => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_values).Slice((position - _first) * width, width);
}
