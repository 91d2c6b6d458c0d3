using System.Numerics.Tensors;
using Heed.Tracing;

namespace Heed.Lens;

/// <summary>What one part wrote of a logit difference.</summary>
/// <param name="Source">What wrote it.</param>
/// <param name="Value">Its part, with its sign.</param>
public sealed record LogitPart(ResidualSource Source, double Value);

/// <summary>What a layer's attention (all heads and biases) or MLP wrote, or the embedding.</summary>
/// <param name="Name">"embedding", "attention 3", "MLP 3".</param>
/// <param name="Key">Its key in figures: <c>embed</c>, <c>L3.attention</c>, <c>L3.mlp</c>.</param>
/// <param name="Length">The length (Euclidean norm) of the vector it wrote.</param>
/// <param name="Value">Its part of the logit difference.</param>
public sealed record LayerWrite(string Name, string Key, double Length, double Value);

/// <summary>What one neuron wrote of a logit difference: a part of its MLP's.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Neuron">Its number in the MLP.</param>
/// <param name="Value">Its part, with its sign.</param>
/// <param name="Activation">Its value after the non-linear function.</param>
public sealed record NeuronPart(int Layer, int Neuron, double Value, float Activation);

/// <summary>
/// Direct logit attribution: the exact part of logit(answer) − logit(wrong) that each writer of the residual stream wrote at one position.
/// The final norm's scale is fixed at its value, so that the logits are linear in the stream; then the parts add up to the difference.
/// </summary>
/// <remarks>Logits are those before a soft cap (<c>cap·tanh(x/cap)</c>, Gemma 2), which is not linear; <see cref="CappedDifference"/> is what the
/// model predicts with. A scale of the logits is in every part.</remarks>
public sealed record DirectLogitAttribution
{
    /// <summary>How far the sum of the parts may be from the difference, relative to the larger of 1 and the difference.</summary>
    public const double Bound = 1e-4;

    /// <summary>The text.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>The position whose next token is predicted.</summary>
    public required int Position { get; init; }

    /// <summary>The token whose logit is explained.</summary>
    public required int Answer { get; init; }

    /// <summary>The token whose logit is subtracted; null: the mean of all logits is.</summary>
    public required int? Wrong { get; init; }

    /// <summary>Every writer's part, in the order in which they wrote.</summary>
    public required IReadOnlyList<LogitPart> Parts { get; init; }

    /// <summary>The parts of the stream, attention of each layer taken together: how much was written, and what it did to the difference.</summary>
    public required IReadOnlyList<LayerWrite> Writes { get; init; }

    /// <summary>The neurons with the largest parts, if they were asked for, the largest first. They are part of their MLPs' parts.</summary>
    public required IReadOnlyList<NeuronPart> Neurons { get; init; }

    /// <summary>The difference, out of the model's own logits (before a soft cap).</summary>
    public required double Difference { get; init; }

    /// <summary>The difference of the capped logits, where the model caps them.</summary>
    public required double? CappedDifference { get; init; }

    /// <summary>The sum of the parts.</summary>
    public double Sum => Parts.Sum(p => p.Value);

    /// <summary>How far the sum is from the difference.</summary>
    public double Error => Math.Abs(Sum - Difference);

    /// <summary>True if the parts add up to the difference, within <see cref="Bound"/>.</summary>
    public bool AddsUp => Error <= Bound * Math.Max(1, Math.Abs(Difference));

