using System.Runtime.CompilerServices;
using Heed.Formats;
using Heed.Numerics;
using Heed.Tokenization;
using Heed.Tracing;

namespace Heed;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>Threads that share the work; 0: one a core. The results are the same for any number.</summary>
    public int Threads { get; init; }

    /// <summary>Whether products with quantised weights round activations to 8 bits, which is fast and the usual way,
    /// or keep them as float32, which is exact. Traces are always exact. Unquantised weights are not affected.</summary>
    public ActivationPrecision Precision { get; init; } = ActivationPrecision.Int8;
}

/// <summary>A checkpoint with its tokenizer: what most programs use.</summary>
public sealed class LanguageModel : IDisposable
{
    private readonly Lazy<Tokenizer> _tokenizer;
    private readonly Lazy<ChatTemplate?> _chatTemplate;

    private LanguageModel(string path, Transformer transformer)
    {
        Path = path;
        Transformer = transformer;
        _tokenizer = new(() => transformer.File is GgufFile gguf ? Tokenizer.Load(gguf) : Tokenizer.Load(path));
        _chatTemplate = new(() => transformer.File is GgufFile gguf ? ChatTemplate.Find(gguf) : ChatTemplate.Find(path));
    }

    /// <summary>Where it was loaded from.</summary>
    public string Path { get; }

    /// <summary>The transformer.</summary>
    public Transformer Transformer { get; }

    /// <summary>How it is configured.</summary>
    public TransformerConfig Config => Transformer.Config;

    /// <summary>Its weights by name: <c>model.Weights["blocks.3.attn.W_Q"]</c>, <c>model.Weights.W_Q[layer, head]</c>.</summary>
    public NamedWeights Weights => field ??= new(Transformer);

    /// <summary>Its tokenizer, read when first used.</summary>
    /// <exception cref="HeedException">The checkpoint has no tokenizer, or one that cannot be read.</exception>
    public Tokenizer Tokenizer => _tokenizer.Value;

    /// <summary>Its chat template, or null if it has none.</summary>
    public ChatTemplate? ChatTemplate => _chatTemplate.Value;

    /// <summary>What the checkpoint's authors recommend (generation_config.json), or the defaults where they say nothing.</summary>
    public GenerationOptions RecommendedOptions => Heed.RecommendedOptions.Read(Path);

    /// <summary>Opens a checkpoint: a folder in Hugging Face layout, or a .gguf file. Weights are mapped, not copied.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="options">Threads and precision.</param>
    /// <exception cref="HeedException">What is wrong with the checkpoint, and what to do.</exception>
    public static LanguageModel Load(string path, LoadOptions? options = null)
    {
        options ??= new();
        var (config, weights, file) = CheckpointLoader.Open(path);
        return new(path, new(config, weights, file, options.Threads, options.Precision));
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text; the tokenizer's special tokens are added as it is used to.</param>
    /// <param name="options">How; by default greedily, at most 256 tokens.</param>
    /// <param name="cancellation">Checked before every token.</param>
    /// <returns>Each token as it is chosen.</returns>
    public IEnumerable<GeneratedToken> Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
        => Generate(Tokenizer.Encode(prompt).Ids, options, cache: null, cancellation);

    /// <summary>Continues tokens.</summary>
    /// <param name="prompt">The tokens so far, all of them.</param>
    /// <param name="options">How.</param>
    /// <param name="cache">A cache that may already hold the prompt's beginning: only what is new is computed.</param>
    /// <param name="cancellation">Checked before every token.</param>
    public IEnumerable<GeneratedToken> Generate(int[] prompt, GenerationOptions? options = null, KeyValueCache? cache = null, CancellationToken cancellation = default)
    {
        var generator = new Generator(Transformer, Tokenizer, prompt, options ?? new(), cache);
        return Iterate();

        IEnumerable<GeneratedToken> Iterate()
        {
            while (generator.Next(cancellation) is { } token)
            {
                yield return token;
                if (token.Stop is not null) yield break;
            }
        }
    }

    /// <summary>Continues a text without blocking the caller between tokens.</summary>
    public async IAsyncEnumerable<GeneratedToken> GenerateAsync(string prompt, GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var generator = await Task.Run(() => new Generator(Transformer, Tokenizer, Tokenizer.Encode(prompt).Ids, options ?? new()), cancellation).ConfigureAwait(false);
        while (await Task.Run(() => generator.Next(cancellation), cancellation).ConfigureAwait(false) is { } token)
        {
            yield return token;
            if (token.Stop is not null) yield break;
        }
    }

    /// <summary>Runs a text once and keeps what it computed.</summary>
    /// <param name="text">The text; special tokens are added as the tokenizer is used to.</param>
    /// <param name="names">Names or patterns of what to keep (<see cref="ActivationNames"/>; <c>*</c> stands for any text); null: everything.</param>
    /// <param name="edits">Changes made while it runs; what is kept is what they leave.</param>
    public Trace Trace(string text, IEnumerable<string>? names = null, IEnumerable<Edit>? edits = null) => Trace(Tokenizer.Encode(text).Ids, names, edits);

    /// <summary>Runs tokens once and keeps what they computed.</summary>
    public Trace Trace(int[] tokens, IEnumerable<string>? names = null, IEnumerable<Edit>? edits = null)
        => Trace(tokens, names is null ? Tracing.Trace.Everything() : Tracing.Trace.Of(names), edits);

    /// <summary>Runs tokens once and fills a trace, up to the last layer of which it keeps something.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="trace">What to keep.</param>
    /// <param name="edits">Changes made while it runs.</param>
    /// <param name="from">A kept <c>blocks.k.hook_resid_pre</c> or <c>hook_resid_post</c> of the same tokens to start from.</param>
    /// <returns><paramref name="trace"/></returns>
    public Trace Trace(int[] tokens, Trace trace, IEnumerable<Edit>? edits = null, Activation? from = null)
    {
        Transformer.Forward(new SequenceRun { Tokens = tokens, Trace = trace, Edits = [.. edits ?? []], From = from, Rows = LogitRows.None });
        return trace;
    }

    /// <summary>Mean −ln p(next token) over a text, in nats, and how many tokens were predicted.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="edits">Changes made while it runs.</param>
    public (double Loss, int Count) Loss(int[] tokens, IEnumerable<Edit>? edits = null)
    {
        double sum = 0;
        var scored = 0;
        Transformer.Forward(new SequenceRun
        {
            Tokens = tokens,
            Edits = [.. edits ?? []],
            Rows = LogitRows.All,
            Handler = (position, logits) =>
            {
                if (position + 1 == tokens.Length) return;
                sum += TokenLoss(logits, tokens[position + 1]);
                scored++;
            },
        });
        return (sum / Math.Max(1, scored), scored);
    }

    /// <inheritdoc/>
    public void Dispose() => Transformer.Dispose();

    /// <summary>−ln p(token) in nats, of the distribution that the logits [V] give.</summary>
    public static unsafe double TokenLoss(ReadOnlySpan<float> logits, int token)
    {
        fixed (float* p = logits) return VectorMath.LogSumExp(p, logits.Length) - logits[token];
    }
}
