using System.Globalization;
using System.Text.RegularExpressions;
using Heed.Lens;
using Microsoft.Playwright;

namespace Heed.Lab.Tests;

/// <summary>The Lesson view: every chapter opened and used, its numbers and its answers compared with the library's own.</summary>
[Collection("lab")]
public sealed class LessonTests(LabFixture lab)
{
    private const string Text = "a fluffy blue creature roamed the verdant forest";

    public static TheoryData<string> Chapters => [.. LessonKey.Chapters];

    [BrowserTheory, MemberData(nameof(Chapters))]
    public async Task Chapter_ShowsTheLibrarysNumbers_KnowsRightFromWrong_AndIsAccessible(string chapter)
    {
        await using var visit = await OpenAsync($"/lesson/{chapter}", chapter);
        var page = visit.Page;
        var key = new LessonKey(lab.Model, Text, 10, 1);
        var shown = await MarksAsync(page);
        foreach (var (mark, value) in key.Marks(chapter))
        {
            Assert.True(shown.TryGetValue(mark, out var number), $"{chapter} shows no {mark}");
            Assert.True(LessonKey.IsNear(value, number), $"{chapter} shows {number} as {mark}; the library has {value}");
        }

        var answers = await AnswersAsync(page);
        var right = Assert.Single(answers, a => key.IsRight(chapter, a));
        Assert.InRange(answers.Length, 3, 5);
        await Assertions.Expect(page.Locator("[data-verdict]")).ToHaveCountAsync(0);
        foreach (var wrong in answers.Where(a => a != right))
        {
            await page.Locator($"[data-option='{wrong}']").ClickAsync();
            await Assertions.Expect(page.Locator("[data-verdict='wrong']")).ToContainTextAsync(new Regex("Not quite\\. .{20,}Choose once more"));
        }
        await Assertions.Expect(page.GetByText("0 of 21 questions answered")).ToBeVisibleAsync();
        await page.Locator($"[data-option='{right}']").ClickAsync();
        await Assertions.Expect(page.Locator("[data-verdict='right']")).ToContainTextAsync(new Regex("Right\\. .{20,}"));
        await Assertions.Expect(page.GetByText("1 of 21 questions answered")).ToBeVisibleAsync();
        foreach (var words in key.Words(chapter)) await Assertions.Expect(page.Locator("main")).ToContainTextAsync(words);

        await visit.AssertAccessibleAsync($"{chapter}, light");
        // Only colours differ in the dark, which ./test --all looks at; figures of thousands of marks take their time, and have the colours of the others.
        if (!LabFixture.IsAll || shown.Count > 1000) return;
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await visit.AssertAccessibleAsync($"{chapter}, dark", "color-contrast");
    }

    [BrowserTheory]
    [InlineData("a")]
    [InlineData("It was a dark and stormy night; the rain fell in torrents, except at occasional intervals, السلام عليكم يا صديقي العزيز 👩‍👩‍👧 🐈‍⬛ when it was checked by a violent gust of wind.")]
    public async Task Lesson_OfAnyText_FitsAPhone_AndEveryQuestionHasItsAnswerOrSaysWhatItNeeds(string text)
    {
        await using var visit = await OpenAsync($"/lesson?text={Uri.EscapeDataString(text)}", LessonKey.Chapters[0], 390);
        var page = visit.Page;
        var key = new LessonKey(lab.Model, text, 10, 1);
        foreach (var chapter in LessonKey.Chapters)
        {
            await ReadyAsync(visit, chapter);
            Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{chapter} scrolls sideways");
            var words = await page.Locator("main").InnerTextAsync();
            Assert.DoesNotContain("NaN", words, StringComparison.Ordinal);
            Assert.DoesNotContain("undefined", words, StringComparison.Ordinal);
            var answers = await AnswersAsync(page);
            if (answers.Length > 0) Assert.True(answers.Count(a => key.IsRight(chapter, a)) == 1, $"{chapter} offers {string.Join(", ", answers)}");
            else await Assertions.Expect(page.Locator("[data-question] > p")).ToContainTextAsync("at least two words");
            if (chapter != LessonKey.Chapters[^1]) await page.Locator("a[rel=next]").ClickAsync();
        }
    }

