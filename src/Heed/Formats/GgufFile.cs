using Heed.Numerics;

namespace Heed.Formats;

/// <summary>
/// A GGUF file (versions 2 and 3, little-endian), mapped read-only: metadata, and tensors read in place.
/// </summary>
/// <remarks>
/// Layout: magic "GGUF", u32 version, u64 number of tensors, u64 number of metadata values; the metadata; for each tensor
/// its name, u32 number of dimensions, u64 dimensions fastest first, u32 type, u64 offset; then, from the next multiple of
/// <c>general.alignment</c> (32) on, the tensors' bytes at their offsets.
/// (github.com/ggml-org/ggml, docs/gguf.md.)
/// </remarks>
public sealed class GgufFile : ITensorFile
{
    private const uint Magic = 0x46554747; // "GGUF", read as a little-endian number
    private const int DefaultAlignment = 32;
    internal const int MaximumDimensions = 4;

    private readonly MappedFile _file;
    private readonly TensorTable _tensors;

    /// <summary>A tensor as the header lists it; the offset is relative to the data's start and not yet checked.</summary>
    private sealed record TensorInfo(string Name, ElementType Type, long[] Shape, ulong Offset);

    private GgufFile(MappedFile file, int version, GgufMetadata metadata, TensorTable tensors)
    {
        _file = file;
        Version = version;
        Metadata = metadata;
        _tensors = tensors;
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>The format's version: 2 or 3, which differ only in that 3 allows big-endian files.</summary>
    public int Version { get; }

    /// <summary>The file's size in bytes.</summary>
    public long Length => _file.Length;

    /// <summary>The metadata.</summary>
    public GgufMetadata Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<StoredTensor> Tensors => _tensors.All;

    /// <inheritdoc/>
    public StoredTensor? Find(string name) => _tensors.Find(name);

    /// <summary>Opens the GGUF file at <paramref name="path"/>.</summary>
    /// <exception cref="HeedException">It cannot be read, is no GGUF file, or its header does not agree with its size.</exception>
    public static GgufFile Open(string path) => Open(MappedFile.Open(path));

    /// <summary>Reads what <paramref name="file"/> maps, and owns it from here on, even if it throws.</summary>
    internal static GgufFile Open(MappedFile file)
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

    private static GgufFile Read(MappedFile file)
    {
        var reader = new GgufReader(file);
        if (reader.Remaining < 4 || reader.Read<uint>("the magic") != Magic)
            throw new HeedException($"{file.Path} is not a GGUF file: it does not begin with \"GGUF\".");
        var version = ReadVersion(ref reader, file);
        var tensorCount = reader.Read<ulong>("the number of tensors");
        var metadataCount = reader.Read<ulong>("the number of metadata values");
        var metadata = GgufMetadata.Read(ref reader, file, metadataCount);
        var alignment = Alignment(metadata, file);
        RefuseParts(metadata, file);

        // A tensor takes at least 24 bytes: name length, number of dimensions, type, offset.
        if (tensorCount > (ulong)reader.Remaining / 24)
            throw new HeedException($"{file.Path}: the header claims {tensorCount} tensors, more than the remaining {reader.Remaining} bytes could hold. The file is damaged or cut off.");
        var tensors = new TensorTable(file);
        var infos = new List<TensorInfo>();
        for (var i = 0UL; i < tensorCount; i++)
            infos.Add(ReadInfo(ref reader, file));

        var dataStart = checked((reader.Position + alignment - 1) / alignment * alignment);
        foreach (var (name, type, shape, offset) in infos)
        {
            if (offset % (ulong)alignment != 0)
                throw new HeedException($"{file.Path}: tensor '{name}' starts at offset {offset}, which is not a multiple of the alignment {alignment}. The file is damaged.");
            tensors.Add(name, type, shape, dataStart, offset);
        }
        tensors.CheckOverlaps();
        return new(file, version, metadata, tensors);
    }

    private static int ReadVersion(ref GgufReader reader, MappedFile file)
    {
        var version = reader.Read<uint>("the version");
        if ((version & 0xFFFF) == 0)
            throw new HeedException($"{file.Path} is a big-endian GGUF file (version 0x{version:x8}); only little-endian ones are read. Convert it with gguf_convert_endian.py of llama.cpp.");
        return version switch
        {
            2 or 3 => (int)version,
            1 => throw new HeedException($"{file.Path} is a GGUF file of version 1, which was given up in 2023; versions 2 and 3 are read. Convert the model again."),
            _ => throw new HeedException($"{file.Path} is a GGUF file of version {version}; versions 2 and 3 are read."),
        };
    }

    private static long Alignment(GgufMetadata metadata, MappedFile file)
    {
        var alignment = metadata.GetLong("general.alignment", DefaultAlignment);
        return alignment is > 0 and <= uint.MaxValue && long.IsPow2(alignment)
            ? alignment
            : throw new HeedException($"{file.Path}: general.alignment is {alignment}; it must be a power of two.");
    }

    /// <summary>Large models come split into files; a part alone lacks most tensors, which would show only much later.</summary>
    private static void RefuseParts(GgufMetadata metadata, MappedFile file)
    {
        var parts = metadata.GetLong("split.count", 0);
        if (parts > 1)
            throw new HeedException($"{file.Path} is part {metadata.GetLong("split.no", 0) + 1} of a model split into {parts} files, which are not read. Join them with llama.cpp's llama-gguf-split --merge.");
    }

    private static TensorInfo ReadInfo(ref GgufReader reader, MappedFile file)
    {
        var name = reader.String("a tensor's name", GgufReader.MaximumName);
        var what = "the description of a tensor";
        var dimensions = reader.Read<uint>(what);
        if (dimensions > MaximumDimensions)
            throw new HeedException($"{file.Path}: tensor '{name}' has {dimensions} dimensions; GGUF has at most {MaximumDimensions}. The file is damaged.");
        var shape = new long[dimensions];
        for (var d = shape.Length - 1; d >= 0; d--) // the file lists the fastest first, a StoredTensor last
        {
            var size = reader.Read<ulong>(what);
            if (size > long.MaxValue)
                throw new HeedException($"{file.Path}: tensor '{name}' has a dimension of {size}. The file is damaged.");
            shape[d] = (long)size;
        }
        var id = reader.Read<uint>(what);
        var type = GgufTypes.TensorType(id)
            ?? throw new HeedException($"{file.Path}: tensor '{name}' is stored as {GgufTypes.Describe(id)}.");
        return new(name, type, shape, reader.Read<ulong>(what));
    }
}
