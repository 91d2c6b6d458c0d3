using System.Text.Json;

namespace Heed.Formats;

/// <summary>
/// A checkpoint split over several safetensors files, as <c>model.safetensors.index.json</c> lists it:
/// <c>{"weight_map": {tensor: file, …}}</c> with files beside the index.
/// </summary>
public sealed class ShardedTensors : ITensorFile
{
    private readonly Dictionary<string, SafetensorsFile> _shards;
    private readonly List<StoredTensor> _tensors = [];
    private readonly Dictionary<string, StoredTensor> _byName = [];

    private ShardedTensors(string path, Dictionary<string, SafetensorsFile> shards)
    {
        Path = path;
        _shards = shards;
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>The open files, in the order the index first names them.</summary>
    public IReadOnlyCollection<SafetensorsFile> Shards => _shards.Values;

    /// <summary>The tensors the index lists, in its order; others that a shard may hold are left out.</summary>
    public IReadOnlyCollection<StoredTensor> Tensors => _tensors;

    /// <inheritdoc/>
    public StoredTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Opens the index at <paramref name="path"/> and every shard it names.</summary>
    /// <exception cref="HeedException">
    /// The index is malformed or names a file outside its folder; a shard is missing or malformed, or lacks a listed tensor.
    /// </exception>
    public static ShardedTensors Open(string path)
    {
        using var index = JsonFile.Open(path);
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        return Open(index, path, shard =>
        {
            var file = System.IO.Path.Combine(folder, shard);
            return File.Exists(file)
                ? SafetensorsFile.Open(file)
                : throw new HeedException($"{path} lists the file '{shard}', but {file} does not exist. Download the missing part.");
        });
    }

    /// <summary>Builds the checkpoint of a parsed index; <paramref name="open"/> opens a shard by its name, which is checked first.</summary>
    internal static ShardedTensors Open(JsonDocument index, string path, Func<string, SafetensorsFile> open)
    {
        if (!index.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw new HeedException($"{path} is not an index of safetensors files: it has no object 'weight_map'.");
        var sharded = new ShardedTensors(path, []);
        try
        {
            foreach (var pair in map.EnumerateObject())
                sharded.Add(pair, open);
            return sharded;
        }
        catch
        {
            sharded.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in _shards.Values)
            shard.Dispose();
    }

    private void Add(JsonProperty pair, Func<string, SafetensorsFile> open)
    {
        if (pair.Value.ValueKind != JsonValueKind.String)
            throw new HeedException($"{Path}: weight_map['{pair.Name}'] must be a file name, but is a JSON {pair.Value.ValueKind}.");
        var shard = pair.Value.GetString()!;
        if (!_shards.TryGetValue(shard, out var file))
        {
            CheckStaysInside(shard, pair.Name);
            _shards.Add(shard, file = open(shard));
        }
        var tensor = file.Find(pair.Name)
            ?? throw new HeedException($"{Path} says that the tensor '{pair.Name}' is in '{shard}', but that file does not have it. Index and parts do not belong together, or one was not downloaded completely.");
        if (!_byName.TryAdd(pair.Name, tensor))
            throw new HeedException($"{Path}: weight_map lists the tensor '{pair.Name}' twice.");
        _tensors.Add(tensor);
    }

    /// <summary>
    /// A shard lies in the index's folder or below: an index from elsewhere must not make Heed read any file it names.
    /// Both separators count on every system, so that a checkpoint is refused everywhere or nowhere.
    /// </summary>
    private void CheckStaysInside(string shard, string tensor)
    {
        var parts = shard.Split('/', '\\');
        if (shard.Length == 0 || shard.Contains(':') || shard.Contains('\0') || System.IO.Path.IsPathRooted(shard)
            || parts.Any(p => p is "" or "." or ".."))
            throw new HeedException($"{Path}: weight_map['{tensor}'] names the file '{shard}', which is not a path inside the index's folder.");
    }
}
