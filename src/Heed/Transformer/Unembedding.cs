using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>From the last vectors to logits: the final norm, then one product with every token's row of W_U.</summary>
internal static unsafe class Unembedding
{
    /// <summary>Computes the rows of logits that the pass's sequences ask for, and puts them where they say.</summary>
    public static void Forward(Transformer model, Pass pass, int maxRows)
    {
        int D = model.Config.Width, V = model.Config.VocabularySize;
        var residual = pass.Residual.Take((long)pass.RowCount * D);
        var normed = pass.Normed.Take((long)pass.RowCount * D);

        // 1. The final norm: of every row where it is looked at, else of those that are wanted.
        var isWhole = pass.IsTraced;
        if (isWhole) FinalNorm(model, pass, residual, normed);
        var packed = 0;
        foreach (ref readonly var slice in pass.Slices)
        {
            if (IsShown(slice))
            {
                Show(model, pass, slice.Run.Probe!, slice, normed + (long)slice.Row * D);
                continue;
            }
            for (var t = FirstWanted(slice); t < slice.Count; t++, packed++)
            {
                // Wanted rows move to the front, so that one product takes them all. They only ever move forwards.
                var n = (long)slice.Row + t;
                if (isWhole) Copy(normed + n * D, normed + (long)packed * D, D);
                else NormRow(model, residual + n * D, normed + (long)packed * D);
            }
        }

        // 2. Their logits, some rows at a time.
        int s = 0, next = 0;
        for (var first = 0; first < packed; first += maxRows)
        {
            var count = Math.Min(maxRows, packed - first);
            var logits = pass.Logits.Take((long)count * V);
            Logits(model, pass, normed + (long)first * D, count, logits);
            Check(logits, count, V);
            for (var i = 0; i < count; i++)
            {
                while (IsShown(pass.Slices[s]) || FirstWanted(pass.Slices[s]) + next >= pass.Slices[s].Count) (s, next) = (s + 1, 0);
                Deliver(pass.Slices[s], FirstWanted(pass.Slices[s]) + next++, logits + (long)i * V, V);
            }
        }
    }

    /// <summary>The first of a sequence's rows whose logits it wants; its count for none.</summary>
    private static int FirstWanted(in Slice slice) => slice.Run.Rows switch
    {
        LogitRows.All => 0,
        LogitRows.Last when slice.Offset + slice.Count == slice.Run.Tokens.Length => slice.Count - 1,
        _ => slice.Count,
    };

    private static bool IsShown(in Slice slice)
        => slice.Run.Probe is { } probe && (probe.Wants(-1, ActivationNames.Unembed) || probe.Wants(-1, ActivationNames.Logits));

    /// <summary>All logits of a sequence whose logits are looked at or changed; the wanted ones are delivered as they then are.</summary>
    private static void Show(Transformer model, Pass pass, Probe probe, in Slice slice, float* rows)
    {
        var V = model.Config.VocabularySize;
        var all = new FloatVector(checked(slice.Count * V));
        Multiply(model, pass, rows, slice.Count, all.Pointer);
        probe.Observe(-1, ActivationNames.Unembed, all.Pointer, slice);
        Cap(model.Config, slice.Count, all.Pointer);
        probe.Observe(-1, ActivationNames.Logits, all.Pointer, slice);
        Check(all.Pointer, slice.Count, V);
        for (var t = FirstWanted(slice); t < slice.Count; t++) Deliver(slice, t, all.Pointer + (long)t * V, V);
        // A pointer keeps nothing alive: the last row's handler may run long after the last use of the vector.
        GC.KeepAlive(all);
    }

    /// <summary>One row of logits goes to the run's handler or its buffer.</summary>
    private static void Deliver(in Slice slice, int t, float* logits, int V)
    {
        var run = slice.Run;
        var row = new ReadOnlySpan<float>(logits, V);
        if (run.Handler is { } handler)
        {
            handler(slice.Position + t, row);
            return;
        }
        var destination = run.TakeLogits(V) + (run.Rows == LogitRows.All ? (long)(slice.Offset + t) * V : 0);
        row.CopyTo(new(destination, V));
    }

    private static void FinalNorm(Transformer model, Pass pass, float* residual, float* normed)
    {
        if (model.Weights.FinalNorm is { } norm)
            Norm.Forward(model.Team, pass, model.Config.Norm, norm, model.Config.NormEpsilon, residual, model.Config.Width, normed, -1, ActivationNames.FinalNorm);
        else
            Copy(residual, normed, pass.RowCount * model.Config.Width);
    }

    private static void NormRow(Transformer model, float* x, float* y)
    {
        var D = model.Config.Width;
        if (model.Weights.FinalNorm is { } norm) Norm.Row(model.Config.Norm, Norm.Pointer(norm.Weight), Norm.Pointer(norm.Bias), model.Config.NormEpsilon, x, y, D);
        else Copy(x, y, D);
    }

    private static void Copy(float* from, float* to, int count)
    {
        if (from != to) new ReadOnlySpan<float>(from, count).CopyTo(new(to, count));
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
