using System.Globalization;
using static Heed.Server.FiguresResource;

namespace Heed.Server;

/// <summary>A text, and how its next token is drawn.</summary>
/// <remarks>Members can be set: generated JSON readers keep the defaults of those only.</remarks>
public sealed record SamplingRequest
{
    /// <summary>The text.</summary>
    public required string Text { get; set; }

    /// <summary>The model's id; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>Changes made while it runs, each as <c>heed --edit</c> takes it.</summary>
    public IReadOnlyList<string>? Edits { get; set; }

    /// <summary>As in <see cref="GenerationOptions.Temperature"/>.</summary>
    public float Temperature { get; set; } = 1;

    /// <summary>As in <see cref="GenerationOptions.TopK"/>.</summary>
    public int TopK { get; set; }

    /// <summary>As in <see cref="GenerationOptions.TopP"/>.</summary>
    public float TopP { get; set; } = 1;

    /// <summary>How many tokens the figure shows, at most 50.</summary>
    public int Top { get; set; } = 10;

    /// <summary>The width to draw for, in pixels; by default the figure's own.</summary>
    public double? Width { get; set; }
}

/// <summary>/api/figures: what the model foresees, layer by layer, token by token, and what is drawn from it.</summary>
internal static class PredictionsResource
{
    public static void MapPredictions(this IEndpointRouteBuilder app)
    {
        var figures = app.MapGroup("/api/figures");
        figures.MapPost("/lens", LensAsync).WithName("lens").WithSummary("What would be predicted after each layer, at each position.");
        figures.MapPost("/loss", LossAsync).WithName("loss-figure").WithSummary("The loss of every next token of a text.");
        figures.MapPost("/sampling", SamplingAsync).WithName("sampling").WithSummary("The model's distribution, and the one that is drawn from.");
    }

    private static async Task<Ok<FigureAnswer>> LensAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var width = request.Width ?? new LensTableOptions().Width;
        // Every point and position costs an unembedding: only what fits is computed.
        var first = Math.Max(0, run.Tokens.Length - LensTable.Capacity(width));
        var answer = run.Ranking[0];
        // Told of no progress: it would be from inside a pass, where nobody else can be let in.
        var lens = await model.WithEngineAsync(() => LogitLens.Run(model.Model, run.Tokens, answer, positions: first..,
            points: LogitLens.PointsOf(model.Model.Transformer.Activations).Where(p => !p.IsMid), edits: run.Edits, cancellation: cancellation), cancellation);
        return Answer([LensTable.Of(lens, model.Model.Tokenizer, run.Texts, width)], $"heed lens --svg lens.svg {Quote(run.Text)}", $"LensTable.Of(LogitLens.Run(model, tokens, {N(answer)}), model.Tokenizer, texts)");
    }

    private static async Task<Ok<FigureAnswer>> LossAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var losses = await model.WithEngineAsync(() => TokenLosses.Run(model.Model, run.Tokens, run.Edits, cancellation), cancellation);
        return Answer([LossBars.Of(losses, model.Model.Tokenizer, run.Texts, request.Width ?? 640)], $"heed trace --names {ActivationNames.Logits} --out logits.safetensors {Quote(run.Text)}", "LossBars.Of(TokenLosses.Run(model, tokens), model.Tokenizer, texts)");
    }

    private static async Task<Ok<FigureAnswer>> SamplingAsync(SamplingRequest request, LabModels models, CancellationToken cancellation)
    {
        if (request.Top is < 1 or > 50) throw new HeedException($"top is {request.Top}; a figure shows 1 to 50 tokens.");
        var (model, run) = await models.RunAsync(new() { Text = request.Text, Model = request.Model, Edits = request.Edits }, cancellation);
        var options = new GenerationOptions { Temperature = request.Temperature, TopK = request.TopK, TopP = request.TopP };
        var drawn = options.Distribution(run.Logits);
        var chances = drawn.ToDictionary(d => d.Id, d => d.Probability);
        SampledToken[] shown = [.. run.Ranking.Take(request.Top).Select(id => new SampledToken(AnswerTokens.Text(model.Model.Tokenizer, id), id, run.Probabilities[id], chances.GetValueOrDefault(id)))];
        return Answer([SamplingBars.Of(shown, run.Texts[^1], options, drawn.Count(d => d.Probability > 0), run.Ranking.Length, request.Width ?? 600)],
            string.Create(CultureInfo.InvariantCulture, $"heed generate --temperature {request.Temperature} --top-k {request.TopK} --top-p {request.TopP} {Quote(run.Text)}"),
            string.Create(CultureInfo.InvariantCulture, $"new GenerationOptions {{ Temperature = {request.Temperature}f, TopK = {request.TopK}, TopP = {request.TopP}f }}.Distribution(logits)"));
    }
}
