using System.Text.RegularExpressions;
using Heed.Tracing;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>What a page shows of one thing in several places: it is lit together, found again, and said to be changed.</summary>
[Collection("lab")]
public sealed class LinksTests(LabFixture lab)
{
    private const string Address = "/look?text=they+crashed+the+car&head=10.1";

    [BrowserFact]
    public async Task Token_PointedAt_LightsItsMarks_AndAMarkItsTokens()
    {
        await using var visit = await Visit.OpenAsync(lab, Address);
        var page = visit.Page;
        var grid = page.Locator("main .columns svg.heed").First;
        await page.Locator(".token").Nth(2).HoverAsync();
        Assert.Equal(0, await grid.Locator("[data-key^='L10.H1.q2.']:is(.dim)").CountAsync());
        Assert.NotEqual(0, await grid.Locator("[data-key^='L10.H1.q3.']:is(.dim)").CountAsync());
        // A dot is of the token that looks; its chip stays lit, others do not.
        await grid.Locator("[data-key='L10.H1.q3.k1']").First.HoverAsync(new() { Force = true });
        await Assertions.Expect(page.Locator(".token.dim")).ToHaveCountAsync(3);
        await Assertions.Expect(page.Locator(".token").Nth(3)).Not.ToHaveClassAsync(new Regex("dim"));
    }

