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
            return string.Concat((before + 1).ToString(System.Globalization.CultureInfo.InvariantCulture).Select(c => (char)(c - '0' + '₀')));
        }

        bool Holds(int token, int character)
            => token >= 0 && token < encoding.Count && !encoding.IsAdded[token] && encoding.Offsets[token].Start <= character && character < encoding.Offsets[token].End;
    }

    /// <summary>Where each code point begins, and the end.</summary>
    private static int[] CodePointStarts(string text)
    {
        var starts = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i += char.IsSurrogatePair(text, i) ? 2 : 1) starts.Add(i);
        starts.Add(text.Length);
        return [.. starts];
    }
}
