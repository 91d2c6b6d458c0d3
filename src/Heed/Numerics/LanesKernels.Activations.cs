using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <content>Activation functions, soft caps and rotary positions.</content>
internal sealed unsafe partial class LanesKernels<T>
{
    private readonly struct Relu : IActivation { public static ActivationFunction Kind => ActivationFunction.Relu; }
    private readonly struct SquaredRelu : IActivation { public static ActivationFunction Kind => ActivationFunction.SquaredRelu; }
    private readonly struct Gelu : IActivation { public static ActivationFunction Kind => ActivationFunction.Gelu; }
    private readonly struct GeluTanh : IActivation { public static ActivationFunction Kind => ActivationFunction.GeluTanh; }
    private readonly struct QuickGelu : IActivation { public static ActivationFunction Kind => ActivationFunction.QuickGelu; }
    private readonly struct Silu : IActivation { public static ActivationFunction Kind => ActivationFunction.Silu; }
    private readonly struct Sigmoid : IActivation { public static ActivationFunction Kind => ActivationFunction.Sigmoid; }
    private readonly struct Tanh : IActivation { public static ActivationFunction Kind => ActivationFunction.Tanh; }

    public override void Activate(ActivationFunction function, float* x, int n) => Activate(function, x, null, x, n);

    public override void ActivateGated(ActivationFunction function, float* gate, float* up, float* y, int n) => Activate(function, gate, up, y, n);

    private static void Activate(ActivationFunction function, float* gate, float* up, float* y, int n)
    {
        switch (function)
        {
            case ActivationFunction.Relu: Activate<Relu>(gate, up, y, n); break;
            case ActivationFunction.SquaredRelu: Activate<SquaredRelu>(gate, up, y, n); break;
            case ActivationFunction.Gelu: Activate<Gelu>(gate, up, y, n); break;
            case ActivationFunction.GeluTanh: Activate<GeluTanh>(gate, up, y, n); break;
            case ActivationFunction.QuickGelu: Activate<QuickGelu>(gate, up, y, n); break;
            case ActivationFunction.Silu: Activate<Silu>(gate, up, y, n); break;
            case ActivationFunction.Sigmoid: Activate<Sigmoid>(gate, up, y, n); break;
            case ActivationFunction.Tanh: Activate<Tanh>(gate, up, y, n); break;
            default: throw new ArgumentOutOfRangeException(nameof(function), function, "unknown activation function");
        }
    }

    [MethodImpl(Optimize)]
    private static void Activate<TFunction>(float* gate, float* up, float* y, int n) where TFunction : struct, IActivation
    {
        var i = 0;
        for (; i + T.Width <= n; i += T.Width)
        {
            var value = Elementary<T>.Apply<TFunction>(T.Load(gate + i));
            if (up is not null) value *= T.Load(up + i);
            value.Store(y + i);
        }
        if (i < n)
        {
            var value = Elementary<T>.Apply<TFunction>(T.LoadPartial(gate + i, n - i));
            if (up is not null) value *= T.LoadPartial(up + i, n - i);
            value.StorePartial(y + i, n - i);
        }
    }

    [MethodImpl(Optimize)]
    public override void SoftCap(float* x, float cap, int n)
    {
        T limit = T.Broadcast(cap), inverse = T.Broadcast(1 / cap);
        var i = 0;
        for (; i + T.Width <= n; i += T.Width) (limit * Elementary<T>.Tanh(inverse * T.Load(x + i))).Store(x + i);
        if (i < n) (limit * Elementary<T>.Tanh(inverse * T.LoadPartial(x + i, n - i))).StorePartial(x + i, n - i);
    }

    [MethodImpl(Optimize)]
    public override void RotateHalves(float* x, float* cos, float* sin, int rotaryDims)
    {
        var half = rotaryDims / 2;
        var other = x + half;
        var i = 0;
        for (; i + T.Width <= half; i += T.Width)
        {
            T a = T.Load(x + i), b = T.Load(other + i), c = T.Load(cos + i), s = T.Load(sin + i);
            (a * c - b * s).Store(x + i);
            T.MultiplyAdd(b, c, a * s).Store(other + i);
        }
        if (i < half)
        {
            var rest = half - i;
            T a = T.LoadPartial(x + i, rest), b = T.LoadPartial(other + i, rest), c = T.LoadPartial(cos + i, rest), s = T.LoadPartial(sin + i, rest);
            (a * c - b * s).StorePartial(x + i, rest);
            T.MultiplyAdd(b, c, a * s).StorePartial(other + i, rest);
        }
    }

    // Pairs stand side by side and few models have them: not worth the shuffles.
    [MethodImpl(Optimize)]
    public override void RotateInterleaved(float* x, float* cos, float* sin, int rotaryDims)
    {
        for (var i = 0; i < rotaryDims / 2; i++)
        {
            float a = x[2 * i], b = x[2 * i + 1];
            x[2 * i] = a * cos[i] - b * sin[i];
            x[2 * i + 1] = a * sin[i] + b * cos[i];
        }
    }
}
