namespace Heed.Numerics;

/// <summary>
/// What the layers compute on vectors of float32: any length n ≥ 0, any alignment. Results do not depend on the number of
/// threads; they may differ in the last bits between instruction sets.
/// </summary>
internal static unsafe class VectorMath
{
    /// <summary>Σ a[i]·b[i].</summary>
    public static float Dot(float* a, float* b, int n) => Isa.Kernels.Dot(a, b, n);

    /// <summary>y += s·x.</summary>
    public static void AddScaled(float* x, float s, float* y, int n) => Isa.Kernels.AddScaled(x, s, y, n);

    /// <summary>y += x.</summary>
    public static void Add(float* x, float* y, int n) => Isa.Kernels.Add(x, y, n);

    /// <summary>y = x·y, element by element.</summary>
    public static void Multiply(float* x, float* y, int n) => Isa.Kernels.Multiply(x, y, n);

    /// <summary>x = s·x.</summary>
    public static void Scale(float* x, float s, int n) => Isa.Kernels.Scale(x, s, n);

    /// <summary>The largest of n ≥ 1 numbers; −∞ for none. Unspecified if one is NaN.</summary>
    public static float Max(float* x, int n) => Isa.Kernels.Max(x, n);

    /// <summary>Σ x[i].</summary>
    public static double Sum(float* x, int n) => Isa.Kernels.Sum(x, n);

    /// <summary>Σ x[i]².</summary>
    public static float SumOfSquares(float* x, int n) => Isa.Kernels.SumOfSquares(x, n);

    /// <summary>True if no number is infinite or NaN.</summary>
    public static bool AllFinite(float* x, long n) => Isa.Kernels.AllFinite(x, n);

    /// <summary>
    /// x = exp(x − max x) / Σ exp(x − max x), in place; −∞ becomes exactly 0.
    /// </summary>
    /// <exception cref="HeedException">No number is left after masking (all −∞), or one is NaN or +∞.</exception>
    public static void Softmax(float* x, int n)
    {
        if (n == 0) return;
        var kernels = Isa.Kernels;
        Softmax(kernels, x, n);
    }

    internal static void Softmax(KernelSet kernels, float* x, int n)
    {
        var max = kernels.Max(x, n);
        if (max == float.NegativeInfinity)
        {
            // Max does not promise to see a NaN; the sum below does.
            if (kernels.Sum(x, n) is double.NegativeInfinity)
                throw new HeedException($"Softmax of {n} scores that are all −∞: every position is masked, so there is nothing to attend to.");
        }
        var sum = kernels.ExpSum(x, max, x, n);
        if (!double.IsFinite(sum) || sum <= 0)
            throw new HeedException($"Softmax of {n} scores of which at least one is NaN or +∞ (the largest seen is {max}): an earlier activation is not finite.");
        kernels.Scale(x, (float)(1 / sum), n);
    }

    /// <summary>y = exp(x − max); the result is Σ y. For streaming softmax: x and y may be the same.</summary>
    public static float ExpSum(float* x, float max, float* y, int n) => (float)Isa.Kernels.ExpSum(x, max, y, n);

    /// <summary>log Σ exp(x[i]), the true maximum subtracted; −∞ for n = 0 or all −∞; NaN or +∞ if x holds them.</summary>
    public static double LogSumExp(float* x, int n) => LogSumExp(Isa.Kernels, x, n);

    internal static double LogSumExp(KernelSet kernels, float* x, int n)
    {
        const int block = 256;
        var max = kernels.Max(x, n);
        if (max == float.NegativeInfinity && !double.IsNaN(kernels.Sum(x, n))) return double.NegativeInfinity;
        var powers = stackalloc float[block];
        double sum = 0;
        for (var i = 0; i < n; i += block)
            sum += kernels.ExpSum(x + i, max, powers, Math.Min(block, n - i));
        return max + Math.Log(sum);
    }

    /// <summary>y = x / scale · weight, scale = √(mean x² + eps) (Zhang and Sennrich 2019, equation 4). Weight [n] or null for 1.</summary>
    public static void RmsNorm(float* x, float* weight, float eps, float* y, int n, out float scale)
        => Isa.Kernels.RmsNorm(x, weight, eps, y, n, out scale);

    /// <summary>
    /// y = (x − mean x) / scale · weight + bias, scale = √(mean (x − mean x)² + eps) (Ba et al. 2016). Weight and bias [n] or null for 1 and 0.
    /// </summary>
    public static void LayerNorm(float* x, float* weight, float* bias, float eps, float* y, int n, out float scale)
        => Isa.Kernels.LayerNorm(x, weight, bias, eps, y, n, out scale);

    /// <summary>x = f(x).</summary>
    public static void Activate(ActivationFunction f, float* x, int n) => Isa.Kernels.Activate(f, x, n);

    /// <summary>y = f(gate)·up; y may be gate or up.</summary>
    public static void ActivateGated(ActivationFunction f, float* gate, float* up, float* y, int n) => Isa.Kernels.ActivateGated(f, gate, up, y, n);

    /// <summary>x = cap·tanh(x / cap).</summary>
    public static void SoftCap(float* x, float cap, int n) => Isa.Kernels.SoftCap(x, cap, n);

    /// <summary>
    /// Rotates the pairs (x[i], x[i + r/2]) by the angle whose cosine and sine stand at i of [r/2]; r = rotaryDims.
    /// The pairing of GPT-NeoX and of Llama as Hugging Face stores it (Su et al. 2021, equation 34).
    /// </summary>
    public static void RotateHalves(float* x, float* cos, float* sin, int rotaryDims) => Isa.Kernels.RotateHalves(x, cos, sin, rotaryDims);

    /// <summary>Rotates the pairs (x[2i], x[2i + 1]) by the angle whose cosine and sine stand at i: the pairing of GPT-J.</summary>
    public static void RotateInterleaved(float* x, float* cos, float* sin, int rotaryDims) => Isa.Kernels.RotateInterleaved(x, cos, sin, rotaryDims);
}
