using Heed.Tokenization;

namespace Heed.Lens;

/// <summary>A word and the tokens that stand for it.</summary>
/// <param name="Text">The word as it was given.</param>
/// <param name="Ids">Its tokens, one or more.</param>
public sealed record Word(string Text, IReadOnlyList<int> Ids)
{
    /// <summary>
    /// A word as vocabularies store it, which is with the space before it: "king" is the token " king". What begins with a space already, or stands
    /// in single quotes ('king'), is taken as it is.
    /// </summary>
    /// <exception cref="HeedException">The word is empty, or has no tokens.</exception>
    public static Word Of(Tokenizer tokenizer, string text)
    {
        var isQuoted = text.Length > 2 && text[0] == '\'' && text[^1] == '\'';
        var word = isQuoted ? text[1..^1] : text;
        if (word.Trim().Length == 0) throw new HeedException("A word is empty. Give a word of at least one letter.");
        var isExact = isQuoted || char.IsWhiteSpace(word[0]);
        var ids = tokenizer.Encode(isExact ? word : " " + word, addSpecialTokens: false).Ids;
        // Tokenizers that put a space before every text would have two: a space alone comes first.
        if (!isExact && ids.Length > 1 && tokenizer.Decode([ids[0]]).Trim().Length == 0) ids = tokenizer.Encode(word, addSpecialTokens: false).Ids;
        return ids.Length > 0 ? new(text, ids) : throw new HeedException($"The tokenizer has no tokens for \"{text}\".");
    }
}

/// <summary>A word's place in a text.</summary>
/// <param name="Text">The text.</param>
/// <param name="Ids">The text's tokens, special ones included.</param>
/// <param name="First">The position of the word's first token.</param>
/// <param name="Last">The position of its last token: the one that has seen the whole word.</param>
public sealed record WordPlace(string Text, int[] Ids, int First, int Last)
{
    /// <summary>Finds a word in a text: its last occurrence as a whole word, else as a part of one.</summary>
    /// <exception cref="HeedException">The text does not have it.</exception>
    public static WordPlace Find(Tokenizer tokenizer, string text, string word)
    {
        word = word.Trim();
        if (word.Length == 0) throw new HeedException("The word to look for is empty.");
        var at = -1;
        for (var i = text.LastIndexOf(word, StringComparison.OrdinalIgnoreCase); i >= 0; i = i == 0 ? -1 : text.LastIndexOf(word, i + word.Length - 2, StringComparison.OrdinalIgnoreCase))
        {
            if (at < 0) at = i;
            var end = i + word.Length;
            if ((i > 0 && char.IsLetterOrDigit(text[i - 1])) || (end < text.Length && char.IsLetterOrDigit(text[end]))) continue;
            at = i;
            break;
        }
        if (at < 0) throw new HeedException($"\"{text}\" does not have the word \"{word}\". Give texts that have it.");
        return At(tokenizer, text, at, word.Length);
    }

    /// <summary>The tokens of a part of a text.</summary>
    /// <exception cref="HeedException">No token stands for it.</exception>
    internal static WordPlace At(Tokenizer tokenizer, string text, int at, int length)
    {
        // Offsets count code points.
        int start = CodePoints(text.AsSpan(0, at)), stop = start + CodePoints(text.AsSpan(at, length));
        var encoding = tokenizer.Encode(text);
        int first = -1, last = -1;
        for (var i = 0; i < encoding.Count; i++)
        {
            var (from, to) = encoding.Offsets[i];
            if (encoding.IsAdded[i] || from >= stop || to <= start) continue;
            if (first < 0) first = i;
            last = i;
        }
        if (first < 0) throw new HeedException($"No token of \"{text}\" stands for \"{text.Substring(at, length)}\".");
        return new(text, encoding.Ids, first, last);
    }

    private static int CodePoints(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes()) count++;
        return count;
    }
}
