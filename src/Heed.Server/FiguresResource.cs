using System.Globalization;
using static Heed.Server.Recipe;

namespace Heed.Server;

/// <summary>/api/figures: the library's figures of a text's run, each with the command and the code that draw it elsewhere.</summary>
internal static class FiguresResource
{
    public static void MapFigures(this IEndpointRouteBuilder app)
    {
        var figures = app.MapGroup("/api/figures");
        figures.MapPost("/board", BoardAsync).WithName("board").WithSummary("All heads at once.");
        figures.MapPost("/grid", GridAsync).WithName("grid").WithSummary("One head: who looks at whom, at one stage of the scores.");
        figures.MapPost("/lines", LinesAsync).WithName("lines").WithSummary("One head, as lines between two columns of the text.");
        figures.MapPost("/story", StoryAsync).WithName("story").WithSummary("One head, one token, from E to E′, step by step.");
        figures.MapPost("/sum", SumAsync).WithName("sum").WithSummary("What every head of a layer adds at a position, and their sum.");
        figures.MapPost("/next", NextAsync).WithName("next-figure").WithSummary("The most likely next tokens as bars.");
        figures.MapPost("/products", ProductsAsync).WithName("products").WithSummary("One score, split into its products q_i·k_i.");
        figures.MapPost("/why", WhyAsync).WithName("why").WithSummary("One score, split by what wrote the query and what wrote the key.");
    }

