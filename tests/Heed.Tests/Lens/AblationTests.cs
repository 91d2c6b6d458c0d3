using Heed.Formats;
using Heed.Lens;
using Heed.Tracing;
using Heed.Verification;

namespace Heed.Tests.Lens;

public class AblationTests
{
    /// <summary>Of losses: float32 sums in another order.</summary>
    private const double Tolerance = 2e-4;

    [SharedTheory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt_neox")]
    [InlineData("gemma2")]
    public void Run_OfEveryHead_HasTheReferencesLosses(string family)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        using var model = Models.Exact(folder);
        using var lens = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        var tokens = TensorValues.Ids(lens.Find("input_ids")!).Ids;
        foreach (var (method, name) in new[] { (AblationMethod.Zero, "zero_ablation_loss"), (AblationMethod.Mean, "mean_ablation_loss") })
        {
            var expected = TensorValues.Floats(lens.Find(name)!);
            var ablation = Ablation.Run(model, tokens, new() { Method = method });
            Assert.Equal(TensorValues.Floats(lens.Find("loss")!)[0], ablation.Loss!.Value, 1e-4);
            Assert.Equal(expected.Length, ablation.Parts.Count);
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.Equal((i / model.Config.Layers[0].Heads, i % model.Config.Layers[0].Heads), (ablation.Parts[i].Component.Layer, ablation.Parts[i].Component.Head));
                Assert.Equal(expected[i], ablation.Parts[i].Loss!.Value, Tolerance);
                Assert.Equal(expected[i] - ablation.Loss.Value, ablation.Parts[i].DeltaLoss!.Value, Tolerance);
            }
        }
    }

    public static TheoryData<ComponentKind, AblationMethod> Every()
    {
        var data = new TheoryData<ComponentKind, AblationMethod>();
        foreach (var kind in Enum.GetValues<ComponentKind>())
            foreach (var method in Enum.GetValues<AblationMethod>()) data.Add(kind, method);
        return data;
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Run_AnyKindAndMethod_EqualsWholeRunsWithVectorsPutIn(ComponentKind kind, AblationMethod method)
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(40), other = Models.Tokens(44, seed: 9);
        foreach (var from in method == AblationMethod.Resample ? new[] { null, other } : [null])
        {
            var ablation = Ablation.Run(model, tokens, new() { By = kind, Method = method, Answer = 280, Wrong = 301, From = from, Seed = 3 });
            var clean = model.Trace(tokens);
            var source = from is null ? clean : model.Trace(from);
            Assert.Equal(from is null && method == AblationMethod.Resample, ablation.Shuffle is not null);
            Assert.Equal(kind == ComponentKind.Head ? 40 : 5, ablation.Parts.Count);
            foreach (var part in ablation.Parts)
            {
                var (_, layer, head) = part.Component;
                string[] names = kind == ComponentKind.Head ? ["attn.hook_z"] : kind == ComponentKind.Mlp ? ["hook_mlp_out"] : ["hook_attn_out", "hook_mlp_out"];
                var edits = names.Select(n =>
                {
                    var name = $"blocks.{layer}.{n}";
                    float[] RowOf(int t) => head is { } h ? source[name].Row(t, h).ToArray() : source[name].Row(t).ToArray();
                    return Edit.Apply(name, (row, position, _) =>
                    {
                        if (method == AblationMethod.Zero) row.Clear();
                        else if (method == AblationMethod.Resample) RowOf(ablation.Shuffle?[position] ?? position).CopyTo(row);
                        else for (var i = 0; i < row.Length; i++) row[i] = (float)Enumerable.Range(0, tokens.Length).Average(t => (double)RowOf(t)[i]);
                    }, head);
                }).ToArray();
                var (loss, logit) = Outcome(model, tokens, edits, 280, 301);
                Assert.Equal(loss, part.Loss!.Value, 1e-4);
                Assert.Equal(loss - ablation.Loss!.Value, part.DeltaLoss!.Value, 1e-4);
                Assert.Equal(logit, part.Logit, 1e-3);
                Assert.Equal(logit - ablation.Logit, part.DeltaLogit, 1e-3);
            }
            Assert.True(ablation.Parts.Max(p => Math.Abs(p.DeltaLogit)) > 0.01);
        }
    }

    [Fact]
    public void Shuffle_OfPositions_LeavesNoneInPlaceAndFollowsTheSeed()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(12);
        IReadOnlyList<int> Shuffle(int seed) => Ablation.Run(model, tokens, new() { By = ComponentKind.Mlp, Method = AblationMethod.Resample, Seed = seed }).Shuffle!;
        var shuffle = Shuffle(1);
        Assert.Equal(Enumerable.Range(0, 12), shuffle.Order());
        Assert.All(Enumerable.Range(0, 12), t => Assert.NotEqual(t, shuffle[t]));
        Assert.Equal(shuffle, Shuffle(1));
        Assert.NotEqual(shuffle, Shuffle(2));
    }

    [Fact]
    public void Run_WithoutAnAnswer_FollowsTheModelsOwnNextToken()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(7);
        var run = new SequenceRun { Tokens = tokens };
        model.Transformer.Forward(run);
        var best = run.LastLogits.ToArray().Index().MaxBy(x => x.Item);
        var ablation = Ablation.Run(model, tokens, new() { By = ComponentKind.Mlp });
        Assert.Equal(best.Index, ablation.Answer);
        Assert.Equal(best.Item, ablation.Logit, 1e-4);
    }

    [Fact]
    public void Run_OfOneToken_HasLogitsButNoLoss()
    {
        using var model = Models.Exact(Models.Stories);
        var ablation = Ablation.Run(model, [5]);
        Assert.Null(ablation.Loss);
        Assert.All(ablation.Parts, p => Assert.Null(p.DeltaLoss));
        Assert.Contains(ablation.Parts, p => Math.Abs(p.DeltaLogit) > 1e-3);
        Assert.Contains("one token", Assert.Throws<HeedException>(() => Ablation.Run(model, [5], new() { Method = AblationMethod.Resample })).Message);
    }

    [Fact]
    public void Run_BadInput_SaysWhatIsWrong()
    {
        using var model = Models.Exact(Models.Stories);
        Assert.Contains("the text is empty", Assert.Throws<HeedException>(() => Ablation.Run(model, [])).Message);
        Assert.Contains("Token 9999 is not in the vocabulary", Assert.Throws<HeedException>(() => Ablation.Run(model, [5, 6], new() { Answer = 9999 })).Message);
        var error = Assert.Throws<HeedException>(() => Ablation.Run(model, Models.Tokens(9), new() { Method = AblationMethod.Resample, From = Models.Tokens(8) }));
        Assert.Contains("has 8 tokens, the text itself 9", error.Message);
    }

    internal static (double Loss, double Logit) Outcome(LanguageModel model, int[] tokens, Edit[] edits, int answer, int wrong)
    {
        var run = new SequenceRun { Tokens = tokens, Edits = edits };
        model.Transformer.Forward(run);
        return (model.Loss(tokens, edits).Loss, (double)run.LastLogits[answer] - run.LastLogits[wrong]);
    }
}
