using Heed.Numerics;

namespace Heed;

/// <summary>The cosines and sines of one rotary configuration, by position, made as they are needed.</summary>
internal sealed unsafe class RotaryTable(RotaryConfig config)
{
    private FloatVector _cos = new(0), _sin = new(0);
    private int _positions;
    private int _length = -1;

    /// <summary>r/2 cosines a position.</summary>
    public float* Cos(int position) => _cos.Pointer + (long)position * (config.Dimensions / 2);

    /// <summary>r/2 sines a position.</summary>
    public float* Sin(int position) => _sin.Pointer + (long)position * (config.Dimensions / 2);

    /// <summary>Makes sure that positions up to <paramref name="length"/> − 1 are there, as a sequence of that length needs them.</summary>
    public void Prepare(int length)
    {
        var changed = config.Scaling.DependsOnLength && (_length < 0 || !config.Scaling.IsSameAt(length, _length));
        if (!changed && length <= _positions) return;
        _length = length;
        var pairs = config.Dimensions / 2;
        _positions = Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length));
        if (_cos.Length < _positions * pairs) (_cos, _sin) = (new(_positions * pairs), new(_positions * pairs));
        var frequencies = config.Scaling.Frequencies(config, length);
        var magnitude = (float)config.Scaling.Magnitude(length);
        for (var p = 0; p < _positions; p++)
            for (var i = 0; i < pairs; i++)
            {
                // Angles in float32, as the reference computes them: at long positions the rounding shows in the scores.
                var angle = p * (float)frequencies[i];
                _cos.Span[p * pairs + i] = MathF.Cos(angle) * magnitude;
                _sin.Span[p * pairs + i] = MathF.Sin(angle) * magnitude;
            }
    }

    /// <summary>Turns the first r numbers of a head's query or key.</summary>
    public void Rotate(float* head, int position)
    {
        if (config.Pairing == RotaryPairing.Halves) VectorMath.RotateHalves(head, Cos(position), Sin(position), config.Dimensions);
        else VectorMath.RotateInterleaved(head, Cos(position), Sin(position), config.Dimensions);
    }

    /// <summary>Turns the first r numbers of a head's query or key by full rows of r cosines and sines, which an edit may have changed:
    /// x′ = x·cos + partner·sin, where the partner of a pair (a, b) is (−b, a).</summary>
    public void Rotate(float* head, float* cos, float* sin)
    {
        var half = config.Dimensions / 2;
        for (var i = 0; i < half; i++)
        {
            var (a, b) = config.Pairing == RotaryPairing.Halves ? (i, i + half) : (2 * i, 2 * i + 1);
            (head[a], head[b]) = (head[a] * cos[a] - head[b] * sin[a], head[b] * cos[b] + head[a] * sin[b]);
        }
    }

    /// <summary>The full row of r numbers, each pair's value at both of its places, as traces show it.</summary>
    public void Expand(float* pairs, float* row)
    {
        var half = config.Dimensions / 2;
        for (var i = 0; i < half; i++)
        {
            if (config.Pairing == RotaryPairing.Halves) row[i] = row[i + half] = pairs[i];
            else row[2 * i] = row[2 * i + 1] = pairs[i];
        }
    }
}
