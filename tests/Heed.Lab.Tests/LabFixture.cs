using Heed.Tests;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>The embedded model, a server of it, and a browser where there is one: shared by all tests, which run one after another.</summary>
public sealed class LabFixture : IAsyncLifetime
{
    /// <summary>Debian's Chromium, or another; null where there is none.</summary>
    public static string? Chromium { get; } = new[] { Environment.GetEnvironmentVariable("HEED_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }
        .FirstOrDefault(p => p is not null && File.Exists(p));

    /// <summary>The built pages, or null where they are not built.</summary>
    public static string? Pages { get; } = File.Exists(Path.Combine(TestData.Root, "lab", "dist", "index.html")) ? Path.Combine(TestData.Root, "lab", "dist") : null;

    /// <summary>True under <c>./test --all</c>: everything is run in every variant.</summary>
    public static bool IsAll { get; } = Environment.GetEnvironmentVariable("HEED_TEST_ALL") is { Length: > 0 };

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public LanguageModel Model { get; private set; } = null!;
    public Server.Lab Lab { get; private set; } = null!;
    public HttpClient Http { get; private set; } = null!;

    /// <summary>One visitor's browser, for all tests: a new one for each would load every script again.</summary>
    public IBrowserContext? Visitor { get; private set; }

    public async Task InitializeAsync()
    {
        Model = LanguageModel.Load(TestData.EmbeddedModel, new() { Threads = 2 });
        Lab = await Server.Lab.StartAsync([("SmolLM2-135M-Instruct", Model)], new() { Pages = Pages, OwnModel = Model.Path });
        Http = new() { BaseAddress = new(Lab.Address) };
        if (Chromium is null || Pages is null) return;
        _playwright = await Playwright.CreateAsync();
        // Without these the browser looks for hosts on the network at every start.
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        Visitor = await _browser.NewContextAsync(new() { AcceptDownloads = true });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        Http.Dispose();
        await Lab.DisposeAsync();
        Model.Dispose();
    }
}

[CollectionDefinition("lab")]
public sealed class LabCollection : ICollectionFixture<LabFixture>;

/// <summary>A test in a browser; skipped, and counted, where there is no Chromium or the pages are not built.</summary>
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = BrowserTheoryAttribute.Missing;
}

/// <summary>The same for several cases.</summary>
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = Missing;

    internal static string? Missing => LabFixture.Chromium is null ? "needs Chromium" : LabFixture.Pages is null ? "needs the lab's pages (eng/build-lab.sh)" : null;
}
