using Heed.Numerics;

namespace Heed.Tests.Numerics;

/// <summary>
/// Every vector kernel of every instruction set against the scalar reference, at every length, unaligned, with a page behind
/// the buffers that nothing may touch. Tolerances stand beside each operation with their reason.
/// </summary>
public unsafe class VectorMathTests
{
    /// <summary>Rounding of one float32 operation.</summary>
    private const double Unit = 6e-8;

    private static readonly Reference s_reference = new();

    /// <summary>Runs <paramref name="kernel"/> over copies of the inputs with both kernel sets; it returns what it computed.</summary>
    private static void Compare(Func<KernelSet, nint[], int, float[]> kernel, Func<Random, int, float[][]> inputs, Func<int, int, double, double> tolerance, Func<int, int>? sizeOf = null)
    {
        foreach (var set in Sets.Vector)
        {
            var kernels = Isa.For(set);
            foreach (var n in Sets.Lengths)
            {
                var random = new Random(n + 1);
                var values = inputs(random, n);
                var expected = Run(s_reference, 0);
                // A guard page right behind the numbers, then numbers that start at odd addresses with room behind them.
                foreach (var slack in new[] { 0, 1, 2, 3 })
                {
                    var actual = Run(kernels, slack);
                    Assert.Equal(expected.Length, actual.Length);
                    for (var i = 0; i < expected.Length; i++)
                    {
                        if (expected[i].Equals(actual[i])) continue;
                        var difference = Math.Abs((double)expected[i] - actual[i]);
                        Assert.True(difference <= tolerance(n, i, expected[i]), $"{set} n={n} slack={slack}: [{i}] is {actual[i]:g9}, not {expected[i]:g9}; off by {difference:g3}, allowed {tolerance(n, i, expected[i]):g3}");
                    }
                }

                float[] Run(KernelSet set, int slack)
                {
                    var memory = Array.ConvertAll(values, v => new Guarded(v.Length * 4L + slack));
                    try
                    {
                        for (var i = 0; i < values.Length; i++) values[i].CopyTo(new Span<float>(memory[i].Data, values[i].Length));
                        return kernel(set, Array.ConvertAll(memory, m => (nint)m.Data), n);
                    }
                    finally { foreach (var m in memory) m.Dispose(); }
                }
            }
        }
    }

    private static float[] Read(nint p, int n) => new Span<float>((float*)p, n).ToArray();

    private static float[][] OneVector(Random random, int n) => [Made.Normal(random, n, 2)];

    private static float[][] TwoVectors(Random random, int n) => [Made.Normal(random, n), Made.Normal(random, n)];

    private static float[][] ThreeVectors(Random random, int n) => [Made.Normal(random, n), Made.Normal(random, n), Made.Normal(random, n)];

    // Sums of n ≤ 257 products in chains of at most 9: √n roundings of terms around 1, and some margin.
    [Fact]
    public void Dot_AnyLength_EqualsReference()
        => Compare((k, p, n) => [k.Dot((float*)p[0], (float*)p[1], n)], TwoVectors, (n, _, v) => 4 * Unit * Math.Sqrt(n) + 2 * Unit * Math.Abs(v));

    [Fact]
    public void SumOfSquares_AnyLength_EqualsReference()
        => Compare((k, p, n) => [k.SumOfSquares((float*)p[0], n)], OneVector, (n, _, v) => 8 * Unit * v);

    [Fact]
    public void Sum_AnyLength_EqualsReference()
        => Compare((k, p, n) => [(float)k.Sum((float*)p[0], n)], OneVector, (n, _, v) => 2 * 4 * Unit * Math.Sqrt(n) + 2 * Unit * Math.Abs(v));

    [Fact]
    public void Max_AnyLength_IsExact()
        => Compare((k, p, n) => [k.Max((float*)p[0], n)], OneVector, (_, _, _) => 0);

    // One multiply-add: the reference rounds once, unfused kernels twice; terms are below about 8.
    [Fact]
    public void AddScaled_AnyLength_EqualsReference()
        => Compare((k, p, n) => { k.AddScaled((float*)p[0], 1.7f, (float*)p[1], n); return Read(p[1], n); }, TwoVectors, (_, _, v) => 8 * Unit);

