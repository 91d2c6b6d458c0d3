using Heed.Numerics;

namespace Heed;

/// <summary>
/// A weight under its name, as float32 numbers that are decoded when they are read; nothing is copied before. A product with it
/// is x·W with x a row: the axis before the last is what goes in, the last is what comes out.
/// </summary>
/// <remarks>A view of a model's stored weights: it cannot be read once the model is disposed.</remarks>
public sealed class WeightView
{
    private readonly Transformer _owner;
    private readonly Plane[] _planes;

    /// <summary>A view of <paramref name="planes"/>, one for each index of the first axis of three; else one.</summary>
    internal WeightView(Transformer owner, string name, string[] axes, int[] shape, params Plane[] planes)
    {
        _owner = owner;
        _planes = planes;
        Name = name;
        Axes = axes;
        Shape = shape;
    }

    /// <summary>Its name: <c>blocks.3.attn.W_Q</c>.</summary>
    public string Name { get; }

    /// <summary>What each axis counts: head, width, size, hidden, token, …</summary>
    public IReadOnlyList<string> Axes { get; }

    /// <summary>How long each axis is.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>How its numbers are stored.</summary>
    public ElementType Type => _planes[0].Matrix?.Type ?? ElementType.F32;

    /// <summary>How many numbers it has.</summary>
    public long Count => Shape.Aggregate(1L, (count, n) => count * n);

    /// <summary>The memory that all of its numbers take as float32: what <see cref="ToArray"/> allocates.</summary>
    public long Bytes => Count * sizeof(float);

    /// <summary>The number at <paramref name="indices"/>, one index an axis.</summary>
    public float this[params ReadOnlySpan<int> indices]
    {
        get
        {
            Check(indices, Shape.Count, skipped: -1);
            var (plane, row) = Locate(indices[..^1]);
            var value = 0f;
            _planes[plane].ReadPart(row, indices[^1], new Span<float>(ref value));
            return value;
        }
    }

    /// <summary>The part at <paramref name="index"/> of the first of three axes: one head's matrix.</summary>
    /// <exception cref="HeedException">There is no such index, or the view has no three axes.</exception>
    public WeightView At(int index)
    {
        if (Shape.Count != 3) throw new HeedException($"{this} is one matrix or vector; only a weight with three axes has parts.");
        if ((uint)index >= (uint)Shape[0]) throw OutOfRange(index, 0);
        return new(_owner, $"{Name}[{index}]", [.. Axes.Skip(1)], [.. Shape.Skip(1)], _planes[index]);
    }

    /// <summary>The numbers along the last axis, at the <paramref name="indices"/> of the axes before it.</summary>
    public float[] Row(params ReadOnlySpan<int> indices)
    {
        var row = new float[Shape[^1]];
        ReadRow(row, indices);
        return row;
    }

    /// <summary>The numbers along the last axis, to <paramref name="destination"/>.</summary>
    public void ReadRow(Span<float> destination, params ReadOnlySpan<int> indices)
    {
        Check(indices, Shape.Count - 1, skipped: Shape.Count - 1);
        CheckLength(destination.Length, Shape[^1]);
        var (plane, row) = Locate(indices);
        _planes[plane].ReadPart(row, 0, destination);
    }

    /// <summary>The numbers along the axis before the last, at the <paramref name="indices"/> of the other axes.</summary>
    public float[] Column(params ReadOnlySpan<int> indices)
    {
        if (Shape.Count < 2) throw new HeedException($"{this} has one axis, and no columns.");
        var column = new float[Shape[^2]];
        ReadColumn(column, indices);
        return column;
    }

    /// <summary>The numbers along the axis before the last, to <paramref name="destination"/>.</summary>
    public void ReadColumn(Span<float> destination, params ReadOnlySpan<int> indices)
    {
        if (Shape.Count < 2) throw new HeedException($"{this} has one axis, and no columns.");
        Check(indices, Shape.Count - 1, skipped: Shape.Count - 2);
        CheckLength(destination.Length, Shape[^2]);
        _planes[Shape.Count == 3 ? indices[0] : 0].ReadColumn(indices[^1], destination);
    }