    /// <summary>Splits a logit difference.</summary>
    /// <param name="model">The model, loaded with float32 activations if its parts are to add up to what it predicts.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="answer">The token whose logit is explained.</param>
    /// <param name="wrong">The token whose logit is subtracted; null: the mean of all tokens' logits.</param>
    /// <param name="position">Where; the last position by default.</param>
    /// <param name="neurons">How many neurons to name.</param>
    /// <param name="edits">Changes made while the text runs, to what the writers write; not to the stream itself.</param>
    /// <exception cref="HeedException">There are no tokens, no such position or token; or neurons are wanted of a mixture of experts.</exception>
    public static DirectLogitAttribution Run(LanguageModel model, int[] tokens, int answer, int? wrong = null, Index? position = null, int neurons = 0, IEnumerable<Edit>? edits = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        var config = model.Config;
        CheckTokens(config, answer, wrong);
        if (neurons > 0 && config.Layers.Any(l => l.Experts is not null))
            throw new HeedException("The neurons of a mixture of experts cannot be named: each token passes through some of many MLPs, whose hidden values no activation holds. Leave out the number of neurons.");
        var at = PositionRange.At(position ?? ^1, tokens.Length);
        var L = config.Layers.Count;
        var more = new List<string> { ActivationNames.FinalNorm + ActivationNames.Scale };
        for (var l = 0; l < L && neurons > 0; l++)
        {
            more.Add(ActivationNames.InBlock(l, ActivationNames.MlpPost));
            more.Add(ActivationNames.InBlock(l, ActivationNames.Norm2Post + ActivationNames.Scale));
        }
        Edit[] all = [.. edits ?? []];
        var trace = ResidualParts.Traces(model, tokens, [at], L, more, all)[0];
        var stream = ResidualParts.Of(model, trace, at, L);

        // 1. The direction in which the stream before the final norm is read: every part is its product with that.
        var (direction, constants) = Direction(model, trace, answer, wrong);
        List<LogitPart> parts = [.. stream.Parts.Select(p => new LogitPart(p.Source, TensorPrimitives.Dot<double>(p.Vector, direction)))];
        parts.AddRange(constants);

        // 2. What the model itself says.
        var (difference, capped) = Logits(model, stream, tokens[at], answer, wrong, all);
        return new()
        {
            Tokens = tokens,
            Position = at,
            Answer = answer,
            Wrong = wrong,
            Parts = parts,
            Writes = ByLayer(stream, direction),
            Neurons = TopNeurons(model, trace, stream, direction, neurons),
            Difference = difference,
            CappedDifference = capped,
        };
    }

    /// <summary>The direction g whose product with a part is what it wrote, and what the biases of the final norm and the unembedding wrote.</summary>
    private static (double[] Direction, LogitPart[] Constants) Direction(LanguageModel model, Trace trace, int answer, int? wrong)
    {
        var config = model.Config;
        var unembedding = model.Weights.W_U;
        var direction = Column(answer);
        TensorPrimitives.Subtract(direction, wrong is { } other ? Column(other) : MeanColumn(unembedding), direction);
        if (model.Weights.Find("unembed.W_proj") is { } project)
        {
            var projected = new double[project.Shape[0]];
            for (var r = 0; r < projected.Length; r++) projected[r] = TensorPrimitives.Dot<double>(Doubles(project.Row(r)), direction);
            direction = projected;
        }
        TensorPrimitives.Multiply(direction, config.LogitScale, direction);
        var biases = model.Weights.Find("b_U")?.ToArray();
        var constants = new List<LogitPart>();
        if (model.Transformer.Weights.FinalNorm is { } weights)
        {
            var norm = FrozenNorm.Of(config, weights, trace[ActivationNames.FinalNorm + ActivationNames.Scale].Row(0)[0]);
            if (norm.Bias is { } bias) constants.Add(new(new("final_norm_bias", ResidualWriter.NormBias), TensorPrimitives.Dot<double>(bias, direction)));
            direction = norm.Transpose(direction);
        }
        if (biases is not null)
        {
            var subtracted = wrong is { } w ? biases[w] : biases.Average(b => (double)b);
            constants.Add(new(new("unembed_bias", ResidualWriter.UnembeddingBias), (biases[answer] - subtracted) * config.LogitScale));
        }
        return (direction, [.. constants.Where(c => c.Value != 0)]);

        double[] Column(int token) => Doubles(unembedding.Column(token));
    }

