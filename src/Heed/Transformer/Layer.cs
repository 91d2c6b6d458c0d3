using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>
/// One layer: attention lets vectors take in their context, the MLP works on each alone, and both add to the residual stream.
/// </summary>
internal static unsafe class Layer
{
    /// <summary>The pass's residual stream [N, D] through one layer.</summary>
    public static void Forward(Transformer model, Pass pass, int layer)
    {
        var config = model.Config;
        var weights = model.Weights.Layers[layer];
        int N = pass.RowCount, D = config.Width;
        var residual = pass.Residual.Take((long)N * D);
        var normed = pass.Normed.Take((long)N * D);
        var attentionOut = pass.AttentionOut.Take((long)N * D);
        var mlpOut = pass.MlpOut.Take((long)N * D);
        pass.Observe(layer, ActivationNames.ResidPre, residual, D);

        // 1. Attention reads the (normed) stream and proposes ΔE.
        var attentionIn = Normalize(weights.AttentionNorm, ActivationNames.Norm1, residual, normed);
        Attention.Forward(model, pass, layer, attentionIn, attentionOut);
        Normalize(weights.AttentionPostNorm, ActivationNames.Norm1Post, attentionOut, attentionOut);
        if (config.ResidualScale != 1) VectorMath.Scale(attentionOut, config.ResidualScale, N * D);
        pass.Observe(layer, ActivationNames.AttentionOut, attentionOut, D);

        if (config.ParallelResidual)
        {
            // 2. The MLP reads the same stream; 3. both are added: E′ = E + ΔE + MLP.
            var parallelIn = weights.MlpNorm is null ? attentionIn : Normalize(weights.MlpNorm, ActivationNames.Norm2, residual, normed);
            Mlp.Forward(model, pass, layer, parallelIn, mlpOut);
            Normalize(weights.MlpPostNorm, ActivationNames.Norm2Post, mlpOut, mlpOut);
            if (config.ResidualScale != 1) VectorMath.Scale(mlpOut, config.ResidualScale, N * D);
            pass.Observe(layer, ActivationNames.MlpOut, mlpOut, D);
            VectorMath.Add(attentionOut, residual, N * D);
            VectorMath.Add(mlpOut, residual, N * D);
        }
        else
        {
            // 2. E′ = E + ΔE.
            Add(attentionOut, attentionIn);
            Normalize(weights.AttentionResidualNorm, null, residual, residual);
            pass.Observe(layer, ActivationNames.ResidMid, residual, D);

            // 3. The MLP reads E′ and adds its own.
            var mlpIn = Normalize(weights.MlpNorm, ActivationNames.Norm2, residual, normed);
            Mlp.Forward(model, pass, layer, mlpIn, mlpOut);
            Normalize(weights.MlpPostNorm, ActivationNames.Norm2Post, mlpOut, mlpOut);
            if (config.ResidualScale != 1) VectorMath.Scale(mlpOut, config.ResidualScale, N * D);
            pass.Observe(layer, ActivationNames.MlpOut, mlpOut, D);
            Add(mlpOut, mlpIn);
            Normalize(weights.MlpResidualNorm, null, residual, residual);
        }
        pass.Observe(layer, ActivationNames.ResidPost, residual, D);

        // y = norm(x); without such a norm, x itself.
        float* Normalize(NormWeights? norm, string? name, float* x, float* y)
        {
            if (norm is null) return x;
            Norm.Forward(model.Team, pass, config.Norm, norm, config.NormEpsilon, x, D, y, layer, name);
            return y;
        }

        // residual += x; where the model's residual is the normed stream, residual = normed + x.
        void Add(float* x, float* sublayerIn)
        {
            if (config.ResidualFromNorm && sublayerIn != residual)
                new ReadOnlySpan<float>(sublayerIn, N * D).CopyTo(new(residual, N * D));
            VectorMath.Add(x, residual, N * D);
        }
    }
}
