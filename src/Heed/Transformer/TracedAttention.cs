using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>Steps 4 to 8 of <see cref="Attention"/> with every grid stored, for traces: T queries × all keys, head by head.</summary>
internal static unsafe class TracedAttention
{
    /// <summary>Computes and shows scores, pattern and z of one sequence; z is written over the fused path's.</summary>
    /// <param name="model">Configuration.</param>
    /// <param name="slice">The sequence, with a trace.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="query">[N, H, d], rotated.</param>
    /// <param name="z">[N, H, d].</param>
    public static void Forward(Transformer model, Slice slice, int layer, float* query, float* z)
    {
        var config = model.Config.Layers[layer];
        var trace = slice.Run.Trace!;
        int T = slice.Count, keys = slice.Position + T, H = config.Heads, d = config.HeadSize, group = H / config.KeyValueHeads;
        var grid = new FloatVector(checked(H * T * keys));
        var scores = grid.Pointer;
        var row = stackalloc float[KeyValueCache.BlockLength];
        ReadOnlySpan<(string, int)> axes = [("head", H), ("query", T), ("key", keys)];

        // 4. Scores: every key·query product.
        for (var h = 0; h < H; h++)
            for (var t = 0; t < T; t++)
                for (var start = 0; start < keys; start += KeyValueCache.BlockLength)
                {
                    AttentionKernels.Scores(query + (((long)slice.Row + t) * H + h) * d, d, 1,
                        slice.Cache.Keys(start / KeyValueCache.BlockLength, layer, h / group), d, row);
                    var count = Math.Min(KeyValueCache.BlockLength, keys - start);
                    new ReadOnlySpan<float>(row, count).CopyTo(new(scores + ((long)h * T + t) * keys + start, count));
                }
        trace.Observe(ActivationNames.InBlock(layer, ActivationNames.RawScores), scores, axes);

        // 5. ÷√d for numerical stability; some models cap scores, some add a bias that grows with distance.
        VectorMath.Scale(scores, config.ScoreScale, grid.Length);
        if (config.ScoreSoftCap is { } cap) VectorMath.SoftCap(scores, cap, grid.Length);
        if (model.AlibiSlopes is { } slopes)
            for (var h = 0; h < H; h++)
                for (var t = 0; t < T; t++)
                    for (var j = 0; j < keys; j++) scores[((long)h * T + t) * keys + j] += slopes[h] * (j - slice.Position - t);
        trace.Observe(ActivationNames.InBlock(layer, ActivationNames.ScaledScores), scores, axes);

        // 6. Mask: where a later token would influence an earlier one, −∞.
        for (var h = 0; h < H; h++)
            for (var t = 0; t < T; t++)
            {
                var line = new Span<float>(scores + ((long)h * T + t) * keys, keys);
                var position = slice.Position + t;
                line[..Attention.FirstVisible(config, position)].Fill(float.NegativeInfinity);
                line[(position + 1)..].Fill(float.NegativeInfinity);
            }
        trace.Observe(ActivationNames.InBlock(layer, ActivationNames.Scores), scores, axes);

        // 7. Softmax: each query's scores become weights that sum to 1.
        for (var i = 0L; i < (long)H * T; i++) VectorMath.Softmax(scores + i * keys, keys);
        trace.Observe(ActivationNames.InBlock(layer, ActivationNames.Pattern), scores, axes);

        // 8. Values, summed with these weights.
        for (var h = 0; h < H; h++)
            for (var t = 0; t < T; t++)
            {
                var sum = z + (((long)slice.Row + t) * H + h) * d;
                new Span<float>(sum, d).Clear();
                for (var start = 0; start < keys; start += KeyValueCache.BlockLength)
                    AttentionKernels.AddWeighted(scores + ((long)h * T + t) * keys + start, 1, Math.Min(KeyValueCache.BlockLength, keys - start),
                        slice.Cache.Values(start / KeyValueCache.BlockLength, layer, h / group), d, sum, d);
            }
    }

    /// <summary>Each head's own ΔE: its z through its columns of W_O, without the bias, which belongs to no head.</summary>
    public static void Result(Transformer model, Pass pass, int layer, float* z)
    {
        if (!pass.Wants(layer, ActivationNames.Result)) return;
        var config = model.Config.Layers[layer];
        int N = pass.RowCount, D = model.Config.Width, H = config.Heads, d = config.HeadSize;
        var output = model.Weights.Layers[layer].Output.Weight;
        var weights = new FloatVector(checked(D * H * d));
        for (var r = 0; r < D; r++) MatrixRows.Read(output, r, weights.Pointer + (long)r * H * d);
        var result = new FloatVector(checked(N * H * D));
        for (var n = 0; n < N; n++)
            for (var h = 0; h < H; h++)
                for (var r = 0; r < D; r++)
                    result.Span[(n * H + h) * D + r] = VectorMath.Dot(weights.Pointer + ((long)r * H + h) * d, z + ((long)n * H + h) * d, d);
        pass.Observe(layer, ActivationNames.Result, result.Pointer, "head", H, "width", D);
    }
}
