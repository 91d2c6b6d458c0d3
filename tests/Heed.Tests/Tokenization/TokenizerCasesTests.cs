using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

/// <summary>Recorded encodings of independent implementations: every field of every case must be equal.</summary>
public class TokenizerCasesTests
{
    [Fact]
    public void EmbeddedModel_AllRecordedTexts_AreEqual()
        => AssertAllEqual(Tokenizer.Load(TestData.EmbeddedModel), TestData.Own("tokenizers/smollm2/cases.json"), 1500);

    [SharedTheory]
    [InlineData("bert")]
    [InlineData("gemma")]
    [InlineData("gpt2")]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("qwen2")]
    [InlineData("smollm")]
    [InlineData("t5_unigram")]
    [InlineData("xlmr_unigram")]
    public void EveryKind_AllRecordedTexts_AreEqual(string kind)
    {
        var folder = TestData.Shared($"golden/tokenizers/{kind}");
        AssertAllEqual(Tokenizer.Load(Path.Combine(folder, "tokenizer.json")), Path.Combine(folder, "cases.json"), 500);
    }

    internal static void AssertAllEqual(Tokenizer tokenizer, string cases, int count)
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
