using Heed.Numerics;

namespace Heed.Tests.Numerics;

/// <summary>Products with stored weights: every type, shape, layout, precision and instruction set against the definition.</summary>
public unsafe class ProductsTests
{
    private static readonly ElementType[] s_blocks =
    [
        ElementType.Q4_0, ElementType.Q4_1, ElementType.Q5_0, ElementType.Q5_1, ElementType.Q8_0, ElementType.Q2_K, ElementType.Q3_K, ElementType.Q4_K,
        ElementType.Q5_K, ElementType.Q6_K, ElementType.Q8_K, ElementType.IQ4_NL, ElementType.IQ4_XS, ElementType.TQ1_0, ElementType.TQ2_0, ElementType.MXFP4,
    ];

    private static readonly ElementType[] s_plain =
        [ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F64, ElementType.F8_E4M3, ElementType.F8_E5M2, ElementType.I8];

    public static TheoryData<string, string> AllTypes()
    {
        var data = new TheoryData<string, string>();
        foreach (var set in Isa.Supported)
            foreach (var type in s_blocks.Concat(s_plain))
                data.Add(set.ToString(), type.ToString());
        return data;
    }

    /// <summary>
    /// Each output within 4e-6 of Σ |w·x|: float32 sums of K ≤ 1024 terms in several chains are off by a few roundings of 6e-8
    /// each. Where weights are scale·code + offset the two parts are summed apart; the offset's share can be 4 times the weights'.
    /// </summary>
    private const double Relative = 4e-6;

    private sealed class Case(Matrix weight, float[]? bias, float[] x, int T)
    {
        public readonly Matrix Weight = weight;
        public readonly float[]? Bias = bias;
        public readonly float[] X = x;
        public readonly int T = T;

        public float[] Run(KernelSet kernels, ThreadTeam team, ActivationPrecision precision)
        {
            int N = Weight.RowCount, K = Weight.ColumnCount;
            using var input = Guarded.Of(X);
            using var output = new Guarded(T * N * 4L);
            new Span<float>(output.Floats, T * N).Fill(float.NaN);
            using var bias = Guarded.Of(Bias ?? []);
            Products.Multiply(kernels, team, [new Product(Weight, Bias is null ? null : bias.Floats, output.Floats, N)], input.Floats, K, T, precision);
            return output.ToArray(T * N);
        }

        /// <summary>The definition in double precision; x as given, or as the kernels' own 8-bit codes stand for.</summary>
        public void Check(KernelSet kernels, float[] actual, ActivationPrecision precision, string what)
        {
            int N = Weight.RowCount, K = Weight.ColumnCount;
            var x = Array.ConvertAll(X, v => (double)v);
            var rounded = precision == ActivationPrecision.Int8 && T < Products.PanelTokens && Weight.Type.BlockLength() > 1;
            // Not every type has an integer product; those that do not use x as it is.
            if (rounded && !(kernels is not Reference && Weight.Type == ElementType.Q8_K)) x = Rounded(kernels);
            var row = new float[K];
            fixed (float* w = row)
            {
                for (var n = 0; n < N; n++)
                {
                    Reference.Row(Weight, n, w);
                    for (var t = 0; t < T; t++)
                    {
                        double sum = 0, size = 0;
                        for (var k = 0; k < K; k++)
                        {
                            sum += x[t * K + k] * row[k];
                            size += Math.Abs(x[t * K + k] * row[k]);
                        }
                        sum += Bias?[n] ?? 0;
                        size += Math.Abs(Bias?[n] ?? 0);
                        var difference = Math.Abs(actual[t * N + n] - sum);
                        Assert.True(difference <= Relative * size + 1e-30, $"{what}: y[{t}, {n}] = {actual[t * N + n]}, not {sum}; off by {difference:g3}, allowed {Relative * size:g3}");
                    }
                }
            }
        }

