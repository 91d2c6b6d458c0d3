using Heed.Cli.Rendering;
using Heed.Tokenization;
using Heed.Tracing;

namespace Heed.Cli.Looking;

/// <summary>What one head does on a text, and what the model says next: everything that `heed look` shows.</summary>
internal sealed record HeadView
{
    /// <summary>Numbers of one layer's pattern at most: 1.07 GB.</summary>
    private const long MaxPattern = 1 << 28;

    /// <summary>How many next tokens are listed.</summary>
    public const int NextTokens = 10;

    private readonly int _firstTraced;
    private readonly Activation _pattern;
    private readonly Activation _result;

    private HeadView(LanguageModel model, string text, Encoding encoding, HeadChoice choice, int first, Activation pattern, Activation result, IReadOnlyList<Edit> edits, IReadOnlyList<TokenAlternative> next)
    {
        Model = model;
        Text = text;
        Encoding = encoding;
        TokenTexts = Lens.TokenTexts.Of(text, encoding);
        Choice = choice;
        First = _firstTraced = first;
        Next = [.. next.Select(n => n with { Text = AnswerTokens.Text(model.Tokenizer, n.Id) })];
        Edits = edits;
        (_pattern, _result) = (pattern, result);
        Window = model.Config.Layers[choice.Layer].Window;
    }

    public LanguageModel Model { get; }
    public string Text { get; }
    public Encoding Encoding { get; }

    /// <summary>Each token's piece of the text.</summary>
    public string[] TokenTexts { get; }

    /// <summary>The layer and head, and how it was chosen.</summary>
    public HeadChoice Choice { get; }

    /// <summary>True if the head was named and not chosen.</summary>
    public bool IsNamed { get; private init; }

    /// <summary>The first position that is shown as one that looks.</summary>
    public int First { get; private init; }

    /// <summary>One more than the last shown.</summary>
    public int End => _firstTraced + _pattern.Shape[1];

    /// <summary>The layer's window, or null.</summary>
    public int? Window { get; }

    /// <summary>The same, with no more than so many of the last tokens shown as ones that look.</summary>
    public HeadView Last(int most) => End - First <= most ? this : this with { First = End - most };

    /// <summary>The layer's pattern [head, query, key]; queries are the tokens that were traced, keys all up to the last of them.</summary>
    public Activation Pattern => _pattern;

    /// <summary>What was changed while the text ran.</summary>
    public IReadOnlyList<Edit> Edits { get; }

    /// <summary>The most likely next tokens.</summary>
    public IReadOnlyList<TokenAlternative> Next { get; }

    /// <summary>What the token at <paramref name="query"/> takes from the one at <paramref name="key"/>; NaN where it may not look.</summary>
    public float Weight(int query, int key)
        => key > query || (Window is { } window && query - key >= window) ? float.NaN : _pattern[Choice.Head, query - _firstTraced, key];

    /// <summary>The length (Euclidean norm) of what the head adds to the residual stream at a position: its ΔE.</summary>
    public double ChangeLength(int position)
    {
        double sum = 0;
        foreach (var x in _result.Row(position - _firstTraced, Choice.Head)) sum += (double)x * x;
        return Math.Sqrt(sum);
    }

