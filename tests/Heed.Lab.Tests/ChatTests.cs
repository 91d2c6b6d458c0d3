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
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync("What is the capital of France?");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Say it" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
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
        await page.RouteAsync("**/api/chat", route => route.ContinueAsync(new() { PostData = System.Text.Encoding.UTF8.GetBytes(route.Request.PostData!.Replace("\"maxTokens\":256", "\"maxTokens\":60", StringComparison.Ordinal)) }));
        var list = page.Locator(".messages");
        await SayAsync("List three colours, each on its own line.");
        Assert.Contains("\n", await list.Locator(".assistant").InnerTextAsync());
        await list.GetByRole(AriaRole.Button).Filter(new() { HasText = "⏎" }).First.ClickAsync();
        await Assertions.Expect(page.Locator("tr.chosen")).ToContainTextAsync("⏎");

        await SayAsync("And three animals?");
        Assert.True(await IsAtTheEndAsync());
        await list.EvaluateAsync("list => list.scrollTop = 0");
        await page.EvaluateAsync("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))");
        var before = page.WaitForResponseAsync("**/api/chat");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync("And three towns?");
        await page.Keyboard.PressAsync("Enter");
        await before;
        await list.EvaluateAsync("list => list.scrollTop = 0");   // somebody reads on above
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Say it" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
        Assert.False(await IsAtTheEndAsync());
        await visit.AssertAccessibleAsync("a conversation");

        Task<bool> IsAtTheEndAsync() => list.EvaluateAsync<bool>("list => list.scrollHeight > list.clientHeight && list.scrollHeight - list.scrollTop - list.clientHeight < 24");

        async Task SayAsync(string text)
        {
            await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync(text);
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Say it" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
            await page.EvaluateAsync("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))");
        }
    }

    [BrowserFact]
    public async Task Address_HoldsTheConversation_AndAnotherWordGoesOnFromThere()
    {
        await using var visit = await Visit.OpenAsync(lab, "/chat");
        var page = visit.Page;
        await SayAsync("What is the capital of France?");
        await SayAsync("And of Japan?");
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
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Say it" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
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

        async Task SayAsync(string text)
        {
            await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync(text);
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Say it" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
        }
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
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Your message" }).FillAsync("What is the capital of France?");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Say it" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
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
}
