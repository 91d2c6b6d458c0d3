using System.Globalization;
using System.Text.RegularExpressions;
using Heed.Formats;

namespace Heed.Verification;

/// <summary>
/// Runs a checkpoint on recorded inputs and compares with recorded values. Knows <c>logits [B,T,V]</c>, <c>loss</c>, <c>hidden.i [B,T,D]</c>
/// (0 is the embedding, the last is after the final norm), <c>attention.i [B,H,T,T]</c>, <c>greedy_ids [1,N]</c> (the first 6 are the prompt);
/// several recorded texts as <c>input_ids.s</c> with <c>logits_last.s</c> (of the last token; <c>logits_last4.s</c> of the last four), <c>hidden.s.i</c>, <c>attention.s.i</c>;
/// and <c>values/tensor</c>, a tensor's dequantised numbers.
/// </summary>
public static partial class CheckpointVerifier
{
    /// <summary>Prompt tokens at the start of <c>greedy_ids</c>.</summary>
    public const int GreedyPrompt = 6;

    /// <summary>Bound of logits: of the largest logit. Another order of sums moves a float32 logit by about this.</summary>
    public const double LogitBound = 1e-4;
    /// <summary>Bound of attention weights, absolute.</summary>
    public const double AttentionBound = 1e-5;
    /// <summary>Bound of hidden states, of the largest.</summary>
    public const double HiddenBound = 1e-4;
    /// <summary>Bound of the loss, absolute in nats.</summary>
    public const double LossBound = 1e-5;
    /// <summary>Bound of the everyday path's logits, where activations are rounded to 1/254 of their block's largest: how much of the next token's probability may stand elsewhere.</summary>
    public const double FastProbabilityBound = 0.1;
    /// <summary>Bound of the loss with 8-bit activations, relative: half a percent.</summary>
    public const double FastLossBound = 0.005;

