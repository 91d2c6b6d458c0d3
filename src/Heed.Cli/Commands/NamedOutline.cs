using System.CommandLine;

namespace Heed.Cli.Commands;

/// <summary>A model of which only sizes are needed: a loaded one, a config.json without weights, or a known one.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Description">What it is, or empty.</param>
/// <param name="Outline">Its configuration and tensors.</param>
internal sealed record NamedOutline(string Title, string Description, ModelOutline Outline)
{
    private static readonly string s_known = string.Join(", ", KnownModels.All.Select(m => m.Name));

    /// <summary>What a configuration of the user's does not say, and what its family takes for it.</summary>
    public IReadOnlyList<(string Key, string Value)> Assumed { get; private init; } = [];

    public static Argument<string?> Argument() => new("model")
    {
        Description = $"A folder in Hugging Face layout, a .gguf file, a config.json without weights, or {s_known}. Default: $HEED_MODEL, else the embedded SmolLM2-135M-Instruct.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static NamedOutline Open(ParseResult parsed, Terminal terminal, ModelOptions model, string? name)
    {
        if (name is not null && KnownModels.Find(name) is { } known) return new(known.Title, known.Description, known.Outline);
        if (name is not null && name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && File.Exists(name))
        {
            var outline = ModelOutline.Read(name);
            return new(Path.GetFileName(name) is "config.json" && Path.GetDirectoryName(Path.GetFullPath(name)) is { } folder ? Path.GetFileName(folder) : Path.GetFileName(name),
                "from its configuration, without weights", outline)
            {
                Assumed = outline.Assumed,
            };
        }
        if (name is { Length: > 0 } && !Path.Exists(name))
            throw new HeedException($"{name} does not exist, and is not a model that is known by name ({s_known}). A folder, a .gguf file or a config.json is needed.");
        using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32, name);
        return new(ModelPlace.NameOf(opened.Path), "", ModelOutline.Of(opened.Transformer));
    }
}
