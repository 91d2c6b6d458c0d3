namespace Heed.Server;

/// <summary>/api/tokens, /api/next, /api/loss: how a text is cut, what comes after it, and how well it was foreseen.</summary>
internal static class TokensResource
{
    private const int MaxTop = 1000;

    public static void MapTokens(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/tokens", TokensAsync).WithName("tokens").WithSummary("The tokens of a text.");
        app.MapPost("/api/next", NextAsync).WithName("next").WithSummary("The most likely next tokens, of all that the model knows, or those that contain a text.");
        app.MapPost("/api/loss", LossAsync).WithName("loss").WithSummary("How well each token of a text was foreseen.");
    }

    private static async Task<Ok<LossAnswer>> LossAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        if (run.Tokens.Length == 1) return TypedResults.Ok(new LossAnswer(null, []));
        var losses = await model.WithEngineAsync(run.Losses, cancellation);
        return TypedResults.Ok(new LossAnswer(losses.Mean, [.. losses.Losses.Select(l => l.Loss)]));
    }

    private static async Task<Ok<IReadOnlyList<TokenInfo>>> TokensAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var run = await Sentence.Of(request with { Edits = null }).PrepareAsync(models.Of(request.Model), models.Options, cancellation);
        return TypedResults.Ok<IReadOnlyList<TokenInfo>>([.. TokensOf(run)]);
    }

    /// <summary>Checks the next token that a request picks out.</summary>
    internal static void CheckToken(LabRequest request, LabRun run)
    {
        if (request.Token is { } wanted && (uint)wanted >= (uint)run.Logits.Length) throw new HeedException($"token is {wanted}; the vocabulary has 0 to {run.Logits.Length - 1}.");
    }

    private static IEnumerable<TokenInfo> TokensOf(LabRun run) => run.Tokens.Select((id, i) => new TokenInfo(id, run.Texts[i], TokenLabel.Visible(run.Texts[i])));

    private static async Task<Ok<NextAnswer>> NextAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        if (request.Top is < 1 or > MaxTop) throw new HeedException($"top is {request.Top}; ask for 1 to {MaxTop:N0} tokens.");
        var (model, run) = await models.RunAsync(request, cancellation);
        var tokenizer = model.Model.Tokenizer;
        CheckToken(request, run);
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
            tokens.Add(Next(i));
        }
        if (request.Token is { } token && tokens.All(t => t.Id != token)) tokens.Add(Next(Array.IndexOf(run.Ranking, token)));
        var after = request.After is { Count: > 0 } ? new ContinuationInfo([.. TokensOf(run).TakeLast(request.After.Count)], run.Text, IsSame()) : null;
        return TypedResults.Ok(new NextAnswer(tokens, request.Search is { Length: > 0 } ? found : run.Ranking.Length, run.Ranking.Length, after));

        NextToken Next(int rank)
        {
            var id = run.Ranking[rank];
            var text = AnswerTokens.Text(tokenizer, id);
            return new(rank + 1, id, text, TokenLabel.Visible(text), run.Probabilities[id], run.Logits[id], tokenizer.EndIds.Contains(id));
        }

        bool IsSame() => tokenizer.Encode(run.Text, addSpecialTokens: !request.IsPrompt).Ids.AsSpan().SequenceEqual(run.Tokens);
    }
}
