using static Heed.Server.FiguresResource;

namespace Heed.Server;

/// <summary>/api/figures: what a token is before and inside a layer, and what a head's value map keeps.</summary>
internal static class VectorsResource
{
    public static void MapVectors(this IEndpointRouteBuilder app)
    {
        var figures = app.MapGroup("/api/figures");
        figures.MapPost("/tokens", TokensAsync).WithName("tokens-figure").WithSummary("The tokens of a text with their numbers.");
        figures.MapPost("/embeddings", EmbeddingsAsync).WithName("embeddings").WithSummary("The vector of every token as it enters the first layer.");
        figures.MapPost("/mlp", MlpAsync).WithName("mlp").WithSummary("The neurons of a layer at a position, and what they write.");
        figures.MapPost("/stream", StreamAsync).WithName("stream").WithSummary("How much every layer writes at a position.");
        figures.MapPost("/spectrum", SpectrumAsync).WithName("spectrum").WithSummary("The singular values of a head's value map.");
    }

    private static async Task<Ok<FigureAnswer>> TokensAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (_, run) = await models.RunAsync(request, cancellation);
        return Answer([TokenTable.Of(run.Tokens, run.Texts, width: request.Width ?? 480)], $"heed tokenize {Quote(run.Text)}", "TokenTable.Of(model.Tokenizer.Encode(text).Ids, tokens)");
    }

    private static async Task<Ok<FigureAnswer>> EmbeddingsAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (_, run) = await models.RunAsync(request, cancellation);
        var name = ActivationNames.InBlock(0, ActivationNames.ResidPre);
        return Answer([TokenTable.Of(run.Tokens, run.Texts, run.Trace[name], request.Width ?? 720)], $"heed trace --names {name} --out embeddings.safetensors {Quote(run.Text)}",
            $"TokenTable.Of(ids, tokens, model.Trace(text, [\"{name}\"])[\"{name}\"])");
    }

    private static async Task<Ok<FigureAnswer>> MlpAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        CheckLayer(model, request);
        var position = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        var trace = await model.LayerAsync(run, request.Layer, cancellation);
        var (post, output) = (ActivationNames.InBlock(request.Layer, ActivationNames.MlpPost), ActivationNames.InBlock(request.Layer, ActivationNames.MlpOut));
        if (trace.Find(post) is not { } neurons) throw new HeedException($"Layer {request.Layer} of this model has no single list of neurons (it has experts); choose another model.");
        return Answer([MlpNeurons.Of(neurons, trace[output], position, run.Texts, request.Width ?? 640)], $"heed trace --names {post} --names {output} --out mlp.safetensors {Quote(run.Text)}",
            $"MlpNeurons.Of(trace[\"{post}\"], trace[\"{output}\"], {N(position)}, tokens)");
    }

    private static async Task<Ok<FigureAnswer>> StreamAsync(LabRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var position = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        string[] names = [ActivationNames.InBlock(0, ActivationNames.ResidPre), $"blocks.*.{ActivationNames.AttentionOut}", $"blocks.*.{ActivationNames.MlpOut}"];
        var trace = await model.WithEngineAsync(() => model.Model.Trace(run.Tokens, names, run.Edits), cancellation);
        var layers = model.Model.Config.Layers.Count;
        return Answer([ResidualStream.Of(trace, layers, position, run.Texts, request.Width ?? 560)], $"heed trace --names {string.Join(" --names ", names.Select(n => $"'{n}'"))} --out stream.safetensors {Quote(run.Text)}", $"ResidualStream.Of(model.Trace(text), {N(layers)}, {N(position)}, tokens)");
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
        return Answer([Spectrum.Of(map, $"Layer {N(request.Layer)}, head {N(request.Head)}: what Value↓ and Value↑ let through", $"L{N(request.Layer)}.H{N(request.Head)}", request.Width ?? 640)],
            $"heed circuit --layer {N(request.Layer)} --head {N(request.Head)}", $"FactoredMatrix.ValueOutput(model.Weights, {N(request.Layer)}, {N(request.Head)}).SingularValues");
    }
}