        private double[] Rounded(KernelSet kernels)
        {
            var K = Weight.ColumnCount;
            using var memory = new Guarded(QuantizedActivations.Bytes(T, K));
            var quantized = new QuantizedActivations(memory.Data, K);
            fixed (float* x = X) kernels.Quantize(x, K, T, quantized);
            var values = new double[T * K];
            for (var t = 0; t < T; t++)
                for (var k = 0; k < K; k++)
                {
                    values[t * K + k] = (double)quantized.Scales(t)[k / 32] * quantized.Codes(t)[k];
                    var step = quantized.Scales(t)[k / 32];
                    Assert.True(Math.Abs(values[t * K + k] - X[t * K + k]) <= 0.5001 * step, $"activation {X[t * K + k]} became {values[t * K + k]} in steps of {step}");
                }
            return values;
        }
    }

    private static IEnumerable<(int N, int K)> Shapes(ElementType type) => type.BlockLength() switch
    {
        256 => [(48, 256), (7, 768)],
        32 => [(48, 64), (5, 96), (51, 576)],
        _ => [(48, 48), (1, 1), (13, 12), (51, 320), (3, 601)],
    };

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Multiply_EveryTypeAndShape_EqualsDefinition(string setName, string typeName)
    {
        var kernels = Isa.For(Enum.Parse<InstructionSet>(setName));
        var type = Enum.Parse<ElementType>(typeName);
        using var team = new ThreadTeam(2);
        foreach (var (N, K) in Shapes(type))
        {
            var random = new Random(N * 1000 + K);
            using var stored = Made.Weights(random, type, N, K);
            var matrix = Matrix.Stored(stored.Data, type, N, K);
            var order = Enumerable.Range(0, N).Select(r => (r * 5 + 3) % N).ToArray();
            foreach (var T in new[] { 1, 2, 3, 4, 7, 8, 17, 64 })
            {
                var x = Made.Normal(random, T * K);
                var bias = T % 2 == 1 ? Made.Normal(random, N) : null;
                var weight = T == 3 || T == 8 ? matrix.Reordered(order) : matrix;
                var test = new Case(weight, bias, x, T);
                // Many tokens take the same path in both.
                ActivationPrecision[] precisions = T < Products.PanelTokens ? [ActivationPrecision.Float32, ActivationPrecision.Int8] : [ActivationPrecision.Int8];
                foreach (var precision in precisions)
                    test.Check(kernels, test.Run(kernels, team, precision), precision, $"{type} [{N}, {K}] T={T} {precision}");
            }
        }
    }

    public static TheoryData<string, string> PlainTypes()
    {
        var data = new TheoryData<string, string>();
        foreach (var set in Isa.Supported)
            foreach (var type in s_plain)
                data.Add(set.ToString(), type.ToString());
        return data;
    }

    [Theory]
    [MemberData(nameof(PlainTypes))]
    public void Multiply_StoredTransposed_EqualsDefinition(string setName, string typeName)
    {
        var kernels = Isa.For(Enum.Parse<InstructionSet>(setName));
        var type = Enum.Parse<ElementType>(typeName);
        using var team = new ThreadTeam(3);
        foreach (var (N, K) in Shapes(type))
        {
            var random = new Random(N * 1000 + K);
            using var stored = Made.Weights(random, type, K, N);
            var matrix = Matrix.Transposed(stored.Data, type, N, K);
            foreach (var T in new[] { 1, 3, 8, 17 })
            {
                var x = Made.Normal(random, T * K);
                foreach (var weight in new[] { matrix, matrix.Rows(N / 3, N - N / 3), matrix.Reordered([.. Enumerable.Range(0, N).Reverse()]) })
                {
                    var test = new Case(weight, Made.Normal(random, weight.RowCount), x, T);
                    test.Check(kernels, test.Run(kernels, team, ActivationPrecision.Int8), ActivationPrecision.Int8, $"{type} transposed [{N}, {K}] T={T}");
                }
            }
        }
    }

