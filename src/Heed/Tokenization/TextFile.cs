using System.Text.Json;
using System.Text.Unicode;

namespace Heed.Tokenization;

/// <summary>Reads text files whole, as UTF-8 that is known to be valid.</summary>
internal static class TextFile
{
    private const long Limit = 256L << 20;

    /// <summary>The lines of a file, without their ends.</summary>
    /// <exception cref="HeedException">It cannot be read, is too large, or is not UTF-8.</exception>
    public static List<string> ReadLines(string path)
    {
        var lines = new List<string>();
        using var reader = new StreamReader(new MemoryStream(ReadBytes(path)), System.Text.Encoding.UTF8);
        while (reader.ReadLine() is { } line) lines.Add(line);
        return lines;
    }

    /// <summary>A JSON file of any kind of value.</summary>
    /// <exception cref="HeedException">It cannot be read, is too large, is not UTF-8, or not JSON.</exception>
    public static JsonDocument OpenJson(string path)
    {
        try
        {
            return JsonDocument.Parse(ReadBytes(path));
        }
        catch (JsonException e)
        {
            throw new HeedException($"{path} is not valid JSON, line {e.LineNumber + 1}: {e.Message}", e);
        }
    }

    private static byte[] ReadBytes(string path)
    {
        byte[] bytes;
        try
        {
            var length = new FileInfo(path).Length;
            if (length > Limit) throw new HeedException($"{path} has {length} bytes; at most {Limit} are read.");
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new HeedException($"{path} cannot be read: {e.Message}", e);
        }
        CheckUtf8(bytes, path);
        return bytes;
    }

    /// <summary>Throws, naming the place, if the bytes are not UTF-8.</summary>
    public static void CheckUtf8(ReadOnlySpan<byte> bytes, string name)
    {
        if (Utf8.IsValid(bytes)) return;
        var at = 0;
        while (at < bytes.Length && System.Text.Rune.DecodeFromUtf8(bytes[at..], out _, out var consumed) == System.Buffers.OperationStatus.Done) at += consumed;
        throw new HeedException($"{name} is not valid UTF-8: the byte 0x{bytes[at]:X2} at offset {at} begins no character.");
    }
}
