using System.Globalization;
using System.Text.Json;
using Heed.Formats;
using Heed.Tracing;
using Heed.Verification;

namespace Heed.Lens.Verification;

/// <summary>
/// Compares a model with recorded interpretability values (<c>lens.safetensors</c>): <c>input_ids [T]</c>, <c>hook/NAME</c> every activation,
/// <c>head_result.L [T,H,D]</c>, <c>logits</c>, <c>loss</c>, <c>logit_lens [points,T,V]</c>, <c>direct_logit_attribution</c>,
/// <c>zero_ablation_loss</c> and <c>mean_ablation_loss [L,H]</c>, <c>corrupted_ids</c> with <c>corrupted_logits</c>, <c>logit_diff_clean</c>,
/// <c>logit_diff_corrupted</c>, <c>patch_resid_pre [L,T]</c>, <c>patch_head_z [L,H]</c>, and the circuits <c>ov</c>, <c>qk [L,H,D,D]</c>.
/// Labels, the answer and the wrong token stand in the JSON file of the same name beside it.
/// </summary>
public sealed partial class LensVerifier
{
    private readonly LanguageModel _model;
    private readonly ITensorFile _expected;
    private readonly LensLabels? _labels;
    private readonly int[] _tokens;
    private readonly Lazy<Trace> _trace;

    private LensVerifier(LanguageModel model, ITensorFile expected)
    {
        _model = model;
        _expected = expected;
        _labels = LensLabels.Beside(expected.Path);
        foreach (var token in _labels is null ? [] : new[] { _labels.Answer, _labels.Wrong })
            if ((uint)token >= (uint)model.Config.VocabularySize)
                throw new HeedException($"{Path.ChangeExtension(expected.Path, ".json")}: token {token} is not in the model's vocabulary of {model.Config.VocabularySize}.");
        _tokens = Ids("input_ids") ?? [];
        _trace = new(() => model.Trace(_tokens));
    }

    /// <summary>True if the file holds interpretability values.</summary>
    public static bool Knows(ITensorFile expected) => expected.Tensors.Any(t => t.Name.StartsWith(HookPrefix, StringComparison.Ordinal));

    /// <summary>Compares every value of <paramref name="expected"/>, one after the other.</summary>
    /// <param name="model">The model, best with float32 activations.</param>
    /// <param name="expected">The recorded values.</param>
    /// <param name="cancellation">Checked between values.</param>
    public static IEnumerable<Comparison> Verify(LanguageModel model, ITensorFile expected, CancellationToken cancellation = default)
    {
        var verifier = new LensVerifier(model, expected);
        foreach (var tensor in expected.Tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            if (tensor.Name is "input_ids" or "corrupted_ids") continue;
            yield return verifier.Compare(tensor);
        }
    }

    private const string HookPrefix = "hook/", ResultPrefix = "head_result.";

