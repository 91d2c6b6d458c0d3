using System.Numerics.Tensors;

namespace Heed.Lens.Numerics;

/// <summary>A = Q·R with orthonormal columns in Q, by Householder reflections (Golub and Van Loan, Matrix Computations, 5.2).</summary>
internal static class Orthogonal
{
    /// <summary>The thin factors of A [m, n]: Q [m, k] and R [k, n], k the smaller of m and n.</summary>
    public static (Dense Q, Dense R) Factor(Dense matrix)
    {
        int m = matrix.Rows, n = matrix.Columns, k = Math.Min(m, n);
        // Rows of the transposed copy are columns of A, so that every step is a product or a sum of contiguous vectors.
        var columns = matrix.Transpose();
        var reflectors = new double[k][];
        for (var j = 0; j < k; j++)
        {
            // 1. v, of length 1, turns the rest of column j onto its first axis: x − 2v(v·x) = −sign(x₀)‖x‖e₀.
            var x = columns.Row(j)[j..];
            var v = reflectors[j] = x.ToArray();
            var norm = TensorPrimitives.Norm<double>(x);
            v[0] += x[0] < 0 ? -norm : norm;
            var length = TensorPrimitives.Norm<double>(v);
            if (length > 0) TensorPrimitives.Divide(v, length, v);

            // 2. The same reflection of this and all later columns.
            for (var c = j; c < n; c++) Reflect(v, columns.Row(c)[j..]);
        }

        // 3. R is what is left on and above the diagonal; Q is all reflections, in reverse, of the unit vectors.
        var r = new Dense(k, n);
        for (var i = 0; i < k; i++)
            for (var c = i; c < n; c++) r[i, c] = columns[c, i];
        var q = new Dense(k, m);
        for (var c = 0; c < k; c++)
        {
            var unit = q.Row(c);
            unit[c] = 1;
            for (var j = c; j >= 0; j--) Reflect(reflectors[j], unit[j..]);
        }
        return (q.Transpose(), r);
    }

    /// <summary>x −= 2v(v·x).</summary>
    private static void Reflect(ReadOnlySpan<double> v, Span<double> x)
        => TensorPrimitives.MultiplyAdd(v, -2 * TensorPrimitives.Dot(v, (ReadOnlySpan<double>)x), x, x);
}
