using Heed.Formats;

namespace Heed.Families;

/// <summary>
/// Typed access to a GGUF file's model metadata (<c>&lt;architecture&gt;.key</c>) that remembers what was read, so that
/// <see cref="Finish"/> can refuse what was not.
/// </summary>
internal sealed class GgufConfigReader
{
    private readonly GgufMetadata _metadata;
    private readonly HashSet<string> _read = [];

    /// <summary>Reads an open file. <paramref name="tensors"/> reads the same file's tensors: some of GGUF's configuration is stored as such.</summary>
    public GgufConfigReader(GgufFile file, WeightReader tensors)
    {
        File = file.Path;
        Tensors = tensors;
        _metadata = file.Metadata;
        Architecture = _metadata.Contains("general.architecture")
            ? _metadata.GetString("general.architecture")
            : throw new HeedException($"{File}: the metadata key 'general.architecture' is missing; Heed cannot tell which family the file belongs to.");
    }

    /// <summary>The file, for messages.</summary>
    public string File { get; }

    /// <summary>What <c>general.architecture</c> says.</summary>
    public string Architecture { get; }

    /// <summary>The file's tensors.</summary>
    public WeightReader Tensors { get; }

    /// <summary>True if the file has the key. Does not count as reading it.</summary>
    public bool Has(string key) => _metadata.Contains(Full(key));

    /// <summary>A whole number of at least <paramref name="min"/>; an error if missing and there is no default.</summary>
    public int Int(string key, int? fallback = null, int min = 1)
    {
        if (!Mark(key)) return fallback ?? throw Missing(key);
        var value = _metadata.GetLong(Full(key));
        return value >= min && value <= int.MaxValue ? (int)value
            : throw Error(key, value, $"must be a whole number of at least {min} and below 2^31");
    }

    /// <summary>A number, or one a layer: the file may hold either.</summary>
    public int[] PerLayer(string key, int layers, int? fallback = null, int min = 1)
    {
        int[] values;
        if (Has(key) && _metadata.TypeOf(Full(key)) == GgufValueType.Array)
        {
            Mark(key);
            var count = _metadata.CountOf(Full(key));
            if (count != layers) throw Error(key, $"a list of {count}", $"must hold one number a layer, {layers}");
            values = _metadata.Ints(Full(key));
            foreach (var value in values)
                if (value < min) throw Error(key, value, $"must be at least {min}");
            return values;
        }
        values = new int[layers];
        Array.Fill(values, Int(key, fallback, min));
        return values;
    }

    /// <summary>A finite number; an error if missing and there is no default.</summary>
    public double Float(string key, double? fallback = null)
    {
        if (!Mark(key)) return fallback ?? throw Missing(key);
        var value = _metadata.GetDouble(Full(key));
        return float.IsFinite((float)value) ? value : throw Error(key, value, "must be a finite number");
    }

    /// <summary>A finite number above zero.</summary>
    public double Positive(string key, double? fallback = null)
    {
        var value = Float(key, fallback);
        return value > 0 ? value : throw Error(key, value, "must be greater than 0");
    }

    /// <summary>True or false.</summary>
    public bool Bool(string key, bool fallback) => Mark(key) ? _metadata.GetBool(Full(key)) : fallback;

    /// <summary>A text, or null where missing.</summary>
    public string? String(string key) => Mark(key) ? _metadata.GetString(Full(key)) : null;

    /// <summary>A list of truth values, or null where the key is missing or holds something else.</summary>
    public bool[]? Bools(string key)
        => Has(key) && _metadata.TypeOf(Full(key)) == GgufValueType.Array && Mark(key) ? _metadata.Bools(Full(key)) : null;

    /// <summary>Number of tokens: rows of the embedding matrix, which is what counts, wherever else it is written.</summary>
    public int VocabularySize()
    {
        Mark("vocab_size");
        return Tensors.RowsOf("token_embd.weight") is { } rows and > 0 and <= int.MaxValue ? (int)rows
            : throw new HeedException($"{File}: the tensor token_embd.weight is missing or has no rows.");
    }

    /// <summary>Number of layers, within reason.</summary>
    public int LayerCount()
    {
        var layers = Int("block_count");
        return layers <= ConfigReader.MaximumLayers ? layers
            : throw Error("block_count", layers, $"is more layers than any model has (Heed reads up to {ConfigReader.MaximumLayers})");
    }

    /// <summary>
    /// The window of every layer (null: none). <paramref name="pattern"/> is the family's: of so many layers the last sees
    /// everything. The file may hold another number, or a list of one truth value a layer.
    /// </summary>
    public int?[] Windows(int layers, int window, int pattern)
    {
        const string Key = "attention.sliding_window_pattern";
        var windows = new int?[layers];
        var slides = Bools(Key);
        if (slides is not null && slides.Length != layers) throw Error(Key, $"a list of {slides.Length}", $"must hold one value a layer, {layers}");
        if (slides is null) pattern = Int(Key, pattern);
        if (window > 0)
            for (var i = 0; i < layers; i++)
                if (slides?[i] ?? (i + 1) % pattern != 0) windows[i] = window;
        return windows;
    }

    /// <summary>A mixture of experts of these two numbers.</summary>
    public ExpertsConfig Experts(int count, int used, bool normalize)
    {
        if (count is < 1 or > 100_000) throw Error("expert_count", count, "must be between 1 and 100000");
        return used >= 1 && used <= count ? new(count, used, normalize)
            : throw Error("expert_used_count", used, $"must be between 1 and the {count} experts");
    }

    /// <summary>Marks keys as read that do not change the family's results.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys) _read.Add(Full(key));
    }

    /// <summary>Refuses what was not read and is not known to leave the results alone.</summary>
    public void Finish()
    {
        if (!Bool("attention.causal", true))
            throw Error("attention.causal", "false", "is not supported; Heed runs models that look back only");
        Ignore("vocab_size", "rope.scaling.finetuned", "tensor_data_layout", "attention.recurrent_layers", "pooling_type");
        foreach (var key in _metadata.Keys)
            if (key.StartsWith($"{Architecture}.", StringComparison.Ordinal) && !_read.Contains(key))
                throw new HeedException($"{File}: {key} is an option that the family {Architecture} does not have in Heed, and it might change the result.");
    }

    /// <summary>An error about a key: names the file, the key and its value.</summary>
    public HeedException Error(string key, object value, string problem) => new($"{File}: {Full(key)} = {value} {problem}.");

    private HeedException Missing(string key) => new($"{File}: the metadata key '{Full(key)}' is missing; the family {Architecture} cannot do without it.");

    private bool Mark(string key)
    {
        _read.Add(Full(key));
        return _metadata.Contains(Full(key));
    }

    private string Full(string key) => $"{Architecture}.{key}";
}
