namespace Heed.Tokenization.Models;

/// <summary>Turns one piece of text into tokens.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    public Vocabulary Vocabulary { get; } = vocabulary;

    /// <summary>Appends the tokens of <paramref name="piece"/>; their places are relative to it, plus <paramref name="offset"/>.</summary>
    public abstract void Tokenize(ReadOnlySpan<char> piece, int offset, TokenList output);

    protected static int RequireId(Vocabulary vocabulary, string? token, string field)
    {
        if (token is null) return -1;
        var id = vocabulary.Id(token);
        return id >= 0 ? id : throw new HeedException($"{field} is \"{token}\", which is not in the vocabulary.");
    }

    /// <summary>The ids of the byte tokens &lt;0x00&gt; to &lt;0xFF&gt;; -1 where one is missing.</summary>
    protected static int[] ByteTokens(Vocabulary vocabulary)
    {
        var ids = new int[256];
        for (var b = 0; b < 256; b++) ids[b] = vocabulary.Id($"<0x{b:X2}>");
        return ids;
    }
}
