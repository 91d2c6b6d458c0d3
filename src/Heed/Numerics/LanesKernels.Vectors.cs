using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <summary>
/// Every kernel for the vector sets, written once. Where a loop ends in a remainder, it is loaded with
/// <see cref="ILanes{T}.LoadPartial"/>: unused lanes get a number that leaves the result as it is.
/// </summary>
/// <remarks>
/// Kernels are compiled with full optimisation at their first call: the quick first compilation of the JIT would run
/// vector code a hundred times slower, and one loop is a large part of a first token.
/// </remarks>
internal sealed unsafe partial class LanesKernels<T> : KernelSet where T : unmanaged, ILanes<T>
{
    private const MethodImplOptions Optimize = MethodImplOptions.AggressiveOptimization;
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    [MethodImpl(Optimize)]
    public override float Dot(float* a, float* b, int n)
    {
        // Four sums hide the latency of the multiply-add and shorten each chain of roundings.
        T s0 = default, s1 = default, s2 = default, s3 = default;
        var i = 0;
        for (; i + 4 * T.Width <= n; i += 4 * T.Width)
        {
            s0 = T.MultiplyAdd(T.Load(a + i), T.Load(b + i), s0);
            s1 = T.MultiplyAdd(T.Load(a + i + T.Width), T.Load(b + i + T.Width), s1);
            s2 = T.MultiplyAdd(T.Load(a + i + 2 * T.Width), T.Load(b + i + 2 * T.Width), s2);
            s3 = T.MultiplyAdd(T.Load(a + i + 3 * T.Width), T.Load(b + i + 3 * T.Width), s3);
        }
        for (; i + T.Width <= n; i += T.Width) s0 = T.MultiplyAdd(T.Load(a + i), T.Load(b + i), s0);
        if (i < n) s1 = T.MultiplyAdd(T.LoadPartial(a + i, n - i), T.LoadPartial(b + i, n - i), s1);
        return (s0 + s1 + (s2 + s3)).Sum();
    }

    [MethodImpl(Optimize)]
    public override void AddScaled(float* x, float s, float* y, int n)
    {
        var scale = T.Broadcast(s);
        var i = 0;
        for (; i + T.Width <= n; i += T.Width) T.MultiplyAdd(scale, T.Load(x + i), T.Load(y + i)).Store(y + i);
        if (i < n) T.MultiplyAdd(scale, T.LoadPartial(x + i, n - i), T.LoadPartial(y + i, n - i)).StorePartial(y + i, n - i);
    }

    [MethodImpl(Optimize)]
    public override void Add(float* x, float* y, int n)
    {
        var i = 0;
        for (; i + T.Width <= n; i += T.Width) (T.Load(x + i) + T.Load(y + i)).Store(y + i);
        if (i < n) (T.LoadPartial(x + i, n - i) + T.LoadPartial(y + i, n - i)).StorePartial(y + i, n - i);
    }

    [MethodImpl(Optimize)]
    public override void Multiply(float* x, float* y, int n)
    {
        var i = 0;
        for (; i + T.Width <= n; i += T.Width) (T.Load(x + i) * T.Load(y + i)).Store(y + i);
        if (i < n) (T.LoadPartial(x + i, n - i) * T.LoadPartial(y + i, n - i)).StorePartial(y + i, n - i);
    }

    [MethodImpl(Optimize)]
    public override void Scale(float* x, float s, int n)
    {
        var scale = T.Broadcast(s);
        var i = 0;
        for (; i + T.Width <= n; i += T.Width) (scale * T.Load(x + i)).Store(x + i);
        if (i < n) (scale * T.LoadPartial(x + i, n - i)).StorePartial(x + i, n - i);
    }

    [MethodImpl(Optimize)]
    public override float Max(float* x, int n)
    {
        T m0 = T.Broadcast(float.NegativeInfinity), m1 = m0;
        var i = 0;
        for (; i + 2 * T.Width <= n; i += 2 * T.Width)
        {
            m0 = T.Max(m0, T.Load(x + i));
            m1 = T.Max(m1, T.Load(x + i + T.Width));
        }
        for (; i + T.Width <= n; i += T.Width) m0 = T.Max(m0, T.Load(x + i));
        if (i < n) m1 = T.Max(m1, T.LoadPartial(x + i, n - i, float.NegativeInfinity));
        return T.Max(m0, m1).Largest();
    }

    /// <summary>Sums of this many numbers are added up in double precision, so that long vectors lose nothing.</summary>
    private const int DoubleBlock = 512;