    /// <summary>Whatever the token that looks: an answer must be right among all keys on the page, also those of later tokens.</summary>
    [BrowserTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Question_OfATokenInTheMiddle_IsRightAboutEverythingOnThePage(int query)
    {
        var key = new LessonKey(lab.Model, Text, 10, 1, query);
        await using var visit = await OpenAsync($"/lesson/queries-and-keys?query={query}", "queries-and-keys");
        foreach (var chapter in new[] { "queries-and-keys", "scores", "softmax", "masking", "values" })
        {
            await ReadyAsync(visit, chapter);
            var marks = await MarksAsync(visit.Page);
            var right = Assert.Single(await AnswersAsync(visit.Page), a => key.IsRight(chapter, a));
            if (chapter == "scores")
            {
                var scores = marks.Where(m => m.Key.StartsWith($"L10.H1.q{query}.k", StringComparison.Ordinal) && m.Key.EndsWith(".raw", StringComparison.Ordinal)).ToArray();
                Assert.Equal(10, scores.Length);
                Assert.Equal($"L10.H1.q{query}.{right}.raw", scores.MaxBy(s => s.Value).Key);
            }
            await visit.Page.Locator($"[data-option='{right}']").ClickAsync();
            await Assertions.Expect(visit.Page.Locator("[data-verdict='right']")).ToBeVisibleAsync();
            await visit.Page.Locator("a[rel=next]").ClickAsync();
        }
    }

    /// <summary>A loss of 10.8 would fit an answer that is called wrong as well as the right one: what is asked has the digits that tell them apart.</summary>
    [BrowserTheory]
    [InlineData("Hello world")]
    [InlineData("zebra candle orbit velvet zebra candle orbit velvet")]
    [InlineData("the the the the the the the the")]
    public async Task Training_AsksWithEnoughDigits_ForThoseWhoComputeTheAnswer(string text)
    {
        await using var visit = await OpenAsync($"/lesson/training?text={Uri.EscapeDataString(text)}", "training");
        var question = await visit.Page.Locator("#question").InnerTextAsync();
        var loss = Number(System.Text.RegularExpressions.Regex.Match(question, @"loss of ([\d.]+\d)").Groups[1].Value);
        var answers = await visit.Page.Locator("[data-option]").AllInnerTextsAsync();
        Assert.InRange(answers.Count, 3, 5);
        var shown = answers.Select(a => Number(a[..^2]) / 100).ToArray();
        Assert.Single(shown, p => Math.Abs(p / Math.Exp(-loss) - 1) < 0.006);   // three digits
        Assert.Single(shown, p => Math.Abs(-Math.Log(p) - loss) < 0.15);        // what the bar says: the loss to three digits
        Assert.All(shown, p => Assert.InRange(p, 0, 1));

        static double Number(string text)
        {
            var raised = string.Concat(text.Select(c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹".IndexOf(c) is var i and >= 0 ? "-0123456789"[i] : c));
            return double.Parse(raised.Replace(" · 10", "e", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A formula with numbers must be how these numbers are made, whatever parts the model has.</summary>
    [BrowserTheory]
    [InlineData("gpt2", @"W_Q\,\text{norm}(\vec E_{2})+\vec b_Q=")]
    [InlineData("qwen3", @"\text{turn}_{2}\bigl(\text{norm}(W_Q\,\text{norm}(\vec E_{2}))\bigr)=")]
    [InlineData("olmo2", @"\text{turn}_{2}\bigl(\text{norm}(W_Q\,\vec E_{2})\bigr)=")]
    [InlineData(null, @"\text{turn}_{2}\bigl(W_Q\,\text{norm}(\vec E_{2})\bigr)=")]
    public async Task Queries_AreMadeAsTheFormulaSays(string? family, string made)
    {
        using var other = family is null ? null : Spelling(family);
        await using var server = other is null ? null : await Server.Lab.StartAsync([(family!, other)], new() { Pages = LabFixture.Pages });
        var text = family is null ? "they crashed the" : "abc";
        await using var visit = await Visit.OpenAsync(lab, $"/lesson/queries-and-keys?text={Uri.EscapeDataString(text)}&layer=1&head=1", server: server);
        await ReadyAsync(visit, "queries-and-keys");
        var formula = await visit.Page.Locator(".formula annotation").First.TextContentAsync();
        Assert.Contains(made, formula, StringComparison.Ordinal);
        var words = await visit.Page.Locator("main").InnerTextAsync();
        Assert.Equal(made.Contains("turn", StringComparison.Ordinal), words.Contains("turn rotates", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(made.Contains(@"norm}(\vec", StringComparison.Ordinal), words.Contains("norm brings E to a fixed size first", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(made.Contains("b_Q", StringComparison.Ordinal), words.Contains("b is added", StringComparison.OrdinalIgnoreCase));

        // The first number of the formula is the one that the library multiplies with the keys.
        var trace = (other ?? lab.Model).Trace(text);
        Tracing.Activation? Of(string name) => trace.Find(Tracing.ActivationNames.InBlock(1, name));
        var query = (Of(Tracing.ActivationNames.RotatedQuery) ?? Of(Tracing.ActivationNames.Query))!.Row(2, 1)[0];
        Assert.Equal(query, double.Parse(System.Text.RegularExpressions.Regex.Match(formula!, @"=\((-?[\d.]+)").Groups[1].Value, CultureInfo.InvariantCulture), 0.01);
    }

    /// <summary>A small checkpoint of a family, with a tokenizer that spells: one token a letter.</summary>
    private static LanguageModel Spelling(string family)
    {
        var folder = Directory.CreateTempSubdirectory("heed-spelling-").FullName;
        foreach (var file in new[] { "config.json", "model.safetensors" }) File.Copy(Heed.Tests.TestData.Own($"checkpoints/{family}/{file}"), Path.Combine(folder, file));
        var vocabulary = string.Join(",", Enumerable.Range(0, 320).Select(i => i is >= 4 and < 30 ? $"\"{(char)('a' + i - 4)}\":{i}" : $"\"<{i}>\":{i}"));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), $$"""
            {"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":{"type":"Fuse"},"model":{"type":"BPE","vocab":{ {{vocabulary}} },"merges":[]} }
            """);
        return LanguageModel.Load(folder, new() { Threads = 1 });
    }

    /// <summary>Where nothing is to be counted, that is said as such.</summary>
    [BrowserTheory]
    [InlineData("Hello world", "Every token but the first begins with a dot")]
    [InlineData("the verdant forest", "2 of the 5 tokens have no dot in front")]
    [InlineData("they crashed.", "1 of the 3 tokens has no dot in front")]
    public async Task Tokens_ExplainsItsAnswer_AlsoWhereItIsNone(string text, string why)
    {
        await using var visit = await OpenAsync($"/lesson/tokens?text={Uri.EscapeDataString(text)}", "tokens");
        var right = Assert.Single(await AnswersAsync(visit.Page), a => new LessonKey(lab.Model, text, 10, 1).IsRight("tokens", a));
        await visit.Page.Locator($"[data-option='{right}']").ClickAsync();
        await Assertions.Expect(visit.Page.Locator("[data-verdict='right']")).ToContainTextAsync(why);
    }

    [BrowserTheory]
    [InlineData("I love 👩‍👩‍👧‍👦 and 🏳️‍🌈 😀!", 17, true, true)]
    [InlineData("السلام عليكم يا صديقي", 21, true, false)]
    [InlineData("a blue cafe\u0301", 11, true, false)]
    public async Task Tokens_CountsCharactersAsPeopleSeeThem_AndSaysWhatItsLabelsMean(string text, int characters, bool isCut, bool isNumbered)
    {
        await using var visit = await OpenAsync($"/lesson/tokens?text={Uri.EscapeDataString(text)}", "tokens");
        Assert.Contains($"{characters} characters", await visit.Page.Locator(".formula annotation").First.TextContentAsync(), StringComparison.Ordinal);
        var words = await visit.Page.Locator(".prose").InnerTextAsync();
        Assert.Equal(isCut, words.Contains("the small number says which of its tokens it is", StringComparison.Ordinal));
        Assert.Equal(isNumbered, words.Contains("⟨U+200D⟩", StringComparison.Ordinal));
        Assert.Equal(text.Contains('\u0301', StringComparison.Ordinal), words.Contains('◌', StringComparison.Ordinal));
    }

    /// <summary>Nothing on the page may speak of a text that is gone.</summary>
    [BrowserFact]
    public async Task Lesson_OfAClearedText_AsksForAWord_AndHasNoNumberLeft()
    {
        string[] ownTexts = ["context", "low-rank", "counting", "cross-attention", "build"];
        await using var visit = await OpenAsync($"/lesson/{LessonKey.Chapters[0]}", LessonKey.Chapters[0]);
        var page = visit.Page;
        var box = page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" });
        foreach (var chapter in LessonKey.Chapters)
        {
            await ReadyAsync(visit, chapter);
            if (!ownTexts.Contains(chapter))
            {
                await Assertions.Expect(page.Locator("[data-question]")).ToBeVisibleAsync();
                await box.FillAsync("");
                await Assertions.Expect(page.Locator("[aria-label='No text']")).ToContainTextAsync("Type a word");
                await Assertions.Expect(page.Locator("main .formula, main [data-question], main svg.heed")).ToHaveCountAsync(0);
                await Assertions.Expect(page.Locator(".tokens li")).ToHaveCountAsync(0);
                await box.FillAsync("they crashed");
                await visit.SettleAsync();
                await Assertions.Expect(page.Locator("main svg.heed")).Not.ToHaveCountAsync(0);
            }
            await Assertions.Expect(page.Locator("[data-question]")).ToBeVisibleAsync();
            if (chapter != LessonKey.Chapters[^1]) await page.Locator("a[rel=next]").ClickAsync();
        }
    }

    [BrowserFact]
    public async Task TokensOfALongText_BeginAtTheirBeginning_AndSayThatThereAreMore()
    {
        var text = string.Concat(Enumerable.Repeat("the verdant forest and a fluffy blue creature, ", 12));
        await using var visit = await OpenAsync($"/lesson/masking?text={Uri.EscapeDataString(text)}", "masking");
        var list = visit.Page.Locator(".sentence .tokens");
        Assert.Equal(0, await list.EvaluateAsync<int>("e => e.scrollTop"));
        await Assertions.Expect(visit.Page.GetByText("tokens: scroll the list to see them all")).ToBeVisibleAsync();
        // One that was chosen is brought into view.
        await list.Locator("button").Last.ClickAsync();
        Assert.True(await list.EvaluateAsync<int>("e => e.scrollTop") > 0);
        // Where all are in view, nothing is said.
        await using var other = await OpenAsync("/lesson/masking?text=they+crashed+the+car", "masking");
        await Assertions.Expect(other.Page.GetByText("scroll the list")).ToHaveCountAsync(0);
    }

    /// <summary>Every example that the chapter offers has an answer, or says why it has none.</summary>
    [BrowserFact]
    public async Task Context_OffersExamplesThatPart_AndExplainsTheOneThatDoesNot()
    {
        await using var visit = await OpenAsync("/lesson/context", "context");
        foreach (var (name, word) in new[] { ("Three towers", "tower"), ("Three banks", "bank"), ("The last word of my sentence", "forest"), ("Three moles", "mole") })
        {
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();
            await visit.SettleAsync();
            string[] texts = [.. await visit.Page.Locator(".prose li bdi").AllInnerTextsAsync()];
            var (first, second, cosines) = Movement.Run(lab.Model, texts, word).Pairs().MinBy(p => p.Cosines[^1]);
            Assert.InRange(cosines[^1], 0, 0.9);
            Assert.Equal(3, (await AnswersAsync(visit.Page)).Length);
            await visit.Page.Locator($"[data-option='{Movement.TextName(first)}{Movement.TextName(second)}']").ClickAsync();
            await Assertions.Expect(visit.Page.Locator("[data-verdict='right']")).ToBeVisibleAsync();
            await Assertions.Expect(visit.Page.GetByText("stay together to the end")).ToHaveCountAsync(0);
        }
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "A hint that comes too late" }).ClickAsync();
        await visit.SettleAsync();
        await Assertions.Expect(visit.Page.Locator(".prose")).ToContainTextAsync("A and B stay together to the end");
        await Assertions.Expect(visit.Page.Locator("[data-question]")).ToContainTextAsync("A and B are the same up to the word");
    }

    /// <summary>Answers that a reader takes for answers: no half cells, no negative number of times, nothing of thirteen digits.</summary>
    [BrowserTheory]
    [InlineData("masking", "Hello world", "")]
    [InlineData("masking", "they crashed the car today", "")]
    [InlineData("softmax", "I love 👩‍👩‍👧‍👦 and 🏳️‍🌈 😀!", "&layer=12&head=4")]
    [InlineData("softmax", "السلام عليكم يا صديقي", "&layer=15&head=6")]
    [InlineData("softmax", "they crashed the car", "&layer=18&head=7")]
    [InlineData("sampling", "they crashed the car", "&set.temperature=0.1")]
    public async Task Answers_AreNumbersThatCouldBeRight(string chapter, string text, string more)
    {
        await using var visit = await OpenAsync($"/lesson/{chapter}?text={Uri.EscapeDataString(text)}{more}", chapter);
        var answers = await AnswersAsync(visit.Page);
        Assert.InRange(answers.Length, 3, 5);
        foreach (var answer in answers)
        {
            await visit.Page.Locator($"[data-option='{answer}']").ClickAsync();
            Assert.DoesNotMatch(@"\d,\d{3},\d{3}|−\d|\d\.5$", await visit.Page.Locator($"[data-option='{answer}']").InnerTextAsync());
            Assert.DoesNotMatch(@"\b1 later ones|the other 1\b|again\b", await visit.Page.Locator("[data-verdict]").InnerTextAsync());
        }
    }

    /// <summary>Where only one token can be drawn, there is no ratio of two; a temperature in a formula is the one that is set.</summary>
    [BrowserFact]
    public async Task Sampling_OfOneToken_SpeaksOfNoRatio()
    {
        await using var visit = await OpenAsync("/lesson/sampling?set.top-k=1", "sampling");
        var formula = await FormulaAsync();
        Assert.Contains("p_2=0", formula, StringComparison.Ordinal);
        Assert.DoesNotContain(@"\frac{p_1}{p_2}", formula, StringComparison.Ordinal);
        await visit.Page.GetByRole(AriaRole.Slider, new() { Name = "Top-k" }).FillAsync("0");
        await visit.Page.GetByRole(AriaRole.Slider, new() { Name = "Temperature" }).FillAsync("1.25");
        await visit.SettleAsync();
        formula = await FormulaAsync();
        Assert.Contains("T=1.25", formula, StringComparison.Ordinal);
        var bars = (await MarksAsync(visit.Page)).Where(m => m.Key.EndsWith(".drawn", StringComparison.Ordinal)).Select(m => m.Value).OrderDescending().ToArray();
        Assert.EndsWith(string.Create(CultureInfo.InvariantCulture, $"={bars[0] / bars[1]:0.00}"), formula, StringComparison.Ordinal);

        async Task<string> FormulaAsync() => string.Concat(await visit.Page.Locator(".formula annotation").AllTextContentsAsync());
    }

    [BrowserFact]
    public async Task Progress_IsKeptInTheBrowser_UntilItIsForgotten()
    {
        await using var visit = await OpenAsync("/lesson/masking", "masking");
        var page = visit.Page;
        await page.Locator("[data-option='45']").ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Values and ΔE" }).ClickAsync();
        await ReadyAsync(visit, "values");
        await page.ReloadAsync();
        await ReadyAsync(visit, "values");
        await Assertions.Expect(page.GetByText("1 of 21 questions answered")).ToBeVisibleAsync();
        await page.GetByText("Chapter 9 of 21").ClickAsync();
        var chapters = page.GetByRole(AriaRole.Navigation, new() { Name = "Chapters" });
        await Assertions.Expect(chapters.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(LessonKey.Chapters.Length);
        await Assertions.Expect(chapters.GetByRole(AriaRole.Listitem).Filter(new() { HasText = "✓ answered" })).ToHaveTextAsync(new Regex("^Masking"));
        await chapters.GetByRole(AriaRole.Button, new() { Name = "Forget my progress" }).ClickAsync();
        await Assertions.Expect(page.GetByText("0 of 21 questions answered")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Presentation_ShowsTitleAndEveryFigureAloneStepByStep_WithTheArrowKeys()
    {
        await using var visit = await OpenAsync("/lesson/scores?text=they+crashed+the+car", "scores");
        var page = visit.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Present" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Presentation" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("[data-question]")).ToBeHiddenAsync();
        // The title, two steps of the first figure, the second and the third; then the next chapter.
        (string Chapter, string Figure, string Step)[] steps =
        [
            ("scores", "", ""), ("scores", "Query times keys", "1 of 2"), ("scores", "Query times keys", "2 of 2"), ("scores", "All scores", ""), ("scores", "The products", ""),
            ("softmax", "", ""),
        ];
        foreach (var step in steps)
        {
            await ShowsAsync(step);
            if (step != steps[^1]) await page.Keyboard.PressAsync("ArrowRight");
        }
        foreach (var step in steps.Reverse().Skip(1))
        {
            await page.Keyboard.PressAsync("ArrowLeft");
            await ShowsAsync(step);
        }
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Presentation" })).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("[data-question]")).ToBeVisibleAsync();

        async Task ShowsAsync((string Chapter, string Figure, string Step) step)
        {
            await ReadyAsync(visit, step.Chapter);
            Assert.Contains($"/lesson/{step.Chapter}", page.Url, StringComparison.Ordinal);
            await Assertions.Expect(page.Locator(".lead h1")).ToBeVisibleAsync(new() { Visible = step.Figure.Length == 0 });
            var card = page.Locator(".card:visible");
            await Assertions.Expect(card).ToHaveCountAsync(step.Figure.Length == 0 ? 0 : 1);
            if (step.Figure.Length == 0) return;
            await Assertions.Expect(card).ToHaveAttributeAsync("aria-label", new Regex("^" + step.Figure));
            if (step.Step.Length > 0) await Assertions.Expect(card.Locator(".steps output")).ToContainTextAsync(step.Step);
            // As large as it was drawn at least, and the steps within the window.
            Assert.True(await card.Locator("svg.heed").EvaluateAsync<double>("svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width") >= 0.999);
            if (step.Step.Length > 0) Assert.True(await card.Locator(".steps").EvaluateAsync<bool>("nav => nav.getBoundingClientRect().bottom <= innerHeight + 1"));
        }
    }

    /// <summary>What is asked does not wait for the tokens: nothing asks for a place that the new text does not have.</summary>
    [BrowserFact]
    public async Task Text_CutShort_IsAskedForNothingThatItLacks()
    {
        await using var visit = await OpenAsync($"/lesson/scores?text={Uri.EscapeDataString(Text + " " + Text)}", "scores");
        foreach (var text in new[] { "they crashed", Text, "one" })
        {
            await visit.Page.GetByRole(AriaRole.Textbox, new() { Name = "Your sentence" }).FillAsync(text);
            await ReadyAsync(visit, "scores");
        }
        // A refused request would be an error in the console, which no visit may end with.
        await Assertions.Expect(visit.Page.Locator("main .trouble")).ToHaveCountAsync(0);
    }

    [BrowserTheory]
    [InlineData("values", "masking", "&stage=masked", "Each column is one token looking back")]
    [InlineData("many-heads", "low-rank", "", "let through")]
    public async Task Presentation_EnteredFromItsEnd_ShowsTheEnd(string from, string to, string more, string words)
    {
        await using var visit = await OpenAsync($"/lesson/{from}?text=they+crashed+the+car{more}", from);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Present" }).ClickAsync();
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await ReadyAsync(visit, to);
        await Assertions.Expect(visit.Page.Locator(".card:visible svg.heed")).ToContainTextAsync(words);
    }

    [BrowserFact]
    public async Task Presentation_OfTheMask_GoesThroughItsStages()
    {
        await using var visit = await OpenAsync("/lesson/masking?text=they+crashed+the+car", "masking");
        var page = visit.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Present" }).ClickAsync();
        foreach (var words in new[] { "Scores ÷", "Scores after the mask", "Each column is one token looking back" })
        {
            await page.Keyboard.PressAsync("ArrowRight");
            await ReadyAsync(visit, "masking");
            await Assertions.Expect(page.Locator(".card:visible svg.heed")).ToContainTextAsync(words);
        }
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/lesson/values"));
        // The walk from E to E′ is that of a token with later ones: its fifth step masks them.
        await ReadyAsync(visit, "values");
        for (var step = 0; step < 5; step++) await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page.Locator(".card:visible .steps output")).ToContainTextAsync("5 of 9");
        await Assertions.Expect(page.Locator(".card:visible svg.heed").GetByText("−∞", new() { Exact = true })).ToHaveCountAsync(2);
    }

    [BrowserFact]
    public async Task Settings_AreInTheAddress_AndComeBackWithIt()
    {
        await using var visit = await OpenAsync("/lesson/sampling?text=they+crashed+the+car&set.temperature=1.5&set.top-k=3", "sampling");
        var page = visit.Page;
        var before = await MarksAsync(page);
        var logits = lab.Model.Trace("they crashed the car")["hook_logits"].Row(3).ToArray();
        foreach (var (id, p) in new GenerationOptions { Temperature = 1.5f, TopK = 3 }.Distribution(logits)) Assert.Equal(p, before[$"t{id}.drawn"], 1e-4);
        await page.GetByLabel("Top-p").FillAsync("0.5");
        await visit.SettleAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("set.temperature=1.5&set.top-k=3&set.top-p=0.5"));
        var after = await MarksAsync(page);
        Assert.NotEqual(before, after);
        await page.ReloadAsync();
        await ReadyAsync(visit, "sampling");
        Assert.Equal(after, await MarksAsync(page));

        // Another chapter begins with its own settings, and with the same sentence; back are those that were left.
        await page.Locator("a[rel=next]").ClickAsync();
        await ReadyAsync(visit, "training");
        Assert.EndsWith("/lesson/training?text=they+crashed+the+car", page.Url, StringComparison.Ordinal);
        await page.GoBackAsync();
        await ReadyAsync(visit, "sampling");
        Assert.Equal(after, await MarksAsync(page));
    }

    [BrowserFact]
    public async Task Keyboard_Alone_AnswersAQuestion_AndTurnsThePage()
    {
        await using var visit = await OpenAsync("/lesson/masking", "masking");
        var page = visit.Page;
        await TabToAsync("e => e.dataset.option === '45'");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("[data-verdict='right']")).ToBeVisibleAsync();
        await TabToAsync("e => e.rel === 'next'");
        await page.Keyboard.PressAsync("Enter");
        await ReadyAsync(visit, "values");
        Assert.Equal("main", await page.EvaluateAsync<string>("() => document.activeElement.id"));

        async Task TabToAsync(string condition)
        {
            for (var i = 0; i < 80; i++)
            {
                await page.Keyboard.PressAsync("Tab");
                if (await page.EvaluateAsync<bool>($"() => ({condition})(document.activeElement)")) return;
            }
            Assert.Fail($"80 tabs do not reach {condition}");
        }
    }

    private async Task<Visit> OpenAsync(string address, string chapter, int width = 1360)
    {
        var visit = await Visit.OpenAsync(lab, address, width);
        await ReadyAsync(visit, chapter);
        return visit;
    }

    private static async Task ReadyAsync(Visit visit, string chapter)
    {
        await visit.Page.Locator($"[data-chapter='{chapter}']").WaitForAsync();
        await visit.SettleAsync();
    }

    private static Task<string[]> AnswersAsync(IPage page) => page.Locator("[data-option]").EvaluateAllAsync<string[]>("all => all.map(o => o.dataset.option)");

    /// <summary>The values of all figures on the page, by key; those of a group by its key and their number.</summary>
    private static async Task<Dictionary<string, double>> MarksAsync(IPage page)
        => (await page.EvaluateAsync<Dictionary<string, string>>("""
            () => Object.fromEntries([...document.querySelectorAll('main svg.heed [data-key]')].flatMap(m =>
              m.dataset.value !== undefined ? [[m.dataset.key, m.dataset.value]] : (m.dataset.values?.split(' ') ?? []).map((v, i) => [`${m.dataset.key}[${i}]`, v])))
            """)).ToDictionary(p => p.Key, p => double.Parse(p.Value, CultureInfo.InvariantCulture));
}
