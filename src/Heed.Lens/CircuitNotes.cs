namespace Heed.Lens;

/// <summary>What a circuit's numbers put in and leave out on this model, said plainly.</summary>
internal static class CircuitNotes
{
    public static IReadOnlyList<string> Of(LanguageModel model, int layer, CircuitNorm norm, bool withScores = true)
    {
        var (config, weights, notes) = (model.Config, model.Transformer.Weights, new List<string>());
        var l = config.Layers[layer];
        notes.Add(norm switch
        {
            CircuitNorm.None => "Norms are left out: the matrices are as they are stored.",
            CircuitNorm.Folded => "Norms are folded: their weights count, dividing by a vector's size does not.",
            _ => "Embeddings are normed as the layer does it: each token as if the stream held nothing but its embedding. The final norm is folded: its weights count, the size it divides by is not known.",
        });
        if (norm != CircuitNorm.None)
            notes.Add("Logits are above the mean of all tokens' logits: what is added to all of them changes no prediction.");
        if (norm == CircuitNorm.Applied && withScores && weights.Layers[layer] is { Query.Bias: not null } or { Key.Bias: not null } or { Value.Bias: not null })
            notes.Add("Biases of values, queries and keys count; eigenvalues leave them out.");
        if (!withScores) return notes;
        if (l.Rotary is not null || config.HasAlibi || config.LearnedPositionOffset is not null)
            notes.Add("Positions are left out: scores are as if both tokens stood at the same place.");
        if (l.ScoreSoftCap is not null) notes.Add("Scores are before the soft cap.");
        if (weights.Layers[layer].AttentionPostNorm is not null) notes.Add("The norm of attention's output is left out: it depends on what the other heads write.");
        if (config.LogitScale != 1 || config.LogitSoftCap is not null) notes.Add("Logits are before the model's own scale or cap.");
        if (layer > 0) notes.Add($"In layer {layer} the stream also holds what {(layer == 1 ? "layer 0" : $"layers 0 to {layer - 1}")} wrote; that is not in these numbers.");
        return notes;
    }
}