    [BrowserFact]
    public async Task Mark_OpenedByKey_IsWhereOneStillIsInTheNewFigure()
    {
        await using var visit = await Visit.OpenAsync(lab, Address);
        var page = visit.Page;
        var mark = page.Locator("main .columns svg.heed").First.Locator("[data-key='L10.H1.q3.k1'][aria-label]");
        await mark.EvaluateAsync("mark => { mark.setAttribute('tabindex', '-1'); mark.focus(); }");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("query=3&key=1"));
        await visit.SettleAsync();
        Assert.Equal("L10.H1.q3.k1", await page.EvaluateAsync<string>("() => document.activeElement.dataset.key"));
        await Assertions.Expect(page.Locator("[role=tooltip]")).ToContainTextAsync("looks at");
        // What was said of a figure that is gone is not said any more.
        await page.EvaluateAsync("() => document.activeElement.blur()");
        await page.Locator("main .columns svg.heed").First.Locator("[data-key='L10.H1.q2.k1']").First.HoverAsync(new() { Force = true });
        await Assertions.Expect(page.Locator("[role=tooltip]")).ToBeVisibleAsync();
        await page.EvaluateAsync("() => document.querySelector('.token').click()");
        await visit.SettleAsync();
        await Assertions.Expect(page.Locator("[role=tooltip]")).ToBeHiddenAsync();
    }

    [BrowserFact]
    public async Task Board_OutlinesTheHead_AndAClickLeadsToTheGridOfAnother()
    {
        await using var visit = await Visit.OpenAsync(lab, Address);
        var page = visit.Page;
        var board = page.Locator("section[aria-label^='All heads']:not([aria-label*='added'])").First;
        await visit.ShowAsync(board);
        // The frame around its square.
        Assert.Equal(1, await board.Locator("svg.heed rect.sk").CountAsync());
        await board.Locator("[data-key='L5.H3']").First.ClickAsync();
        await visit.SettleAsync();
        Assert.Contains("head=5.3", page.Url, StringComparison.Ordinal);
        await Assertions.Expect(page.Locator("main .columns .card").First).ToBeInViewportAsync();
        Assert.Contains("head 3", await page.Locator("main .columns .card").First.GetAttributeAsync("aria-label"), StringComparison.Ordinal);
    }

    /// <summary>On a small screen what scrolls says so, and a step shows what it brings, also while it moves.</summary>
    [BrowserTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Phone_WhatScrolls_FadesWhereThereIsMore_AndFollowsTheSteps(bool isCalm)
    {
        await using var visit = await Visit.OpenAsync(lab, "/lesson/values?text=they+crashed+the+car&set.story-step=3", 390, 844, isCalm: isCalm);
        var page = visit.Page;
        await visit.SettleAsync();
        var formula = page.Locator(".formula .scroll").First;
        await Assertions.Expect(formula).ToHaveClassAsync(new Regex("more-right"));
        await formula.EvaluateAsync("node => node.scrollLeft = node.scrollWidth");
        await Assertions.Expect(formula).ToHaveClassAsync(new Regex("more-left"));
        await Assertions.Expect(formula).Not.ToHaveClassAsync(new Regex("more-right"));

        var story = page.Locator("section.card").Filter(new() { Has = page.Locator("nav.steps") }).First;
        await story.ScrollIntoViewIfNeededAsync();
        foreach (var (step, key) in new[] { (4, "L10.H1.q3.k1.scaled"), (6, "L10.H1.q3.k1"), (7, "L10.H1.k1.value") })
        {
            while (!(await story.Locator("nav.steps output").InnerTextAsync()).StartsWith($"{step} of", StringComparison.Ordinal))
                await story.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
            await page.WaitForFunctionAsync("""
                key => {
                  const sheet = document.querySelector('nav.steps').closest('.figure').querySelector('.sheet').getBoundingClientRect();
                  const mark = document.querySelector(`svg.heed:last-of-type [data-key="${key}"]`)?.getBoundingClientRect();
                  return mark?.width > 0 && mark.left >= sheet.left && mark.right <= sheet.right;
                }
                """, key, new() { Timeout = 5000 });
            // The tokens' names stay beside what is theirs.
            var names = story.Locator(".names");
            await Assertions.Expect(names).ToBeVisibleAsync();
            await Assertions.Expect(names).ToContainTextAsync("crashed");
        }
    }

    [BrowserTheory]
    [InlineData(390)]
    [InlineData(1360)]
    public async Task Grid_OfALongText_ShowsTheColumnThatLooks_AndTheNames(int width)
    {
        var text = string.Join(' ', Enumerable.Repeat("they crashed the car and then they walked home", 5));
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(text)}", width, 844);
        await visit.SettleAsync();
        var grid = visit.Page.Locator(".figure.apart").First;
        await Assertions.Expect(grid.Locator(".names")).ToBeVisibleAsync();
        Assert.True(await grid.EvaluateAsync<bool>("""
            figure => {
              const [sheet, names, column] = ['.sheet', '.names', 'rect.sq'].map(s => figure.querySelector(s).getBoundingClientRect());
              return names.width > 30 && column.left >= names.right && column.right <= sheet.right;
            }
            """));
    }

    [BrowserFact]
    public async Task Step_OfAStory_IsInTheAddress()
    {
        await using var visit = await Visit.OpenAsync(lab, Address + "&set.story-step=3.2");
        var page = visit.Page;
        var story = page.Locator("section.card").Filter(new() { Has = page.Locator("nav.steps") }).First;
        await visit.ShowAsync(story);
        await Assertions.Expect(story.Locator("nav.steps output")).ToContainTextAsync("3 of 9");
        await story.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("set.story-step=4$"));
        await page.ReloadAsync();
        await visit.SettleAsync();
        await visit.ShowAsync(story);
        await Assertions.Expect(story.Locator("nav.steps output")).ToContainTextAsync("4 of 9");
        // Another token keeps the step; the whole picture is what it shows by itself.
        await page.Locator(".token").Nth(1).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(story.Locator("nav.steps output")).ToContainTextAsync("4 of 9");
        for (var i = 0; i < 5; i++) await story.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
        await Assertions.Expect(story.Locator("nav.steps output")).ToContainTextAsync("9 of 9");
        await Assertions.Expect(page).Not.ToHaveURLAsync(new Regex("story-step"));
    }

    [BrowserFact]
    public async Task Edits_AreSaidWhereverTheyHold_AndTakenBackThere()
    {
        await using var visit = await Visit.OpenAsync(lab, Address + "&edit=zero%3Ablocks.10.attn.hook_z%3Ahead%3D1");
        var page = visit.Page;
        foreach (var view in new[] { "Look", "Explain", "Lesson" })
        {
            await page.GetByRole(AriaRole.Link, new() { Name = view, Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator(".edited")).ToContainTextAsync("head 10.1 is off");
        }
        await page.GetByRole(AriaRole.Link, new() { Name = "Look", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Take it back" }).ClickAsync();
        await Assertions.Expect(page.Locator(".edited")).ToHaveCountAsync(0);
        Assert.DoesNotContain("edit=", page.Url, StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task TokenEarlyInALongText_IsAmongThoseThatTheGridAndTheLensShow()
    {
        var text = string.Concat(Enumerable.Range(0, 100).Select(i => $" {(char)('a' + i % 26)}"));
        await using var visit = await Visit.OpenAsync(lab, $"/look?text={Uri.EscapeDataString(text)}&head=10.1&query=7");
        var expected = lab.Model.Trace(text)[ActivationNames.InBlock(10, ActivationNames.Pattern)];
        var shown = await visit.ValuesAsync("L10.H1.q7.", "main .columns .card:first-child");
        for (var k = 0; k <= 7; k++) Assert.Equal(expected[1, 7, k], shown[$"L10.H1.q7.k{k}"], Visit.OtherPass);
        // The grid is wider than its card: the outlined column of the last token is in view once that is picked.
        await visit.Page.Locator(".token").Last.ClickAsync();
        await visit.SettleAsync();
        var sheet = visit.Page.Locator("main .columns .sheet").First;
        await Assertions.Expect(visit.Page.Locator("main .columns .figure.apart").First).ToBeVisibleAsync();
        Assert.True(await sheet.EvaluateAsync<bool>("sheet => { const [box, column] = [sheet, sheet.querySelector('rect.sq')].map(e => e.getBoundingClientRect()); return column.left >= box.left && column.right <= box.right; }"));
        await using var other = await Visit.OpenAsync(lab, $"/explain/lens?text={Uri.EscapeDataString(text)}&query=7");
        Assert.NotEqual(0, await other.Page.Locator("main svg.heed [data-key*='p7']").CountAsync());
    }
}
