namespace Heed.Tokenization.Expressions;

/// <summary>
/// A set of code points given by a test. Answers are remembered in pages of 256 code points, so that asking again is one
/// look-up, for astral characters too.
/// </summary>
internal sealed class CodePointClass(Func<int, bool> test)
{
    private readonly ulong[]?[] _pages = new ulong[]?[0x1100];

    /// <summary>True if <paramref name="codePoint"/> is in the set.</summary>
    public bool Contains(int codePoint)
    {
        var page = _pages[codePoint >> 8] ?? Fill(codePoint >> 8);
        return (page[(codePoint >> 6) & 3] >> (codePoint & 63) & 1) != 0;
    }

    private ulong[] Fill(int number)
    {
        var page = new ulong[4];
        for (var i = 0; i < 256; i++)
            if (test((number << 8) | i)) page[i >> 6] |= 1UL << (i & 63);
        return _pages[number] = page;       // the same from every thread, so whoever comes last does no harm
    }

    public static CodePointClass Of(int codePoint) => new(c => c == codePoint);

    public static CodePointClass Union(CodePointClass a, CodePointClass b) => new(c => a.Contains(c) || b.Contains(c));
}
