using Heed.Lens;
using Heed.Tracing;

namespace Heed.Tests.Lens;

public class TokenLossesTests
{
    [Fact]
    public void Run_EveryPosition_HasTheLossOfItsNextToken()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = model.Tokenizer.Encode("Once upon a time there was a little girl").Ids;
        var found = TokenLosses.Run(model, tokens);
        var logits = Models.Logits(model, tokens);
        Assert.Equal(tokens.Length - 1, found.Losses.Count);
        foreach (var loss in found.Losses)
        {
            var row = logits[loss.Position - 1];
            var next = tokens[loss.Position];
            Assert.Equal(LanguageModel.TokenLoss(row, next), loss.Loss);
            Assert.Equal(row.Max(), row[loss.Likeliest]);
            Assert.Equal(1 + row.Count(z => z > row[next]), loss.Rank);
            Assert.Equal(Math.Exp(-loss.Loss), loss.Probability);
        }
        Assert.Equal(model.Loss(tokens).Loss, found.Mean, 1e-9);
    }

    [Fact]
    public void Run_Edits_ChangeTheLosses()
    {
        using var model = Models.Exact(Models.Stories);
        var tokens = Models.Tokens(6);
        Edit[] edits = [Edit.Zero("blocks.1.hook_mlp_out")];
        Assert.Equal(model.Loss(tokens, edits).Loss, TokenLosses.Run(model, tokens, edits).Mean, 1e-9);
        Assert.NotEqual(TokenLosses.Run(model, tokens).Mean, TokenLosses.Run(model, tokens, edits).Mean);
    }

    [Fact]
    public void Run_OneToken_SaysThatNothingFollows()
    {
        using var model = Models.Exact(Models.Stories);
        Assert.Contains("needs two", Assert.Throws<HeedException>(() => TokenLosses.Run(model, [5])).Message, StringComparison.Ordinal);
    }
}
