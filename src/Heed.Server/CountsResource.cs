using static Heed.Server.FiguresResource;
using static Heed.Server.Recipe;

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
    public int ModelWidth { get; set; } = 768;

    /// <summary>Heads of a layer, which share the width.</summary>
    public int Heads { get; set; } = 12;

    /// <summary>Tokens of the vocabulary.</summary>
    public int Vocabulary { get; set; } = 50257;

    /// <summary>Tokens of context; null: what the model was made for.</summary>
    public int? Context { get; set; }

    /// <summary>The width to draw for, in pixels; by default the figure's own.</summary>
    public double? Width { get; set; }
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
        var counted = Counted.Of(request, models);
        return Answer([ParameterTally.Of(ParameterCount.Run(counted.Title, counted.Outline), request.Width ?? 720)], new($"{counted.Before}heed count{counted.Argument} --svg count.svg",
            $"var figure = ParameterTally.Of(ParameterCount.Run({Literal(counted.Title)}, {counted.Code}));"));
    }

    private static Ok<FigureAnswer> Context(CountRequest request, LabModels models)
    {
        var counted = Counted.Of(request, models);
        var outline = counted.Outline;
        var context = request.Context ?? outline.Config.ContextLength;
        if (context is < 1 or > MaxSize) throw new HeedException($"context is {context}; it must be from 1 to {MaxSize:N0} tokens.");
        var cost = ContextCost.Run(counted.Title, outline, ContextCost.Lengths(outline, context));
        var row = cost.Rows.Single(r => r.Context == context);
        return TypedResults.Ok(Drawn([ContextSquare.Of(cost, context, outline.Config, request.Width ?? 720)], new($"{counted.Before}heed cost{counted.Argument} --context {N(context)} --svg context.svg",
            $"var outline = {counted.Code};\nvar figure = ContextSquare.Of(ContextCost.Run({Literal(counted.Title)}, outline, ContextCost.Lengths(outline, {N(context)})), {N(context)}, outline.Config);"), row.SavingsInWords(outline.Config)));
    }

    /// <summary>What is counted, and how it is named elsewhere.</summary>
    /// <param name="Title">What it is called.</param>
    /// <param name="Outline">Its configuration and tensors.</param>
    /// <param name="Before">What a command line does first.</param>
    /// <param name="Argument">What it names then; empty for what the tool takes by itself.</param>
    /// <param name="Code">The outline in C#.</param>
    private sealed record Counted(string Title, ModelOutline Outline, string Before, string Argument, string Code)
    {
        public static Counted Of(CountRequest request, LabModels models)
        {
            LabModels.CheckWidth(request.Width);
            if (request.Known is null)
            {
                var model = models.Of(request.Model);
                return new(model.Name, ModelOutline.Of(model.Model.Transformer), "", model.Option.Length == 0 ? "" : $" {Last(model.Model.Path)}", "ModelOutline.Of(model.Transformer)");
            }
            if (request.Known != "own")
            {
                var known = KnownModels.Find(request.Known) ?? throw new HeedException($"There is no known model \"{request.Known}\"; there are {string.Join(", ", KnownModels.All.Select(m => m.Name))}, and own.");
                return new(known.Title, known.Outline, "", $" {known.Name}", $"KnownModels.Find({Literal(known.Name)})!.Outline");
            }
            Check(request.Layers, "layers", 1000);
            Check(request.ModelWidth, "modelWidth", 100_000);
            Check(request.Heads, "heads", 1000);
            Check(request.Vocabulary, "vocabulary", MaxSize);
            var context = request.Context ?? 1024;
            Check(context, "context", MaxSize);
            if (request.ModelWidth % request.Heads != 0) throw new HeedException($"modelWidth is {request.ModelWidth} and heads is {request.Heads}: heads share the width, so it must be a multiple of them.");
            var json = $$"""{"model_type":"gpt2","vocab_size":{{N(request.Vocabulary)}},"n_positions":{{N(context)}},"n_embd":{{N(request.ModelWidth)}},"n_layer":{{N(request.Layers)}},"n_head":{{N(request.Heads)}}}""";
            return new("A model of your own", ModelOutline.Parse(json, "own"), $"echo {Quoted(json)} > own.json && ", " own.json", $"ModelOutline.Parse({Literal(json)}, \"own\")");
        }
    }

    private static void Check(int value, string name, int most)
    {
        if (value < 1 || value > most) throw new HeedException($"{name} is {value}; it must be from 1 to {most:N0}.");
    }
}
