using static Heed.Server.FiguresResource;

namespace Heed.Server;

/// <summary>A model to count: one that is loaded, a known one, or sizes of one's own.</summary>
/// <remarks>Members can be set: generated JSON readers keep the defaults of those only.</remarks>
public sealed record CountRequest
{
    /// <summary>The model's id; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>gpt3, gpt3-paper, gpt2; "own" for the sizes below; null for the model itself.</summary>
    public string? Known { get; set; }

    /// <summary>Layers of one's own.</summary>
    public int Layers { get; set; } = 12;

    /// <summary>Numbers in a vector.</summary>
    public int Width { get; set; } = 768;

    /// <summary>Heads of a layer, which share the width.</summary>
    public int Heads { get; set; } = 12;

    /// <summary>Tokens of the vocabulary.</summary>
    public int Vocabulary { get; set; } = 50257;

    /// <summary>Tokens of context; null: what the model was made for.</summary>
    public int? Context { get; set; }
}

/// <summary>/api/figures: every parameter of a model, and what a context costs.</summary>
internal static class CountsResource
{
    private const int MaxSize = 1_000_000;

    public static void MapCounts(this IEndpointRouteBuilder app)
    {
        var figures = app.MapGroup("/api/figures");
        figures.MapPost("/tally", Tally).WithName("tally").WithSummary("Every parameter as area, with its formula.");
        figures.MapPost("/context", Context).WithName("context").WithSummary("What a context costs, as squares.");
    }

    private static Ok<FigureAnswer> Tally(CountRequest request, LabModels models)
    {
        var (title, outline) = OutlineOf(request, models);
        return Answer([ParameterTally.Of(ParameterCount.Run(title, outline))], $"heed count{(KnownModels.Find(request.Known ?? "") is { } known ? $" {known.Name}" : "")}", "ParameterTally.Of(ParameterCount.Run(name, outline))");
    }

    private static Ok<FigureAnswer> Context(CountRequest request, LabModels models)
    {
        var (title, outline) = OutlineOf(request, models);
        var context = request.Context ?? outline.Config.ContextLength;
        if (context is < 1 or > MaxSize) throw new HeedException($"context is {context}; it must be from 1 to {MaxSize:N0} tokens.");
        var cost = ContextCost.Run(title, outline, ContextCost.Lengths(outline, context));
        return Answer([ContextSquare.Of(cost, context, outline.Config)], $"heed cost {(KnownModels.Find(request.Known ?? "") is { } known ? $"{known.Name} " : "")}--context {N(context)}",
            $"ContextSquare.Of(ContextCost.Run(name, outline, lengths), {N(context)}, outline.Config)");
    }

    private static (string Title, ModelOutline Outline) OutlineOf(CountRequest request, LabModels models)
    {
        if (request.Known is null)
        {
            var model = models.Of(request.Model);
            return (model.Name, ModelOutline.Of(model.Model.Transformer));
        }
        if (request.Known != "own")
        {
            var known = KnownModels.Find(request.Known) ?? throw new HeedException($"There is no known model \"{request.Known}\"; there are {string.Join(", ", KnownModels.All.Select(m => m.Name))}, and own.");
            return (known.Title, known.Outline);
        }
        Check(request.Layers, "layers", 1000);
        Check(request.Width, "width", 100_000);
        Check(request.Heads, "heads", 1000);
        Check(request.Vocabulary, "vocabulary", MaxSize);
        var context = request.Context ?? 1024;
        Check(context, "context", MaxSize);
        if (request.Width % request.Heads != 0) throw new HeedException($"width is {request.Width} and heads is {request.Heads}: heads share the width, so it must be a multiple of them.");
        return ("A model of your own", ModelOutline.Parse($$"""{"model_type":"gpt2","vocab_size":{{N(request.Vocabulary)}},"n_positions":{{N(context)}},"n_embd":{{N(request.Width)}},"n_layer":{{N(request.Layers)}},"n_head":{{N(request.Heads)}}}""", "own"));
    }

    private static void Check(int value, string name, int most)
    {
        if (value < 1 || value > most) throw new HeedException($"{name} is {value}; it must be from 1 to {most:N0}.");
    }
}
