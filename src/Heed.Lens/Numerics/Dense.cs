using System.Numerics.Tensors;

namespace Heed.Lens.Numerics;

/// <summary>A small matrix of float64 numbers, row-major: what decompositions work on.</summary>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Number of columns.</param>
/// <param name="Values">[rows, columns].</param>
internal sealed record Dense(int Rows, int Columns, double[] Values)
{
    public Dense(int rows, int columns) : this(rows, columns, new double[checked(rows * columns)]) { }

    public double this[int row, int column]
    {
        get => Values[row * Columns + column];
        set => Values[row * Columns + column] = value;
    }

    public Span<double> Row(int row) => Values.AsSpan(row * Columns, Columns);

    public static Dense Identity(int size)
    {
        var identity = new Dense(size, size);
        for (var i = 0; i < size; i++) identity[i, i] = 1;
        return identity;
    }

    public Dense Transpose()
    {
        var transposed = new Dense(Columns, Rows);
        for (var r = 0; r < Rows; r++)
            for (var c = 0; c < Columns; c++) transposed[c, r] = this[r, c];
        return transposed;
    }

    /// <summary>This · other.</summary>
    public Dense Times(Dense other)
    {
        var product = new Dense(Rows, other.Columns);
        for (var r = 0; r < Rows; r++)
        {
            var to = product.Row(r);
            for (var k = 0; k < Columns; k++) TensorPrimitives.MultiplyAdd(other.Row(k), this[r, k], to, to);
        }
        return product;
    }

    /// <summary>This · otherᵀ.</summary>
    public Dense TimesTransposed(Dense other)
    {
        var product = new Dense(Rows, other.Rows);
        for (var r = 0; r < Rows; r++)
            for (var c = 0; c < other.Rows; c++) product[r, c] = TensorPrimitives.Dot<double>(Row(r), other.Row(c));
        return product;
    }
}
