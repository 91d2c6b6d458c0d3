using Heed.Lens;

namespace Heed.Tests.Lens;

/// <summary>The closed forms against loops that count one multiply-add at a time.</summary>
public class ContextCostTests
{
    private const string Small = "\"vocab_size\":13,\"hidden_size\":6,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,\"head_dim\":4,\"intermediate_size\":5,\"max_position_embeddings\":16";

    public static TheoryData<string> Configurations =>
    [
        $"{{\"model_type\":\"llama\",{Small}}}",
        $"{{\"model_type\":\"llama\",{Small},\"tie_word_embeddings\":true,\"attention_bias\":true}}",
        $"{{\"model_type\":\"mistral\",{Small},\"sliding_window\":5}}",
        $"{{\"model_type\":\"gemma2\",{Small},\"sliding_window\":3}}",
        $"{{\"model_type\":\"mixtral\",{Small},\"num_local_experts\":4,\"num_experts_per_tok\":2}}",
        $"{{\"model_type\":\"qwen3_moe\",{Small},\"num_experts\":5,\"num_experts_per_tok\":2,\"moe_intermediate_size\":4,\"decoder_sparse_step\":2}}",
        "{\"model_type\":\"opt\",\"vocab_size\":13,\"hidden_size\":6,\"num_hidden_layers\":2,\"num_attention_heads\":2,\"ffn_dim\":7,\"max_position_embeddings\":16,\"word_embed_proj_dim\":4,\"do_layer_norm_before\":false}",
        "{\"model_type\":\"gpt2\",\"vocab_size\":13,\"n_embd\":6,\"n_layer\":2,\"n_head\":3,\"n_positions\":16}",
    ];

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Run_SmallShape_CountsWhatLoopsCount(string json)
    {
        var outline = ModelOutline.Parse(json);
        foreach (var row in ContextCost.Run("small", outline, Enumerable.Range(1, 20).Select(n => (long)n)).Rows)
        {
            var n = (int)row.Context;
            var prefill = Enumerable.Range(0, n).Select(t => Loops(outline, t, isLast: t == n - 1)).Aggregate(Add);
            var decode = Loops(outline, n - 1, isLast: true);
            foreach (var part in row.Parts)
            {
                Assert.Equal(2L * prefill.GetValueOrDefault(part.Name), part.PrefillOperations);
                Assert.Equal(2L * decode.GetValueOrDefault(part.Name), part.DecodeOperations);
            }
            Assert.Equal(row.Parts.Count, row.Parts.Select(p => p.Name).Union(decode.Keys).Count());
        }
    }

    /// <summary>What the token at a position does, one multiply-add at a time.</summary>
    private static Dictionary<string, long> Loops(ModelOutline outline, int position, bool isLast)
    {
        var (config, count) = (outline.Config, new Dictionary<string, long>());
        var width = outline.Tensors[0].Columns;
        if (width != config.Width) Product(ContextCost.Embedding, config.Width, width);
        foreach (var layer in config.Layers)
        {
            for (var head = 0; head < layer.Heads; head++) Product(ContextCost.Projections, layer.HeadSize, config.Width);
            for (var head = 0; head < layer.KeyValueHeads; head++)
            {
                Product(ContextCost.Projections, layer.HeadSize, config.Width);
                Product(ContextCost.Projections, layer.HeadSize, config.Width);
            }
            for (var head = 0; head < layer.Heads; head++)
                for (var key = 0; key <= position; key++)
                {
                    if (layer.Window is { } window && position - key >= window) continue;
                    Product(ContextCost.Scores, 1, layer.HeadSize);
                    Product(ContextCost.WeightedValues, layer.HeadSize, 1);
                }
            for (var head = 0; head < layer.Heads; head++) Product(ContextCost.Output, config.Width, layer.HeadSize);
            if (layer.Experts is { } experts) Product(ContextCost.Mlp, experts.Count, config.Width);
            for (var expert = 0; expert < (layer.Experts?.PerToken ?? 1); expert++)
            {
                if (layer.IsGated) Product(ContextCost.Mlp, layer.FeedForwardWidth, config.Width);
                Product(ContextCost.Mlp, layer.FeedForwardWidth, config.Width);
                Product(ContextCost.Mlp, config.Width, layer.FeedForwardWidth);
            }
        }
        if (isLast && width != config.Width) Product(ContextCost.Unembedding, width, config.Width);
        if (isLast) Product(ContextCost.Unembedding, config.VocabularySize, width);
        return count;

        void Product(string part, int outputs, int inputs)
        {
            for (var o = 0; o < outputs; o++)
                for (var i = 0; i < inputs; i++) count[part] = count.GetValueOrDefault(part) + 1;
        }
    }

