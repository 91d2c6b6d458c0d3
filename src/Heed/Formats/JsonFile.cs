using System.Text.Json;

namespace Heed.Formats;

/// <summary>Reads the JSON files of a checkpoint: config.json, tokenizer.json and their kind.</summary>
internal static class JsonFile
{
    /// <summary>The largest tokenizers have 35 MB; a JSON file far beyond that is not one of a checkpoint's.</summary>
    public const long DefaultLimit = 256L << 20;

    /// <summary>Deeper than any file of a checkpoint, and far from the stack's end for whoever walks it recursively.</summary>
    public const int MaximumDepth = 64;

    /// <summary>The JSON object in the file at <paramref name="path"/>.</summary>
    /// <remarks>All its texts are valid Unicode, so that <see cref="JsonElement.GetString"/> cannot fail on one.</remarks>
    /// <exception cref="HeedException">It is missing, unreadable, larger than <paramref name="limit"/> bytes, or not a JSON object.</exception>
    public static JsonDocument Open(string path, long limit = DefaultLimit) => Parse(ReadAllBytes(path, limit), path);

    /// <summary>The JSON object in <paramref name="text"/> (UTF-8); <paramref name="name"/> is the file's name in messages.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> text, string name)
    {
        if (text.Span.StartsWith("\uFEFF"u8))
            text = text[3..];
        Tokenization.TextFile.CheckUtf8(text.Span, name);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaximumDepth });
        }
        catch (JsonException e)
        {
            throw new HeedException($"{name} is not valid JSON, line {e.LineNumber + 1}: {e.Message}", e);
        }
        try
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new HeedException($"{name} holds a JSON {document.RootElement.ValueKind}; an object {{...}} is needed.");
            CheckSurrogates(text.Span, name);
            return document;
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    private static byte[] ReadAllBytes(string path, long limit)
    {
        if (Directory.Exists(path))
            throw new HeedException($"{path} is a folder; a JSON file is needed here.");
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists)
                throw new HeedException($"{path} does not exist.");
            if (info.Length == 0) // also pipes and devices, which might never end
                throw new HeedException($"{path} is empty (0 bytes, or not a regular file).");
            if (info.Length > limit)
                throw new HeedException($"{path} has {info.Length} bytes; at most {limit} are read as JSON.");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new HeedException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// An escape of half a surrogate pair (\ud800 alone) is well-formed JSON but no text; .NET would fail on it only when
    /// the text is asked for, with an exception that knows neither file nor line.
    /// </summary>
    private static void CheckSurrogates(ReadOnlySpan<byte> json, string name)
    {
        var at = 0;
        for (var skip = 2; json[at..].IndexOf((byte)'\\') is >= 0 and var ahead; at += skip)
        {
            at += ahead;
            var first = Unit(json, at);
            skip = first < 0 ? 2 : 6;
            if (first is < 0xD800 or > 0xDFFF)
                continue;
            if (first > 0xDBFF || Unit(json, at + 6) is < 0xDC00 or > 0xDFFF)
                throw new HeedException($"{name}, line {json[..at].Count((byte)'\n') + 1}: the escape \\u{first:x4} is half of a surrogate pair without its other half.");
            skip = 12;
        }
    }

    /// <summary>The value of an escape \uXXXX at <paramref name="at"/>, or -1 if there is none. The JSON is known to be well-formed.</summary>
    private static int Unit(ReadOnlySpan<byte> json, int at)
    {
        if (at + 6 > json.Length || json[at] != '\\' || json[at + 1] != 'u')
            return -1;
        return int.Parse(json.Slice(at + 2, 4), System.Globalization.NumberStyles.AllowHexSpecifier);
    }
}
