using Heed.Numerics;

namespace Heed.Families;

/// <summary>Finds the weights of a checkpoint by the names of its layout. What the families' tensors have in common is here, once.</summary>
internal sealed class LayoutReader(TransformerConfig config, WeightReader tensors, LayoutNames names, LayoutOptions options)
{
    /// <summary>Everything, from the embedding to the unembedding.</summary>
    public TransformerWeights Read()
    {
        var width = options.EmbeddingWidth ?? config.Width;
        var embedding = tensors.Matrix(names.Embedding, config.VocabularySize, width);
        var layers = new LayerWeights[config.Layers.Count];
        for (var i = 0; i < layers.Length; i++) layers[i] = Layer(i);
        return new()
        {
            Embedding = embedding,
            Positions = names.Positions is null ? null : tensors.Matrix(names.Positions, options.PositionRows, config.Width),
            EmbeddingNorm = Norm("", names.EmbeddingNorm),
            ProjectIn = width == config.Width ? null : tensors.Matrix($"{names.ProjectIn}.weight", config.Width, width),
            ProjectOut = width == config.Width ? null : tensors.Matrix($"{names.ProjectOut}.weight", width, config.Width),
            Layers = layers,
            FinalNorm = Norm("", names.FinalNorm),
            Unembedding = tensors.Unembedding(names.Unembedding, embedding, names.Embedding, options.Tied, width, options.Unembedding),
        };
    }

    private LayerWeights Layer(int index)
    {
        var layer = config.Layers[index];
        var prefix = string.Format(null, names.Layer, index);
        var (query, key, value) = QueryKeyValue(layer, prefix);
        return new()
        {
            AttentionNorm = Norm(prefix, names.AttentionNorm),
            AttentionPostNorm = Norm(prefix, names.AttentionPostNorm),
            AttentionResidualNorm = Norm(prefix, names.AttentionResidualNorm),
            Query = query,
            Key = key,
            Value = value,
            Output = Linear(prefix + names.Output, config.Width, layer.Heads * layer.HeadSize, options.Output),
            QueryNorm = QueryKeyNorm(layer, prefix + names.QueryNorm, layer.Heads),
            KeyNorm = QueryKeyNorm(layer, prefix + names.KeyNorm, layer.KeyValueHeads),
            MlpNorm = Norm(prefix, names.MlpNorm),
            MlpPostNorm = Norm(prefix, names.MlpPostNorm),
            MlpResidualNorm = Norm(prefix, names.MlpResidualNorm),
            Mlp = layer.Experts is null ? Mlp(layer, prefix) : null,
            Router = layer.Experts is { } e ? tensors.Linear(prefix + names.Router, e.Count, config.Width, Bias.None) : null,
            Experts = layer.Experts is null ? [] : Experts(layer, prefix),
        };
    }

    private LinearWeights Linear(string name, int outputs, int inputs, Bias bias)
        => names.IsConv ? tensors.ConvLinear(name, outputs, inputs, bias) : tensors.Linear(name, outputs, inputs, bias);

    private NormWeights? Norm(string prefix, string? name)
        => name is null ? null
            : options.NormIsPlain ? new(null, null)
            : tensors.Norm(prefix + name, config.Width, options.Norm, options.NormAddsOne);

    private NormWeights? QueryKeyNorm(LayerConfig layer, string name, int heads) => layer.QueryKeyNorm switch
    {
        Heed.QueryKeyNorm.None => null,
        Heed.QueryKeyNorm.PerHead => tensors.Norm(name, layer.HeadSize, options.QueryKeyNorm, options.NormAddsOne),
        Heed.QueryKeyNorm.Whole => tensors.Norm(name, heads * layer.HeadSize, options.QueryKeyNorm, options.NormAddsOne),
        _ => new(tensors.Has($"{name}.norms.0.weight") ? OwnWeights(name, heads, layer.HeadSize)
            : tensors.Table($"{name}.weight", heads, layer.HeadSize), null),
    };

    /// <summary>Weights of each head's norm in a tensor of its own (StableLM).</summary>
    private FloatVector OwnWeights(string name, int heads, int headSize)
    {
        var all = new FloatVector(heads * headSize);
        for (var h = 0; h < heads; h++)
            tensors.Vector($"{name}.norms.{h}.weight", headSize).Span.CopyTo(all.Span[(h * headSize)..]);
        return all;
    }

