namespace Heed;

/// <summary>Positions are divided by a factor: every frequency is (position interpolation, arXiv:2306.15595).</summary>
/// <param name="Factor">How many times longer the context becomes.</param>
internal sealed record LinearScaling(double Factor) : RotaryScaling
{
    public override double[] Frequencies(RotaryConfig rotary, int length)
        => Array.ConvertAll(Unscale(rotary), f => f / Factor);
}

/// <summary>
/// Frequencies as they are up to the trained length; beyond it the base grows with the sequence, so that the slowest pair
/// just fits ("NTK-aware" by length): θ' = θ·(s·n/c − (s − 1))^(r/(r − 2)), n tokens, c the trained length, s the factor.
/// </summary>
/// <remarks>The whole sequence uses the frequencies of its present length: beyond <paramref name="TrainedLength"/>,
/// every new token makes the cached keys stale, and they are computed again.</remarks>
internal sealed record DynamicScaling(double Factor, int TrainedLength) : RotaryScaling
{
    public override bool DependsOnLength => true;

    public override bool IsSameAt(int length, int other) => Math.Max(length, TrainedLength) == Math.Max(other, TrainedLength);

    public override double[] Frequencies(RotaryConfig rotary, int length)
    {
        double r = rotary.Dimensions, n = Math.Max(length, TrainedLength);
        return Unscale(rotary, rotary.Base * Math.Pow(Factor * n / TrainedLength - (Factor - 1), r / (r - 2)));
    }
}

/// <summary>
/// Llama 3.1's: fast pairs stay, slow ones are divided by the factor, and those between are blended.
/// A pair's wavelength is 2π/frequency; "fast" is shorter than c/high, "slow" longer than c/low, c the trained length.
/// </summary>
internal sealed record Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int TrainedLength) : RotaryScaling
{
    public override double[] Frequencies(RotaryConfig rotary, int length)
        => Array.ConvertAll(Unscale(rotary), f =>
        {
            var wavelength = 2 * Math.PI / f;
            if (wavelength < TrainedLength / HighFrequencyFactor) return f;
            if (wavelength > TrainedLength / LowFrequencyFactor) return f / Factor;
            var smooth = (TrainedLength / wavelength - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
            return (1 - smooth) * f / Factor + smooth * f;
        });
}

/// <summary>
/// YaRN (arXiv:2309.00071, "NTK-by-parts"): pairs that turn more than <paramref name="BetaFast"/> times within the trained
/// length stay, those that turn less than <paramref name="BetaSlow"/> times are divided by the factor, with a linear ramp
/// over the pair's index between; cos and sin are multiplied by <paramref name="AttentionFactor"/> (0.1·ln s + 1 in the paper).
/// </summary>
/// <param name="Factor">s, how many times longer the context becomes.</param>
/// <param name="TrainedLength">The context length before the extension.</param>
/// <param name="AttentionFactor">What cos and sin are multiplied by.</param>
/// <param name="BetaFast">Turns within the trained length above which a pair is left alone.</param>
/// <param name="BetaSlow">Turns below which a pair is fully interpolated.</param>
/// <param name="Truncate">The ramp begins and ends at whole pairs.</param>
internal sealed record YarnScaling(double Factor, int TrainedLength, double AttentionFactor, double BetaFast, double BetaSlow, bool Truncate) : RotaryScaling
{
    public override double[] Frequencies(RotaryConfig rotary, int length)
    {
        var frequencies = Unscale(rotary);
        // The (fractional) pair that makes this many turns within the trained length.
        double Pair(double turns) => rotary.Dimensions * Math.Log(TrainedLength / (turns * 2 * Math.PI)) / (2 * Math.Log(rotary.Base));
        double low = Pair(BetaFast), high = Pair(BetaSlow);
        if (Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        // The reference clamps the end to r − 1, not to the number of pairs; so do we.
        (low, high) = (Math.Max(low, 0), Math.Min(high, rotary.Dimensions - 1));
        if (low == high) high += 0.001;
        for (var i = 0; i < frequencies.Length; i++)
        {
            var interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] = frequencies[i] / Factor * interpolated + frequencies[i] * (1 - interpolated);
        }
        return frequencies;
    }

    public override double Magnitude(int length) => AttentionFactor;

    /// <summary>0.1·m·ln(s) + 1, and 1 where nothing is extended.</summary>
    public static double PaperFactor(double factor, double multiplier = 1) => factor <= 1 ? 1 : 0.1 * multiplier * Math.Log(factor) + 1;
}

/// <summary>
/// LongRoPE (arXiv:2402.13753; Phi-3): each pair has its own divisor, one list up to the trained length and one beyond it.
/// </summary>
/// <param name="Short">Divisors, one a pair, while the sequence is no longer than <paramref name="TrainedLength"/>.</param>
/// <param name="Long">Divisors beyond.</param>
/// <param name="TrainedLength">The context length before the extension.</param>
/// <param name="AttentionFactor">What cos and sin are multiplied by, at any length.</param>
internal sealed record LongRopeScaling(IReadOnlyList<double> Short, IReadOnlyList<double> Long, int TrainedLength, double AttentionFactor) : RotaryScaling
{
    public override bool DependsOnLength => true;

    public override bool IsSameAt(int length, int other) => length > TrainedLength == other > TrainedLength;

    public override double[] Frequencies(RotaryConfig rotary, int length)
    {
        var divisors = length > TrainedLength ? Long : Short;
        var frequencies = Unscale(rotary);
        for (var i = 0; i < frequencies.Length; i++) frequencies[i] /= divisors[i];
        return frequencies;
    }

    public override double Magnitude(int length) => AttentionFactor;
}

/// <summary>Each pair's frequency is divided by a number of its own: GGUF stores Llama 3's scaling so (rope_freqs).</summary>
/// <param name="Divisors">One a pair.</param>
/// <param name="Inner">The scaling that comes before the division.</param>
internal sealed record PairFactors(IReadOnlyList<double> Divisors, RotaryScaling Inner) : RotaryScaling
{
    public override bool DependsOnLength => Inner.DependsOnLength;

    public override bool IsSameAt(int length, int other) => Inner.IsSameAt(length, other);

    public override double[] Frequencies(RotaryConfig rotary, int length)
    {
        var frequencies = Inner.Frequencies(rotary, length);
        for (var i = 0; i < frequencies.Length; i++) frequencies[i] /= Divisors[i];
        return frequencies;
    }

    public override double Magnitude(int length) => Inner.Magnitude(length);
}
