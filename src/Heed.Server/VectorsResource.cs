using static Heed.Server.FiguresResource;
using static Heed.Server.Recipe;

namespace Heed.Server;

/// <summary>A text, and which of a layer's vectors are drawn of it.</summary>
public sealed record StripsRequest : LabRequest
{
    /// <summary>Which, by the name within a layer: one of the model's <see cref="ModelInfo.Vectors"/>.</summary>
    public string Activation { get; set; } = ActivationNames.Query;

    /// <summary>True: of every head, where heads have their own; else of <see cref="LabRequest.Head"/> alone.</summary>
    public bool AllHeads { get; set; }
}

/// <summary>/api/figures: what a token is before and inside a layer, and what a head's value map keeps.</summary>
internal static class VectorsResource
{
    public static void MapVectors(this IEndpointRouteBuilder app)
    {
        var figures = app.MapGroup("/api/figures");
        figures.MapPost("/tokens", TokensAsync).WithName("tokens-figure").WithSummary("The tokens of a text with their numbers.");
        figures.MapPost("/embeddings", EmbeddingsAsync).WithName("embeddings").WithSummary("The vector of every token as it enters the first layer.");
        figures.MapPost("/strips", StripsAsync).WithName("strips").WithSummary("A layer's vectors of every token: queries, keys, values, what is added, neurons, the stream.");
        figures.MapPost("/mlp", MlpAsync).WithName("mlp").WithSummary("The neurons of a layer at a position, and what they write.");
        figures.MapPost("/stream", StreamAsync).WithName("stream").WithSummary("How much every layer writes at a position.");
        figures.MapPost("/spectrum", SpectrumAsync).WithName("spectrum").WithSummary("The singular values of a head's value map.");
    }

