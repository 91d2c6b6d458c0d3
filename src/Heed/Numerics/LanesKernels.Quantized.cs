using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Numerics;

/// <content>Products of quantised weights with quantised activations, and the weights' decoding to floats.</content>
internal sealed unsafe partial class LanesKernels<T>
{
    /// <summary>Rows that are decoded side by side: 16 × 16 codes are a square of bytes.</summary>
    private const int PackRows = 16;

    /// <summary>Codes, as numbers of rows and of columns, and what they are scaled by.</summary>
    private const int PackBytes = (3 + 4 * sizeof(float)) * 16 * PackRows;

    [MethodImpl(Optimize)]
    public override void Quantize(float* x, int xStride, int count, in QuantizedActivations destination)
    {
        for (var t = 0; t < count; t++)
        {
            float* row = x + (long)t * xStride, scales = destination.Scales(t), sums = destination.Sums(t), halfScales = destination.HalfScales(t), halfSums = destination.HalfSums(t);
            var codes = destination.Codes(t);
            NativeMemory.Clear(scales, (nuint)destination.PaddedParts * 6 * sizeof(float));
            for (var part = 0; part < destination.Columns / 32; part++)
            {
                var source = row + part * 32;
                T largest = default, zero = default, poison = default, signBit = T.Broadcast(-0f);
                for (var i = 0; i < 32; i += T.Width)
                {
                    var value = T.Load(source + i);
                    largest = T.Max(largest, value ^ (value & signBit));
                    poison = T.MultiplyAdd(value, zero, poison);
                }
                // Not finite: the poison makes the scale, and so every product, NaN instead of some number.
                var max = largest.Largest();
                var scale = max / 127 + poison.Sum();
                var inverse = T.Broadcast(max > 0 ? 127 / max : 0);
                for (var i = 0; i < 32; i += T.Width) (T.Load(source + i) * inverse).StoreRoundedBytes(codes + part * 32 + i);
                T lower = default, upper = default;
                for (var i = 0; i < 16; i += T.Width)
                {
                    lower += T.LoadSignedBytes((byte*)codes + part * 32 + i);
                    upper += T.LoadSignedBytes((byte*)codes + part * 32 + 16 + i);
                }
                float lowerSum = scale * lower.Sum(), upperSum = scale * upper.Sum();
                scales[part] = halfScales[2 * part] = halfScales[2 * part + 1] = scale;
                sums[part] = lowerSum + upperSum;
                halfSums[2 * part] = lowerSum;
                halfSums[2 * part + 1] = upperSum;
            }
        }
    }

