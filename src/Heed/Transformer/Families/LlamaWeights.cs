using Heed.Numerics;

namespace Heed.Families;

/// <summary>Which of a Llama-like family's linear maps and norms have biases, and how its norms are stored.</summary>
/// <param name="QueryKeyValue">Biases of the projections to queries, keys and values.</param>
/// <param name="Output">Bias of the attention's output.</param>
/// <param name="Mlp">Biases of the MLP.</param>
/// <param name="Norm">Biases of the norms.</param>
/// <param name="Unembedding">Bias of the unembedding.</param>
/// <param name="Tied">Whether the unembedding is the embedding.</param>
/// <param name="NormAddsOne">The file holds w of a norm that multiplies by 1 + w.</param>
internal sealed record LlamaBiases(Bias QueryKeyValue = Bias.None, Bias Output = Bias.None, Bias Mlp = Bias.None, Bias Norm = Bias.None,
    Bias Unembedding = Bias.None, bool Tied = false, bool NormAddsOne = false)
{
    /// <summary>GGUF does not say; the tensors that are there count.</summary>
    public static LlamaBiases FromFile { get; } = new(Bias.IfPresent, Bias.IfPresent, Bias.IfPresent, Bias.IfPresent, Bias.IfPresent, Tied: true);
}

/// <summary>Finds the weights of checkpoints laid out like Llama's.</summary>
internal sealed class LlamaWeights(TransformerConfig config, WeightReader tensors, LlamaNames names, LlamaBiases biases)
{
    /// <summary>Everything, from the embedding to the unembedding.</summary>
    public TransformerWeights Read()
    {
        var embedding = tensors.Matrix(names.Embedding, config.VocabularySize, config.Width);
        var layers = new LayerWeights[config.Layers.Count];
        for (var i = 0; i < layers.Length; i++) layers[i] = Layer(i);
        return new()
        {
            Embedding = embedding,
            Layers = layers,
            FinalNorm = Norm("", names.FinalNorm),
            Unembedding = tensors.Unembedding(names.Unembedding, embedding, names.Embedding,
                // GGUF leaves a tied unembedding out.
                biases.Tied, config.Width, biases.Unembedding),
        };
    }

    private LayerWeights Layer(int index)
    {
        var layer = config.Layers[index];
        var prefix = string.Format(null, names.Layer, index);
        var (query, key, value) = QueryKeyValue(layer, prefix);
        var mlp = layer.Experts is null ? Mlp(layer, prefix) : null;
        return new()
        {
            AttentionNorm = Norm(prefix, names.AttentionNorm),
            AttentionPostNorm = Norm(prefix, names.AttentionPostNorm),
            Query = query,
            Key = key,
            Value = value,
            Output = tensors.Linear(prefix + names.Output, config.Width, layer.Heads * layer.HeadSize, biases.Output),
            QueryNorm = QueryKeyNorm(layer, prefix + names.QueryNorm, layer.Heads),
            KeyNorm = QueryKeyNorm(layer, prefix + names.KeyNorm, layer.KeyValueHeads),
            MlpNorm = Norm(prefix, names.MlpNorm),
            MlpPostNorm = Norm(prefix, names.MlpPostNorm),
            Mlp = mlp,
            Router = layer.Experts is { } e ? tensors.Linear(prefix + names.Router, e.Count, config.Width, Bias.None) : null,
            Experts = layer.Experts is null ? [] : Experts(layer, prefix),
        };
    }

    private NormWeights? Norm(string prefix, string? name)
        => name is null ? null : tensors.Norm(prefix + name, config.Width, biases.Norm, biases.NormAddsOne);

    private NormWeights? QueryKeyNorm(LayerConfig layer, string name, int heads) => layer.QueryKeyNorm switch
    {
        Heed.QueryKeyNorm.None => null,
        Heed.QueryKeyNorm.PerHead => tensors.Norm(name, layer.HeadSize, Bias.IfPresent, biases.NormAddsOne),
        _ => tensors.Norm(name, heads * layer.HeadSize, Bias.IfPresent, biases.NormAddsOne),
    };

