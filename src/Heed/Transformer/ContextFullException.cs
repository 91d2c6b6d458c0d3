namespace Heed;

/// <summary>A text is longer than the model's context. Nothing is dropped silently.</summary>
public sealed class ContextFullException : HeedException
{
    internal ContextFullException(int length, int contextLength)
        : base($"The text would have {length} tokens, and the model's context holds {contextLength}. Shorten it, or ask for a sliding context, which drops the oldest tokens.")
        => (Length, ContextLength) = (length, contextLength);

    /// <summary>Tokens the text would have.</summary>
    public int Length { get; }

    /// <summary>Tokens the context holds.</summary>
    public int ContextLength { get; }
}
