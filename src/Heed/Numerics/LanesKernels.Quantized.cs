using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Numerics;

/// <content>Products of quantised weights with quantised activations, and the weights' decoding to floats.</content>
internal sealed unsafe partial class LanesKernels<T>
{
    public override int RowGroup => T.Rows;

    [MethodImpl(Optimize)]
    public override void Quantize(float* x, int xStride, int count, in QuantizedActivations destination)
    {
        for (var t = 0; t < count; t++)
        {
            float* row = x + (long)t * xStride, scales = destination.Scales(t), sums = destination.Sums(t), halfScales = destination.HalfScales(t), halfSums = destination.HalfSums(t);
            var codes = destination.Codes(t);
            var group = destination.Group;
            NativeMemory.Clear(scales, (nuint)(destination.PaddedParts * group * 6 * sizeof(float)));
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
                for (var r = 0; r < group; r++)
                {
                    scales[part * group + r] = scale;
                    sums[part * group + r] = lowerSum + upperSum;
                    halfScales[2 * part * group + r] = halfScales[(2 * part + 1) * group + r] = scale;
                    halfSums[2 * part * group + r] = lowerSum;
                    halfSums[(2 * part + 1) * group + r] = upperSum;
                }
            }
        }
    }

    /// <summary>
    /// results[r] = Σ_k w[r, k]·x[k] for T.Rows rows, a row to each group of 128 bits: per part of 32 numbers an integer dot
    /// product times the product of both scales; then offsets times the activations' sums.
    /// </summary>
    [MethodImpl(Optimize)]
    private static void DotQuantized<TFormat>(RowPointers rows, in QuantizedActivations x, int t, nint ahead, float* results) where TFormat : struct, IBlockFormat
    {
        // [part][row] for one step of 256 numbers.
        var scales = stackalloc float[16 * T.Rows];
        var offsets = stackalloc float[16 * T.Rows];
        var halves = TFormat.HasHalfParts ? 2 : 1;
        var codes = (byte*)x.Codes(t);
        float* xScales = TFormat.HasHalfParts ? x.HalfScales(t) : x.Scales(t), xSums = TFormat.HasHalfParts ? x.HalfSums(t) : x.Sums(t);
        T sums = default, offsetSums = default;
        nint stepBytes = 256 / TFormat.BlockLength * TFormat.BlockBytes;
        for (var left = x.Columns / 32; left > 0; left -= 8)
        {
            var count = Math.Min(8, left);
            if (t == 0) rows.Prefetch<T>(ahead, stepBytes);
            TFormat.Scales<T>(rows, count, scales, offsets);
            if (TFormat.HasOffsets)
            {
                // Beyond the end the activations' sums are zero, and nothing that is left there may be infinite.
                for (var i = count * halves * T.Rows; i < 8 * halves * T.Rows; i++) offsets[i] = 0;
                for (var i = 0; i < 8 * halves * T.Rows; i += T.Width) offsetSums = T.MultiplyAdd(T.Load(offsets + i), T.Load(xSums + i), offsetSums);
            }
            for (var i = 0; i < 8 * halves * T.Rows; i += T.Width) (T.Load(scales + i) * T.Load(xScales + i)).Store(scales + i);
            for (var part = 0; part < count; part++)
            {
                TFormat.Codes<T>(rows, part, out var lower, out var upper);
                T xLower = T.LoadSame(codes), xUpper = T.LoadSame(codes + 16);
                codes += 32;
                if (TFormat.HasHalfParts)
                {
                    sums = T.MultiplyAdd(T.DotUnsigned(lower, xLower), T.ExpandRows(scales + 2 * part * T.Rows), sums);
                    sums = T.MultiplyAdd(T.DotUnsigned(upper, xUpper), T.ExpandRows(scales + (2 * part + 1) * T.Rows), sums);
                }
                else
                {
                    var dot = TFormat.IsSigned ? T.DotSigned(lower, xLower, upper, xUpper) : T.DotUnsigned(lower, xLower, upper, xUpper);
                    sums = T.MultiplyAdd(dot, T.ExpandRows(scales + part * T.Rows), sums);
                }
            }
            rows += stepBytes;
            xScales += 8 * halves * T.Rows;
            xSums += 8 * halves * T.Rows;
        }

        // Products: four lanes to a row, one after the other. Offsets: lane i belongs to row i mod T.Rows.
        sums.Store(scales);
        offsetSums.Store(offsets);
        for (var r = 0; r < T.Rows; r++)
        {
            var sum = (scales[4 * r] + scales[4 * r + 1]) + (scales[4 * r + 2] + scales[4 * r + 3]);
            if (TFormat.HasOffsets)
                sum += (offsets[r] + offsets[T.Rows + r]) + (offsets[2 * T.Rows + r] + offsets[3 * T.Rows + r]);
            results[r] = sum;
        }
    }

    /// <summary>Decodes numbers [first, first + count) of a stored row; both whole blocks.</summary>
    [MethodImpl(Optimize)]
    private static void Decode<TFormat>(byte* row, int first, int count, float* destination) where TFormat : struct, IBlockFormat
    {
        var scales = stackalloc float[16];
        var offsets = stackalloc float[16];
        var codes = stackalloc float[8];
        row += first / TFormat.BlockLength * (nint)TFormat.BlockBytes;
        for (var left = count / 32; left > 0; left -= 8)
        {
            var parts = Math.Min(8, left);
            var rows = new RowPointers(row, row, row, row);
            TFormat.Scales<Vector128Lanes>(rows, parts, scales, offsets);
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
