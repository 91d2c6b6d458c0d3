using System.Net;
using Microsoft.Extensions.Primitives;

namespace Heed.Server;

/// <summary>
/// Lets in only who asks for this server by its own name, from its own pages. A page elsewhere that points its own name at this
/// machine (DNS rebinding) sends that name as Host; a page elsewhere that posts here sends its own Origin. Both are refused.
/// </summary>
internal sealed class RequestGuard(LabOptions options)
{
    // Scripts and styles come from here and nowhere else; formulas and figures are built without inline styles.
    private const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        + "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly HashSet<string> _hosts = new(["localhost", "127.0.0.1", "[::1]", .. Literal(options.Address), .. options.Hosts], StringComparer.OrdinalIgnoreCase);

    public Task Check(HttpContext context, RequestDelegate next)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (!_hosts.Contains(request.Host.Host))
            return Refuse(context, $"This server does not answer to the name \"{request.Host.Host}\". Open it as http://localhost:{context.Connection.LocalPort}/, or start it with --host {request.Host.Host}.");
        if (!IsOwn(request.Headers.Origin, request))
            return Refuse(context, "This server answers its own pages only; the request came from another site.");
        if (request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site && site is not ["same-origin" or "none"] && request.Path.StartsWithSegments("/api"))
            return Refuse(context, $"This server answers its own pages only; the request came from another site ({site}).");
        return next(context);
    }

    /// <summary>A page's own origin. What a tunnel calls this server may be reached by https there, though a request comes by http here.</summary>
    private bool IsOwn(StringValues origin, HttpRequest request)
    {
        if (origin.Count == 0) return true;
        string[] schemes = options.Hosts.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase) ? [request.Scheme, "https"] : [request.Scheme];
        return origin is [{ } one] && schemes.Any(scheme => string.Equals(one, $"{scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A literal address cannot be rebound: where the server listens on one, that is a name of its own.</summary>
    private static IEnumerable<string> Literal(IPAddress address)
        => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? []
            : [address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString()];

    private static Task Refuse(HttpContext context, string why) => Problems.Write(context, StatusCodes.Status403Forbidden, why);
}
