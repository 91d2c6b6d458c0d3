using Heed.Formats;
using Heed.Numerics;

namespace Heed.Families;

/// <summary>
/// A checkpoint that has no weights: whatever tensor a family asks for has the shape it asks for, and no numbers.
/// Matrices over it must never be multiplied with.
/// </summary>
internal sealed class PlannedTensors(string path) : ITensorFile
{
    /// <summary>Rows of all tensors together: a thousand times those of a large model with experts would not fit in memory as an outline.</summary>
    private const long MaximumRows = 1 << 28;

    private long _rows;

    public string Path => path;

    public IReadOnlyCollection<StoredTensor> Tensors => [];

    public StoredTensor? Find(string name) => null;

    /// <summary>A tensor of that shape at no address.</summary>
    /// <exception cref="HeedException">The configuration asks for more than any model has.</exception>
    public StoredTensor Plan(string name, ReadOnlySpan<int> shape)
    {
        // A stack of matrices or a table becomes as many; a vector has a row a number, as it is held in memory.
        long rows = 1;
        foreach (var size in shape.Length == 1 ? shape : shape[..^1]) rows *= size;
        _rows += rows;
        if (_rows > MaximumRows)
            throw new HeedException($"{path}: the configuration asks for matrices of more than {MaximumRows} rows together (the tensor {name} is one too many); no model is near this. The file is damaged.");
        return new(name, ElementType.F32, [.. shape], path);
    }

    public void Dispose() { }
}
