namespace Heed.Formats;

/// <summary>Writes files that are either complete or not there.</summary>
internal static class AtomicFile
{
    /// <summary>
    /// Lets <paramref name="write"/> fill a new file beside <paramref name="path"/>, brings it to the disk, and only then
    /// gives it its name, replacing what had it. Readers that have the old file mapped keep it whole.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="size">Its size in bytes if known; a full disk is then noticed before anything is written.</param>
    /// <param name="write">Fills the file.</param>
    /// <exception cref="HeedException">The folder is missing or not writable, the disk is full, or writing failed.
    /// Nothing is left behind, and a file that was there before is untouched.</exception>
    public static void Write(string path, long size, Action<Stream> write)
    {
        path = Target(path);
        var temporary = IsDevice(path) ? path : $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, new FileStreamOptions
            {
                Mode = temporary == path ? FileMode.Open : FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = 1 << 16,
                PreallocationSize = temporary == path ? 0 : size,
            }))
            {
                write(stream);
                stream.Flush(flushToDisk: temporary != path);
            }
            if (temporary != path) File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e)
        {
            if (temporary != path) Remove(temporary);
            if (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
                throw new HeedException($"{path} cannot be written: {e.Message}", e);
            throw;
        }
    }

    /// <summary>The file that a chain of links leads to: the file is replaced, not the link.</summary>
    private static string Target(string path)
    {
        try
        {
            return File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return path;    // writing will say what is wrong
        }
    }

    /// <summary>A device is written to, never replaced.</summary>
    private static bool IsDevice(string path) => !OperatingSystem.IsWindows() && Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal) && File.Exists(path);

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            // The error that brought us here is the one to report.
        }
    }
}
