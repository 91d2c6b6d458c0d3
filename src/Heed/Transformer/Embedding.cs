using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>From tokens to vectors: each id looks up its row of W_E; learned positions are added here, rotary ones turn queries and keys later.</summary>
internal static unsafe class Embedding
{
    /// <summary>Fills the pass's residual stream [N, D].</summary>
    public static void Forward(Transformer model, Pass pass)
    {
        var config = model.Config;
        var weights = model.Weights;
        int N = pass.RowCount, D = config.Width, E = weights.Embedding.ColumnCount;
        // With room for the sequences that join at a later layer: growing then would lose what is written here.
        var residual = pass.Residual.Take((long)pass.TotalRows * D);

        // 1. The embedding of each token.
        var embedded = weights.ProjectIn is null ? residual : pass.Spare.Take((long)N * E);
        foreach (ref readonly var slice in pass.Slices)
        {
            var tokens = slice.Run.Tokens.Span.Slice(slice.Offset, slice.Count);
            for (var t = 0; t < tokens.Length; t++)
                MatrixRows.Read(weights.Embedding, tokens[t], embedded + ((long)slice.Row + t) * E);
        }
        if (config.EmbeddingScale != 1) VectorMath.Scale(embedded, config.EmbeddingScale, N * E);
        if (weights.ProjectIn is { } projectIn)
            Products.Multiply(model.Team, [new LinearWeights(projectIn, null).Into(residual)], embedded, E, N, ActivationPrecision.Float32);
        pass.Observe(-1, ActivationNames.Embed, residual, D);

        // 2. Its position, where positions are learned vectors.
        if (config.LearnedPositionOffset is { } offset)
        {
            var positions = pass.Spare.Take((long)N * D);
            foreach (ref readonly var slice in pass.Slices)
                for (var t = 0; t < slice.Count; t++)
                    MatrixRows.Read(weights.Positions!, slice.Position + t + offset, positions + ((long)slice.Row + t) * D);
            pass.Observe(-1, ActivationNames.PositionEmbed, positions, D);
            VectorMath.Add(positions, residual, N * D);
        }

        // 3. BLOOM norms embeddings before the first layer.
        if (weights.EmbeddingNorm is { } norm)
            Norm.Forward(model.Team, pass, config.Norm, norm, config.NormEpsilon, residual, D, residual, -1, null);
    }
}