    [MethodImpl(Optimize)]
    public override double Sum(float* x, int n)
    {
        double total = 0;
        for (var start = 0; start < n; start += DoubleBlock)
        {
            int i = start, end = Math.Min(n, start + DoubleBlock);
            T s0 = default, s1 = default;
            for (; i + 2 * T.Width <= end; i += 2 * T.Width)
            {
                s0 += T.Load(x + i);
                s1 += T.Load(x + i + T.Width);
            }
            for (; i + T.Width <= end; i += T.Width) s0 += T.Load(x + i);
            if (i < end) s1 += T.LoadPartial(x + i, end - i);
            total += (s0 + s1).Sum();
        }
        return total;
    }

    public override float SumOfSquares(float* x, int n) => Dot(x, x, n);

    [MethodImpl(Optimize)]
    public override bool AllFinite(float* x, long n)
    {
        // x·0 is 0 for finite x and NaN otherwise, and a NaN stays in the sum.
        T zero = default, s0 = default, s1 = default;
        long i = 0;
        for (; i + 2 * T.Width <= n; i += 2 * T.Width)
        {
            s0 = T.MultiplyAdd(T.Load(x + i), zero, s0);
            s1 = T.MultiplyAdd(T.Load(x + i + T.Width), zero, s1);
        }
        for (; i < n; i += T.Width) s0 = T.MultiplyAdd(T.LoadPartial(x + i, (int)Math.Min(T.Width, n - i)), zero, s0);
        return !float.IsNaN((s0 + s1).Sum());
    }

    [MethodImpl(Optimize)]
    public override double ExpSum(float* x, float max, float* y, int n)
    {
        var shift = T.Broadcast(max);
        double total = 0;
        for (var start = 0; start < n; start += DoubleBlock)
        {
            int i = start, end = Math.Min(n, start + DoubleBlock);
            T s0 = default;
            for (; i + T.Width <= end; i += T.Width)
            {
                var power = Elementary<T>.Exp(T.Load(x + i) - shift);
                power.Store(y + i);
                s0 += power;
            }
            if (i < end)
            {
                var power = Elementary<T>.Exp(T.LoadPartial(x + i, end - i, float.NegativeInfinity) - shift);
                power.StorePartial(y + i, end - i);
                // With max = ∞ or NaN an unused lane is NaN; it is then right that the sum is, too.
                s0 += power;
            }
            total += s0.Sum();
        }
        return total;
    }

    [MethodImpl(Optimize)]
    public override void RmsNorm(float* x, float* weight, float eps, float* y, int n, out float scale)
    {
        scale = MathF.Sqrt(Dot(x, x, n) / n + eps);
        var inverse = T.Broadcast(1 / scale);
        var i = 0;
        if (weight is null)
        {
            for (; i + T.Width <= n; i += T.Width) (inverse * T.Load(x + i)).Store(y + i);
            if (i < n) (inverse * T.LoadPartial(x + i, n - i)).StorePartial(y + i, n - i);
            return;
        }
        for (; i + T.Width <= n; i += T.Width) (inverse * T.Load(x + i) * T.Load(weight + i)).Store(y + i);
        if (i < n) (inverse * T.LoadPartial(x + i, n - i) * T.LoadPartial(weight + i, n - i)).StorePartial(y + i, n - i);
    }

    [MethodImpl(Optimize)]
    public override void LayerNorm(float* x, float* weight, float* bias, float eps, float* y, int n, out float scale)
    {
        var center = (float)(Sum(x, n) / n);
        var mean = T.Broadcast(center);
        T s0 = default, s1 = default;
        var i = 0;
        for (; i + T.Width <= n; i += T.Width)
        {
            var centered = T.Load(x + i) - mean;
            s0 = T.MultiplyAdd(centered, centered, s0);
        }
        if (i < n)
        {
            var centered = T.LoadPartial(x + i, n - i, center) - mean;
            s1 = T.MultiplyAdd(centered, centered, s1);
        }
        scale = MathF.Sqrt((s0 + s1).Sum() / n + eps);
        var inverse = T.Broadcast(1 / scale);
        for (i = 0; i + T.Width <= n; i += T.Width)
        {
            var value = inverse * (T.Load(x + i) - mean);
            if (weight is not null) value *= T.Load(weight + i);
            if (bias is not null) value += T.Load(bias + i);
            value.Store(y + i);
        }
        if (i < n)
        {
            var value = inverse * (T.LoadPartial(x + i, n - i) - mean);
            if (weight is not null) value *= T.LoadPartial(weight + i, n - i);
            if (bias is not null) value += T.LoadPartial(bias + i, n - i);
            value.StorePartial(y + i, n - i);
        }
    }
}
