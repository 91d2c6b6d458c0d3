using Heed.Tokenization;

namespace Heed.Lens;

/// <summary>The piece of text that each token stands for.</summary>
public static class TokenTexts
{
    /// <summary>
    /// The text's own pieces, by the tokens' offsets. Tokens that were added are written as the vocabulary does. A character that takes
    /// several tokens is repeated with a number: 猫₁ 猫₂ 猫₃.
    /// </summary>
    public static string[] Of(string text, Encoding encoding)
    {
        var starts = CodePointStarts(text);
        var texts = new string[encoding.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            var (start, end) = encoding.Offsets[i];
            var isPiece = !encoding.IsAdded[i] && start < end && end < starts.Length;
            texts[i] = isPiece ? text[starts[start]..starts[end]] : encoding.Tokens[i];
            if (isPiece && IsSame(i, i - 1) | IsSame(i, i + 1))
            {
                var part = 1;
                while (IsSame(i, i - part)) part++;
                texts[i] += string.Concat(part.ToString(System.Globalization.CultureInfo.InvariantCulture).Select(c => (char)(c - '0' + '₀')));
            }
        }
        return texts;

        bool IsSame(int a, int b) => b >= 0 && b < encoding.Count && !encoding.IsAdded[b] && encoding.Offsets[a] == encoding.Offsets[b];
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
