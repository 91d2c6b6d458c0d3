namespace Heed;

/// <summary>One new token.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">The text that is certain now: empty while a character or a possible stop text is incomplete.</param>
/// <param name="LogProbability">ln p of the token in the model's own distribution, before temperature, penalties and filters.</param>
/// <param name="Alternatives">The most likely tokens at this place, as many as <see cref="GenerationOptions.Alternatives"/> asks for.</param>
/// <param name="Stop">Why this is the last one, or null.</param>
public sealed record GeneratedToken(int Id, string Text, double LogProbability, IReadOnlyList<TokenAlternative> Alternatives, StopReason? Stop);

/// <summary>A token that could have come.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">Its text.</param>
/// <param name="LogProbability">ln p in the model's own distribution.</param>
public readonly record struct TokenAlternative(int Id, string Text, double LogProbability);

/// <summary>Why generation ended.</summary>
public enum StopReason
{
    /// <summary>The model chose an end token.</summary>
    EndToken,
    /// <summary>One of the caller's stop tokens was chosen.</summary>
    StopToken,
    /// <summary>A stop text appeared.</summary>
    StopText,
    /// <summary>The most tokens asked for were generated.</summary>
    MaxTokens,
}
