namespace Heed.Server;

/// <summary>What is wrong with a request, in a sentence that says what to do.</summary>
/// <param name="Error">The sentence.</param>
public sealed record Problem(string Error);

/// <summary>How errors leave the server: a status and a <see cref="Problem"/>, never a stack trace.</summary>
internal static class Problems
{
    /// <summary>Turns what goes wrong in a request into an answer.</summary>
    public static async Task Catch(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Who asked is gone.
        }
        catch (Exception e) when (!context.Response.HasStarted && StatusOf(e) is { } status)
        {
            await Write(context, status, e is BadHttpRequestException ? $"The request cannot be read: {(e.InnerException ?? e).Message}" : e.Message);
        }
    }

    /// <summary>Writes a problem.</summary>
    public static Task Write(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new Problem(why), LabJson.Default.Problem);
    }

    private static int? StatusOf(Exception e) => e switch
    {
        BusyException => StatusCodes.Status503ServiceUnavailable,
        HeedException => StatusCodes.Status400BadRequest,
        BadHttpRequestException bad => bad.StatusCode,
        _ => null,
    };
}

/// <summary>The server has too much to do just now.</summary>
internal sealed class BusyException(string message) : HeedException(message);
