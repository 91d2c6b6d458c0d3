using Heed.Lens.Figures;
using Heed.Tracing;

namespace Heed.Tests.Figures;

public class VectorStripsTests
{
    [Fact]
    public void Of_AVectorAToken_HoldsItsFirstNumbersAndItsLength()
    {
        var values = FigureTokens.Signed(10 * 200);
        var reading = new FigureReading(VectorStrips.Of(new("blocks.3.hook_resid_post", ["position", "width"], [10, 200], values), FigureTokens.Plain)).Check();
        for (var p = 0; p < 10; p++) Assert.Equal(values.AsSpan(p * 200, 96).ToArray(), reading.Group($"L3.p{p}.hook_resid_post"));
        Assert.Contains($"length {FigureNumbers.Plain(Strip.Length(values.AsSpan(0, 200)))}", reading.Texts);
        Assert.Contains("the first 96 of 200 numbers", reading.Figure.Foot, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_SomeHeadsAndPositions_NamesTheModelsOwn()
    {
        // As the norms of single heads are stored: the head first.
        var values = FigureTokens.Signed(2 * 3 * 4);
        var activation = new Activation("blocks.1.attn.k_norm.hook_out", ["kv_head", "position", "size"], [2, 3, 4], values)
        {
            Selected = new Dictionary<string, IReadOnlyList<int>> { ["kv_head"] = [5, 7], ["position"] = [6, 7, 8] },
        };
        var reading = new FigureReading(VectorStrips.Of(activation, FigureTokens.Plain)).Check();
        Assert.Equal(values.AsSpan((1 * 3 + 2) * 4, 4).ToArray(), reading.Group("L1.KV7.p8.attn_k_norm_hook_out"));
        Assert.Contains("ant · KV7", reading.Texts);
        Assert.Throws<ArgumentException>(() => VectorStrips.Of(activation, FigureTokens.Plain[..8]));
    }

    [Fact]
    public void Of_OneNumberAToken_IsABarFromZero()
    {
        float[] values = [1, -2, 0.5f];
        var reading = new FigureReading(VectorStrips.Of(new("blocks.0.ln1.hook_scale", ["position", "one"], [3, 1], values), FigureTokens.Plain[..3])).Check();
        double Width(int p) => FigureReading.Number(reading.Mark($"L0.p{p}.ln1_hook_scale"), "width");
        for (var p = 0; p < 3; p++) Assert.Equal(values[p], reading[$"L0.p{p}.ln1_hook_scale"]);
        Assert.Equal(2, Width(1) / Width(0), 1e-3);
        Assert.True(FigureReading.Number(reading.Mark("L0.p1.ln1_hook_scale"), "x") < FigureReading.Number(reading.Mark("L0.p0.ln1_hook_scale"), "x"));
    }

    [Fact]
    public void Of_ManyTokens_ShowsTheLastAndSaysSo()
    {
        var values = FigureTokens.Signed(100 * 8 * 4);
        var reading = new FigureReading(VectorStrips.Of(new("blocks.0.attn.hook_z", ["position", "head", "size"], [100, 8, 4], values), FigureTokens.Many(100))).Check();
        Assert.Contains("the last 7 of 100 tokens are shown", reading.Figure.Foot, StringComparison.Ordinal);
        Assert.Equal(values[^4..], reading.Group("L0.H7.p99.attn_hook_z"));
        // An earlier one that was picked is there, with those after it.
        var picked = new FigureReading(VectorStrips.Of(new("blocks.0.attn.hook_z", ["position", "head", "size"], [100, 8, 4], values), FigureTokens.Many(100), new() { Picked = 3 })).Check();
        Assert.Equal(values.AsSpan(3 * 32, 4).ToArray(), picked.Group("L0.H0.p3.attn_hook_z"));
        Assert.Equal(values.AsSpan(9 * 32 + 28, 4).ToArray(), picked.Group("L0.H7.p9.attn_hook_z"));
        Assert.Contains("7 of 100 tokens are shown, from the one picked", picked.Figure.Foot, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => VectorStrips.Of(new("x", ["position", "width"], [1, 2], new[] { 1, float.NaN }), ["a"]));
        Assert.Throws<ArgumentException>(() => VectorStrips.Of(new("x", ["head", "width"], [1, 2], new float[2]), ["a"]));
    }
}