    /// <summary>
    /// results[r] = Σ_k w[r, k]·x[k] for T.Rows rows, a row to each group of 128 bits: per part of 32 numbers an integer dot
    /// product times the product of both scales, and the weights' offset times the activations' sum.
    /// </summary>
    /// <param name="rows">where the rows start.</param>
    /// <param name="next">the rows of the next call, whose first heads are copied in time.</param>
    /// <param name="x">the activations.</param>
    /// <param name="t">the row of x.</param>
    /// <param name="ahead">how many bytes further on memory is asked for; 0 for not at all.</param>
    /// <param name="heads">[T.Rows][8]: the heads of this call's first step; afterwards, of the next one's.</param>
    /// <param name="results">[T.Rows]</param>
    [MethodImpl(Optimize)]
    private static void DotQuantized<TFormat>(RowPointers rows, RowPointers next, in QuantizedActivations x, int t, nint ahead, uint* heads, float* results) where TFormat : struct, IBlockFormat
    {
        // [row][part] for one step of 256 numbers.
        var scales = stackalloc float[16 * T.Rows];
        var offsets = stackalloc float[16 * T.Rows];
        var halves = TFormat.HasHalfParts ? 2 : 1;
        var rowScales = (RowPointers.Of((byte*)scales, 8 * halves * sizeof(float)), RowPointers.Of((byte*)offsets, 8 * halves * sizeof(float)));
        var codes = (byte*)x.Codes(t);
        float* xScales = TFormat.HasHalfParts ? x.HalfScales(t) : x.Scales(t), xSums = TFormat.HasHalfParts ? x.HalfSums(t) : x.Sums(t);
        nint stepBytes = 256 / TFormat.BlockLength * TFormat.BlockBytes;
        T sums = default;
        for (var left = x.Columns / 32; left > 0; left -= 8)
        {
            if (ahead != 0) rows.Prefetch<T>(ahead, stepBytes);
            TFormat.Scales<T>(rows, heads, scales, offsets);
            if (left > 8) TFormat.Heads<T>(rows + stepBytes, Math.Min(8, left - 8), heads);
            else TFormat.Heads<T>(next, Math.Min(8, x.Columns / 32), heads);

            // Four scales at a time: of four parts, or of two whose halves have their own.
            for (var four = 0; four < 2 * halves; four++)
            {
                var parts = Math.Min(4 / halves, left - 4 / halves * four);
                if (parts <= 0) break;
                var scale = T.LoadRows(rowScales.Item1, 16 * four) * T.LoadSame((byte*)(xScales + 4 * four));
                if (TFormat.HasOffsets) sums = T.MultiplyAdd(T.LoadRows(rowScales.Item2, 16 * four), T.LoadSame((byte*)(xSums + 4 * four)), sums);
                var part = 4 / halves * four;
                if (TFormat.HasHalfParts)
                {
                    sums = HalfParts<TFormat>(rows, part, codes, T.BroadcastInGroup(scale, 0), T.BroadcastInGroup(scale, 1), sums);
                    if (parts > 1) sums = HalfParts<TFormat>(rows, part + 1, codes + 32, T.BroadcastInGroup(scale, 2), T.BroadcastInGroup(scale, 3), sums);
                }
                else
                {
                    sums = Part<TFormat>(rows, part, codes, T.BroadcastInGroup(scale, 0), sums);
                    if (parts > 1) sums = Part<TFormat>(rows, part + 1, codes + 32, T.BroadcastInGroup(scale, 1), sums);
                    if (parts > 2) sums = Part<TFormat>(rows, part + 2, codes + 64, T.BroadcastInGroup(scale, 2), sums);
                    if (parts > 3) sums = Part<TFormat>(rows, part + 3, codes + 96, T.BroadcastInGroup(scale, 3), sums);
                }
                codes += 128 / halves;
            }
            rows += stepBytes;
            xScales += 8 * halves;
            xSums += 8 * halves;
        }
        sums.Store(scales);
        for (var r = 0; r < T.Rows; r++) results[r] = (scales[4 * r] + scales[4 * r + 1]) + (scales[4 * r + 2] + scales[4 * r + 3]);
    }

    /// <summary>sums + scale·Σ w·x over one part of 32 numbers.</summary>
    [MethodImpl(Inline)]
    private static T Part<TFormat>(RowPointers rows, int part, byte* x, T scale, T sums) where TFormat : struct, IBlockFormat
    {
        TFormat.Codes<T>(rows, part, out var lower, out var upper);
        T xLower = T.LoadSame(x), xUpper = T.LoadSame(x + 16);
        var dot = TFormat.IsSigned ? T.DotSigned(lower, xLower, upper, xUpper) : T.DotUnsigned(lower, xLower, upper, xUpper);
        return T.MultiplyAdd(dot, scale, sums);
    }

    /// <summary>The same where each 16 numbers have their own scale.</summary>
    [MethodImpl(Inline)]
    private static T HalfParts<TFormat>(RowPointers rows, int part, byte* x, T lowerScale, T upperScale, T sums) where TFormat : struct, IBlockFormat
    {
        TFormat.Codes<T>(rows, part, out var lower, out var upper);
        sums = T.MultiplyAdd(T.DotUnsigned(lower, T.LoadSame(x)), lowerScale, sums);
        return T.MultiplyAdd(T.DotUnsigned(upper, T.LoadSame(x + 16)), upperScale, sums);
    }

