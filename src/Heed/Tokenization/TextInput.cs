namespace Heed.Tokenization;

/// <summary>What a .NET string needs before it is a text of code points.</summary>
internal static class TextInput
{
    /// <summary>The text with U+FFFD for every half of a surrogate pair that stands alone.</summary>
    public static string ReplaceLoneSurrogates(string text)
    {
        var at = NextLone(text, 0);
        if (at < 0) return text;
        var characters = text.ToCharArray();
        for (; at >= 0; at = NextLone(text, at + 1)) characters[at] = '\uFFFD';
        return new string(characters);
    }

    /// <summary>For every UTF-16 unit (and the end) the number of code points before it; null if they are the same.</summary>
    public static int[]? CodePointIndex(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return null;
        var index = new int[text.Length + 1];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            index[i] = count;
            // The second half of a pair belongs to the code point that its first half began.
            if (char.IsLowSurrogate(text[i])) index[i] = count - 1;
            else count++;
        }
        index[text.Length] = count;
        return index;
    }

    private static int NextLone(string text, int from)
    {
        for (var i = from; i < text.Length; i++)
        {
            var skip = text.AsSpan(i).IndexOfAnyInRange('\uD800', '\uDFFF');
            if (skip < 0) return -1;
            i += skip;
            if (!char.IsHighSurrogate(text[i]) || i + 1 >= text.Length || !char.IsLowSurrogate(text[i + 1])) return i;
            i++;
        }
        return -1;
    }
}
