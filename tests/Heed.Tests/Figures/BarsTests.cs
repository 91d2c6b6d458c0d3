using System.Globalization;
using Heed.Lens.Figures;

namespace Heed.Tests.Figures;

public class BarsTests
{
    private static AttributionPart[] Parts(int count)
        => [.. FigureTokens.Signed(count).Select((v, i) => new AttributionPart($"head {i / 9}.{i % 9}", $"L{i / 9}.H{i % 9}", v))];

    [Theory]
    [InlineData(640)]
    [InlineData(400)]
    public void AttributionBars_Parts_AreExactAndRunToTheTotal(double width)
    {
        var parts = Parts(12);
        var total = parts.Sum(p => p.Value);
        var reading = new FigureReading(AttributionBars.Of(parts, total, new() { Title = "What wrote it", Width = width })).Check();
        foreach (var part in parts)
        {
            Assert.Equal(part.Value, double.Parse(reading.Values[part.Key], CultureInfo.InvariantCulture));
            Assert.Equal(part.Value < 0 ? "k" : "q", reading.Mark(part.Key).Attribute("class")!.Value);
        }
        Assert.Equal(total, double.Parse(reading.Values["total"], CultureInfo.InvariantCulture));
        // A bar's length is its value on one scale for all.
        var scale = FigureReading.Number(reading.Mark("total"), "width") / Math.Abs(total);
        Assert.All(parts, p => Assert.Equal(Math.Abs(p.Value) * scale, FigureReading.Number(reading.Mark(p.Key), "width"), 0.01 + 1e-3 * Math.Abs(p.Value) * scale));
        AttributionPart[] order = [.. parts.OrderByDescending(p => Math.Abs(p.Value))];
        Assert.Equal(order.Select(p => p.Key), order.OrderBy(p => FigureReading.Number(reading.Mark(p.Key), "y")).Select(p => p.Key));
        if (width > 480) Assert.Equal(total, double.Parse(reading.Values[$"running.{order[^1].Key}"], CultureInfo.InvariantCulture), 1e-9 * parts.Sum(p => Math.Abs(p.Value)));
    }

    [Fact]
    public void AttributionBars_ManyParts_KeepsTheLargestAndAddsUpTheRest()
    {
        var parts = Parts(271);
        var reading = new FigureReading(AttributionBars.Of(parts, 1, new() { Title = "t", Most = 10 })).Check();
        var rest = parts.OrderByDescending(p => Math.Abs(p.Value)).Skip(9).Sum(p => p.Value);
        Assert.Equal(rest, double.Parse(reading.Values["rest"], CultureInfo.InvariantCulture), 1e-9);
        Assert.Contains("262 smallest are one bar", reading.Figure.Foot, StringComparison.Ordinal);
        Assert.Contains("differs from the total by", reading.Figure.Foot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(480)]
    public void ProbabilityBars_Alternatives_AreTheTrueProbabilities(double width)
    {
        float[] p = [0.455f, 0.239f, 0.0584f, 1e-7f];
        var reading = new FigureReading(ProbabilityBars.Of([",", ".", "\n", "<b>"], p, ["v1", "v2", "v3", "v4"], " forest", 49152, width)).Check();
        for (var i = 0; i < 4; i++) Assert.Equal(p[i], reading[$"v{i + 1}"]);
        Assert.Equal(p[0] / p[1], FigureReading.Number(reading.Mark("v1"), "width") / FigureReading.Number(reading.Mark("v2"), "width"), 1e-3);
        Assert.Contains("45.5 %", reading.Texts);
        Assert.Contains("< 0.001 %", reading.Texts);
        Assert.Contains("the other 49,148 tokens have 24.8 % together", reading.Figure.Foot, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ProbabilityBars.Of(["a"], [1.5f], ["v"], "b", 10));
        // Two that would be written alike are told apart.
        var alike = new FigureReading(ProbabilityBars.Of([" the", "the", " a"], [0.3f, 0.2f, 0.1f], ["t1", "t2", "t3"], " in", 49152, width)).Check();
        Assert.Equal(["·the", "the", "a"], alike.Texts.Where(t => t is "·the" or "the" or "a"));
        Assert.StartsWith("“·the”: probability", alike.Mark("t1").Elements().Single().Value);
    }

    [Fact]
    public void ProbabilityBars_WithALargerOneBeside_HaveItsScale()
    {
        var (before, after) = (Bars(0.455f, 0.19), Bars(0.19f, 0.455));
        Assert.Equal(before.Figure.Foot.Split('·')[0], after.Figure.Foot.Split('·')[0]);
        Assert.Equal(0.455 / 0.19, Width(before) / Width(after), 1e-3);
        Assert.Equal(0.5 / 0.2, Width(Bars(0.19f, 0)) / Width(after), 1e-3);
        Assert.Throws<ArgumentException>(() => Bars(0.19f, 1.5));

        static FigureReading Bars(float p, double largest) => new FigureReading(ProbabilityBars.Of([","], [p], ["v1"], " forest", 49152, largest: largest)).Check();
        static double Width(FigureReading reading) => FigureReading.Number(reading.Mark("v1"), "width");
    }

    [Theory]
    [InlineData(1040)]
    [InlineData(400)]
    public void LensTable_Cells_AreExactAndTheFirstPointIsAtTheBottom(double width)
    {
        var p = FigureTokens.Pattern(10);
        LensCell[] cells = [.. Enumerable.Range(0, 30).Select(i => new LensCell(i % FigureTokens.Odd.Length, FigureTokens.Odd[i % FigureTokens.Odd.Length], p[i]))];
        var answer = Array.IndexOf(FigureTokens.Odd, " the");
        var reading = new FigureReading(LensTable.Of(FigureAxis.Layers(3), FigureTokens.Plain, cells, new() { Answer = answer, Width = width })).Check();
        var first = 10 - reading.Values.Count / 3;
        Assert.Equal(width > 1000 ? 0 : 5, first);
        for (var l = 0; l < 3; l++)
            for (var t = first; t < 10; t++) Assert.Equal(p[l * 10 + t], reading[$"L{l}.p{t}"]);
        Assert.True(FigureReading.Number(reading.Mark("L0.p9"), "y") > FigureReading.Number(reading.Mark("L2.p9"), "y"));
        // The answer is a token, not a label: "the" without a space is written like it and is another.
        Assert.Contains("Orange: where that is “the”.", reading.Figure.Caption, StringComparison.Ordinal);
        for (var i = 0; i < 30; i++)
            if (i % 10 >= first) Assert.Equal(cells[i].Id == answer, reading.Mark($"L{i / 10}.p{i % 10}").Attribute("class")!.Value == FigureTheme.Fill(FigureRole.Key));
        if (first > 0) Assert.Contains("positions 5 to 9 are shown", reading.Figure.Foot, StringComparison.Ordinal);
    }
}
