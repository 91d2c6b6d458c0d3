using Heed.Tokenization.Models;

namespace Heed.Tokenization;

/// <summary>What a tokenizer is made of, whichever file described it.</summary>
internal sealed record TokenizerParts
{
    public required TokenModel Model { get; init; }
    public Normalizer? Normalizer { get; init; }
    public PreTokenizer? PreTokenizer { get; init; }
    public PostProcessor? PostProcessor { get; init; }
    public IReadOnlyList<DecoderStep> Decoder { get; init; } = [new JoinWithSpacesStep()];
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
    public Truncation? Truncation { get; init; }
    public Padding? Padding { get; init; }
    public SpecialIds Special { get; init; } = new();
}

/// <summary>Ids with a role.</summary>
internal sealed record SpecialIds
{
    public int? Bos { get; init; }
    public int? Eos { get; init; }
    public int? Pad { get; init; }
    public int? Unknown { get; init; }
    public IReadOnlySet<int> Ends { get; init; } = new HashSet<int>();

    /// <summary>Tokens that end a text or a turn, by the names that models give them.</summary>
    public static readonly HashSet<string> EndNames = new(StringComparer.Ordinal)
    {
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
        "<｜end▁of▁sentence｜>", "[e~[",
    };
}

/// <summary>Keeps at most so many tokens, those added included.</summary>
internal sealed record Truncation(int MaximumLength, bool FromLeft)
{
    public Encoding Apply(Encoding encoding, int added)
    {
        var keep = Math.Max(0, MaximumLength - added);
        if (encoding.Count <= keep) return encoding;
        var range = FromLeft ? (encoding.Count - keep)..encoding.Count : 0..keep;
        return new Encoding { Ids = encoding.Ids[range], Tokens = encoding.Tokens[range], Offsets = encoding.Offsets[range], IsAdded = encoding.IsAdded[range] };
    }
}

/// <summary>Fills up with a padding token to a length, or to a multiple of one.</summary>
internal sealed record Padding(int Length, int MultipleOf, bool OnLeft, int Id, string Token)
{
    /// <summary>Far beyond any model's context; a larger number is a damaged file.</summary>
    public const int Longest = 1 << 20;

    public Encoding Apply(Encoding encoding)
    {
        long target = Math.Max(Length, encoding.Count);
        if (MultipleOf > 0) target = (target + MultipleOf - 1) / MultipleOf * MultipleOf;
        var missing = (int)(target - encoding.Count);
        if (missing <= 0) return encoding;
        var ids = Enumerable.Repeat(Id, missing);
        var tokens = Enumerable.Repeat(Token, missing);
        var offsets = new (int, int)[missing];
        var added = Enumerable.Repeat(true, missing);
        return OnLeft
            ? new Encoding { Ids = [.. ids, .. encoding.Ids], Tokens = [.. tokens, .. encoding.Tokens], Offsets = [.. offsets, .. encoding.Offsets], IsAdded = [.. added, .. encoding.IsAdded] }
            : new Encoding { Ids = [.. encoding.Ids, .. ids], Tokens = [.. encoding.Tokens, .. tokens], Offsets = [.. encoding.Offsets, .. offsets], IsAdded = [.. encoding.IsAdded, .. added] };
    }
}