    /// <summary>Compares every value of <paramref name="expected"/>, one after the other.</summary>
    /// <param name="model">The checkpoint.</param>
    /// <param name="expected">The recorded inputs and values.</param>
    /// <param name="fast">The path that generation takes: token by token through the cache, in the model's own precision, to wider bounds. Else all tokens in one pass.</param>
    /// <param name="cancellation">Checked between inputs.</param>
    public static IEnumerable<Comparison> Verify(Transformer model, ITensorFile expected, bool fast = false, CancellationToken cancellation = default)
    {
        var runs = new Dictionary<string, Recorded>();
        foreach (var tensor in expected.Tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Inputs().IsMatch(tensor.Name) || tensor.Name is "labels")
                continue;
            yield return One(model, expected, tensor, fast, runs);
        }
    }

    private static Comparison One(Transformer model, ITensorFile expected, StoredTensor tensor, bool fast, Dictionary<string, Recorded> runs)
    {
        if (tensor.Name.StartsWith("values/", StringComparison.Ordinal)) return Values(model, tensor);
        if (tensor.Name == "greedy_ids") return Greedy(model, tensor);
        var match = Known().Match(tensor.Name);
        if (!match.Success) return Comparison.Skipped(tensor.Name, "not a value that verify knows");
        var (kind, numbers) = (match.Groups["kind"].Value, match.Groups["n"].Captures.Select(c => int.Parse(c.Value, CultureInfo.InvariantCulture)).ToArray());

        // Which recorded text the value belongs to: "hidden.2" to input_ids, "hidden.0.2" and "logits_last.0" to input_ids.0.
        var single = expected.Find("input_ids") is not null;
        var text = single ? "input_ids" : numbers.Length > 0 ? $"input_ids.{numbers[0]}" : "input_ids";
        var index = numbers.Length > 0 ? numbers[^1] : -1;
        var isShaped = kind switch { "logits" or "loss" => numbers.Length == 0, "logits_last" or "logits_last4" => numbers.Length == 1, _ => numbers.Length == (single ? 1 : 2) };
        if (!isShaped || expected.Find(text) is not { } input) return Comparison.Skipped(tensor.Name, $"{expected.Path} has no {text}");
        var run = runs.TryGetValue(text, out var known) ? known : runs[text] = new Recorded(model, TensorValues.Ids(input), fast);
        switch (kind)
        {
            case "logits":
                return Logits(tensor, run.Logits, model.Config.VocabularySize, fast);
            case "logits_last" or "logits_last4":
                return Logits(tensor, run.Logits.AsSpan((int)Math.Max(0, run.Logits.Length - tensor.Count)..), model.Config.VocabularySize, fast);
            case "loss":
                if (expected.Find("labels") is not { } labels) return Comparison.Skipped(tensor.Name, $"{expected.Path} has no labels");
                return Loss(tensor, run, TensorValues.Ids(labels).Ids, fast);
            case "hidden" when !fast && index <= model.Config.Layers.Count:
                return Comparison.Of(tensor.Name, TensorValues.Floats(tensor), run.Hidden(index), HiddenBound, relative: true);
            case "attention" when !fast && index < model.Config.Layers.Count:
                return Comparison.Of(tensor.Name, TensorValues.Floats(tensor), run.Attention(index), AttentionBound, relative: false);
            default:
                return Comparison.Skipped(tensor.Name, fast ? "the everyday path does not keep it" : $"the model has {model.Config.Layers.Count} layers");
        }
    }

    /// <summary>Rows of logits; on the everyday path, the distributions that they give: of ten thousands of logits a few unlikely ones always
    /// meet the largest rounding, and a shift of all alike means nothing.</summary>
    private static Comparison Logits(StoredTensor tensor, ReadOnlySpan<float> actual, int vocabulary, bool fast)
    {
        var expected = TensorValues.Floats(tensor);
        if (!fast || expected.Length != actual.Length) return Comparison.Of(tensor.Name, expected, actual, fast ? 0 : LogitBound, relative: true);
        double largest = 0;
        for (var row = 0; row < expected.Length; row += vocabulary)
            largest = Math.Max(largest, TotalVariation(expected.AsSpan(row, vocabulary), actual.Slice(row, vocabulary)));
        return new(tensor.Name, largest, FastProbabilityBound, "of the probability", largest <= FastProbabilityBound ? Verdict.Equal : Verdict.Different);
    }

    /// <summary>½Σ|p − q| of the distributions that two rows of logits give: the probability that stands elsewhere.</summary>
    private static double TotalVariation(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
    {
        // −ln p of one token gives the logarithm of the sum that all share.
        double ofP = LanguageModel.TokenLoss(p, 0) + p[0], ofQ = LanguageModel.TokenLoss(q, 0) + q[0], sum = 0;
        for (var t = 0; t < p.Length; t++) sum += Math.Abs(Math.Exp(p[t] - ofP) - Math.Exp(q[t] - ofQ));
        return sum / 2;
    }

    private static Comparison Loss(StoredTensor tensor, Recorded run, int[] labels, bool fast)
    {
        var expected = TensorValues.Floats(tensor)[0];
        var difference = Math.Abs(run.Loss(labels) - expected);
        var bound = fast ? FastLossBound * Math.Abs(expected) : LossBound;
        return new(tensor.Name, difference, bound, "nats", difference <= bound ? Verdict.Equal : Verdict.Different);
    }

    /// <summary>Generates greedily with the cache and compares ids.</summary>
    private static Comparison Greedy(Transformer model, StoredTensor tensor)
    {
        var expected = TensorValues.Ids(tensor).Ids;
        var cache = new KeyValueCache(model.Config);
        var run = new SequenceRun { Cache = cache, Tokens = expected.AsMemory(0, Math.Min(GreedyPrompt, expected.Length)) };
        for (var i = GreedyPrompt; i < expected.Length; i++)
        {
            model.Forward(run);
            var next = Sampler.Largest(run.LastLogits);
            if (next != expected[i])
            {
                var gap = run.LastLogits[next] - ((uint)expected[i] < (uint)run.LastLogits.Length ? run.LastLogits[expected[i]] : float.NaN);
                return new(tensor.Name, expected.Length - i, 0, "ids", Verdict.Different,
                    $"at {i} expected {expected[i]}, computed {next}, whose logit is {gap.ToString("G3", CultureInfo.InvariantCulture)} larger");
            }
            run.Tokens = expected.AsMemory(i, 1);
        }
        return new(tensor.Name, 0, 0, "ids", Verdict.Equal, $"{Math.Max(0, expected.Length - GreedyPrompt)} ids");
    }

    /// <summary>A stored tensor's numbers.</summary>
    private static Comparison Values(Transformer model, StoredTensor expected)
    {
        var name = expected.Name["values/".Length..];
        if (model.File?.Find(name) is not { } stored) return Comparison.Skipped(expected.Name, $"the checkpoint has no tensor {name}");
        return Comparison.Of(expected.Name, TensorValues.Floats(expected), TensorValues.Floats(stored), 0, relative: false, stored.Type.ToString());
    }

    [GeneratedRegex(@"^input_ids(\.\d+)?$")]
    private static partial Regex Inputs();

    [GeneratedRegex(@"^(?<kind>logits|logits_last|logits_last4|loss|hidden|attention)(\.(?<n>\d{1,6})){0,2}$")]
    private static partial Regex Known();
}
