using System.Text.Json.Nodes;
using Heed.Lens;
using Heed.Tests.Transformer;
using Heed.Tests.Transformer.Reference;

namespace Heed.Tests.Lens;

public class ParameterCountTests
{
    /// <summary>Every place with a checkpoint that is here.</summary>
    private static IEnumerable<string> Checkpoints()
    {
        yield return Models.Stories;
        yield return TestData.EmbeddedModel;
        foreach (var folder in Directory.GetDirectories(TestData.Own("checkpoints"))) yield return folder;
        if (TestData.SharedRoot is null) yield break;
        foreach (var row in (IEnumerable<object[]>)GoldenCheckpointTests.All) yield return TestData.Shared($"golden/checkpoints/{row[0]}");
        foreach (var row in (IEnumerable<object[]>)GoldenCheckpointTests.Ggufs) yield return TestData.Shared($"golden/gguf/{row[0]}.gguf");
        foreach (var file in Directory.GetFiles(TestData.Shared("golden/gguf/quantised"), "*.gguf")) yield return file;
    }

    [Fact]
    public void Run_Gpt3AsTheLessonCounts_IsTheLessonsTally()
    {
        var count = ParameterCount.Run("GPT-3", KnownModels.Find("gpt3")!.Outline);
        Assert.Equal(
            [
                ("embedding", "50,257 tokens × 12,288", 617_558_016, 1),
                ("queries", "96 layers × 96 heads × 12,288 × 128", 14_495_514_624, 96 * 96),
                ("keys", "96 layers × 96 heads × 12,288 × 128", 14_495_514_624, 96 * 96),
                ("values (Value↓)", "96 layers × 96 heads × 12,288 × 128", 14_495_514_624, 96 * 96),
                ("output (Value↑)", "96 layers × 96 heads × 128 × 12,288", 14_495_514_624, 96),
                ("MLP up", "96 layers × 12,288 × 49,152", 57_982_058_496, 96),
                ("MLP down", "96 layers × 49,152 × 12,288", 57_982_058_496, 96),
                ("unembedding", "50,257 tokens × 12,288", 617_558_016, 1),
            ],
            count.Parts.Select(p => (p.Name, p.Formula, p.Count, p.Matrices)));
        Assert.Equal((175_181_291_520, 27_938), (count.Total, count.Matrices));
        Assert.Equal((1_572_864, 150_994_944, 6_291_456), (count.Attention.Map, count.Attention.FullRankValueMap, count.Attention.Head));
        Assert.Equal((603_979_776, 57_982_058_496), (count.Attention.Block, count.Attention.AllLayers));
        Assert.Equal(2 * 57_982_058_496, count.Mlp);
        Assert.InRange((double)count.Attention.AllLayers / count.Total, 0.33, 0.34);
    }

    [Theory]
    [InlineData("gpt3-paper", 174_604_259_328)]
    [InlineData("gpt2", 124_439_808)]
    public void Run_AsThePaperCounts_IsThePapersNumber(string name, long total) => Assert.Equal(total, ParameterCount.Run(name, KnownModels.Find(name)!.Outline).Total);

    /// <summary>Configurations as published, and the totals that their authors' checkpoints have.</summary>
    [Theory]
    [InlineData("""{"model_type":"llama","vocab_size":128256,"hidden_size":16384,"num_hidden_layers":126,"num_attention_heads":128,"num_key_value_heads":8,"intermediate_size":53248,"max_position_embeddings":131072}""", 405_853_388_800)]
    [InlineData("""{"model_type":"gemma2","vocab_size":256000,"hidden_size":3584,"num_hidden_layers":42,"num_attention_heads":16,"num_key_value_heads":8,"head_dim":256,"intermediate_size":14336,"query_pre_attn_scalar":256}""", 9_241_705_984)]
    [InlineData("""{"model_type":"qwen3_moe","vocab_size":151936,"hidden_size":4096,"num_hidden_layers":94,"num_attention_heads":64,"num_key_value_heads":4,"head_dim":128,"num_experts":128,"num_experts_per_tok":8,"moe_intermediate_size":1536}""", 235_093_634_560)]
    [InlineData("""{"model_type":"mixtral","vocab_size":32000,"hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"intermediate_size":14336,"num_local_experts":8,"num_experts_per_tok":2}""", 46_702_792_704)]
    public void Run_PublishedConfiguration_IsThePublishedTotal(string json, long total) => Assert.Equal(total, ParameterCount.Run("", ModelOutline.Parse(json)).Total);

