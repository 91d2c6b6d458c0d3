namespace Heed.Numerics;

/// <summary>The non-linear functions of the MLP. x is one number.</summary>
public enum ActivationFunction
{
    /// <summary>max(x, 0)</summary>
    Relu,
    /// <summary>max(x, 0)²</summary>
    SquaredRelu,
    /// <summary>x·Φ(x) with the error function, exactly.</summary>
    Gelu,
    /// <summary>½x(1 + tanh(√(2/π)(x + 0.044715x³))); "gelu_new", "gelu_pytorch_tanh".</summary>
    GeluTanh,
    /// <summary>x·σ(1.702x)</summary>
    QuickGelu,
    /// <summary>x·σ(x); "swish".</summary>
    Silu,
    /// <summary>1/(1 + e⁻ˣ)</summary>
    Sigmoid,
    /// <summary>tanh(x)</summary>
    Tanh,
}
