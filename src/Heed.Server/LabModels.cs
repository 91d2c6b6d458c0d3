namespace Heed.Server;

/// <summary>The models that a server has.</summary>
internal sealed class LabModels(IReadOnlyList<LabModel> models, LabOptions options)
{
    private const double MinWidth = 100, MaxWidth = 4000;

    public IReadOnlyList<LabModel> All => models;

    public LabOptions Options => options;

    /// <summary>The model that a request names, or the first.</summary>
    public LabModel Of(string? id)
        => id is null ? models[0] : models.FirstOrDefault(m => m.Id == id) ?? throw new HeedException($"There is no model \"{id}\" here; the ids are {string.Join(", ", models.Select(m => m.Id))}.");

    /// <summary>Checks the width that a figure is to be drawn for.</summary>
    public static void CheckWidth(double? width)
    {
        if (width is { } pixels && !(pixels is >= MinWidth and <= MaxWidth)) throw new HeedException($"width is {pixels}; a figure is drawn for {MinWidth} to {MaxWidth} pixels.");
    }

    /// <summary>Runs something on two models, which may be one, when it is both's turn.</summary>
    public Task<T> WithBothAsync<T>(LabModel a, LabModel b, Func<T> work, CancellationToken cancellation)
    {
        if (ReferenceEquals(a, b)) return a.WithEngineAsync(work, cancellation);
        // Always in one order: two that wait for each other would wait for ever.
        var (first, second) = string.CompareOrdinal(a.Id, b.Id) < 0 ? (a, b) : (b, a);
        return first.WithEngineAsync(() => second.WithEngineAsync(work, cancellation).GetAwaiter().GetResult(), cancellation);
    }

    /// <summary>The run that a request is about.</summary>
    public async Task<(LabModel Model, LabRun Run)> RunAsync(LabRequest request, CancellationToken cancellation, int? layer = null)
    {
        CheckWidth(request.Width);
        var model = Of(request.Model);
        return (model, await model.RunAsync(Sentence.Of(request), layer, cancellation));
    }
}
