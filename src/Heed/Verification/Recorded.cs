using Heed.Tracing;

namespace Heed.Verification;

/// <summary>A recorded input [B, T] and what the model makes of it, computed when first asked for.</summary>
internal sealed class Recorded
{
    private readonly Transformer _model;
    private readonly int[][] _rows;
    private readonly bool _fast;
    private readonly Lazy<float[]> _logits;
    private readonly Lazy<Trace[]> _traces;

    /// <summary>An input, not yet run.</summary>
    /// <param name="model">The model.</param>
    /// <param name="input">The ids of all rows, and the length of one.</param>
    /// <param name="fast">Token by token through the cache, as text is generated; else all tokens in one pass.</param>
    public Recorded(Transformer model, (int[] Ids, int RowLength) input, bool fast)
    {
        _model = model;
        _fast = fast;
        _rows = [.. input.Ids.Chunk(Math.Max(1, input.RowLength))];
        _logits = new(ComputeLogits);
        _traces = new(ComputeTraces);
    }

    /// <summary>[B, T, V], from the path without traces: that of generation where asked for.</summary>
    public float[] Logits => _logits.Value;

    /// <summary>[B, T, D]: 0 is the embedding, the last one is after the final norm.</summary>
    public float[] Hidden(int index) => Collect(
        index == _model.Config.Layers.Count ? ActivationNames.FinalNorm + ActivationNames.NormOut : ActivationNames.InBlock(index, ActivationNames.ResidPre),
        ActivationNames.InBlock(index - 1, ActivationNames.ResidPost));

    /// <summary>[B, H, T, T]</summary>
    public float[] Attention(int layer) => Collect(ActivationNames.InBlock(layer, ActivationNames.Pattern), null);

    /// <summary>The mean of −ln p over all labels but each row's first; −100 is not counted.</summary>
    public double Loss(int[] labels)
    {
        var V = _model.Config.VocabularySize;
        double sum = 0;
        int counted = 0, at = 0;
        foreach (var row in _rows)
        {
            for (var t = 1; t < row.Length && at + t < labels.Length; t++)
            {
                var label = labels[at + t];
                if (label < 0) continue;
                sum += LanguageModel.TokenLoss(Logits.AsSpan((at + t - 1) * V, V), label);
                counted++;
            }
            at += row.Length;
        }
        return sum / Math.Max(1, counted);
    }

    private float[] ComputeLogits()
    {
        if (_fast) return [.. _rows.SelectMany(OneByOne)];
        SequenceRun[] batch = [.. _rows.Select(row => new SequenceRun { Tokens = row, Rows = LogitRows.All })];
        _model.Forward(batch);
        return [.. batch.SelectMany(run => Enumerable.Range(0, run.Tokens.Length).SelectMany(t => run.LogitsOf(t).ToArray()))];
    }

    /// <summary>[T, V]: a pass of few tokens takes other kernels than one of many (8-bit activations with quantised weights), so a long
    /// input in one pass would not show what generation computes.</summary>
    private float[] OneByOne(int[] row)
    {
        var V = _model.Config.VocabularySize;
        var logits = new float[row.Length * V];
        var run = new SequenceRun { Cache = new(_model.Config) };
        for (var t = 0; t < row.Length; t++)
        {
            run.Tokens = row.AsMemory(t, 1);
            _model.Forward(run);
            run.LastLogits.CopyTo(logits.AsSpan(t * V));
        }
        return logits;
    }

    private Trace[] ComputeTraces()
    {
        const string last = ActivationNames.FinalNorm + ActivationNames.NormOut;
        string[] names = ["blocks.*.hook_resid_*", "blocks.*.attn.hook_pattern", .. _model.Activations.Find(last) is null ? Array.Empty<string>() : [last]];
        SequenceRun[] batch = [.. _rows.Select(row => new SequenceRun { Tokens = row, Rows = LogitRows.None, Trace = Trace.Of(names) })];
        _model.Forward(batch);
        return [.. batch.Select(run => run.Trace!)];
    }

    private float[] Collect(string name, string? otherwise)
        => [.. _traces.Value.SelectMany(trace => (trace.Find(name) ?? trace[otherwise ?? name]).Values.ToArray())];
}
