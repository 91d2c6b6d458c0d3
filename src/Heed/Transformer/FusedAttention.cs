using Heed.Numerics;

namespace Heed;

/// <summary>
/// Steps 4 to 8 of <see cref="Attention"/> without storing the T×T grid: the streaming softmax (arXiv:1805.02867, arXiv:2205.14135).
/// Keys come in blocks of 64; a running maximum and sum per query let each block's values be added as soon as its scores are known.
/// </summary>
internal static unsafe class FusedAttention
{
    private const int QueryRows = 16;
    private const int BlockLength = KeyValueCache.BlockLength;

    /// <summary>z[n, h] = Σ_j softmax_j(score(n, j))·value_j for every row and head.</summary>
    /// <param name="model">Configuration and threads.</param>
    /// <param name="pass">The rows and caches.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="query">[N, H, d], rotated.</param>
    /// <param name="z">[N, H, d].</param>
    public static void Forward(Transformer model, Pass pass, int layer, float* query, float* z)
    {
        var config = model.Config.Layers[layer];
        var job = new Job { Pass = pass, Config = config, Layer = layer, Query = query, Z = z, Slopes = model.AlibiSlopes };
        var chunks = 0;
        foreach (ref readonly var slice in pass.Slices) chunks += Chunks(config, layer, slice);
        model.Team.Run(ref job, chunks);
    }

    /// <summary>A chunk is one head with up to 16 positions, or, for a single new token, one key–value head with its queries.
    /// Sequences whose grids are looked at are <see cref="TracedAttention"/>'s.</summary>
    private static int Chunks(LayerConfig config, int layer, in Slice slice)
        => slice.Run.Probe?.WantsGrid(layer) == true ? 0 : slice.Count == 1 ? config.KeyValueHeads : config.Heads * ((slice.Count + QueryRows - 1) / QueryRows);

    private struct Job : IJob
    {
        public Pass Pass;
        public LayerConfig Config;
        public int Layer;
        public float* Query, Z;
        public float[]? Slopes;

        public void Run(int chunk, int worker)
        {
            var s = 0;
            while (chunk >= Chunks(Config, Layer, Pass.Slices[s])) chunk -= Chunks(Config, Layer, Pass.Slices[s++]);
            var slice = Pass.Slices[s];
            int H = Config.Heads, d = Config.HeadSize, group = H / Config.KeyValueHeads;
            if (slice.Count == 1)
            {
                // The rows are the queries that share this key–value head.
                for (var first = 0; first < group; first += QueryRows)
                {
                    var head = chunk * group + first;
                    var at = ((long)slice.Row * H + head) * d;
                    Rows(slice, head, headStep: 1, slice.Position, positionStep: 0, Math.Min(QueryRows, group - first), Query + at, Z + at, d);
                }
            }
            else
            {
                // The rows are positions of one head.
                var (block, head) = Math.DivRem(chunk, H);
                var first = block * QueryRows;
                var at = (((long)slice.Row + first) * H + head) * d;
                Rows(slice, head, headStep: 0, slice.Position + first, positionStep: 1, Math.Min(QueryRows, slice.Count - first), Query + at, Z + at, H * d);
            }
        }

        /// <summary>Up to 16 queries against all keys they may see. Row r is head + r·headStep at position + r·positionStep.</summary>
        private readonly void Rows(Slice slice, int head, int headStep, int position, int positionStep, int rows, float* query, float* z, int stride)
        {
            var d = Config.HeadSize;
            var keyHead = head / (Config.Heads / Config.KeyValueHeads);
            var scores = stackalloc float[QueryRows * BlockLength];
            var maximum = stackalloc float[QueryRows];
            var sum = stackalloc float[QueryRows];
            for (var r = 0; r < rows; r++)
            {
                maximum[r] = float.NegativeInfinity;
                sum[r] = 0;
                new Span<float>(z + (long)r * stride, d).Clear();
            }
            var lastPosition = position + (rows - 1) * positionStep;
            for (var block = Attention.FirstVisible(Config, position) / BlockLength; block <= lastPosition / BlockLength; block++)
            {
                var start = block * BlockLength;
                var count = Math.Min(BlockLength, lastPosition + 1 - start);
                AttentionKernels.Scores(query, stride, rows, slice.Cache.Keys(block, Layer, keyHead), d, scores);
                for (var r = 0; r < rows; r++)
                {
                    var row = scores + r * BlockLength;
                    var at = position + r * positionStep;
                    Scale(row, count, start - at, head + r * headStep);
                    // Keys this query may not see: after it, before its window.
                    int from = Math.Clamp(Attention.FirstVisible(Config, at) - start, 0, count), to = Math.Clamp(at + 1 - start, from, count);
                    if (to == from)
                    {
                        new Span<float>(row, count).Clear();
                        continue;
                    }
                    new Span<float>(row, from).Clear();
                    new Span<float>(row + to, count - to).Clear();
                    var larger = MathF.Max(maximum[r], VectorMath.Max(row + from, to - from));
                    if (larger > maximum[r])
                    {
                        var shrink = MathF.Exp(maximum[r] - larger);
                        sum[r] *= shrink;
                        VectorMath.Scale(z + (long)r * stride, shrink, d);
                        maximum[r] = larger;
                    }
                    sum[r] += VectorMath.ExpSum(row + from, maximum[r], row + from, to - from);
                }
                AttentionKernels.AddWeighted(scores, rows, count, slice.Cache.Values(block, Layer, keyHead), d, z, stride);
            }
            for (var r = 0; r < rows; r++) VectorMath.Scale(z + (long)r * stride, 1 / sum[r], d);
        }

        /// <summary>÷√d, the cap and the position bias, as the model has them.</summary>
        private readonly void Scale(float* row, int count, int distance, int head)
        {
            VectorMath.Scale(row, Config.ScoreScale, count);
            if (Config.ScoreSoftCap is { } cap) VectorMath.SoftCap(row, cap, count);
            if (Slopes is not null)
                for (var j = 0; j < count; j++) row[j] += Slopes[head] * (distance + j);
        }
    }
}
