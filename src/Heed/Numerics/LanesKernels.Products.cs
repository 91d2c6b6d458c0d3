using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Heed.Numerics;

/// <content>Products with stored weights: row by row for few tokens, by packed panels for many.</content>
internal sealed unsafe partial class LanesKernels<T>
{
    /// <summary>Columns of one packed panel, which stays in the second cache; whole blocks of every stored type.</summary>
    private const int PanelDepth = 256;

    /// <summary>At most so many terms follow each other in one sum before it is added to the output, which keeps rounding small.</summary>
    private const int SumDepth = 128;

    // Whole squares of 16 rows, as they are decoded.
    public override int PanelWidth => Math.Max(PackRows, T.TileVectors * T.Width);

    public override long ScratchBytes(int columns)
        => Math.Max(4L * columns * sizeof(float), PanelWidth * (long)PanelDepth * sizeof(float) + Math.Max(PackBytes, 4 * PanelDepth * sizeof(float)));

    public override void MultiplyRows(in Product product, int first, int count, float* x, int xStride, int tokens, bool useQuantized, in QuantizedActivations quantized, byte* scratch)
    {
        var weight = product.Weight;
        if (Stored.Of(weight.Type) is { } stored)
        {
            if (useQuantized) stored.DotRows(product, first, count, tokens, quantized);
            else stored.DotFew(product, first, count, x, xStride, tokens, scratch);
            return;
        }
        var K = weight.ColumnCount;
        var sums = stackalloc float[4];
        var decoded = (float*)scratch;
        for (var n = first; n < first + count; n += 4)
        {
            // Rows that are not there are stand-ins for the last one: what a row sums to does not depend on its neighbours.
            var last = first + count - 1;
            var rows = new RowPointers(weight.Row(n), weight.Row(Math.Min(n + 1, last)), weight.Row(Math.Min(n + 2, last)), weight.Row(Math.Min(n + 3, last)));
            var type = weight.Type;
            if (type is not (ElementType.F32 or ElementType.F16 or ElementType.BF16))
            {
                for (var r = 0; r < 4; r++) Decode(type, rows[r], 0, K, decoded + (long)r * K);
                rows = new((byte*)decoded, (byte*)(decoded + K), (byte*)(decoded + 2L * K), (byte*)(decoded + 3L * K));
                type = ElementType.F32;
            }
            for (var t = 0; t < tokens; t++)
            {
                var row = x + (long)t * xStride;
                if (type == ElementType.F32) DotFour<Single>(rows, row, K, sums);
                else if (type == ElementType.F16) DotFour<Half>(rows, row, K, sums);
                else DotFour<BFloat16>(rows, row, K, sums);
                Put(product, n, Math.Min(4, first + count - n), t, sums);
            }
        }
    }

    [MethodImpl(Inline)]
    private static void Put(in Product product, int n, int count, int t, float* sums)
    {
        var y = product.Output + (long)t * product.OutputStride + n;
        for (var r = 0; r < count; r++) y[r] = product.Bias is null ? sums[r] : sums[r] + product.Bias[n + r];
    }

    private static void DotRows<TFormat>(in Product product, int first, int count, int tokens, in QuantizedActivations x) where TFormat : struct, IBlockFormat
    {
        var weight = product.Weight;
        var sums = stackalloc float[4];
        var last = first + count - 1;
        var ahead = Ahead(weight);
        var heads = stackalloc uint[8 * T.Rows];
        var rows = Group(weight, first, last);
        TFormat.Heads<T>(rows, Math.Min(8, x.Columns / 32), heads);
        for (var n = first; n < first + count; n += T.Rows)
        {
            var following = n + T.Rows < first + count ? Group(weight, n + T.Rows, last) : rows;
            for (var t = 0; t < tokens; t++)
            {
                DotQuantized<TFormat>(rows, t + 1 < tokens ? rows : following, x, t, t == 0 ? ahead : 0, heads, sums);
                Put(product, n, Math.Min(T.Rows, first + count - n), t, sums);
            }
            rows = following;
        }
    }

    /// <summary>The rows from n on, as many as a register holds groups. Rows that are not there are stand-ins for the last one.</summary>
    private static RowPointers Group(Matrix weight, int n, int last) => T.Rows == 1
        ? new(weight.Row(n), null, null, null)
        : new(weight.Row(n), weight.Row(Math.Min(n + 1, last)), weight.Row(Math.Min(n + 2, last)), weight.Row(Math.Min(n + 3, last)));

    /// <summary>How far ahead memory is asked for: some 4 KB, in whole groups of rows.</summary>
    private static nint Ahead(Matrix weight)
    {
        var group = Math.Max(1, (nint)weight.Stride * T.Rows);
        return (4095 + group) / group * group;
    }