    [Fact]
    public void Run_EveryCheckpoint_CountsWhatItsTensorsHold()
    {
        foreach (var place in Checkpoints())
        {
            using var model = LanguageModel.Load(place, new() { Threads = 1 });
            var count = ParameterCount.Run(model);
            // Of the same file: masks and frequencies, which are computed; a second copy of a tied matrix.
            var tensors = model.Transformer.File!.Tensors;
            var others = tensors.Where(t => t.Name.EndsWith(".attn.bias", StringComparison.Ordinal) || t.Name.EndsWith(".masked_bias", StringComparison.Ordinal)
                || t.Name.StartsWith("rope_f", StringComparison.Ordinal) || t.Name.EndsWith("attention.bias", StringComparison.Ordinal)
                || (model.Transformer.Weights.IsTied && t.Name is "lm_head.weight" or "output.weight")).Sum(t => t.Count);
            Assert.True(tensors.Sum(t => t.Count) - others == count.Total, $"{place}: counted {count.Total}, its tensors hold {tensors.Sum(t => t.Count)}, of which {others} are no parameters");
            Assert.Equal(ModelSummary.Of(model.Transformer).Count, count.Total);
            AssertConsistent(count);
        }
    }

    [Fact]
    public void Run_EveryFamilysConfigurationAlone_CountsAsItsCheckpoint()
    {
        foreach (var (family, options) in FamilyCases.All)
        {
            var config = JsonNode.Parse($"{{\"model_type\":\"{family}\",{options}}}")!.AsObject();
            using var folder = new TemporaryFolder();
            var reference = new ReferenceModel(config, seed: 1);
            reference.Write(folder.Path, [1, 2], FamilyReferenceTests.Run(family, reference, [1, 2]));
            var alone = ModelOutline.Read(folder.File("config.json"));
            using var model = LanguageModel.Load(folder.Path, new() { Threads = 1 });
            var loaded = ModelOutline.Of(model.Transformer);
            Assert.Equal(loaded.Tensors.Select(t => t with { Bytes = null }), alone.Tensors);
            Assert.Equal(loaded.IsTied, alone.IsTied);
            Assert.Equal(loaded.StoredCount, ParameterCount.Run(family, alone).Total);
            AssertConsistent(ParameterCount.Run(family, alone));
        }
    }

    [Theory]
    [InlineData("gpt3")]
    [InlineData("gpt3-paper")]
    [InlineData("gpt2")]
    public void Run_KnownModel_AddsUp(string name) => AssertConsistent(ParameterCount.Run(name, KnownModels.Find(name)!.Outline));

    [Theory]
    [InlineData("""{"model_type":"qwen3_moe","num_hidden_layers":10000,"num_experts":100000}""", "no model is near this")]
    [InlineData("""{"model_type":"llama","hidden_size":300000000,"num_attention_heads":1}""", "no model is near this")]
    [InlineData("""{"model_type":"bloom","n_layer":10000,"hidden_size":16000000,"n_head":1}""", "no model is near this")]
    [InlineData("""{"model_type":"llama","hidden_sice":24}""", "hidden_sice")]
    [InlineData("""{"model_type":"bert"}""", "is not a family that Heed knows")]
    [InlineData("""{"layers":3}""", "model_type is missing")]
    public void Parse_WhatNoModelIs_IsRefused(string json, string message)
        => Assert.Contains(message, Assert.Throws<HeedException>(() => ModelOutline.Parse(json)).Message, StringComparison.Ordinal);

    private static void AssertConsistent(ParameterCount count)
    {
        var running = 0L;
        foreach (var part in count.Parts)
        {
            running += part.Count;
            Assert.Equal(running, part.Running);
            Assert.Equal((double)part.Count / count.Total, part.Share, 1e-12);
            if (!part.Formula.EndsWith("(tied)", StringComparison.Ordinal)) Assert.True(Evaluate(part.Formula) == part.Count, $"{count.Model}: {part.Name}: {part.Formula} is {Evaluate(part.Formula)}, not {part.Count}");
        }
        Assert.Equal(count.Total, running);
        Assert.Equal(count.Matrices, count.Parts.Sum(p => p.Matrices));
    }

    /// <summary>A sum of products of the formula's numbers; words are units.</summary>
    private static long Evaluate(string formula) => formula.Split(" + ").Sum(product => product.Split(" × ")
        .Select(factor => long.Parse(factor.Split(' ')[0].Replace(",", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture)).Aggregate(1L, (a, b) => a * b));
}
