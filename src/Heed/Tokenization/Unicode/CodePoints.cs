using System.Globalization;
using System.Text;

namespace Heed.Tokenization;

/// <summary>Questions about single code points, as tokenizers ask them.</summary>
internal static class CodePoints
{
    /// <summary>One bit per general category, in the order of <see cref="UnicodeCategory"/>.</summary>
    public static int Bit(UnicodeCategory category) => 1 << (int)category;

    public static readonly int Letter = Bits(UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter,
        UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter, UnicodeCategory.OtherLetter);
    public static readonly int Mark = Bits(UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.EnclosingMark);
    public static readonly int Number = Bits(UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.OtherNumber);
    public static readonly int Separator = Bits(UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator);
    public static readonly int Other = Bits(UnicodeCategory.Control, UnicodeCategory.Format, UnicodeCategory.Surrogate,
        UnicodeCategory.PrivateUse, UnicodeCategory.OtherNotAssigned);
    public static readonly int Punctuation = Bits(UnicodeCategory.ConnectorPunctuation, UnicodeCategory.DashPunctuation,
        UnicodeCategory.OpenPunctuation, UnicodeCategory.ClosePunctuation, UnicodeCategory.InitialQuotePunctuation,
        UnicodeCategory.FinalQuotePunctuation, UnicodeCategory.OtherPunctuation);
    public static readonly int Symbol = Bits(UnicodeCategory.MathSymbol, UnicodeCategory.CurrencySymbol,
        UnicodeCategory.ModifierSymbol, UnicodeCategory.OtherSymbol);

    private static int Bits(params ReadOnlySpan<UnicodeCategory> categories)
    {
        var bits = 0;
        foreach (var category in categories) bits |= Bit(category);
        return bits;
    }

    /// <summary>True if the code point's category is one of <paramref name="bits"/>.</summary>
    public static bool Is(int codePoint, int bits) => (Bit(CharUnicodeInfo.GetUnicodeCategory(codePoint)) & bits) != 0;

    /// <summary>Unicode's White_Space.</summary>
    public static bool IsWhiteSpace(int codePoint) => codePoint <= 0xFFFF && char.IsWhiteSpace((char)codePoint);

    public static bool IsNumeric(int codePoint) => Is(codePoint, Number);

    /// <summary>ASCII punctuation and symbols, and every P category: as of Unicode 8.0, which BERT's tokenizers were frozen at.</summary>
    public static bool IsPunctuation(int codePoint) => codePoint < 128
        ? char.IsPunctuation((char)codePoint) || char.IsSymbol((char)codePoint)
        : (Is(codePoint, Punctuation) && !UnicodeData.IsAfterUnicode8(codePoint)) || codePoint is 0x166D or 0x111C9;

    /// <summary>Nonspacing marks as of Unicode 8.0.</summary>
    public static bool IsAccent(int codePoint)
        => (Is(codePoint, Bit(UnicodeCategory.NonSpacingMark)) && !UnicodeData.IsAfterUnicode8(codePoint)) || codePoint == 0x1734;

    /// <summary>
    /// What BERT's clean-up removes: control and format characters as of Unicode 8.0; of the private use areas only their
    /// ends, since the table that Hugging Face uses lists no more.
    /// </summary>
    public static bool IsControl(int codePoint) => codePoint is not ('\t' or '\n' or '\r')
        && (Is(codePoint, Bit(UnicodeCategory.Control)) || (Is(codePoint, Bit(UnicodeCategory.Format)) && !UnicodeData.IsAfterUnicode8(codePoint))
            || codePoint is 0xE000 or 0xF8FF or 0xF0000 or 0xFFFFD or 0x100000 or 0x10FFFD);

    /// <summary>\w: Alphabetic, marks, decimal digits, connectors and the two joiners.</summary>
    public static bool IsWord(int codePoint)
        => Is(codePoint, Letter | Mark | Bit(UnicodeCategory.DecimalDigitNumber) | Bit(UnicodeCategory.LetterNumber) | Bit(UnicodeCategory.ConnectorPunctuation))
            || codePoint is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    /// <summary>Simple case folding: two code points that differ in case only fold to the same one.</summary>
    public static int Fold(int codePoint)
    {
        if (codePoint < 128) return codePoint is >= 'A' and <= 'Z' ? codePoint | 0x20 : codePoint;
        switch (codePoint)
        {
            case 0x17F: return 's';
            case 0x212A: return 'k';
            case 0x1E9E: return 0xDF;
        }
        if (!Rune.IsValid(codePoint)) return codePoint;
        return Rune.ToLowerInvariant(Rune.ToUpperInvariant(new Rune(codePoint))).Value;
    }

    /// <summary>The code point that begins at <paramref name="at"/>, and how many UTF-16 units it takes.</summary>
    public static int At(ReadOnlySpan<char> text, int at, out int units)
    {
        var c = text[at];
        if (char.IsHighSurrogate(c) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            units = 2;
            return char.ConvertToUtf32(c, text[at + 1]);
        }
        units = 1;
        return c;
    }

    /// <summary>The code point that ends before <paramref name="at"/>, and how many UTF-16 units it takes.</summary>
    public static int Before(ReadOnlySpan<char> text, int at, out int units)
    {
        var c = text[at - 1];
        if (char.IsLowSurrogate(c) && at > 1 && char.IsHighSurrogate(text[at - 2]))
        {
            units = 2;
            return char.ConvertToUtf32(text[at - 2], c);
        }
        units = 1;
        return c;
    }
}
