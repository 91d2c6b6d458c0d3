using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

[Collection("lab")]
public sealed class ChatTests(LabFixture lab)
{
    [BrowserFact]
    public async Task Reply_IsTheLibrarys_AndItsWordsCanBeOpened()
    {
        await using var visit = await Visit.OpenAsync(lab, "/chat");
        var page = visit.Page;
        await SayAsync(page, "What is the capital of France?");
        var expected = string.Concat(new Chat(lab.Model).Say("What is the capital of France?", new() { MaxTokens = 256 }).Select(t => t.Text));
        Assert.Equal(expected.Trim(), (await page.Locator(".messages .assistant").InnerTextAsync()).Trim());

        await page.Locator(".messages .word").GetByText("Paris").First.ClickAsync();
        var table = page.GetByRole(AriaRole.Region, new() { Name = "What else it could have been" });
        await Assertions.Expect(table.Locator("tr.chosen")).ToContainTextAsync("Paris");
        await Assertions.Expect(table.Locator("tbody tr")).ToHaveCountAsync(10);
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { NameRegex = new("(?i)Paris") }).Locator("svg.heed").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
    }

    [BrowserFact]
    public async Task Newlines_AreSeen_AndClicked_AndTheListFollowsUnlessOneReads()
    {
        await using var visit = await Visit.OpenAsync(lab, "/chat?set.temperature=0", height: 360);
        var page = visit.Page;
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("kept in this page’s address and nowhere else");
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" })).ToHaveCountAsync(0);
        // A reply need not be long for this.
        await page.RouteAsync("**/api/chat", route => route.ContinueAsync(new() { PostData = System.Text.Encoding.UTF8.GetBytes(route.Request.PostData!.Replace("{\"messages\"", "{\"maxTokens\":60,\"messages\"", StringComparison.Ordinal)) }));
        var list = page.Locator(".messages");
        await SayAsync(page, "List three colours, each on its own line.");
        Assert.Contains("\n", await list.Locator(".assistant").InnerTextAsync());
        await list.GetByRole(AriaRole.Button).Filter(new() { HasText = "⏎" }).First.ClickAsync();
        await Assertions.Expect(page.Locator("tr.chosen")).ToContainTextAsync("⏎");

        await SayAsync(page, "And three animals?");
        Assert.True(await IsAtTheEndAsync());
        await list.EvaluateAsync("list => list.scrollTop = 0");
        await page.EvaluateAsync("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))");
        var before = page.WaitForResponseAsync("**/api/chat");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync("And three towns?");
        await page.Keyboard.PressAsync("Enter");
        await before;
        await list.EvaluateAsync("list => list.scrollTop = 0");   // somebody reads on above
        await SaidAsync(page);
        Assert.False(await IsAtTheEndAsync());
        await visit.AssertAccessibleAsync("a conversation");

        Task<bool> IsAtTheEndAsync() => list.EvaluateAsync<bool>("list => list.scrollHeight > list.clientHeight && list.scrollHeight - list.scrollTop - list.clientHeight < 24");
    }

    [BrowserFact]
    public async Task Address_HoldsTheConversation_AndAnotherWordGoesOnFromThere()
    {
        await using var visit = await Visit.OpenAsync(lab, "/chat");
        var page = visit.Page;
        await SayAsync(page, "What is the capital of France?");
        await SayAsync(page, "And of Japan?");
        await page.Locator(".messages .word").GetByText("France").First.ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex(@"set\.picked=0\.\d+#said=What.*&reply=[\d.]+&said=And"));
        var list = page.Locator(".messages");
        var whole = await list.InnerTextAsync();
        var tokens = await Table().Locator("tbody td:first-child").AllInnerTextsAsync();

        // Loaded again it is the same: words, the one that is looked at, what else it could have been.
        await page.ReloadAsync();
        await Assertions.Expect(list.Locator("li")).ToHaveCountAsync(4);
        await Assertions.Expect(list).ToHaveTextAsync(whole, new() { UseInnerText = true });
        Assert.Equal(tokens.Take(3), (await Table().Locator("tbody td:first-child").AllInnerTextsAsync()).Take(3));

        // Another token in its place: the library says the same after it.
        var reply = new Chat(lab.Model).Say("What is the capital of France?").Select(t => t.Id).ToArray();
        var at = int.Parse(Regex.Match(page.Url, @"picked=0\.(\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        var other = page.Locator("tr:not(.chosen) button.plain").Nth(1);
        var label = await other.InnerTextAsync();
        await other.ClickAsync();
        await Assertions.Expect(page.Locator("tr.chosen")).ToContainTextAsync(label);
        await SaidAsync(page);
        var id = lab.Model.Tokenizer.Encode(label.Replace('·', ' '), addSpecialTokens: false).Ids.Single();
        var expected = string.Concat(new Chat(lab.Model).Say("What is the capital of France?", new() { Begin = [.. reply[..at], id] }).Select(t => t.Text));
        Assert.Equal(expected.Trim(), (await list.Locator(".assistant").InnerTextAsync()).Trim());

        // What was taken back comes back, also after it was all ended; elsewhere the address says nothing of it.
        await page.GoBackAsync();
        await Assertions.Expect(list).ToHaveTextAsync(whole, new() { UseInnerText = true });
        await page.GetByRole(AriaRole.Button, new() { Name = "Begin again" }).ClickAsync();
        await Assertions.Expect(list.Locator("li")).ToHaveCountAsync(0);
        Assert.DoesNotContain("said", page.Url);
        await page.GoBackAsync();
        await Assertions.Expect(list).ToHaveTextAsync(whole, new() { UseInnerText = true });
        await page.GetByRole(AriaRole.Link, new() { Name = "Look", Exact = true }).ClickAsync();
        Assert.DoesNotContain("said", page.Url);
        await page.GetByRole(AriaRole.Link, new() { Name = "Chat", Exact = true }).ClickAsync();
        await Assertions.Expect(list).ToHaveTextAsync(whole, new() { UseInnerText = true });

        ILocator Table() => page.GetByRole(AriaRole.Region, new() { Name = "What else it could have been" });
    }

    [BrowserFact]
    public async Task Reply_ThatDoesNotBegin_LeavesAllAsItWas()
    {
        await using var visit = await Visit.OpenAsync(lab, "/chat#said=Hi&reply=28120.17");
        var page = visit.Page;
        var list = page.Locator(".messages");
        await Assertions.Expect(list.Locator(".word")).ToHaveCountAsync(2);
        await list.Locator(".word").First.ClickAsync();
        var (whole, address) = (await list.InnerTextAsync(), page.Url);
        await page.RouteAsync("**/api/chat", async route =>
        {
            await Task.Delay(2000);
            await route.ContinueAsync();
        });
        // Another word, and a message, each stopped before there is anything of the reply.
        await page.Locator("tr:not(.chosen) button.plain").First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Assertions.Expect(list).ToHaveTextAsync(whole, new() { UseInnerText = true });
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync("And?");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(list.Locator("li")).ToHaveCountAsync(4);
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Assertions.Expect(list).ToHaveTextAsync(whole, new() { UseInnerText = true });
        // What was said is there to be said again, by who said it.
        var box = page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" });
        await Assertions.Expect(box).ToHaveValueAsync("And?");
        await Assertions.Expect(box).ToBeFocusedAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        Assert.StartsWith(address.Split('?')[0], page.Url, StringComparison.Ordinal);
        Assert.EndsWith("#said=Hi&reply=28120.17", page.Url, StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Words_AreReachedByArrows_AndEveryTokenByTheButtons()
    {
        // A text without spaces fits, and a sign of several tokens is one word: 👩 in four, of which the last is shown.
        var sign = lab.Model.Tokenizer.Encode("שלוםשלוםשלוםשלוםשלוםשלוםשלוםשלוםשלוםשלוםשלוםשלוםשלוםשלוםשלום 👩\u200d👧", addSpecialTokens: false).Ids;
        await using var visit = await Visit.OpenAsync(lab, $"/chat#said={new string('a', 300)}&reply={string.Join('.', sign)}", 390, 844);
        var page = visit.Page;
        var words = page.Locator(".messages .word");
        await Assertions.Expect(words.Last).ToContainTextAsync("👧");
        Assert.True(await page.Locator(".messages").EvaluateAsync<bool>("list => list.scrollWidth <= list.clientWidth"));
        Assert.Equal(1, await page.Locator(".messages .word[tabindex='0']").CountAsync());
        await words.First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(words.Nth(1)).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("set.picked=0."));
        // On a small screen what is told of it comes into view.
        var told = page.GetByRole(AriaRole.Region, new() { Name = "What else it could have been" });
        await Assertions.Expect(told).ToBeInViewportAsync();
        var picked = int.Parse(Regex.Match(page.Url, @"picked=0\.(\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        for (var token = picked + 1; token < sign.Length; token++)
        {
            await told.GetByRole(AriaRole.Button, new() { Name = "Token after" }).ClickAsync();
            await Assertions.Expect(page).ToHaveURLAsync(new Regex($"set.picked=0.{token}(#|&)"));
        }
        await Assertions.Expect(told.GetByRole(AriaRole.Button, new() { Name = "Token after" })).ToBeDisabledAsync();
        await visit.SettleAsync();
        await visit.AssertAccessibleAsync("a reply of signs");
    }

    [BrowserFact]
    public async Task Reply_ThatIsLeft_EndsThere_AndIsFoundAgain()
    {
        await using var visit = await Visit.OpenAsync(lab, "/chat");
        var page = visit.Page;
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync("Write a story of three long paragraphs about a lighthouse.");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator(".messages .word").Nth(8)).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Look", Exact = true }).ClickAsync();
        await visit.SettleAsync();
        await page.GoBackAsync();
        await Assertions.Expect(page.Locator(".messages .word").Nth(8)).ToBeVisibleAsync();
        var text = await page.Locator(".messages").InnerTextAsync();
        await page.WaitForTimeoutAsync(500);
        Assert.Equal(text, await page.Locator(".messages").InnerTextAsync());
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Stop" })).ToHaveCountAsync(0);
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator(".messages")).ToHaveTextAsync(text, new() { UseInnerText = true });

        // It goes on from there, to what the library says after the same tokens.
        int[] known = [.. Regex.Match(page.Url, @"reply=([\d.]+)").Groups[1].Value.Split('.').Select(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))];
        var begin = await page.Locator(".messages .assistant .word").AllInnerTextsAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();
        await SaidAsync(page);
        var expected = new Chat(lab.Model).Say("Write a story of three long paragraphs about a lighthouse.", new() { MaxTokens = 256, Begin = known }).Select(t => t.Text);
        var shown = await page.Locator(".messages .assistant .word").AllInnerTextsAsync();
        Assert.True(shown.Count > begin.Count);
        Assert.Equal(Letters(expected), Letters(shown));

        // Spaces and newlines have signs on the page.
        static string Letters(IEnumerable<string> words) => Regex.Replace(string.Concat(words), @"[\s⏎·\u200B]", "");
    }

    [BrowserTheory]
    [InlineData("/chat#said=Hello&reply=5.99999999", "Begin is 99999999")]
    [InlineData("/chat?set.picked=7.x&set.temperature=hot#said=a&said=b&reply=&reply=x", null)]
    public async Task Address_ThatIsWrong_IsSaidOrPassedOver(string address, string? trouble)
    {
        await using var visit = await Visit.OpenAsync(lab, address);
        visit.IsExpected = fault => fault.Contains("400", StringComparison.Ordinal);
        if (trouble is not null) await Assertions.Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync(trouble);
        await Assertions.Expect(visit.Page.Locator(".messages .assistant")).ToHaveCountAsync(0);
        await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync("Hi");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visit.Page.Locator(".messages .word").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task Head_OfTheBoard_ShowsWhatTheWordWasChosenFrom_InWords()
    {
        await using var visit = await Visit.OpenAsync(lab, "/chat");
        var page = visit.Page;
        await SayAsync(page, "What is the capital of France?");
        // Words are buttons for the keyboard, too.
        await page.Locator(".messages .word").GetByText("Paris").First.PressAsync("Enter");
        await visit.SettleAsync();
        var board = page.Locator("section[aria-label^='What every head looked at']");
        await visit.ShowAsync(board);
        await board.Locator("[data-key='L3.H2']").First.ClickAsync(new() { Force = true });
        await visit.SettleAsync();
        Assert.Contains("head=3.2", page.Url);

        var chat = new Chat(lab.Model);
        var (prompt, reply) = ("", new List<int>());
        foreach (var token in chat.Say("What is the capital of France?", new() { MaxTokens = 256 }))
        {
            if (token.Text == " Paris") break;
            prompt = chat.Prompt;
            reply.Add(token.Id);
        }
        var pattern = lab.Model.Trace([.. lab.Model.Tokenizer.Encode(prompt, addSpecialTokens: false).Ids, .. reply])["blocks.3.attn.hook_pattern"];
        var last = pattern.Shape[1] - 1;
        var shown = await visit.ValuesAsync($"L3.H2.q{last}.k", "section[aria-label='What one head looked at']");
        for (var key = 0; key <= last; key++) Assert.Equal(pattern[2, last, key], shown[$"L3.H2.q{last}.k{key}"], Visit.OtherPass);
        var said = page.GetByRole(AriaRole.Region, new() { Name = "What one head looked at" }).GetByRole(AriaRole.Status).First;
        await Assertions.Expect(said).ToContainTextAsync("In head 3.2");
        await Assertions.Expect(said).ToContainTextAsync(shown.Values.Max().ToString("0.00", System.Globalization.CultureInfo.InvariantCulture));

        // Who wrote the word: a head of those opens, too.
        var writers = page.Locator("section[aria-label^='What wrote it']");
        var writer = writers.Locator("[data-key^='L'][data-key*='.H'][data-value]").First;
        var wrote = (await writer.GetAttributeAsync("data-key"))!.Split('.');
        await writer.ClickAsync(new() { Force = true });
        await visit.SettleAsync();
        await Assertions.Expect(said).ToContainTextAsync($"In head {wrote[0][1..]}.{wrote[1][1..]}");
    }

    /// <summary>Says something and waits for the whole reply.</summary>
    private static async Task SayAsync(IPage page, string text)
    {
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync(text);
        await page.Keyboard.PressAsync("Enter");
        await SaidAsync(page);
    }

    /// <summary>Waits until all is said, and drawn.</summary>
    private static async Task SaidAsync(IPage page)
    {
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Say it" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await page.EvaluateAsync("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))");
    }
}
