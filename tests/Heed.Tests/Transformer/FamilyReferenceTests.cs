using System.Text.Json.Nodes;
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

    private static double[][] Run(string family, ReferenceModel m, int[] ids) => family switch
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
