namespace Heed.Tokenization;

/// <summary>
/// Byte-level vocabularies write each byte as one printable character: printable Latin-1 bytes as themselves, the others as
/// U+0100 and up, in order (GPT-2). Ġ is the space, Ċ the line feed.
/// </summary>
internal static class ByteCharacters
{
    private static readonly char[] s_ofByte = Build();
    private static readonly short[] s_ofCharacter = Invert();

    /// <summary>The character that stands for a byte.</summary>
    public static char Of(byte value) => s_ofByte[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int ByteOf(char c) => c < s_ofCharacter.Length ? s_ofCharacter[c] : -1;

    private static char[] Build()
    {
        var map = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
            map[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)next++;
        return map;
    }

    private static short[] Invert()
    {
        var map = new short[s_ofByte.Max() + 1];
        Array.Fill(map, (short)-1);
        for (var b = 0; b < 256; b++) map[s_ofByte[b]] = (short)b;
        return map;
    }
}
