using System.IO.MemoryMappedFiles;

namespace Heed.Formats;

/// <summary>
/// A whole file as read-only memory: <see cref="Data"/> is its first byte, <see cref="Length"/> its true size.
/// Nothing is read until it is touched, and the system may drop pages again, so a checkpoint larger than memory opens at once.
/// </summary>
/// <remarks>
/// Files must not be shortened while they are open: on Unix the system ends a process that touches a page behind the new end.
/// Heed's own writers put a finished file in place by renaming, which leaves an open mapping whole.
/// </remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private bool _disposed;

    /// <summary>The path, for messages.</summary>
    public string Path { get; }

    /// <summary>The first byte.</summary>
    public byte* Data { get; }

    /// <summary>The file's size in bytes, as the file system gives it.</summary>
    public long Length { get; }

    private MappedFile(string path, byte* data, long length, MemoryMappedFile? file, MemoryMappedViewAccessor? view)
    {
        Path = path;
        Data = data;
        Length = length;
        _file = file;
        _view = view;
    }

    /// <summary>Memory that somebody else owns, read as if it were a file named <paramref name="name"/>.</summary>
    public static MappedFile FromMemory(byte* data, long length, string name) => new(name, data, length, null, null);

    /// <summary>Maps the file at <paramref name="path"/>.</summary>
    /// <exception cref="HeedException">It is missing, a folder, empty, unreadable, or cannot be mapped.</exception>
    public static MappedFile Open(string path)
    {
        if (Directory.Exists(path))
            throw new HeedException($"{path} is a folder; a file is needed here.");
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists)
                throw new HeedException($"{path} does not exist.");
            // Pipes and devices report zero as well; opening those could wait forever.
            if (info.Length == 0)
                throw new HeedException($"{path} is empty (0 bytes, or not a regular file). If it was downloaded, download it again.");
            return Map(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new HeedException($"{path} cannot be read: {e.Message}", e);
        }
    }

    private static MappedFile Map(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        // The mapping keeps its own descriptor (leaveOpen: false would close ours with it; ours ends with this method).
        var length = stream.Length;
        var file = MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        MemoryMappedViewAccessor? view = null;
        try
        {
            view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            byte* data = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
            return new MappedFile(path, data + view.PointerOffset, length, file, view);
        }
        catch
        {
            view?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the memory. Pointers into it are dead from here on.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }
}
