namespace Heed.Formats;

/// <summary>Opens a checkpoint's tensors wherever they are: in a file of any known format, or in a folder.</summary>
public static class TensorFiles
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";

    /// <summary>
    /// Opens a <c>.gguf</c> file, a <c>.safetensors</c> file, an index of several (<c>*.index.json</c>), or a folder with
    /// <c>model.safetensors</c>, <c>model.safetensors.index.json</c> or a single <c>.gguf</c> file, in this order.
    /// </summary>
    /// <exception cref="HeedException">There is nothing of the kind at <paramref name="path"/>, or it is malformed.</exception>
    public static ITensorFile Open(string path)
    {
        if (Directory.Exists(path))
            return OpenFolder(path);
        if (!File.Exists(path))
            throw new HeedException($"{path} does not exist. A .gguf file, a .safetensors file, its index.json, or a folder with one of them is needed.");
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            return ShardedTensors.Open(path);
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            return SafetensorsFile.Open(path);
        if (path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return GgufFile.Open(path);
        throw new HeedException($"{path} is of no known kind: a file named .gguf or .safetensors, an index.json, or a folder with one of them is needed.");
    }

    private static ITensorFile OpenFolder(string path)
    {
        var single = Path.Combine(path, SingleFile);
        if (File.Exists(single))
            return SafetensorsFile.Open(single);
        var index = Path.Combine(path, IndexFile);
        if (File.Exists(index))
            return ShardedTensors.Open(index);
        var files = Names(path);
        var gguf = files.Where(f => f.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).ToList();
        return gguf.Count switch
        {
            1 => GgufFile.Open(Path.Combine(path, gguf[0])),
            0 => throw new HeedException($"The folder {path} has no model: neither {SingleFile}, nor {IndexFile}, nor a .gguf file.{Hint(files)}"),
            _ => throw new HeedException($"The folder {path} has {gguf.Count} .gguf files; name one of them: {string.Join(", ", gguf.Take(10))}{(gguf.Count > 10 ? ", …" : "")}."),
        };
    }

    private static string Hint(List<string> files)
    {
        var other = files.Find(f => f.EndsWith(".bin", StringComparison.OrdinalIgnoreCase) || f.EndsWith(".pt", StringComparison.OrdinalIgnoreCase)
            || f.EndsWith(".pth", StringComparison.OrdinalIgnoreCase) || f.EndsWith(".ckpt", StringComparison.OrdinalIgnoreCase));
        return other is null ? "" : $" {other} is not read: pickle files can run code. Save the model as safetensors.";
    }

    private static List<string> Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HeedException($"The folder {folder} cannot be read: {e.Message}", e);
        }
    }
}