    private (LinearWeights Query, LinearWeights Key, LinearWeights Value) QueryKeyValue(LayerConfig layer, string prefix)
    {
        int queries = layer.Heads * layer.HeadSize, keys = layer.KeyValueHeads * layer.HeadSize;
        LinearWeights query, key, value;
        if (names.FusedQueryKeyValue is { } name && (names.Query is null || tensors.Has($"{prefix}{name}.weight")))
        {
            var fused = Linear(prefix + name, queries + 2 * keys, config.Width, options.QueryKeyValue);
            if (names.IsFusedPerHead)
                return (fused.Reordered(OfEachHead(layer, 0)), fused.Reordered(OfEachHead(layer, 1)), fused.Reordered(OfEachHead(layer, 2)));
            query = fused.Rows(0, queries);
            key = fused.Rows(queries, keys);
            value = fused.Rows(queries + keys, keys);
        }
        else
        {
            query = Linear(prefix + names.Query, queries, config.Width, options.QueryKeyValue);
            key = Linear(prefix + names.Key, keys, config.Width, options.QueryKeyValue);
            value = Linear(prefix + names.Value, keys, config.Width, options.QueryKeyValue);
        }
        return names.IsPermuted
            ? (query.Reordered(Halves(layer.Heads, layer.HeadSize)), key.Reordered(Halves(layer.KeyValueHeads, layer.HeadSize)), value)
            : (query, key, value);
    }

    /// <summary>Rows of part 0 (query), 1 (key) or 2 (value) in a tensor [heads, 3, d].</summary>
    private static int[] OfEachHead(LayerConfig layer, int part)
    {
        var order = new int[layer.Heads * layer.HeadSize];
        for (var r = 0; r < order.Length; r++)
            order[r] = (r / layer.HeadSize * 3 + part) * layer.HeadSize + r % layer.HeadSize;
        return order;
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
        var down = Linear(prefix + names.Down, config.Width, width, options.Mlp);
        if (!layer.IsGated)
            return new(null, Linear(prefix + names.Up, width, config.Width, options.Mlp), down);
        if (names.FusedGateUp is { } name && (names.Gate is null || tensors.Has($"{prefix}{name}.weight")))
        {
            var fused = Linear(prefix + name, 2 * width, config.Width, options.Mlp);
            return new(fused.Rows(0, width), fused.Rows(width, width), down);
        }
        return new(Linear(prefix + names.Gate, width, config.Width, options.Mlp),
            Linear(prefix + names.Up, width, config.Width, options.Mlp), down);
    }

    private MlpWeights[] Experts(LayerConfig layer, string prefix)
    {
        var (count, width) = (layer.Experts!.Count, layer.FeedForwardWidth);
        if (names.ExpertDown is null || (names.StackedDown is { } stacked && tensors.Has(prefix + stacked)))
            return StackedExperts(count, width, prefix);
        var experts = new List<MlpWeights>(); // grows with what the file has, whatever the configuration claims
        for (var e = 0; e < count; e++)
        {
            LinearWeights Part(string? name, int outputs, int inputs) => tensors.Linear(prefix + string.Format(null, name!, e), outputs, inputs, Bias.None);
            experts.Add(new(Part(names.ExpertGate, width, config.Width), Part(names.ExpertUp, width, config.Width),
                Part(names.ExpertDown, config.Width, width)));
        }
        return [.. experts];
    }

    private MlpWeights[] StackedExperts(int count, int width, string prefix)
    {
        var down = tensors.Stack(prefix + names.StackedDown, count, config.Width, width);
        Matrix[] gate, up;
        if (names.StackedGateUp is { } both && (names.StackedGate is null || tensors.Has(prefix + both)))
        {
            var fused = tensors.Stack(prefix + both, count, 2 * width, config.Width);
            gate = Array.ConvertAll(fused, m => m.Rows(0, width));
            up = Array.ConvertAll(fused, m => m.Rows(width, width));
        }
        else
        {
            gate = tensors.Stack(prefix + names.StackedGate, count, width, config.Width);
            up = tensors.Stack(prefix + names.StackedUp, count, width, config.Width);
        }
        var experts = new MlpWeights[count];
        for (var e = 0; e < count; e++)
            experts[e] = new(new(gate[e], null), new(up[e], null), new(down[e], null));
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
