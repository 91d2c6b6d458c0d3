namespace Heed.Families;

/// <summary>
/// One model family: how its checkpoints' words become a <see cref="TransformerConfig"/>, and its tensor names
/// <see cref="TransformerWeights"/>. A family computes nothing.
/// </summary>
internal abstract class Family
{
    /// <summary>The names under which config.json's <c>model_type</c> knows it; the first is the family's own.</summary>
    public abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>The names under which GGUF's <c>general.architecture</c> knows it; empty if GGUF does not.</summary>
    public virtual IReadOnlyList<string> GgufArchitectures => [];

    /// <summary>
    /// Reads config.json. Every option is either honoured or refused by name: what is left unread is refused by
    /// <see cref="ConfigReader.Finish"/>, which the caller calls afterwards.
    /// </summary>
    public abstract TransformerConfig ReadConfig(ConfigReader config);

    /// <summary>Finds the weights of a Hugging Face checkpoint; <paramref name="options"/> is what <see cref="ReadConfig(ConfigReader)"/> read.</summary>
    public abstract TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors);

    /// <summary>Reads GGUF metadata.</summary>
    public virtual TransformerConfig ReadConfig(GgufConfigReader metadata)
        => throw new HeedException($"{metadata.File}: GGUF does not know the family {ModelTypes[0]}.");

    /// <summary>Finds the weights of a GGUF checkpoint.</summary>
    public virtual TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => throw new HeedException($"{tensors.File}: GGUF does not know the family {ModelTypes[0]}.");
}
