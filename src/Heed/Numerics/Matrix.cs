namespace Heed.Numerics;

/// <summary>
/// A read-only weight matrix of [rows, columns] that stays where and how it is stored (a mapped file, usually).
/// A product with it is y = W·x: rows are outputs, columns are inputs.
/// </summary>
/// <remarks>
/// Checkpoints store the same matrix in different ways, and a <see cref="Matrix"/> is a view that hides it:
/// a slice of a fused matrix (<see cref="Rows(int, int)"/>), rows in another order (<see cref="Reordered"/>: interleaved q·k·v,
/// permuted rotary halves), or stored the other way round (<see cref="Transposed"/>: GPT-2's Conv1D).
/// The memory belongs to whoever mapped it and must outlive the view.
/// </remarks>
public sealed unsafe class Matrix
{
    /// <summary>How the numbers are written.</summary>
    public ElementType Type { get; }

    /// <summary>Number of outputs.</summary>
    public int RowCount { get; }

    /// <summary>Number of inputs.</summary>
    public int ColumnCount { get; }

    /// <summary>True if the file holds [columns, rows]: stored row i is column i of the matrix. Plain types only.</summary>
    public bool IsTransposed { get; }

    /// <summary>Bytes from one stored row to the next.</summary>
    internal long Stride { get; }

    /// <summary>The first stored byte.</summary>
    internal byte* Data { get; }

    /// <summary>Where row r of the matrix is stored: null means at r.</summary>
    private readonly int[]? _order;

    private Matrix(byte* data, ElementType type, int rows, int columns, long stride, bool transposed, int[]? order)
    {
        Data = data;
        Type = type;
        RowCount = rows;
        ColumnCount = columns;
        Stride = stride;
        IsTransposed = transposed;
        _order = order;
    }

    /// <summary>A matrix of [rows, columns] stored row after row at <paramref name="data"/>.</summary>
    public static Matrix Stored(byte* data, ElementType type, int rows, int columns)
        => new(data, type, rows, columns, type.RowBytes(columns), transposed: false, order: null);

    /// <summary>A matrix of [rows, columns] whose file holds it as [columns, rows], row after row. Plain types only.</summary>
    public static Matrix Transposed(byte* data, ElementType type, int rows, int columns)
        => type.BlockLength() == 1
            ? new(data, type, rows, columns, type.RowBytes(rows), transposed: true, order: null)
            : throw new HeedException($"A matrix stored as {type} blocks cannot be read transposed.");

    /// <summary>The <paramref name="count"/> rows from <paramref name="first"/> on.</summary>
    public Matrix Rows(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + (long)count, RowCount);
        if (_order is { } order)
            return new(Data, Type, count, ColumnCount, Stride, IsTransposed, order[first..(first + count)]);
        var skipped = IsTransposed ? first * (long)Type.BlockBytes() : first * Stride;
        return new(Data + skipped, Type, count, ColumnCount, Stride, IsTransposed, null);
    }

    /// <summary>The <paramref name="count"/> columns from <paramref name="first"/> on, of a matrix of float32 that is stored row after row.</summary>
    internal Matrix Columns(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + (long)count, ColumnCount);
        if (Type != ElementType.F32 || IsTransposed) throw new InvalidOperationException($"Columns of a {(IsTransposed ? "transposed " : "")}{Type} matrix do not stand by themselves.");
        return new(Data + first * sizeof(float), Type, RowCount, count, Stride, transposed: false, _order);
    }

    /// <summary>The matrix whose row r is this one's row <paramref name="order"/>[r].</summary>
    public Matrix Reordered(int[] order)
    {
        foreach (var r in order)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)r, (uint)RowCount, nameof(order));
        var composed = _order is null ? [.. order] : Array.ConvertAll(order, r => _order[r]);
        return new(Data, Type, order.Length, ColumnCount, Stride, IsTransposed, composed);
    }

    /// <summary>Where row <paramref name="row"/> starts: its <see cref="ColumnCount"/> numbers follow each other,
    /// or, when <see cref="IsTransposed"/>, stand <see cref="Stride"/> bytes apart.</summary>
    internal byte* Row(int row)
    {
        var stored = _order is null ? row : _order[row];
        return IsTransposed ? Data + stored * (long)Type.BlockBytes() : Data + stored * Stride;
    }

    /// <summary>True if consecutive rows lie <see cref="Stride"/> bytes apart.</summary>
    internal bool IsInOrder => _order is null;
}
