namespace Heed.Lens;

/// <summary>A published model whose sizes everybody cites.</summary>
public sealed class KnownModel
{
    private readonly Lazy<ModelOutline> _outline;

    internal KnownModel(string name, string title, string description, Func<ModelOutline> outline)
        => (Name, Title, Description, _outline) = (name, title, description, new(outline));

    /// <summary>What commands call it.</summary>
    public string Name { get; }

    /// <summary>What people call it.</summary>
    public string Title { get; }

    /// <summary>What is counted and what is not.</summary>
    public string Description { get; }

    /// <summary>Its configuration and tensors, made when first asked for.</summary>
    public ModelOutline Outline => _outline.Value;
}

/// <summary>Models that can be counted without a file: their configurations are in their papers.</summary>
public static class KnownModels
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<KnownModel> All { get; } =
    [
        // Brown et al. 2020 (arXiv:2005.14165), table 2.1; the 3Blue1Brown lesson counts its matrices only.
        new("gpt3", "GPT-3", "as the lesson counts: matrices only, without biases, norms and positions; the unembedding is a matrix of its own",
            () => Gpt3(isTied: false).Where(t => !t.IsVector && t.Role != ParameterRole.Positions)),
        new("gpt3-paper", "GPT-3", "as the paper counts: with biases, norms and positions; the unembedding is the embedding again", () => Gpt3(isTied: true)),
        // Radford et al. 2019: the smallest model, whose sizes are the defaults of its class.
        new("gpt2", "GPT-2 small", "everything that its checkpoint holds", () => ModelOutline.Parse("""{"model_type":"gpt2"}""", "gpt2")),
    ];

    /// <summary>The model of that name, or null.</summary>
    public static KnownModel? Find(string name) => All.FirstOrDefault(m => m.Name == name);

    // GPT-2's architecture at another size. Alternating sparse attention has no parameters of its own.
    private static ModelOutline Gpt3(bool isTied) => ModelOutline.Parse(
        $$"""{"model_type":"gpt2","vocab_size":50257,"n_positions":2048,"n_embd":12288,"n_layer":96,"n_head":96,"tie_word_embeddings":{{(isTied ? "true" : "false")}}}""", "gpt3");
}
