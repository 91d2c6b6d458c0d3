namespace Heed.Numerics;

/// <summary>Reads single rows of a stored matrix as float32: embeddings, and whatever is looked at rather than multiplied.</summary>
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
}
