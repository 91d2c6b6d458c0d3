using System.Diagnostics;
using Microsoft.Playwright;

/// <summary>
/// dotnet run -c Release --project bench/Heed.Bench -- lab-page [--chromium PATH] [--model PATH] [--threads N]
/// The lab's pages in a browser on this machine, browser and server sharing its cores: the first view of a new visitor, a key in a sentence
/// of about 12 tokens, at its start and at its end, until every figure that is in view shows it, the same in one of about 200, the board of all heads, and the frames of
/// a grid of 24 tokens while it moves.
/// </summary>
internal static class LabPageBench
{
    /// <summary>Another one in every run: a server that has run it before would answer from what it kept.</summary>
    private static readonly string s_sentence = $"a fluffy blue creature roamed the green forest with {Random.Shared.Next(10, 100)}";

    /// <summary>Some 200 tokens.</summary>
    private static readonly string s_long = string.Concat(Enumerable.Range(1, 9).Select(i => $"{s_sentence} and page {i} tells what the old king and the quiet queen saw. "));

    private const string Longer = "the miniature Eiffel tower stood on the shelf beside a clock and a blue vase while the old cat slept in the warm sun";

    public static async Task<int> RunAsync(string[] args)
    {
        var chromium = LabBench.Option(args, "chromium") ?? "/usr/bin/chromium";
        using var lab = await RunningLab.StartAsync(args);
        var address = lab.Address;
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });

        // A new visitor each time: nothing is in the browser's cache. The first one is also the server's first.
        var views = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            await using var visitor = await browser.NewContextAsync(new() { BaseURL = address });
            var page = await visitor.NewPageAsync();
            var start = Stopwatch.GetTimestamp();
            await page.GotoAsync($"/look?text={Uri.EscapeDataString(s_sentence + (char)('a' + i))}", new() { WaitUntil = WaitUntilState.Commit });
            await page.WaitForFunctionAsync("() => document.querySelectorAll('main .columns svg.heed').length >= 3", null, new() { PollingInterval = 10 });
            views.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        Console.WriteLine($"first view, all three figures: the server's first {views[0]:0} ms, then {LabBench.Times(views.Skip(1))}");

        await using var context = await browser.NewContextAsync(new() { BaseURL = address, ViewportSize = new() { Width = 1360, Height = 900 } });
        var typing = await context.NewPageAsync();
        await TypeAsync(typing, "Home", s_sentence, 52, 700);
        await TypeAsync(typing, "End", s_sentence, 52, 700);
        await TypeAsync(typing, "End", s_long, 12, 3000);

        var boards = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            await typing.GotoAsync($"/look?text={Uri.EscapeDataString(s_sentence + (char)('k' + i))}");
            await typing.WaitForFunctionAsync("() => document.querySelectorAll('main .columns svg.heed').length >= 3 && !document.querySelector('[aria-busy=true]')");
            boards.Add(await typing.EvaluateAsync<double>("""
                () => new Promise((resolve) => {
                  const card = [...document.querySelectorAll('main .card')].find((c) => c.getAttribute('aria-label').startsWith('All heads') && !c.getAttribute('aria-label').includes('added'));
                  const start = performance.now();
                  card.scrollIntoView();
                  const look = (now) => (card.querySelectorAll('svg.heed [data-floats]').length > 0 ? resolve(now - start) : requestAnimationFrame(look));
                  requestAnimationFrame(look);
                })
                """));
        }
        Console.WriteLine($"the board of all heads, from scrolling there until it is drawn: {LabBench.Times(boards)}");

        await typing.GotoAsync($"/look?text={Uri.EscapeDataString(Longer)}");
        await typing.WaitForFunctionAsync("() => document.querySelectorAll('main .columns svg.heed').length >= 3 && !document.querySelector('[aria-busy=true]')");
        var tokens = await typing.Locator(".token").CountAsync();
        // Frames while the grid moves from one stage to the next; the first, which lays the new grid out as it was, apart.
        await typing.EvaluateAsync("""
            () => {
              Object.assign(globalThis, { frames: [], firsts: [] });
              const { tween } = heedFigures;
              heedFigures.tween = (a, b) => {
                const asked = performance.now();
                tween(a, b);
                requestAnimationFrame(() => requestAnimationFrame((begin) => {
                  firsts.push(performance.now() - asked);
                  let last = begin;
                  const look = (now) => {
                    frames.push(now - last);
                    last = now;
                    if (now - begin < 300) requestAnimationFrame(look);
                  };
                  requestAnimationFrame(look);
                }));
              };
            }
            """);
        string[] stages = ["raw q·k", "÷ √64", "masked", "softmax"];
        for (var i = 0; i < 12; i++)
        {
            await typing.GetByRole(AriaRole.Button, new() { Name = stages[i % 4], Exact = true }).ClickAsync();
            await typing.WaitForTimeoutAsync(900);
        }
        var frames = await typing.EvaluateAsync<double[]>("() => frames");
        Console.WriteLine($"a grid of {tokens} tokens that moves: {frames.Length} frames, {1000 * frames.Length / frames.Sum():0} a second; a frame takes {LabBench.Times(frames)}; before the first of them {LabBench.Times(await typing.EvaluateAsync<double[]>("() => firsts"))}");
        return 0;
    }

    /// <summary>A letter at the end of the sentence, or at its start where every token is computed anew, each time another one; it goes again before the next, unmeasured.</summary>
    private static async Task TypeAsync(IPage page, string end, string sentence, int keys, float pause)
    {
        await page.GotoAsync($"/look?text={Uri.EscapeDataString(sentence)}");
        await page.WaitForFunctionAsync("() => document.querySelectorAll('main .columns svg.heed').length >= 3 && !document.querySelector('[aria-busy=true]')");
        var box = page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" });
        await box.FocusAsync();
        await page.Keyboard.PressAsync(end);
        // From the key to the frame in which nothing that is in view waits for the server. Told by what changes, not looked for in every
        // frame: that would make frames and layouts of its own.
        await page.EvaluateAsync("""
            () => {
              globalThis.times = [];
              const seen = new Set(), busy = new Set();
              const sight = new IntersectionObserver((entries) => entries.forEach(e => seen[e.isIntersecting ? 'add' : 'delete'](e.target)));
              document.querySelectorAll('[aria-busy]').forEach(card => sight.observe(card));
              let start = 0, begun = false;
              addEventListener('keydown', (event) => [start, begun] = [event.timeStamp, false], true);
              new MutationObserver((changes) => {
                for (const { target } of changes) busy[target.getAttribute('aria-busy') === 'true' ? 'add' : 'delete'](target);
                const isBusy = [...busy].some(card => seen.has(card));
                begun ||= isBusy;
                if (!start || !begun || isBusy) return;
                const from = start;
                start = 0;
                requestAnimationFrame((now) => times.push(now - from));
              }).observe(document.body, { subtree: true, attributeFilter: ['aria-busy'] });
            }
            """);
        for (var i = 0; i < keys; i++)
        {
            await page.Keyboard.PressAsync(((char)((i < 26 ? 'a' : 'A') + i % 26)).ToString());
            await page.WaitForTimeoutAsync(pause);
            await page.EvaluateAsync("() => { times.kept = [...(times.kept ?? []), times[0]]; }");
            await page.Keyboard.PressAsync("Backspace");
            await page.WaitForTimeoutAsync(300);
            await page.EvaluateAsync("() => { times.length = 0; }");
        }
        Console.WriteLine($"a key, {end} of {await page.Locator(".token").CountAsync()} tokens, until every figure in view shows it: {LabBench.Times((await page.EvaluateAsync<double[]>("() => times.kept")).Skip(2))}");
    }
}
