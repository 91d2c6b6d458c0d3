namespace Heed.Numerics;

/// <summary>
/// The two products of attention over one block of the key–value cache. Keys of a block are stored transposed,
/// [d, 64], so that a lane is a key: no horizontal sums, and no remainder over the head size d. Values are [64, d].
/// </summary>
internal static unsafe class AttentionKernels
{
    /// <summary>Keys in one block.</summary>
    public const int BlockLength = 64;

    /// <summary>
    /// scores[r, j] = Σ_i q[r, i]·keysTransposed[i, j] for all 64 keys j, and R query rows that lie <paramref name="qStride"/> floats apart.
    /// </summary>
    /// <param name="q">[rows, d]</param>
    /// <param name="qStride">floats from one query row to the next.</param>
    /// <param name="rows">R, the queries.</param>
    /// <param name="keysTransposed">[d, 64], all of it readable.</param>
    /// <param name="d">the head size.</param>
    /// <param name="scores">[rows, 64]</param>
    public static void Scores(float* q, int qStride, int rows, float* keysTransposed, int d, float* scores)
        => Isa.Kernels.MultiplyTiles(q, qStride, rows, keysTransposed, BlockLength, d, BlockLength, scores, BlockLength, accumulate: false);

    /// <summary>acc[r, i] += Σ_{j &lt; count} weights[r, j]·values[j, i].</summary>
    /// <param name="weights">[rows, 64], of which the first <paramref name="count"/> of each row are used.</param>
    /// <param name="rows">R, the queries.</param>
    /// <param name="count">how many keys of the block there are.</param>
    /// <param name="values">[count, d]</param>
    /// <param name="d">the head size.</param>
    /// <param name="acc">[rows, d], rows <paramref name="accStride"/> floats apart.</param>
    /// <param name="accStride">floats from one row of sums to the next.</param>
    public static void AddWeighted(float* weights, int rows, int count, float* values, int d, float* acc, int accStride)
        => Isa.Kernels.MultiplyTiles(weights, BlockLength, rows, values, d, count, d, acc, accStride, accumulate: true);
}
