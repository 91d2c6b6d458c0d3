using System.Numerics;

namespace Heed.Lens.Numerics;

/// <summary>Float32 products of matrices that are too large to multiply number by number: vocabularies by widths by heads.</summary>
/// <remarks>Work is divided over the results, never over a sum, so the bits do not depend on the number of threads.</remarks>
internal static unsafe class Products
{
    /// <summary>Rows of A that a tile multiplies at once: 4 broadcast numbers against 2 vectors of B, 8 sums in registers.</summary>
    private const int TileRows = 4;

    /// <summary>C[m, n] = A[m, k]·Bᵀ, B's rows [n, k], all row-major and contiguous.</summary>
    /// <param name="a">[m, k].</param>
    /// <param name="b">[n, k].</param>
    /// <param name="k">The length of a row of A and of B.</param>
    /// <param name="c">[m, n], overwritten.</param>
    /// <param name="threads">How many threads share it; 0: one a core.</param>
    public static void TimesTransposed(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int k, Span<float> c, int threads)
        => TimesTransposed(a, Pack(b, k, threads), c, threads);

    /// <summary>The same with a B that was packed before, for several products with it.</summary>
    public static void TimesTransposed(ReadOnlySpan<float> a, PackedRows b, Span<float> c, int threads)
    {
        int k = b.Length, n = b.Count, m = a.Length / k;
        if (a.Length != m * k || c.Length != (long)m * n)
            throw new ArgumentException($"A[{a.Length}]·Bᵀ[{n}] with rows of {k} is not C[{c.Length}].");
        var width = PanelWidth;
        fixed (float* fixedA = a, fixedC = c)
        {
            nint pointerA = (nint)fixedA, pointerC = (nint)fixedC;
            ForEach(b.Panels.Length, threads, panel =>
            {
                var first = panel * width;
                fixed (float* p = b.Panels[panel])
                    for (var row = 0; row < m; row += TileRows)
                        Tile((float*)pointerA + (long)row * k, Math.Min(TileRows, m - row), k, p, (float*)pointerC + (long)row * n + first, n, Math.Min(width, n - first));
            });
        }
    }

    /// <summary>B's rows in panels: 2 vectors' worth of rows, turned, so that a vector holds one number of each row.</summary>
    public static PackedRows Pack(ReadOnlySpan<float> b, int k, int threads)
    {
        var n = b.Length / k;
        if (b.Length != n * k) throw new ArgumentException($"B[{b.Length}] is not whole rows of {k}.");
        var width = PanelWidth;
        var panels = new float[(n + width - 1) / width][];
        fixed (float* fixedB = b)
        {
            var pointerB = (nint)fixedB;
            ForEach(panels.Length, threads, panel =>
            {
                var rows = (float*)pointerB + (long)panel * width * k;
                var count = Math.Min(width, n - panel * width);
                var packed = panels[panel] = new float[k * width];
                for (var i = 0; i < k; i++)
                    for (var j = 0; j < count; j++) packed[i * width + j] = rows[(long)j * k + i];
            });
        }
        return new(panels, n, k);
    }

    /// <summary>Rows of a matrix in the order in which a product reads them.</summary>
    /// <param name="Panels">Each [k, panel width], with zeros after the last row.</param>
    /// <param name="Count">How many rows.</param>
    /// <param name="Length">k, the numbers in a row.</param>
    public sealed record PackedRows(float[][] Panels, int Count, int Length);

    private static int PanelWidth => 2 * Vector<float>.Count;

    private static void ForEach(int count, int threads, Action<int> action)
    {
        if (count < 8 || threads == 1)
            for (var i = 0; i < count; i++) action(i);
        else
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount }, action);
    }

    /// <summary>Up to 4 rows of A by one panel. Fewer rows repeat the last one and drop the result.</summary>
    private static void Tile(float* a, int rows, int k, float* packed, float* c, int stride, int count)
    {
        var lanes = Vector<float>.Count;
        float* a0 = a, a1 = a + (rows > 1 ? k : 0), a2 = a + (rows > 2 ? 2L * k : 0), a3 = a + (rows > 3 ? 3L * k : 0);
        Vector<float> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        for (var i = 0; i < k; i++, packed += 2 * lanes)
        {
            Vector<float> b0 = Vector.Load(packed), b1 = Vector.Load(packed + lanes);
            var x = new Vector<float>(a0[i]);
            s00 = Vector.FusedMultiplyAdd(x, b0, s00);
            s01 = Vector.FusedMultiplyAdd(x, b1, s01);
            x = new Vector<float>(a1[i]);
            s10 = Vector.FusedMultiplyAdd(x, b0, s10);
            s11 = Vector.FusedMultiplyAdd(x, b1, s11);
            x = new Vector<float>(a2[i]);
            s20 = Vector.FusedMultiplyAdd(x, b0, s20);
            s21 = Vector.FusedMultiplyAdd(x, b1, s21);
            x = new Vector<float>(a3[i]);
            s30 = Vector.FusedMultiplyAdd(x, b0, s30);
            s31 = Vector.FusedMultiplyAdd(x, b1, s31);
        }
        Store(s00, s01, c, count);
        if (rows > 1) Store(s10, s11, c + stride, count);
        if (rows > 2) Store(s20, s21, c + 2L * stride, count);
        if (rows > 3) Store(s30, s31, c + 3L * stride, count);
    }

    private static void Store(Vector<float> low, Vector<float> high, float* c, int count)
    {
        var lanes = Vector<float>.Count;
        if (count == 2 * lanes)
        {
            low.Store(c);
            high.Store(c + lanes);
            return;
        }
        for (var i = 0; i < count; i++) c[i] = i < lanes ? low[i] : high[i - lanes];
    }
}
