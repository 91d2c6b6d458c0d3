using System.Runtime.CompilerServices;

namespace Heed.Formats;

/// <summary>A safetensors file, mapped read-only: tensors read in place, and the text pairs of its header.</summary>
/// <remarks>
/// Layout: u64 length of the header; the header, a JSON object of at most 100 MB of
/// <c>"name": {"dtype", "shape", "data_offsets": [begin, end]}</c> and <c>"__metadata__": {text: text}</c>, possibly
/// followed by spaces; the tensors' bytes, which fill the rest of the file without holes or overlaps.
/// (github.com/huggingface/safetensors, README.)
/// </remarks>
public sealed class SafetensorsFile : ITensorFile
{
    /// <summary>The limit of the reference implementation.</summary>
    internal const long MaximumHeader = 100_000_000;

    private readonly MappedFile _file;
    private readonly TensorTable _tensors;

    private SafetensorsFile(MappedFile file, TensorTable tensors, IReadOnlyDictionary<string, string> metadata)
    {
        _file = file;
        _tensors = tensors;
        Metadata = metadata;
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>The file's size in bytes.</summary>
    public long Length => _file.Length;

    /// <summary>The pairs under <c>__metadata__</c>; empty if there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<StoredTensor> Tensors => _tensors.All;

    /// <inheritdoc/>
    public StoredTensor? Find(string name) => _tensors.Find(name);

    /// <summary>Opens the safetensors file at <paramref name="path"/>.</summary>
    /// <exception cref="HeedException">It cannot be read, or its header is malformed or does not agree with its size.</exception>
    public static SafetensorsFile Open(string path) => Open(MappedFile.Open(path));

    /// <summary>Reads what <paramref name="file"/> maps, and owns it from here on, even if it throws.</summary>
    internal static SafetensorsFile Open(MappedFile file)
    {
        try
        {
            return Read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static unsafe SafetensorsFile Read(MappedFile file)
    {
        if (file.Length < 8)
            throw new HeedException($"{file.Path} is not a safetensors file: it has {file.Length} bytes, fewer than the header's length takes.");
        var length = Unsafe.ReadUnaligned<ulong>(file.Data);
        if (length > MaximumHeader)
            throw new HeedException($"{file.Path} is not a safetensors file, or damaged: it claims a header of {length} bytes; at most {MaximumHeader} are allowed.");
        if ((long)length > file.Length - 8)
            throw new HeedException($"{file.Path} claims a header of {length} bytes, but only {file.Length - 8} follow. It is damaged or was not downloaded completely.");
        var header = new ReadOnlySpan<byte>(file.Data + 8, (int)length);
        if (header.IsEmpty || header[0] != (byte)'{')
            throw new HeedException($"{file.Path} is not a safetensors file: its header does not begin with '{{'.");

        var (entries, metadata) = SafetensorsHeader.Parse(header, file.Path);
        var dataStart = 8 + (long)length;
        var tensors = new TensorTable(file);
        foreach (var (name, type, shape, begin, end) in entries)
        {
            var bytes = tensors.ByteLength(name, type, shape);
            if (end - begin != (ulong)bytes)
                throw new HeedException($"{file.Path}: tensor '{name}' ({type} [{string.Join(", ", shape)}]) takes {bytes} bytes, but its data_offsets are [{begin}, {end}].");
            tensors.Add(name, type, shape, dataStart, begin);
        }
        CheckNoHoles(file, entries, dataStart);
        return new(file, tensors, metadata);
    }

    /// <summary>Together the tensors fill the rest of the file, each byte once.</summary>
    private static void CheckNoHoles(MappedFile file, List<SafetensorsHeader.Entry> entries, long dataStart)
    {
        var end = 0UL;
        string? before = null;
        var placed = new List<SafetensorsHeader.Entry>(entries);
        placed.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        foreach (var entry in placed)
        {
            if (entry.Begin < end)
                throw new HeedException($"{file.Path}: the tensors '{before}' and '{entry.Name}' overlap. The file is damaged.");
            if (entry.Begin > end)
                throw new HeedException($"{file.Path}: {entry.Begin - end} bytes before the tensor '{entry.Name}' belong to no tensor. The file is damaged.");
            (end, before) = (entry.End, entry.Name);
        }
        var left = file.Length - dataStart - (long)end;
        if (left != 0)
            throw new HeedException($"{file.Path}: {left} bytes at the end belong to no tensor. The file is damaged.");
    }
}