    private static double[] MeanColumn(WeightView unembedding)
    {
        var V = unembedding.Shape[1];
        var sum = new double[unembedding.Shape[0]];
        var column = new float[sum.Length];
        for (var token = 0; token < V; token++)
        {
            unembedding.ReadColumn(column, token);
            for (var i = 0; i < sum.Length; i++) sum[i] += column[i];
        }
        TensorPrimitives.Divide(sum, V, sum);
        return sum;
    }

    /// <summary>The difference as the model itself computes it, before and after a cap.</summary>
    private static (double Difference, double? Capped) Logits(LanguageModel model, ResidualParts stream, int token, int answer, int? wrong, Edit[] edits)
    {
        var trace = Trace.Of(ActivationNames.Unembed);
        var rows = new Activation("", ["position", "width"], [1, stream.Stream.Length], stream.Stream);
        double capped = 0;
        model.Transformer.Forward(LastRows.Run(model, rows, [token], LastRows.Edits(model, edits), (_, logits) => capped = Difference(logits), trace));
        var difference = Difference(trace[ActivationNames.Unembed].Row(0)) * model.Config.LogitScale;
        return (difference, model.Config.LogitSoftCap is null ? null : capped);

        double Difference(ReadOnlySpan<float> logits)
        {
            if (wrong is { } w) return (double)logits[answer] - logits[w];
            double sum = 0;
            foreach (var x in logits) sum += x;
            return logits[answer] - sum / logits.Length;
        }
    }

    private static NeuronPart[] TopNeurons(LanguageModel model, Trace trace, ResidualParts stream, double[] direction, int count)
    {
        if (count <= 0) return [];
        var config = model.Config;
        var all = new List<NeuronPart>();
        foreach (var part in stream.Parts.Where(p => p.Source.Writer == ResidualWriter.Mlp))
        {
            var l = part.Source.Layer!.Value;
            var read = stream.PullBack(part.Source, direction);
            if (config.ResidualScale != 1) read = [.. read.Select(x => x * config.ResidualScale)];
            if (model.Transformer.Weights.Layers[l].MlpPostNorm is { } norm)
                read = FrozenNorm.Of(config, norm, trace[ActivationNames.InBlock(l, ActivationNames.Norm2Post + ActivationNames.Scale)].Row(0)[0]).Transpose(read);
            var post = trace[ActivationNames.InBlock(l, ActivationNames.MlpPost)].Row(0);
            var output = model.Weights.W_out[l];
            var (sums, column) = (new double[post.Length], new float[post.Length]);
            for (var i = 0; i < read.Length; i++)
            {
                output.ReadColumn(column, i);
                for (var n = 0; n < column.Length; n++) sums[n] += read[i] * column[n];
            }
            for (var n = 0; n < sums.Length; n++) all.Add(new(l, n, sums[n] * post[n], post[n]));
        }
        return [.. all.OrderByDescending(n => Math.Abs(n.Value)).Take(count)];
    }

    private static LayerWrite[] ByLayer(ResidualParts stream, double[] direction)
    {
        return [.. stream.Parts.GroupBy(p => Name(p.Source)).Select(group =>
        {
            var sum = new double[direction.Length];
            foreach (var part in group) TensorPrimitives.Add(sum, part.Vector, sum);
            return new LayerWrite(group.Key.Name, group.Key.Key, TensorPrimitives.Norm<double>(sum), TensorPrimitives.Dot<double>(sum, direction));
        })];

        static (string Name, string Key) Name(ResidualSource source)
            => source.Writer is ResidualWriter.Head or ResidualWriter.AttentionBias ? ($"attention {source.Layer}", $"L{source.Layer}.attention") : (source.ToString(), source.Key);
    }

    private static void CheckTokens(TransformerConfig config, int answer, int? wrong)
    {
        foreach (var token in new[] { answer, wrong ?? answer })
            if ((uint)token >= (uint)config.VocabularySize) throw new HeedException($"Token {token} is not in the vocabulary, which has ids 0…{config.VocabularySize - 1}.");
        if (answer == wrong) throw new HeedException($"The answer and the wrong token are the same, {answer}: their logits do not differ.");
    }

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, x => (double)x);
}
