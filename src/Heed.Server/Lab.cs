using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heed.Server;

/// <summary>The lab's server: a model, the library's figures of it, and the pages that show them.</summary>
/// <example><code>
/// await using var lab = await Lab.StartAsync([("SmolLM2", model)], new() { Port = 5080, Pages = "lab/dist" });
/// Console.WriteLine(lab.Address);
/// </code></example>
public sealed class Lab : IAsyncDisposable
{
    /// <summary>A request's body at most: a text, its edits and what is asked of it.</summary>
    internal const int MaxRequestBytes = 256 * 1024;

    private readonly WebApplication _app;

    private Lab(WebApplication app, string address) => (_app, Address) = (app, address);

    /// <summary>Where it listens, such as <c>http://localhost:5080/</c>.</summary>
    public string Address { get; }

    /// <summary>Starts a server.</summary>
    /// <param name="models">The models that it answers for, each with a name of its own. They stay the caller's.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops the start.</param>
    /// <exception cref="HeedException">The port is taken, the pages are not there, or two models have one name.</exception>
    public static async Task<Lab> StartAsync(IReadOnlyList<(string Name, LanguageModel Model)> models, LabOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(options);
        if (models.Count == 0) throw new HeedException("The lab needs a model.");
        foreach (var host in options.Hosts)
            if (Uri.CheckHostName(host) == UriHostNameType.Unknown) throw new HeedException($"\"{host}\" is no name of a host; give the name alone, as example.com, without http:// and without a port.");
        if (models.GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { } same) throw new HeedException($"{same.Count()} models are called \"{same.Key}\"; give each a name of its own.");
        var app = Build(models, options);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await app.DisposeAsync();
            throw new HeedException($"Port {options.Port} is taken by another program. Choose another with --port, or 0 for any free one.", e);
        }
        var bound = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        var lab = new Lab(app, $"http://{(IPAddress.IsLoopback(options.Address) ? "localhost" : bound.Host)}:{bound.Port}/");
        if (options.IsWarmedUp) _ = lab.WarmUpAsync(app.Lifetime.ApplicationStopping);
        return lab;
    }

    /// <summary>Asks itself what a page asks first, so that the first visitor finds the code compiled and the model read.</summary>
    private async Task WarmUpAsync(CancellationToken stopping)
    {
        const string Text = "{\"text\":\"a fluffy blue creature roamed the verdant forest\",\"layer\":0,\"head\":0}";
        using var client = new HttpClient { BaseAddress = new(Address) };
        try
        {
            foreach (var page in new[] { "", "look", "api/models", "figures.css" }) await client.GetByteArrayAsync(page, stopping);
            foreach (var question in new[] { "api/tokens", "api/figures/grid", "api/figures/next", "api/figures/products" })
            {
                using var answer = await client.PostAsync(question, new StringContent(Text, System.Text.Encoding.UTF8, "application/json"), stopping);
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // Whoever asks the same is told what is wrong.
        }
    }

    /// <summary>Waits until the process is asked to end, or the wait is cancelled.</summary>
    public async Task WaitAsync(CancellationToken cancellation = default)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _app.Lifetime.ApplicationStopping);
        await Task.Delay(Timeout.Infinite, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Ends what is under way and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _app.Lifetime.StopApplication();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    private static WebApplication Build(IReadOnlyList<(string Name, LanguageModel Model)> models, LabOptions options)
    {
        // An empty builder: nothing is read from files, the environment or the command line that was not given here.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Address, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
            // An address holds a text, maybe one beside it, and edits, each of their letters as up to nine.
            kestrel.Limits.MaxRequestLineSize = (int)Math.Min(3L * 9 * options.MaxCharacters + 8192, kestrel.Limits.MaxRequestBufferSize!.Value);
            kestrel.Limits.MaxConcurrentConnections = 1000;
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(log => log.SetMinimumLevel(LogLevel.Error).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None).AddSimpleConsole());
        // A request that cannot be read is answered in a sentence, as every other mistake is.
        builder.Services.Configure<RouteHandlerOptions>(route => route.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, LabJson.Default);
            // A number would be read as an enum, too, though it may mean nothing.
            ByNameOnly<AttentionStage>();
            ByNameOnly<GridConvention>();
            ByNameOnly<ComponentKind>();
            ByNameOnly<AblationMethod>();
            ByNameOnly<PatchKind>();
            void ByNameOnly<T>() where T : struct, Enum => json.SerializerOptions.Converters.Add(new System.Text.Json.Serialization.JsonStringEnumConverter<T>(namingPolicy: null, allowIntegerValues: false));
            // Answers are JSON and said to be; a reader of the network sees text as it is.
            json.SerializerOptions.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        });
        builder.Services.AddSingleton(new LabModels([.. models.Select((m, i) => new LabModel(i.ToString(System.Globalization.CultureInfo.InvariantCulture), m.Name, m.Model, options))], options));
#if NET10_0_OR_GREATER
        builder.Services.AddOpenApi(api => api.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Heed lab";
            return Task.CompletedTask;
        }));
#endif
        var app = builder.Build();
        app.Use((context, next) => Problems.Catch(context, next, app.Lifetime));
        var guard = new RequestGuard(options);
        app.Use((context, next) => guard.Check(context, next));
        if (options.Pages is { } pages) Pages.Use(app, pages);
        app.UseRouting();
        app.MapModels();
        app.MapTokens();
        app.MapFigures();
        app.MapVectors();
        app.MapPredictions();
        app.MapWords();
        app.MapComparison();
        app.MapCounts();
        app.MapAnalyses();
        app.MapChat();
        app.MapGet("/figures.css", () => TypedResults.Text(Figure.StyleSheet, "text/css")).ExcludeFromDescription();
#if NET10_0_OR_GREATER
        app.MapOpenApi("/api/openapi.json");
#endif
        return app;
    }
}