    private Comparison Compare(StoredTensor tensor)
    {
        if (_tokens.Length == 0) return Comparison.Skipped(tensor.Name, $"{_expected.Path} has no input_ids");
        if (tensor.Name.StartsWith(HookPrefix, StringComparison.Ordinal)) return Hook(tensor, tensor.Name[HookPrefix.Length..]);
        if (tensor.Name.StartsWith(ResultPrefix, StringComparison.Ordinal) && int.TryParse(tensor.Name[ResultPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var layer))
            return Hook(tensor, ActivationNames.InBlock(layer, ActivationNames.Result));
        switch (tensor.Name)
        {
            case "logits":
                return Relative(tensor, Logits(_tokens));
            case "loss":
                return Absolute(tensor, [(float)_model.Loss(_tokens).Loss], CheckpointVerifier.LossBound);
            case "ov":
                return Relative(tensor, Circuits(FactoredMatrix.ValueOutput));
            case "qk":
                return Relative(tensor, Circuits(FactoredMatrix.QueryKey));
        }
        return tensor.Name switch
        {
            "logit_lens" => Lens(tensor),
            "zero_ablation_loss" => Ablated(tensor, AblationMethod.Zero),
            "mean_ablation_loss" => Ablated(tensor, AblationMethod.Mean),
            "direct_logit_attribution" => Labelled(tensor, Attributed),
            "logit_diff_clean" => Labelled(tensor, labels => Relative(tensor, [Difference(_tokens, labels)])),
            "corrupted_logits" => Corrupted(tensor, corrupt => Relative(tensor, Logits(corrupt))),
            "logit_diff_corrupted" => Corrupted(tensor, corrupt => Labelled(tensor, labels => Relative(tensor, [Difference(corrupt, labels)]))),
            "patch_resid_pre" => Corrupted(tensor, corrupt => Labelled(tensor, labels => Patched(tensor, corrupt, labels, PatchKind.Residual))),
            "patch_head_z" => Corrupted(tensor, corrupt => Labelled(tensor, labels => Patched(tensor, corrupt, labels, PatchKind.Z))),
            _ => Comparison.Skipped(tensor.Name, "not a value that verify knows"),
        };

        Comparison Labelled(StoredTensor value, Func<LensLabels, Comparison> compare)
            => _labels is not null ? compare(_labels) : Comparison.Skipped(value.Name, $"there is no {Path.ChangeExtension(_expected.Path, ".json")} that says which tokens");

        Comparison Corrupted(StoredTensor value, Func<int[], Comparison> compare)
            => Ids("corrupted_ids") is { Length: > 0 } corrupt ? compare(corrupt) : Comparison.Skipped(value.Name, $"{_expected.Path} has no corrupted_ids");

        Comparison Attributed(LensLabels labels)
        {
            var parts = DirectLogitAttribution.Run(_model, _tokens, labels.Answer, labels.Wrong).Parts.ToDictionary(p => p.Source.Name, p => (float)p.Value);
            var unknown = parts.Keys.Except(labels.Parts).ToArray();
            return unknown.Length == 0 ? Relative(tensor, [.. labels.Parts.Select(name => parts.GetValueOrDefault(name))])
                : new(tensor.Name, double.PositiveInfinity, 0, "", Verdict.Different, $"computed parts without a label: {string.Join(", ", unknown)}");
        }
    }

    /// <summary>The final norm and W_U applied to the residual stream at every point; the cap of the logits, where there is one, is left out.</summary>
    private Comparison Lens(StoredTensor tensor)
    {
        var points = LogitLens.PointsOf(_model.Transformer.Activations);
        if (_labels is not null && !points.Select(p => p.Name).SequenceEqual(_labels.Points))
            return new(tensor.Name, double.PositiveInfinity, 0, "", Verdict.Different, $"expected points {string.Join(", ", _labels.Points)}; the model has {string.Join(", ", points.Select(p => p.Name))}");
        var logits = new List<float>();
        foreach (var point in points)
        {
            var end = _trace.Value[point.Activation] with { Name = points[^1].Activation };
            logits.AddRange(_model.Trace(_tokens, Trace.Of(ActivationNames.Unembed), from: end)[ActivationNames.Unembed].Values.Span);
        }
        return Relative(tensor, logits.ToArray());
    }

    private Comparison Ablated(StoredTensor tensor, AblationMethod method)
        => Relative(tensor, [.. Ablation.Run(_model, _tokens, new() { Method = method }).Parts.Select(p => (float)(p.Loss ?? double.NaN))]);

    private Comparison Patched(StoredTensor tensor, int[] corrupt, LensLabels labels, PatchKind kind)
        => Relative(tensor, [.. Patching.Run(_model, _tokens, corrupt, labels.Answer, labels.Wrong, new() { Kind = kind }).Difference.SelectMany(row => row).Select(v => (float)v)]);

    private float Difference(int[] tokens, LensLabels labels)
    {
        var run = new SequenceRun { Tokens = tokens };
        _model.Transformer.Forward(run);
        return run.LastLogits[labels.Answer] - run.LastLogits[labels.Wrong];
    }

    /// <summary>An activation: patterns to 1e-5 absolute, everything else to 1e-4 of its largest. −∞ equals −∞.</summary>
    private Comparison Hook(StoredTensor tensor, string name)
    {
        if (_trace.Value.Find(name) is not { } found) return Comparison.Skipped(tensor.Name, "the model has no such activation");
        if (!found.Shape.Select(n => (long)n).SequenceEqual(tensor.Shape))
            return new(tensor.Name, double.PositiveInfinity, 0, "", Verdict.Different, $"expected {tensor.ShapeText}, computed {found}");
        return found.Name.EndsWith(ActivationNames.Pattern, StringComparison.Ordinal)
            ? Comparison.Of(tensor.Name, tensor.ToFloats(), found.Values.Span, CheckpointVerifier.AttentionBound, relative: false)
            : Comparison.Of(tensor.Name, tensor.ToFloats(), found.Values.Span, CheckpointVerifier.HiddenBound, relative: true);
    }

    private float[] Circuits(Func<NamedWeights, int, int, FactoredMatrix> circuit)
    {
        var weights = new NamedWeights(_model.Transformer);
        return [.. _model.Config.Layers.SelectMany((layer, l) => Enumerable.Range(0, layer.Heads).SelectMany(h => circuit(weights, l, h).Multiply().Select(v => (float)v)))];
    }

    private float[] Logits(int[] tokens)
    {
        var run = new SequenceRun { Tokens = tokens, Rows = LogitRows.All };
        _model.Transformer.Forward(run);
        return [.. Enumerable.Range(0, tokens.Length).SelectMany(t => run.LogitsOf(t).ToArray())];
    }

    private int[]? Ids(string name) => _expected.Find(name) is { } tensor ? [.. tensor.ToIntegers().Select(id => checked((int)id))] : null;

    private static Comparison Relative(StoredTensor tensor, ReadOnlySpan<float> actual)
        => Comparison.Of(tensor.Name, tensor.ToFloats(), actual, CheckpointVerifier.LogitBound, relative: true);

    private static Comparison Absolute(StoredTensor tensor, ReadOnlySpan<float> actual, double bound)
        => Comparison.Of(tensor.Name, tensor.ToFloats(), actual, bound, relative: false);
}

/// <summary>The labels of recorded interpretability values.</summary>
/// <param name="Answer">The token whose logit is explained.</param>
/// <param name="Wrong">The token it is compared with.</param>
/// <param name="Points">What each point of <c>logit_lens</c> is: <c>0_pre</c>, <c>0_mid</c>, …, <c>final_post</c>.</param>
/// <param name="Parts">What each part of <c>direct_logit_attribution</c> is: <c>embed</c>, <c>L0H3</c>, <c>0_mlp_out</c>, …</param>
internal sealed record LensLabels(int Answer, int Wrong, IReadOnlyList<string> Points, IReadOnlyList<string> Parts)
{
    /// <summary>The labels in the JSON file beside the values, or null if there is none.</summary>
    /// <exception cref="HeedException">It is not such a file.</exception>
    public static LensLabels? Beside(string path)
    {
        var file = Path.ChangeExtension(path, ".json");
        if (!File.Exists(file)) return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = json.RootElement;
            return new(root.GetProperty("answer").GetInt32(), root.GetProperty("wrong").GetInt32(), Texts(root, "logit_lens_labels"), Texts(root, "dla_labels"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new HeedException($"{file} does not hold the labels of {Path.GetFileName(path)}: {e.Message} It needs \"answer\" and \"wrong\" (token ids), and \"logit_lens_labels\" and \"dla_labels\" (lists) for those values.", e);
        }
    }

    private static string[] Texts(JsonElement root, string name)
        => root.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(e => e.GetString() ?? "")] : [];
}