    /// <summary>Decodes part of a stored row, from whole blocks on, of the types that <see cref="Stored"/> has not.</summary>
    private static void Decode(ElementType type, byte* row, int first, int count, float* destination)
    {
        switch (type)
        {
            case ElementType.F16: DecodePlain<Half>(row, first, count, destination); break;
            case ElementType.BF16: DecodePlain<BFloat16>(row, first, count, destination); break;
            default: Blocks.Dequantize(type, row + first / type.BlockLength() * (long)type.BlockBytes(), destination, count); break;
        }
    }

    private interface IPlain
    {
        static abstract int Bytes { get; }
        static abstract T Load(byte* p);
    }

    private readonly struct Single : IPlain
    {
        public static int Bytes => 4;
        [MethodImpl(Inline)] public static T Load(byte* p) => T.Load((float*)p);
    }

    private readonly struct Half : IPlain
    {
        public static int Bytes => 2;
        [MethodImpl(Inline)] public static T Load(byte* p) => T.LoadHalf(p);
    }

    private readonly struct BFloat16 : IPlain
    {
        public static int Bytes => 2;
        [MethodImpl(Inline)] public static T Load(byte* p) => T.LoadBFloat16(p);
    }

    /// <summary>results[r] = Σ_k w[r, k]·x[k] for four rows, two sums a row.</summary>
    [MethodImpl(Optimize)]
    private static void DotFour<TPlain>(RowPointers rows, float* x, int K, float* results) where TPlain : struct, IPlain
    {
        T s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        byte* w0 = rows.Row0, w1 = rows.Row1, w2 = rows.Row2, w3 = rows.Row3;
        nint k = 0;
        for (; k + 2 * T.Width <= K; k += 2 * T.Width)
        {
            T x0 = T.Load(x + k), x1 = T.Load(x + k + T.Width);
            nint at = k * TPlain.Bytes, next = T.Width * TPlain.Bytes;
            s00 = T.MultiplyAdd(TPlain.Load(w0 + at), x0, s00);
            s01 = T.MultiplyAdd(TPlain.Load(w0 + at + next), x1, s01);
            s10 = T.MultiplyAdd(TPlain.Load(w1 + at), x0, s10);
            s11 = T.MultiplyAdd(TPlain.Load(w1 + at + next), x1, s11);
            s20 = T.MultiplyAdd(TPlain.Load(w2 + at), x0, s20);
            s21 = T.MultiplyAdd(TPlain.Load(w2 + at + next), x1, s21);
            s30 = T.MultiplyAdd(TPlain.Load(w3 + at), x0, s30);
            s31 = T.MultiplyAdd(TPlain.Load(w3 + at + next), x1, s31);
        }
        for (; k < K; k += T.Width)
        {
            var rest = (int)Math.Min(T.Width, K - k);
            var x0 = T.LoadPartial(x + k, rest);
            s00 = T.MultiplyAdd(LoadPartial<TPlain>(w0 + k * TPlain.Bytes, rest), x0, s00);
            s10 = T.MultiplyAdd(LoadPartial<TPlain>(w1 + k * TPlain.Bytes, rest), x0, s10);
            s20 = T.MultiplyAdd(LoadPartial<TPlain>(w2 + k * TPlain.Bytes, rest), x0, s20);
            s30 = T.MultiplyAdd(LoadPartial<TPlain>(w3 + k * TPlain.Bytes, rest), x0, s30);
        }
        results[0] = (s00 + s01).Sum();
        results[1] = (s10 + s11).Sum();
        results[2] = (s20 + s21).Sum();
        results[3] = (s30 + s31).Sum();
    }

    /// <summary>The first numbers of a row's end, by way of a buffer, so that nothing beyond the row is read.</summary>
    private static T LoadPartial<TPlain>(byte* p, int count) where TPlain : struct, IPlain
    {
        var buffer = stackalloc byte[64];
        new Span<byte>(buffer, 64).Clear();
        Unsafe.CopyBlockUnaligned(buffer, p, (uint)(count * TPlain.Bytes));
        return TPlain.Load(buffer);
    }

    [MethodImpl(Optimize)]
    private static void DecodePlain<TPlain>(byte* row, int first, int count, float* destination) where TPlain : struct, IPlain
    {
        row += (long)first * TPlain.Bytes;
        var i = 0;
        for (; i + T.Width <= count; i += T.Width) TPlain.Load(row + i * TPlain.Bytes).Store(destination + i);
        if (i < count) LoadPartial<TPlain>(row + i * TPlain.Bytes, count - i).StorePartial(destination + i, count - i);
    }

