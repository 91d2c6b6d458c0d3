using System.Numerics.Tensors;

namespace Heed.Lens;

/// <summary>
/// A norm whose scale is fixed at the value it had in a run: then norm(a + b) is norm(a) + norm(b), so that what a sum of vectors
/// becomes splits into what each of them becomes. The bias is no vector's and stands apart.
/// </summary>
/// <param name="kind">Layer (centred) or RMS.</param>
/// <param name="weight">What the result is multiplied by; empty for 1.</param>
/// <param name="bias">What is added then; empty for none.</param>
/// <param name="scale">What the vector was divided by.</param>
internal sealed class FrozenNorm(NormKind kind, float[] weight, float[] bias, double scale)
{
    /// <summary>The bias [width], or null if the norm adds nothing.</summary>
    public double[]? Bias => Array.Exists(bias, b => b != 0) ? Array.ConvertAll(bias, b => (double)b) : null;

    /// <summary>The norm of the residual stream or a sublayer's output.</summary>
    public static FrozenNorm Of(TransformerConfig config, NormWeights weights, double scale)
        => new(config.Norm, weights.Weight?.Span.ToArray() ?? [], weights.Bias?.Span.ToArray() ?? [], scale);

    /// <summary>What a norm divides a vector by: √(mean of squares + ε), of the centred vector in a layer norm.</summary>
    public static double ScaleOf(TransformerConfig config, ReadOnlySpan<double> vector)
    {
        var mean = config.Norm == NormKind.Layer ? TensorPrimitives.Sum(vector) / vector.Length : 0;
        var sum = 0.0;
        foreach (var x in vector) sum += (x - mean) * (x - mean);
        return Math.Sqrt(sum / vector.Length + config.NormEpsilon);
    }

    /// <summary>What one vector of a sum becomes, in place; without the bias.</summary>
    public void Apply(Span<double> vector)
    {
        if (kind == NormKind.Layer) TensorPrimitives.Subtract(vector, TensorPrimitives.Sum<double>(vector) / vector.Length, vector);
        TensorPrimitives.Divide(vector, scale, vector);
        for (var i = 0; i < weight.Length; i++) vector[i] *= weight[i];
    }

    /// <summary>The vector g with g·x = direction·Apply(x) for every x.</summary>
    public double[] Transpose(ReadOnlySpan<double> direction)
    {
        var back = direction.ToArray();
        for (var i = 0; i < weight.Length; i++) back[i] *= weight[i];
        TensorPrimitives.Divide(back, scale, back);
        if (kind == NormKind.Layer) TensorPrimitives.Subtract(back, TensorPrimitives.Sum<double>(back) / back.Length, back);
        return back;
    }
}
