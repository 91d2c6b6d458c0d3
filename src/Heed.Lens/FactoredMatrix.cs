using System.Numerics;
using System.Numerics.Tensors;
using Heed.Lens.Numerics;

namespace Heed.Lens;

/// <summary>
/// A large matrix of low rank as the product of two thin ones, M = A·B with A [rows, inner] and B [inner, columns]: a head's circuits
/// W_V·W_O and W_Q·W_Kᵀ. Its values are found from the factors; it is multiplied out only by <see cref="Multiply()"/>.
/// </summary>
/// <remarks>Everything is float64. Decompositions are computed when first asked for; their cost grows with rows·inner².</remarks>
public sealed class FactoredMatrix
{
    private readonly Dense _left;       // A
    private readonly Dense _right;      // Bᵀ [columns, inner]
    private readonly Lazy<(Dense Left, Dense Right, Dense Small)> _factors;
    private readonly Lazy<(Dense U, double[] S, Dense V)> _singular;
    private readonly Lazy<Complex[]> _eigenvalues;

    /// <summary>A·B.</summary>
    /// <param name="left">A, row-major [rows, inner].</param>
    /// <param name="right">B, row-major [inner, columns].</param>
    /// <param name="inner">The length that A's rows and B's columns share.</param>
    /// <exception cref="HeedException">The lengths are not whole rows and columns of <paramref name="inner"/> numbers.</exception>
    public FactoredMatrix(ReadOnlySpan<double> left, ReadOnlySpan<double> right, int inner)
        : this(new Dense(RowsOf(left.Length, inner), inner, left.ToArray()), new Dense(inner, RowsOf(right.Length, inner), right.ToArray()).Transpose()) { }

    internal FactoredMatrix(Dense left, Dense rightTransposed)
    {
        (_left, _right) = (left, rightTransposed);
        _factors = new(Factor);
        _singular = new(Decompose);
        _eigenvalues = new(() => Rows == Columns ? Lens.Numerics.Eigenvalues.Of(_right.Transpose().Times(_left)) : throw new HeedException($"{this} is not square and has no eigenvalues."));
    }

    /// <summary>Number of rows.</summary>
    public int Rows => _left.Rows;

    /// <summary>Number of columns.</summary>
    public int Columns => _right.Rows;

    /// <summary>What the factors share; the rank is at most this.</summary>
    public int Inner => _left.Columns;

    /// <summary>The memory that <see cref="Multiply()"/> takes.</summary>
    public long MultipliedBytes => (long)Rows * Columns * sizeof(double);

    /// <summary>The singular values from the largest, as many as the smallest of rows, inner and columns; all others are 0.</summary>
    public IReadOnlyList<double> SingularValues => _singular.Value.S;

    /// <summary>
    /// The eigenvalues from the largest magnitude, <see cref="Inner"/> of them (those of B·A, which has all of M's that are not 0);
    /// complex ones come in conjugate pairs.
    /// </summary>
    /// <exception cref="HeedException">M is not square.</exception>
    public IReadOnlyList<Complex> Eigenvalues => _eigenvalues.Value;

    /// <summary>√Σ M_rc².</summary>
    public double Norm => TensorPrimitives.Norm<double>(_factors.Value.Small.Values);

    /// <summary>Σ M_ii, of a square matrix.</summary>
    /// <exception cref="HeedException">M is not square.</exception>
    public double Trace => Rows == Columns ? TensorPrimitives.Dot<double>(_left.Values, _right.Values) : throw new HeedException($"{this} is not square and has no trace.");

    /// <summary>The number at a row and column.</summary>
    public double this[int row, int column] => TensorPrimitives.Dot<double>(LeftRow(row), RightRow(column));

    /// <summary>The value–output circuit W_V·W_O [width, width] of a head: what it writes (x·M) when it attends to x. No norm and no bias is in it.</summary>
    /// <exception cref="HeedException">There is no such layer or head.</exception>
    public static FactoredMatrix ValueOutput(NamedWeights weights, int layer, int head)
        => new(DenseOf(weights.W_V[layer, head]), DenseOf(weights.W_O[layer, head]).Transpose());

    /// <summary>The query–key circuit W_Q·W_Kᵀ [width, width] of a head: x·M·yᵀ is the product of x's query with y's key, before scaling,
    /// where both stand at the same place. No norm, bias or rotation is in it.</summary>
    /// <exception cref="HeedException">There is no such layer or head.</exception>
    public static FactoredMatrix QueryKey(NamedWeights weights, int layer, int head)
        => new(DenseOf(weights.W_Q[layer, head]), DenseOf(weights.W_K[layer, head]));

    /// <summary>One row [columns].</summary>
    public double[] Row(int row) => Apply(_right, LeftRow(row));

    /// <summary>One column [rows].</summary>
    public double[] Column(int column) => Apply(_left, RightRow(column));

