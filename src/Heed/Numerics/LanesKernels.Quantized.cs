using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Numerics;

/// <content>Products of quantised weights with quantised activations, and the weights' decoding to floats.</content>
internal sealed unsafe partial class LanesKernels<T>
{
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

    /// <summary>Decodes numbers [first, first + count) of a stored row; both whole blocks.</summary>
    [MethodImpl(Optimize)]
    private static void Decode<TFormat>(byte* row, int first, int count, float* destination) where TFormat : struct, IBlockFormat
    {
        var scales = stackalloc float[16];
        var offsets = stackalloc float[16];
        var codes = stackalloc float[8];
        var heads = stackalloc uint[8];
        row += first / TFormat.BlockLength * (nint)TFormat.BlockBytes;
        for (var left = count / 32; left > 0; left -= 8)
        {
            var parts = Math.Min(8, left);
            var rows = new RowPointers(row, row, row, row);
            TFormat.Heads<Vector128Lanes>(rows, parts, heads);
            TFormat.Scales<Vector128Lanes>(rows, heads, scales, offsets);
            for (var part = 0; part < parts; part++, destination += 32)
            {
                TFormat.Codes<Vector128Lanes>(rows, part, out var lower, out var upper);
                lower.Store(codes);
                upper.Store(codes + 4);
                for (var i = 0; i < 32; i += T.Width)
                {
                    var at = (byte*)codes + i;
                    var half = TFormat.HasHalfParts ? 2 * part + i / 16 : part;
                    var code = TFormat.IsSigned ? T.LoadSignedBytes(at) : T.LoadBytes(at);
                    var scale = T.Broadcast(scales[half]);
                    (TFormat.HasOffsets ? T.MultiplyAdd(scale, code, T.Broadcast(offsets[half])) : scale * code).Store(destination + i);
                }
            }
            row += 256 / TFormat.BlockLength * (nint)TFormat.BlockBytes;
        }
    }
}