    /// <summary>
    /// Outputs [first, first + count) for up to four rows of x in float32: T.Rows rows of weights at a time are decoded in registers, a
    /// step of 256 numbers of each, and multiplied on the spot.
    /// </summary>
    [MethodImpl(Optimize)]
    private static void DotFew<TFormat, TTokens>(in Product product, int first, int count, float* x, int xStride, byte* scratch) where TFormat : struct, IBlockFormat where TTokens : struct, ICount
    {
        var weight = product.Weight;
        int K = weight.ColumnCount, last = first + count - 1, halves = TFormat.HasHalfParts ? 2 : 1;
        var ahead = Ahead(weight);
        nint stepBytes = 256 / TFormat.BlockLength * TFormat.BlockBytes;
        var results = stackalloc float[4];
        // [part][half][row][16]
        var codes = scratch;
        float* scales = (float*)(codes + 8 * 32 * T.Rows), offsets = scales + 16 * T.Rows, sums = offsets + 16 * T.Rows;
        var heads = (uint*)(sums + 8 * T.Rows * T.Width);
        for (var n = first; n <= last; n += T.Rows)
        {
            var rows = Group(weight, n, last);
            for (var i = 0; i < 8 * T.Rows; i++) default(T).Store(sums + i * T.Width);
            for (var k = 0; k < K; k += 256, rows += stepBytes)
            {
                var parts = Math.Min(8, (K - k) / 32);
                rows.Prefetch<T>(ahead, stepBytes);
                TFormat.Heads<T>(rows, parts, heads);
                TFormat.Scales<T>(rows, heads, scales, offsets);
                for (var part = 0; part < parts; part++)
                {
                    TFormat.Codes<T>(rows, part, out var lower, out var upper);
                    lower.Store((float*)(codes + 32 * T.Rows * part));
                    upper.Store((float*)(codes + 32 * T.Rows * part + 16 * T.Rows));
                }
                for (var r = 0; r < T.Rows; r++)
                    DotStep<TFormat, TTokens>(codes + 16 * r, scales + 8 * halves * r, offsets + 8 * halves * r, parts, x + k, xStride, sums + 8 * r * T.Width);
            }
            for (var t = 0; t < TTokens.Value; t++)
            {
                for (var r = 0; r < T.Rows; r++) results[r] = (T.Load(sums + (8 * r + 2 * t) * T.Width) + T.Load(sums + (8 * r + 2 * t + 1) * T.Width)).Sum();
                Put(product, n, Math.Min(T.Rows, last + 1 - n), t, results);
            }
        }
    }

    /// <summary>sums[t] += Σ w·x[t] over one step of one row, in two sums each.</summary>
    [MethodImpl(Optimize)]
    private static void DotStep<TFormat, TTokens>(byte* codes, float* scales, float* offsets, int parts, float* x, nint xStride, float* sums) where TFormat : struct, IBlockFormat where TTokens : struct, ICount
    {
        T s00 = T.Load(sums), s01 = T.Load(sums + T.Width), s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        if (TTokens.Value > 1) (s10, s11) = (T.Load(sums + 2 * T.Width), T.Load(sums + 3 * T.Width));
        if (TTokens.Value > 2) (s20, s21) = (T.Load(sums + 4 * T.Width), T.Load(sums + 5 * T.Width));
        if (TTokens.Value > 3) (s30, s31) = (T.Load(sums + 6 * T.Width), T.Load(sums + 7 * T.Width));
        for (nint part = 0; part < parts; part++, codes += 32 * T.Rows)
        {
            nint lower = TFormat.HasHalfParts ? 2 * part : part, upper = TFormat.HasHalfParts ? lower + 1 : part;
            T lowerScale = T.Broadcast(scales[lower]), upperScale = T.Broadcast(scales[upper]), lowerOffset = default, upperOffset = default;
            if (TFormat.HasOffsets) (lowerOffset, upperOffset) = (T.Broadcast(offsets[lower]), T.Broadcast(offsets[upper]));
            for (nint i = 0; i < 16; i += T.Width, x += T.Width)
            {
                T w0 = Weights<TFormat>(codes + i, lowerScale, lowerOffset), w1 = Weights<TFormat>(codes + 16 * T.Rows + i, upperScale, upperOffset);
                s00 = T.MultiplyAdd(w0, T.Load(x), s00);
                s01 = T.MultiplyAdd(w1, T.Load(x + 16), s01);
                if (TTokens.Value > 1)
                {
                    s10 = T.MultiplyAdd(w0, T.Load(x + xStride), s10);
                    s11 = T.MultiplyAdd(w1, T.Load(x + xStride + 16), s11);
                }
                if (TTokens.Value > 2)
                {
                    s20 = T.MultiplyAdd(w0, T.Load(x + 2 * xStride), s20);
                    s21 = T.MultiplyAdd(w1, T.Load(x + 2 * xStride + 16), s21);
                }
                if (TTokens.Value > 3)
                {
                    s30 = T.MultiplyAdd(w0, T.Load(x + 3 * xStride), s30);
                    s31 = T.MultiplyAdd(w1, T.Load(x + 3 * xStride + 16), s31);
                }
            }
            x += 16;
        }
        s00.Store(sums);
        s01.Store(sums + T.Width);
        if (TTokens.Value > 1) s10.Store(sums + 2 * T.Width);
        if (TTokens.Value > 1) s11.Store(sums + 3 * T.Width);
        if (TTokens.Value > 2) s20.Store(sums + 4 * T.Width);
        if (TTokens.Value > 2) s21.Store(sums + 5 * T.Width);
        if (TTokens.Value > 3) s30.Store(sums + 6 * T.Width);
        if (TTokens.Value > 3) s31.Store(sums + 7 * T.Width);
    }

