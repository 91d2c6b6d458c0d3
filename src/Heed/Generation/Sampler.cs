using System.Runtime.InteropServices;
using Heed.Numerics;

namespace Heed;

/// <summary>Chooses the next token from its logits, as <see cref="GenerationOptions"/> says and in that order.</summary>
internal sealed unsafe class Sampler
{
    private readonly GenerationOptions _options;
    private readonly float[] _logits;
    private readonly float[] _keys;
    private readonly int[] _ids;
    private readonly Dictionary<int, int> _generated = [];
    private readonly HashSet<int> _seen = [];
    private ulong _state;

    /// <summary>A sampler whose random numbers start at the options' seed.</summary>
    public Sampler(GenerationOptions options, int vocabularySize)
    {
        options.Validate(vocabularySize);
        _options = options;
        _state = options.Seed;
        _logits = new float[vocabularySize];
        _keys = new float[vocabularySize];
        _ids = new int[vocabularySize];
    }

    /// <summary>Tokens of the prompt count as seen for the repetition penalty.</summary>
    public void AddPrompt(ReadOnlySpan<int> tokens)
    {
        foreach (var token in tokens) _seen.Add(token);
    }

    /// <summary>The next token.</summary>
    /// <param name="logits">The model's logits [V].</param>
    public int Next(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        foreach (var (token, bias) in _options.LogitBias) _logits[token] += bias;
        Penalize();
        return Take(_options.Temperature == 0 ? Largest(_logits) : Draw());
    }

    /// <summary>A token that is known to be next. It takes its turn among the random numbers: what is chosen after it is the same as if it had been drawn.</summary>
    public int Known(int token)
    {
        if (_options.Temperature != 0) Random();
        return Take(token);
    }

    private int Take(int token)
    {
        _seen.Add(token);
        CollectionsMarshal.GetValueRefOrAddDefault(_generated, token, out _)++;
        return token;
    }

    /// <summary>What the next token is drawn from: every token that can be, the likeliest first, with its probability.</summary>
    /// <param name="logits">The model's logits [V].</param>
    public (int Id, double Probability)[] Distribution(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        foreach (var (token, bias) in _options.LogitBias) _logits[token] += bias;
        Penalize();
        if (_options.Temperature == 0) return [(Largest(_logits), 1)];
        var (count, sum) = Filter();
        var left = new (int Id, double Probability)[count];
        for (var i = 0; i < count; i++) left[i] = (_ids[i], _keys[i] / sum);
        Array.Sort(left, (a, b) => a.Probability != b.Probability ? b.Probability.CompareTo(a.Probability) : a.Id.CompareTo(b.Id));
        return left;
    }

    /// <summary>The index of the largest; the first of several.</summary>
    public static int Largest(ReadOnlySpan<float> values)
    {
        fixed (float* p = values)
            return values.IndexOf(VectorMath.Max(p, values.Length));
    }

    private void Penalize()
    {
        if (_options.RepetitionPenalty != 1)
            foreach (var token in _seen)
                _logits[token] = _logits[token] > 0 ? _logits[token] / _options.RepetitionPenalty : _logits[token] * _options.RepetitionPenalty;
        if (_options.FrequencyPenalty != 0 || _options.PresencePenalty != 0)
            foreach (var (token, count) in _generated)
                _logits[token] -= count * _options.FrequencyPenalty + _options.PresencePenalty;
    }

    private int Draw()
    {
        var (count, sum) = Filter();
        return Pick(count, sum);
    }

    /// <summary>Leaves the tokens that can be drawn, and their probabilities' sum, at the front of keys and ids.</summary>
    private (int Count, double Sum) Filter()
    {
        // Probabilities at this temperature.
        var count = _logits.Length;
        // Of a temperature next to nothing the inverse would be infinite, and the largest logit 0 times that.
        var inverse = Math.Min(1 / _options.Temperature, float.MaxValue);
        var largest = _logits[Largest(_logits)];
        if (float.IsNegativeInfinity(largest)) throw new HeedException("Every token is forbidden by LogitBias; there is nothing to choose.");
        double sum = 0;
        for (var i = 0; i < count; i++) sum += _keys[i] = MathF.Exp((_logits[i] - largest) * inverse);
        for (var i = 0; i < count; i++) _ids[i] = i;
        if (_options.TopK == 0 && _options.TopP == 1 && _options.MinP == 0) return (count, sum);

        // Only tokens that the filters could keep need to be sorted: no kept set for top-p holds a token less likely than (1 − p)/V.
        var floor = _options.TopK > 0 ? 0 : (float)((1 - _options.TopP) / count * sum * 0.999);
        var kept = 0;
        for (var i = 0; i < count; i++)
            if (_keys[i] >= floor)
                (_keys[kept], _ids[kept++]) = (_keys[i], i);
        SortDescending(kept);
        if (_options.TopK > 0) kept = Math.Min(kept, _options.TopK);

        // Probabilities for top-p are of what top-k left.
        if (_options.TopK > 0) sum = Sum(kept);
        if (_options.TopP < 1)
        {
            double reached = 0;
            var n = 0;
            while (n < kept && reached < _options.TopP * sum) reached += _keys[n++];
            kept = Math.Max(1, n);
        }
        if (_options.MinP > 0)
            while (kept > 1 && _keys[kept - 1] < _options.MinP * _keys[0]) kept--;
        return (kept, Sum(kept));
    }

    private double Sum(int count)
    {
        double sum = 0;
        for (var i = 0; i < count; i++) sum += _keys[i];
        return sum;
    }

    /// <summary>Largest first; equal ones by id, so that the order is the same everywhere.</summary>
    private void SortDescending(int count)
    {
        var keys = _keys.AsSpan(0, count);
        for (var i = 0; i < count; i++) keys[i] = -keys[i];
        MemoryExtensions.Sort(keys, _ids.AsSpan(0, count));
        for (var i = 0; i < count; i++) keys[i] = -keys[i];
        for (int start = 0, end; start < count; start = end)
        {
            for (end = start + 1; end < count && keys[end] == keys[start];) end++;
            if (end - start > 1) _ids.AsSpan(start, end - start).Sort();
        }
    }

    private int Pick(int count, double sum)
    {
        var at = Random() * sum;
        for (var i = 0; i < count; i++)
            if ((at -= _keys[i]) < 0) return _ids[i];
        for (var i = count - 1; i > 0; i--)
            if (_keys[i] > 0) return _ids[i];
        return _ids[0];
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014) as a number in [0, 1): small, and the same on every machine and version.</summary>
    private double Random()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
