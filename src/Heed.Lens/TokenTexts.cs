using Heed.Tokenization;

namespace Heed.Lens;

/// <summary>The piece of text that each token stands for.</summary>
public static class TokenTexts
{
    /// <summary>
    /// The text's own pieces, by the tokens' offsets. Tokens that were added are written as the vocabulary does. A character that takes
    /// several tokens is repeated with a number, also where other characters stand before or after it: 猫₁ 猫₂ 猫₃, "a 猫₁" 猫₂.
    /// </summary>
    public static string[] Of(string text, Encoding encoding)
    {
        var starts = CodePointStarts(text);
        var texts = new string[encoding.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            var (start, end) = encoding.Offsets[i];
            var isPiece = !encoding.IsAdded[i] && start < end && end < starts.Length;
            if (!isPiece)
            {
                texts[i] = encoding.Tokens[i];
                continue;
            }
            // Only a piece's first and last character can be shared with its neighbours.
            var (first, last) = (PartOf(i, start), PartOf(i, end - 1));
            texts[i] = end - start == 1 ? text[starts[start]..starts[end]] + first
                : text[starts[start]..starts[start + 1]] + first + text[starts[start + 1]..starts[end]] + last;
        }
        return texts;

        // Which part of a character a token holds: ₁, ₂, …; nothing if it has the character to itself.
        string PartOf(int token, int character)
        {
            var before = 0;
            while (Holds(token - 1 - before, character)) before++;
            if (before == 0 && !Holds(token + 1, character)) return "";
            return Number(before + 1);
        }

        bool Holds(int token, int character)
            => token >= 0 && token < encoding.Count && !encoding.IsAdded[token] && encoding.Offsets[token].Start <= character && character < encoding.Offsets[token].End;
    }

    /// <summary>What tokens add to a text that they follow, such as those of a reply: all of it, and each one's piece. A character that takes
    /// several tokens is written as in <see cref="Of"/>; one that is not complete at the end is named by its bytes: ⟨F0 9F⟩.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text's tokens.</param>
    /// <param name="after">The tokens that follow.</param>
    public static (string Text, string[] Pieces) After(Tokenizer tokenizer, ReadOnlySpan<int> text, ReadOnlySpan<int> after)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (after.Length == 0) return ("", []);
        string before = tokenizer.Decode(text), all = tokenizer.Decode([.. text, .. after]);
        var decoder = tokenizer.CreateDecoder();
        foreach (var id in text) decoder.Add(id);
        var pieces = new string[after.Length];
        // The first token of a character that is not complete yet.
        var first = -1;
        for (var i = 0; i < pieces.Length; i++)
        {
            pieces[i] = AnswerTokens.Decoded(tokenizer, after[i]);
            var certain = decoder.Add(after[i]);
            if (first >= 0 && certain.Length > 0)
            {
                var character = System.Text.Rune.GetRuneAt(certain, 0).ToString();
                for (var j = first; j <= i; j++)
                {
                    var part = character + Number(j - first + 1);
                    pieces[j] = j == first ? pieces[j].TrimEnd(Incomplete) + part : part + pieces[j].TrimStart(Incomplete);
                }
                first = -1;
            }
            // Bytes that no character begins with are certain at once.
            if (first < 0 && pieces[i].EndsWith(Incomplete) && !certain.EndsWith(Incomplete)) first = i;
        }
        if (first >= 0)
        {
            for (var i = first; i < pieces.Length; i++) pieces[i] = AnswerTokens.Text(tokenizer, after[i]);
        }
        return (all.StartsWith(before, StringComparison.Ordinal) ? all[before.Length..] : tokenizer.Decode(after), pieces);
    }

    private const char Incomplete = '\uFFFD';

    /// <summary>A small number below the line: ₁, ₂, …</summary>
    private static string Number(int number)
        => string.Concat(number.ToString(System.Globalization.CultureInfo.InvariantCulture).Select(c => (char)(c - '0' + '₀')));

    /// <summary>Where each code point begins, and the end.</summary>
    private static int[] CodePointStarts(string text)
    {
        var starts = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i += char.IsSurrogatePair(text, i) ? 2 : 1) starts.Add(i);
        starts.Add(text.Length);
        return [.. starts];
    }
}