    private static async Task<Ok<FigureAnswer>> TokensAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        return Answer([TokenTable.Of(run.Tokens, run.Texts, width: request.Width ?? 480)], OfText(model, run, "tokenize --svg tokens.svg", "TokenTable.Of(tokens, texts)"));
    }

    private static async Task<Ok<FigureAnswer>> EmbeddingsAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var name = ActivationNames.InBlock(0, ActivationNames.ResidPre);
        var picked = Picked(request, run);
        return Answer([TokenTable.Of(run.Tokens, run.Texts, run.Trace[name], request.Width ?? 720, picked)], OfText(model, run, $"trace --names {name} --svg embeddings.svg",
            $"TokenTable.Of(tokens, texts, model.Trace(tokens, [\"{name}\"]{EditsOf(run)})[\"{name}\"]{(picked is { } p ? $", picked: {N(p)}" : "")})"));
    }

    private static async Task<Ok<FigureAnswer>> StripsAsync(StripsRequest request, LabModels models, CancellationToken cancellation)
    {
        CheckLayer(models.Of(request.Model), request);
        var info = VectorNames.Find(models.Of(request.Model).Model, request.Layer, request.Activation ?? "");
        // The stream that enters a layer is kept of every run.
        var isKept = info.Local == ActivationNames.ResidPre;
        var (model, run) = await models.RunAsync(request, cancellation, isKept ? null : request.Layer);
        var activation = isKept ? run.Trace[info.Name] : (await model.LayerAsync(run, request.Layer, cancellation))[info.Name];
        int? head = null;
        if (info.Heads is { } own && !request.AllHeads)
        {
            CheckHead(model, request);
            head = request.Head / (model.Model.Config.Layers[request.Layer].Heads / own);
            activation = OfHead(activation, head.Value);
        }
        var title = VectorNames.Title(info, head is null ? null : request.Head);
        var picked = Picked(request, run);
        var figure = VectorStrips.Of(activation, run.Texts, new()
        {
            Title = title,
            Picked = picked,
            Width = request.Width ?? new VectorStripsOptions().Width,
        });
        return Answer([figure], OfText(model, run, $"trace --names {info.Name}{(head is null ? "" : $" --heads {N(request.Head)}")} --svg strips.svg",
            $"VectorStrips.Of(model.Trace(tokens, new Trace(new() {{ Names = [\"{info.Name}\"]{(head is null ? "" : $", Heads = [{N(request.Head)}]")} }}){EditsOf(run)})[\"{info.Name}\"], texts, new() {{ Title = {Literal(title)}{(picked is { } p ? $", Picked = {N(p)}" : "")} }})"));
    }

    /// <summary>The token that was picked, which is shown also where a figure has no room for all.</summary>
    private static int? Picked(LabRequest request, LabRun run) => request.Query is { } query ? Position(query, run, "query") : null;

    /// <summary>One head's vectors, or one key–value head's.</summary>
    private static Activation OfHead(Activation activation, int head)
    {
        var axis = activation.Axes[0] == "position" ? 1 : 0;
        var (rows, size) = (activation.Shape[1 - axis], activation.Shape[2]);
        var values = new float[rows * size];
        for (var row = 0; row < rows; row++) (axis == 1 ? activation.Row(row, head) : activation.Row(head, row)).CopyTo(values.AsSpan(row * size));
        return activation with
        {
            Shape = axis == 1 ? [rows, 1, size] : [1, rows, size],
            Values = values,
            Selected = new Dictionary<string, IReadOnlyList<int>> { [activation.Axes[axis]] = [head] },
        };
    }

    private static async Task<Ok<FigureAnswer>> MlpAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        CheckLayer(model, request);
        var position = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        var trace = await model.LayerAsync(run, request.Layer, cancellation);
        var (post, output) = (ActivationNames.InBlock(request.Layer, ActivationNames.MlpPost), ActivationNames.InBlock(request.Layer, ActivationNames.MlpOut));
        if (trace.Find(post) is not { } neurons) throw new HeedException($"Layer {request.Layer} of this model has no single list of neurons (it has experts); choose another model.");
        var traced = $"model.Trace(tokens, [\"blocks.{N(request.Layer)}.*\"]{EditsOf(run)})";
        return Answer([MlpNeurons.Of(neurons, trace[output], position, run.Texts, request.Width ?? 640)], OfText(model, run, $"trace --names {post},{output} --positions {N(position)} --html mlp.html",
            $"MlpNeurons.Of({traced}[\"{post}\"], {traced}[\"{output}\"], {N(position)}, texts)"));
    }

    private static async Task<Ok<FigureAnswer>> StreamAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var position = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        string[] names = [ActivationNames.InBlock(0, ActivationNames.ResidPre), $"blocks.*.{ActivationNames.AttentionOut}", $"blocks.*.{ActivationNames.MlpOut}"];
        var trace = await model.WithEngineAsync(() => model.Model.Trace(run.Tokens, names, run.Edits), cancellation);
        var layers = model.Model.Config.Layers.Count;
        return Answer([ResidualStream.Of(trace, layers, position, run.Texts, request.Width ?? 560)], OfText(model, run, $"attribute --draw stream --position {N(position)} --svg stream.svg",
            $"ResidualStream.Of(model.Trace(tokens, [{string.Join(", ", names.Select(Literal))}]{EditsOf(run)}), {N(layers)}, {N(position)}, texts)"));
    }

    private static async Task<Ok<FigureAnswer>> SpectrumAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var model = models.Of(request.Model);
        CheckHead(model, request);
        var map = await model.WithEngineAsync(() =>
        {
            var map = FactoredMatrix.ValueOutput(model.Model.Weights, request.Layer, request.Head);
            _ = map.SingularValues;
            return map;
        }, cancellation);
        return Answer([CircuitFigures.ValueMap(map, request.Layer, request.Head, request.Width ?? 640)],
            OfModel(model, $"circuit --layer {N(request.Layer)} --head {N(request.Head)} --html circuit.html", $"CircuitFigures.ValueMap(FactoredMatrix.ValueOutput(model.Weights, {N(request.Layer)}, {N(request.Head)}), {N(request.Layer)}, {N(request.Head)})"));
    }
}