    /// <summary>T.Width weights from their codes.</summary>
    [MethodImpl(Inline)]
    private static T Weights<TFormat>(byte* codes, T scale, T offset) where TFormat : struct, IBlockFormat
    {
        var code = TFormat.IsSigned ? T.LoadSignedBytes(codes) : T.LoadBytes(codes);
        return TFormat.HasOffsets ? T.MultiplyAdd(scale, code, offset) : scale * code;
    }

    /// <summary>
    /// panel[k, n] = w[first + n, k0 + k] for k &lt; depth ≤ 256, whole blocks; up to the next multiple of 16, columns beyond count
    /// repeat the last row. 16 rows at a time: their codes are transposed while they are bytes, and decoded with all rows side by side.
    /// </summary>
    [MethodImpl(Optimize)]
    private static void Pack<TFormat>(Matrix weight, int first, int count, int k0, int depth, float* panel, nint width, byte* scratch) where TFormat : struct, IBlockFormat
    {
        // Registers hold rows in this order: row g + i·groups is group i of register g.
        var groups = PackRows / T.Rows;
        var halves = TFormat.HasHalfParts ? 2 : 1;
        var rows = stackalloc RowPointers[groups];
        var heads = stackalloc uint[8 * T.Rows];
        // Whole registers are stored here and loaded again: aligned, they pass from the one to the other within a few cycles.
        byte* codes = scratch, spare = codes + 2 * 16 * PackRows;
        float* scales = (float*)(spare + 16 * PackRows), offsets = scales + 16 * PackRows, scalesOf = offsets + 16 * PackRows, offsetsOf = scalesOf + 16 * PackRows;
        var start = k0 / TFormat.BlockLength * (long)TFormat.BlockBytes;
        for (var n = 0; n < count; n += PackRows)
        {
            // Rows are read side by side, which hardware does not foresee: the next rows' lines are asked for, one a part; after the last rows, the next columns'.
            nint stepBytes = depth / TFormat.BlockLength * TFormat.BlockBytes;
            var ahead = n + PackRows < count ? PackRows * (nint)weight.Stride : stepBytes - n * (nint)weight.Stride;
            for (var g = 0; g < groups; g++)
            {
                rows[g] = new RowPointers(Row(n + g), Row(n + g + groups), Row(n + g + 2 * groups), Row(n + g + 3 * groups)) + start;
                TFormat.Heads<T>(rows[g], depth / 32, heads);
                TFormat.Scales<T>(rows[g], heads, scales + 8 * halves * T.Rows * g, offsets + 8 * halves * T.Rows * g);
            }
            for (var r = 0; r < PackRows; r += 4)
            {
                TransposeFour(At(scales, r), At(scales, r + 1), At(scales, r + 2), At(scales, r + 3), 8 * halves, scalesOf + r, PackRows);
                if (TFormat.HasOffsets)
                    TransposeFour(At(offsets, r), At(offsets, r + 1), At(offsets, r + 2), At(offsets, r + 3), 8 * halves, offsetsOf + r, PackRows);
            }
            var to = panel + n;
            for (var part = 0; part < depth / 32; part++)
            {
                for (var g = 0; g < groups; g++)
                {
                    if (64 * part < stepBytes) rows[g].Prefetch<T>(ahead + 64 * part, 1);
                    TFormat.Codes<T>(rows[g], part, out var lower, out var upper);
                    lower.Store((float*)(codes + 16 * T.Rows * g));
                    upper.Store((float*)(codes + 16 * PackRows + 16 * T.Rows * g));
                }
                for (var half = 0; half < 2; half++, to += 16 * width)
                {
                    var at = PackRows * (halves * part + (halves - 1) * half);
                    DecodeSquare<TFormat>(codes + half * 16 * PackRows, spare, scalesOf + at, offsetsOf + at, to, width);
                }
            }
        }

        byte* Row(int n) => weight.Row(first + Math.Min(n, count - 1));

        float* At(float* values, int row) => values + 8 * halves * (row % groups * T.Rows + row / groups);
    }