    /// <summary>Runs the model on a text.</summary>
    /// <param name="model">A model loaded with float32 activations.</param>
    /// <param name="text">The text.</param>
    /// <param name="layer">The layer, or null to choose.</param>
    /// <param name="head">The head, or null to choose.</param>
    /// <param name="shown">Given the number of tokens: the first and one more than the last position to show.</param>
    /// <param name="edit">Given the tokens: what is changed while they run.</param>
    public static HeadView Of(LanguageModel model, string text, int? layer, int? head, Func<int, (int First, int End)> shown, Func<int[], Edit[]> edit)
    {
        CheckRange(model.Config, layer, head);
        var encoding = model.Tokenizer.Encode(text);
        var tokens = encoding.Ids;
        if (tokens.Length > model.Config.ContextLength)
            throw new HeedException($"The text has {tokens.Length} tokens, and the model's context holds {model.Config.ContextLength}. Shorten it.");
        var (first, end) = shown(tokens.Length);
        var edits = edit(tokens);
        var choice = layer is { } l && head is { } h ? new HeadChoice(l, h, null) : Choose(model, tokens, layer, head, edits);
        if ((long)model.Config.Layers[choice.Layer].Heads * (end - first) * (edits.Length == 0 ? end : tokens.Length) > MaxPattern)
            throw new HeedException($"The patterns of {end - first} tokens that look at {end} would take more than {ByteSize.Of(MaxPattern * sizeof(float))}. Show fewer with --tokens FIRST..LAST.");

        string[] names = [ActivationNames.InBlock(choice.Layer, ActivationNames.Pattern), ActivationNames.InBlock(choice.Layer, ActivationNames.Result)];
        if (edits.Length > 0)
        {
            // An edit may look at the whole text, such as a mean over its positions: it runs in one pass.
            var edited = model.Trace(tokens, new Trace(new() { Names = names, Positions = first..end }), edits);
            var predicted = model.Generate(tokens, new GenerationOptions { MaxTokens = 1, Alternatives = NextTokens, Edits = edits }).Single();
            return new(model, text, encoding, choice, first, Cut(edited[names[0]], end), edited[names[1]], edits, predicted.Alternatives) { IsNamed = layer is not null && head is not null };
        }

        // What comes before the shown tokens fills the cache, the shown ones are traced, and what follows runs only for what comes next.
        var cache = new KeyValueCache(model.Config);
        var trace = Trace.Of(names);
        if (first > 0) model.Transformer.Forward(new SequenceRun { Tokens = tokens.AsMemory(0, first), Cache = cache, Rows = LogitRows.None });
        model.Transformer.Forward(new SequenceRun { Tokens = tokens.AsMemory(first, end - first), Cache = cache, Trace = trace, Rows = LogitRows.None });
        var next = model.Generate(tokens, new GenerationOptions { MaxTokens = 1, Alternatives = NextTokens }, cache).Single();
        return new(model, text, encoding, choice, first, trace[names[0]], trace[names[1]], [], next.Alternatives) { IsNamed = layer is not null && head is not null };
    }

    /// <summary>The pattern without keys from <paramref name="end"/> on, which no query looks at.</summary>
    private static Activation Cut(Activation pattern, int end)
    {
        var (rows, keys) = (pattern.Shape[0] * pattern.Shape[1], pattern.Shape[2]);
        var values = new float[rows * end];
        for (var row = 0; row < rows; row++) pattern.Values.Span.Slice(row * keys, end).CopyTo(values.AsSpan(row * end));
        return pattern with { Shape = [pattern.Shape[0], pattern.Shape[1], end], Values = values };
    }

    private static HeadChoice Choose(LanguageModel model, int[] tokens, int? layer, int? head, Edit[] edits)
    {
        tokens = tokens[..HeadChoice.TokensFor(model.Config, tokens.Length)];
        var trace = model.Trace(tokens, [layer is { } l ? ActivationNames.InBlock(l, ActivationNames.Pattern) : $"blocks.*.{ActivationNames.Pattern}"], edits);
        return HeadChoice.Of(trace, model.Config, layer, head);
    }

    private static void CheckRange(TransformerConfig config, int? layer, int? head)
    {
        if (layer is < 0 || layer >= config.Layers.Count)
            throw new UsageException($"--layer is {layer}; the model has layers 0 to {config.Layers.Count - 1}.");
        var heads = layer is { } l ? config.Layers[l].Heads : config.Layers.Max(x => x.Heads);
        if (head is < 0 || head >= heads)
            throw new UsageException($"--head is {head}; {(layer is null ? "the model's layers have" : $"layer {layer} has")} heads 0 to {heads - 1}.");
    }
}
