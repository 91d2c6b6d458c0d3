using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Heed.Lens.Figures;

namespace Heed.Tests.Figures;

public class FigureBasicsTests
{
    [Fact]
    public void Exact_AnyFloat_ParsesBackToTheSameBits()
    {
        var random = new Random(1);
        for (var i = 0; i < 10000; i++)
        {
            var value = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            if (!float.IsFinite(value)) continue;
            Assert.Equal(BitConverter.SingleToInt32Bits(value), BitConverter.SingleToInt32Bits(float.Parse(FigureNumbers.Exact(value), CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public void Number_AnyCoordinate_IsItsHundredths()
    {
        var random = new Random(3);
        double[] some = [0, -0.0, 0.004, -0.004, 0.005, 0.015, 0.1, -0.1, 0.05, 99.995, 1e8, 123456789.99, 1e9, 1e12, -1e12, 10, 100];
        foreach (var value in some.Concat(Enumerable.Range(0, 20000).Select(_ => (random.NextDouble() * 2 - 1) * Math.Pow(10, random.Next(-4, 10)))))
        {
            var expected = Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);
            Assert.Equal(expected == "-0" ? "0" : expected, Svg.Number(value));
        }
    }

    [Theory]
    [InlineData(0.455, "45.5 %")]
    [InlineData(0.0995, "10.0 %")]
    [InlineData(0.00012, "0.012 %")]
    [InlineData(1e-9, "< 0.001 %")]
    [InlineData(0.99999, "> 99.9 %")]
    [InlineData(1, "100 %")]
    public void Percent_AnyProbability_IsNeverRoundedToNothingOrAll(double p, string text) => Assert.Equal(text, FigureNumbers.Percent(p));

    [Theory]
    [InlineData(5.67, "+5.67")]
    [InlineData(-0.0123, "−0.012")]
    [InlineData(1204, "+1,204")]
    [InlineData(-1e-7, "−1.00e−7")]
    [InlineData(0, "0")]
    public void Signed_AnyNumber_HasItsSign(double value, string text) => Assert.Equal(text, FigureNumbers.Signed(value));

    [Theory]
    [InlineData(0.3, ".30")]
    [InlineData(0.9946, ".99")]
    [InlineData(0.9971, ".997")]
    [InlineData(1, "1")]
    public void Weight_AnyWeight_FitsADot(double value, string text) => Assert.Equal(text, FigureNumbers.Weight(value));

    [Fact]
    public void Escape_AnyCharacter_ComesBackOrIsVisiblyReplaced()
    {
        var random = new Random(2);
        for (var i = 0; i < 2000; i++)
        {
            var text = new string([.. Enumerable.Range(0, 12).Select(_ => (char)(random.Next(3) == 0 ? random.Next(0x80) : random.Next(0xD700, 0x10000)))]);
            var parsed = XElement.Parse($"<t a=\"{Svg.Escape(text)}\">{Svg.Escape(text)}</t>");
            Assert.Empty(parsed.Elements());
            Assert.Equal(text.Length, parsed.Value.Length);
            for (var c = 0; c < text.Length; c++)
                Assert.True(parsed.Value[c] == text[c] || parsed.Value[c] == '�' || (text[c] < ' ' && parsed.Value[c] == 0x2400 + text[c]));
        }
        Assert.Equal("a😀b", XElement.Parse($"<t>{Svg.Escape("a😀b")}</t>").Value);
    }

    [Theory]
    [InlineData("creature", 40, "crea…")]
    [InlineData("Donaudampfschifffahrtsgesellschaft", 80, "Donaud…aft")]
    [InlineData("cat", 40, "cat")]
    [InlineData("猫猫猫", 30, "猫…")]
    [InlineData("⟨F0\u202F9F\u202F8C⟩", 62, "⟨…9F\u202F8C⟩")]
    [InlineData("⟨F0\u202F9F\u202F8C⟩", 50, "⟨…8C⟩")]
    [InlineData("⟨U+200D⟩₁", 40, "⟨…⟩₁")]
    public void Fit_TooLong_FitsAndSaysSo(string text, double width, string expected)
    {
        var fitted = TextWidth.Fit(text, width, 12);
        Assert.Equal(expected, fitted);
        Assert.True(TextWidth.Of(fitted, 12) <= width);
    }

    [Fact]
    public void Wrap_AnyText_KeepsAllWordsWithinTheWidth()
    {
        var text = "Each column is one token looking back; its dots add up to 1. Averyveryveryverylongwordindeedthatdoesnotfit anywhere";
        var lines = TextWidth.Wrap(text, 120, 12);
        Assert.All(lines, l => Assert.True(TextWidth.Of(l, 12) <= 120));
        Assert.Equal(text.Replace(" ", "", StringComparison.Ordinal), string.Concat(lines).Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public void Theme_TextColors_HaveContrastOnTheirPaper()
    {
        foreach (var color in new Func<FigureRole, string>[] { FigureTheme.Light, FigureTheme.Dark })
            foreach (var role in new[] { FigureRole.Ink, FigureRole.Mute, FigureRole.Query, FigureRole.Key, FigureRole.Value, FigureRole.Change })
                Assert.True(Contrast(color(role), color(FigureRole.Paper)) >= 4.5, $"{role} {color(role)} {Contrast(color(role), color(FigureRole.Paper))}");
    }

    [Fact]
    public void Theme_TextOnMarks_HasContrast_HoweverStrongTheyAre()
    {
        foreach (var color in new Func<FigureRole, string>[] { FigureTheme.Light, FigureTheme.Dark })
            foreach (var mark in new[] { FigureRole.Query, FigureRole.Key })
                for (var strength = 0.0; strength <= 1; strength += 0.01)
                {
                    var mixed = "#" + string.Concat(Enumerable.Range(0, 3).Select(i => ((int)Math.Round(Part(color(FigureRole.Paper), i) * (1 - strength) + Part(color(mark), i) * strength)).ToString("x2", CultureInfo.InvariantCulture)));
                    Assert.True(Contrast(color(FigureTheme.OnMark(strength)), mixed) >= 4.5, $"{mark} at {strength:0.00}: {color(FigureTheme.OnMark(strength))} on {mixed} has {Contrast(color(FigureTheme.OnMark(strength)), mixed)}");
                }

        static int Part(string color, int i) => int.Parse(color.AsSpan(1 + 2 * i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void ParameterTally_Names_HaveContrastOnTheirAreas()
    {
        var reading = new FigureReading(ParameterTally.Of("all roles", [.. Enum.GetValues<TallyRole>().Select((role, i) => new TallyPart($"part {i}", $"part{i}", 100, "", role))]));
        FigureRole RoleOf(XElement e) => Enum.GetValues<FigureRole>().Single(r => FigureTheme.Fill(r) == e.Attribute("class")!.Value);
        foreach (var color in new Func<FigureRole, string>[] { FigureTheme.Light, FigureTheme.Dark })
            foreach (var role in Enum.GetValues<TallyRole>())
            {
                var area = reading.Mark($"part{(int)role}");
                Assert.Null(area.Attribute("fill-opacity"));
                // The first text of a key is the name on its area.
                var name = reading.Elements.First(e => e.Attribute("data-text")?.Value == $"part{(int)role}");
                Assert.True(Contrast(color(RoleOf(name)), color(RoleOf(area))) >= 4.5, $"{role}: {color(RoleOf(name))} on {color(RoleOf(area))}");
            }
    }

    [Fact]
    public void ToSvg_WithoutCustomProperties_HasTheLightColors()
    {
        var svg = DotGrid.Of([1f], ["a"]).ToSvg();
        Assert.Contains(".heed .i{fill:#1d2330;fill:var(--hi,#1d2330)}", svg, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme:dark", svg, StringComparison.Ordinal);
        Assert.Contains("[data-theme=dark] svg.heed", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void ToHtml_AnyPage_IsOneFileThatLoadsNothing()
    {
        var figure = DotGrid.Of(FigureTokens.Pattern(FigureTokens.Odd.Length), FigureTokens.Odd);
        var html = FigurePage.Steps(figure, figure, figure).And(FigurePage.Of(figure)).Named("</title><script>alert(1)</script>").ToHtml();
        Assert.DoesNotContain("alert(1)</script>", html, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(html, "<script"));
        Assert.Equal(4, Regex.Count(html, "<svg "));
        Assert.All(Regex.Matches(html, "https?://[^\"' ]*").Select(m => m.Value), link => Assert.Equal("http://www.w3.org/2000/svg", link));
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
        Assert.DoesNotContain("innerHTML", html, StringComparison.Ordinal);
        Assert.Contains("prefers-reduced-motion", html, StringComparison.Ordinal);
        Assert.Contains("3 of 3", html, StringComparison.Ordinal);
    }

    [Fact]
    public void ToHtml_OnANarrowScreen_HasTheWordsInLinesOfItsOwn()
    {
        var figure = DotGrid.Of(FigureTokens.Pattern(30), FigureTokens.Many(30), new() { Title = "A <title>" });
        var html = FigurePage.Of(figure).And(FigurePage.Steps(figure, figure)).ToHtml();
        Assert.Equal(3, Regex.Count(html, "<div class=\"words\" aria-hidden=\"true\"><strong>A &lt;title&gt;</strong><p>"));
        Assert.Equal(3, Regex.Count(html, Regex.Escape(Svg.Escape(figure.Foot)) + "</p>"));
        // What the picture gives up for them holds its words and nothing else.
        var svg = XElement.Parse(figure.ToSvg());
        double Y(XElement text) => double.Parse((text.Attribute("y")?.Value ?? text.Attribute("transform")!.Value.Split('(', ' ')[2].TrimEnd(')')), CultureInfo.InvariantCulture);
        XElement[] Of(string part) => [.. svg.Elements().Where(e => e.Attribute("class")?.Value == part).Descendants().Where(e => e.Name.LocalName == "text")];
        var others = svg.Descendants().Where(e => e.Name.LocalName == "text").Except(Of("head")).Except(Of("foot")).ToArray();
        Assert.NotEmpty(others);
        Assert.All(Of("head"), t => Assert.True(Y(t) < figure.HeadHeight));
        Assert.All(Of("foot"), t => Assert.True(Y(t) > figure.Height - figure.FootHeight));
        Assert.All(others, t => Assert.InRange(Y(t), figure.HeadHeight + 8, figure.Height - figure.FootHeight));
    }

    [Fact]
    public void Notebook_FindsTheFormatterByNamesAlone()
    {
        // As the notebooks' convention has it: an attribute of that name, and members found by reflection.
        foreach (var shown in new object[] { DotGrid.Of([1f], ["a"]), FigurePage.Of(DotGrid.Of([1f], ["a"])) })
        {
            var attribute = shown.GetType().GetCustomAttributes(true).Single(a => a.GetType().Name == "TypeFormatterSourceAttribute");
            var source = Activator.CreateInstance((Type)attribute.GetType().GetProperty("FormatterSourceType")!.GetValue(attribute)!)!;
            var formatters = (IEnumerable<object>)source.GetType().GetMethod("CreateTypeFormatters")!.Invoke(source, [])!;
            var formatter = formatters.Single();
            Assert.Equal("text/html", formatter.GetType().GetProperty("MimeType")!.GetValue(formatter));
            using var writer = new StringWriter();
            var format = formatter.GetType().GetMethod("Format", BindingFlags.Public | BindingFlags.Instance)!;
            Assert.True((bool)format.Invoke(formatter, [shown, writer])!);
            Assert.StartsWith(shown is Figure ? "<svg " : "<iframe ", writer.ToString(), StringComparison.Ordinal);
            Assert.False((bool)format.Invoke(formatter, ["text", writer])!);
        }
    }

    /// <summary>Contrast ratio by WCAG 2.</summary>
    private static double Contrast(string a, string b)
    {
        double[] both = [Luminance(a), Luminance(b)];
        return (both.Max() + 0.05) / (both.Min() + 0.05);
    }

    private static double Luminance(string color)
    {
        double Part(int at)
        {
            var c = Convert.ToInt32(color.Substring(at, 2), 16) / 255.0;
            return c <= 0.03928 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
        }
        return 0.2126 * Part(1) + 0.7152 * Part(3) + 0.0722 * Part(5);
    }

    [Theory]
    [InlineData(new[] { "a", "b" }, "")]
    [InlineData(new[] { "a", "⟨F0\u202F9F⟩", "⟨98⟩" }, "⟨F0\u202F9F⟩: a piece of a character that takes several tokens, by its bytes")]
    [InlineData(new[] { "\uFE0F", "⟨…⟩" }, "⟨U+FE0F⟩: a character without a picture of its own, by its Unicode number")]
    public void Signs_ThatAReaderMayNotKnow_AreExplainedBelow(string[] tokens, string meaning)
    {
        var foot = TokenTable.Of([.. tokens.Select((_, i) => i)], tokens).Foot;
        Assert.EndsWith(meaning, foot, StringComparison.Ordinal);
        Assert.Equal(meaning.Length > 0, foot.Contains(": a ", StringComparison.Ordinal));
    }
}
