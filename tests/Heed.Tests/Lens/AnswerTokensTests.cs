using Heed.Lens;
using Heed.Tokenization;

namespace Heed.Tests.Lens;

public class AnswerTokensTests
{
    private static readonly Lazy<Tokenizer> s_tokenizer = new(() =>
    {
        using var file = Heed.Formats.GgufFile.Open(TestData.EmbeddedModel);
        return Tokenizer.Load(file);
    });

    [Fact]
    public void Parse_OneToken_IsItsId()
    {
        var paris = AnswerTokens.Parse(s_tokenizer.Value, " Paris");
        Assert.Equal(" Paris", s_tokenizer.Value.Decode([paris]));
        Assert.Equal(paris, AnswerTokens.Parse(s_tokenizer.Value, $"id:{paris}"));
        Assert.Equal(" Paris", AnswerTokens.Text(s_tokenizer.Value, paris));
    }

    [Fact]
    public void Text_EveryToken_IsItsTextOrNamesItsBytes()
    {
        var tokenizer = s_tokenizer.Value;
        var named = 0;
        for (var id = 0; id < tokenizer.VocabularySize; id++)
        {
            var (text, decoded) = (AnswerTokens.Text(tokenizer, id), tokenizer.Decode([id]));
            // There is a token that is � itself.
            if (text.Contains('\uFFFD')) Assert.Contains("EFBFBD", Convert.ToHexString(tokenizer.TokenBytes(id)), StringComparison.Ordinal);
            if (!decoded.Contains('\uFFFD')) Assert.Equal(decoded, text);
            else if (text.Contains('⟨')) named++;
            // Read backwards, a label gives the bytes.
            var bytes = text.Split('⟨', '⟩').SelectMany((part, i) => i % 2 == 0 ? System.Text.Encoding.UTF8.GetBytes(part) : Convert.FromHexString(part.Replace("\u202F", "", StringComparison.Ordinal)));
            if (!decoded.Contains('⟨') && !decoded.Contains('⟩')) Assert.Equal(tokenizer.TokenBytes(id), bytes);
        }
        Assert.True(named > 100, $"{named} tokens are parts of characters.");
        // The bytes of a text's tokens are the text's.
        const string All = "👩‍👩‍👧 שלום, naïve 猫!";
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(All), tokenizer.Encode(All).Ids.SelectMany(tokenizer.TokenBytes));
    }

    [Theory]
    [InlineData("<0xE5>", "⟨E5⟩")]
    [InlineData("<0x41>", "A")]
    [InlineData("▁the", " the")]
    public void Text_VocabularyWithTokensForBytes_NamesThem(string token, string text)
    {
        using var model = Models.Exact(Models.Stories);
        Assert.Equal(text, AnswerTokens.Text(model.Tokenizer, model.Tokenizer.Id(token)!.Value));
    }

    [Fact]
    public void Parse_SeveralTokens_SaysWhich()
    {
        var error = Assert.Throws<HeedException>(() => AnswerTokens.Parse(s_tokenizer.Value, " antidisestablish"));
        var pieces = s_tokenizer.Value.Encode(" antidisestablish", addSpecialTokens: false).Ids.Select(i => $"\"{s_tokenizer.Value.Decode([i])}\"");
        Assert.Contains(string.Join(" · ", pieces), error.Message);
    }

    [Fact]
    public void Parse_WordThatIsOneTokenOnlyAfterASpace_SaysSo()
    {
        var tokenizer = s_tokenizer.Value;
        var word = Enumerable.Range(1000, 5000).Select(i => tokenizer.Decode([i]))
            .First(t => t.StartsWith(' ') && t.Length > 4 && tokenizer.Encode(t, false).Count == 1 && tokenizer.Encode(t.Trim(), false).Count > 1);
        var error = Assert.Throws<HeedException>(() => AnswerTokens.Parse(tokenizer, word.Trim(), "--answer"));
        Assert.Contains($"\"{word}\", with a space before it, is one.", error.Message);
        Assert.Contains("The --answer", error.Message);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("id:99999999", "0…")]
    [InlineData("id:-1", "0…")]
    public void Parse_WhatIsNoToken_SaysWhatThereIs(string text, string expected)
        => Assert.Contains(expected, Assert.Throws<HeedException>(() => AnswerTokens.Parse(s_tokenizer.Value, text)).Message);
}
