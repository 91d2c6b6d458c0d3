using System.Numerics.Tensors;
using Heed.Tracing;

namespace Heed.Lens;

/// <summary>
/// The residual stream at one place as the sum of what wrote it: embedding, position, every head, every MLP, and the biases that
/// belong to none of them. Exact: norms that a part went through on its way have their scale fixed at its value.
/// </summary>
/// <remarks>
/// Where a family norms a sublayer's output before it is added (Gemma 2, OLMo 2), each head's and MLP's part is what is left of it after
/// that norm. Where the stream itself is normed (post-norm OPT, BLOOM's embedding norm, and the residual taken after the norm), all
/// parts so far go through that norm, and its bias becomes a part.
/// </remarks>
public sealed class ResidualParts
{
    private readonly List<ResidualPart> _parts = [];
    private readonly List<(int Parts, FrozenNorm Norm)> _norms = [];

    private ResidualParts(int position, int layer, float[] stream)
    {
        (Position, Layer, Stream) = (position, layer, stream);
    }

    /// <summary>Where in the text.</summary>
    public int Position { get; }

    /// <summary>The stream is the one that enters this layer; after the last one, the number of layers.</summary>
    public int Layer { get; }

    /// <summary>The stream as the model computed it [width].</summary>
    public ReadOnlyMemory<float> Stream { get; }

    /// <summary>What it is the sum of, in the order in which it was written.</summary>
    public IReadOnlyList<ResidualPart> Parts => _parts;

    /// <summary>The largest difference between the sum of the parts and the stream, relative to the stream's largest number:
    /// what float32 rounds away.</summary>
    public double Residue { get; private set; }

    /// <summary>Splits the stream of a text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="positions">Where; one result each.</param>
    /// <param name="layer">The layer that the stream enters; the number of layers for the end.</param>
    /// <param name="edits">Changes made while the text runs.</param>
    /// <exception cref="HeedException">There are no tokens, or no such layer or position.</exception>
    public static IReadOnlyList<ResidualParts> Run(LanguageModel model, int[] tokens, IReadOnlyList<int> positions, int layer, IEnumerable<Edit>? edits = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(positions);
        var traces = Traces(model, tokens, positions, layer, [], edits);
        return [.. traces.Select((trace, i) => Of(model, trace, positions[i], layer))];
    }

    /// <summary>One trace for each position, with what <see cref="Of"/> reads and more names.</summary>
    internal static Trace[] Traces(LanguageModel model, int[] tokens, IReadOnlyList<int> positions, int layer, IEnumerable<string> more, IEnumerable<Edit>? edits)
    {
        var L = model.Config.Layers.Count;
        if (layer < 0 || layer > L) throw new HeedException($"There is no stream before layer {layer}: the model has layers 0…{L - 1}, and {L} stands for its end.");
        var catalog = model.Transformer.Activations;
        string[] names = [.. NamesFor(layer, L).Concat(more).Where(n => catalog.Find(n) is not null)];
        Edit[] all = [.. edits ?? []];
        return [.. positions.Select(position =>
        {
            var at = PositionRange.At(position, tokens.Length);
            return model.Trace(tokens, new Trace(new() { Names = names, Positions = at..(at + 1) }), all);
        })];
    }

    /// <summary>Reads the parts out of a trace of one position.</summary>
    internal static ResidualParts Of(LanguageModel model, Trace trace, int position, int layer)
    {
        var L = model.Config.Layers.Count;
        var end = trace[layer < L ? ActivationNames.InBlock(layer, ActivationNames.ResidPre) : ActivationNames.InBlock(L - 1, ActivationNames.ResidPost)];
        var parts = new ResidualParts(position, layer, end.Row(0).ToArray());
        parts.AddEmbedding(model, trace);
        for (var l = 0; l < layer; l++) parts.AddLayer(model, trace, l);
        parts.Residue = Difference(parts.Sum(), end.Row(0));
        return parts;
    }

    /// <summary>The sum of all parts [width].</summary>
    public double[] Sum()
    {
        var sum = new double[Stream.Length];
        foreach (var part in _parts) TensorPrimitives.Add(sum, part.Vector, sum);
        return sum;
    }

    /// <summary>The direction in which a part was read where it was written: back through the norms that the stream went through since.</summary>
    internal double[] PullBack(ResidualSource source, double[] direction)
    {
        var at = _parts.FindIndex(p => p.Source == source);
        for (var n = _norms.Count - 1; n >= 0 && _norms[n].Parts > at; n--) direction = _norms[n].Norm.Transpose(direction);
        return direction;
    }

