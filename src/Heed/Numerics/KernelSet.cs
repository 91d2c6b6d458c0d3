namespace Heed.Numerics;

/// <summary>
/// Every kernel, for one instruction set. <see cref="LanesKernels{T}"/> writes them once for all vector sets,
/// <see cref="Reference"/> is the plain scalar version; <see cref="Isa"/> says which one is used.
/// What each kernel computes is documented where it is called from: <see cref="VectorMath"/>,
/// <see cref="AttentionKernels"/> and <see cref="Products"/>.
/// </summary>
internal abstract unsafe class KernelSet
{
    // Vectors
    public abstract float Dot(float* a, float* b, int n);
    public abstract void AddScaled(float* x, float s, float* y, int n);
    public abstract void Add(float* x, float* y, int n);
    public abstract void Multiply(float* x, float* y, int n);
    public abstract void Scale(float* x, float s, int n);
    public abstract float Max(float* x, int n);
    public abstract double Sum(float* x, int n);
    public abstract float SumOfSquares(float* x, int n);
    public abstract bool AllFinite(float* x, long n);

    // Exponentials, norms, activations, rotation
    public abstract double ExpSum(float* x, float max, float* y, int n);
    public abstract void RmsNorm(float* x, float* weight, float eps, float* y, int n, out float scale);
    public abstract void LayerNorm(float* x, float* weight, float* bias, float eps, float* y, int n, out float scale);
    public abstract void Activate(ActivationFunction function, float* x, int n);
    public abstract void ActivateGated(ActivationFunction function, float* gate, float* up, float* y, int n);
    public abstract void SoftCap(float* x, float cap, int n);
    public abstract void RotateHalves(float* x, float* cos, float* sin, int rotaryDims);
    public abstract void RotateInterleaved(float* x, float* cos, float* sin, int rotaryDims);

    /// <summary>
    /// y[t, n] = Σ_k x[t, k]·b[k, n] (+ y[t, n] if <paramref name="accumulate"/>) for T rows, K terms and N columns; rows
    /// lie as many floats apart as their strides say. Each sum runs over k in order, whatever the tiles are.
    /// </summary>
    public abstract void MultiplyTiles(float* x, nint xStride, int T, float* b, nint bStride, int K, int N, float* y, nint yStride, bool accumulate);

    /// <summary>Multiplies and adds in registers, as fast as they go, for so many rounds; the result is how many floating-point operations that was.</summary>
    public abstract long MultiplyAddRounds(int rounds, float* sink);

    /// <summary>Reads so many floats, a multiple of 64, and does as little as possible with them.</summary>
    public abstract void ReadAll(float* x, long n, float* sink);

    // Products with stored weights (Products.cs)

    /// <summary>How many weight rows one packed panel holds.</summary>
    public abstract int PanelWidth { get; }

    /// <summary>Scratch bytes that <see cref="MultiplyRows"/> and <see cref="MultiplyPanel"/> need for this many columns.</summary>
    public abstract long ScratchBytes(int columns);

    /// <summary>Quantises T rows of activations for the integer dot products.</summary>
    public abstract void Quantize(float* x, int xStride, int T, in QuantizedActivations destination);

    /// <summary>Outputs [first, first + count) for few rows of x, by one dot product each; integer ones if <paramref name="quantized"/> says so.</summary>
    public abstract void MultiplyRows(in Product product, int first, int count, float* x, int xStride, int T, bool useQuantized, in QuantizedActivations quantized, byte* scratch);

    /// <summary>Outputs [first, first + count), count ≤ PanelWidth, for many rows of x, by a packed panel of float32 weights.</summary>
    public abstract void MultiplyPanel(in Product product, int first, int count, float* x, int xStride, int T, byte* scratch);
}