    private (LinearWeights Query, LinearWeights Key, LinearWeights Value) QueryKeyValue(LayerConfig layer, string prefix)
    {
        int queries = layer.Heads * layer.HeadSize, keys = layer.KeyValueHeads * layer.HeadSize;
        LinearWeights query, key, value;
        if (tensors.Has($"{prefix}{names.FusedQueryKeyValue}.weight"))
        {
            var fused = tensors.Linear(prefix + names.FusedQueryKeyValue, queries + 2 * keys, config.Width, biases.QueryKeyValue);
            query = fused.Rows(0, queries);
            key = fused.Rows(queries, keys);
            value = fused.Rows(queries + keys, keys);
        }
        else
        {
            query = tensors.Linear(prefix + names.Query, queries, config.Width, biases.QueryKeyValue);
            key = tensors.Linear(prefix + names.Key, keys, config.Width, biases.QueryKeyValue);
            value = tensors.Linear(prefix + names.Value, keys, config.Width, biases.QueryKeyValue);
        }
        return names.IsPermuted
            ? (query.Reordered(Halves(layer.Heads, layer.HeadSize)), key.Reordered(Halves(layer.KeyValueHeads, layer.HeadSize)), value)
            : (query, key, value);
    }

    /// <summary>
    /// Where rows stand that were interleaved for llama.cpp's rotation: within a head, i of the first half is stored at 2i
    /// and i of the second at 2i + 1.
    /// </summary>
    private static int[] Halves(int heads, int headSize)
    {
        var order = new int[heads * headSize];
        var half = headSize / 2;
        for (var r = 0; r < order.Length; r++)
        {
            var (head, i) = (r / headSize, r % headSize);
            order[r] = head * headSize + (i < half ? 2 * i : 2 * (i - half) + 1);
        }
        return order;
    }

    private MlpWeights Mlp(LayerConfig layer, string prefix)
    {
        var width = layer.FeedForwardWidth;
        var down = tensors.Linear(prefix + names.Down, config.Width, width, biases.Mlp);
        if (!layer.IsGated)
            return new(null, tensors.Linear(prefix + names.Up, width, config.Width, biases.Mlp), down);
        if (names.FusedGateUp is { } name && tensors.Has($"{prefix}{name}.weight"))
        {
            var fused = tensors.Linear(prefix + name, 2 * width, config.Width, biases.Mlp);
            return new(fused.Rows(0, width), fused.Rows(width, width), down);
        }
        return new(tensors.Linear(prefix + names.Gate, width, config.Width, biases.Mlp),
            tensors.Linear(prefix + names.Up, width, config.Width, biases.Mlp), down);
    }

    private MlpWeights[] Experts(LayerConfig layer, string prefix)
    {
        var (count, width) = (layer.Experts!.Count, layer.FeedForwardWidth);
        var experts = new MlpWeights[count];
        if (names.StackedDown is { } stacked && tensors.Has(prefix + stacked))
        {
            var down = tensors.Stack(prefix + stacked, count, config.Width, width);
            Matrix[] gate, up;
            if (names.StackedGateUp is { } both && tensors.Has(prefix + both))
            {
                var fused = tensors.Stack(prefix + both, count, 2 * width, config.Width);
                gate = Array.ConvertAll(fused, m => m.Rows(0, width));
                up = Array.ConvertAll(fused, m => m.Rows(width, width));
            }
            else
            {
                gate = tensors.Stack(prefix + (names.StackedGate ?? names.StackedGateUp), count, width, config.Width);
                up = tensors.Stack(prefix + names.StackedUp, count, width, config.Width);
            }
            for (var e = 0; e < count; e++)
                experts[e] = new(new(gate[e], null), new(up[e], null), new(down[e], null));
            return experts;
        }
        for (var e = 0; e < count; e++)
        {
            LinearWeights Part(string? name, int outputs, int inputs) => tensors.Linear(
                prefix + (name is null ? names.StackedDown : string.Format(null, name, e)), outputs, inputs, Bias.None);
            experts[e] = new(Part(names.ExpertGate, width, config.Width), Part(names.ExpertUp, width, config.Width),
                Part(names.ExpertDown, config.Width, width));
        }
        return experts;
    }
}

/// <summary>Views of linear weights.</summary>
internal static class LinearWeightsViews
{
    /// <summary>The outputs from <paramref name="first"/> on.</summary>
    public static LinearWeights Rows(this LinearWeights linear, int first, int count)
        => new(linear.Weight.Rows(first, count), linear.Bias is { } bias ? new(bias.Span.Slice(first, count)) : null);

    /// <summary>The outputs in another order: output r is the old <paramref name="order"/>[r].</summary>
    public static LinearWeights Reordered(this LinearWeights linear, int[] order)
    {
        FloatVector? bias = null;
        if (linear.Bias is { } old)
        {
            bias = new(order.Length);
            for (var r = 0; r < order.Length; r++) bias.Span[r] = old.Span[order[r]];
        }
        return new(linear.Weight.Reordered(order), bias);
    }
}