    private static async Task<Ok<FigureAnswer>> BoardAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        CheckHead(model, request);
        var layers = model.Model.Config.Layers.Count;
        var figure = HeadBoard.Of(run.Trace, layers, run.Texts, new()
        {
            Convention = request.Convention,
            Picked = request.IsOutlined ? [(request.Layer, request.Head)] : [],
            Width = request.Width ?? new HeadBoardOptions().Width,
        });
        return Answer([figure], Recipe.OfText(model, run, $"look --draw board{Head(request)}{Way(request)} --svg board.svg",
            $"HeadBoard.Of(model.Trace(tokens, [\"blocks.*.{ActivationNames.Pattern}\"]{Recipe.EditsOf(run)}), {layers}, texts{(request.IsOutlined ? $", new() {{ Convention = GridConvention.{request.Convention}, Picked = [({N(request.Layer)}, {N(request.Head)})] }}" : WayCode(request))})"));
    }

    private static async Task<Ok<FigureAnswer>> GridAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation, request.Layer);
        CheckHead(model, request);
        var query = request.Query is { } q ? Position(q, run, "query") : (int?)null;
        var name = ActivationNames.InBlock(request.Layer, NameOf(request.Stage));
        var trace = request.Stage == AttentionStage.Pattern ? run.Trace : await model.LayerAsync(run, request.Layer, cancellation);
        var figure = DotGrid.Of(trace[name], request.Head, run.Texts, new()
        {
            Layer = request.Layer,
            Convention = request.Convention,
            Window = model.Model.Config.Layers[request.Layer].Window,
            Query = query,
            Width = request.Width ?? new DotGridOptions().Width,
        });
        var command = request.Stage == AttentionStage.Pattern ? $"look --draw grid{Head(request)}{Way(request)}{(query is { } picked ? $" --query {N(picked)}" : "")}" : $"trace --names {name} --heads {N(request.Head)}";
        return Answer([figure], Recipe.OfText(model, run, $"{command} --svg grid.svg", $"DotGrid.Of(model.Trace(tokens, [\"{name}\"]{Recipe.EditsOf(run)})[\"{name}\"], {N(request.Head)}, texts{WayCode(request)})"));
    }

    private static async Task<Ok<FigureAnswer>> LinesAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        CheckHead(model, request);
        var name = ActivationNames.InBlock(request.Layer, ActivationNames.Pattern);
        int? query = request.Query is { } q ? Position(q, run, "query") : null;
        var figure = BipartiteLines.Of(run.Trace[name], request.Head, run.Texts, new() { Query = query, Window = model.Model.Config.Layers[request.Layer].Window });
        return Answer([figure], Recipe.OfText(model, run, $"look --draw lines{Head(request)}{(query is { } one ? $" --query {N(one)}" : "")} --svg lines.svg",
            $"BipartiteLines.Of(model.Trace(tokens, [\"{name}\"]{Recipe.EditsOf(run)})[\"{name}\"], {N(request.Head)}, texts{(query is { } at ? $", new() {{ Query = {N(at)} }}" : "")})"));
    }

    private static async Task<Ok<FigureAnswer>> StoryAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation, request.Layer);
        CheckHead(model, request);
        var query = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        var trace = await model.LayerAsync(run, request.Layer, cancellation);
        var story = HeadStory.From(trace, request.Layer, request.Head, query, run.Texts);
        return Answer(StepStrip.Steps(story), Recipe.OfText(model, run, $"look --draw steps{Head(request)} --query {N(query)} --html steps.html",
            $"StepStrip.Steps(HeadStory.From(model.Trace(tokens, HeadStory.Names({N(request.Layer)}){Recipe.EditsOf(run)}), {N(request.Layer)}, {N(request.Head)}, {N(query)}, texts))"));
    }

    private static async Task<Ok<FigureAnswer>> SumAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation, request.Layer);
        CheckHead(model, request);
        var position = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        var trace = await model.LayerAsync(run, request.Layer, cancellation);
        var (result, output) = (ActivationNames.InBlock(request.Layer, ActivationNames.Result), ActivationNames.InBlock(request.Layer, ActivationNames.AttentionOut));
        var traced = $"model.Trace(tokens, [\"blocks.{N(request.Layer)}.*\"]{Recipe.EditsOf(run)})";
        return Answer([MultiHeadSum.Of(trace[result], trace[output], position, run.Texts)], Recipe.OfText(model, run, $"look --draw sum{Head(request)} --query {N(position)} --svg sum.svg",
            $"MultiHeadSum.Of({traced}[\"{result}\"], {traced}[\"{output}\"], {N(position)}, texts)"));
    }

    private static async Task<Ok<FigureAnswer>> NextAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        if (request.Top is < 1 or > 50) throw new HeedException($"top is {request.Top}; a figure shows 1 to 50 tokens.");
        var (model, run) = await models.RunAsync(request, cancellation);
        TokensResource.CheckToken(request, run);
        var largest = await LargestAsync(request.Beside, models, cancellation);
        var scale = largest > run.Probabilities[run.Ranking[0]] ? string.Create(CultureInfo.InvariantCulture, $", largest: {largest}") : "";
        return Answer([ProbabilityBars.Of(run.Logits, model.Model.Tokenizer, run.Texts[^1], request.Top, request.Width ?? 560, request.Token, largest)], Recipe.OfText(model, run, "look --draw next --svg next.svg",
            $"ProbabilityBars.Of({LastLogits(run)}, model.Tokenizer, texts[^1], {N(request.Top)}{scale})"));
    }

    /// <summary>The likeliest next token's probability of what stands beside; 0 where nothing does. What is wrong there is said there.</summary>
    private static async Task<float> LargestAsync(LabRequest? beside, LabModels models, CancellationToken cancellation)
    {
        if (beside is null) return 0;
        try
        {
            var (_, run) = await models.RunAsync(beside, cancellation);
            return run.Probabilities[run.Ranking[0]];
        }
        catch (HeedException)
        {
            return 0;
        }
    }

    private static async Task<Ok<FigureAnswer>> ProductsAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run, query, key) = await CellAsync(request, models, cancellation);
        var trace = await model.LayerAsync(run, request.Layer, cancellation);
        // What is multiplied: turned by its position where the model does that. Other models' queries are left to the whole analysis.
        var (queries, keys) = (trace.Find(ActivationNames.InBlock(request.Layer, ActivationNames.RotatedQuery)), trace.Find(ActivationNames.InBlock(request.Layer, ActivationNames.RotatedKey)));
        var layer = model.Model.Config.Layers[request.Layer];
        var width = request.Width ?? 778;
        var figure = queries is null || keys is null
            ? ScoreFigures.ByDimension(await model.WithEngineAsync(() => ScoreParts.Run(model.Model, run.Tokens, request.Layer, request.Head, query, key, edits: run.Edits), cancellation), run.Texts, width)
            : ScoreTerms.ByDimension(queries.Row(query, request.Head), keys.Row(key, request.Head / (layer.Heads / layer.KeyValueHeads)),
                trace[ActivationNames.InBlock(request.Layer, ActivationNames.RawScores)][request.Head, query, key],
                TokenLabel.Quoted(run.Texts, query), TokenLabel.Quoted(run.Texts, key), $"L{N(request.Layer)}.H{N(request.Head)}.q{N(query)}.k{N(key)}", width);
        return Answer([figure], Why(request, model, run, query, key, "ByDimension"));
    }

    private static async Task<Ok<FigureAnswer>> WhyAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run, query, key) = await CellAsync(request, models, cancellation);
        var parts = await model.WithEngineAsync(() => ScoreParts.Run(model.Model, run.Tokens, request.Layer, request.Head, query, key, edits: run.Edits), cancellation);
        return Answer([ScoreFigures.ByWriter(parts, run.Texts)], Why(request, model, run, query, key, "ByWriter"));
    }

    /// <summary>The cell that a request names: by default the last token's largest weight.</summary>
    private static async Task<(LabModel Model, LabRun Run, int Query, int Key)> CellAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation, request.Layer);
        CheckHead(model, request);
        var query = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        var pattern = run.Trace[ActivationNames.InBlock(request.Layer, ActivationNames.Pattern)];
        var key = Position(request.Key ?? System.Numerics.Tensors.TensorPrimitives.IndexOfMax(pattern.Row(request.Head, query)[..(query + 1)]), run, "key");
        return key <= query ? (model, run, query, key) : throw new HeedException($"The token at {query} cannot look at the one at {key}: it comes later.");
    }

    private static Recipe Why(LabRequest request, LabModel model, LabRun run, int query, int key, string figure)
        => Recipe.OfText(model, run, $"why{Head(request)} --query {N(query)} --key {N(key)} --html why.html",
            $"ScoreFigures.{figure}(ScoreParts.Run(model, tokens, {N(request.Layer)}, {N(request.Head)}, {N(query)}, {N(key)}{Recipe.EditsOf(run)}), texts)");

    /// <summary>The logits after the text, in C#.</summary>
    internal static string LastLogits(LabRun run) => $"model.Trace(tokens, [\"{ActivationNames.Logits}\"]{Recipe.EditsOf(run)})[\"{ActivationNames.Logits}\"].Row(tokens.Length - 1)";

    private static string Head(LabRequest request) => $" --layer {N(request.Layer)} --head {N(request.Head)}";

    private static string Way(LabRequest request) => request.Convention == GridConvention.Library ? " --convention library" : "";

    private static string WayCode(LabRequest request) => request.Convention == GridConvention.Library ? ", new() { Convention = GridConvention.Library }" : "";

    internal static Ok<FigureAnswer> Answer(IReadOnlyList<Figure> steps, Recipe recipe) => TypedResults.Ok(Drawn(steps, recipe));

    /// <summary>Figures with what draws them elsewhere, and what is to be said with them.</summary>
    internal static FigureAnswer Drawn(IReadOnlyList<Figure> steps, Recipe recipe, params IReadOnlyList<string> notes)
        => new([.. steps.Select(f => new FigureInfo(f.Title, f.Caption, f.Foot, f.Width, f.Height, f.HeadHeight, f.FootHeight, f.ToBareSvg()))], recipe.Command, recipe.Code, notes.Count > 0 ? notes : null);

    private static string NameOf(AttentionStage stage) => stage switch
    {
        AttentionStage.RawScores => ActivationNames.RawScores,
        AttentionStage.ScaledScores => ActivationNames.ScaledScores,
        AttentionStage.MaskedScores => ActivationNames.Scores,
        _ => ActivationNames.Pattern,
    };

    internal static void CheckLayer(LabModel model, LabRequest request)
    {
        var layers = model.Model.Config.Layers.Count;
        if ((uint)request.Layer >= (uint)layers) throw new HeedException($"layer is {request.Layer}; the model has layers 0 to {layers - 1}.");
    }

    internal static void CheckHead(LabModel model, LabRequest request)
    {
        CheckLayer(model, request);
        var heads = model.Model.Config.Layers[request.Layer].Heads;
        if ((uint)request.Head >= (uint)heads) throw new HeedException($"head is {request.Head}; layer {request.Layer} has heads 0 to {heads - 1}.");
    }

    /// <summary>A position that a request names; a negative one counts from the end.</summary>
    internal static int Position(int position, LabRun run, string name)
        => position < 0 && position >= -run.Tokens.Length ? position + run.Tokens.Length : (uint)position < (uint)run.Tokens.Length ? position : throw new HeedException($"{name} is {position}; the text has tokens 0 to {run.Tokens.Length - 1}.");
}
