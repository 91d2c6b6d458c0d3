using System.Text.Json.Nodes;
using Heed.Families;
using Heed.Formats;
using Heed.Tests.Transformer.Reference;
using Heed.Verification;

namespace Heed.Tests.Transformer;

/// <summary>
/// Every family, in plain and in unusual configurations, on small random checkpoints, against slow models written straight
/// from the families' published definitions (<see cref="ReferenceGpts"/>, <see cref="ReferenceLlamas"/>): logits, hidden
/// states and attention at the bounds that reference values have.
/// </summary>
public class FamilyReferenceTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (family, options) in FamilyCases.All) data.Add(family, options);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_SmallCheckpoint_EqualsTheFamilysDefinition(string family, string options)
    {
        var config = JsonNode.Parse($"{{\"model_type\":\"{family}\",{options}}}")!.AsObject();
        var ids = Enumerable.Range(0, 20).Select(t => (t * 17 + 5) % 61).ToArray();
        var reference = new ReferenceModel(config, seed: options.Length);
        var logits = Run(family, reference, ids);
        using var folder = new TemporaryFolder();
        reference.Write(folder.Path, ids, logits);
        AssertEqual(folder, folder.Path);
    }

    /// <summary>Options that change no logits as these cases use them, and why.</summary>
    private static readonly HashSet<string> s_inert =
    [
        // orders of computation, notes
        "reorder_and_upcast_attn", "n_ctx", "attention_softmax_in_fp32", "pretraining_tp", "slow_but_exact", "seq_length", "model_max_length",
        // limits, which matter to scaled rotary positions only (and to what is refused)
        "max_position_embeddings", "n_positions",
        // an untied matrix in the file is used whatever the configuration says
        "tie_word_embeddings",
        // the class's default in words
        "norm_type", "mlp_type", "gpt2: activation_function = \"gelu_fast\"", "opt: word_embed_proj_dim = 24", "llama: rope_theta = 10000.0",
        "mixtral: num_experts_per_tok = 2", "qwen2: max_window_layers = 28", "phi: num_key_value_heads = 2", "starcoder2: num_key_value_heads = 2",
        "llama: rope_scaling = null", "stablelm: rope_scaling = null", "phi: num_key_value_heads = null", "llama: num_key_value_heads = null",
        // said twice
        "gpt_neo: attention_types = [[[\"global\",\"local\",\"local\"],1]]", "gpt_neo: attention_layers = [\"global\",\"local\",\"local\"]",
        // without effect on this length, with these layers or without another option
        "llama: rope_scaling = {\"type\":\"dynamic\",\"factor\":2.0}", "mistral: sliding_window = null", "qwen2: sliding_window = 4", "qwen2: max_window_layers = 0",
        "qwen3_moe: intermediate_size = 40",
    ];

    /// <summary>An option that can be taken out of a configuration without a difference would be one that nobody reads.</summary>
    [Fact]
    public void Forward_WithoutOneOfItsOptions_DiffersOrIsRefused()
    {
        var ids = Enumerable.Range(0, 20).Select(t => (t * 17 + 5) % 61).ToArray();
        var same = new List<string>();
        foreach (var (family, options) in FamilyCases.All)
        {
            var config = JsonNode.Parse($"{{\"model_type\":\"{family}\",{options}}}")!.AsObject();
            var reference = new ReferenceModel(config, seed: options.Length);
            var logits = Run(family, reference, ids);
            using var folder = new TemporaryFolder();
            reference.Write(folder.Path, ids, logits);
            foreach (var key in config.Select(o => o.Key).Where(k => k != "model_type" && !s_inert.Contains(k)).ToList())
            {
                var option = $"{family}: {key} = {config[key]?.ToJsonString() ?? "null"}";
                if (s_inert.Contains(option)) continue;
                var without = config.DeepClone().AsObject();
                without.Remove(key);
                folder.Write("config.json", without.ToJsonString());
                if (!Differs(folder, ids, logits)) same.Add(option);
            }
        }
        Assert.True(same.Count == 0, string.Join("\n", same));
    }

    private static bool Differs(TemporaryFolder folder, int[] ids, double[][] logits)
    {
        try
        {
            var (config, weights, file) = CheckpointLoader.Open(folder.Path);
            using var model = new Heed.Transformer(config, weights, file, threads: 1);
            var run = new SequenceRun { Tokens = ids, Rows = LogitRows.All };
            model.Forward(run);
            var largest = logits.Max(r => r.Max(Math.Abs));
            return Enumerable.Range(0, ids.Length).Any(t => logits[t].Zip(run.LogitsOf(t).ToArray(), (a, b) => Math.Abs(a - b)).Max() > CheckpointVerifier.LogitBound * largest);
        }
        catch (HeedException) { return true; }
    }

    private const string Sizes = "\"vocab_size\":61,\"hidden_size\":24,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"intermediate_size\":40";

    /// <summary>Where rotary frequencies depend on the length, keys cached at another length are stale.</summary>
    [Theory]
    [InlineData("llama", "\"max_position_embeddings\":12,\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":64.0}")]
    [InlineData("phi3", "\"max_position_embeddings\":1024,\"original_max_position_embeddings\":13,\"rope_scaling\":{\"type\":\"longrope\",\"short_factor\":[1,1.5,2],\"long_factor\":[2,4,8]}")]
    public void Forward_FrequenciesByLength_CachedAndInPartsAsInOnePass(string family, string options)
    {
        var reference = new ReferenceModel(JsonNode.Parse($"{{\"model_type\":\"{family}\",{Sizes},{options}}}")!.AsObject(), seed: 3);
        var logits = Run(family, reference, [1, 2]);
        using var folder = new TemporaryFolder();
        reference.Write(folder.Path, [1, 2], logits);
        var (config, weights, file) = CheckpointLoader.Open(folder.Path);
        using var model = new Heed.Transformer(config, weights, file, threads: 1);
        var tokens = Enumerable.Range(0, 600).Select(t => (t * 31 + 7) % 61).ToArray();

        var cached = new SequenceRun { Cache = new(config) };
        for (var t = 0; t < 20; t++)
        {
            cached.Tokens = tokens.AsMemory(t, 1);
            model.Forward(cached);
            var fresh = new SequenceRun { Tokens = tokens.AsMemory(0, t + 1) };
            model.Forward(fresh);
            AssertClose(fresh.LastLogits, cached.LastLogits);
        }
        // More tokens than a pass holds go through in parts; traced ones stay whole.
        var inParts = new SequenceRun { Tokens = tokens };
        var whole = new SequenceRun { Tokens = tokens, Trace = Heed.Tracing.Trace.Of("blocks.0.hook_resid_pre") };
        model.Forward(inParts);
        model.Forward(whole);
        AssertClose(whole.LastLogits, inParts.LastLogits);
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        float largest = 0, difference = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            difference = Math.Max(difference, Math.Abs(expected[i] - actual[i]));
        }
        Assert.InRange(difference, 0, 2e-5f * largest);
    }

    public static TheoryData<string, string> GgufCases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (family, options) in FamilyCases.Gguf) data.Add(family, options);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(GgufCases))]
    public void Forward_ConvertedToGguf_EqualsTheFamilysDefinition(string family, string options)
    {
        var config = JsonNode.Parse($"{{\"model_type\":\"{family}\",{options}}}")!.AsObject();
        var ids = Enumerable.Range(0, 20).Select(t => (t * 17 + 5) % 61).ToArray();
        var reference = new ReferenceModel(config, seed: options.Length);
        var logits = Run(family, reference, ids);
        using var folder = new TemporaryFolder();
        reference.Write(folder.Path, ids, logits);
        GgufConversion.Write(reference, folder.File("model.gguf"));
        AssertEqual(folder, folder.File("model.gguf"));
    }

    [Fact]
    public void Open_GgufOfOlmoWithBiases_IsRefused()
    {
        var config = JsonNode.Parse($"{{\"model_type\":\"olmo\",{Sizes},\"max_position_embeddings\":64,\"attention_bias\":true}}")!.AsObject();
        var reference = new ReferenceModel(config, seed: 1);
        ReferenceLlamas.Olmo(reference, [1, 2]);
        using var folder = new TemporaryFolder();
        GgufConversion.Write(reference, folder.File("model.gguf"));
        Assert.Contains(".bias", Assert.Throws<HeedException>(() => CheckpointLoader.Open(folder.File("model.gguf"))).Message);
    }

    /// <summary>A family without a case here would be one that nothing checks.</summary>
    [Fact]
    public void Cases_EveryFamilyOfTheRegistry_HasOnePerLayout()
    {
        foreach (var family in FamilyRegistry.All)
        {
            Assert.Contains(FamilyCases.All, c => family.ModelTypes.Contains(c.Family));
            if (family.GgufArchitectures.Count > 0)
                Assert.Contains(FamilyCases.Gguf, c => family.ModelTypes.Contains(c.Family));
        }
    }

    internal static double[][] Run(string family, ReferenceModel m, int[] ids) => family switch
    {
        "gpt2" => ReferenceGpts.Gpt2(m, ids),
        "gpt_bigcode" => ReferenceGpts.GptBigCode(m, ids),
        "gpt_neo" => ReferenceGpts.GptNeo(m, ids),
        "gptj" => ReferenceGpts.GptJ(m, ids),
        "gpt_neox" => ReferenceGpts.GptNeoX(m, ids),
        "opt" => ReferenceGpts.Opt(m, ids),
        "bloom" => ReferenceGpts.Bloom(m, ids),
        "mixtral" or "qwen3_moe" => ReferenceLlamas.Experts(m, ids),
        "gemma" or "gemma2" or "gemma3_text" => ReferenceLlamas.Gemma(m, ids),
        "phi" => ReferenceLlamas.Phi(m, ids),
        "phi3" => ReferenceLlamas.Phi3(m, ids),
        "olmo" => ReferenceLlamas.Olmo(m, ids),
        "olmo2" => ReferenceLlamas.Olmo2(m, ids),
        "stablelm" => ReferenceLlamas.StableLm(m, ids),
        "starcoder2" => ReferenceLlamas.Starcoder2(m, ids),
        "cohere" => ReferenceLlamas.Cohere(m, ids),
        _ => ReferenceLlamas.Llama(m, ids),
    };

    private static void AssertEqual(TemporaryFolder folder, string place)
    {
        var (config, weights, file) = CheckpointLoader.Open(place);
        using var model = new Heed.Transformer(config, weights, file, threads: 1);
        using var expected = SafetensorsFile.Open(folder.File("expected.safetensors"));
        var compared = CheckpointVerifier.Verify(model, expected).ToList();
        Assert.All(compared, c => Assert.True(c.Verdict == Verdict.Equal, c.ToString()));
        Assert.Contains(compared, c => c.Name == "logits");
        Assert.Contains(compared, c => c.Name.StartsWith("attention.", StringComparison.Ordinal));
    }
}
