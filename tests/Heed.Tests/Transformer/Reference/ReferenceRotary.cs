using System.Text.Json.Nodes;

namespace Heed.Tests.Transformer.Reference;

/// <summary>Rotary positions as transformers' modeling_rope_utils computes them, from the configuration's own words.</summary>
internal sealed class ReferenceRotary
{
    private readonly double[] _frequencies;
    private readonly double _magnitude = 1;

    /// <param name="rope">The kind's own parameters: rope_type or type, rope_theta, factor …</param>
    /// <param name="dimensions">int(head_dim · partial_rotary_factor).</param>
    /// <param name="length">Tokens in the sequence.</param>
    /// <param name="maxPositions">max_position_embeddings.</param>
    /// <param name="originalOutside">original_max_position_embeddings beside the parameters.</param>
    public ReferenceRotary(JsonObject rope, int dimensions, int length, int maxPositions, int? originalOutside = null)
    {
        double N(string key, double fallback) => rope[key] is { } v ? double.Parse(v.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture) : fallback;
        var theta = N("rope_theta", 10_000);
        var kind = (rope["rope_type"] ?? rope["type"])?.GetValue<string>() ?? "default";
        var original = originalOutside ?? (int)N("original_max_position_embeddings", maxPositions);
        var exponents = Enumerable.Range(0, (dimensions + 1) / 2).Select(i => 2.0 * i / dimensions).ToArray();
        _frequencies = Array.ConvertAll(exponents, e => 1 / Math.Pow(theta, e));
        var factor = N("factor", (double)maxPositions / original);
        switch (kind)
        {
            case "default":
                break;
            case "linear":
                _frequencies = Array.ConvertAll(_frequencies, f => f / factor);
                break;
            case "dynamic":
                var seq = Math.Max(length, maxPositions);
                var grown = theta * Math.Pow(factor * seq / maxPositions - (factor - 1), (double)dimensions / (dimensions - 2));
                _frequencies = Array.ConvertAll(exponents, e => 1 / Math.Pow(grown, e));
                break;
            case "llama3":
                double low = N("low_freq_factor", 1), high = N("high_freq_factor", 4);
                _frequencies = Array.ConvertAll(_frequencies, f =>
                {
                    var wave = 2 * Math.PI / f;
                    var scaled = wave > original / low ? f / factor : f;
                    var smooth = (original / wave - low) / (high - low);
                    return wave <= original / low && wave >= original / high ? (1 - smooth) * scaled / factor + smooth * scaled : scaled;
                });
                break;
            case "yarn":
                double fast = N("beta_fast", 32), slow = N("beta_slow", 1);
                double Dim(double rotations) => dimensions * Math.Log(original / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));
                var (from, to) = (Dim(fast), Dim(slow));
                if (rope["truncate"]?.GetValue<bool>() ?? true) (from, to) = (Math.Floor(from), Math.Ceiling(to));
                (from, to) = (Math.Max(from, 0), Math.Min(to, dimensions - 1));
                if (from == to) to += 0.001;
                for (var i = 0; i < _frequencies.Length; i++)
                {
                    var extrapolate = 1 - Math.Clamp((i - from) / (to - from), 0, 1);
                    _frequencies[i] = _frequencies[i] / factor * (1 - extrapolate) + _frequencies[i] * extrapolate;
                }
                double Scale(double m) => factor <= 1 ? 1 : 0.1 * m * Math.Log(factor) + 1;
                _magnitude = N("attention_factor", N("mscale", 0) != 0 && N("mscale_all_dim", 0) != 0 ? Scale(N("mscale", 0)) / Scale(N("mscale_all_dim", 0)) : Scale(1));
                break;
            case "longrope":
                var divisors = rope[length > original ? "long_factor" : "short_factor"]!.AsArray();
                for (var i = 0; i < _frequencies.Length; i++) _frequencies[i] /= divisors[i]!.GetValue<double>();
                _magnitude = N("attention_factor", factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(original)));
                break;
            default:
                throw new ArgumentException(kind);
        }
    }

    /// <summary>apply_rotary_pos_emb: the first numbers of every head turn; halves pair with each other.</summary>
    public double[][] Halves(double[][] x, int heads) => Turn(x, heads, (i, n) => (i, i + n));

    /// <summary>The same where neighbours pair (GPT-J, Cohere).</summary>
    public double[][] Neighbours(double[][] x, int heads) => Turn(x, heads, (i, _) => (2 * i, 2 * i + 1));

    private double[][] Turn(double[][] x, int heads, Func<int, int, (int, int)> pair)
    {
        var size = x[0].Length / heads;
        var y = Array.ConvertAll(x, r => (double[])r.Clone());
        for (var t = 0; t < x.Length; t++)
            for (var h = 0; h < heads; h++)
                for (var i = 0; i < _frequencies.Length; i++)
                {
                    var (a, b) = pair(i, _frequencies.Length);
                    var (cos, sin) = (Math.Cos(t * _frequencies[i]) * _magnitude, Math.Sin(t * _frequencies[i]) * _magnitude);
                    y[t][h * size + a] = x[t][h * size + a] * cos - x[t][h * size + b] * sin;
                    y[t][h * size + b] = x[t][h * size + b] * cos + x[t][h * size + a] * sin;
                }
        return y;
    }
}