    /// <summary>
    /// square[number·16 + row] from the codes of 16 rows, a row to each group of the registers: row g + i·groups is group i of
    /// register g. Every round takes the bytes of the first and the second half of the registers in turn; it is written out where
    /// all fit into registers, since by way of memory each round waits for the one before.
    /// </summary>
    [MethodImpl(Inline)]
    private static void Square(byte* square, byte* spare)
    {
        var s = (float*)square;
        if (T.Rows == 4)
        {
            T.InterleaveBytes(T.Load(s), T.Load(s + 2 * T.Width), out var a0, out var a1);
            T.InterleaveBytes(T.Load(s + T.Width), T.Load(s + 3 * T.Width), out var a2, out var a3);
            T.InterleaveBytes(a0, a2, out var b0, out var b1);
            T.InterleaveBytes(a1, a3, out var b2, out var b3);
            T.TransposeGroups(b0).Store(s);
            T.TransposeGroups(b1).Store(s + T.Width);
            T.TransposeGroups(b2).Store(s + 2 * T.Width);
            T.TransposeGroups(b3).Store(s + 3 * T.Width);
            return;
        }
        if (T.Rows == 2)
        {
            T.InterleaveBytes(T.Load(s), T.Load(s + 4 * T.Width), out var a0, out var a1);
            T.InterleaveBytes(T.Load(s + T.Width), T.Load(s + 5 * T.Width), out var a2, out var a3);
            T.InterleaveBytes(T.Load(s + 2 * T.Width), T.Load(s + 6 * T.Width), out var a4, out var a5);
            T.InterleaveBytes(T.Load(s + 3 * T.Width), T.Load(s + 7 * T.Width), out var a6, out var a7);
            T.InterleaveBytes(a0, a4, out var b0, out var b1);
            T.InterleaveBytes(a1, a5, out var b2, out var b3);
            T.InterleaveBytes(a2, a6, out var b4, out var b5);
            T.InterleaveBytes(a3, a7, out var b6, out var b7);
            T.InterleaveBytes(b0, b4, out a0, out a1);
            T.InterleaveBytes(b1, b5, out a2, out a3);
            T.InterleaveBytes(b2, b6, out a4, out a5);
            T.InterleaveBytes(b3, b7, out a6, out a7);
            T.TransposeGroups(a0).Store(s);
            T.TransposeGroups(a1).Store(s + T.Width);
            T.TransposeGroups(a2).Store(s + 2 * T.Width);
            T.TransposeGroups(a3).Store(s + 3 * T.Width);
            T.TransposeGroups(a4).Store(s + 4 * T.Width);
            T.TransposeGroups(a5).Store(s + 5 * T.Width);
            T.TransposeGroups(a6).Store(s + 6 * T.Width);
            T.TransposeGroups(a7).Store(s + 7 * T.Width);
            return;
        }
        // Sixteen are more than there is room for.
        nint half = PackRows / T.Rows / 2, size = 16 * T.Rows;
        byte* from = square, into = spare;
        for (nint round = 1; round <= half; round *= 2)
        {
            for (nint i = 0; i < half * size; i += size)
            {
                T.InterleaveBytes(T.Load((float*)(from + i)), T.Load((float*)(from + half * size + i)), out var lower, out var upper);
                lower.Store((float*)(into + 2 * i));
                upper.Store((float*)(into + 2 * i + size));
            }
            var before = from;
            from = into;
            into = before;
        }
        for (nint i = 0; i < 2 * half * size; i += size) T.TransposeGroups(T.Load((float*)(from + i))).Store((float*)(square + i));
    }

