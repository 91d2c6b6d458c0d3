namespace Heed.Families;

/// <summary>Which layers see everything before them and which a window: <c>layer_types</c>, or the class's own rule.</summary>
internal static class LayerTypes
{
    /// <summary>The window of every layer (null: none).</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="window">What sliding_window says; null: none.</param>
    /// <param name="byDefault">The class's rule where the file has no <c>layer_types</c>: does layer i have a window?</param>
    public static int?[] Windows(ConfigReader config, int layers, int? window, Func<int, bool> byDefault)
    {
        var types = config.Strings("layer_types");
        if (types is not null && types.Count != layers)
            throw config.Error("layer_types", $"has {types.Count} entries for {layers} layers");
        var windows = new int?[layers];
        for (var i = 0; i < layers; i++)
        {
            var slides = types is null ? byDefault(i) : types[i] switch
            {
                "full_attention" => false,
                "sliding_attention" => true,
                _ => throw config.Error("layer_types", $"holds \"{types[i]}\"; Heed knows full_attention and sliding_attention"),
            };
            if (!slides) continue;
            windows[i] = window ?? (types is null ? null
                : throw config.Error("layer_types", "has sliding_attention, but there is no sliding_window in use (use_sliding_window)"));
        }
        return windows;
    }
}