    /// <summary>All numbers, row-major: <see cref="Bytes"/> of memory.</summary>
    /// <exception cref="HeedException">They are more than one array holds.</exception>
    public float[] ToArray()
    {
        if (Count > Array.MaxLength)
            throw new HeedException($"{this} has {Count:N0} numbers ({Bytes / 1e9:0.0} GB), more than one array holds. Read its rows, or one head with At.");
        ThrowIfDisposed();
        var all = new float[Count];
        var each = all.Length / _planes.Length;
        for (var p = 0; p < _planes.Length; p++) _planes[p].ReadAll(all.AsSpan(p * each, each), Shape[^1]);
        return all;
    }

    /// <summary>Name, shape and type, for messages.</summary>
    public override string ToString() => $"{Name} [{string.Join(", ", Axes.Zip(Shape, (a, n) => $"{a} {n}"))}] ({Type})";

    private (int Plane, int Row) Locate(ReadOnlySpan<int> leading) => leading.Length switch
    {
        0 => (0, 0),
        1 => (0, leading[0]),
        _ => (leading[0], leading[1]),
    };

    /// <summary>One index for each axis but <paramref name="skipped"/>, inside its length.</summary>
    private void Check(ReadOnlySpan<int> indices, int count, int skipped)
    {
        ThrowIfDisposed();
        if (indices.Length != count) throw new HeedException($"{this} takes {count} indices here, not {indices.Length}.");
        for (var i = 0; i < count; i++)
        {
            var axis = skipped >= 0 && i >= skipped ? i + 1 : i;
            if ((uint)indices[i] >= (uint)Shape[axis]) throw OutOfRange(indices[i], axis);
        }
    }

    private void CheckLength(int given, int needed)
    {
        if (given != needed) throw new HeedException($"{this}: {needed} numbers are to be read, into room for {given}.");
    }

    private HeedException OutOfRange(int index, int axis) => new($"{this} has no {Axes[axis]} {index}; it has 0…{Shape[axis] - 1}.");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_owner.IsDisposed, _owner);

    /// <summary>
    /// One matrix of a view. Of a stored matrix [outputs, inputs] it shows the columns from <paramref name="FirstColumn"/> on, as
    /// [inputs, outputs] where <paramref name="IsFlipped"/>; of a vector, rows of <paramref name="Columns"/> numbers.
    /// </summary>
    /// <param name="Matrix">A stored matrix, or null.</param>
    /// <param name="IsFlipped">Whether rows of the view are columns of the matrix.</param>
    /// <param name="FirstColumn">The matrix's first column that is shown.</param>
    /// <param name="Columns">How many of its columns are shown; of a vector, the numbers in a row.</param>
    /// <param name="Vector">A vector, or null.</param>
    /// <param name="Share">Of a vector: rows of the view that show the same numbers (query heads of one key–value head).</param>
    internal sealed record Plane(Matrix? Matrix, bool IsFlipped, int FirstColumn, int Columns, FloatVector? Vector = null, int Share = 1)
    {
        /// <summary>Numbers of one row of the view, from column <paramref name="first"/> on.</summary>
        public void ReadPart(int row, int first, Span<float> destination)
        {
            if (Vector is not null) Vector.Span.Slice(row / Share * Columns + first, destination.Length).CopyTo(destination);
            else if (!IsFlipped) MatrixRows.ReadRow(Matrix!, row, FirstColumn + first, destination);
            else MatrixRows.ReadColumn(first == 0 && destination.Length == Matrix!.RowCount ? Matrix : Matrix!.Rows(first, destination.Length), FirstColumn + row, destination);
        }

        /// <summary>One column of the view.</summary>
        public void ReadColumn(int column, Span<float> destination)
        {
            if (Vector is not null)
                for (var r = 0; r < destination.Length; r++) destination[r] = Vector.Span[r / Share * Columns + column];
            else if (IsFlipped) MatrixRows.ReadRow(Matrix!, column, FirstColumn, destination);
            else MatrixRows.ReadColumn(Matrix!, FirstColumn + column, destination);
        }

        /// <summary>All rows of <paramref name="width"/> numbers, in the direction in which they are stored.</summary>
        public void ReadAll(Span<float> destination, int width)
        {
            var rows = destination.Length / width;
            if (Matrix is null || IsFlipped == Matrix.IsTransposed)
            {
                for (var r = 0; r < rows; r++) ReadPart(r, 0, destination.Slice(r * width, width));
                return;
            }
            var column = new float[rows];
            for (var c = 0; c < width; c++)
            {
                ReadColumn(c, column);
                for (var r = 0; r < rows; r++) destination[r * width + c] = column[r];
            }
        }
    }
}