    /// <summary>to[k·width + row] = scale[row]·code + offset[row] for 16 numbers of 16 rows, whose codes lie a row to each group of the registers.</summary>
    [MethodImpl(Optimize)]
    private static void DecodeSquare<TFormat>(byte* square, byte* spare, float* scales, float* offsets, float* to, nint width) where TFormat : struct, IBlockFormat
    {
        Square(square, spare);
        for (nint v = 0; v < PackRows; v += T.Width)
        {
            T scale = T.Load(scales + v), offset = T.Load(offsets + v);
            byte* code = square + v, end = code + 16 * PackRows;
            for (var at = to + v; code < end; code += 4 * PackRows, at += 4 * width)
            {
                Weights<TFormat>(code, scale, offset).Store(at);
                Weights<TFormat>(code + PackRows, scale, offset).Store(at + width);
                Weights<TFormat>(code + 2 * PackRows, scale, offset).Store(at + 2 * width);
                Weights<TFormat>(code + 3 * PackRows, scale, offset).Store(at + 3 * width);
            }
        }
    }

    /// <summary>Weights of one block format, whose kernels the JIT has specialised for it.</summary>
    private abstract class Stored
    {
        /// <summary>Null for types that are not decoded in registers.</summary>
        public static Stored? Of(ElementType type) => type switch
        {
            ElementType.Q4_0 => Stored<FormatQ4_0>.Instance,
            ElementType.Q4_1 => Stored<FormatQ4_1>.Instance,
            ElementType.Q5_0 => Stored<FormatQ5_0>.Instance,
            ElementType.Q5_1 => Stored<FormatQ5_1>.Instance,
            ElementType.Q8_0 => Stored<FormatQ8_0>.Instance,
            ElementType.Q2_K => Stored<FormatQ2_K>.Instance,
            ElementType.Q3_K => Stored<FormatQ3_K>.Instance,
            ElementType.Q4_K => Stored<FormatQ4_K>.Instance,
            ElementType.Q5_K => Stored<FormatQ5_K>.Instance,
            ElementType.Q6_K => Stored<FormatQ6_K>.Instance,
            ElementType.IQ4_NL => Stored<FormatIQ4_NL>.Instance,
            ElementType.IQ4_XS => Stored<FormatIQ4_XS>.Instance,
            ElementType.TQ1_0 => Stored<FormatTQ1_0>.Instance,
            ElementType.TQ2_0 => Stored<FormatTQ2_0>.Instance,
            ElementType.MXFP4 => Stored<FormatMXFP4>.Instance,
            _ => null,
        };

        public abstract void DotRows(in Product product, int first, int count, int tokens, in QuantizedActivations x);

        public abstract void DotFew(in Product product, int first, int count, float* x, int xStride, int tokens, byte* scratch);

        public abstract void Pack(Matrix weight, int first, int count, int k0, int depth, float* panel, nint width, byte* scratch);
    }

    private sealed class Stored<TFormat> : Stored where TFormat : struct, IBlockFormat
    {
        public static readonly Stored<TFormat> Instance = new();

        public override void DotRows(in Product product, int first, int count, int tokens, in QuantizedActivations x)
            => LanesKernels<T>.DotRows<TFormat>(product, first, count, tokens, x);

        public override void DotFew(in Product product, int first, int count, float* x, int xStride, int tokens, byte* scratch)
        {
            for (var t = 0; t < tokens; t += 4)
            {
                var some = product;
                some.Output += (long)t * product.OutputStride;
                var at = x + (long)t * xStride;
                switch (tokens - t)
                {
                    case 1: LanesKernels<T>.DotFew<TFormat, One>(some, first, count, at, xStride, scratch); break;
                    case 2: LanesKernels<T>.DotFew<TFormat, Two>(some, first, count, at, xStride, scratch); break;
                    case 3: LanesKernels<T>.DotFew<TFormat, Three>(some, first, count, at, xStride, scratch); break;
                    default: LanesKernels<T>.DotFew<TFormat, Four>(some, first, count, at, xStride, scratch); break;
                }
            }
        }

        public override void Pack(Matrix weight, int first, int count, int k0, int depth, float* panel, nint width, byte* scratch)
            => LanesKernels<T>.Pack<TFormat>(weight, first, count, k0, depth, panel, width, scratch);
    }
}
