using System.Text.Json;
using Heed.Formats;

namespace Heed;

/// <summary>Reads what a checkpoint's authors recommend for generation: generation_config.json.</summary>
internal static class RecommendedOptions
{
    /// <summary>The options beside the checkpoint, or the defaults where there are none. <c>do_sample</c> false means greedy.</summary>
    public static GenerationOptions Read(string path)
    {
        var file = Path.Combine(path, "generation_config.json");
        if (!File.Exists(file)) return new();
        using var json = JsonFile.Open(file);
        var root = json.RootElement;
        GenerationOptions options = new() { RepetitionPenalty = Number("repetition_penalty", 1) };
        if (root.TryGetProperty("do_sample", out var sample) && sample.ValueKind == JsonValueKind.True)
            options = options with
            {
                Temperature = Number("temperature", 1),
                TopK = (int)Number("top_k", 50),   // transformers' own default
                TopP = Number("top_p", 1),
                MinP = Number("min_p", 0),
            };
        try
        {
            options.Validate(int.MaxValue);
        }
        catch (HeedException error)
        {
            throw new HeedException($"{file}: {error.Message}", error);
        }
        return options;

        float Number(string key, float otherwise)
        {
            if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return otherwise;
            return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) && Math.Abs(number) < 1e9f ? number
                : throw new HeedException($"{file}: {key} is {value.GetRawText()}; it must be a number.");
        }
    }
}
