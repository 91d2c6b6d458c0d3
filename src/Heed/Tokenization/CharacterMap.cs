using System.Buffers.Binary;
using System.Globalization;

namespace Heed.Tokenization;

/// <summary>
/// SentencePiece's precompiled_charsmap: a double array (Darts) over UTF-8 bytes whose values are places in a list of
/// zero-terminated replacements. Layout: u32 size of the array in bytes, the array's u32 units, the replacements.
/// </summary>
internal sealed class CharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <exception cref="HeedException">The sizes in it do not fit.</exception>
    public CharacterMap(ReadOnlySpan<byte> data, string where)
    {
        if (data.Length < 4) throw new HeedException($"{where}: the character map has {data.Length} bytes; it must begin with the size of its array.");
        var size = BinaryPrimitives.ReadUInt32LittleEndian(data);
        if (size % 4 != 0 || size > data.Length - 4 || size == 0)
            throw new HeedException($"{where}: the character map says that its array has {size} bytes, but {data.Length - 4} follow.");
        _units = new uint[size / 4];
        for (var i = 0; i < _units.Length; i++) _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(data[(4 + 4 * i)..]);
        _replacements = data[(4 + (int)size)..].ToArray();
    }

    /// <summary>The replacement of the shortest (or longest) entry that <paramref name="utf8"/> begins with, and that entry's length.</summary>
    public string? Find(ReadOnlySpan<byte> utf8, bool longest, out int length)
    {
        length = 0;
        var found = -1;
        var at = Offset(_units[0]);
        for (var i = 0; i < utf8.Length && utf8[i] != 0; i++)
        {
            at ^= utf8[i];
            if (at >= _units.Length) break;
            var unit = _units[at];
            if ((unit & 0x800000FF) != utf8[i]) break;          // another node's child
            at ^= Offset(unit);
            if (((unit >> 8) & 1) == 0) continue;               // no entry ends here
            if (at >= _units.Length) break;
            found = (int)(_units[at] & 0x7FFFFFFF);
            length = i + 1;
            if (!longest) break;
        }
        if (found < 0 || found > _replacements.Length) return null;
        var text = _replacements.AsSpan(found);
        var end = text.IndexOf((byte)0);
        return System.Text.Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}

/// <summary>
/// Applies a character map as Hugging Face does: by grapheme, and of the entries that a short grapheme begins with the
/// shortest one replaces it whole; otherwise character by character.
/// </summary>
internal sealed class PrecompiledNormalizer(CharacterMap map) : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        var characters = text.Text;
        var changes = new List<(int CodePoint, int Change)>(characters.Length);
        var modified = false;
        Span<byte> utf8 = stackalloc byte[32];
        for (var at = 0; at < characters.Length;)
        {
            var length = NextGrapheme(characters[at..]);
            var grapheme = characters.Slice(at, length);
            at += length;
            if (length < 6)
            {
                var count = System.Text.Encoding.UTF8.GetBytes(grapheme, utf8);
                if (count < 6 && map.Find(utf8[..count], longest: false, out _) is { } whole)
                {
                    Replace(changes, grapheme, whole);
                    modified = true;
                    continue;
                }
            }
            foreach (var rune in grapheme.EnumerateRunes())
            {
                var count = rune.EncodeToUtf8(utf8);
                if (map.Find(utf8[..count], longest: false, out _) is { } one)
                {
                    Replace(changes, rune.ToString(), one);
                    modified = true;
                }
                else changes.Add((rune.Value, 0));
            }
        }
        if (modified) text.Transform(changes);
    }

    private static int NextGrapheme(ReadOnlySpan<char> text)
    {
        // Two ASCII characters are always apart, but for CR LF: most text needs no look at the tables.
        if (text.Length == 1 || (text[0] < 128 && text[1] < 128 && text[0] != '\r')) return 1;
        return StringInfo.GetNextTextElementLength(text);
    }

    private static void Replace(List<(int CodePoint, int Change)> changes, ReadOnlySpan<char> old, string replacement)
    {
        var difference = 0;
        foreach (var rune in replacement.EnumerateRunes())
        {
            changes.Add((rune.Value, 0));
            difference++;
        }
        foreach (var _ in old.EnumerateRunes()) difference--;
        // More than before: the last ones are new. Fewer: the last one stands for the rest too.
        for (var i = 0; i < difference; i++) changes[^(i + 1)] = changes[^(i + 1)] with { Change = 1 };
        if (difference < 0 && changes.Count > 0) changes[^1] = changes[^1] with { Change = changes[^1].Change + difference };
    }
}
