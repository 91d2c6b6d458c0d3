using Heed.Lens.Figures;

namespace Heed.Tests.Figures;

public class HeatMapTests
{
    [Theory]
    [InlineData(30, 9, 720)]
    [InlineData(5, 8, 400)]
    [InlineData(1, 1, 400)]
    public void Of_Numbers_HoldsEachExactlyWithItsSign(int layers, int heads, double width)
    {
        var values = FigureTokens.Signed(layers * heads);
        var reading = new FigureReading(HeatMap.Of(values, FigureAxis.Layers(layers), FigureAxis.Heads(heads),
            new() { Title = "Heads", FirstRowAtBottom = true, Width = width })).Check();
        Assert.Equal(values.Length, reading.Values.Count);
        var largest = values.Max(Math.Abs);
        for (var l = 0; l < layers; l++)
            for (var h = 0; h < heads; h++)
            {
                var mark = reading.Mark($"L{l}.H{h}");
                Assert.Equal(values[l * heads + h], reading[$"L{l}.H{h}"]);
                Assert.Equal(values[l * heads + h] < 0 ? "k" : "q", mark.Attribute("class")!.Value);
                Assert.Equal(Math.Abs(values[l * heads + h]) / largest, mark.Attribute("opacity") is null ? 1 : FigureReading.Number(mark, "opacity"), 6e-4);
            }
        if (layers > 1) Assert.True(FigureReading.Number(reading.Mark("L0.H0"), "y") > FigureReading.Number(reading.Mark("L1.H0"), "y"));
    }

    [Fact]
    public void Of_NoValue_IsNotDrawnAsANumber()
    {
        var reading = new FigureReading(HeatMap.Of([1, float.NaN, -0f, 2], FigureAxis.Layers(2), FigureAxis.Tokens(["a", "b"]), new() { Title = "t" })).Check();
        Assert.Equal(["L0.p0", "L1.p0", "L1.p1"], reading.Values.Keys.Order());
        Assert.Contains("grey: no value", reading.Figure.Foot, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ManyPositions_ShowsTheLargestOfSeveralAndSaysSo()
    {
        const int T = 400;
        var values = FigureTokens.Signed(3 * T);
        var reading = new FigureReading(HeatMap.Of(values, FigureAxis.Layers(3), FigureAxis.Tokens(FigureTokens.Many(T)), new() { Title = "t" })).Check();
        Assert.Contains("each column stands for 7 together", reading.Figure.Foot, StringComparison.Ordinal);
        Assert.Equal(values.Skip(T).Take(7).MaxBy(Math.Abs), reading["L1.p0-p6"]);
        Assert.All(reading.Values.Values, v => Assert.Contains(float.Parse(v, System.Globalization.CultureInfo.InvariantCulture), values));
    }

    [Fact]
    public void Of_OddTokens_NeverOverlaps()
    {
        var n = FigureTokens.Odd.Length;
        new FigureReading(HeatMap.Of(FigureTokens.Signed(n * n), FigureAxis.Tokens(FigureTokens.Odd, "query", 'q'), FigureAxis.Tokens(FigureTokens.Odd, "key", 'k'), new() { Title = "A <b> & \"c\"", Caption = "x" })).Check();
    }

    [Fact]
    public void Of_WrongSizes_SaysBoth()
        => Assert.Contains("takes 6 values, not 5", Assert.Throws<ArgumentException>(() => HeatMap.Of(new float[5], FigureAxis.Layers(2), FigureAxis.Heads(3), new() { Title = "t" })).Message, StringComparison.Ordinal);
}
