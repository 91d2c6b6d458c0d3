using Heed.Tracing;

namespace Heed.Lens;

/// <summary>Which tokens of two texts of different lengths stand beside each other.</summary>
public enum TextAlignment
{
    /// <summary>The first with the first, as far as the shorter text goes.</summary>
    Start,
    /// <summary>The last with the last.</summary>
    End,
}

/// <summary>How an activation differs between two runs, over the positions that stand beside each other.</summary>
/// <param name="Name">The activation.</param>
/// <param name="Layer">Its layer; −1 before the first, the number of layers after the last.</param>
/// <param name="Cosine">Of all its numbers as one vector each.</param>
/// <param name="RelativeDifference">‖b − a‖ / ‖a‖.</param>
/// <param name="LargestDifference">The largest |b − a| of two numbers.</param>
/// <param name="CosineByPosition">Of the numbers at each aligned position (of a grid: of each query's row).</param>
public sealed record ActivationDifference(string Name, int Layer, double Cosine, double RelativeDifference, double LargestDifference, IReadOnlyList<double> CosineByPosition);

/// <summary>How a head's attention differs between two runs.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Head">The head.</param>
/// <param name="TotalVariation">How much weight lies elsewhere, from 0 to 1: ½ Σ |b − a|, averaged over the queries.</param>
public readonly record struct PatternDifference(int Layer, int Head, double TotalVariation);

/// <summary>A token's probability in both runs.</summary>
public readonly record struct ProbabilityChange(int Token, double Before, double After);

/// <summary>How what comes next differs.</summary>
/// <param name="DivergenceToB">KL(a‖b) in nats: what it costs to expect b where a is true.</param>
/// <param name="DivergenceToA">KL(b‖a) in nats.</param>
/// <param name="Changes">The tokens whose probability changed most, the largest change first.</param>
public sealed record NextTokenDifference(double DivergenceToB, double DivergenceToA, IReadOnlyList<ProbabilityChange> Changes);

/// <summary>Two runs, activation by activation: two texts in one model, one text in two models, or one text with and without edits.</summary>
public sealed record RunComparison
{
    /// <summary>What is compared if nothing else is said.</summary>
    public static IReadOnlyList<string> DefaultNames { get; } =
    [
        ActivationNames.Embed, "blocks.*.attn.hook_q", "blocks.*.attn.hook_k", "blocks.*.attn.hook_v", "blocks.*.attn.hook_pattern",
        "blocks.*.attn.hook_z", "blocks.*.hook_attn_out", "blocks.*.hook_mlp_out", "blocks.*.hook_resid_post",
    ];

    /// <summary>How many positions stand beside each other.</summary>
    public required int Positions { get; init; }

    /// <summary>The first of them in a.</summary>
    public required int FirstA { get; init; }

    /// <summary>The first of them in b.</summary>
    public required int FirstB { get; init; }

    /// <summary>True if the texts stand beside each other from different tokens on: then, as keys, the first token of one is compared with
    /// the first of the other, wherever they stand. Many heads rest there, and would otherwise seem to look elsewhere.</summary>
    public bool PairsFirstKeys => FirstA != FirstB;

    /// <summary>Every activation that both have, in the order of computation.</summary>
    public required IReadOnlyList<ActivationDifference> Activations { get; init; }

    /// <summary>Every head's attention, where patterns were compared and both models have the head.</summary>
    public required IReadOnlyList<PatternDifference> Patterns { get; init; }

    /// <summary>What comes after the last token of each; null for two vocabularies.</summary>
    public required NextTokenDifference? Next { get; init; }

    /// <summary>What was not compared, and why.</summary>
    public required IReadOnlyList<(string Name, string Why)> Skipped { get; init; }

