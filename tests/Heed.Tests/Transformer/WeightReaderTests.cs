using System.Text.Json.Nodes;
using Heed.Formats;
using Heed.Numerics;
using Heed.Tests.Transformer.Reference;

namespace Heed.Tests.Transformer;

/// <summary>Tensors that do not fit the configuration are refused by name, with both shapes.</summary>
public class WeightReaderTests
{
    private const string Options = "\"model_type\":\"llama\",\"vocab_size\":61,\"hidden_size\":24,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,\"intermediate_size\":40,\"max_position_embeddings\":64";

    /// <summary>Writes a small checkpoint with changed tensors and opens it.</summary>
    private static void Open(string options, Func<TensorSource, IEnumerable<TensorSource>> change, Action<TransformerWeights>? check = null,
        Func<string, string>? configuration = null)
    {
        var reference = new ReferenceModel(JsonNode.Parse($"{{{options}}}")!.AsObject(), seed: 1);
        var logits = ReferenceLlamas.Llama(reference, [1, 2, 3]);
        using var folder = new TemporaryFolder();
        reference.Write(folder.Path, [1, 2, 3], logits);
        SafetensorsWriter.Write(folder.File("model.safetensors"),
            reference.Weights.Select(w => TensorSource.Of(w.Key, w.Value.Values, w.Value.Shape)).SelectMany(change));
        if (configuration is not null) folder.Write("config.json", configuration(File.ReadAllText(folder.File("config.json"))));
        var (_, weights, file) = CheckpointLoader.Open(folder.Path);
        using (file) check?.Invoke(weights);
    }

    private static string Refusal(Func<TensorSource, IEnumerable<TensorSource>> change, Func<string, string>? configuration = null)
        => Assert.Throws<HeedException>(() => Open(Options, change, configuration: configuration)).Message;

    [Fact]
    public void Open_WrongShape_NamesTensorAndBothShapes()
    {
        var message = Refusal(t => [t.Name.EndsWith("0.mlp.up_proj.weight", StringComparison.Ordinal) ? TensorSource.Of(t.Name, new float[24 * 41], 41, 24) : t]);
        Assert.Contains("model.layers.0.mlp.up_proj.weight", message);
        Assert.Contains("[41, 24]", message);
        Assert.Contains("[40, 24]", message);
    }

    [Fact]
    public void Open_MissingTensor_NamesItAndWhatIsThere()
    {
        var message = Refusal(t => t.Name == "model.layers.1.self_attn.v_proj.weight" ? [] : [t]);
        Assert.Contains("model.layers.1.self_attn.v_proj.weight [12, 24] is missing", message);
        Assert.Contains("model.layers.0.self_attn.v_proj.weight", message);
    }

    [Fact]
    public void Open_TensorWithoutARole_IsRefused()
    {
        var message = Refusal(t => t.Name == "model.norm.weight" ? [t, TensorSource.Of("model.layers.0.self_attn.q_proj.bias", new float[24], 24)] : [t]);
        Assert.Contains("model.layers.0.self_attn.q_proj.bias [24] has no place", message);
    }

    [Fact]
    public void Open_IntegerWeights_AreRefused()
    {
        var message = Refusal(t => [t.Name == "lm_head.weight" ? TensorSource.Of(t.Name, ElementType.I8, new byte[61 * 24], 61, 24) : t]);
        Assert.Contains("lm_head.weight is stored as I8", message);
    }

    [Fact]
    public void Open_MoreLayersThanTheFileHas_IsRefusedBeforeMemoryIsTaken()
    {
        var before = GC.GetTotalAllocatedBytes();
        var message = Refusal(t => [t], c => c.Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 9999"));
        Assert.Contains("model.layers.2", message);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 256 << 20);
    }

    [Fact]
    public void Open_WithoutPrefixAndWithOldBuffers_FindsEverything()
        => Open(Options, t => t.Name.StartsWith("model.", StringComparison.Ordinal)
            ? [t with { Name = t.Name["model.".Length..] }, .. t.Name.EndsWith("q_proj.weight", StringComparison.Ordinal)
                ? [TensorSource.Of(t.Name.Replace("q_proj.weight", "rotary_emb.inv_freq"), new float[3], 3)] : Array.Empty<TensorSource>()]
            : [t], w => Assert.Equal(2, w.Layers.Count));

    [Fact]
    public void Open_TiedWithTheMatrixRepeated_IsTied()
    {
        TensorSource? embedding = null;
        Open($"{Options},\"tie_word_embeddings\":true", t =>
        {
            if (t.Name == "model.embed_tokens.weight") embedding = t with { Name = "lm_head.weight" };
            return t.Name == "model.norm.weight" ? [t, embedding!] : [t];
        }, w => Assert.True(w.IsTied));
    }

    [Fact]
    public void Open_TiedWithAnotherMatrix_UsesIt()
        => Open($"{Options},\"tie_word_embeddings\":true", t => t.Name == "model.norm.weight" ? [t, TensorSource.Of("lm_head.weight", new float[61 * 24], 61, 24)] : [t],
            w => Assert.False(w.IsTied));
}
