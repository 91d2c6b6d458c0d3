namespace Heed.Families;

/// <summary>All families, by the names files know them under.</summary>
internal static class FamilyRegistry
{
    /// <summary>Every family. A new one is one file and one line here.</summary>
    public static IReadOnlyList<Family> All { get; } =
    [
        new Gpt2(),
        new GptNeo(),
        new GptNeoX(),
        new GptJ(),
        new Opt(),
        new Bloom(),
        new Llama(),
        new Mistral(),
        new Mixtral(),
        new Qwen2(),
        new Qwen3(),
        new Qwen3Moe(),
        new Gemma(),
        new Gemma2(),
        new Gemma3(),
        new Phi(),
        new Phi3(),
        new Olmo(),
        new Olmo2(),
        new SmolLM3(),
        new StableLm(),
        new Starcoder2(),
        new Granite(),
        new Cohere(),
        new GptBigCode(),
    ];

    /// <summary>The family of config.json's <c>model_type</c>.</summary>
    public static Family Of(ConfigReader config)
    {
        var type = config.OptionalString("model_type")
            ?? throw new HeedException($"{config.File}: model_type is missing; it names the family ({Known(f => f.ModelTypes)}).");
        foreach (var family in All)
            if (family.ModelTypes.Contains(type)) return CheckClass(config, family);
        throw config.Error("model_type", $"is not a family that Heed knows ({Known(f => f.ModelTypes)})");
    }

    /// <summary>The family of GGUF's <c>general.architecture</c>.</summary>
    public static Family Of(GgufConfigReader config)
    {
        foreach (var family in All)
            if (family.GgufArchitectures.Contains(config.Architecture)) return family;
        throw new HeedException($"{config.File}: general.architecture = \"{config.Architecture}\" is not a family that Heed knows ({Known(f => f.GgufArchitectures)}).");
    }

    /// <summary>The same family's checkpoints for other tasks (classification, reward models) have no next-token head.</summary>
    private static Family CheckClass(ConfigReader config, Family family)
    {
        foreach (var name in config.Strings("architectures") ?? [])
            if (!name.EndsWith("ForCausalLM", StringComparison.Ordinal) && !name.EndsWith("LMHeadModel", StringComparison.Ordinal)
                && !name.EndsWith("Model", StringComparison.Ordinal))
                throw config.Error("architectures", "is not a model that predicts the next token (a class named …ForCausalLM or …LMHeadModel)");
        config.Require("is_encoder_decoder", false);
        config.Require("add_cross_attention", false);
        config.RequireNone("pruned_heads");
        return family;
    }

    private static string Known(Func<Family, IReadOnlyList<string>> names) => string.Join(", ", All.SelectMany(names).Order(StringComparer.Ordinal));
}