    public override void MultiplyPanel(in Product product, int first, int count, float* x, int xStride, int tokens, byte* scratch)
    {
        var weight = product.Weight;
        var K = weight.ColumnCount;
        var y = product.Output + first;
        // Aligned: every load of a whole register is then within one cache line.
        var panel = (float*)scratch;
        var decoded = panel + (long)PanelWidth * PanelDepth;
        var inPlace = weight is { IsTransposed: true, IsInOrder: true, Type: ElementType.F32 };
        for (var k0 = 0; k0 < K || k0 == 0; k0 += PanelDepth)
        {
            var depth = Math.Min(PanelDepth, K - k0);
            if (inPlace)
            {
                MultiplyTiles(x + k0, xStride, tokens, (float*)(weight.Row(first) + k0 * weight.Stride), (nint)(weight.Stride / sizeof(float)), depth, count, y, product.OutputStride, k0 > 0);
                continue;
            }
            if (weight.IsTransposed) PackTransposed(weight, first, count, k0, depth, panel);
            else if (Stored.Of(weight.Type) is { } stored) stored.Pack(weight, first, count, k0, depth, panel, PanelWidth, (byte*)decoded);
            else Pack(weight, first, count, k0, depth, decoded, panel);
            for (var k = 0; k < depth || k == 0; k += SumDepth)
                MultiplyTiles(x + k0 + k, xStride, tokens, panel + (long)k * PanelWidth, PanelWidth, Math.Min(SumDepth, depth - k), count, y, product.OutputStride, k0 + k > 0);
        }
        if (product.Bias is null) return;
        for (var t = 0; t < tokens; t++) Add(product.Bias + first, y + (long)t * product.OutputStride, count);
    }

    /// <summary>panel[k, n] = w[first + n, k0 + k]: four rows at a time are decoded and transposed.</summary>
    private void Pack(Matrix weight, int first, int count, int k0, int depth, float* decoded, float* panel)
    {
        var width = PanelWidth;
        var sources = stackalloc float*[4];
        for (var n = 0; n < count; n += 4)
        {
            var rows = Math.Min(4, count - n);
            for (var r = 0; r < 4; r++)
            {
                var row = weight.Row(first + n + Math.Min(r, rows - 1));
                if (weight.Type == ElementType.F32)
                {
                    sources[r] = (float*)row + k0;
                    continue;
                }
                sources[r] = decoded + r * PanelDepth;
                if (r < rows) Decode(weight.Type, row, k0, depth, sources[r]);
            }
            if (rows < 4)
                for (var r = 0; r < rows; r++)
                    for (var k = 0; k < depth; k++) panel[(long)k * width + n + r] = sources[r][k];
            else
                TransposeFour(sources[0], sources[1], sources[2], sources[3], depth, panel + n, width);
        }
    }

    /// <summary>to[k·stride + r] = row r [k].</summary>
    [MethodImpl(Optimize)]
    private static void TransposeFour(float* a, float* b, float* c, float* d, int count, float* to, nint stride)
    {
        nint k = 0;
        if (Sse.IsSupported || AdvSimd.Arm64.IsSupported)
        {
            for (; k + 4 <= count; k += 4)
            {
                Vector128<float> va = Vector128.Load(a + k), vb = Vector128.Load(b + k), vc = Vector128.Load(c + k), vd = Vector128.Load(d + k);
                var ac0 = Interleave(va, vc, upper: false);     // a0 c0 a1 c1
                var ac1 = Interleave(va, vc, upper: true);      // a2 c2 a3 c3
                var bd0 = Interleave(vb, vd, upper: false);
                var bd1 = Interleave(vb, vd, upper: true);
                Interleave(ac0, bd0, upper: false).Store(to + k * stride);          // a0 b0 c0 d0
                Interleave(ac0, bd0, upper: true).Store(to + (k + 1) * stride);
                Interleave(ac1, bd1, upper: false).Store(to + (k + 2) * stride);
                Interleave(ac1, bd1, upper: true).Store(to + (k + 3) * stride);
            }
        }
        for (; k < count; k++)
        {
            var at = to + k * stride;
            (at[0], at[1], at[2], at[3]) = (a[k], b[k], c[k], d[k]);
        }
    }

    [MethodImpl(Inline)]
    private static Vector128<float> Interleave(Vector128<float> a, Vector128<float> b, bool upper)
        => Sse.IsSupported
            ? upper ? Sse.UnpackHigh(a, b) : Sse.UnpackLow(a, b)
            : upper ? AdvSimd.Arm64.ZipHigh(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    /// <summary>The same from a matrix stored as [columns, rows]: stored row k holds what the panel's row k needs.</summary>
    private void PackTransposed(Matrix weight, int first, int count, int k0, int depth, float* panel)
    {
        for (var k = 0; k < depth; k++)
        {
            var to = panel + (long)k * PanelWidth;
            var at = (k0 + k) * weight.Stride;
            if (weight.IsInOrder)
            {
                Decode(weight.Type, weight.Row(first) + at, 0, count, to);
                continue;
            }
            for (var n = 0; n < count; n++) Blocks.Dequantize(weight.Type, weight.Row(first + n) + at, to + n, 1);
        }
    }
}
