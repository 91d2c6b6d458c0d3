using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <summary>A number that is a constant to the JIT.</summary>
internal interface ICount { static abstract int Value { get; } }
internal readonly struct One : ICount { public static int Value => 1; }
internal readonly struct Two : ICount { public static int Value => 2; }
internal readonly struct Three : ICount { public static int Value => 3; }
internal readonly struct Four : ICount { public static int Value => 4; }
internal readonly struct Six : ICount { public static int Value => 6; }
internal readonly struct Eight : ICount { public static int Value => 8; }

/// <content>
/// The register tile of the matrix product: a few rows of x times a few registers' width of columns of b, all sums in
/// registers while k runs. One source serves every size; the branches on constants leave only the rows and registers of
/// that size.
/// </content>
internal sealed unsafe partial class LanesKernels<T>
{
    public override void MultiplyTiles(float* x, nint xStride, int count, float* b, nint bStride, int K, int N, float* y, nint yStride, bool accumulate)
    {
        var n = 0;
        if (T.TileVectors == 3)
            for (; n + 3 * T.Width <= N; n += 3 * T.Width) Columns<Three>(x, xStride, count, b + n, bStride, K, y + n, yStride, accumulate);
        for (; n + 2 * T.Width <= N; n += 2 * T.Width) Columns<Two>(x, xStride, count, b + n, bStride, K, y + n, yStride, accumulate);
        for (; n + T.Width <= N; n += T.Width) Columns<One>(x, xStride, count, b + n, bStride, K, y + n, yStride, accumulate);
        if (n < N)
            for (var t = 0; t < count; t++)
                PartialTile(x + t * xStride, b + n, bStride, K, N - n, y + t * yStride + n, accumulate);
    }

    /// <summary>All rows of x for some columns of b, which stay in the cache.</summary>
    private static void Columns<TVectors>(float* x, nint xStride, int count, float* b, nint bStride, int K, float* y, nint yStride, bool accumulate)
        where TVectors : struct, ICount
    {
        var t = 0;
        if (T.TileRows == 8)
            for (; t + 8 <= count; t += 8) Tile<Eight, TVectors>(x + t * xStride, xStride, b, bStride, K, y + t * yStride, yStride, accumulate);
        else
            for (; t + 6 <= count; t += 6) Tile<Six, TVectors>(x + t * xStride, xStride, b, bStride, K, y + t * yStride, yStride, accumulate);
        for (; t + 4 <= count; t += 4) Tile<Four, TVectors>(x + t * xStride, xStride, b, bStride, K, y + t * yStride, yStride, accumulate);
        for (; t + 2 <= count; t += 2) Tile<Two, TVectors>(x + t * xStride, xStride, b, bStride, K, y + t * yStride, yStride, accumulate);
        if (t < count) Tile<One, TVectors>(x + t * xStride, xStride, b, bStride, K, y + t * yStride, yStride, accumulate);
    }