    /// <summary>The unit vector u [rows] of a singular value: M's column space, from the strongest.</summary>
    public double[] LeftSingularVector(int index) => ColumnOf(_singular.Value.U, index);

    /// <summary>The unit vector v [columns] of a singular value: M·v = s·u.</summary>
    public double[] RightSingularVector(int index) => ColumnOf(_singular.Value.V, index);

    /// <summary>x·M [columns] for a row x [rows].</summary>
    public double[] LeftMultiply(ReadOnlySpan<double> x)
    {
        CheckLength(x.Length, Rows);
        var inner = new double[Inner];
        for (var r = 0; r < Rows; r++) TensorPrimitives.MultiplyAdd(_left.Row(r), x[r], inner, inner);
        return Apply(_right, inner);
    }

    /// <summary>M·y [rows] for a column y [columns].</summary>
    public double[] RightMultiply(ReadOnlySpan<double> y)
    {
        CheckLength(y.Length, Columns);
        var inner = new double[Inner];
        for (var c = 0; c < Columns; c++) TensorPrimitives.MultiplyAdd(_right.Row(c), y[c], inner, inner);
        return Apply(_left, inner);
    }

    /// <summary>This · other, in factors again: the product goes into the second.</summary>
    /// <exception cref="HeedException">The shapes do not fit.</exception>
    public FactoredMatrix Times(FactoredMatrix other)
    {
        if (Columns != other.Rows) throw new HeedException($"{this} cannot be multiplied by {other}: {Columns} columns meet {other.Rows} rows.");
        var middle = _right.Transpose().Times(other._left);                                  // B·A′
        return new(_left, other._right.TimesTransposed(middle));                             // A · (B·A′·B′)
    }

    /// <summary>Mᵀ.</summary>
    public FactoredMatrix Transpose() => new(_right, _left);

    /// <summary>All numbers of M, row-major: <see cref="MultipliedBytes"/> of memory.</summary>
    /// <exception cref="HeedException">They are more than one array holds.</exception>
    public double[] Multiply()
        => (long)Rows * Columns <= Array.MaxLength ? _left.TimesTransposed(_right).Values
            : throw new HeedException($"{this} has {(long)Rows * Columns:N0} numbers ({MultipliedBytes / 1e9:0.0} GB), more than one array holds. Read its rows, or multiply vectors by it.");

    /// <summary>The shape, for messages.</summary>
    public override string ToString() => $"A factored matrix [{Rows}, {Inner}]·[{Inner}, {Columns}]";

    /// <summary>A = Q₁R₁, Bᵀ = Q₂R₂, so M = Q₁(R₁R₂ᵀ)Q₂ᵀ: R₁R₂ᵀ is small and has M's norm and singular values.</summary>
    private (Dense Left, Dense Right, Dense Small) Factor()
    {
        var (leftQ, leftR) = Orthogonal.Factor(_left);
        var (rightQ, rightR) = Orthogonal.Factor(_right);
        return (leftQ, rightQ, leftR.TimesTransposed(rightR));
    }

    private (Dense U, double[] S, Dense V) Decompose()
    {
        var (left, right, small) = _factors.Value;
        var (u, s, v) = SingularValueDecomposition.Of(small);
        return (left.Times(u), s, right.Times(v));
    }

    private static double[] Apply(Dense matrix, ReadOnlySpan<double> vector)
    {
        var result = new double[matrix.Rows];
        for (var r = 0; r < result.Length; r++) result[r] = TensorPrimitives.Dot<double>(matrix.Row(r), vector);
        return result;
    }

    private double[] ColumnOf(Dense vectors, int index)
    {
        if ((uint)index >= (uint)vectors.Columns) throw new HeedException($"{this} has singular vectors 0…{vectors.Columns - 1}, not {index}.");
        var column = new double[vectors.Rows];
        for (var r = 0; r < column.Length; r++) column[r] = vectors[r, index];
        return column;
    }

    private Span<double> LeftRow(int row) => (uint)row < (uint)Rows ? _left.Row(row) : throw new HeedException($"{this} has rows 0…{Rows - 1}, not {row}.");

    private Span<double> RightRow(int column) => (uint)column < (uint)Columns ? _right.Row(column) : throw new HeedException($"{this} has columns 0…{Columns - 1}, not {column}.");

    private void CheckLength(int given, int needed)
    {
        if (given != needed) throw new HeedException($"{this} cannot be multiplied by a vector of {given} numbers there; it takes {needed}.");
    }

    private static int RowsOf(int length, int inner)
        => inner > 0 && length > 0 && length % inner == 0 ? length / inner
            : throw new HeedException($"{length} numbers cannot be a factor whose inner length is {inner}.");

    internal static Dense DenseOf(WeightView view) => new(view.Shape[0], view.Shape[1], Array.ConvertAll(view.ToArray(), x => (double)x));
}
