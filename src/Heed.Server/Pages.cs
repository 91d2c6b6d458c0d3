using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace Heed.Server;

/// <summary>The built pages: files of one folder, and the first page for every address that the pages make up themselves.</summary>
internal static class Pages
{
    private static readonly string[] s_views = ["/", "/lesson", "/look", "/change", "/explain", "/count", "/chat"];

    public static void Use(WebApplication app, string folder)
    {
        if (!File.Exists(Path.Combine(folder, "index.html"))) throw new HeedException($"{folder} has no index.html: the lab's pages are not built. Build them with eng/build-lab.sh.");
        var files = new PhysicalFileProvider(Path.GetFullPath(folder));
        app.Use((context, next) =>
        {
            var path = context.Request.Path.Value ?? "/";
            var isAsked = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
            if (isAsked && s_views.Any(v => path == v || v.Length > 1 && path.StartsWith(v + "/", StringComparison.Ordinal))) context.Request.Path = "/index.html";
            return next(context);
        });
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = files,
            OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = new StringValues(KeptFor(file.Context.Request.Path)),
        });
    }

    /// <summary>Files in assets/ carry a digest of their content in their name. The icon is asked for at every change of the address; everything else may change.</summary>
    private static string KeptFor(PathString path)
        => path.StartsWithSegments("/assets", StringComparison.Ordinal) ? "public, max-age=31536000, immutable" : path == "/icon.svg" ? "public, max-age=3600" : "no-cache";
}
