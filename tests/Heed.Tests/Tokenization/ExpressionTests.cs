using System.Text.RegularExpressions;
using Heed.Tokenization;
using Heed.Tokenization.Expressions;

namespace Heed.Tests.Tokenization;

public class ExpressionTests
{
    private static List<(int Start, int End)> Find(string expression, string text)
    {
        var matches = new List<(int Start, int End)>();
        new Expression(expression).FindMatches(text, matches);
        return matches;
    }

    private static string Show(string expression, string text) => string.Join("|", Find(expression, text).Select(m => text[m.Start..m.End]));

    /// <summary>On texts of one UTF-16 unit per character .NET's engine is an independent reference for what both understand.</summary>
    [Theory]
    [InlineData(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    [InlineData(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData(@"(a|ab)(c|bcd)(d*)")]
    [InlineData(@"a*?b|a{2,3}?|(?:a|b)*c")]
    [InlineData(@"(?>a+)b|a+")]
    [InlineData(@"(?<=a)b+|(?<!a)c|\bab\B")]
    [InlineData(@"(a*)*b|(a|)+c")]
    [InlineData(@"(?:ab?){2,4}|[^a-c1]+")]
    [InlineData(@"(?=a)|b")]
    [InlineData(@"\A.|.\z")]
    public void FindMatches_AgainstAnotherEngine_FindsTheSame(string expression)
    {
        var reference = new Regex(expression, RegexOptions.CultureInvariant);
        var random = new Random(7);
        const string Alphabet = "aabbccdAB'sS 1२ \n\réÉ中́ー!?/-tTrR";
        for (var i = 0; i < 400; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(0, 24)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            var expected = reference.Matches(text).Where(m => m.Length > 0).Select(m => (m.Index, m.Index + m.Length));
            Assert.Equal(expected, Find(expression, text).Where(m => m.End > m.Start));
        }
    }

    [Theory]
    [InlineData(@"\p{L}+", "a𝒜𐐀 b😀", "a𝒜𐐀|b")]                    // astral letters are letters
    [InlineData(@".", "😀x", "😀|x")]
    [InlineData(@"[𐐀-𐑏]+", "x𐐀𐐁y", "𐐀𐐁")]
    [InlineData(@"(?i:'S|'re)", "'s 'ſ 'RE 'rE", "'s|'ſ|'RE|'rE")]     // folding: ſ is an s
    [InlineData(@"(?i)k+(?-i)k", "kKKk", "kKKk")]
    [InlineData(@"(?i:[a-c]+)", "aBCd", "aBC")]
    [InlineData(@"[^\s]++a?", "ba ba", "ba|ba")]                         // possessive
    [InlineData(@"a?+b|a+", "ab aa", "ab|aa")]
    [InlineData(@"\p{Han}+", "ab漢字かな", "漢字")]
    [InlineData(@"[\p{L}&&[^\p{Han}]]+", "ab漢字かな", "ab|かな")]
    [InlineData(@"[[:punct:]]+|[[:alpha:]]+", "ab!?1", "ab|!?")]
    [InlineData(@"\p{^L}+|\P{N}", "1a", "1|a")]
    [InlineData(@"\x{1F600}|\u0041|\x42|\t", "😀AB\t", "😀|A|B|\t")]
    [InlineData(@"^a|b$", "a\nab\nb", "a|a|b|b")]                        // line anchors, as in Ruby
    [InlineData(@"a{,2}b", "aaab", "aab")]
    [InlineData(@"x{y", "x{y", "x{y")]                                   // a brace that is no quantifier
    [InlineData(@"[]a]+", "]a", "]a")]
    [InlineData(@"[a-]+", "a-b", "a-")]
    [InlineData(@"(?<name>a)(?#comment)b", "ab", "ab")]
    [InlineData(@"\h+", "12fg", "12f")]
    public void FindMatches_OnigurumaSyntax_MatchesAsThere(string expression, string text, string expected) => Assert.Equal(expected, Show(expression, text));

    [Theory]
    [InlineData("(", "without an end")]
    [InlineData(")", "closes nothing")]
    [InlineData("[a", "without its ]")]
    [InlineData("*a", "nothing to repeat")]
    [InlineData(@"(a)\1", "back reference")]
    [InlineData(@"\p{Klingon}", "Klingon")]
    [InlineData("[b-a]", "end is before")]
    [InlineData("a{5,2}", "maximum is below")]
    [InlineData("a{100000}", "more than 1000")]
    [InlineData("(?<=a*)b", "looks behind")]
    [InlineData("(?~a)", "(?~")]
    [InlineData(@"a\", "at its end")]
    [InlineData("(((a{1000}){1000}){1000})", "too large")]
    public void Constructor_NotAnExpression_SaysWhere(string expression, string expected)
        => Assert.Contains(expected, Assert.Throws<HeedException>(() => new Expression(expression)).Message);

    [Fact]
    public void Constructor_DeepNesting_IsRefused()
        => Assert.Contains("deep", Assert.Throws<HeedException>(() => new Expression(new string('(', 5000) + new string(')', 5000))).Message);

    [Fact]
    public void FindMatches_ExponentialExpression_IsStopped()
        => Assert.Contains("too many steps", Assert.Throws<HeedException>(() => Find("(a|a|aa)+b", new string('a', 60))).Message);

    [Theory]
    [InlineData(false, "1|234|567 12|345", "1234567 12345")]
    [InlineData(false, "123|456a", "123456a")]
    public void DigitGroups_CountedFromTheRight_CutLikeTheExpression(bool wholeRun, string expected, string text)
    {
        var matches = new List<(int Start, int End)>();
        new DigitGroupSplitter(wholeRun).FindMatches(text, matches);
        var cuts = Find(KnownExpressions.DigitGroups, text).Select(m => m.Start).Where(s => s > 0 && char.IsDigit(text[s - 1])).ToHashSet();
        var shown = string.Concat(text.Select((c, i) => (cuts.Contains(i) ? "|" : "") + c));
        Assert.Equal(expected, shown);
        Assert.Equal(cuts, matches.Select(m => m.Start).Where(s => s > 0 && char.IsDigit(text[s - 1])).ToHashSet());
    }

    [Theory]
    [InlineData("1234567 12345")]
    [InlineData("123456a 12")]
    [InlineData("x1234,56789.")]
    public void DigitGroupsInWords_CountedOnce_CutLikeTheExpression(string text)
    {
        var matches = new List<(int Start, int End)>();
        new DigitGroupSplitter(wholeRun: true).FindMatches(text, matches);
        Assert.Equal(Find(KnownExpressions.DigitGroupsInWords, text), matches);
    }
}
