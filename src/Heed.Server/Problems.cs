using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heed.Server;

/// <summary>What is wrong with a request, in a sentence that says what to do.</summary>
/// <param name="Error">The sentence.</param>
public sealed record Problem(string Error);

/// <summary>How errors leave the server: a status and a <see cref="Problem"/>, never a stack trace.</summary>
internal static partial class Problems
{
    private const string Described = "/api/openapi.json says what it takes.";

    /// <summary>Turns what goes wrong in a request into an answer. When the server ends, what is under way ends, too.</summary>
    public static async Task Catch(HttpContext context, RequestDelegate next, IHostApplicationLifetime lifetime)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.RequestAborted = end.Token;
        var path = context.Request.Path;
        try
        {
            await next(context);
            if (context.Response is not { HasStarted: false, StatusCode: >= 400 and var status }) return;
            if (path.StartsWithSegments("/api")) await Write(context, status, Meaning(context, status));
            else if (status == StatusCodes.Status404NotFound)
            {
                context.Response.ContentType = "text/plain; charset=utf-8";
                await context.Response.WriteAsync($"There is no page {path} here. The lab begins at /.", context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Who asked is gone, or the server is ending.
            if (!context.Response.HasStarted) context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var (status, why) = e switch
            {
                BusyException => (StatusCodes.Status503ServiceUnavailable, e.Message),
                HeedException => (StatusCodes.Status400BadRequest, e.Message),
                BadHttpRequestException { StatusCode: not StatusCodes.Status400BadRequest and var own } => (own, Meaning(context, own)),
                BadHttpRequestException => (StatusCodes.Status400BadRequest, Unread(e.InnerException as JsonException)),
                _ => (StatusCodes.Status500InternalServerError, $"This is a mistake of the server's, not yours: {e.GetType().Name}. Its terminal says more; please report it."),
            };
            if (status == StatusCodes.Status500InternalServerError) Log(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Heed"), context.Request.Path, e);
            await Write(context, status, why);
        }
    }

    /// <summary>Writes a problem.</summary>
    public static Task Write(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        var json = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        return context.Response.WriteAsJsonAsync(new Problem(why), json.GetTypeInfo(typeof(Problem)));
    }

    /// <summary>What could not be read of a body, without the names of our types.</summary>
    private static string Unread(JsonException? e)
    {
        var why = e switch
        {
            null => "it has no body, or one that is not UTF-8; send JSON.",
            { InnerException: JsonException } => $"it is no JSON in line {e.LineNumber + 1}, at byte {e.BytePositionInLine + 1}.",
            _ when Lacking().Match(e.Message) is { Success: true } lacking => $"it lacks {lacking.Groups[1].Value.Replace("'", "", StringComparison.Ordinal)}; {Described}",
            { Path: ['$', '.', .. var field] } => $"{field} holds something that does not belong there; {Described}",
            _ => $"it is no JSON object; {Described}",
        };
        return $"The request cannot be read: {why}";
    }

    private static string Meaning(HttpContext context, int status) => status switch
    {
        StatusCodes.Status404NotFound => $"There is no {context.Request.Path} here; /api/openapi.json lists what there is.",
        StatusCodes.Status405MethodNotAllowed => $"{context.Request.Path} takes {context.Response.Headers.Allow}, not {context.Request.Method}.",
        StatusCodes.Status408RequestTimeout => "The request came too slowly.",
        StatusCodes.Status413PayloadTooLarge => $"The request is larger than {Lab.MaxRequestBytes / 1024} KiB, which is the limit. Shorten it.",
        StatusCodes.Status415UnsupportedMediaType => $"{context.Request.Path} takes JSON: send it with the content type application/json.",
        _ => "The request cannot be read.",
    };

    [GeneratedRegex("required properties including: (.*?)\\.?( Path:|$)")]
    private static partial Regex Lacking();

    [LoggerMessage(LogLevel.Error, "{Path} failed")]
    private static partial void Log(ILogger logger, string path, Exception e);
}

/// <summary>The server has too much to do just now.</summary>
internal sealed class BusyException(string message) : HeedException(message);
