using Heed.Lens;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>The Count view: parameters and the cost of context.</summary>
[Collection("lab")]
public sealed class CountTests(LabFixture lab)
{
    [BrowserFact]
    public async Task Gpt3_IsCountedAsTheLessonDoes()
    {
        await using var visit = await Visit.OpenAsync(lab, "/count?set.of=gpt3");
        var tally = visit.Page.Locator("main .card").First;
        await Assertions.Expect(tally).ToContainTextAsync("175,181,291,520");
        foreach (var part in ParameterCount.Run("GPT-3", KnownModels.Find("gpt3")!.Outline).Parts) await Assertions.Expect(tally).ToContainTextAsync(part.Count.ToString("N0", System.Globalization.CultureInfo.InvariantCulture));
    }

    [BrowserFact]
    public async Task Model_IsCountedToItsLastNumber_AndOthersByChoice()
    {
        await using var visit = await Visit.OpenAsync(lab, "/count");
        var tally = visit.Page.Locator("main .card").First;
        await Assertions.Expect(tally).ToContainTextAsync("134,515,008");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "GPT-2 small" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(tally).ToContainTextAsync("124,439,808");
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("set.of=gpt2"));
    }

    [BrowserFact]
    public async Task Context_FollowsTheSlider()
    {
        await using var visit = await Visit.OpenAsync(lab, "/count");
        await visit.Page.GetByRole(AriaRole.Slider).FillAsync("10");
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("set.context=1024"));
        var row = ContextCost.Run("", ModelOutline.Of(lab.Model.Transformer), [1024]).Rows[0];
        Assert.Equal(row.CacheBytes, (await visit.ValuesAsync("cache"))["cache"]);
        Assert.Equal(row.GridBytes, (await visit.ValuesAsync("grids"))["grids"]);
        Assert.Equal(1024f * 1024, (await visit.ValuesAsync("n1024"))["n1024"]);
    }
}