    /// <summary>Compares two runs.</summary>
    /// <param name="modelA">The first model.</param>
    /// <param name="tokensA">Its text.</param>
    /// <param name="modelB">The second model; may be the same.</param>
    /// <param name="tokensB">Its text.</param>
    /// <param name="alignment">Which positions stand beside each other if one text is longer.</param>
    /// <param name="names">Names or patterns of what to compare; <see cref="DefaultNames"/> by default.</param>
    /// <param name="editsA">Changes made while a runs.</param>
    /// <param name="editsB">Changes made while b runs.</param>
    /// <param name="top">How many of the next tokens' changes to keep.</param>
    /// <exception cref="HeedException">A text is empty, or a name matches nothing.</exception>
    public static RunComparison Run(LanguageModel modelA, int[] tokensA, LanguageModel modelB, int[] tokensB, TextAlignment alignment = TextAlignment.Start,
        IEnumerable<string>? names = null, IEnumerable<Edit>? editsA = null, IEnumerable<Edit>? editsB = null, int top = 10)
    {
        ArgumentNullException.ThrowIfNull(modelA);
        ArgumentNullException.ThrowIfNull(modelB);
        ArgumentNullException.ThrowIfNull(tokensA);
        ArgumentNullException.ThrowIfNull(tokensB);
        if (tokensA.Length == 0 || tokensB.Length == 0) throw new HeedException("One of the texts is empty; both need a token at least.");
        string[] wanted = [.. names ?? DefaultNames.Where(n => Has(modelA, n) && Has(modelB, n))];
        var (a, lastA) = TraceOf(modelA, tokensA, wanted, editsA);
        var (b, lastB) = TraceOf(modelB, tokensB, wanted, editsB);
        var count = Math.Min(tokensA.Length, tokensB.Length);
        var isEnd = alignment == TextAlignment.End;
        var comparison = new Pair(count, isEnd ? tokensA.Length - count : 0, isEnd ? tokensB.Length - count : 0);
        var (differences, patterns, skipped) = (new List<ActivationDifference>(), new List<PatternDifference>(), new List<(string, string)>());
        foreach (var name in a.Names)
        {
            var info = modelA.Transformer.Activations[name];
            if (b.Find(name) is not { } other)
            {
                skipped.Add((name, "only the first model has it"));
                continue;
            }
            var axesA = Fixed(info);
            var axesB = Fixed(modelB.Transformer.Activations[name]);
            if (!axesA.SequenceEqual(axesB))
            {
                skipped.Add((name, $"{info} in the first model, {modelB.Transformer.Activations[name]} in the second"));
                continue;
            }
            differences.Add(comparison.Difference(info, a[name], other));
            if (info.Local == ActivationNames.Pattern) patterns.AddRange(comparison.Patterns(info.Layer, a[name], other));
        }
        skipped.AddRange(b.Names.Where(n => a.Find(n) is null).Select(n => (n, "only the second model has it")));
        return new()
        {
            Positions = count,
            FirstA = comparison.FirstA,
            FirstB = comparison.FirstB,
            Activations = differences,
            Patterns = patterns,
            Next = lastA.Length == lastB.Length ? NextTokens(lastA, lastB, top) : null,
            Skipped = skipped,
        };

        static bool Has(LanguageModel model, string pattern)
            => pattern.Contains('*') ? model.Transformer.Activations.All.Any(i => i.Name.EndsWith(pattern[(pattern.IndexOf('*') + 1)..], StringComparison.Ordinal)) : model.Transformer.Activations.Find(pattern) is not null;

        static IEnumerable<(string, int)> Fixed(ActivationInfo info) => info.Axes;
    }

    private static (Trace Trace, float[] Logits) TraceOf(LanguageModel model, int[] tokens, string[] names, IEnumerable<Edit>? edits)
    {
        var run = new SequenceRun { Tokens = tokens, Trace = Trace.Of(names), Edits = [.. edits ?? []] };
        model.Transformer.Forward(run);
        return (run.Trace!, run.LastLogits.ToArray());
    }

    private static NextTokenDifference NextTokens(float[] logitsA, float[] logitsB, int top)
    {
        double sumA = LanguageModel.TokenLoss(logitsA, 0) + logitsA[0], sumB = LanguageModel.TokenLoss(logitsB, 0) + logitsB[0];
        double toB = 0, toA = 0;
        var changes = new ProbabilityChange[logitsA.Length];
        for (var t = 0; t < changes.Length; t++)
        {
            double logA = logitsA[t] - sumA, logB = logitsB[t] - sumB, pA = Math.Exp(logA), pB = Math.Exp(logB);
            toB += pA * (logA - logB);
            toA += pB * (logB - logA);
            changes[t] = new(t, pA, pB);
        }
        return new(Math.Max(0, toB), Math.Max(0, toA), [.. changes.OrderByDescending(c => Math.Abs(c.After - c.Before)).Take(top)]);
    }

