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
