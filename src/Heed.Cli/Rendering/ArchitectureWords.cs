using System.Globalization;

namespace Heed.Cli.Rendering;

/// <summary>A configuration as sentences: every choice in which this model differs from others, and nothing it does not have.</summary>
internal static class ArchitectureWords
{
    /// <summary>The sentences.</summary>
    public static IEnumerable<string> Of(TransformerConfig config, TransformerWeights weights)
    {
        var layer = config.Layers[0];
        var n = CultureInfo.InvariantCulture;
        yield return $"{Counted(config.Layers.Count, "layer")} over vectors of {config.Width.ToString("N0", n)} numbers; {config.VocabularySize.ToString("N0", n)} tokens; "
            + $"a context of {config.ContextLength.ToString("N0", n)}.";
        yield return Attention(config, layer);
        yield return Positions(config);
        yield return Mlp(config, layer);
        yield return Norms(config, layer, weights);
        foreach (var rest in Rest(config, weights)) yield return rest;
    }

    private static string Attention(TransformerConfig config, LayerConfig layer)
    {
        var text = $"Attention: {Counted(layer.Heads, "head")} of {layer.HeadSize}";
        if (layer.KeyValueHeads == 1 && layer.Heads > 1) text += ", all with the same keys and values";
        else if (layer.KeyValueHeads < layer.Heads) text += $", {layer.Heads / layer.KeyValueHeads} of them share one of {layer.KeyValueHeads} key–value heads";
        if (layer.QueryKeyValueClip is { } limit) text += $"; queries, keys and values clipped to ±{limit.ToString("0.###", CultureInfo.InvariantCulture)}";
        var usual = 1 / Math.Sqrt(layer.HeadSize);
        if (Math.Abs(layer.ScoreScale - usual) > 1e-6) text += $"; scores × {layer.ScoreScale.ToString("0.######", CultureInfo.InvariantCulture)}";
        if (layer.ScoreSoftCap is { } cap) text += $"; scores capped softly at {cap}";
        var windows = config.Layers.Where(l => l.Window is not null).ToArray();
        if (windows.Length > 0)
            text += $"; {(windows.Length == config.Layers.Count ? "all layers" : $"{windows.Length} of {config.Layers.Count} layers")} see only the last {windows[0].Window} tokens";
        return text + ".";
    }

    private static string Positions(TransformerConfig config)
    {
        var parts = new List<string>();
        if (config.LearnedPositionOffset is not null) parts.Add("learned vectors");
        if (config.HasAlibi) parts.Add("a penalty that grows with distance (ALiBi)");
        var rotary = config.Layers.Where(l => l.Rotary is not null).ToArray();
        if (rotary.Length > 0)
            parts.Add("queries and keys are turned (rotary)"
                + (rotary.Length < config.Layers.Count ? $" in {rotary.Length} of {config.Layers.Count} layers" : "")
                + (rotary.Select(l => l.Rotary).Distinct().Count() > 1 ? ", with different frequencies by layer" : ""));
        return $"Positions: {(parts.Count > 0 ? string.Join("; ", parts) : "none")}.";
    }

    private static string Mlp(TransformerConfig config, LayerConfig layer)
    {
        var text = $"MLP: {(layer.IsGated ? "gated, " : "")}{layer.FeedForwardWidth.ToString("N0", CultureInfo.InvariantCulture)} wide, {NameOf(layer.Activation)}";
        if (config.Layers.FirstOrDefault(l => l.Experts is not null)?.Experts is { } experts)
            text += $"; {experts.Count} experts, {experts.PerToken} for each token" + (config.Layers.Any(l => l.Experts is null) ? ", in some layers" : "");
        return text + ".";
    }

    private static string NameOf(ActivationFunction function) => function switch
    {
        ActivationFunction.Relu => "ReLU",
        ActivationFunction.SquaredRelu => "ReLU squared",
        ActivationFunction.Gelu => "GELU",
        ActivationFunction.GeluTanh => "GELU (tanh form)",
        ActivationFunction.QuickGelu => "GELU (sigmoid form)",
        ActivationFunction.Silu => "SiLU",
        _ => function.ToString(),
    };

    private static string Norms(TransformerConfig config, LayerConfig layer, TransformerWeights weights)
    {
        var first = weights.Layers[0];
        var where = (first.AttentionNorm, first.AttentionPostNorm ?? first.AttentionResidualNorm) switch
        {
            (not null, not null) => "before and after each sublayer",
            (not null, null) => "before each sublayer",
            _ => "after each sublayer",
        };
        var text = $"Norms: {(config.Norm == NormKind.Rms ? "RMS" : "LayerNorm")} {where}";
        if ((first.AttentionNorm ?? first.AttentionPostNorm ?? first.AttentionResidualNorm) is { Weight: null }) text += ", without weights";
        if (layer.QueryKeyNorm != QueryKeyNorm.None) text += ", and of queries and keys";
        if (config.ParallelResidual) text += "; attention and MLP side by side";
        return text + ".";
    }

    private static IEnumerable<string> Rest(TransformerConfig config, TransformerWeights weights)
    {
        var n = CultureInfo.InvariantCulture;
        var text = weights.IsTied ? "The unembedding is the embedding" : "The unembedding has weights of its own";
        if (config.EmbeddingScale != 1) text += $"; embeddings × {config.EmbeddingScale.ToString("0.###", n)}";
        if (config.ResidualScale != 1) text += $"; each addition × {config.ResidualScale.ToString("0.###", n)}";
        if (config.LogitScale != 1) text += $"; logits × {config.LogitScale.ToString("0.###", n)}";
        if (config.LogitSoftCap is { } cap) text += $"; logits capped softly at {cap.ToString("0.###", n)}";
        yield return text + ".";
    }

    private static string Counted(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
