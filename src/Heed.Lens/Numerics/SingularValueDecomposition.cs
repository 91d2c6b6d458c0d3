using System.Numerics.Tensors;

namespace Heed.Lens.Numerics;

/// <summary>
/// A = U·diag(s)·Vᵀ by one-sided Jacobi rotations (Hestenes 1958; Demmel and Veselić 1992): pairs of columns are turned until all
/// are orthogonal. Slower than bidiagonalisation, and more accurate in the small values.
/// </summary>
internal static class SingularValueDecomposition
{
    private const int MaxSweeps = 60;

    /// <summary>U [m, k], s [k] from the largest, V [n, k], k the smaller of m and n.</summary>
    public static (Dense U, double[] S, Dense V) Of(Dense matrix)
    {
        if (matrix.Rows < matrix.Columns)
        {
            var (v, s, u) = Of(matrix.Transpose());
            return (u, s, v);
        }
        int n = matrix.Columns;
        var columns = matrix.Transpose();       // row i: column i of A, in the end U's column times its singular value
        var turns = Dense.Identity(n);          // row i: V's column
        Orthogonalize(columns, turns);
        var lengths = new double[n];
        for (var i = 0; i < n; i++) lengths[i] = TensorPrimitives.Norm<double>(columns.Row(i));
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(i => lengths[i])];
        Dense left = new(n, matrix.Rows), right = new(n, n);
        for (var i = 0; i < n; i++)
        {
            turns.Row(order[i]).CopyTo(right.Row(i));
            if (lengths[order[i]] > lengths[order[0]] * double.Epsilon && lengths[order[i]] > 0)
                TensorPrimitives.Divide(columns.Row(order[i]), lengths[order[i]], left.Row(i));
            else
                Complete(left, i);
        }
        return (left.Transpose(), Array.ConvertAll(order, i => lengths[i]), right.Transpose());
    }

    /// <summary>Turns pairs of columns by the angle that makes them orthogonal, again and again, until none needs it.</summary>
    private static void Orthogonalize(Dense columns, Dense turns)
    {
        var n = columns.Rows;
        for (var sweep = 0; sweep < MaxSweeps; sweep++)
        {
            var isDone = true;
            for (var i = 0; i < n; i++)
                for (var j = i + 1; j < n; j++)
                {
                    double a = TensorPrimitives.SumOfSquares<double>(columns.Row(i)), b = TensorPrimitives.SumOfSquares<double>(columns.Row(j));
                    var c = TensorPrimitives.Dot<double>(columns.Row(i), columns.Row(j));
                    if (c == 0 || Math.Abs(c) <= 1e-15 * Math.Sqrt(a) * Math.Sqrt(b)) continue;
                    isDone = false;
                    // tan of the smaller of the two angles at which the turned columns' product vanishes.
                    var zeta = (b - a) / (2 * c);
                    var tan = double.IsInfinity(zeta) ? 0 : (zeta < 0 ? -1 : 1) / (Math.Abs(zeta) + Math.Sqrt(1 + zeta * zeta));
                    var cos = 1 / Math.Sqrt(1 + tan * tan);
                    Turn(columns.Row(i), columns.Row(j), cos, cos * tan);
                    Turn(turns.Row(i), turns.Row(j), cos, cos * tan);
                }
            if (isDone) return;
        }
        throw new HeedException($"The singular values of a matrix of {columns.Columns} × {n} did not converge in {MaxSweeps} sweeps: its numbers are not finite or of extreme sizes.");
    }

    private static void Turn(Span<double> x, Span<double> y, double cos, double sin)
    {
        for (var i = 0; i < x.Length; i++)
        {
            var old = x[i];
            x[i] = cos * old - sin * y[i];
            y[i] = sin * old + cos * y[i];
        }
    }

    /// <summary>Row <paramref name="row"/>, whose singular value is 0, becomes a unit vector orthogonal to the rows before it.</summary>
    private static void Complete(Dense rows, int row)
    {
        var to = rows.Row(row);
        for (var axis = 0; axis < rows.Columns; axis++)
        {
            to.Clear();
            to[axis] = 1;
            // Twice is enough (Kahan and Parlett).
            for (var pass = 0; pass < 2; pass++)
                for (var r = 0; r < row; r++)
                    TensorPrimitives.MultiplyAdd(rows.Row(r), -TensorPrimitives.Dot<double>(rows.Row(r), to), to, to);
            var length = TensorPrimitives.Norm<double>(to);
            if (length < 0.5 / Math.Sqrt(rows.Columns)) continue;
            TensorPrimitives.Divide(to, length, to);
            return;
        }
    }
}
