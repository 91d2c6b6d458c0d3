using System.Globalization;

namespace Heed.Lens;

/// <summary>How tensors of one kind are counted: layers × heads × inputs × outputs.</summary>
internal static class CountFormula
{
    /// <summary>A sum of products; tensors of one size are one product.</summary>
    public static string Of(IReadOnlyList<ParameterTensor> tensors, TransformerConfig config)
        => string.Join(" + ", tensors.GroupBy(t => Factors(t, config)).SelectMany(ByLayer));

    /// <summary>How many matrices the lesson counts in a tensor: one for each head that has its own.</summary>
    public static long Matrices(ParameterTensor tensor, TransformerConfig config)
        => tensor.IsVector ? 0 : HeadsOf(tensor, config) is { } heads ? heads : 1;

    /// <summary>Tensors that have the same factors: those of layers that have equally many of them together, those outside of the layers apart.</summary>
    private static IEnumerable<string> ByLayer(IGrouping<string, ParameterTensor> same)
    {
        foreach (var layers in same.Where(t => t.Layer is not null).GroupBy(t => t.Layer).GroupBy(layer => layer.Count()))
        {
            var areExperts = same.First() is { IsVector: false, Role: ParameterRole.MlpGate or ParameterRole.MlpUp or ParameterRole.MlpDown };
            var each = layers.Key == 1 ? "" : areExperts ? $"{N(layers.Key)} experts × " : $"{N(layers.Key)} × ";
            yield return $"{Counted(layers.Count(), "layer")} × {each}{same.Key}";
        }
        var outside = same.Count(t => t.Layer is null);
        if (outside > 0) yield return outside == 1 ? same.Key : $"{N(outside)} × {same.Key}";
    }

    /// <summary>A tensor's own factors, heads first where it has heads.</summary>
    private static string Factors(ParameterTensor tensor, TransformerConfig config)
    {
        var layer = tensor.Layer is { } l ? config.Layers[l] : null;
        if (tensor.Role is ParameterRole.QueryNorm or ParameterRole.KeyNorm)
            return layer!.QueryKeyNorm == QueryKeyNorm.PerHead ? N(tensor.Rows) : $"{Counted(tensor.Rows / layer.HeadSize, "head")} × {N(layer.HeadSize)}";
        if (tensor.IsVector) return N(tensor.Rows);
        if (tensor.Role is ParameterRole.Embedding or ParameterRole.Unembedding) return $"{N(tensor.Rows)} tokens × {N(tensor.Columns)}";
        if (tensor.Role == ParameterRole.Positions) return $"{N(tensor.Rows)} positions × {N(tensor.Columns)}";
        if (layer is null) return $"{N(tensor.Columns)} × {N(tensor.Rows)}";
        return tensor.Role switch
        {
            ParameterRole.Query => $"{Counted(layer.Heads, "head")} × {N(tensor.Columns)} × {N(layer.HeadSize)}",
            ParameterRole.Key or ParameterRole.Value => $"{Counted(layer.KeyValueHeads, layer.KeyValueHeads == layer.Heads ? "head" : "shared head")} × {N(tensor.Columns)} × {N(layer.HeadSize)}",
            ParameterRole.Output => $"{Counted(layer.Heads, "head")} × {N(layer.HeadSize)} × {N(tensor.Rows)}",
            ParameterRole.Router => $"{N(tensor.Columns)} × {Counted(tensor.Rows, "expert")}",
            _ => $"{N(tensor.Columns)} × {N(tensor.Rows)}",
        };
    }

    private static int? HeadsOf(ParameterTensor tensor, TransformerConfig config) => tensor.Layer is not { } l ? null : tensor.Role switch
    {
        ParameterRole.Query => config.Layers[l].Heads,
        ParameterRole.Key or ParameterRole.Value => config.Layers[l].KeyValueHeads,
        _ => null,
    };

    private static string Counted(int count, string thing) => $"{N(count)} {thing}{(count == 1 ? "" : "s")}";

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
