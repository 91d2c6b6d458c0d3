namespace Heed;

/// <summary>Rotary positions (arXiv:2104.09864): pairs of a query's or key's numbers turn by position × frequency.</summary>
public sealed record RotaryConfig
{
    /// <summary>r, how many of a head's d numbers turn (the first r); even.</summary>
    public required int Dimensions { get; init; }

    /// <summary>Which numbers form a pair.</summary>
    public RotaryPairing Pairing { get; init; } = RotaryPairing.Halves;

    /// <summary>θ: pair i turns by position·θ^(−2i/r) before scaling.</summary>
    public required double Base { get; init; }

    /// <summary>How positions are stretched beyond the length the model was trained on.</summary>
    public RotaryScaling Scaling { get; init; } = RotaryScaling.None;
}

/// <summary>Which two numbers turn together.</summary>
public enum RotaryPairing
{
    /// <summary>i and i + r/2 (Llama, NeoX).</summary>
    Halves,
    /// <summary>2i and 2i + 1 (GPT-J, Cohere).</summary>
    Interleaved,
}

/// <summary>
/// Scaling of rotary frequencies. <see cref="Frequencies"/> gives the radians per position of every pair,
/// and <see cref="Magnitude"/> what cos and sin are multiplied by; both may depend on the length of the sequence.
/// </summary>
public abstract record RotaryScaling
{
    /// <summary>Frequencies as they are.</summary>
    public static RotaryScaling None { get; } = new Unscaled();

    /// <summary>True if the values change with the sequence's length (dynamic, longrope).</summary>
    public virtual bool DependsOnLength => false;

    /// <summary>True if sequences of these two lengths have the same frequencies and magnitude.</summary>
    public virtual bool IsSameAt(int length, int other) => true;

    /// <summary>Radians per position, for each of the r/2 pairs.</summary>
    /// <param name="rotary">Dimensions and base.</param>
    /// <param name="length">Tokens in the sequence so far, the new ones included.</param>
    public abstract double[] Frequencies(RotaryConfig rotary, int length);

    /// <summary>What cos and sin are multiplied by (YaRN's and longrope's attention factor), 1 for none.</summary>
    public virtual double Magnitude(int length) => 1;

    /// <summary>θ^(−2i/r), for each of the r/2 pairs.</summary>
    protected static double[] Unscale(RotaryConfig rotary, double? newBase = null)
    {
        var frequencies = new double[rotary.Dimensions / 2];
        for (var i = 0; i < frequencies.Length; i++)
            frequencies[i] = Math.Pow(newBase ?? rotary.Base, -2.0 * i / rotary.Dimensions);
        return frequencies;
    }

    private sealed record Unscaled : RotaryScaling
    {
        public override double[] Frequencies(RotaryConfig rotary, int length) => Unscale(rotary);
    }
}