    /// <summary>
    /// y[r, v] (+)= Σ_k x[r, k]·b[k, v] for R rows and V registers of columns. Sum c with its row and register in its name.
    /// </summary>
    [MethodImpl(Optimize)]
    private static void Tile<TRows, TVectors>(float* x, nint xStride, float* b, nint bStride, int K, float* y, nint yStride, bool accumulate)
        where TRows : struct, ICount where TVectors : struct, ICount
    {
        T c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        T c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        T c40 = default, c41 = default, c42 = default, c50 = default, c51 = default, c52 = default;
        T c60 = default, c61 = default, c62 = default, c70 = default, c71 = default, c72 = default;
        float* x1 = x + xStride, x2 = x1 + xStride, x3 = x2 + xStride, x4 = x3 + xStride, x5 = x4 + xStride, x6 = x5 + xStride, x7 = x6 + xStride;
        for (nint k = 0; k < K; k++, b += bStride)
        {
            T b0 = T.Load(b), b1 = default, b2 = default;
            if (TVectors.Value > 1) b1 = T.Load(b + T.Width);
            if (TVectors.Value > 2) b2 = T.Load(b + 2 * T.Width);
            var a = T.Broadcast(x[k]);
            c00 = T.MultiplyAdd(a, b0, c00);
            if (TVectors.Value > 1) c01 = T.MultiplyAdd(a, b1, c01);
            if (TVectors.Value > 2) c02 = T.MultiplyAdd(a, b2, c02);
            if (TRows.Value > 1)
            {
                var a1 = T.Broadcast(x1[k]);
                c10 = T.MultiplyAdd(a1, b0, c10);
                if (TVectors.Value > 1) c11 = T.MultiplyAdd(a1, b1, c11);
                if (TVectors.Value > 2) c12 = T.MultiplyAdd(a1, b2, c12);
            }
            if (TRows.Value > 2)
            {
                var a2 = T.Broadcast(x2[k]);
                c20 = T.MultiplyAdd(a2, b0, c20);
                if (TVectors.Value > 1) c21 = T.MultiplyAdd(a2, b1, c21);
                if (TVectors.Value > 2) c22 = T.MultiplyAdd(a2, b2, c22);
            }
            if (TRows.Value > 3)
            {
                var a3 = T.Broadcast(x3[k]);
                c30 = T.MultiplyAdd(a3, b0, c30);
                if (TVectors.Value > 1) c31 = T.MultiplyAdd(a3, b1, c31);
                if (TVectors.Value > 2) c32 = T.MultiplyAdd(a3, b2, c32);
            }
            if (TRows.Value > 4)
            {
                var a4 = T.Broadcast(x4[k]);
                c40 = T.MultiplyAdd(a4, b0, c40);
                if (TVectors.Value > 1) c41 = T.MultiplyAdd(a4, b1, c41);
                if (TVectors.Value > 2) c42 = T.MultiplyAdd(a4, b2, c42);
            }
            if (TRows.Value > 5)
            {
                var a5 = T.Broadcast(x5[k]);
                c50 = T.MultiplyAdd(a5, b0, c50);
                if (TVectors.Value > 1) c51 = T.MultiplyAdd(a5, b1, c51);
                if (TVectors.Value > 2) c52 = T.MultiplyAdd(a5, b2, c52);
            }
            if (TRows.Value > 6)
            {
                var a6 = T.Broadcast(x6[k]);
                c60 = T.MultiplyAdd(a6, b0, c60);
                if (TVectors.Value > 1) c61 = T.MultiplyAdd(a6, b1, c61);
                if (TVectors.Value > 2) c62 = T.MultiplyAdd(a6, b2, c62);
            }
            if (TRows.Value > 7)
            {
                var a7 = T.Broadcast(x7[k]);
                c70 = T.MultiplyAdd(a7, b0, c70);
                if (TVectors.Value > 1) c71 = T.MultiplyAdd(a7, b1, c71);
                if (TVectors.Value > 2) c72 = T.MultiplyAdd(a7, b2, c72);
            }
        }
        StoreRow<TVectors>(y, c00, c01, c02, accumulate);
        if (TRows.Value > 1) StoreRow<TVectors>(y + yStride, c10, c11, c12, accumulate);
        if (TRows.Value > 2) StoreRow<TVectors>(y + 2 * yStride, c20, c21, c22, accumulate);
        if (TRows.Value > 3) StoreRow<TVectors>(y + 3 * yStride, c30, c31, c32, accumulate);
        if (TRows.Value > 4) StoreRow<TVectors>(y + 4 * yStride, c40, c41, c42, accumulate);
        if (TRows.Value > 5) StoreRow<TVectors>(y + 5 * yStride, c50, c51, c52, accumulate);
        if (TRows.Value > 6) StoreRow<TVectors>(y + 6 * yStride, c60, c61, c62, accumulate);
        if (TRows.Value > 7) StoreRow<TVectors>(y + 7 * yStride, c70, c71, c72, accumulate);
    }

    /// <summary>y = c, or y += c: what the columns before gave is added once, so that no sum has more terms than one panel is deep.</summary>
    [MethodImpl(Inline)]
    private static void StoreRow<TVectors>(float* y, T c0, T c1, T c2, bool accumulate) where TVectors : struct, ICount
    {
        if (accumulate)
        {
            c0 += T.Load(y);
            if (TVectors.Value > 1) c1 += T.Load(y + T.Width);
            if (TVectors.Value > 2) c2 += T.Load(y + 2 * T.Width);
        }
        c0.Store(y);
        if (TVectors.Value > 1) c1.Store(y + T.Width);
        if (TVectors.Value > 2) c2.Store(y + 2 * T.Width);
    }

    /// <summary>The columns that do not fill a register, one row of x at a time.</summary>
    [MethodImpl(Optimize)]
    private static void PartialTile(float* x, float* b, nint bStride, int K, int columns, float* y, bool accumulate)
    {
        T c = default;
        for (nint k = 0; k < K; k++, b += bStride) c = T.MultiplyAdd(T.Broadcast(x[k]), T.LoadPartial(b, columns), c);
        if (accumulate) c += T.LoadPartial(y, columns);
        c.StorePartial(y, columns);
    }
}