    [Theory]
    [InlineData("F32")]
    [InlineData("F16")]
    [InlineData("Q4_1")]
    [InlineData("Q6_K")]
    public void Multiply_AnyNumberOfThreads_SameBits(string typeName)
    {
        var type = Enum.Parse<ElementType>(typeName);
        const int N = 613, K = 768;
        var random = new Random(1);
        using var stored = Made.Weights(random, type, N, K);
        var weight = Matrix.Stored(stored.Data, type, N, K);
        foreach (var set in Isa.Supported)
        {
            var kernels = Isa.For(set);
            foreach (var T in set == InstructionSet.Scalar ? [2] : new[] { 1, 5, 8, 150 })
            {
                var x = Made.Normal(random, T * K);
                foreach (var precision in new[] { ActivationPrecision.Float32, ActivationPrecision.Int8 })
                {
                    var test = new Case(weight, null, x, T);
                    float[]? expected = null;
                    foreach (var threads in new[] { 1, 2, 3, 5 })
                    {
                        using var team = new ThreadTeam(threads);
                        var actual = test.Run(kernels, team, precision);
                        expected ??= actual;
                        Assert.True(expected.AsSpan().SequenceEqual(actual), $"{set} {type} T={T} {precision}: {threads} threads give other bits than one");
                    }
                }
            }
        }
    }

    [Fact]
    public void Multiply_SeveralProductsAtOnce_EqualOneByOne()
    {
        const int K = 256, T = 3;
        var random = new Random(2);
        using var team = new ThreadTeam(2);
        ElementType[] types = [ElementType.Q4_K, ElementType.F32, ElementType.Q8_0, ElementType.Q6_K, ElementType.Q4_1, ElementType.BF16, ElementType.Q5_0, ElementType.F16, ElementType.Q4_0, ElementType.Q2_K];
        var x = Made.Normal(random, T * K);
        var weights = types.Select((type, i) => (Memory: Made.Weights(random, type, 100 + i, K), Rows: 100 + i, Type: type)).ToArray();
        var outputs = weights.Select(w => new float[T * (w.Rows + 5)]).ToArray();
        var handles = outputs.Select(o => System.Runtime.InteropServices.GCHandle.Alloc(o, System.Runtime.InteropServices.GCHandleType.Pinned)).ToArray();
        var products = weights.Select((w, i) => new Product(Matrix.Stored(w.Memory.Data, w.Type, w.Rows, K), null, (float*)handles[i].AddrOfPinnedObject(), w.Rows + 5)).ToArray();
        fixed (float* input = x) Products.Multiply(team, products, input, K, T, ActivationPrecision.Int8);
        for (var i = 0; i < weights.Length; i++)
        {
            var alone = new Case(products[i].Weight, null, x, T).Run(Isa.Kernels, team, ActivationPrecision.Int8);
            for (var t = 0; t < T; t++)
            {
                Assert.True(alone.AsSpan(t * weights[i].Rows, weights[i].Rows).SequenceEqual(outputs[i].AsSpan(t * (weights[i].Rows + 5), weights[i].Rows)), types[i].ToString());
                Assert.All(outputs[i][(t * (weights[i].Rows + 5) + weights[i].Rows)..((t + 1) * (weights[i].Rows + 5))], v => Assert.Equal(0, v));
            }
            handles[i].Free();
            weights[i].Memory.Dispose();
        }
    }

    [Fact]
    public void Multiply_ActivationNotFinite_ResultIsNot()
    {
        const int N = 16, K = 64;
        var random = new Random(3);
        using var team = new ThreadTeam(1);
        foreach (var set in Sets.Vector)
            foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
                foreach (var type in new[] { ElementType.Q4_1, ElementType.Q8_0 })
                {
                    using var stored = Made.Weights(random, type, N, K);
                    var x = Made.Normal(random, K);
                    x[37] = bad;
                    var y = new Case(Matrix.Stored(stored.Data, type, N, K), null, x, 1).Run(Isa.For(set), team, ActivationPrecision.Int8);
                    Assert.All(y, v => Assert.False(float.IsFinite(v)));
                }
    }

    [Fact]
    public void Multiply_DifferentColumns_Throws()
    {
        using var team = new ThreadTeam(1);
        var data = stackalloc float[64];
        Assert.Throws<ArgumentException>(() => Multiply((nint)data));

        void Multiply(nint at) => Products.Multiply(team,
            [new(Matrix.Stored((byte*)at, ElementType.F32, 4, 4), null, (float*)at, 4), new(Matrix.Stored((byte*)at, ElementType.F32, 4, 8), null, (float*)at, 4)], (float*)at, 4, 1, ActivationPrecision.Float32);
    }
}
