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
    [InlineData("llama"), InlineData("llama3_rope"), InlineData("mixtral"), InlineData("qwen3"), InlineData("gemma3"), InlineData("gpt2"), InlineData("bloom")]
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
                foreach (var (x, y) in Mlps(a).Zip(Mlps(b)))
                {
                    AssertSame(x.Gate, y.Gate);
                    AssertSame(x.Up, y.Up);
                    AssertSame(x.Down, y.Down);
                }
                Assert.Equal(a.AttentionNorm?.Weight?.Span.ToArray(), b.AttentionNorm?.Weight?.Span.ToArray());
                Assert.Equal(a.MlpPostNorm?.Weight?.Span.ToArray(), b.MlpPostNorm?.Weight?.Span.ToArray());
                var (ca, cb) = (config.Layers[i], ggufConfig.Layers[i]);
                Assert.Equal(ca with { Rotary = null }, cb with { Rotary = null });
                if (ca.Rotary is { } ra && cb.Rotary is { } rb)
                    Assert.Equal(ra.Scaling.Frequencies(ra, 100), rb.Scaling.Frequencies(rb, 100), (x, y) => Math.Abs(x - y) < 1e-6 * y);
            }
            Assert.Equal(config with { Layers = [] }, ggufConfig with { Layers = [] });
            AssertSame(weights.Unembedding, ggufWeights.Unembedding);
            Assert.Equal(weights.IsTied, ggufWeights.IsTied);
        }
    }

    [SharedTheory]
    [InlineData("gpt2"), InlineData("gpt_neo"), InlineData("gpt_neox"), InlineData("gptj"), InlineData("opt"), InlineData("bloom")]
    [InlineData("llama"), InlineData("llama3_rope"), InlineData("mistral"), InlineData("mixtral"), InlineData("qwen2"), InlineData("qwen3")]
    [InlineData("gemma2"), InlineData("gemma3"), InlineData("phi3"), InlineData("olmo2"), InlineData("smollm3")]
    public void Open_EveryGoldenCheckpoint_FindsEveryTensor(string family)
    {
        var (config, weights, file) = CheckpointLoader.Open(TestData.Shared($"golden/checkpoints/{family}"));
        using (file) Assert.Equal(config.Layers.Count, weights.Layers.Count);
    }

    private static IEnumerable<MlpWeights> Mlps(LayerWeights layer) => layer.Mlp is { } one ? [one] : layer.Experts;

    private static unsafe void AssertSame(LinearWeights? a, LinearWeights? b)
    {
        Assert.Equal(a is null, b is null);
        if (a is null || b is null) return;
        Assert.Equal((a.Weight.RowCount, a.Weight.ColumnCount), (b.Weight.RowCount, b.Weight.ColumnCount));
        for (var r = 0; r < a.Weight.RowCount; r++)
            for (var c = 0; c < a.Weight.ColumnCount; c++)
                Assert.Equal(At(a.Weight, r, c), At(b.Weight, r, c));
        Assert.Equal(a.Bias?.Span.ToArray(), b.Bias?.Span.ToArray());
    }

    private static unsafe float At(Matrix matrix, int row, int column)
        => *(float*)(matrix.Row(row) + (matrix.IsTransposed ? column * matrix.Stride : column * sizeof(float)));
}
