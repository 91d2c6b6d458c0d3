using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>Brings each row of the residual stream to a common size: layer norm (arXiv:1607.06450) or RMS norm (arXiv:1910.07467).</summary>
internal static unsafe class Norm
{
    /// <summary>y[n] = norm(x[n])·weight + bias for every row of the pass.</summary>
    /// <param name="team">Shares the rows.</param>
    /// <param name="pass">The rows and their traces.</param>
    /// <param name="kind">Layer or RMS.</param>
    /// <param name="weights">Weight and bias [D].</param>
    /// <param name="epsilon">ε inside the root.</param>
    /// <param name="x">[N, D].</param>
    /// <param name="width">D.</param>
    /// <param name="y">[N, D]; may be <paramref name="x"/>.</param>
    /// <param name="layer">For the names of the trace; −1 for none.</param>
    /// <param name="name">Prefix of the trace's names, or null where the norm has none.</param>
    public static void Forward(ThreadTeam team, Pass pass, NormKind kind, NormWeights weights, float epsilon,
        float* x, int width, float* y, int layer, string? name)
    {
        if (name is not null && IsShown(pass, layer, name))
        {
            // The same result in two steps, so that each can be seen and changed.
            var scales = pass.Spare.Take(2L * pass.RowCount);
            var before = scales + pass.RowCount;
            for (var n = 0L; n < pass.RowCount; n++)
                before[n] = scales[n] = Row(kind, null, null, epsilon, x + n * width, y + n * width, width);
            if (pass.Observe(layer, name + ActivationNames.Scale, scales, 1))
                for (var n = 0L; n < pass.RowCount; n++) Rescale(y + n * width, width, before[n], scales[n]);
            pass.Observe(layer, name + ActivationNames.Normalized, y, width);
            for (var n = 0L; n < pass.RowCount; n++)
                Affine(weights, y + n * width, width);
            pass.Observe(layer, name + ActivationNames.NormOut, y, width);
            return;
        }
        var job = new RowsJob { Kind = kind, Weight = Pointer(weights.Weight), Bias = Pointer(weights.Bias), Epsilon = epsilon, X = x, Y = y, Width = width };
        if (pass.RowCount < 8)
            for (var n = 0; n < pass.RowCount; n++) job.Run(n, 0);
        else
            team.Run(ref job, pass.RowCount);
    }

    /// <summary>True if one of the norm's three activations is kept, edited or checked.</summary>
    public static bool IsShown(Pass pass, int layer, string name)
        => pass.IsTraced && (pass.Wants(layer, name + ActivationNames.Scale) || pass.Wants(layer, name + ActivationNames.Normalized) || pass.Wants(layer, name + ActivationNames.NormOut));

    /// <summary>Norms one vector; returns what it was divided by.</summary>
    public static float Row(NormKind kind, float* weight, float* bias, float epsilon, float* x, float* y, int width)
    {
        float scale;
        if (kind == NormKind.Rms)
        {
            VectorMath.RmsNorm(x, weight, epsilon, y, width, out scale);
            if (bias != null) VectorMath.Add(bias, y, width);
        }
        else
        {
            VectorMath.LayerNorm(x, weight, bias, epsilon, y, width, out scale);
        }
        return scale;
    }

    /// <summary>What was divided by <paramref name="before"/> becomes what <paramref name="after"/>, an edited scale, gives.</summary>
    public static void Rescale(float* y, int width, float before, float after)
    {
        if (after != before) VectorMath.Scale(y, before / after, width);
    }

    /// <summary>y = y·weight + bias.</summary>
    public static void Affine(NormWeights weights, float* y, int width)
    {
        if (weights.Weight is { } weight)
            for (var i = 0; i < width; i++) y[i] *= weight.Span[i];
        if (weights.Bias is { } bias)
            for (var i = 0; i < width; i++) y[i] += bias.Span[i];
    }

    public static float* Pointer(FloatVector? vector) => vector is null ? null : vector.Pointer;

    private struct RowsJob : IJob
    {
        public NormKind Kind;
        public float* Weight, Bias, X, Y;
        public float Epsilon;
        public int Width;

        public void Run(int chunk, int worker)
            => Row(Kind, Weight, Bias, Epsilon, X + (long)chunk * Width, Y + (long)chunk * Width, Width);
    }
}
