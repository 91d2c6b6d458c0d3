using System.Numerics;
using System.Numerics.Tensors;

namespace Heed.Lens.Numerics;

/// <summary>
/// The eigenvalues of a real square matrix: Hessenberg form by reflections, then Francis's implicit double-shift QR steps
/// (Golub and Van Loan, Matrix Computations, 7.4 and 7.5). Complex ones come in conjugate pairs.
/// </summary>
internal static class Eigenvalues
{
    private const int MaxSteps = 60;

    /// <summary>The eigenvalues, from the largest magnitude; of a pair, the one with positive imaginary part first.</summary>
    public static Complex[] Of(Dense matrix)
    {
        if (matrix.Rows != matrix.Columns) throw new ArgumentException($"[{matrix.Rows}, {matrix.Columns}] is not square.", nameof(matrix));
        foreach (var value in matrix.Values)
            if (!double.IsFinite(value)) throw new HeedException("The eigenvalues of a matrix with numbers that are not finite were asked for.");
        var h = new Dense(matrix.Rows, matrix.Rows, [.. matrix.Values]);
        Reduce(h);
        var found = new Complex[h.Rows];
        int high = h.Rows - 1, steps = 0;
        while (high >= 0)
        {
            // 1. Where a number below the diagonal is nothing beside its neighbours, the matrix falls into two.
            var low = high;
            while (low > 0 && !IsNegligible(h, low)) low--;
            if (low > 0) h[low, low - 1] = 0;

            // 2. Blocks of one or two are done; a larger one takes another step.
            if (low == high)
            {
                found[high] = h[high, high];
                high--;
                steps = 0;
            }
            else if (low == high - 1)
            {
                (found[low], found[high]) = OfTwo(h[low, low], h[low, high], h[high, low], h[high, high]);
                high -= 2;
                steps = 0;
            }
            else
            {
                if (++steps > MaxSteps) throw new HeedException($"The eigenvalues of a matrix of {h.Rows} × {h.Rows} did not converge in {MaxSteps} steps each.");
                Step(h, low, high, isExceptional: steps % 10 == 0);
            }
        }
        return [.. found.OrderByDescending(v => v.Magnitude).ThenByDescending(v => v.Real).ThenByDescending(v => v.Imaginary)];
    }

    private static bool IsNegligible(Dense h, int row)
    {
        var beside = Math.Abs(h[row - 1, row - 1]) + Math.Abs(h[row, row]);
        if (beside == 0) beside = TensorPrimitives.MaxMagnitude<double>(h.Values);
        return Math.Abs(h[row, row - 1]) <= double.BitIncrement(1) * beside - beside;
    }

    /// <summary>Zeros below the first subdiagonal; a similar matrix.</summary>
    private static void Reduce(Dense h)
    {
        for (var k = 0; k < h.Rows - 2; k++)
        {
            var v = new double[h.Rows - k - 1];
            for (var i = 0; i < v.Length; i++) v[i] = h[k + 1 + i, k];
            if (Reflector(v)) Reflect(h, v, k + 1, k, h.Rows - 1, 0, h.Rows - 1);
        }
    }

    /// <summary>One double-shift step on rows and columns low…high.</summary>
    private static void Step(Dense h, int low, int high, bool isExceptional)
    {
        // The shifts are the eigenvalues of the last two rows, by their sum and product; now and then others, to leave a cycle.
        double sum = h[high - 1, high - 1] + h[high, high];
        double product = h[high - 1, high - 1] * h[high, high] - h[high - 1, high] * h[high, high - 1];
        if (isExceptional)
        {
            var size = Math.Abs(h[high, high - 1]) + Math.Abs(h[high - 1, high - 2]);
            (sum, product) = (1.5 * size, size * size);
        }
        // The first column of H² − sum·H + product: its reflection starts a bulge, which is chased down and out.
        double[] v =
        [
            h[low, low] * h[low, low] + h[low, low + 1] * h[low + 1, low] - sum * h[low, low] + product,
            h[low + 1, low] * (h[low, low] + h[low + 1, low + 1] - sum),
            h[low + 1, low] * h[low + 2, low + 1],
        ];
        for (var k = low; k < high; k++)
        {
            var size = Math.Min(3, high - k + 1);
            if (k > low)
            {
                v = new double[size];
                for (var i = 0; i < size; i++) v[i] = h[k + i, k - 1];
            }
            if (Reflector(v)) Reflect(h, v, k, Math.Max(low, k - 1), high, low, Math.Min(high, k + 3));
            if (k > low)
                for (var i = 1; i < size; i++) h[k + i, k - 1] = 0;
        }
    }

    /// <summary>x becomes the v of length 1 with x − 2v(v·x) on the first axis; false if x is zero.</summary>
    private static bool Reflector(Span<double> x)
    {
        var norm = TensorPrimitives.Norm<double>(x);
        if (norm == 0) return false;
        x[0] += x[0] < 0 ? -norm : norm;
        TensorPrimitives.Divide(x, TensorPrimitives.Norm<double>(x), x);
        return true;
    }

    /// <summary>P·H·P for the reflection P of rows and columns from <paramref name="first"/> on, in the columns and rows that count.</summary>
    private static void Reflect(Dense h, ReadOnlySpan<double> v, int first, int firstColumn, int lastColumn, int firstRow, int lastRow)
    {
        for (var c = firstColumn; c <= lastColumn; c++)
        {
            double dot = 0;
            for (var i = 0; i < v.Length; i++) dot += v[i] * h[first + i, c];
            for (var i = 0; i < v.Length; i++) h[first + i, c] -= 2 * v[i] * dot;
        }
        for (var r = firstRow; r <= lastRow; r++)
        {
            var row = h.Row(r).Slice(first, v.Length);
            double dot = 0;
            for (var i = 0; i < v.Length; i++) dot += v[i] * row[i];
            for (var i = 0; i < v.Length; i++) row[i] -= 2 * v[i] * dot;
        }
    }

    /// <summary>Of ((a, b), (c, d)).</summary>
    private static (Complex, Complex) OfTwo(double a, double b, double c, double d)
    {
        var half = (a - d) / 2;
        var square = half * half + b * c;
        if (square < 0) return (new((a + d) / 2, Math.Sqrt(-square)), new((a + d) / 2, -Math.Sqrt(-square)));
        // The one further from d without cancellation, the other by their product.
        var far = half + (half < 0 ? -Math.Sqrt(square) : Math.Sqrt(square));
        return (d + far, far == 0 ? d : d - b * c / far);
    }
}
