namespace Heed.Server;

/// <summary>The models that a server has.</summary>
internal sealed class LabModels(IReadOnlyList<LabModel> models, LabOptions options)
{
    public IReadOnlyList<LabModel> All => models;

    public LabOptions Options => options;

    /// <summary>The model that a request names, or the first.</summary>
    public LabModel Of(string? id)
        => id is null ? models[0] : models.FirstOrDefault(m => m.Id == id) ?? throw new HeedException($"There is no model \"{id}\" here; there are {string.Join(", ", models.Select(m => m.Id))}.");

    /// <summary>The run that a request is about.</summary>
    public async Task<(LabModel Model, LabRun Run)> RunAsync(LabRequest request, CancellationToken cancellation, int? layer = null)
    {
        var model = Of(request.Model);
        return (model, await model.RunAsync(Sentence.Of(request), layer, cancellation));
    }
}
