using Heed.Numerics;

namespace Heed.Formats;

/// <summary>The tensors of one mapped file, by name and in order; checks each one's place against the file's true size.</summary>
internal sealed unsafe class TensorTable(MappedFile file)
{
    private readonly List<StoredTensor> _tensors = [];
    private readonly Dictionary<string, StoredTensor> _byName = [];

    /// <summary>In the order they were added.</summary>
    public IReadOnlyList<StoredTensor> All => _tensors;

    /// <summary>The tensor of that name, or null.</summary>
    public StoredTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Adds the tensor that lies <paramref name="offset"/> bytes after <paramref name="dataStart"/>.</summary>
    /// <exception cref="HeedException">Its name is taken, its rows are not whole blocks, or it reaches beyond the file's end.</exception>
    public StoredTensor Add(string name, ElementType type, long[] shape, long dataStart, ulong offset)
    {
        var bytes = ByteLength(name, type, shape);
        var available = Math.Max(0, file.Length - dataStart);
        if (offset > (ulong)available || bytes > available - (long)offset)
            throw new HeedException($"{file.Path}: tensor '{name}' ({type} {ShapeText(shape)}) needs {bytes} bytes from byte {(UInt128)dataStart + offset} on, but the file ends at byte {file.Length}. It is damaged or was not downloaded completely.");
        var tensor = new StoredTensor(name, type, shape, file.Path)
        {
            Address = (nint)(file.Data + dataStart + (long)offset),
            ByteLength = bytes,
        };
        if (!_byName.TryAdd(name, tensor))
            throw new HeedException($"{file.Path}: the tensor '{name}' occurs twice.");
        _tensors.Add(tensor);
        return tensor;
    }

    /// <summary>Throws if two tensors share bytes.</summary>
    public void CheckOverlaps()
    {
        var placed = _tensors.FindAll(t => t.ByteLength > 0);
        if (!IsInOrder(placed)) // files nearly always are
            placed.Sort((a, b) => a.Address.CompareTo(b.Address));
        for (var i = 1; i < placed.Count; i++)
            if (placed[i - 1].Address + placed[i - 1].ByteLength > placed[i].Address)
                throw new HeedException($"{file.Path}: the tensors '{placed[i - 1].Name}' and '{placed[i].Name}' overlap. The file is damaged.");
    }

    private static bool IsInOrder(List<StoredTensor> tensors)
    {
        for (var i = 1; i < tensors.Count; i++)
            if (tensors[i - 1].Address > tensors[i].Address)
                return false;
        return true;
    }

    /// <summary>The bytes of a tensor, or an error if a row is not whole blocks or the size is absurd.</summary>
    public long ByteLength(string name, ElementType type, long[] shape)
    {
        // Zeros are skipped when looking for overflow, so that every partial product is safe, too.
        const long Most = long.MaxValue / 512; // no block takes more than 512 bytes
        var count = 1L;
        foreach (var size in shape)
        {
            if (count > Most / Math.Max(1, size))
                throw new HeedException($"{file.Path}: tensor '{name}' has the shape {ShapeText(shape)}, more numbers than any file can hold. The file is damaged.");
            count *= Math.Max(1, size);
        }
        if (shape.Contains(0))
            return 0;
        var row = shape.Length == 0 ? 1 : shape[^1];
        if (row % type.BlockLength() != 0)
            throw new HeedException($"{file.Path}: tensor '{name}' has rows of {row} numbers; {type} is stored in blocks of {type.BlockLength()}, which must fill a row.");
        return count / type.BlockLength() * type.BlockBytes();
    }

    private static string ShapeText(long[] shape) => $"[{string.Join(", ", shape)}]";
}
