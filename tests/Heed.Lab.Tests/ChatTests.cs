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
}
