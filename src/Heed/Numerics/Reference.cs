namespace Heed.Numerics;

/// <summary>
/// Every kernel as the formula says it, one number after the other, sums in double precision. Slow, and kept forever: the
/// oracle that the vector kernels are tested against, and what runs where nothing better does.
/// </summary>
internal sealed unsafe class Reference : KernelSet
{
    public override float Dot(float* a, float* b, int n)
    {
        double sum = 0;
        for (var i = 0; i < n; i++) sum += (double)a[i] * b[i];
        return (float)sum;
    }

    public override void AddScaled(float* x, float s, float* y, int n)
    {
        for (var i = 0; i < n; i++) y[i] = (float)((double)s * x[i] + y[i]);
    }

    public override void Add(float* x, float* y, int n)
    {
        for (var i = 0; i < n; i++) y[i] += x[i];
    }

    public override void Multiply(float* x, float* y, int n)
    {
        for (var i = 0; i < n; i++) y[i] *= x[i];
    }

    public override void Scale(float* x, float s, int n)
    {
        for (var i = 0; i < n; i++) x[i] *= s;
    }

    public override float Max(float* x, int n)
    {
        var max = float.NegativeInfinity;
        for (var i = 0; i < n; i++) max = MathF.Max(max, x[i]);
        return max;
    }

    public override double Sum(float* x, int n)
    {
        double sum = 0;
        for (var i = 0; i < n; i++) sum += x[i];
        return sum;
    }

    public override float SumOfSquares(float* x, int n) => Dot(x, x, n);

    public override bool AllFinite(float* x, long n)
    {
        for (long i = 0; i < n; i++)
            if (!float.IsFinite(x[i])) return false;
        return true;
    }

    public override double ExpSum(float* x, float max, float* y, int n)
    {
        double sum = 0;
        for (var i = 0; i < n; i++)
        {
            var power = Math.Exp((double)x[i] - max);
            sum += power;
            y[i] = (float)power;
        }
        return sum;
    }

    public override void RmsNorm(float* x, float* weight, float eps, float* y, int n, out float scale)
    {
        double squares = 0;
        for (var i = 0; i < n; i++) squares += (double)x[i] * x[i];
        var divisor = Math.Sqrt(squares / n + eps);
        for (var i = 0; i < n; i++) y[i] = (float)(x[i] / divisor * (weight is null ? 1 : weight[i]));
        scale = (float)divisor;
    }

