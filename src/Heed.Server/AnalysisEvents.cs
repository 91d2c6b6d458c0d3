using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace Heed.Server;

/// <summary>
/// A long analysis as events: <c>progress</c> with the fraction that is done, from time to time; then one <c>figure</c> with a
/// <see cref="FigureAnswer"/>, or one <c>problem</c> with a <see cref="Problem"/>. It ends when the visitor leaves.
/// </summary>
internal sealed class AnalysisEvents(LabModel model, Func<IProgress<double>, CancellationToken, FigureAnswer> work) : IResult, IEndpointMetadataProvider
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var events = new EventStream(httpContext);
        double done = 0, said = 0;
        await events.WriteAsync("progress", said);
        var analysis = model.AnalyseAsync(work, fraction => Volatile.Write(ref done, fraction), httpContext.RequestAborted);
        while (await Task.WhenAny(analysis, Task.Delay(s_pace)) != analysis)
        {
            var now = Volatile.Read(ref done);
            if (now == said) continue;
            await events.WriteAsync("progress", said = now);
        }
        try
        {
            await events.WriteAsync("figure", await analysis);
        }
        catch (HeedException e)
        {
            await events.WriteAsync("problem", new Problem(e.Message));
        }
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
        => builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(FigureAnswer), [EventStream.ContentType]));
}