    private static IEnumerable<string> NamesFor(int layer, int layers)
    {
        yield return ActivationNames.Embed;
        yield return ActivationNames.PositionEmbed;
        for (var l = 0; l < layer; l++)
            foreach (var name in new[]
            {
                ActivationNames.Norm1 + ActivationNames.Scale, ActivationNames.Result, ActivationNames.Norm1Post + ActivationNames.Scale,
                ActivationNames.Norm2 + ActivationNames.Scale, ActivationNames.MlpOut,
            }) yield return ActivationNames.InBlock(l, name);
        yield return layer < layers ? ActivationNames.InBlock(layer, ActivationNames.ResidPre) : ActivationNames.InBlock(layers - 1, ActivationNames.ResidPost);
    }

    private void AddEmbedding(LanguageModel model, Trace trace)
    {
        Add(new("embed", ResidualWriter.Embedding), trace[ActivationNames.Embed].Row(0));
        if (trace.Find(ActivationNames.PositionEmbed) is { } positions) Add(new("pos_embed", ResidualWriter.Position), positions.Row(0));
        Through(model.Config, model.Transformer.Weights.EmbeddingNorm, null, new("embed_norm_bias", ResidualWriter.NormBias));
    }

    private void AddLayer(LanguageModel model, Trace trace, int l)
    {
        var config = model.Config;
        var weights = model.Transformer.Weights.Layers[l];
        var isFromNorm = config is { ResidualFromNorm: true, ParallelResidual: false };

        // 1. Where the residual is the normed stream, what came before goes through the norm first.
        if (isFromNorm) Through(config, weights.AttentionNorm, ScaleOf(ActivationNames.Norm1), new($"{l}_ln1_bias", ResidualWriter.NormBias, l));

        // 2. Attention: its heads and its bias.
        var post = weights.AttentionPostNorm is { } norm ? FrozenNorm.Of(config, norm, ScaleOf(ActivationNames.Norm1Post)!.Value) : null;
        var result = trace[ActivationNames.InBlock(l, ActivationNames.Result)];
        for (var h = 0; h < result.Shape[1]; h++)
            Written(new($"L{l}H{h}", ResidualWriter.Head, l, h), Doubles(result.Row(0, h)), post);
        var bias = weights.Output.Bias is { } b ? Doubles(b.Span) : null;
        if (bias is not null) post?.Apply(bias);
        if (post?.Bias is { } added)
        {
            if (bias is null) bias = added;
            else TensorPrimitives.Add(bias, added, bias);
        }
        if (bias is not null) Written(new($"{l}_attn_bias", ResidualWriter.AttentionBias, l), bias, null);
        Through(config, weights.AttentionResidualNorm, null, new($"{l}_ln1_resid_bias", ResidualWriter.NormBias, l));

        // 3. The MLP, as it is added: after its post-norm and scale.
        if (isFromNorm)
            Through(config, weights.MlpNorm, ScaleOf(ActivationNames.Norm2), new($"{l}_ln2_bias", ResidualWriter.NormBias, l));
        Add(new($"{l}_mlp_out", ResidualWriter.Mlp, l), trace[ActivationNames.InBlock(l, ActivationNames.MlpOut)].Row(0));
        Through(config, weights.MlpResidualNorm, null, new($"{l}_ln2_resid_bias", ResidualWriter.NormBias, l));

        double? ScaleOf(string name) => trace.Find(ActivationNames.InBlock(l, name + ActivationNames.Scale))?.Row(0)[0];

        void Written(ResidualSource source, double[] vector, FrozenNorm? norm)
        {
            norm?.Apply(vector);
            if (config.ResidualScale != 1) TensorPrimitives.Multiply(vector, config.ResidualScale, vector);
            _parts.Add(new(source, vector));
        }
    }

    /// <summary>All parts so far go through a norm of the stream, its scale fixed; its bias becomes a part.</summary>
    private void Through(TransformerConfig config, NormWeights? weights, double? scale, ResidualSource biasSource)
    {
        if (weights is null) return;
        var norm = FrozenNorm.Of(config, weights, scale ?? FrozenNorm.ScaleOf(config, Sum()));
        foreach (var part in _parts) norm.Apply(part.Vector);
        _norms.Add((_parts.Count, norm));
        if (norm.Bias is { } bias) _parts.Add(new(biasSource, bias));
    }

    private void Add(ResidualSource source, ReadOnlySpan<float> vector) => _parts.Add(new(source, Doubles(vector)));

    private static double[] Doubles(ReadOnlySpan<float> values)
    {
        var doubles = new double[values.Length];
        TensorPrimitives.ConvertTruncating(values, doubles);
        return doubles;
    }

    private static double Difference(ReadOnlySpan<double> sum, ReadOnlySpan<float> stream)
    {
        double difference = 0, largest = 0;
        for (var i = 0; i < stream.Length; i++)
        {
            difference = Math.Max(difference, Math.Abs(sum[i] - stream[i]));
            largest = Math.Max(largest, Math.Abs(stream[i]));
        }
        return largest > 0 ? difference / largest : difference;
    }
}
