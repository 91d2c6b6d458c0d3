using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>One open page. What must never happen on any page is checked when it is closed: an error in the console, a request that leaves the machine.</summary>
internal sealed class Visit : IAsyncDisposable
{
    /// <summary>How far a number may be from that of another pass: one that other texts share, or that goes on from a text before, adds the same products in another order.</summary>
    public const double OtherPass = 2e-6;

    /// <summary>Numbers as a mark says them, against those of another pass: each within <see cref="OtherPass"/> times the vector's largest, at least 1.</summary>
    public static void AssertClose(ReadOnlySpan<float> expected, string shown)
    {
        var numbers = Array.ConvertAll(shown.Split(' '), v => float.Parse(v, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(expected.Length, numbers.Length);
        var largest = Math.Max(1, System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(expected));
        for (var i = 0; i < numbers.Length; i++) Assert.Equal(expected[i], numbers[i], OtherPass * Math.Abs(largest));
    }

    private static readonly string s_axe = new BundledAxeScriptProvider().GetScript();

    private readonly List<string> _faults = [];

    private Visit(IPage page) => Page = page;

    public IPage Page { get; }

    /// <summary>What to leave out of the check: a fault that the test itself causes.</summary>
    public Func<string, bool> IsExpected { get; set; } = _ => false;

    public static async Task<Visit> OpenAsync(LabFixture lab, string address, int width = 1360, int height = 900, ColorScheme scheme = ColorScheme.Light, bool isCalm = true, Server.Lab? server = null)
    {
        var home = (server ?? lab.Lab).Address;
        var page = await lab.Visitor!.NewPageAsync();
        await page.SetViewportSizeAsync(width, height);
        await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = isCalm ? ReducedMotion.Reduce : ReducedMotion.NoPreference });
        var visit = new Visit(page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") visit._faults.Add($"console {message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => visit._faults.Add($"error: {error}");
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(home, StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal)) visit._faults.Add($"request to {request.Url}");
        };
        await page.GotoAsync(new Uri(new(home), address).AbsoluteUri);
        await visit.SettleAsync();
        return visit;
    }

    /// <summary>Waits until no figure is being fetched.</summary>
    public async Task SettleAsync()
    {
        await Page.WaitForFunctionAsync("() => document.querySelector('main svg.heed, main .trouble, main [data-ready]') && !document.querySelector('[aria-busy=true]')", null, new() { Timeout = 30_000 });
        // Two frames: what was asked for because of the last answer has begun by then.
        await Page.EvaluateAsync("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))");
        await Page.WaitForFunctionAsync("() => !document.querySelector('[aria-busy=true]')", null, new() { Timeout = 30_000 });
    }

    /// <summary>Brings a card far down into view, and waits for it: what comes above it on the way pushes it down.</summary>
    public async Task ShowAsync(ILocator card)
    {
        for (var i = 0; i < 3; i++)
        {
            await card.ScrollIntoViewIfNeededAsync();
            await SettleAsync();
        }
    }

    /// <summary>The values of the marks whose key begins like that, by key.</summary>
    public async Task<Dictionary<string, float>> ValuesAsync(string prefix, string within = "main")
        => (await Page.EvaluateAsync<Dictionary<string, string>>(
            "([within, prefix]) => Object.fromEntries([...document.querySelectorAll(`${within} svg.heed [data-key^='${prefix}'][data-value]`)].map(m => [m.dataset.key, m.dataset.value]))",
            new[] { within, prefix })).ToDictionary(p => p.Key, p => float.Parse(p.Value, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Fails if axe-core finds that somebody cannot read or use the page.</summary>
    /// <param name="where">What is open, for the message.</param>
    /// <param name="rules">The rules that are checked; by default all.</param>
    public async Task AssertAccessibleAsync(string where, params string[] rules)
    {
        await Page.EvaluateAsync(s_axe);
        var violations = await Page.EvaluateAsync<string[]>("""
            async rules => (await axe.run({ resultTypes: ['violations'], ...rules.length && { runOnly: rules } })).violations
              .map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(' | ')}`)
            """, rules);
        Assert.True(violations.Length == 0, string.Join("\n", violations.Select(v => $"{where}: {v}")));
    }

    public async ValueTask DisposeAsync()
    {
        string[] faults = [.. _faults.Where(f => !IsExpected(f))];
        // The next visitor finds nothing of this one.
        await Page.EvaluateAsync("() => { localStorage.clear(); sessionStorage.clear(); }");
        await Page.CloseAsync();
        Assert.Empty(faults);
    }
}
