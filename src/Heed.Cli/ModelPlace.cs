namespace Heed.Cli;

/// <summary>Where the model is when none is named.</summary>
internal static class ModelPlace
{
    private const string Embedded = "smollm2-135m-instruct";

    /// <summary>Names a model for all commands.</summary>
    public const string Variable = "HEED_MODEL";

    /// <summary>How a model is found, for help.</summary>
    public const string Search = "A folder in Hugging Face layout or a .gguf file. Default: $HEED_MODEL, else the embedded SmolLM2-135M-Instruct.";

    /// <summary>
    /// The model's path: the one given, else $HEED_MODEL, else the embedded one: <c>models/smollm2-135m-instruct</c> beside the
    /// tool (as it is packed and published), or in a folder above it (as it lies in a checkout).
    /// </summary>
    public static string Find(string? given)
    {
        if (given is not null) return given.Length > 0 ? given : throw new UsageException("--model is empty; give a folder or a .gguf file.");
        return Own() ?? throw new HeedException($"The embedded model (models/{Embedded}) is neither beside the tool in {AppContext.BaseDirectory} nor above it. Name a model with --model or {Variable}.");
    }

    /// <summary>The model that is taken where none is given: $HEED_MODEL, else the embedded one, else none.</summary>
    public static string? Own()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var place = Path.Combine(folder.FullName, "models", Embedded);
            if (Directory.Exists(place)) return place;
        }
        return null;
    }

    /// <summary>How a model is called in a title.</summary>
    public static string NameOf(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(full) && Path.GetFileName(full) == Embedded) return "SmolLM2-135M-Instruct";
        return Path.GetFileName(full);
    }

    /// <summary>How several are called beside each other: by as much of their paths as tells them apart.</summary>
    /// <exception cref="UsageException">One of them is given twice.</exception>
    public static string[] NamesOf(IReadOnlyList<string> paths)
    {
        string[] full = [.. paths.Select(p => Path.TrimEndingDirectorySeparator(Path.GetFullPath(p)))];
        if (full.GroupBy(p => p).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new UsageException($"--model {twice.Key} is given twice; give each model once.");
        string[] names = [.. paths.Select(NameOf)];
        var above = full.Select(Path.GetDirectoryName).ToArray();
        while (names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } same)
        {
            for (var i = 0; i < names.Length; i++)
            {
                if (names[i] != same.Key || above[i] is not { } folder) continue;
                // A root has no name of its own.
                names[i] = $"{(Path.GetFileName(folder) is { Length: > 0 } name ? name : folder.TrimEnd('/', '\\'))}/{names[i]}";
                above[i] = Path.GetDirectoryName(folder);
            }
        }
        return names;
    }
}
