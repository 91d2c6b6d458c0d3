using Heed.Lens.Figures;

namespace Heed.Tests.Figures;

public class HeatMapTests
{
    [Theory]
    [InlineData(30, 9, 720)]
    [InlineData(5, 8, 400)]
    [InlineData(1, 2, 400)]
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
                Assert.Equal(Math.Abs(values[l * heads + h]) / largest, mark.Attribute("fill-opacity") is null ? 1 : FigureReading.Number(mark, "fill-opacity"), 6e-4);
            }
        if (layers > 1) Assert.True(FigureReading.Number(reading.Mark("L0.H0"), "y") > FigureReading.Number(reading.Mark("L1.H0"), "y"));
    }

    [Theory]
    [InlineData(0.9f, false)]
    [InlineData(0.04f, true)]
    public void Of_NothingBesideTheLargest_IsWrittenAsNothing(float largest, bool isWritten)
    {
        var reading = new FigureReading(HeatMap.Of([largest, 4.9e-4f], FigureAxis.Named("part", "a"), FigureAxis.Named("what", ["first", "second"]), new() { Title = "t", Width = 900 })).Check();
        Assert.Equal(isWritten, reading.Texts.Any(t => t.Contains("4.90e−4", StringComparison.Ordinal)));
        Assert.Contains(reading.Values.Values, v => v == FigureNumbers.Exact(4.9e-4f));
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

    [Theory]
    [InlineData(1f, "+0.61", "+0.58", "")]
    [InlineData(0.01f, "+6.10", "+5.80", "numbers in units of 10⁻³")]
    [InlineData(1e-6f, "+0.61", "+0.58", "numbers in units of 10⁻⁶")]
    [InlineData(100f, "+61.0", "+58.0", "")]
    [InlineData(100000f, "+61.0", "+58.0", "numbers in units of 10³")]
    public void Of_NumbersOfAnySize_AreWrittenSoThatTheyDiffer(float scale, string first, string second, string foot)
    {
        // Too many columns for numbers with three digits of their own.
        float[] values = [.. FigureTokens.Signed(12).Select((_, i) => scale * (i == 0 ? 0.61f : i == 1 ? 0.58f : i == 2 ? -0.0123f : 0.9f))];
        var reading = new FigureReading(HeatMap.Of(values, FigureAxis.Layers(1), FigureAxis.Heads(12), new() { Title = "t", Width = 590 })).Check();
        Assert.Contains(first, reading.Texts);
        Assert.Contains(second, reading.Texts);
        if (foot.Length == 0) Assert.DoesNotContain("units", reading.Figure.Foot, StringComparison.Ordinal);
        else Assert.Contains(foot, reading.Figure.Foot, StringComparison.Ordinal);
        for (var i = 0; i < 12; i++) Assert.Equal(values[i], reading[$"L0.H{i}"]);
    }

    [Fact]
    public void Of_NothingButRounding_IsNotColouredAndSaysSo()
    {
        float[] values = [3e-6f, -1e-6f, 0, 2e-6f];
        var reading = new FigureReading(HeatMap.Of(values, FigureAxis.Layers(2), FigureAxis.Heads(2), new() { Title = "t", Noise = 1e-5 })).Check();
        Assert.Contains("no number is larger than 3.00e−6 in size: that is the rounding of the computation", reading.Figure.Foot, StringComparison.Ordinal);
        Assert.Equal(values, new[] { reading["L0.H0"], reading["L0.H1"], reading["L1.H0"], reading["L1.H1"] });
        foreach (var key in reading.Values.Keys) Assert.Equal(0, FigureReading.Number(reading.Mark(key), "fill-opacity"));
        var real = new FigureReading(HeatMap.Of(values, FigureAxis.Layers(2), FigureAxis.Heads(2), new() { Title = "t", Noise = 2e-6 })).Check();
        Assert.DoesNotContain("rounding", real.Figure.Foot, StringComparison.Ordinal);
        Assert.Null(real.Mark("L0.H0").Attribute("fill-opacity"));
    }

    [Theory]
    [InlineData(30, 720, null)]
    [InlineData(4, 100, null)]
    [InlineData(4, 360, 3.0)]
    public void Of_OneColumn_IsBarsFromZero(int layers, double width, double? largest)
    {
        var values = FigureTokens.Signed(layers);
        values[1] = float.NaN;
        (values[2], values[3]) = (0, -Math.Abs(values[3]));
        var reading = new FigureReading(HeatMap.Of(values, FigureAxis.Layers(layers), FigureAxis.Named("", "MLP"),
            new() { Title = "Without each MLP", FirstRowAtBottom = true, Largest = largest, Width = width, Picked = [(0, 0)] })).Check();
        Assert.Equal(layers - 1, reading.Values.Count);
        Assert.Contains("no value", reading.Texts);
        var zero = FigureReading.Number(reading.Mark("L2.MLP"), "x");
        var unit = FigureReading.Number(reading.Mark("L3.MLP"), "width") / -values[3];
        for (var l = 0; l < layers; l++)
        {
            if (l == 1) continue;
            var bar = reading.Mark($"L{l}.MLP");
            Assert.Equal(values[l], reading[$"L{l}.MLP"]);
            Assert.Equal(Math.Abs(values[l]) * unit, FigureReading.Number(bar, "width"), 0.02);
            Assert.Equal(zero, FigureReading.Number(bar, "x") + (values[l] < 0 ? FigureReading.Number(bar, "width") : 0), 0.02);
            Assert.Equal(values[l] < 0 ? "k" : "q", bar.Attribute("class")!.Value);
            Assert.Contains(FigureNumbers.Signed(values[l]), reading.Texts);
        }
        Assert.True(FigureReading.Number(reading.Mark("L0.MLP"), "y") > FigureReading.Number(reading.Mark("L2.MLP"), "y"));
    }

    [Fact]
    public void Of_Shares_BearNoSign()
    {
        // From 0 to 1, none below: the plus would say that there is a minus.
        foreach (var columns in new[] { FigureAxis.Heads(2), FigureAxis.Heads(1) })
        {
            var values = columns.Count == 2 ? new[] { 0.25f, 0.5f } : [0.25f];
            Assert.Contains("0.25", new FigureReading(HeatMap.Of(values, FigureAxis.Layers(1), columns, new() { Title = "t", Largest = 1 })).Check().Texts);
            Assert.Contains("+0.25", new FigureReading(HeatMap.Of(values, FigureAxis.Layers(1), columns, new() { Title = "t" })).Check().Texts);
            values[0] = -0.25f;
            Assert.Contains("−0.25", new FigureReading(HeatMap.Of(values, FigureAxis.Layers(1), columns, new() { Title = "t", Largest = 1 })).Check().Texts);
        }
        var noise = new FigureReading(HeatMap.Of([3e-6f, -1e-6f], FigureAxis.Layers(2), FigureAxis.Heads(1), new() { Title = "t", Noise = 1e-5 })).Check();
        Assert.Contains("rounding of the computation", noise.Figure.Foot, StringComparison.Ordinal);
        Assert.All(new[] { "L0.H0", "L1.H0" }, key => Assert.Equal(0, FigureReading.Number(noise.Mark(key), "width")));
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
