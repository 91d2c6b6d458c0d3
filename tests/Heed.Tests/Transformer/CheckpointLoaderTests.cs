using Heed.Numerics;

namespace Heed.Tests.Transformer;

public class CheckpointLoaderTests
{
    [Fact]
    public void Open_EmbeddedModel_GivesItsSizes()
    {
        var (config, weights, file) = CheckpointLoader.Open(TestData.EmbeddedModel);
        using (file)
        {
            Assert.Equal("llama", config.Family);
            Assert.Equal((49152, 576, 8192, 30), (config.VocabularySize, config.Width, config.ContextLength, config.Layers.Count));
            var layer = config.Layers[29];
            Assert.Equal((9, 3, 64, 1536), (layer.Heads, layer.KeyValueHeads, layer.HeadSize, layer.FeedForwardWidth));
            Assert.Equal(100_000, layer.Rotary!.Base);
            Assert.True(weights.IsTied);
            Assert.Equal(30, weights.Layers.Count);
            Assert.Equal(ElementType.Q4_1, weights.Layers[3].Query.Weight.Type);
        }
    }

    [SharedTheory]
    [InlineData("llama"), InlineData("llama3_rope")]
    public unsafe void Open_BothLayouts_GiveTheSameWeights(string family)
    {
        var (config, weights, file) = CheckpointLoader.Open(TestData.Shared($"golden/checkpoints/{family}"));
        var (ggufConfig, ggufWeights, gguf) = CheckpointLoader.Open(TestData.Shared($"golden/gguf/{family}.gguf"));
        using (file)
        using (gguf)
        {
            Assert.Equal(config.Layers.Count, ggufConfig.Layers.Count);
            for (var i = 0; i < config.Layers.Count; i++)
            {
                var (a, b) = (weights.Layers[i], ggufWeights.Layers[i]);
                AssertSame(a.Query, b.Query);
                AssertSame(a.Key, b.Key);
                AssertSame(a.Value, b.Value);
                AssertSame(a.Output, b.Output);
                AssertSame(a.Mlp!.Gate!, b.Mlp!.Gate!);
                AssertSame(a.Mlp.Down, b.Mlp.Down);
                var (ra, rb) = (config.Layers[i].Rotary!, ggufConfig.Layers[i].Rotary!);
                Assert.Equal(ra.Scaling.Frequencies(ra, 100), rb.Scaling.Frequencies(rb, 100), (x, y) => Math.Abs(x - y) < 1e-6 * y);
            }
            AssertSame(weights.Unembedding, ggufWeights.Unembedding);
            Assert.Equal(weights.IsTied, ggufWeights.IsTied);
        }
    }

    private static unsafe void AssertSame(LinearWeights a, LinearWeights b)
    {
        Assert.Equal((a.Weight.RowCount, a.Weight.ColumnCount), (b.Weight.RowCount, b.Weight.ColumnCount));
        for (var r = 0; r < a.Weight.RowCount; r++)
            Assert.True(new Span<float>(a.Weight.Row(r), a.Weight.ColumnCount).SequenceEqual(new Span<float>(b.Weight.Row(r), a.Weight.ColumnCount)), $"row {r}");
        Assert.Equal(a.Bias?.Span.ToArray(), b.Bias?.Span.ToArray());
    }
}
