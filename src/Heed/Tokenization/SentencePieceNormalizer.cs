namespace Heed.Tokenization;

/// <summary>
/// SentencePiece's own normalisation, for vocabularies that come without a tokenizer.json: at each place the longest entry of
/// the character map is replaced; spaces are written ▁, one stands before the first word, and, where asked for, several
/// become one and those at the ends vanish.
/// </summary>
internal sealed class SentencePieceNormalizer(CharacterMap? map, bool addPrefix, bool removeExtra) : Normalizer
{
    /// <summary>No entry of a character map is longer than this, in UTF-8 bytes; looking further would be in vain.</summary>
    private const int LongestEntry = 64;

    public override void Apply(NormalizedText text)
    {
        if (map is not null) Replace(text, map);
        if (removeExtra)
        {
            text.Replace(KnownExpressions.Splitter(@"\A +| +\z"), "");
            text.Replace(KnownExpressions.Splitter(" {2,}"), " ");
        }
        if (text.IsEmpty) return;
        if ((addPrefix || removeExtra) && text.Text.ContainsAnyExcept(' ')) text.Prepend(" ");
        text.Replace(new LiteralSplitter(" "), "▁");
    }

    private static void Replace(NormalizedText text, CharacterMap map)
    {
        var characters = text.Text.ToString();
        var utf8 = System.Text.Encoding.UTF8.GetBytes(characters);
        var changes = new List<(int CodePoint, int Change)>(characters.Length);
        int removedAtStart = 0, at = 0;
        while (at < utf8.Length)
        {
            System.Text.Rune.DecodeFromUtf8(utf8.AsSpan(at), out var rune, out var consumed);
            var found = map.Find(utf8.AsSpan(at, Math.Min(LongestEntry, utf8.Length - at)), longest: true, out var length);
            if (found is null)
            {
                changes.Add((rune.Value, 0));
                at += consumed;
                continue;
            }
            var old = System.Text.Encoding.UTF8.GetString(utf8, at, length).EnumerateRunes().Count();
            at += length;
            var added = 0;
            foreach (var replacement in found.EnumerateRunes()) changes.Add((replacement.Value, added++ == 0 ? 0 : 1));
            // Old characters beyond the first vanish with what is before them.
            if (added == 0 && changes.Count == 0) removedAtStart += old;
            else if (added == 0) changes[^1] = changes[^1] with { Change = changes[^1].Change - old };
            else if (old > 1) changes[^added] = changes[^added] with { Change = 1 - old };
        }
        text.Transform(changes, removedAtStart);
    }
}
