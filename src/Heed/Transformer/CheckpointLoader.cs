using Heed.Families;
using Heed.Formats;

namespace Heed;

/// <summary>Opens a checkpoint of any family and layout.</summary>
internal static class CheckpointLoader
{
    /// <summary>
    /// Opens a Hugging Face folder (config.json and safetensors) or a .gguf file (or a folder that holds one). The weights are views of the file's mapped
    /// memory: they are valid until the returned file is closed.
    /// </summary>
    /// <exception cref="HeedException">The place holds no checkpoint, one of an unknown family, or one that contradicts itself.</exception>
    public static (TransformerConfig Config, TransformerWeights Weights, ITensorFile File) Open(string path)
    {
        // A file of a checkpoint's folder stands for the folder.
        if (File.Exists(path) && (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)))
            path = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (Directory.Exists(path) && File.Exists(Path.Combine(path, "config.json"))) return OpenFolder(path);
        var file = TensorFiles.Open(path);
        if (file is GgufFile gguf) return OpenGguf(gguf);
        file.Dispose();
        throw new HeedException($"{path}: holds tensors but no config.json, so Heed cannot tell which family they belong to.");
    }

    private static (TransformerConfig, TransformerWeights, ITensorFile) OpenFolder(string folder)
    {
        var options = ConfigReader.Open(Path.Combine(folder, "config.json"));
        var (family, config) = ReadConfig(options);
        var file = TensorFiles.Open(folder);
        try
        {
            var tensors = new WeightReader(file);
            var weights = family.ReadWeights(config, options, tensors);
            tensors.Finish();
            return (config, weights, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The family and configuration of a config.json, fully checked.</summary>
    internal static (Family, TransformerConfig) ReadConfig(ConfigReader options)
    {
        var family = FamilyRegistry.Of(options);
        var config = family.ReadConfig(options);
        options.Finish();
        return (family, config);
    }

    private static (TransformerConfig, TransformerWeights, ITensorFile) OpenGguf(GgufFile file)
    {
        try
        {
            var tensors = new WeightReader(file);
            var options = new GgufConfigReader(file, tensors);
            var family = FamilyRegistry.Of(options);
            var config = family.ReadConfig(options);
            options.Finish();
            var weights = family.ReadWeights(config, options, tensors);
            tensors.Finish();
            return (config, weights, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
