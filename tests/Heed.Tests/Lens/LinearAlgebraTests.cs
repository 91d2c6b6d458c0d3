using System.Numerics;
using Heed.Lens.Numerics;

namespace Heed.Tests.Lens;

/// <summary>Decompositions, held to what defines them.</summary>
public class LinearAlgebraTests
{
    public static TheoryData<int, int> Shapes => new() { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 7, 3 }, { 3, 7 }, { 40, 8 }, { 31, 31 }, { 64, 64 }, { 1, 5 }, { 5, 1 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void OrthogonalFactor_RandomMatrix_IsQTimesRWithOrthonormalColumns(int rows, int columns)
    {
        var matrix = Random(rows, columns, 5);
        var (q, r) = Orthogonal.Factor(matrix);
        AssertClose(matrix, q.Times(r), 1e-13);
        AssertClose(Dense.Identity(q.Columns), q.Transpose().Times(q), 1e-13);
        for (var i = 0; i < r.Rows; i++)
            for (var j = 0; j < Math.Min(i, r.Columns); j++) Assert.Equal(0, r[i, j]);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void SingularValues_RandomMatrix_RebuildItFromOrthonormalVectors(int rows, int columns)
    {
        var matrix = Random(rows, columns, 6);
        var (u, s, v) = SingularValueDecomposition.Of(matrix);
        AssertIsDecomposition(matrix, u, s, v);
    }

    [Fact]
    public void SingularValues_RankDeficientAndZero_StillHaveOrthonormalVectors()
    {
        var thin = Random(12, 3, 7);
        var deficient = thin.TimesTransposed(Random(9, 3, 8));
        var (u, s, v) = SingularValueDecomposition.Of(deficient);
        AssertIsDecomposition(deficient, u, s, v);
        Assert.All(s.Skip(3), value => Assert.True(value < 1e-13 * s[0]));
        var zero = new Dense(4, 3);
        (u, s, v) = SingularValueDecomposition.Of(zero);
        AssertIsDecomposition(zero, u, s, v);
        Assert.Equal([0, 0, 0], s);
    }

    [Fact]
    public void SingularValues_GradedDiagonal_AreAccurateHoweverSmall()
    {
        // One-sided Jacobi keeps relative accuracy of well-scaled columns: 1, 1e-6, 1e-12 times a rotation on the left.
        var (q, _) = Orthogonal.Factor(Random(3, 3, 9));
        double[] expected = [1, 1e-6, 1e-12];
        var graded = new Dense(3, 3);
        for (var i = 0; i < 3; i++)
            for (var j = 0; j < 3; j++) graded[i, j] = q[i, j] * expected[j];
        var (_, s, _) = SingularValueDecomposition.Of(graded);
        for (var i = 0; i < 3; i++) Assert.Equal(1, s[i] / expected[i], 1e-12);
    }

    [Fact]
    public void Eigenvalues_KnownMatrices_AreTheirs()
    {
        AssertEigenvalues([3, 2, 1], Of(3, 1, 5, 9, 0, 2, 7, 0, 0, 3));                                // triangular
        AssertEigenvalues([new(0, 1), new(0, -1)], Of(2, 0, -1, 1, 0));                                 // a turn by 90°
        AssertEigenvalues([1, new(-0.5, Math.Sqrt(3) / 2), new(-0.5, -Math.Sqrt(3) / 2)], Of(3, 0, 1, 0, 0, 0, 1, 1, 0, 0));      // a permutation: cube roots of 1
        AssertEigenvalues([0, 0], Of(2, 0, 0, 0, 0));
        AssertEigenvalues([5], Of(1, 5));
        // The companion of (x − 1)(x − 2)(x − 3)(x² + 1) = x⁵ − 6x⁴ + 12x³ − 12x² + 11x − 6.
        AssertEigenvalues([3, 2, 1, new(0, 1), new(0, -1)], Of(5, 6, -12, 12, -11, 6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0), 1e-10);
        // The shift of five steps: a QR step without an exceptional shift maps it to itself for ever.
        var shift = new Dense(5, 5);
        for (var i = 0; i < 5; i++) shift[i, (i + 1) % 5] = 1;
        Assert.All(Eigenvalues.Of(shift), value => Assert.Equal(0, (Complex.Pow(value, 5) - 1).Magnitude, 1e-12));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(17)]
    [InlineData(64)]
    public void Eigenvalues_RandomMatrix_MakeItSingularAndSumToItsTraces(int size)
    {
        for (var seed = 0; seed < (TestData.IsLong ? 50 : 5); seed++)
        {
            var matrix = Random(size, size, 100 + seed);
            var values = Eigenvalues.Of(matrix);
            var norm = SingularValueDecomposition.Of(matrix).S[0];

            // Each is one: A − λ is singular to rounding. As real numbers, ((A − a, b), (−b, A − a)) for λ = a + ib.
            foreach (var value in size > 20 ? values.Take(4) : values)
            {
                var shifted = new Dense(2 * size, 2 * size);
                for (var i = 0; i < size; i++)
                {
                    for (var j = 0; j < size; j++) shifted[i, j] = shifted[size + i, size + j] = matrix[i, j] - (i == j ? value.Real : 0);
                    shifted[i, size + i] = value.Imaginary;
                    shifted[size + i, i] = -value.Imaginary;
                }
                Assert.True(SingularValueDecomposition.Of(shifted).S[^1] < 1e-13 * size * norm, $"{value} of {size}, seed {seed}");
            }

            // All are there: Σλ and Σλ² are the traces of A and A².
            var square = matrix.Times(matrix);
            var sum = values.Aggregate(Complex.Zero, (a, b) => a + b);
            var squares = values.Aggregate(Complex.Zero, (a, b) => a + b * b);
            Assert.Equal(0, (sum - Enumerable.Range(0, size).Sum(i => matrix[i, i])).Magnitude, 1e-12 * size * norm);
            Assert.Equal(0, (squares - Enumerable.Range(0, size).Sum(i => square[i, i])).Magnitude, 1e-12 * size * norm * norm);
            Assert.Equal(0, values.Sum(v => v.Imaginary), 1e-12 * norm);
        }
    }

    [Fact]
    public void Eigenvalues_NotFinite_IsAnError() => Assert.Throws<HeedException>(() => Eigenvalues.Of(Of(2, 1, double.NaN, 0, 1)));

    internal static Dense Random(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return new(rows, columns, [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextDouble() * 2 - 1)]);
    }

    internal static void AssertClose(Dense expected, Dense actual, double bound)
    {
        Assert.Equal((expected.Rows, expected.Columns), (actual.Rows, actual.Columns));
        var largest = Math.Max(1e-300, expected.Values.Max(Math.Abs));
        for (var i = 0; i < expected.Values.Length; i++) Assert.Equal(expected.Values[i], actual.Values[i], bound * largest);
    }

    private static Dense Of(int size, params double[] values) => new(size, size, values);

    private static void AssertEigenvalues(Complex[] expected, Dense matrix, double bound = 1e-13)
    {
        var actual = Eigenvalues.Of(matrix).ToList();
        Assert.Equal(expected.Length, actual.Count);
        foreach (var value in expected)
        {
            var nearest = actual.MinBy(a => (a - value).Magnitude);
            Assert.Equal(0, (nearest - value).Magnitude, bound * 10);
            actual.Remove(nearest);
        }
    }

    private static void AssertIsDecomposition(Dense matrix, Dense u, double[] s, Dense v)
    {
        Assert.Equal(Math.Min(matrix.Rows, matrix.Columns), s.Length);
        Assert.Equal(s.OrderDescending(), s);
        AssertClose(Dense.Identity(s.Length), u.Transpose().Times(u), 1e-12);
        AssertClose(Dense.Identity(s.Length), v.Transpose().Times(v), 1e-12);
        var scaled = new Dense(u.Rows, u.Columns, [.. u.Values]);
        for (var r = 0; r < u.Rows; r++)
            for (var c = 0; c < u.Columns; c++) scaled[r, c] *= s[c];
        AssertClose(matrix, scaled.TimesTransposed(v), 1e-12);
    }
}