    public override void LayerNorm(float* x, float* weight, float* bias, float eps, float* y, int n, out float scale)
    {
        var mean = Sum(x, n) / n;
        double squares = 0;
        for (var i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
        var divisor = Math.Sqrt(squares / n + eps);
        for (var i = 0; i < n; i++) y[i] = (float)((x[i] - mean) / divisor * (weight is null ? 1 : weight[i]) + (bias is null ? 0 : bias[i]));
        scale = (float)divisor;
    }

    public override void Activate(ActivationFunction function, float* x, int n)
    {
        for (var i = 0; i < n; i++) x[i] = (float)Activation(function, x[i]);
    }

    public override void ActivateGated(ActivationFunction function, float* gate, float* up, float* y, int n)
    {
        for (var i = 0; i < n; i++) y[i] = (float)(Activation(function, gate[i]) * up[i]);
    }

    /// <summary>f(x).</summary>
    internal static double Activation(ActivationFunction function, double x) => function switch
    {
        ActivationFunction.Relu => Math.Max(x, 0),
        ActivationFunction.SquaredRelu => Math.Max(x, 0) * Math.Max(x, 0),
        ActivationFunction.Gelu => x * Phi(x),
        ActivationFunction.GeluTanh => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        ActivationFunction.QuickGelu => x / (1 + Math.Exp(-1.702 * x)),
        ActivationFunction.Silu => x / (1 + Math.Exp(-x)),
        ActivationFunction.Sigmoid => 1 / (1 + Math.Exp(-x)),
        ActivationFunction.Tanh => Math.Tanh(x),
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown activation function"),
    };

    /// <summary>
    /// The normal distribution. Near zero its series Φ(x) = ½ + φ(x)·Σ x^(2k+1) / (1·3·5···(2k+1)); further out Laplace's
    /// continued fraction of the tail (Abramowitz and Stegun 26.2.10 and 26.2.14).
    /// </summary>
    internal static double Phi(double x)
    {
        var z = Math.Abs(x);
        var density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        if (z < 3)
        {
            double term = x, sum = x;
            for (var k = 1; k < 100; k++)
            {
                term *= x * x / (2 * k + 1);
                sum += term;
            }
            return 0.5 + density * sum;
        }
        var fraction = z;
        for (var k = 100; k >= 1; k--) fraction = z + k / fraction;
        return x < 0 ? density / fraction : 1 - density / fraction;
    }

    public override void SoftCap(float* x, float cap, int n)
    {
        for (var i = 0; i < n; i++) x[i] = (float)(cap * Math.Tanh((double)x[i] / cap));
    }

    public override void RotateHalves(float* x, float* cos, float* sin, int rotaryDims)
    {
        var half = rotaryDims / 2;
        for (var i = 0; i < half; i++) Rotate(ref x[i], ref x[i + half], cos[i], sin[i]);
    }

    public override void RotateInterleaved(float* x, float* cos, float* sin, int rotaryDims)
    {
        for (var i = 0; i < rotaryDims / 2; i++) Rotate(ref x[2 * i], ref x[2 * i + 1], cos[i], sin[i]);
    }

    private static void Rotate(ref float a, ref float b, double cos, double sin)
        => (a, b) = ((float)(a * cos - b * sin), (float)(a * sin + b * cos));

    public override void MultiplyTiles(float* x, nint xStride, int T, float* b, nint bStride, int K, int N, float* y, nint yStride, bool accumulate)
    {
        for (var t = 0; t < T; t++)
        {
            for (var n = 0; n < N; n++)
            {
                double sum = accumulate ? y[t * yStride + n] : 0;
                for (var k = 0; k < K; k++) sum += (double)x[t * xStride + k] * b[k * bStride + n];
                y[t * yStride + n] = (float)sum;
            }
        }
    }

    public override long MultiplyAddRounds(int rounds, float* sink)
    {
        double a = 1, b = 2, c = 3, d = 4;
        for (var i = 0; i < rounds; i++) (a, b, c, d) = (a * 0.5 + 1, b * 0.5 + 1, c * 0.5 + 1, d * 0.5 + 1);
        *sink = (float)(a + b + c + d);
        return 8L * rounds;
    }

    public override void ReadAll(float* x, long n, float* sink)
    {
        double a = 0, b = 0, c = 0, d = 0;
        for (long i = 0; i < n; i += 4) (a, b, c, d) = (a + x[i], b + x[i + 1], c + x[i + 2], d + x[i + 3]);
        *sink = (float)(a + b + c + d);
    }

    public override int PanelWidth => 16;

    public override long ScratchBytes(int columns) => columns * (long)sizeof(float);

    public override void Quantize(float* x, int xStride, int T, in QuantizedActivations destination)
    {
        for (var t = 0; t < T; t++)
        {
            for (var part = 0; part < destination.Columns / 32; part++)
            {
                var source = x + (long)t * xStride + part * 32;
                float max = 0, check = 0;
                for (var i = 0; i < 32; i++) (max, check) = (MathF.Max(max, MathF.Abs(source[i])), check + 0 * source[i]);
                var scale = max / 127 + check;
                destination.Scales(t)[part] = scale;
                for (var i = 0; i < 32; i++)
                    destination.Codes(t)[part * 32 + i] = max > 0 && float.IsFinite(scale) ? (sbyte)Math.Round(source[i] * (127.0 / max)) : (sbyte)0;
            }
        }
    }

    /// <summary>Outputs by their definition: the weights' exact values, and the activations or what their codes stand for.</summary>
    public override void MultiplyRows(in Product product, int first, int count, float* x, int xStride, int T, bool useQuantized, in QuantizedActivations quantized, byte* scratch)
    {
        var weight = product.Weight;
        var K = weight.ColumnCount;
        var row = (float*)scratch;
        for (var n = first; n < first + count; n++)
        {
            Row(weight, n, row);
            for (var t = 0; t < T; t++)
            {
                double sum = product.Bias is null ? 0 : product.Bias[n];
                for (var k = 0; k < K; k++)
                {
                    var activation = useQuantized && weight.Type.BlockLength() > 1
                        ? (double)quantized.Scales(t)[k / 32] * quantized.Codes(t)[k]
                        : x[(long)t * xStride + k];
                    sum += row[k] * activation;
                }
                product.Output[(long)t * product.OutputStride + n] = (float)sum;
            }
        }
    }

    public override void MultiplyPanel(in Product product, int first, int count, float* x, int xStride, int T, byte* scratch)
        => MultiplyRows(product, first, count, x, xStride, T, false, default, scratch);

    /// <summary>Row n of a matrix, decoded.</summary>
    internal static void Row(Matrix weight, int n, float* destination)
    {
        if (!weight.IsTransposed)
        {
            Blocks.Dequantize(weight.Type, weight.Row(n), destination, weight.ColumnCount);
            return;
        }
        for (var k = 0; k < weight.ColumnCount; k++) Blocks.Dequantize(weight.Type, weight.Row(n) + k * weight.Stride, destination + k, 1);
    }
}