    [Fact]
    public void Add_AnyLength_IsExact()
        => Compare((k, p, n) => { k.Add((float*)p[0], (float*)p[1], n); return Read(p[1], n); }, TwoVectors, (_, _, _) => 0);

    [Fact]
    public void Multiply_AnyLength_IsExact()
        => Compare((k, p, n) => { k.Multiply((float*)p[0], (float*)p[1], n); return Read(p[1], n); }, TwoVectors, (_, _, _) => 0);

    [Fact]
    public void Scale_AnyLength_IsExact()
        => Compare((k, p, n) => { k.Scale((float*)p[0], -0.3f, n); return Read(p[0], n); }, OneVector, (_, _, _) => 0);

    // exp within 2e-7, and x − max is rounded, which counts |x − max| = |ln exp| times; the sum of n of them a few roundings more.
    [Fact]
    public void ExpSum_AnyLength_EqualsReference()
        => Compare((k, p, n) => { var sum = (float)k.ExpSum((float*)p[0], 1.25f, (float*)p[1], n); return [.. Read(p[1], n), sum]; }, TwoVectors, (n, i, v) => v == 0 ? 0 : (i < n ? 2e-7 : 6e-7) * v + Unit * Math.Abs(Math.Log(v)) * v);

    [Fact]
    public void Softmax_AnyLength_EqualsReference()
        => Compare((k, p, n) =>
        {
            if (n > 0) VectorMath.Softmax(k, (float*)p[0], n);
            return Read(p[0], n);
        }, OneVector, (n, _, v) => v == 0 ? 0 : 6e-7 * v + Unit * (Math.Log(n) - Math.Log(v)) * v);

    [Fact]
    public void LogSumExp_AnyLength_EqualsReference()
        => Compare((k, p, n) => [(float)VectorMath.LogSumExp(k, (float*)p[0], n)], OneVector, (_, _, v) => 4e-7 * (1 + Math.Abs(v)));

    // Two roundings, and those of the mean of squares.
    [Fact]
    public void RmsNorm_AnyLength_EqualsReference()
    {
        Compare((k, p, n) => { k.RmsNorm((float*)p[0], (float*)p[1], 1e-5f, (float*)p[2], n, out var scale); return n == 0 ? [] : [.. Read(p[2], n), scale]; }, ThreeVectors, (_, _, v) => 10 * Unit * Math.Abs(v));
        Compare((k, p, n) => { k.RmsNorm((float*)p[0], null, 1e-5f, (float*)p[0], n, out var scale); return n == 0 ? [] : [.. Read(p[0], n), scale]; }, OneVector, (_, _, v) => 10 * Unit * Math.Abs(v));
    }

    // As above; the mean is rounded to float32, which shifts values of size 1 by a rounding. One number alone: variance 0, so that eps decides.
    [Fact]
    public void LayerNorm_AnyLength_EqualsReference()
    {
        float[][] FourVectors(Random random, int n) => [.. ThreeVectors(random, n), Made.Normal(random, n)];
        Compare((k, p, n) => { k.LayerNorm((float*)p[0], (float*)p[1], (float*)p[2], 1e-5f, (float*)p[3], n, out var scale); return n == 0 ? [] : [.. Read(p[3], n), scale]; }, FourVectors, (n, _, v) => (n < 4 ? 400 : 30) * Unit * (1 + Math.Abs(v)));
        Compare((k, p, n) => { k.LayerNorm((float*)p[0], null, null, 1e-5f, (float*)p[0], n, out var scale); return n == 0 ? [] : [.. Read(p[0], n), scale]; }, OneVector, (n, _, v) => (n < 4 ? 400 : 30) * Unit * (1 + Math.Abs(v)));
    }

    public static TheoryData<ActivationFunction> Functions => [.. Enum.GetValues<ActivationFunction>()];

    // Each is a product of x and 1/(1 + eᵘ) or the like: 2e-7 for the exponential and some roundings, plus u's own, twice
    // |u|·6e-8 with |u| about |ln f|. What would be subnormal may be zero.
    private static double ActivationTolerance(double v) => v == 0 ? 1e-38 : (1.2e-6 + 2 * Unit * Math.Abs(Math.Log(Math.Abs(v)))) * Math.Abs(v) + 1e-38;

