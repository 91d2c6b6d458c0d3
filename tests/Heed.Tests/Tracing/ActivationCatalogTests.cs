using Heed.Tracing;

namespace Heed.Tests.Tracing;

/// <summary>What a model says it computes is what it computes.</summary>
public class ActivationCatalogTests
{
    public static TheoryData<string> Checkpoints()
    {
        var data = new TheoryData<string> { "stories260k" };
        foreach (var family in new[] { "bloom", "gemma3", "gpt2", "gpt_neox", "gptj", "llama3_rope", "olmo2", "opt", "phi3", "qwen3" }) data.Add(family);
        return data;
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void All_OfACheckpoint_AreWhatATraceOfEverythingKeeps(string family)
    {
        using var model = Open(family);
        var trace = model.Trace(Models.Tokens(7));
        var catalog = model.Transformer.Activations;
        Assert.Equal(catalog.All.Select(a => a.Name).Order(), trace.Names.Order());
        foreach (var info in catalog.All)
        {
            var kept = trace[info.Name];
            Assert.Equal(info.Shape(7), kept.Shape);
            Assert.Equal(info.Axes.Select(a => a.Axis), kept.Axes);
            Assert.Empty(kept.Selected);
        }
        Assert.InRange(trace.ByteLength, 1, Trace.Everything().BytesFor(catalog, 7));
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Apply_ToAnyActivation_ChangesTheLogits(string family)
    {
        // An edit that changes nothing would be a wrong answer: every activation, changed, must change what the model says.
        using var model = Open(family);
        int[] tokens = Models.Tokens(7);
        var clean = Logits(model, tokens, []);
        foreach (var info in model.Transformer.Activations.All)
        {
            var edited = Logits(model, tokens, [Edit.Apply(info.Name, (row, position, _) =>
            {
                for (var i = 0; i < row.Length; i++) row[i] += 0.3f * (1 + (7 * i + position) % 5);
            })]);
            Assert.True(Models.Difference(clean, edited) > 1e-6, $"{info.Name}: the edit changed nothing");
        }
    }

    [Fact]
    public void Indexer_OfAnUnknownName_ListsWhatThereIs()
    {
        using var model = Models.Exact(Models.Stories);
        var error = Assert.Throws<HeedException>(() => model.Transformer.Activations["blocks.0.attn.hook_patern"]);
        Assert.Contains("blocks.0.attn.hook_patern", error.Message);
        Assert.Contains("attn.hook_pattern", error.Message);
        Assert.Contains("blocks.4", error.Message);
        Assert.Throws<HeedException>(() => model.Trace(Models.Tokens(3), ["blocks.*.hook_nothing"]));
        Assert.Throws<HeedException>(() => model.Trace(Models.Tokens(3), ["blocks.99.hook_resid_pre"]));
    }

    [Fact]
    public void Match_OfAliases_FindsTheCanonicalNames()
    {
        using var model = Models.Exact(Models.Stories);
        var catalog = model.Transformer.Activations;
        Assert.Equal("blocks.2.attn.hook_q", catalog["blocks.2.attn.q.hook_out"].Name);
        Assert.Equal("blocks.2.mlp.hook_pre_linear", catalog["blocks.2.mlp.in.hook_out"].Name);
        Assert.Equal(5, catalog.Match("blocks.*.attn.q.hook_out").Count);
        Assert.Equal(5, catalog.Match("blocks.*.hook_out").Count);
        Assert.Equal(catalog.All, catalog.Match("*"));
    }

    private static LanguageModel Open(string family) => Models.Exact(family == "stories260k" ? Models.Stories : Models.Golden(family));

    private static float[] Logits(LanguageModel model, int[] tokens, IReadOnlyList<Edit> edits)
    {
        var run = new SequenceRun { Tokens = tokens, Edits = edits, Rows = LogitRows.All };
        model.Transformer.Forward(run);
        return [.. Enumerable.Range(0, tokens.Length).SelectMany(t => run.LogitsOf(t).ToArray())];
    }
}
