namespace Heed.Server;

/// <summary>/api/tokens, /api/next, /api/loss: how a text is cut, what comes after it, and how well it was foreseen.</summary>
internal static class TokensResource
{
    private const int MaxTop = 1000;

    public static void MapTokens(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/tokens", Tokens).WithName("tokens").WithSummary("The tokens of a text.");
        app.MapPost("/api/next", NextAsync).WithName("next").WithSummary("The most likely next tokens, of all that the model knows, or those that contain a text.");
        app.MapPost("/api/loss", LossAsync).WithName("loss").WithSummary("How well each token of a text was foreseen.");
    }

    private static async Task<Ok<LossAnswer>> LossAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var losses = run.Tokens.Length > 1 ? await model.WithEngineAsync(run.Losses, cancellation) : [];
        return TypedResults.Ok(new LossAnswer(losses.Length > 0 ? losses.Average() : null, losses));
    }

    private static Ok<IReadOnlyList<TokenInfo>> Tokens(LabRequest request, LabModels models)
    {
        var run = new Sentence(request.Text ?? "", [], request.IsPrompt).Prepare(models.Of(request.Model).Model, models.Options);
        return TypedResults.Ok<IReadOnlyList<TokenInfo>>([.. run.Tokens.Select((id, i) => new TokenInfo(id, run.Texts[i], TokenLabel.Visible(run.Texts[i])))]);
    }

    private static async Task<Ok<NextAnswer>> NextAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        if (request.Top is < 1 or > MaxTop) throw new HeedException($"top is {request.Top}; ask for 1 to {MaxTop:N0} tokens.");
        var (model, run) = await models.RunAsync(request, cancellation);
        var tokenizer = model.Model.Tokenizer;
        var found = 0;
        var tokens = new List<NextToken>(request.Top);
        for (var i = 0; i < run.Ranking.Length; i++)
        {
            var id = run.Ranking[i];
            if (request.Search is { Length: > 0 } search && !AnswerTokens.Text(tokenizer, id).Contains(search, StringComparison.OrdinalIgnoreCase)) continue;
            if (found++ >= request.Top)
            {
                if (request.Search is { Length: > 0 }) continue;
                break;
            }
            var text = AnswerTokens.Text(tokenizer, id);
            tokens.Add(new(i + 1, id, text, TokenLabel.Visible(text), run.Probabilities[id], run.Logits[id]));
        }
        return TypedResults.Ok(new NextAnswer(tokens, request.Search is { Length: > 0 } ? found : run.Ranking.Length, run.Ranking.Length));
    }
}
