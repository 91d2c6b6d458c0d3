using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <summary>
/// Elementary functions, lane by lane. Polynomials interpolate at Chebyshev nodes in double precision; the error of
/// each polynomial is given beside it, float32 rounding comes on top (the tests state the sum of both).
/// </summary>
internal static class Elementary<T> where T : unmanaged, ILanes<T>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>eˣ: relative error below 2e-7 where the result is a normal number; −∞ gives 0, above 88.73 ∞, NaN stays.</summary>
    [MethodImpl(Inline)]
    public static T Exp(T x)
    {
        // Below −104 the result is less than half the smallest subnormal, above 89 it is infinite.
        x = T.Max(T.Broadcast(-104f), T.Min(T.Broadcast(89f), x));

        // eˣ = 2ⁿ·eʳ with n whole and |r| ≤ ln 2 / 2. Adding 1.5·2²³ rounds to whole numbers; ln 2 is subtracted in two
        // parts, the first short enough for n·part to be exact.
        var rounding = T.Broadcast(12582912f);
        var n = T.MultiplyAdd(x, T.Broadcast(1.44269504088896341f), rounding) - rounding;
        var r = T.MultiplyAdd(n, T.Broadcast(-0.693359375f), x);
        r = T.MultiplyAdd(n, T.Broadcast(2.12194440054690583e-4f), r);

        // (eʳ − 1 − r) / r² on that interval: 1.1e-8.
        var q = T.MultiplyAdd(T.Broadcast(0.00139262508f), r, T.Broadcast(0.00836323288f));
        q = T.MultiplyAdd(q, r, T.Broadcast(0.0416665542f));
        q = T.MultiplyAdd(q, r, T.Broadcast(0.166665767f));
        q = T.MultiplyAdd(q, r, T.Broadcast(0.5f));
        var power = T.MultiplyAdd(q, r * r, r) + T.Broadcast(1f);
        return T.ScaleByPowerOfTwo(power, n);
    }

    /// <summary>σ(x) = 1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(Inline)]
    public static T Sigmoid(T x)
    {
        var one = T.Broadcast(1f);
        return one / (one + Exp(default(T) - x));
    }

    /// <summary>tanh x, relative error below 4e-7.</summary>
    [MethodImpl(Inline)]
    public static T Tanh(T x)
    {
        var sign = x & T.Broadcast(-0f);
        var magnitude = x ^ sign;

        // Near zero x + x³·p(x²), (tanh x / x − 1) / x² on 0 … 0.625: 1.7e-8. Elsewhere 1 − 2 / (e²ˣ + 1), where nothing cancels.
        var square = x * x;
        var p = T.MultiplyAdd(T.Broadcast(-0.00609671416f), square, T.Broadcast(0.020997179f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-0.0538509096f));
        p = T.MultiplyAdd(p, square, T.Broadcast(0.133327697f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-0.333333289f));
        var near = T.MultiplyAdd(p * square, x, x);
        var one = T.Broadcast(1f);
        var far = one - T.Broadcast(2f) / (Exp(magnitude + magnitude) + one);
        return T.Select(T.LessThan(magnitude, T.Broadcast(0.625f)), near, far | sign);
    }

    /// <summary>Φ(x), the normal distribution: relative error below 1e-6 for x &gt; −5 and growing as x² beyond, where Φ vanishes.</summary>
    [MethodImpl(Inline)]
    public static T Phi(T x)
    {
        // Φ(x) = erfc(z) / 2 for z = −x / √2 ≥ 0 and its complement otherwise. erfc(z) = t·exp(p(t) − z²), t = 1 / (1 + z/2):
        // the form of Numerical Recipes (section 6.2), p fitted on z = 0 … 10.5: 5.5e-8.
        var magnitude = (x ^ (x & T.Broadcast(-0f))) * T.Broadcast(0.707106781f);
        var one = T.Broadcast(1f);
        var t = one / T.MultiplyAdd(magnitude, T.Broadcast(0.5f), one);
        var p = T.MultiplyAdd(T.Broadcast(0.152279485f), t, T.Broadcast(-0.720417716f));
        p = T.MultiplyAdd(p, t, T.Broadcast(1.24870900f));
        p = T.MultiplyAdd(p, t, T.Broadcast(-0.816819142f));
        p = T.MultiplyAdd(p, t, T.Broadcast(0.0176640696f));
        p = T.MultiplyAdd(p, t, T.Broadcast(-0.0496802737f));
        p = T.MultiplyAdd(p, t, T.Broadcast(0.051508149f));
        p = T.MultiplyAdd(p, t, T.Broadcast(0.383202547f));
        p = T.MultiplyAdd(p, t, T.Broadcast(0.999020346f));
        p = T.MultiplyAdd(p, t, T.Broadcast(-1.26546641f));
        // z² from x itself, which is not rounded yet.
        var tail = T.Broadcast(0.5f) * t * Exp(T.MultiplyAdd(x * x, T.Broadcast(-0.5f), p));
        return T.Select(T.LessThan(x, default), tail, one - tail);
    }

    /// <summary>The activation function <typeparamref name="TFunction"/> stands for.</summary>
    [MethodImpl(Inline)]
    public static T Apply<TFunction>(T x) where TFunction : struct, IActivation => TFunction.Kind switch
    {
        ActivationFunction.Relu => T.Max(default, x),
        ActivationFunction.SquaredRelu => T.Max(default, x) * T.Max(default, x),
        ActivationFunction.Gelu => x * Phi(x),
        // (1 + tanh u) / 2 = σ(2u), in which nothing cancels.
        ActivationFunction.GeluTanh => x * Sigmoid(x * T.MultiplyAdd(x * x, T.Broadcast(0.0713548163f), T.Broadcast(1.59576912f))),
        ActivationFunction.QuickGelu => x * Sigmoid(x * T.Broadcast(1.702f)),
        ActivationFunction.Silu => x * Sigmoid(x),
        ActivationFunction.Sigmoid => Sigmoid(x),
        ActivationFunction.Tanh => Tanh(x),
        _ => x,
    };
}

/// <summary>An activation function known when the kernel is compiled.</summary>
internal interface IActivation
{
    static abstract ActivationFunction Kind { get; }
}
