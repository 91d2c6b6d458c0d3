namespace Heed.Server;

/// <summary>A text as a visitor wrote it, and what to change while it runs.</summary>
/// <param name="Text">The text.</param>
/// <param name="Edits">Changes, each as <c>heed --edit</c> takes it.</param>
/// <param name="IsPrompt">True if the text holds the special tokens itself.</param>
internal sealed record Sentence(string Text, IReadOnlyList<string> Edits, bool IsPrompt = false)
{
    /// <summary>The same for the same text and edits, and for no others.</summary>
    public string Key => $"{(IsPrompt ? "p" : "")}{Text.Length}:{Text}{string.Concat(Edits.Select(e => $"{e.Length}:{e}"))}";

    /// <summary>Checks it against a model and the limits.</summary>
    /// <exception cref="HeedException">What is wrong, and what to do.</exception>
    public LabRun Prepare(LanguageModel model, LabOptions options, int? layer = null)
    {
        if (Text.Length == 0) throw new HeedException("The text is empty: type at least one word.");
        if (Text.Length > options.MaxCharacters) throw new HeedException($"The text has {Text.Length:N0} characters; the lab takes at most {options.MaxCharacters:N0}. Shorten it.");
        var encoding = model.Tokenizer.Encode(Text, addSpecialTokens: !IsPrompt);
        var most = Math.Min(options.MaxTokens, model.Config.ContextLength);
        if (encoding.Count == 0) throw new HeedException("The text has no tokens: type at least one word.");
        if (encoding.Count > most) throw new HeedException($"The text has {encoding.Count:N0} tokens; the lab takes at most {most:N0}. Shorten it.");
        if (Edits.Count > options.MaxEdits) throw new HeedException($"There are {Edits.Count} edits; the lab takes at most {options.MaxEdits}.");
        if (Edits.Sum(e => e.Length) > options.MaxCharacters) throw new HeedException($"The edits have more than {options.MaxCharacters:N0} characters together; shorten them.");
        return new(model, Text, encoding, [.. Edits.Select(e => EditText.Parse(e, model, encoding.Ids, allowFiles: false))], layer);
    }
}
