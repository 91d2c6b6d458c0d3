namespace Heed.Server;

/// <summary>A text as a visitor wrote it, and what to change while it runs.</summary>
/// <param name="Text">The text.</param>
/// <param name="Edits">Changes, each as <c>heed --edit</c> takes it.</param>
/// <param name="IsPrompt">True if the text holds the special tokens itself.</param>
/// <param name="After">Tokens that follow the text.</param>
internal sealed record Sentence(string Text, IReadOnlyList<string> Edits, bool IsPrompt, IReadOnlyList<int> After)
{
    /// <summary>What a request is about.</summary>
    public static Sentence Of(LabRequest request)
    {
        if (request.Edits?.Contains(null!) == true) throw new HeedException("edits holds null; each is a text such as zero:blocks.0.attn.hook_z.");
        return new(request.Text ?? "", request.Edits ?? [], request.IsPrompt, request.After ?? []);
    }

    /// <summary>The same for the same text and edits, and for no others.</summary>
    public string Key => $"{(IsPrompt ? "p" : "")}{string.Concat(After.Select(id => $"{Recipe.N(id)},"))}:{Text.Length}:{Text}{string.Concat(Edits.Select(e => $"{e.Length}:{e}"))}";

    /// <summary>Checks it against a model and the limits. An edit that runs the model to be read waits for its turn.</summary>
    /// <param name="lab">The model.</param>
    /// <param name="options">The limits.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <param name="layer">A layer whose activations its run is to keep, too.</param>
    /// <exception cref="HeedException">What is wrong, and what to do.</exception>
    public async Task<LabRun> PrepareAsync(LabModel lab, LabOptions options, CancellationToken cancellation, int? layer = null)
    {
        var model = lab.Model;
        if (Text.Length == 0) throw new HeedException("The text is empty: type at least one word.");
        if (Text.Length > options.MaxCharacters) throw new HeedException($"The text has {Text.Length:N0} characters; the lab takes at most {options.MaxCharacters:N0}. Shorten it.");
        var tokenizer = model.Tokenizer;
        var encoding = tokenizer.Encode(Text, addSpecialTokens: !IsPrompt);
        int[] tokens = [.. encoding.Ids, .. After];
        var most = Math.Min(options.MaxTokens, model.Config.ContextLength);
        if (encoding.Count == 0) throw new HeedException("The text has no tokens: type at least one word.");
        if (tokens.Length > most) throw new HeedException($"The text has {tokens.Length:N0} tokens; the lab takes at most {most:N0}. Shorten it.");
        var known = Math.Min(tokenizer.VocabularySize, model.Config.VocabularySize);
        foreach (var id in After)
            if ((uint)id >= (uint)known) throw new HeedException($"after names the token {id}; the vocabulary has 0 to {known - 1}.");
        if (Edits.Count > options.MaxEdits) throw new HeedException($"There are {Edits.Count} edits; the lab takes at most {options.MaxEdits}.");
        if (Edits.Sum(e => e.Length) > options.MaxCharacters) throw new HeedException($"The edits have more than {options.MaxCharacters:N0} characters together; shorten them.");
        var edits = new Edit[Edits.Count];
        for (var i = 0; i < edits.Length; i++)
        {
            var text = Edits[i];
            Edit Read() => EditText.Parse(text, model, tokens, allowFiles: false, maxTokens: most);
            edits[i] = EditText.Runs(text) ? await lab.WithEngineAsync(Read, cancellation) : Read();
        }
        var after = TokenTexts.After(tokenizer, encoding.Ids, [.. After]);
        return new(model, this, Text + after.Text, tokens, [.. TokenTexts.Of(Text, encoding), .. after.Pieces], edits, layer);
    }
}
