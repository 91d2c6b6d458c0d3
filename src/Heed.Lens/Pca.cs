namespace Heed.Lens;

/// <summary>
/// Principal components: the directions along which vectors differ most, largest first.
/// <code>
/// var pca = Pca.Of(vectors, components: 2);
/// var (x, y) = (pca.Project(vector)[0], pca.Project(vector)[1]);
/// </code>
/// </summary>
/// <remarks>Eigenvectors of the vectors' Gram matrix (n × n, fewer vectors than numbers being usual) by Jacobi rotations in float64.
/// A component's sign is chosen so that its largest number is positive; the same vectors give the same components.</remarks>
public sealed class Pca
{
    private Pca(double[] mean, double[][] components, double[] shares) => (Mean, Components, Shares) = (mean, components, shares);

    /// <summary>The vectors' mean [width], which is taken off before projecting.</summary>
    public IReadOnlyList<double> Mean { get; }

    /// <summary>The components, each of length 1 [component][width].</summary>
    public IReadOnlyList<IReadOnlyList<double>> Components { get; }

    /// <summary>The share of the variance that each component holds, 0 to 1.</summary>
    public IReadOnlyList<double> Shares { get; }

    /// <summary>Finds the components of some vectors.</summary>
    /// <param name="vectors">At least two vectors of one width.</param>
    /// <param name="components">How many components; fewer than there are vectors.</param>
    /// <exception cref="ArgumentException">Too few vectors, or of different widths.</exception>
    public static Pca Of(IReadOnlyList<ReadOnlyMemory<float>> vectors, int components = 2)
    {
        int n = vectors.Count;
        if (components < 1 || n <= components) throw new ArgumentException($"{components} components need at least {components + 1} vectors; there are {n}.");
        var width = vectors[0].Length;
        if (vectors.Any(v => v.Length != width)) throw new ArgumentException($"The vectors have different widths: {string.Join(", ", vectors.Select(v => v.Length).Distinct())}.");
        var mean = new double[width];
        foreach (var vector in vectors)
            for (var d = 0; d < width; d++) mean[d] += vector.Span[d] / (double)n;
        var centred = vectors.Select(v => mean.Select((m, d) => v.Span[d] - m).ToArray()).ToArray();
        var gram = new double[n, n];
        for (var i = 0; i < n; i++)
            for (var j = 0; j <= i; j++) gram[i, j] = gram[j, i] = Dot(centred[i], centred[j]);
        var (values, eigenvectors) = Jacobi(gram);
        var total = values.Sum(v => Math.Max(0, v));
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(i => values[i]).Take(components)];
        var found = new double[components][];
        for (var c = 0; c < components; c++)
        {
            // The direction in the vectors' own space: a sum of the vectors with the eigenvector's numbers, made length 1.
            var direction = new double[width];
            for (var i = 0; i < n; i++)
                for (var d = 0; d < width; d++) direction[d] += eigenvectors[i, order[c]] * centred[i][d];
            var length = Math.Sqrt(Dot(direction, direction));
            var sign = direction[Array.IndexOf(direction, direction.MaxBy(Math.Abs))] < 0 ? -1 : 1;
            // Vectors that do not differ that way have no direction there; their projection is 0.
            found[c] = [.. direction.Select(x => values[order[c]] > 1e-12 * Math.Max(total, double.Epsilon) && length > 0 ? sign * x / length : 0)];
        }
        return new(mean, found, [.. order.Select(i => total > 0 ? Math.Max(0, values[i]) / total : 0)]);
    }

    /// <summary>A vector's place along each component [component].</summary>
    public float[] Project(ReadOnlySpan<float> vector)
    {
        if (vector.Length != Mean.Count) throw new ArgumentException($"The components are of width {Mean.Count}, the vector of {vector.Length}.");
        var projected = new float[Components.Count];
        for (var c = 0; c < projected.Length; c++)
        {
            double sum = 0;
            for (var d = 0; d < vector.Length; d++) sum += (vector[d] - Mean[d]) * Components[c][d];
            projected[c] = (float)sum;
        }
        return projected;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Eigenvalues and eigenvectors (columns) of a symmetric matrix: rotations that make one off-diagonal pair zero at a time,
    /// until none is left (Golub and Van Loan, Matrix Computations, section 8.5).</summary>
    private static (double[] Values, double[,] Vectors) Jacobi(double[,] a)
    {
        var n = a.GetLength(0);
        var v = new double[n, n];
        for (var i = 0; i < n; i++) v[i, i] = 1;
        double norm = 0;
        foreach (var x in a) norm += x * x;
        for (var sweep = 0; sweep < 60; sweep++)
        {
            double off = 0;
            for (var p = 0; p < n; p++)
                for (var q = p + 1; q < n; q++) off += a[p, q] * a[p, q];
            if (off <= 1e-26 * norm) break;
            for (var p = 0; p < n; p++)
                for (var q = p + 1; q < n; q++)
                {
                    if (a[p, q] == 0) continue;
                    var theta = (a[q, q] - a[p, p]) / (2 * a[p, q]);
                    var t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt(theta * theta + 1));
                    double c = 1 / Math.Sqrt(t * t + 1), s = t * c;
                    for (var k = 0; k < n; k++) (a[k, p], a[k, q]) = (c * a[k, p] - s * a[k, q], s * a[k, p] + c * a[k, q]);
                    for (var k = 0; k < n; k++) (a[p, k], a[q, k]) = (c * a[p, k] - s * a[q, k], s * a[p, k] + c * a[q, k]);
                    for (var k = 0; k < n; k++) (v[k, p], v[k, q]) = (c * v[k, p] - s * v[k, q], s * v[k, p] + c * v[k, q]);
                }
        }
        return ([.. Enumerable.Range(0, n).Select(i => a[i, i])], v);
    }
}
