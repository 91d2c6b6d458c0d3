using Heed.Tracing;

namespace Heed;

/// <summary>
/// How text is continued. Every step is applied in this order to the logits of the next token:
/// <list type="number">
/// <item><see cref="LogitBias"/> is added;</item>
/// <item><see cref="RepetitionPenalty"/>, then <see cref="FrequencyPenalty"/> and <see cref="PresencePenalty"/>;</item>
/// <item>with <see cref="Temperature"/> 0 the largest is taken, and nothing below applies; else logits are divided by it;</item>
/// <item><see cref="TopK"/>; 5. <see cref="TopP"/>; 6. <see cref="MinP"/>, each on what the one before left;</item>
/// <item>one of the remaining tokens is drawn by its probability.</item>
/// </list>
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>New tokens at most; null: until the model ends or the context is full. ≥ 0.</summary>
    public int? MaxTokens { get; init; } = 256;

    /// <summary>Tokens that come first, whatever the model holds of them: a reply that is known and is read again, several tokens in one
    /// pass, or one that is to begin so. They count as new ones, no more than
    /// <see cref="MaxTokens"/>, and for the penalties and the seed as if they had been drawn.</summary>
    public IReadOnlyList<int> Begin { get; init; } = [];

    /// <summary>0: always the most likely token. Below 1 sharpens the distribution, above 1 flattens it. ≥ 0.</summary>
    public float Temperature { get; init; }

    /// <summary>Only the k most likely tokens; 0: all. ≥ 0.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most likely tokens whose probabilities together reach p (arXiv:1904.09751); 1: all. 0 &lt; p ≤ 1.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Only tokens at least p times as likely as the most likely one (arXiv:2407.01082); 0: all. 0 ≤ p ≤ 1.</summary>
    public float MinP { get; init; }

    /// <summary>Logits of tokens in the text so far are divided by this if positive, multiplied if negative (arXiv:1909.05858); 1: none. &gt; 0.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted from a token's logit for each time it was generated; 0: none.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracted from a token's logit if it was generated at all; 0: none.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Added to the logits of single tokens (−∞ forbids one).</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>Where the random numbers start: the same seed gives the same text.</summary>
    public ulong Seed { get; init; }

    /// <summary>Generation ends before any of these texts would appear, also where one spreads over several tokens.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Generation ends when one of these tokens is chosen, besides the model's own end tokens.</summary>
    public IReadOnlyCollection<int> StopTokens { get; init; } = [];

    /// <summary>Go on past the model's end tokens.</summary>
    public bool IgnoreEnd { get; init; }

    /// <summary>How many of the most likely tokens to report beside each chosen one, with log-probabilities of the model's own
    /// distribution (before any step above). 0 ≤ n ≤ 100.</summary>
    public int Alternatives { get; init; }

    /// <summary>When the context is full: false, an error that says so; true, the oldest half of the text is forgotten
    /// (its first token stays) and the rest is read again.</summary>
    public bool SlidingContext { get; init; }

    /// <summary>Filled while generating: prompt and new tokens (all but the last, which nothing has read yet) as one text. Not with <see cref="SlidingContext"/>.</summary>
    public Trace? Trace { get; init; }

    /// <summary>Changes made while generating, at the positions they name, counted from the prompt's first token.</summary>
    public IReadOnlyList<Edit> Edits { get; init; } = [];

    /// <summary>What these options make of a token's logits: every token that can be drawn, the likeliest first, with the probability of drawing it.</summary>
    /// <param name="logits">The model's logits [V].</param>
    /// <param name="text">The tokens so far, for <see cref="RepetitionPenalty"/>.</param>
    /// <exception cref="HeedException">A value is outside its range, or no token is left.</exception>
    public IReadOnlyList<(int Id, double Probability)> Distribution(ReadOnlySpan<float> logits, ReadOnlySpan<int> text = default)
    {
        var sampler = new Sampler(this, logits.Length);
        sampler.AddPrompt(text);
        return sampler.Distribution(logits);
    }

    /// <summary>Checks every value's range; generation does so itself.</summary>
    /// <param name="vocabularySize">V: token ids are below it.</param>
    /// <exception cref="HeedException">Names the first value that is outside its range.</exception>
    public void Validate(int vocabularySize)
    {
        Require(MaxTokens is null or >= 0, nameof(MaxTokens), MaxTokens, "at least 0");
        Require(float.IsFinite(Temperature) && Temperature >= 0, nameof(Temperature), Temperature, "at least 0");
        Require(TopK >= 0, nameof(TopK), TopK, "at least 0 (0 for all)");
        Require(TopP is > 0 and <= 1, nameof(TopP), TopP, "above 0 and at most 1");
        Require(MinP is >= 0 and <= 1, nameof(MinP), MinP, "from 0 to 1");
        Require(float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, nameof(RepetitionPenalty), RepetitionPenalty, "above 0");
        Require(float.IsFinite(FrequencyPenalty), nameof(FrequencyPenalty), FrequencyPenalty, "a finite number");
        Require(float.IsFinite(PresencePenalty), nameof(PresencePenalty), PresencePenalty, "a finite number");
        Require(Trace is null || !SlidingContext, nameof(SlidingContext), SlidingContext, "off where a trace is filled: positions that are forgotten cannot be joined");
        Require(Alternatives is >= 0 and <= 100, nameof(Alternatives), Alternatives, "from 0 to 100");
        foreach (var (token, bias) in LogitBias)
        {
            Require((uint)token < (uint)vocabularySize, nameof(LogitBias), token, $"a token id from 0 to {vocabularySize - 1}");
            Require(!float.IsNaN(bias) && !float.IsPositiveInfinity(bias), nameof(LogitBias), bias, "a number or −∞");
        }
        Require(MaxTokens is not { } most || Begin.Count <= most, nameof(Begin), $"{Begin.Count} tokens", $"no longer than MaxTokens, {MaxTokens}");
        foreach (var token in Begin)
            Require((uint)token < (uint)vocabularySize, nameof(Begin), token, $"a token id from 0 to {vocabularySize - 1}");
        foreach (var token in StopTokens)
            Require((uint)token < (uint)vocabularySize, nameof(StopTokens), token, $"a token id from 0 to {vocabularySize - 1}");
        foreach (var text in Stop)
            Require(text is { Length: > 0 }, nameof(Stop), "an empty text", "not empty");
    }

    private static void Require(bool holds, string name, object? value, string range)
    {
        if (!holds) throw new HeedException($"{name} is {value}; it must be {range}.");
    }
}
