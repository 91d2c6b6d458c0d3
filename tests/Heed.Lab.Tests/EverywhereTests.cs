using System.Text.Json;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>What holds on every view: reachable by keyboard and screen reader, readable at every width, saved as files that say the same.</summary>
[Collection("lab")]
public sealed class EverywhereTests(LabFixture lab)
{
    private static readonly string[] s_views = ["lesson", "look", "look?other=they+painted+the+car", "change", "explain", "count", "chat"];
    private static readonly string[] s_texts = ["a fluffy blue creature roamed the verdant forest", "السلام عليكم يا صديقي العزيز", "👩‍👩‍👧 I ❤️ cats 🐈‍⬛ and dogs 🐶"];

    public static TheoryData<string> Views => [.. s_views];

    [BrowserTheory, MemberData(nameof(Views))]
    public async Task View_HasNoAccessibilityViolations_LightAndDark(string view)
    {
        // The other scheme of each under ./test --all.
        foreach (var scheme in LabFixture.IsAll ? new[] { ColorScheme.Light, ColorScheme.Dark } : [view is "look" or "count" ? ColorScheme.Dark : ColorScheme.Light])
        {
            await using var visit = await Visit.OpenAsync(lab, $"/{view}", scheme: scheme);
            await visit.AssertAccessibleAsync($"{view}, {scheme}");
        }
    }

    [BrowserTheory, MemberData(nameof(Views))]
    public async Task View_FitsEveryWidth_InEveryScript(string view)
    {
        foreach (var text in s_texts)
        {
            await using var visit = await Visit.OpenAsync(lab, $"/{view}{(view.Contains('?', StringComparison.Ordinal) ? '&' : '?')}text={Uri.EscapeDataString(text)}", 390);
            foreach (var width in new[] { 390, 1920 })
            {
                await visit.Page.SetViewportSizeAsync(width, 900);
                await visit.SettleAsync();
                Assert.True(await visit.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{view} at {width} scrolls sideways with “{text}”");
                // No control lies over another: the middle of each is its own.
                var covered = await visit.Page.EvaluateAsync<string[]>("""
                    () => [...document.querySelectorAll('button, input, select, summary, a')].filter(e => e.checkVisibility() && !e.closest('.skip')).filter(e => {
                      e.scrollIntoView({ block: 'center' });
                      const b = e.getBoundingClientRect(), top = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);
                      return b.width > 0 && top && !e.contains(top) && !top.contains(e);
                    }).map(e => e.outerHTML.slice(0, 120))
                    """);
                Assert.Empty(covered);
            }
        }
    }

    [BrowserFact]
    public async Task Figure_Saved_SaysTheSameAsOnThePage()
    {
        await using var visit = await Visit.OpenAsync(lab, "/look?text=they+crashed+the+car&head=10.1");
        var card = visit.Page.Locator("main .columns .card").First;
        var shown = await visit.ValuesAsync("L10.H1.q", "main .columns .card:first-child");
        await card.Locator("summary").ClickAsync();
        var svg = await SaveAsync(visit, card, "SVG");
        var saved = System.Xml.Linq.XDocument.Parse(System.Text.Encoding.UTF8.GetString(svg));
        Assert.Contains(saved.Descendants(), e => e.Name.LocalName == "style");
        foreach (var (key, value) in shown)
            Assert.Contains(saved.Descendants(), e => (string?)e.Attribute("data-key") == key && e.Attribute("data-value") is { } v && float.Parse(v.Value, System.Globalization.CultureInfo.InvariantCulture) == value);
        var png = await SaveAsync(visit, card, "PNG");
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.True(png.Length > 10_000, $"a picture of {png.Length} bytes is empty");
        var json = JsonDocument.Parse(await SaveAsync(visit, card, "Values as JSON")).RootElement.EnumerateArray().ToDictionary(v => v.GetProperty("key").GetString()!, v => v.GetProperty("value"));
        foreach (var (key, value) in shown) Assert.Equal(value, json[key].GetSingle());
        var csv = System.Text.Encoding.UTF8.GetString(await SaveAsync(visit, card, "Values as CSV")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("key,value,words", csv[0]);
        Assert.Equal(json.Count + 1, csv.Length);
    }

    [BrowserFact]
    public async Task Sequence_SavesTheStepThatIsShown_AndAllStepsAsAFilm()
    {
        await using var visit = await Visit.OpenAsync(lab, "/look?text=they+crashed+the+car&head=10.1");
        var card = visit.Page.Locator("section.card").Filter(new() { Has = visit.Page.Locator("nav.steps") }).First;
        await visit.Page.Locator("#story").ScrollIntoViewIfNeededAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "‹ Back" }).ClickAsync();
        var steps = int.Parse((await card.Locator("nav.steps output").TextContentAsync())!.Split(' ', ':')[2], System.Globalization.CultureInfo.InvariantCulture);
        var shown = await card.Locator("svg.heed [data-key]").EvaluateAllAsync<string[]>("marks => [...new Set(marks.map(m => m.dataset.key))].sort()");
        await card.Locator("summary").ClickAsync();
        var saved = System.Xml.Linq.XDocument.Parse(System.Text.Encoding.UTF8.GetString(await SaveAsync(visit, card, "SVG")));
        Assert.Equal(shown, saved.Descendants().Select(e => (string?)e.Attribute("data-key")).OfType<string>().Distinct().Order(StringComparer.Ordinal));

        var film = await SaveAsync(visit, card, "All steps as WebM");
        Assert.Equal([0x1A, 0x45, 0xDF, 0xA3], film[..4]);
        // The browser plays it: as long as all steps and the ways between them, and at its end more is drawn than at its beginning.
        var seen = await visit.Page.EvaluateAsync<double[]>("""
            async (base64) => {
              const video = document.createElement('video');
              video.src = URL.createObjectURL(new Blob([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], { type: 'video/webm' }));
              await new Promise((resolve, reject) => { video.onloadedmetadata = resolve; video.onerror = () => reject(new Error(video.error.message)); });
              const inkAt = async (time) => {
                const drawn = new Promise(resolve => video.requestVideoFrameCallback(resolve));
                video.currentTime = time;
                await new Promise(resolve => video.onseeked = resolve);
                // Sought is not yet drawn on a machine that has much to do.
                await Promise.race([drawn, new Promise(resolve => setTimeout(resolve, 2000))]);
                const canvas = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: video.videoHeight }), context = canvas.getContext('2d');
                context.drawImage(video, 0, 0);
                const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
                let ink = 0;
                for (let i = 0; i < pixels.length; i += 4) if (Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) < 200) ink++;
                return ink / (pixels.length / 4);
              };
              return [video.duration, await inkAt(0.5), await inkAt(video.duration - 0.2)];
            }
            """, Convert.ToBase64String(film));
        Assert.InRange(seen[0], 1.8 * steps, 1.8 * steps + 0.8 * steps);
        Assert.InRange(seen[1], 0.001, seen[2] / 2);
    }

