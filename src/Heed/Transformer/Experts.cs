using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>A mixture of experts: a router sends each token to a few of many MLPs and adds what they say, weighted (arXiv:2401.04088).</summary>
internal static unsafe class Experts
{
    /// <summary>out[n] = Σ over the chosen experts e of weight[n, e]·mlp_e(x[n]).</summary>
    public static void Forward(Transformer model, Pass pass, int layer, float* x, float* output)
    {
        var config = model.Config.Layers[layer];
        var weights = model.Weights.Layers[layer];
        var experts = config.Experts!;
        int N = pass.RowCount, D = model.Config.Width, F = config.FeedForwardWidth, E = experts.Count;

        // 1. The router's logits, one an expert; the few largest of their softmax are chosen.
        var spare = pass.Spare.Take(2L * N * E + 2L * N * D);
        float* router = spare, chosen = router + (long)N * E, gathered = chosen + (long)N * E, said = gathered + (long)N * D;
        Products.Multiply(model.Team, [weights.Router!.Into(router)], x, D, N, ActivationPrecision.Float32);
        pass.Observe(layer, ActivationNames.Router, router, E);
        new Span<float>(chosen, N * E).Clear();
        for (var n = 0; n < N; n++) Choose(experts, router + (long)n * E, chosen + (long)n * E);
        pass.Observe(layer, ActivationNames.ExpertWeights, chosen, E);

        // 2. Each expert takes all its tokens at once.
        new Span<float>(output, N * D).Clear();
        var hidden = pass.Hidden.Take((long)N * F);
        var gate = config.IsGated ? pass.Gate.Take((long)N * F) : null;
        for (var e = 0; e < E; e++)
        {
            var count = 0;
            for (var n = 0; n < N; n++)
                if (chosen[(long)n * E + e] != 0)
                    Copy(x + (long)n * D, gathered + (long)count++ * D, D);
            if (count == 0) continue;
            Mlp.Widen(model, weights.Experts[e], config, gathered, count, gate, hidden, pass, layer, isObserved: false);
            Products.Multiply(model.Team, [weights.Experts[e].Down.Into(said)], hidden, F, count, pass.Precision);

            // 3. What it says, weighted, is added to its tokens.
            count = 0;
            for (var n = 0; n < N; n++)
                if (chosen[(long)n * E + e] is var weight and not 0)
                    VectorMath.AddScaled(said + (long)count++ * D, weight, output + (long)n * D, D);
        }
    }

    /// <summary>Softmax over all experts, the largest few kept, scaled to sum to 1 where the model does so.</summary>
    private static void Choose(ExpertsConfig experts, float* logits, float* chosen)
    {
        var E = experts.Count;
        Span<float> probabilities = E <= 512 ? stackalloc float[E] : new float[E];
        fixed (float* p = probabilities)
        {
            Copy(logits, p, E);
            VectorMath.Softmax(p, E);
        }
        var sum = 0f;
        for (var k = 0; k < experts.PerToken; k++)
        {
            var best = 0;
            for (var e = 1; e < E; e++)
                if (probabilities[e] > probabilities[best]) best = e;
            sum += chosen[best] = probabilities[best];
            probabilities[best] = float.NegativeInfinity;
        }
        if (experts.NormalizeWeights)
            for (var e = 0; e < E; e++) chosen[e] /= sum;
    }

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new(to, count));
}
