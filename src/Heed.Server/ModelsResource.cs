namespace Heed.Server;

/// <summary>/api/models: what can be asked.</summary>
internal static class ModelsResource
{
    public static void MapModels(this IEndpointRouteBuilder app) => app.MapGet("/api/models", List).WithName("models").WithSummary("The models of this server.");

    private static Ok<IReadOnlyList<ModelInfo>> List(LabModels models)
        => TypedResults.Ok<IReadOnlyList<ModelInfo>>([.. models.All.Select(m => Info(m, models.Options))]);

    private static ModelInfo Info(LabModel model, LabOptions options)
    {
        var config = model.Model.Config;
        var outline = ModelOutline.Of(model.Model.Transformer);
        return new(model.Id, model.Name, config.Layers.Count, [.. config.Layers.Select(l => l.Heads)], config.Width, [.. config.Layers.Select(l => l.HeadSize)],
            config.VocabularySize, config.ContextLength, Math.Min(options.MaxTokens, config.ContextLength), model.Model.ChatTemplate is not null,
            new([.. config.Layers.Select(l => l.KeyValueHeads)], [.. config.Layers.Select(l => l.FeedForwardWidth)], config.Layers.Any(l => l.Rotary is not null), [.. config.Layers.Select(l => l.Rotary is not null)],
                outline.Tensors.Any(t => t is { Role: ParameterRole.Query, IsBias: true }), config.Norm == NormKind.Rms,
                config.Layers[0].IsGated, outline.IsTied, config.Layers.FirstOrDefault(l => l.Window is not null)?.Window), VectorNames.Of(model.Model));
    }
}
