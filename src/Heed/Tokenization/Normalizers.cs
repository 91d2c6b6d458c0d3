using System.Text;

namespace Heed.Tokenization;

/// <summary>Changes the text before it is split.</summary>
internal abstract class Normalizer
{
    public abstract void Apply(NormalizedText text);
}

internal sealed class SequenceNormalizer(IReadOnlyList<Normalizer> parts) : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        foreach (var part in parts) part.Apply(text);
    }
}

/// <summary>NFC, NFD, NFKC, NFKD.</summary>
internal sealed class UnicodeNormalizer(bool compose, bool compatibility) : Normalizer
{
    public override void Apply(NormalizedText text) => UnicodeNormalization.Apply(text, compose, compatibility);
}

internal sealed class LowercaseNormalizer : Normalizer
{
    public override void Apply(NormalizedText text) => Lower(text);

    /// <summary>Unicode's full lower case of each character; only İ becomes two.</summary>
    public static void Lower(NormalizedText text)
    {
        var changes = new List<(int, int)>(text.Text.Length);
        foreach (var c in text.EnumerateCodePoints())
        {
            if (c == 0x130)
            {
                changes.Add(('i', 0));
                changes.Add((0x307, 1));
            }
            else changes.Add((Rune.IsValid(c) ? Rune.ToLowerInvariant(new Rune(c)).Value : c, 0));
        }
        text.Transform(changes);
    }
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        var points = text.EnumerateCodePoints();
        int first = 0, last = points.Count;
        if (left) while (first < last && CodePoints.IsWhiteSpace(points[first])) first++;
        if (right) while (last > first && CodePoints.IsWhiteSpace(points[last - 1])) last--;
        if (first == 0 && last == points.Count) return;
        var changes = new List<(int, int)>(last - first);
        for (var i = first; i < last; i++) changes.Add((points[i], 0));
        text.Transform(changes, first);
    }
}

/// <summary>Removes combining marks.</summary>
internal sealed class StripAccentsNormalizer : Normalizer
{
    public override void Apply(NormalizedText text) => text.Filter(c => !CodePoints.Is(c, CodePoints.Mark));
}

/// <summary>Replaces what an expression matches, or a text.</summary>
internal sealed class ReplaceNormalizer(ISplitter pattern, string content) : Normalizer
{
    public override void Apply(NormalizedText text) => text.Replace(pattern, content);
}

internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override void Apply(NormalizedText text) => text.Prepend(prefix);
}

/// <summary>SentencePiece's older clean-up: control characters vanish, unusual spaces become spaces.</summary>
internal sealed class NmtNormalizer : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        text.Filter(c => c is not ((>= 1 and <= 8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or 0x8F or 0x9F));
        text.Map(c => c is 9 or 0xA or 0xC or 0xD or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD ? ' ' : c);
    }
}

/// <summary>Writes every byte as its character, for vocabularies that do this in the normaliser.</summary>
internal sealed class ByteLevelNormalizer : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        var changes = new List<(int, int)>(text.Text.Length);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var c in text.EnumerateCodePoints())
        {
            var count = new Rune(c).EncodeToUtf8(bytes);
            for (var i = 0; i < count; i++) changes.Add((ByteCharacters.Of(bytes[i]), i > 0 ? 1 : 0));
        }
        text.Transform(changes);
    }
}

/// <summary>BERT's: cleans control characters and spaces, sets Chinese characters apart, lower-cases, strips accents.</summary>
internal sealed class BertNormalizer(bool clean, bool chinese, bool stripAccents, bool lowercase) : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        if (clean)
        {
            text.Filter(c => c is not (0 or 0xFFFD) && !CodePoints.IsControl(c));
            text.Map(c => CodePoints.IsWhiteSpace(c) ? ' ' : c);
        }
        if (chinese) SetChineseApart(text);
        if (stripAccents)
        {
            UnicodeNormalization.Apply(text, compose: false, compatibility: false);
            text.Filter(c => !CodePoints.IsAccent(c));
        }
        if (lowercase) LowercaseNormalizer.Lower(text);
    }

    private static void SetChineseApart(NormalizedText text)
    {
        var changes = new List<(int, int)>(text.Text.Length);
        foreach (var c in text.EnumerateCodePoints())
        {
            if (IsChinese(c))
            {
                changes.Add((' ', 0));
                changes.Add((c, 1));
                changes.Add((' ', 1));
            }
            else changes.Add((c, 0));
        }
        text.Transform(changes);
    }

    // 2B920, where Unicode's block begins at 2B820, is what Hugging Face has.
    private static bool IsChinese(int c) => c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
