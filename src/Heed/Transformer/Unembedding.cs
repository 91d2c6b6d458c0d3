using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>From the last vectors to logits: the final norm, then one product with every token's row of W_U.</summary>
internal static unsafe class Unembedding
{
    /// <summary>Computes the rows of logits that the pass's sequences ask for, and puts them where they say.</summary>
    public static void Forward(Transformer model, Pass pass, int maxRows)
    {
        var config = model.Config;
        int D = config.Width, V = config.VocabularySize;
        var residual = pass.Residual.Take((long)pass.RowCount * D);
        var normed = pass.Normed.Take((long)pass.RowCount * D);
        if (pass.IsTraced)
        {
            // Every row, so that each can be seen.
            FinalNorm(model, pass, residual, normed);
            var isShown = pass.Wants(-1, ActivationNames.Unembed) || pass.Wants(-1, ActivationNames.Logits);
            foreach (ref readonly var slice in pass.Slices)
            {
                var rows = normed + (long)slice.Row * D;
                if (isShown && slice.Run.Trace is { } trace)
                {
                    var all = new FloatVector(checked(slice.Count * V));
                    Multiply(model, pass, rows, slice.Count, all.Pointer);
                    trace.Observe(ActivationNames.Unembed, all.Pointer, ("position", slice.Count), ("token", V));
                    Cap(config, slice.Count, all.Pointer);
                    trace.Observe(ActivationNames.Logits, all.Pointer, ("position", slice.Count), ("token", V));
                }
                Deliver(model, pass, slice, rows, maxRows);
            }
            return;
        }
        foreach (ref readonly var slice in pass.Slices)
        {
            var first = slice.Run.Rows == LogitRows.All ? 0 : slice.Count - 1;
            if (slice.Run.Rows == LogitRows.None) continue;
            if (slice.Run.Rows == LogitRows.Last && slice.Offset + slice.Count < slice.Run.Tokens.Length) continue;
            for (var t = first; t < slice.Count; t++)
            {
                var n = (long)slice.Row + t;
                if (model.Weights.FinalNorm is { } norm)
                    Norm.Row(config.Norm, Norm.Pointer(norm.Weight), Norm.Pointer(norm.Bias), config.NormEpsilon, residual + n * D, normed + n * D, D);
                else
                    new ReadOnlySpan<float>(residual + n * D, D).CopyTo(new(normed + n * D, D));
            }
            Deliver(model, pass, slice, normed + (long)slice.Row * D, maxRows);
        }
    }

    private static void FinalNorm(Transformer model, Pass pass, float* residual, float* normed)
    {
        if (model.Weights.FinalNorm is { } norm)
            Norm.Forward(model.Team, pass, model.Config.Norm, norm, model.Config.NormEpsilon, residual, model.Config.Width, normed, -1, ActivationNames.FinalNorm);
        else
            new ReadOnlySpan<float>(residual, pass.RowCount * model.Config.Width).CopyTo(new(normed, pass.RowCount * model.Config.Width));
    }

    /// <summary>The slice's wanted rows, a few at a time, to the run's buffer or its handler.</summary>
    private static void Deliver(Transformer model, Pass pass, in Slice slice, float* rows, int maxRows)
    {
        var run = slice.Run;
        int D = model.Config.Width, V = model.Config.VocabularySize;
        var isLast = slice.Offset + slice.Count == run.Tokens.Length;
        if (run.Rows == LogitRows.None || (run.Rows == LogitRows.Last && !isLast)) return;
        var first = run.Rows == LogitRows.All ? 0 : slice.Count - 1;
        if (run.Handler is null)
        {
            var destination = run.TakeLogits(V) + (run.Rows == LogitRows.All ? (long)slice.Offset * V : 0);
            Logits(model, pass, rows + (long)first * D, slice.Count - first, destination);
            Check(destination, slice.Count - first, V);
            return;
        }
        for (var t = first; t < slice.Count; t += maxRows)
        {
            var count = Math.Min(maxRows, slice.Count - t);
            var logits = pass.Logits.Take((long)count * V);
            Logits(model, pass, rows + (long)t * D, count, logits);
            Check(logits, count, V);
            for (var i = 0; i < count; i++) run.Handler(slice.Position + t + i, new ReadOnlySpan<float>(logits + (long)i * V, V));
        }
    }

    /// <summary>logits[n] = W_U·x[n] + b, scaled and capped as the model does: [count, D] → [count, V].</summary>
    private static void Logits(Transformer model, Pass pass, float* x, int count, float* logits)
    {
        Multiply(model, pass, x, count, logits);
        if (pass.Precision == ActivationPrecision.Int8 && model.Weights.ProjectOut is null)
            for (var n = 0L; n < count; n++) Refine(model, pass, x + n * model.Config.Width, logits + n * model.Config.VocabularySize);
        Cap(model.Config, count, logits);
    }

    /// <summary>Logits this near the largest are computed again: 8-bit activations move a logit by about a quarter of it.</summary>
    private const float NearLargest = 1;

    /// <summary>
    /// With 8-bit activations, the logits near the largest are computed again in float32: the rounding of this last product
    /// shall not decide between two words that are almost equally likely.
    /// </summary>
    private static void Refine(Transformer model, Pass pass, float* x, float* logits)
    {
        var (weight, bias) = model.Weights.Unembedding;
        if (weight.Type.BlockLength() == 1) return;
        var row = pass.Spare.Take(weight.ColumnCount);
        var near = VectorMath.Max(logits, weight.RowCount) - NearLargest;
        for (var token = 0; token < weight.RowCount; token++)
        {
            if (!(logits[token] >= near)) continue;
            MatrixRows.Read(weight, token, row);
            logits[token] = VectorMath.Dot(row, x, weight.ColumnCount) + (bias is null ? 0 : bias.Span[token]);
        }
    }

    private static void Multiply(Transformer model, Pass pass, float* x, int count, float* logits)
    {
        var D = model.Config.Width;
        if (model.Weights.ProjectOut is { } projectOut)
        {
            var projected = pass.Spare.Take((long)count * projectOut.RowCount);
            Products.Multiply(model.Team, [new LinearWeights(projectOut, null).Into(projected)], x, D, count, ActivationPrecision.Float32);
            x = projected;
            D = projectOut.RowCount;
        }
        Products.Multiply(model.Team, [model.Weights.Unembedding.Into(logits)], x, D, count, pass.Precision);
    }

    private static void Cap(TransformerConfig config, int count, float* logits)
    {
        var V = config.VocabularySize;
        for (var n = 0L; n < count; n++)
        {
            if (config.LogitScale != 1) VectorMath.Scale(logits + n * V, config.LogitScale, V);
            if (config.LogitSoftCap is { } cap) VectorMath.SoftCap(logits + n * V, cap, V);
        }
    }

    private static void Check(float* logits, int count, int V)
    {
        if (!VectorMath.AllFinite(logits, (long)count * V))
            throw new NonFiniteException("The logits are not finite: the weights are damaged or a computation overflowed.");
    }
}
