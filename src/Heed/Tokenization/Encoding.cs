namespace Heed.Tokenization;

/// <summary>What <see cref="Tokenizer.Encode"/> found: one entry per token in every list.</summary>
public sealed record Encoding
{
    /// <summary>The tokens' ids.</summary>
    public required int[] Ids { get; init; }

    /// <summary>The tokens as the vocabulary writes them (for byte-level vocabularies: Ġ stands for a space).</summary>
    public required string[] Tokens { get; init; }

    /// <summary>Where each token comes from, in Unicode code points of the text: [Start, End). Special tokens that were added are (0, 0).</summary>
    public required (int Start, int End)[] Offsets { get; init; }

    /// <summary>True for the tokens that encoding added (begin and end of text, padding), which are not in the text.</summary>
    public required bool[] IsAdded { get; init; }

    /// <summary>Number of tokens.</summary>
    public int Count => Ids.Length;
}
