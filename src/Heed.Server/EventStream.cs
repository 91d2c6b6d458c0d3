using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heed.Server;

/// <summary>Server-sent events: an answer that comes bit by bit. Each event has a name and one value as JSON.</summary>
internal sealed class EventStream
{
    public const string ContentType = "text/event-stream";

    private readonly HttpContext _context;
    private readonly JsonSerializerOptions _json;

    /// <summary>Begins the answer: from here on, what goes wrong can only be an event.</summary>
    public EventStream(HttpContext context)
    {
        (_context, _json) = (context, context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions);
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
    }

    /// <summary>Sends an event at once.</summary>
    public async Task WriteAsync<T>(string name, T value)
    {
        // JSON has no line of its own inside: its line breaks are escaped.
        await _context.Response.WriteAsync($"event: {name}\ndata: {JsonSerializer.Serialize(value, _json.GetTypeInfo(typeof(T)))}\n\n", _context.RequestAborted);
        await _context.Response.Body.FlushAsync(_context.RequestAborted);
    }
}