    /// <summary>Two texts side by side.</summary>
    private readonly record struct Pair(int Count, int FirstA, int FirstB)
    {
        public ActivationDifference Difference(ActivationInfo info, Activation a, Activation b)
        {
            var whole = new Sums();
            var byPosition = new double[Count];
            for (var t = 0; t < Count; t++)
            {
                var sums = new Sums();
                if (info.Axes[0].Length == 0) sums.Add(Row(info, a, t, FirstA), Row(info, b, t, FirstB));
                else
                    for (var h = 0; h < info.Axes[0].Length; h++) sums.Add(Row(info, a, t, FirstA, h), Row(info, b, t, FirstB, h));
                byPosition[t] = sums.Cosine;
                whole.Add(sums);
            }
            return new(info.Name, info.Layer, whole.Cosine, whole.AA > 0 ? Math.Sqrt(whole.Squares / whole.AA) : whole.Squares > 0 ? double.PositiveInfinity : 0, whole.Largest, byPosition);
        }

        /// <summary>The keys that stand beside each other: the first token of each, and from then on the aligned ones.</summary>
        private (int A, int B) Keys(int k) => k == 0 && FirstA != FirstB ? (0, 0) : (FirstA + k, FirstB + k);

        public IEnumerable<PatternDifference> Patterns(int layer, Activation a, Activation b)
        {
            for (var h = 0; h < a.Shape[0]; h++)
            {
                double sum = 0;
                for (var t = 0; t < Count; t++)
                {
                    ReadOnlySpan<float> rowA = a.Row(h, FirstA + t), rowB = b.Row(h, FirstB + t);
                    double here = 0, inA = 0, inB = 0;
                    for (var k = 0; k < Count; k++)
                    {
                        var (keyA, keyB) = Keys(k);
                        here += Math.Abs(rowB[keyB] - rowA[keyA]);
                        (inA, inB) = (inA + rowA[keyA], inB + rowB[keyB]);
                    }
                    // Weight on tokens that stand beside nothing lies elsewhere, too.
                    sum += (here + Math.Max(0, 1 - inA) + Math.Max(0, 1 - inB)) / 2;
                }
                yield return new(layer, h, sum / Count);
            }
        }

        /// <summary>The numbers at an aligned position: a vector, or the aligned keys of one query.</summary>
        private ReadOnlySpan<float> Row(ActivationInfo info, Activation activation, int t, int first, int? head = null)
        {
            var row = head is { } h ? activation.Row(h, first + t) : activation.Row(first + t);
            if (info.Axes[^1].Axis != "key") return row;
            if (FirstA == FirstB || first == 0) return row.Slice(first, Count);
            var keys = row.Slice(first, Count).ToArray();
            keys[0] = row[0];
            return keys;
        }
    }

    /// <summary>What cosines and differences are made of.</summary>
    private sealed class Sums
    {
        public double AA { get; private set; }
        public double Squares { get; private set; }
        public double Largest { get; private set; }
        private double _ab, _bb;

        public double Cosine => AA > 0 && _bb > 0 ? Math.Clamp(_ab / Math.Sqrt(AA * _bb), -1, 1) : AA == _bb ? 1 : 0;

        public void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            for (var i = 0; i < a.Length; i++)
            {
                if (float.IsNegativeInfinity(a[i]) && float.IsNegativeInfinity(b[i])) continue;      // masked in both
                double x = a[i], y = b[i];
                (AA, _ab, _bb) = (AA + x * x, _ab + x * y, _bb + y * y);
                Squares += (y - x) * (y - x);
                Largest = Math.Max(Largest, Math.Abs(y - x));
            }
        }

        public void Add(Sums other)
        {
            (AA, _ab, _bb, Squares) = (AA + other.AA, _ab + other._ab, _bb + other._bb, Squares + other.Squares);
            Largest = Math.Max(Largest, other.Largest);
        }
    }
}
