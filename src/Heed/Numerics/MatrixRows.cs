using System.Buffers;

namespace Heed.Numerics;

/// <summary>Reads parts of a stored matrix as float32: embeddings, and whatever is looked at rather than multiplied.</summary>
internal static unsafe class MatrixRows
{
    /// <summary>Row <paramref name="row"/>'s numbers, dequantised, to <paramref name="destination"/> [columns].</summary>
    public static void Read(Matrix matrix, int row, float* destination)
    {
        if ((uint)row >= (uint)matrix.RowCount)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"The matrix has rows 0…{matrix.RowCount - 1}.");
        var data = matrix.Row(row);
        if (!matrix.IsTransposed)
        {
            Blocks.Dequantize(matrix.Type, data, destination, matrix.ColumnCount);
            return;
        }
        for (var c = 0; c < matrix.ColumnCount; c++, data += matrix.Stride)
            Blocks.Dequantize(matrix.Type, data, destination + c, 1);
    }

    /// <summary>Row <paramref name="row"/>'s numbers in the columns from <paramref name="firstColumn"/> on.</summary>
    public static void ReadRow(Matrix matrix, int row, int firstColumn, Span<float> destination)
    {
        var data = matrix.Row(row);
        if (!matrix.IsTransposed)
        {
            ReadRange(matrix.Type, data, firstColumn, destination);
            return;
        }
        data += firstColumn * matrix.Stride;
        fixed (float* to = destination)
            for (var c = 0; c < destination.Length; c++, data += matrix.Stride) Blocks.Dequantize(matrix.Type, data, to + c, 1);
    }

    /// <summary>Column <paramref name="column"/>'s numbers, one of every row.</summary>
    public static void ReadColumn(Matrix matrix, int column, Span<float> destination)
    {
        if (matrix.IsTransposed && matrix.IsInOrder)
        {
            fixed (float* to = destination) Blocks.Dequantize(matrix.Type, matrix.Row(0) + column * matrix.Stride, to, matrix.RowCount);
            return;
        }
        for (var r = 0; r < matrix.RowCount; r++) ReadRow(matrix, r, column, destination.Slice(r, 1));
    }

    /// <summary>Numbers from the middle of a stored row: blocks are decoded whole.</summary>
    private static void ReadRange(ElementType type, byte* data, int first, Span<float> destination)
    {
        var block = type.BlockLength();
        int start = first / block, end = (first + destination.Length + block - 1) / block;
        data += start * (long)type.BlockBytes();
        if (start * block == first && destination.Length == (end - start) * block)
        {
            fixed (float* to = destination) Blocks.Dequantize(type, data, to, destination.Length);
            return;
        }
        var decoded = ArrayPool<float>.Shared.Rent((end - start) * block);
        fixed (float* to = decoded) Blocks.Dequantize(type, data, to, (end - start) * block);
        decoded.AsSpan(first - start * block, destination.Length).CopyTo(destination);
        ArrayPool<float>.Shared.Return(decoded);
    }
}