    [Theory]
    [MemberData(nameof(Functions))]
    public void Activate_AnyLength_EqualsReference(ActivationFunction f)
    {
        float[][] Wide(Random random, int n) => [Made.Normal(random, n, 2.5), Made.Normal(random, n)];
        Compare((k, p, n) => { k.Activate(f, (float*)p[0], n); return Read(p[0], n); }, Wide, (_, _, v) => ActivationTolerance(v));
        Compare((k, p, n) => { k.ActivateGated(f, (float*)p[0], (float*)p[1], (float*)p[1], n); return Read(p[1], n); }, Wide, (_, _, v) => ActivationTolerance(v));
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Activate_FarFromZero_ReachesItsLimits(ActivationFunction f)
    {
        float[] inputs = [-1e6f, -300, -90, -30, -14, -6, -1e-3f, -1e-20f, 0, 1e-30f, 1e-6f, 0.6249f, 0.625f, 6, 14, 30, 90, 300, 1e6f];
        foreach (var set in Sets.Vector)
        {
            using var x = Guarded.Of(inputs);
            Isa.For(set).Activate(f, x.Floats, inputs.Length);
            for (var i = 0; i < inputs.Length; i++)
            {
                var expected = Reference.Activation(f, inputs[i]);
                // Where the result is as small as 1e-30 only its size matters.
                Assert.True(Math.Abs(x.Floats[i] - expected) <= 1e-5 * Math.Abs(expected) + 1e-25, $"{set} {f}({inputs[i]}) = {x.Floats[i]}, not {expected}");
            }
        }
    }

    [Fact]
    public void SoftCap_AnyLength_EqualsReference()
        => Compare((k, p, n) => { k.SoftCap((float*)p[0], 1.5f, n); return Read(p[0], n); }, OneVector, (_, _, v) => 4e-7 * Math.Abs(v));

    // a·cos − b·sin: two products of size about 1 rounded, and their difference.
    [Fact]
    public void Rotate_AnyLength_EqualsReference()
    {
        float[][] Angles(Random random, int n)
        {
            var angles = Made.Normal(random, n / 2, 3);
            return [Made.Normal(random, n / 2 * 2), Array.ConvertAll(angles, MathF.Cos), Array.ConvertAll(angles, MathF.Sin)];
        }
        Compare((k, p, n) => { k.RotateHalves((float*)p[0], (float*)p[1], (float*)p[2], n / 2 * 2); return Read(p[0], n / 2 * 2); }, Angles, (_, _, _) => 8 * Unit);
        Compare((k, p, n) => { k.RotateInterleaved((float*)p[0], (float*)p[1], (float*)p[2], n / 2 * 2); return Read(p[0], n / 2 * 2); }, Angles, (_, _, _) => 8 * Unit);
    }

    [Fact]
    public void Rotate_PairConventions_AreTheFieldsOwn()
    {
        foreach (var set in Isa.Supported)
        {
            using var angles = Guarded.Of([0, 1, 1, 0]);        // cos = (0, 1), sin = (1, 0): the first pair turns by 90°
            using var halves = Guarded.Of([1, 2, 3, 4]);
            Isa.For(set).RotateHalves(halves.Floats, angles.Floats, angles.Floats + 2, 4);
            Assert.Equal([-3, 2, 1, 4], halves.ToArray(4));
            using var interleaved = Guarded.Of([1, 2, 3, 4]);
            Isa.For(set).RotateInterleaved(interleaved.Floats, angles.Floats, angles.Floats + 2, 4);
            Assert.Equal([-2, 1, 3, 4], interleaved.ToArray(4));
        }
    }

    [Fact]
    public void Exp_WholeRange_WithinTwoTenMillionths()
    {
        const int count = 40_000;
        var inputs = new float[count];
        for (var i = 0; i < count; i++) inputs[i] = -87.3f + i * (176f / count);
        foreach (var set in Sets.Vector)
        {
            using var x = Guarded.Of(inputs);
            Isa.For(set).ExpSum(x.Floats, 0, x.Floats, count);
            for (var i = 0; i < count; i++)
            {
                var expected = Math.Exp(inputs[i]);
                Assert.True(Math.Abs(x.Floats[i] - expected) <= 2e-7 * expected, $"{set} exp({inputs[i]}) = {x.Floats[i]:g9}, not {expected:g9}");
            }
        }
    }

    [Fact]
    public void Exp_Extremes_AreExact()
    {
        float[] inputs = [float.NegativeInfinity, -1e30f, -105, -104, -103, -95, -88, 0, -0f, 88.7f, 88.8f, 1e10f, float.PositiveInfinity, float.NaN];
        foreach (var set in Sets.Vector)
        {
            using var x = Guarded.Of(inputs);
            Isa.For(set).ExpSum(x.Floats, 0, x.Floats, inputs.Length);
            for (var i = 0; i < inputs.Length; i++)
            {
                var expected = Math.Exp(inputs[i]);
                if (expected < 1.2e-38) Assert.True(Math.Abs(x.Floats[i] - expected) <= 1.5e-45, $"{set} exp({inputs[i]}) = {x.Floats[i]}");      // a step of the subnormals
                else if (double.IsFinite(expected) && expected < 3e38) Assert.Equal(expected, x.Floats[i], 2e-7 * expected);
                else Assert.Equal((float)expected, x.Floats[i]);
            }
            Assert.Equal(0, x.Floats[0]);
            Assert.Equal(1, x.Floats[7]);
        }
    }

    [Fact]
    public void Softmax_SpecialCases()
    {
        foreach (var set in Isa.Supported)
        {
            var kernels = Isa.For(set);
            Assert.Equal([0.5f, 0.5f, 0], Softmax(100, 100, float.NegativeInfinity));
            Assert.Equal([1], Softmax(-3e38f));
            Assert.Equal([0, 1], Softmax(-3e38f, 3e38f));
            var three = Softmax(100, 100, 90);
            Assert.Equal(Math.Exp(-10) / (2 + Math.Exp(-10)), three[2], 1e-11);
            foreach (var length in new[] { 1, 5, 16, 17, 64, 100 })
            {
                Assert.Contains("masked", Assert.Throws<HeedException>(() => Softmax([.. Enumerable.Repeat(float.NegativeInfinity, length)])).Message);
                foreach (var bad in new[] { float.NaN, float.PositiveInfinity })
                    for (var at = 0; at < length; at += 3)
                    {
                        var scores = Enumerable.Repeat(float.NegativeInfinity, length).ToArray();
                        scores[at] = bad;
                        Assert.Throws<HeedException>(() => Softmax(scores));
                        Array.Fill(scores, 1f);
                        scores[at] = bad;
                        Assert.Throws<HeedException>(() => Softmax(scores));
                    }
            }

            float[] Softmax(params float[] scores)
            {
                using var x = Guarded.Of(scores);
                VectorMath.Softmax(kernels, x.Floats, scores.Length);
                return x.ToArray(scores.Length);
            }
        }
    }

    [Fact]
    public void AllFinite_OneBadNumberAnywhere_IsFound()
    {
        foreach (var set in Isa.Supported)
            foreach (var n in Sets.Lengths)
            {
                using var x = Guarded.Of(Made.Normal(new Random(n), n, 1e30));
                Assert.True(Isa.For(set).AllFinite(x.Floats, n));
                for (var at = 0; at < n; at += Math.Max(1, n / 7))
                    foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
                    {
                        var kept = x.Floats[at];
                        x.Floats[at] = bad;
                        Assert.False(Isa.For(set).AllFinite(x.Floats, n), $"{set} n={n} [{at}] = {bad}");
                        x.Floats[at] = kept;
                    }
            }
    }

    [Fact]
    public void Sums_OfManyNumbers_LoseNothing()
    {
        const int n = 1 << 20;
        foreach (var set in Sets.Vector)
        {
            using var x = new Guarded(n * 4L);
            new Span<float>(x.Floats, n).Fill(0.1f);
            Assert.Equal(n * (double)0.1f, Isa.For(set).Sum(x.Floats, n), 0.1);         // 1e-6 of it: equal numbers round to the same side every time
            Assert.Equal(n * Math.Exp(0.1f), Isa.For(set).ExpSum(x.Floats, 0, x.Floats, n), 1.2);
        }
    }
}