    [BrowserFact]
    public void ScriptsAndStyles_OfAllPages_StaySmall()
    {
        var bytes = Directory.GetFiles(LabFixture.Pages!, "*", SearchOption.AllDirectories).Where(f => Path.GetExtension(f) is ".js" or ".css").Sum(Packed);
        Assert.InRange(bytes, 50_000, 300_000);
        Assert.Contains("## katex", File.ReadAllText(Path.Combine(LabFixture.Pages!, "licenses.md")));

        static long Packed(string file)
        {
            using var packed = new MemoryStream();
            using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true)) gzip.Write(File.ReadAllBytes(file));
            return packed.Length;
        }
    }

    [BrowserFact]
    public async Task Keyboard_Alone_ReachesTheSentence_AFigureAndItsMarks()
    {
        await using var visit = await Visit.OpenAsync(lab, "/look?text=they+crashed+the+car&head=10.1");
        var page = visit.Page;
        await page.Locator("main .columns .card").First.Locator("svg.heed").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        Assert.NotNull(await page.EvaluateAsync<string?>("() => document.activeElement.dataset.key"));
        await Assertions.Expect(page.GetByRole(AriaRole.Tooltip)).ToBeVisibleAsync();
        for (var i = 0; i < 12 && !(await Key()).Contains(".k", StringComparison.Ordinal); i++) await page.Keyboard.PressAsync(i % 2 == 0 ? "ArrowDown" : "ArrowRight");
        var key = await Key();
        Assert.Contains(".k", key);
        await page.Keyboard.PressAsync("Enter");
        await visit.SettleAsync();
        Assert.Contains("query=", page.Url);
        await page.Keyboard.PressAsync("Escape");

        Task<string> Key() => page.EvaluateAsync<string>("() => document.activeElement.dataset.key ?? ''");
    }

    [BrowserFact]
    public async Task Server_StoppedAndStarted_UnderAnOpenPage_IsFoundAgain()
    {
        var first = await Server.Lab.StartAsync([("model", lab.Model)], new() { Pages = LabFixture.Pages });
        var address = new Uri(first.Address);
        await using var visit = await Visit.OpenAsync(lab, "/look?text=they+crashed+the+car", server: first);
        visit.IsExpected = fault => fault.Contains("ERR_CONNECTION_REFUSED", StringComparison.Ordinal);
        var page = visit.Page;
        await first.DisposeAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" }).FillAsync("they crashed the boat");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The server does not answer. Start it again with “heed lab”; this page goes on where it was.");
        await using var second = await Server.Lab.StartAsync([("model", lab.Model)], new() { Pages = LabFixture.Pages, Port = address.Port });
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0, new() { Timeout = 20_000 });
        await Assertions.Expect(page.Locator(".token").Last).ToContainTextAsync("boat");
        await Assertions.Expect(page.Locator("main .columns .card").First.Locator("svg.heed")).ToContainTextAsync("boat", new() { Timeout = 20_000 });
    }

    [BrowserFact]
    public async Task Figure_ThatIsWaitedFor_Fades_UntilItIsThere()
    {
        await using var visit = await Visit.OpenAsync(lab, "/look?text=they+crashed+the+car");
        var page = visit.Page;
        var answered = new TaskCompletionSource();
        await page.RouteAsync("**/api/figures/grid", async route =>
        {
            await answered.Task;
            await route.ContinueAsync();
        });
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" }).FillAsync("they crashed the boat");
        var card = page.Locator("main .columns .card").First;
        await Assertions.Expect(card.Locator(".stale")).ToHaveCountAsync(1);
        answered.SetResult();
        await Assertions.Expect(card.Locator(".stale")).ToHaveCountAsync(0);
        await Assertions.Expect(card.Locator("svg.heed")).ToContainTextAsync("boat");
    }

    private static async Task<byte[]> SaveAsync(Visit visit, ILocator card, string what)
    {
        var download = await visit.Page.RunAndWaitForDownloadAsync(() => card.GetByRole(AriaRole.Button, new() { Name = what, Exact = true }).ClickAsync());
        await using var stream = await download.CreateReadStreamAsync();
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        return copy.ToArray();
    }
}
