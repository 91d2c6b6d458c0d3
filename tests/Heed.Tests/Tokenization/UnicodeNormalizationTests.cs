using System.Text.Json;
using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

public class UnicodeNormalizationTests
{
    /// <summary>500 random strings rich in decompositions, marks and Hangul, with the forms that Python's unicodedata (14.0) gives.</summary>
    [Fact]
    public void Apply_RecordedStrings_GiveAllFourForms()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(TestData.Own("tokenizers/normalization.json")));
        var count = 0;
        foreach (var entry in json.RootElement.EnumerateArray())
        {
            var forms = entry.EnumerateArray().Select(e => e.GetString()!).ToArray();
            Assert.Equal(forms[1], Apply(forms[0], compose: true, compatibility: false));
            Assert.Equal(forms[2], Apply(forms[0], compose: false, compatibility: false));
            Assert.Equal(forms[3], Apply(forms[0], compose: true, compatibility: true));
            Assert.Equal(forms[4], Apply(forms[0], compose: false, compatibility: true));
            count++;
        }
        Assert.Equal(500, count);
    }

    private static string Apply(string text, bool compose, bool compatibility)
    {
        var normalized = new NormalizedText(text, 0, text.Length);
        UnicodeNormalization.Apply(normalized, compose, compatibility);
        return normalized.Text.ToString();
    }
}
