using System.Globalization;
using static Heed.Server.FiguresResource;
using static Heed.Server.Recipe;

namespace Heed.Server;

/// <summary>A text, and how its next token is drawn.</summary>
/// <remarks>Members can be set: generated JSON readers keep the defaults of those only.</remarks>
public sealed record SamplingRequest : LabRequest
{
    /// <summary>As in <see cref="GenerationOptions.Temperature"/>.</summary>
    public float Temperature { get; set; } = 1;

    /// <summary>As in <see cref="GenerationOptions.TopK"/>.</summary>
    public int TopK { get; set; }

    /// <summary>As in <see cref="GenerationOptions.TopP"/>.</summary>
    public float TopP { get; set; } = 1;
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
        // Every point and position costs an unembedding: only what fits is computed, the last positions or those around the one that looks.
        var fits = LensTable.Capacity(width);
        var last = Math.Max(0, run.Tokens.Length - fits);
        var first = request.Query is { } query ? Math.Clamp(Position(query, run, "query") - fits / 2, 0, last) : last;
        var end = Math.Min(run.Tokens.Length, first + fits);
        var answer = run.Ranking[0];
        // Told of no progress: it would be from inside a pass, where nobody else can be let in.
        var lens = await model.WithEngineAsync(() => LogitLens.Run(model.Model, run.Tokens, answer, positions: first..end,
            points: LogitLens.PointsOf(model.Model.Transformer.Activations).Where(p => !p.IsMid), edits: run.Edits, cancellation: cancellation), cancellation);
        var isPart = end < run.Tokens.Length;
        return Answer([LensTable.Of(lens, model.Model.Tokenizer, run.Texts, width)], OfText(model, run, $"lens{(isPart ? $" --positions {N(first)}..{N(end - 1)}" : "")} --svg lens.svg",
            $"LensTable.Of(LogitLens.Run(model, tokens, {N(answer)}{(isPart ? $", positions: {N(first)}..{N(end)}" : "")}, points: LogitLens.PointsOf(model.Transformer.Activations).Where(p => !p.IsMid){EditsOf(run)}), model.Tokenizer, texts)"));
    }

    private static async Task<Ok<FigureAnswer>> LossAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var losses = await model.WithEngineAsync(run.Losses, cancellation);
        return Answer([LossBars.Of(losses, model.Model.Tokenizer, run.Texts, request.Width ?? 640)], OfText(model, run, "look --draw loss --svg loss.svg", $"LossBars.Of(TokenLosses.Run(model, tokens{EditsOf(run)}), model.Tokenizer, texts)"));
    }

    private static async Task<Ok<FigureAnswer>> SamplingAsync(SamplingRequest request, LabModels models, CancellationToken cancellation)
    {
        if (request.Top is < 1 or > 50) throw new HeedException($"top is {request.Top}; a figure shows 1 to 50 tokens.");
        var (model, run) = await models.RunAsync(request, cancellation);
        var options = new GenerationOptions { Temperature = request.Temperature, TopK = request.TopK, TopP = request.TopP };
        var settings = string.Create(CultureInfo.InvariantCulture, $"Temperature = {options.Temperature}f, TopK = {options.TopK}, TopP = {options.TopP}f");
        return Answer([SamplingBars.Of(run.Logits, model.Model.Tokenizer, run.Texts[^1], options, request.Top, request.Width ?? 600)],
            OfText(model, run, string.Create(CultureInfo.InvariantCulture, $"generate --temperature {options.Temperature} --top-k {options.TopK} --top-p {options.TopP}"),
                $"SamplingBars.Of({LastLogits(run)}, model.Tokenizer, texts[^1], new() {{ {settings} }}, {N(request.Top)})"));
    }
}
