using Heed.Numerics;
using Heed.Tracing;

namespace Heed.Lens;

/// <summary>The model's own final norm and unembedding on rows of a residual stream: a run that starts after the last layer. Each row is
/// read alone, so rows of any positions run as one text.</summary>
internal static class LastRows
{
    /// <summary>A run of the end of the model on <paramref name="rows"/> [position, width], in float32 whatever the model's everyday precision.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">The rows: a kept residual stream.</param>
    /// <param name="tokens">One token a row, of the vocabulary.</param>
    /// <param name="edits">Of <see cref="Edits"/>.</param>
    /// <param name="handler">Takes each row's logits.</param>
    /// <param name="trace">What to keep, or null.</param>
    public static SequenceRun Run(LanguageModel model, Activation rows, int[] tokens, Edit[] edits, LogitHandler handler, Trace? trace = null) => new()
    {
        Tokens = tokens,
        From = new(ActivationNames.InBlock(model.Config.Layers.Count - 1, ActivationNames.ResidPost), rows.Axes, rows.Shape, rows.Values),
        Rows = LogitRows.All,
        Edits = edits,
        // A traced run is never rounded to 8 bits; one number a row is traced at least.
        Trace = trace ?? (model.Transformer.Weights.FinalNorm is null ? null : Trace.Of(ActivationNames.FinalNorm + ActivationNames.Scale)),
        Handler = handler,
    };

    /// <summary>The edits that act after the last layer, and a change of nothing where only that makes a run exact.</summary>
    public static Edit[] Edits(LanguageModel model, IEnumerable<Edit> edits)
    {
        var catalog = model.Transformer.Activations;
        Edit[] ofTheEnd = [.. edits.Where(e => catalog.Match(e.Name).All(i => i.Layer == model.Config.Layers.Count))];
        return ofTheEnd.Length == 0 && model.Transformer.Weights.FinalNorm is null && model.Transformer.Precision != ActivationPrecision.Float32
            ? [Edit.Apply(ActivationNames.Unembed, (_, _, _) => { })]
            : ofTheEnd;
    }
}
