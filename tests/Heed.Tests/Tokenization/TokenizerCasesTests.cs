using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

/// <summary>Recorded encodings of independent implementations: every field of every case must be equal.</summary>
public class TokenizerCasesTests
{
    public static TheoryData<string> Kinds => ["bert", "gemma", "gpt2", "llama2", "llama3", "qwen2", "smollm", "t5_unigram", "xlmr_unigram"];

    [Fact]
    public void EmbeddedModel_AllRecordedTexts_AreEqual()
        => AssertAllEqual(Tokenizer.Load(TestData.EmbeddedModel), TestData.Own("tokenizers/smollm2/cases.json"), 1500);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryKind_HundredRecordedTexts_AreEqual(string kind)
        => AssertAllEqual(Tokenizer.Load(TestData.Own($"tokenizers/{kind}")), TestData.Own($"tokenizers/{kind}/cases.json"), 100);

    [SharedTheory]
    [MemberData(nameof(Kinds))]
    public void EveryKind_AllRecordedTexts_AreEqual(string kind)
    {
        var folder = TestData.Shared($"golden/tokenizers/{kind}");
        AssertAllEqual(Tokenizer.Load(Path.Combine(folder, "tokenizer.json")), Path.Combine(folder, "cases.json"), 500);
    }

    [Fact]
    public void Verify_AnotherTokenizersCases_CountsDifferencesAndFieldsNotCompared()
    {
        using var folder = new TemporaryFolder();
        var cases = folder.Write("cases.json", """[{"text": "Hello", "ids": [1], "decoded": "Hello", "colour": "red"}, {"text": "", "ids": [], "offsets": []}]""");
        var report = TokenizerCases.Verify(Tokenizer.Load(TestData.Own("tokenizers/gpt2")), cases);
        Assert.Equal("3 equal, 1 different, 1 not compared", report.ToString());
        Assert.Equal("ids", Assert.Single(report.Differences).Field);
    }

    [Theory]
    [InlineData("{}", "an array")]
    [InlineData("[{\"ids\": []}]", "text is missing")]
    [InlineData("[", "not valid JSON")]
    public void Verify_NotCases_SaysWhatIsNeeded(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        var cases = folder.Write("cases.json", json);
        Assert.Contains(expected, Assert.Throws<HeedException>(() => TokenizerCases.Verify(Tokenizer.Load(TestData.Own("tokenizers/gpt2")), cases)).Message);
    }

    private static void AssertAllEqual(Tokenizer tokenizer, string cases, int count)
    {
        var report = TokenizerCases.Verify(tokenizer, cases, differences: 8);
        Assert.True(report.Different == 0,
            $"{report}\n{string.Join("\n", report.Differences.Select(d => $"case {d.Case} {d.Field}\n  expected {Shorten(d.Expected)}\n  actual   {Shorten(d.Actual)}"))}");
        Assert.Equal(count, report.Cases);
        Assert.Equal(0, report.NotCompared);
        Assert.True(report.Equal >= 2 * count);
    }

    private static string Shorten(string text) => text.Length <= 600 ? text : text[..600] + "…";
}
