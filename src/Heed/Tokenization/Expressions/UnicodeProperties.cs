using System.Globalization;

namespace Heed.Tokenization.Expressions;

/// <summary>What \p{…} and [:…:] can name: general categories, scripts, and the usual groups.</summary>
internal static class UnicodeProperties
{
    private static readonly Dictionary<string, int> s_categories = new(StringComparer.OrdinalIgnoreCase)
    {
        ["L"] = CodePoints.Letter,
        ["Letter"] = CodePoints.Letter,
        ["Lu"] = CodePoints.Bit(UnicodeCategory.UppercaseLetter),
        ["Ll"] = CodePoints.Bit(UnicodeCategory.LowercaseLetter),
        ["Lt"] = CodePoints.Bit(UnicodeCategory.TitlecaseLetter),
        ["Lm"] = CodePoints.Bit(UnicodeCategory.ModifierLetter),
        ["Lo"] = CodePoints.Bit(UnicodeCategory.OtherLetter),
        ["M"] = CodePoints.Mark,
        ["Mark"] = CodePoints.Mark,
        ["Mn"] = CodePoints.Bit(UnicodeCategory.NonSpacingMark),
        ["Mc"] = CodePoints.Bit(UnicodeCategory.SpacingCombiningMark),
        ["Me"] = CodePoints.Bit(UnicodeCategory.EnclosingMark),
        ["N"] = CodePoints.Number,
        ["Number"] = CodePoints.Number,
        ["Nd"] = CodePoints.Bit(UnicodeCategory.DecimalDigitNumber),
        ["Digit"] = CodePoints.Bit(UnicodeCategory.DecimalDigitNumber),
        ["Nl"] = CodePoints.Bit(UnicodeCategory.LetterNumber),
        ["No"] = CodePoints.Bit(UnicodeCategory.OtherNumber),
        ["P"] = CodePoints.Punctuation,
        ["Punctuation"] = CodePoints.Punctuation,
        ["Pc"] = CodePoints.Bit(UnicodeCategory.ConnectorPunctuation),
        ["Pd"] = CodePoints.Bit(UnicodeCategory.DashPunctuation),
        ["Ps"] = CodePoints.Bit(UnicodeCategory.OpenPunctuation),
        ["Pe"] = CodePoints.Bit(UnicodeCategory.ClosePunctuation),
        ["Pi"] = CodePoints.Bit(UnicodeCategory.InitialQuotePunctuation),
        ["Pf"] = CodePoints.Bit(UnicodeCategory.FinalQuotePunctuation),
        ["Po"] = CodePoints.Bit(UnicodeCategory.OtherPunctuation),
        ["S"] = CodePoints.Symbol,
        ["Symbol"] = CodePoints.Symbol,
        ["Sm"] = CodePoints.Bit(UnicodeCategory.MathSymbol),
        ["Sc"] = CodePoints.Bit(UnicodeCategory.CurrencySymbol),
        ["Sk"] = CodePoints.Bit(UnicodeCategory.ModifierSymbol),
        ["So"] = CodePoints.Bit(UnicodeCategory.OtherSymbol),
        ["Z"] = CodePoints.Separator,
        ["Separator"] = CodePoints.Separator,
        ["Zs"] = CodePoints.Bit(UnicodeCategory.SpaceSeparator),
        ["Zl"] = CodePoints.Bit(UnicodeCategory.LineSeparator),
        ["Zp"] = CodePoints.Bit(UnicodeCategory.ParagraphSeparator),
        ["C"] = CodePoints.Other,
        ["Other"] = CodePoints.Other,
        ["Cc"] = CodePoints.Bit(UnicodeCategory.Control),
        ["Cntrl"] = CodePoints.Bit(UnicodeCategory.Control),
        ["Cf"] = CodePoints.Bit(UnicodeCategory.Format),
        ["Cs"] = CodePoints.Bit(UnicodeCategory.Surrogate),
        ["Co"] = CodePoints.Bit(UnicodeCategory.PrivateUse),
        ["Cn"] = CodePoints.Bit(UnicodeCategory.OtherNotAssigned),
        ["Upper"] = CodePoints.Bit(UnicodeCategory.UppercaseLetter),
        ["Lower"] = CodePoints.Bit(UnicodeCategory.LowercaseLetter),
    };

    /// <summary>The test of a property, or null if the name is not known.</summary>
    public static Func<int, bool>? Find(string name)
    {
        if (s_categories.TryGetValue(name, out var bits)) return c => CodePoints.Is(c, bits);
        switch (name.ToLowerInvariant())
        {
            case "any": return _ => true;
            case "ascii": return c => c < 128;
            case "alpha": return c => CodePoints.Is(c, CodePoints.Letter | CodePoints.Mark | CodePoints.Bit(UnicodeCategory.LetterNumber));
            case "alnum": return c => CodePoints.Is(c, CodePoints.Letter | CodePoints.Mark | CodePoints.Bit(UnicodeCategory.LetterNumber) | CodePoints.Bit(UnicodeCategory.DecimalDigitNumber));
            case "punct": return CodePoints.IsPunctuation;
            case "space": return CodePoints.IsWhiteSpace;
            case "word": return CodePoints.IsWord;
            case "blank": return c => c == '\t' || CodePoints.Is(c, CodePoints.Bit(UnicodeCategory.SpaceSeparator));
            case "xdigit": return c => c < 128 && char.IsAsciiHexDigit((char)c);
        }
        return UnicodeData.Scripts.Find(name) is { } script ? c => UnicodeData.Scripts.Of(c) == script : null;
    }
}
