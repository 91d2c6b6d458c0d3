using Heed.Lens;
using Heed.Lens.Figures;

namespace Heed.Tests.Lens;

public class TokenTextsTests
{
    [Fact]
    public void Of_SplitCharacters_AreNumberedAlsoBesideOthers()
    {
        using var model = Models.Exact(Path.Combine(TestData.Root, "models", "smollm2-135m-instruct"));
        string[] Of(string text) => TokenTexts.Of(text, model.Tokenizer.Encode(text));
        Assert.Equal(["👩₁", "👩₂", "👩₃", "\u200D₁", "\u200D₂", "👩₁", "👩₂", "👩₃", "\u200D₁", "\u200D₂", "👧₁", "👧₂", "👧₃", " hi", " ❤₁", "❤₂", "❤₃", "\uFE0F"], Of("👩‍👩‍👧 hi ❤️"));
        Assert.Equal(["ש", "ל", "ו", "ם₁", "ם₂", " ע₁", "ע₂", "ו", "ל", "ם₁", "ם₂", " م", "ر", "ح", "ب", "ا"], Of("שלום עולם مرحبا"));
        Assert.Equal(["the", " cat"], Of("the cat"));
        // Each has something to see in a figure.
        Assert.All(Of("👩‍👩‍👧 hi ❤️"), t => Assert.True(TextWidth.Of(TokenLabel.Short(t), 12) > 2, t));
    }

    [Theory]
    [InlineData("👩‍👩‍👧 hi ❤️")]
    [InlineData("שלום עולם مرحبا")]
    [InlineData("the cat sat, 猫 and 日本語!")]
    public void After_TokensOfATextCutAnywhere_AreWhatTheTextMadeOfThem(string text)
    {
        using var model = Models.Exact(Path.Combine(TestData.Root, "models", "smollm2-135m-instruct"));
        var encoding = model.Tokenizer.Encode(text);
        var whole = TokenTexts.Of(text, encoding);
        for (var cut = 0; cut <= encoding.Count; cut++)
        {
            // Between characters: a part of one that stands before says nothing of which it is.
            if (cut > 0 && cut < encoding.Count && encoding.Offsets[cut - 1].End > encoding.Offsets[cut].Start) continue;
            var (after, pieces) = TokenTexts.After(model.Tokenizer, encoding.Ids.AsSpan(0, cut), encoding.Ids.AsSpan(cut));
            Assert.Equal(whole[cut..], pieces);
            Assert.Equal(text, model.Tokenizer.Decode(encoding.Ids.AsSpan(0, cut)) + after);
        }
    }

    [Fact]
    public void After_PartOfACharacter_IsNamedByItsBytes()
    {
        using var model = Models.Exact(Path.Combine(TestData.Root, "models", "smollm2-135m-instruct"));
        var ids = model.Tokenizer.Encode("a 👩").Ids;
        var (text, pieces) = TokenTexts.After(model.Tokenizer, ids.AsSpan(0, 1), ids.AsSpan(1, ids.Length - 2));
        Assert.EndsWith("\uFFFD", text);
        Assert.Matches("^⟨[0-9A-F]{2}(\u202F[0-9A-F]{2})*⟩$", pieces[^1]);
        Assert.Equal(AnswerTokens.Text(model.Tokenizer, ids[^2]), pieces[^1]);
        // A byte that begins no character belongs to none: what follows it stands alone.
        var stray = Enumerable.Range(0, model.Tokenizer.VocabularySize).First(id => model.Tokenizer.CreateDecoder().Add(id) == "\uFFFD");
        Assert.Equal(["\uFFFD", "s"], TokenTexts.After(model.Tokenizer, ids.AsSpan(0, 1), [stray, model.Tokenizer.Encode("s").Ids[0]]).Pieces);
    }
}