    private static Dictionary<string, long> Add(Dictionary<string, long> a, Dictionary<string, long> b)
        => a.Keys.Union(b.Keys).ToDictionary(k => k, k => a.GetValueOrDefault(k) + b.GetValueOrDefault(k));

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Run_CacheBytes_AreThoseOfACache(string json)
    {
        var outline = ModelOutline.Parse(json);
        var cache = new KeyValueCache(outline.Config with { ContextLength = 1000 });
        foreach (var blocks in new[] { 1, 2, 5 })
        {
            cache.Reserve(blocks * KeyValueCache.BlockLength);
            Assert.Equal(cache.ByteLength, ContextCost.Run("", outline, [blocks * KeyValueCache.BlockLength]).Rows[0].CacheBytes);
        }
    }

    [Fact]
    public void Run_LoadedModels_AgreeWithTheSummary()
    {
        foreach (var place in (string[])[TestData.EmbeddedModel, Models.Stories, .. Directory.GetDirectories(TestData.Own("checkpoints"))])
        {
            using var model = LanguageModel.Load(place, new() { Threads = 1 });
            var summary = ModelSummary.Of(model.Transformer);
            var row = ContextCost.Run("", ModelOutline.Of(model.Transformer), [100]).Rows[0];
            Assert.Equal(2.0 * summary.MultipliedPerToken, row.Total.DecodeOperations - row.Attention.DecodeOperations);
            Assert.Equal(100.0 * summary.CacheBytesPerToken, row.CacheBytes);
            // Beside the weights a token reads the keys and values it sees and writes its own.
            var attention = row.Attention.DecodeBytes;
            Assert.Equal(summary.BytesPerToken, row.Total.DecodeBytes - attention - summary.CacheBytesPerToken, 1.0);
            Assert.InRange(attention, 1, row.CacheBytes);
        }
    }

    [Fact]
    public void Run_Bytes_OfExpertsAreThoseThatTokensReach()
    {
        var outline = ModelOutline.Parse($"{{\"model_type\":\"mixtral\",{Small},\"num_local_experts\":4,\"num_experts_per_tok\":2}}");
        double Mlp(long n, Func<CostPart, double> what) => what(ContextCost.Run("", outline, [n]).Rows[0].Parts.Single(p => p.Name == ContextCost.Mlp));
        // In two layers: a router [4, 6] and experts of 3 matrices [5, 6], two bytes a weight.
        Assert.Equal(2 * 2 * (24 + 2 * 90), Mlp(1, p => p.PrefillBytes));
        Assert.Equal(2 * 2 * (24 + 4 * 90), Mlp(2, p => p.PrefillBytes));
        Assert.Equal(2 * 2 * (24 + 4 * 90), Mlp(9, p => p.PrefillBytes));
        Assert.Equal(2 * 2 * (24 + 2 * 90), Mlp(9, p => p.DecodeBytes));
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Run_Savings_AreRatiosOfWhatLoopsCount(string json)
    {
        var outline = ModelOutline.Parse(json);
        var config = outline.Config;
        const int n = 18;
        long all = 0, seen = 0, keys = 0, looked = 0, own = 0;
        foreach (var layer in config.Layers)
            for (var t = 0; t < n; t++)
            {
                for (var key = 0; key <= t; key++)
                {
                    all += layer.Heads * layer.HeadSize;
                    if (layer.Window is not { } window || t - key < window) seen += layer.Heads * layer.HeadSize;
                }
                keys += layer.KeyValueHeads * layer.HeadSize;
                own += layer.Heads * layer.HeadSize;
                if (layer.Window is not { } last || n - 1 - t < last) looked += layer.KeyValueHeads * layer.HeadSize;
            }
        var row = ContextCost.Run("", outline, [n]).Rows[0];
        Assert.Equal((double)all / seen, row.Savings.WindowPrefill, 1e-12);
        Assert.Equal((double)keys / looked, row.Savings.WindowCache, 1e-12);
        Assert.Equal((double)own / keys, row.Savings.GroupedHeads, 1e-12);
        Assert.Equal(n / 66.0, row.Savings.StreamingSoftmax, 1e-12);
        Assert.Equal(row.Total.PrefillOperations / row.Total.DecodeOperations, row.Savings.Cache, 1e-12);
        Assert.Equal(4.0 * n * n * config.Layers[0].Heads, row.GridBytes);
    }

    [Fact]
    public void Lengths_AnyContext_ArePowersOfTwoWithItAndBeyond()
    {
        var outline = ModelOutline.Parse($"{{\"model_type\":\"llama\",{Small}}}".Replace("\"max_position_embeddings\":16", "\"max_position_embeddings\":512", StringComparison.Ordinal));
        Assert.Equal([64, 100, 128, 256, 512, 1024], ContextCost.Lengths(outline, 100));
        Assert.Equal([64, 128, 256, 512, 1024, 2000, 2048], ContextCost.Lengths(outline, 2000).Where(n => n < 4000));
        var rows = ContextCost.Run("", outline, ContextCost.Lengths(outline, 100)).Rows;
        Assert.Equal([false, false, false, false, false, true], rows.Select(r => r.IsBeyond));
        Assert.Throws<HeedException>(() => ContextCost.Run("", outline, [0]));
        Assert.Throws<HeedException>(() => ContextCost.Run("", outline, [ContextCost.MaximumContext + 1]));
    }
}
