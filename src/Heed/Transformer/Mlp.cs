using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>The multi-layer perceptron: each vector on its own is widened, bent and brought back. Most parameters live here.</summary>
internal static unsafe class Mlp
{
    /// <summary>out[n] = down(f(up(x[n]))), or down(f(gate(x[n]))·up(x[n])) where gated.</summary>
    /// <param name="model">Weights, configuration, threads.</param>
    /// <param name="pass">The rows and their traces.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="x">[N, D].</param>
    /// <param name="output">[N, D].</param>
    public static void Forward(Transformer model, Pass pass, int layer, float* x, float* output)
    {
        if (model.Config.Layers[layer].Experts is null) One(model, pass, layer, x, output);
        else Experts.Forward(model, pass, layer, x, output);
        pass.Observe(layer, ActivationNames.MlpLinearOut, output, model.Config.Width);
    }

    private static void One(Transformer model, Pass pass, int layer, float* x, float* output)
    {
        var config = model.Config.Layers[layer];
        var weights = model.Weights.Layers[layer].Mlp!;
        int N = pass.RowCount, F = config.FeedForwardWidth;
        var hidden = pass.Hidden.Take((long)N * F);
        var gate = config.IsGated ? pass.Gate.Take((long)N * F) : null;

        // 1. Widen: F products with every vector. 2. Bend.
        Widen(model, weights, config, x, N, gate, hidden, pass, layer, isObserved: true);

        // 3. Bring back to D numbers.
        Products.Multiply(model.Team, [weights.Down.Into(output)], hidden, F, N, pass.Precision);
    }

    /// <summary>Steps 1 and 2 for N rows; the result is in <paramref name="hidden"/>.</summary>
    public static void Widen(Transformer model, MlpWeights weights, LayerConfig config, float* x, int N, float* gate, float* hidden, Pass pass, int layer, bool isObserved)
    {
        int D = model.Config.Width, F = config.FeedForwardWidth;
        if (config.IsGated)
        {
            Products.Multiply(model.Team, [weights.Gate!.Into(gate), weights.Up.Into(hidden)], x, D, N, pass.Precision);
            if (isObserved) pass.Observe(layer, ActivationNames.MlpPre, gate, F);
            if (isObserved) pass.Observe(layer, ActivationNames.MlpPreLinear, hidden, F);
        }
        else
        {
            Products.Multiply(model.Team, [weights.Up.Into(hidden)], x, D, N, pass.Precision);
            if (isObserved) pass.Observe(layer, ActivationNames.MlpPre, hidden, F);
        }
        var job = new BendJob { Function = config.Activation, Gate = gate, Hidden = hidden, Width = F };
        if (N < 8)
            for (var n = 0; n < N; n++) job.Run(n, 0);
        else
            model.Team.Run(ref job, N);
        if (isObserved) pass.Observe(layer, ActivationNames.MlpPost, hidden, F);
    }

    private struct BendJob : IJob
    {
        public ActivationFunction Function;
        public float* Gate, Hidden;
        public int Width;

        public void Run(int chunk, int worker)
        {
            var row = Hidden + (long)chunk * Width;
            if (Gate != null) VectorMath.ActivateGated(Function, Gate + (long)chunk * Width, row, row, Width);
            else VectorMath.Activate(Function, row, Width);
        }
    }
}
