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
}
