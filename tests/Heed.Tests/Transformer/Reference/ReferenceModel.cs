using System.Text.Json;
using System.Text.Json.Nodes;
using Heed.Formats;

namespace Heed.Tests.Transformer.Reference;

/// <summary>
/// The arithmetic of a slow model in float64: vectors are rows of arrays, weights are drawn when a family first asks for
/// them by name and shape, and hidden states and attention weights are recorded. Shares nothing with the engine.
/// </summary>
internal sealed class ReferenceModel(JsonObject config, int seed)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, (float[] Values, long[] Shape)> _weights = [];
    private readonly List<double[][]> _attention = []; // layer → [head·T + query][key]

    public List<double[][]> Hidden { get; } = [];

    public JsonObject Config => config;

    /// <summary>The weights that were asked for.</summary>
    public IReadOnlyDictionary<string, (float[] Values, long[] Shape)> Weights => _weights;

    public int Int(string key) => config[key]!.GetValue<int>();
    public int Int(string key, int fallback) => config[key] is { } v ? v.GetValue<int>() : fallback;
    public double Float(string key, double fallback) => config[key] is JsonValue v && v.TryGetValue(out double d) ? d : config[key] is JsonValue w && w.TryGetValue(out int i) ? i : fallback;
    public bool Bool(string key, bool fallback) => config[key] is { } v ? v.GetValue<bool>() : fallback;
    public string Text(string key, string fallback) => config[key] is { } v ? v.GetValue<string>() : fallback;

    /// <summary>The weight of that name; drawn at first sight. Matrices keep sizes, norms are near 1, the rest is noise.</summary>
    public double[] W(string name, params int[] shape)
    {
        if (!_weights.TryGetValue(name, out var found))
        {
            var count = shape.Aggregate(1, (a, b) => a * b);
            var norm = name.EndsWith(".weight", StringComparison.Ordinal) && (shape.Length == 1 || name.Contains("_norm.", StringComparison.Ordinal));
            var size = norm ? 0.3 : shape.Length == 1 ? 0.3 : name.Contains("embed", StringComparison.Ordinal) || name.Contains("wte", StringComparison.Ordinal) ? 0.8 : 1.6 / Math.Sqrt(shape[^1]);
            var values = new float[count];
            for (var i = 0; i < count; i++) values[i] = (float)((norm ? 1 : 0) + size * Normal());
            _weights[name] = found = (values, Array.ConvertAll(shape, d => (long)d));
        }
        Assert.Equal(Array.ConvertAll(shape, d => (long)d), found.Shape);
        return Array.ConvertAll(found.Values, v => (double)v);
    }

    public double[][] Rows(string name, int rows, int columns)
    {
        var all = W(name, rows, columns);
        return [.. Enumerable.Range(0, rows).Select(r => all[(r * columns)..((r + 1) * columns)])];
    }

    /// <summary>nn.Embedding.</summary>
    public double[][] Embed(string name, int vocabulary, int width, int[] ids)
    {
        var table = Rows(name, vocabulary, width);
        return Array.ConvertAll(ids, id => (double[])table[id].Clone());
    }

    /// <summary>nn.Linear.</summary>
    public double[][] Linear(double[][] x, string name, int outputs, bool bias)
        => Apply(x, Rows($"{name}.weight", outputs, x[0].Length), bias ? W($"{name}.bias", outputs) : null);

    /// <summary>transformers' Conv1D, whose weight is [inputs, outputs].</summary>
    public double[][] Conv1D(double[][] x, string name, int outputs)
    {
        var weight = Rows($"{name}.weight", x[0].Length, outputs);
        var bias = W($"{name}.bias", outputs);
        return Array.ConvertAll(x, row => Enumerable.Range(0, outputs).Select(o => bias[o] + row.Select((v, i) => v * weight[i][o]).Sum()).ToArray());
    }

    public static double[][] Apply(double[][] x, double[][] weight, double[]? bias)
        => Array.ConvertAll(x, row => weight.Select((w, o) => (bias?[o] ?? 0) + row.Zip(w, (a, b) => a * b).Sum()).ToArray());

    public double[][] LayerNorm(double[][] x, string name, double epsilon, bool bias = true, bool affine = true)
    {
        var width = x[0].Length;
        var (w, b) = (affine ? W($"{name}.weight", width) : null, affine && bias ? W($"{name}.bias", width) : null);
        return Array.ConvertAll(x, row => Normalized(row, epsilon).Select((v, i) => v * (w?[i] ?? 1) + (b?[i] ?? 0)).ToArray());
    }

    public static double[] Normalized(double[] row, double epsilon)
    {
        var mean = row.Average();
        var variance = row.Average(v => (v - mean) * (v - mean));
        return Array.ConvertAll(row, v => (v - mean) / Math.Sqrt(variance + epsilon));
    }

    public double[][] Rms(double[][] x, string name, double epsilon, double plus = 0)
    {
        var w = W($"{name}.weight", x[0].Length);
        return Array.ConvertAll(x, row =>
        {
            var scale = 1 / Math.Sqrt(row.Average(v => v * v) + epsilon);
            return row.Select((v, i) => v * scale * (plus + w[i])).ToArray();
        });
    }

    /// <summary>Applies a norm to each head's numbers (rows of one head are gathered, normalised, put back).</summary>
    public static double[][] PerHead(double[][] x, int heads, Func<double[][], int, double[][]> norm)
    {
        var size = x[0].Length / heads;
        var y = Array.ConvertAll(x, r => (double[])r.Clone());
        for (var h = 0; h < heads; h++)
        {
            var normed = norm(Array.ConvertAll(x, r => r[(h * size)..((h + 1) * size)]), h);
            for (var t = 0; t < x.Length; t++) normed[t].CopyTo(y[t], h * size);
        }
        return y;
    }

    public static double[][] Add(double[][] a, double[][] b, double scale = 1) => [.. a.Zip(b, (r, s) => r.Zip(s, (u, v) => u + scale * v).ToArray())];

    public static double[][] Times(double[][] a, double[][] b) => [.. a.Zip(b, (r, s) => r.Zip(s, (u, v) => u * v).ToArray())];

    public static double[][] Slice(double[][] x, int first, int count) => Array.ConvertAll(x, r => r[first..(first + count)]);

    public static double[][] Act(double[][] x, string name) => Array.ConvertAll(x, r => Array.ConvertAll(r, v => Act(v, name)));

    public static double Act(double x, string name) => name switch
    {
        "relu" => Math.Max(0, x),
        "relu2" => Math.Max(0, x) * Math.Max(0, x),
        "silu" or "swish" => x / (1 + Math.Exp(-x)),
        "quick_gelu" => x / (1 + Math.Exp(-1.702 * x)),
        "gelu" => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))),
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        "tanh" => Math.Tanh(x),
        "sigmoid" => 1 / (1 + Math.Exp(-x)),
        _ => throw new ArgumentException(name),
    };

    /// <summary>By its Taylor series, and by its continued fraction where that converges slowly.</summary>
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 3)
        {
            double fraction = 0, a = Math.Abs(x);
            for (var k = 60; k > 0; k--) fraction = k / 2.0 / (a + fraction);
            return Math.Sign(x) * (1 - Math.Exp(-a * a) / Math.Sqrt(Math.PI) / (a + fraction));
        }
        double term = x, sum = x;
        for (var n = 1; n < 80; n++)
        {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    public static double[] Softmax(IReadOnlyList<double> x)
    {
        var most = x.Max();
        var e = x.Select(v => Math.Exp(v - most)).ToArray();
        return Array.ConvertAll(e, v => v / e.Sum());
    }

    /// <summary>eager_attention_forward with a causal mask: queries [T][H·d], keys and values [T][K·d]; what it weighs is recorded.</summary>
    public double[][] Attend(double[][] q, double[][] k, double[][] v, int heads, int keyValueHeads, double scale,
        int? window = null, double? cap = null, Func<int, int, int, double>? bias = null)
    {
        int T = q.Length, d = q[0].Length / heads;
        var output = Array.ConvertAll(q, r => new double[r.Length]);
        var weights = new double[heads * T][];
        for (var h = 0; h < heads; h++)
        {
            var g = h / (heads / keyValueHeads);
            for (var t = 0; t < T; t++)
            {
                var scores = new double[T];
                for (var s = 0; s < T; s++)
                {
                    double score = 0;
                    for (var i = 0; i < d; i++) score += q[t][h * d + i] * k[s][g * d + i];
                    score *= scale;
                    if (cap is { } c) score = c * Math.Tanh(score / c);
                    scores[s] = s > t || (window is { } w && s <= t - w) ? double.NegativeInfinity : score + (bias?.Invoke(h, t, s) ?? 0);
                }
                var pattern = Softmax(scores);
                weights[h * T + t] = pattern;
                for (var s = 0; s < T; s++)
                    for (var i = 0; i < d; i++) output[t][h * d + i] += pattern[s] * v[s][g * d + i];
            }
        }
        _attention.Add(weights);
        return output;
    }

    /// <summary>Writes config.json, the weights that were asked for, and what they must give, into a folder.</summary>
    public void Write(string folder, int[] ids, double[][] logits)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            _weights.Select(w => TensorSource.Of(w.Key, w.Value.Values, w.Value.Shape)));
        var expected = new List<TensorSource>
        {
            TensorSource.Of("input_ids", Array.ConvertAll(ids, i => (long)i), 1, ids.Length),
            Values("logits", logits, 1, ids.Length, logits[0].Length),
        };
        for (var i = 0; i < Hidden.Count; i++) expected.Add(Values($"hidden.{i}", Hidden[i], 1, ids.Length, Hidden[i][0].Length));
        for (var i = 0; i < _attention.Count; i++) expected.Add(Values($"attention.{i}", _attention[i], 1, _attention[i].Length / ids.Length, ids.Length, ids.Length));
        SafetensorsWriter.Write(Path.Combine(folder, "expected.safetensors"), expected);
    }

    private static TensorSource Values(string name, double[][] rows, params long[] shape)
        => TensorSource.Of(name, [.. rows.SelectMany(r => r.Select(v => (float)v))], shape);

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
