using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>Steps 4 to 8 of <see cref="Attention"/> with every grid stored, for traces: T queries × all keys, head by head.</summary>
internal static unsafe class TracedAttention
{
    /// <summary>Computes and shows scores, pattern and z of one sequence; z is written over the fused path's.</summary>
    /// <param name="model">Configuration.</param>
    /// <param name="probe">The sequence's trace and edits.</param>
    /// <param name="slice">The sequence.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="query">[N, H, d], rotated.</param>
    /// <param name="z">[N, H, d].</param>
    public static void Forward(Transformer model, Probe probe, in Slice slice, int layer, float* query, float* z)
    {
        var config = model.Config.Layers[layer];
        int T = slice.Count, keys = slice.Position + T, H = config.Heads, d = config.HeadSize, group = H / config.KeyValueHeads;
        var grid = new FloatVector(checked(H * T * keys));
        var scores = grid.Pointer;
        var row = stackalloc float[KeyValueCache.BlockLength];

        LateScores.Add(model, probe, slice, layer, query);

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
        probe.Observe(layer, ActivationNames.RawScores, scores, slice, keys);

        // 5. ÷√d for numerical stability; some models cap scores, some add a bias that grows with distance.
        VectorMath.Scale(scores, config.ScoreScale, grid.Length);
        if (config.ScoreSoftCap is { } cap) VectorMath.SoftCap(scores, cap, grid.Length);
        if (model.AlibiSlopes is { } slopes)
            for (var h = 0; h < H; h++)
                for (var t = 0; t < T; t++)
                    for (var j = 0; j < keys; j++) scores[((long)h * T + t) * keys + j] += slopes[h] * (j - slice.Position - t);
        probe.Observe(layer, ActivationNames.ScaledScores, scores, slice, keys);

        // 6. Mask: where a later token would influence an earlier one, −∞.
        for (var h = 0; h < H; h++)
            for (var t = 0; t < T; t++)
            {
                var line = new Span<float>(scores + ((long)h * T + t) * keys, keys);
                var position = slice.Position + t;
                line[..Attention.FirstVisible(config, position)].Fill(float.NegativeInfinity);
                line[(position + 1)..].Fill(float.NegativeInfinity);
            }
        probe.Observe(layer, ActivationNames.Scores, scores, slice, keys);

        // 7. Softmax: each query's scores become weights that sum to 1.
        for (var i = 0; i < H * T; i++)
        {
            if (float.IsNegativeInfinity(VectorMath.Max(scores + (long)i * keys, keys)))
                throw new HeedException($"{ActivationNames.InBlock(layer, ActivationNames.Scores)}: after the edits, query {slice.Position + i % T} of head {i / T} has no key left to look at. Leave it one at least.");
            VectorMath.Softmax(scores + (long)i * keys, keys);
        }
        probe.Observe(layer, ActivationNames.Pattern, scores, slice, keys);

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
        // A pointer keeps nothing alive: without this the grid could be collected while it is read.
        GC.KeepAlive(grid);
    }

    /// <summary>Some rows of a matrix, as floats.</summary>
    private struct DecodeJob : IJob
    {
        public const int Rows = 32;
        public Matrix Weight;
        public float* Decoded;

        public readonly void Run(int chunk, int worker)
        {
            for (var r = chunk * Rows; r < Math.Min(chunk * Rows + Rows, Weight.RowCount); r++) MatrixRows.Read(Weight, r, Decoded + (long)r * Weight.ColumnCount);
        }
    }

    /// <summary>Each head's own ΔE: its z through its columns of W_O, without the bias, which belongs to no head.
    /// Where an edit changes it, the heads' sum (and the bias) becomes attention's output.</summary>
    public static void Result(Transformer model, Pass pass, int layer, float* z, float* output)
    {
        if (!pass.Wants(layer, ActivationNames.Result)) return;
        var config = model.Config.Layers[layer];
        int D = model.Config.Width, H = config.Heads, d = config.HeadSize;
        var (weight, bias) = model.Weights.Layers[layer].Output;
        var weights = new FloatVector(checked(D * H * d));
        var decoded = Matrix.Stored((byte*)weights.Pointer, ElementType.F32, D, H * d);
        var job = new DecodeJob { Weight = weight, Decoded = weights.Pointer };
        model.Team.Run(ref job, (D + DecodeJob.Rows - 1) / DecodeJob.Rows);
        foreach (ref readonly var slice in pass.Slices)
        {
            if (slice.Run.Probe is not { } probe || !probe.Wants(layer, ActivationNames.Result)) continue;
            var result = new FloatVector(checked(slice.Count * H * D));
            for (var h = 0; h < H; h++)
                Products.Multiply(model.Team, [new Product(decoded.Columns(h * d, d), null, result.Pointer + (long)h * D, H * D)], z + ((long)slice.Row * H + h) * d, H * d, slice.Count, ActivationPrecision.Float32);
            if (!probe.Observe(layer, ActivationNames.Result, result.Pointer, slice)) continue;
            for (var t = 0; t < slice.Count; t++)
            {
                var sum = output + ((long)slice.Row + t) * D;
                if (bias is null) new Span<float>(sum, D).Clear();
                else bias.Span.CopyTo(new(sum, D));
                for (var h = 0; h < H; h++) VectorMath.Add(result.Pointer + ((long)t * H + h) * D, sum, D);
            }
        }
        GC.KeepAlive(weights);
    }
}
