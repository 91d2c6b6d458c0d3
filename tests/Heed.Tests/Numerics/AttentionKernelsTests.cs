using Heed.Numerics;

namespace Heed.Tests.Numerics;

public unsafe class AttentionKernelsTests
{
    // Sums of d ≤ 257 products of size 1 in one chain: √d roundings, with margin.
    private static double Tolerance(int terms) => 6e-8 * (8 + 4 * terms);

    public static TheoryData<int, int> Sizes()
    {
        var data = new TheoryData<int, int>();
        foreach (var d in new[] { 1, 3, 8, 12, 16, 20, 48, 64, 80, 96, 100, 112, 128, 256, 257 })
            foreach (var rows in new[] { 1, 2, 3, 5, 6, 7, 8, 9, 13, 16, 33 })
                data.Add(d, rows);
        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Scores_AnySize_EqualReference(int d, int rows)
    {
        var random = new Random(d * 100 + rows);
        int stride = d + 3;
        using var q = Guarded.Of(Made.Normal(random, (rows - 1) * stride + d));
        using var keys = Guarded.Of(Made.Normal(random, d * AttentionKernels.BlockLength));
        using var scores = new Guarded(rows * 64 * 4);
        foreach (var set in Sets.Vector)
        {
            new Span<float>(scores.Floats, rows * 64).Fill(float.NaN);
            Isa.For(set).MultiplyTiles(q.Floats, stride, rows, keys.Floats, 64, d, 64, scores.Floats, 64, accumulate: false);
            for (var r = 0; r < rows; r++)
                for (var j = 0; j < 64; j++)
                {
                    double expected = 0;
                    for (var i = 0; i < d; i++) expected += (double)q.Floats[r * stride + i] * keys.Floats[i * 64 + j];
                    Assert.Equal(expected, scores.Floats[r * 64 + j], Tolerance(d));
                }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AddWeighted_AnySize_EqualReference(int d, int rows)
    {
        var random = new Random(d * 100 + rows);
        int count = 1 + (d * 7 + rows * 13) % 64, stride = d + 5;
        // Rows of 64 weights of which the last row ends after those that are used, and values and sums end at their last number.
        using var weights = Guarded.Of(Made.Normal(random, (rows - 1) * 64 + count));
        using var values = Guarded.Of(Made.Normal(random, count * d));
        var start = Made.Normal(random, (rows - 1) * stride + d);
        foreach (var set in Sets.Vector)
        {
            using var sums = Guarded.Of(start);
            Isa.For(set).MultiplyTiles(weights.Floats, 64, rows, values.Floats, d, count, d, sums.Floats, stride, accumulate: true);
            for (var at = 0; at < start.Length; at++)
            {
                int r = at / stride, i = at % stride;
                double expected = start[at];
                if (i < d)
                    for (var j = 0; j < count; j++) expected += (double)weights.Floats[r * 64 + j] * values.Floats[j * d + i];
                if (i < d) Assert.Equal(expected, sums.Floats[at], Tolerance(count));
                else Assert.Equal(start[at], sums.Floats[at]);
            }
        }
    }

    [Fact]
    public void Public_Kernels_AreTheTiles()
    {
        float* q = stackalloc float[2], keys = stackalloc float[128], scores = stackalloc float[64], acc = stackalloc float[2];
        for (var i = 0; i < 128; i++) keys[i] = i;
        (q[0], q[1]) = (2, 3);
        AttentionKernels.Scores(q, 2, 1, keys, 2, scores);
        for (var j = 0; j < 64; j++) Assert.Equal(2 * j + 3 * (64 + j), scores[j]);
        (acc[0], acc[1]) = (1, 1);
        AttentionKernels.AddWeighted(q, 1, 2, keys, 2, acc, 2);        // values (0, 1), (2, 3)
        Assert.Equal((7, 12), ((int)acc[0], (int)acc[1]));
    }
}
