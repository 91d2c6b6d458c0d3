using Heed.Formats;
using Heed.Tracing;

namespace Heed.Tests.Tracing;

/// <summary>Edited runs: against the reference's, against each other, and refused where they make no sense.</summary>
public class EditTests
{
    /// <summary>Of losses and logit differences: float32 sums in another order.</summary>
    private const double Tolerance = 2e-4;

    public static TheoryData<string> Families => ["gpt2", "llama", "mistral", "qwen3", "gpt_neox", "gemma2"];

    [SharedTheory]
    [MemberData(nameof(Families))]
    public void Loss_WithAHeadRemoved_IsTheReferences(string family)
    {
        using var model = Open(family, out var lens);
        using var _ = lens;
        var tokens = Ids(lens, "input_ids");
        Assert.Equal(Floats(lens, "loss")[0], model.Loss(tokens).Loss, 1e-4);
        var zero = Floats(lens, "zero_ablation_loss");
        var mean = Floats(lens, "mean_ablation_loss");
        var H = model.Config.Layers[0].Heads;
        for (var l = 0; l < model.Config.Layers.Count; l++)
            for (var h = 0; h < H; h++)
            {
                Assert.Equal(zero[l * H + h], model.Loss(tokens, [Edit.Zero($"blocks.{l}.attn.hook_z", h)]).Loss, Tolerance);
                Assert.Equal(zero[l * H + h], model.Loss(tokens, [Edit.Zero($"blocks.{l}.attn.hook_result", h)]).Loss, Tolerance);
                Assert.Equal(mean[l * H + h], model.Loss(tokens, [Edit.Mean($"blocks.{l}.attn.hook_z", h)]).Loss, Tolerance);
            }
    }

    [SharedTheory]
    [MemberData(nameof(Families))]
    public void LogitDifference_WithCleanActivationsPutIn_IsTheReferences(string family)
    {
        using var model = Open(family, out var lens);
        using var _ = lens;
        int answer = 40, wrong = 77;    // lens.json of all six
        int[] clean = Ids(lens, "input_ids"), corrupted = Ids(lens, "corrupted_ids");
        var trace = model.Trace(clean, ["blocks.*.hook_resid_pre", "blocks.*.attn.hook_z"]);
        Assert.Equal(Floats(lens, "logit_diff_clean")[0], Difference(clean, []), Tolerance * 10);
        Assert.Equal(Floats(lens, "logit_diff_corrupted")[0], Difference(corrupted, []), Tolerance * 10);
        var residual = Floats(lens, "patch_resid_pre");
        var heads = Floats(lens, "patch_head_z");
        var largest = residual.Concat(heads).Max(Math.Abs);
        int H = model.Config.Layers[0].Heads, T = clean.Length;
        for (var l = 0; l < model.Config.Layers.Count; l++)
        {
            string pre = $"blocks.{l}.hook_resid_pre", z = $"blocks.{l}.attn.hook_z";
            for (var t = 0; t < T; t++) Assert.Equal(residual[l * T + t], Difference(corrupted, [Edit.Replace(pre, trace[pre], positions: t..(t + 1))]), 1e-4 * largest);
            for (var h = 0; h < H; h++) Assert.Equal(heads[l * H + h], Difference(corrupted, [Edit.Replace(z, trace[z], h)]), 1e-4 * largest);
        }

        double Difference(int[] tokens, Edit[] edits)
        {
            var run = new SequenceRun { Tokens = tokens, Edits = edits };
            model.Transformer.Forward(run);
            return run.LastLogits[answer] - run.LastLogits[wrong];
        }
    }

    [Fact]
    public void Edits_InABatchFromKeptStreams_EqualWholeRunsOneByOne()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(11);
        var kept = model.Trace(tokens, ["blocks.*.hook_resid_pre", "blocks.*.hook_resid_post"]);
        var batch = new List<SequenceRun>();
        var expected = new List<float[]>();
        for (var l = model.Config.Layers.Count - 1; l >= 0; l--)
            for (var h = 0; h < model.Config.Layers[l].Heads; h++)
            {
                Edit[] edits = [Edit.Zero($"blocks.{l}.attn.hook_z", h, 2..)];
                var from = h % 2 == 0 || l == 0 ? kept[$"blocks.{l}.hook_resid_pre"] : kept[$"blocks.{l - 1}.hook_resid_post"];
                batch.Add(new() { Tokens = tokens, Edits = edits, From = from, Rows = LogitRows.All });
                expected.Add(All(model, tokens, edits));
            }
        model.Transformer.Forward([.. batch]);
        for (var i = 0; i < batch.Count; i++)
            Assert.InRange(Models.Difference(expected[i], Rows(batch[i])), 0, 1e-5);
        // After the last layer only the unembedding is left.
        var last = new SequenceRun { Tokens = tokens, From = kept[$"blocks.{model.Config.Layers.Count - 1}.hook_resid_post"], Rows = LogitRows.All };
        model.Transformer.Forward(last);
        Assert.InRange(Models.Difference(All(model, tokens, []), Rows(last)), 0, 1e-6);
    }

    [Fact]
    public void Edits_OfOneSequence_LeaveTheOthersOfTheBatchAlone()
    {
        using var model = Models.Exact(Models.Stories);
        int[] a = Models.Tokens(9), b = Models.Tokens(6, seed: 2);
        SequenceRun[] batch =
        [
            new() { Tokens = a, Rows = LogitRows.All },
            new() { Tokens = b, Rows = LogitRows.All, Edits = [Edit.Zero("blocks.1.attn.hook_attn_out".Replace("attn.hook", "hook", StringComparison.Ordinal))] },
            new() { Tokens = b, Rows = LogitRows.All, Trace = Trace.Of("blocks.2.attn.hook_pattern") },
        ];
        model.Transformer.Forward(batch);
        Assert.InRange(Models.Difference(All(model, a, []), Rows(batch[0])), 0, 1e-5);
        Assert.InRange(Models.Difference(All(model, b, []), Rows(batch[2])), 0, 1e-5);
        Assert.True(Models.Difference(All(model, b, []), Rows(batch[1])) > 1e-3);
    }

    [Fact]
    public void Knockout_OfAKey_LeavesTheOthersTheirRatios()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(8);
        var clean = model.Trace(tokens, ["blocks.1.attn.hook_pattern"])["blocks.1.attn.hook_pattern"];
        var cut = model.Trace(tokens, ["blocks.1.attn.hook_pattern"], [Edit.Knockout(1, head: 2, query: 6, key: 3)])["blocks.1.attn.hook_pattern"];
        for (var h = 0; h < clean.Shape[0]; h++)
            for (var q = 0; q < 8; q++)
                for (var k = 0; k < 8; k++)
                    Assert.Equal((h, q) != (2, 6) ? clean[h, q, k] : k == 3 ? 0 : clean[h, q, k] / (1 - clean[h, q, 3]), cut[h, q, k], 1e-5);
    }

    [Fact]
    public void Pattern_Given_IsUsedAsGivenOrRenormalized()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(5);
        var weights = new float[5, 5];
        for (var q = 0; q < 5; q++)
            for (var k = 0; k <= q; k++) weights[q, k] = k + 1;
        string[] names = ["blocks.2.attn.hook_pattern", "blocks.2.attn.hook_z", "blocks.2.attn.hook_v"];
        var given = model.Trace(tokens, names, [Edit.Pattern(2, 1, weights)]);
        var normal = model.Trace(tokens, names, [Edit.Pattern(2, 1, weights, renormalize: true)]);
        var layer = model.Config.Layers[2];
        for (var q = 0; q < 5; q++)
        {
            Assert.Equal(1, normal["blocks.2.attn.hook_pattern"].Row(1, q).ToArray().Sum(), 1e-5);
            for (var i = 0; i < layer.HeadSize; i++)
            {
                double z = 0;
                for (var k = 0; k <= q; k++) z += weights[q, k] * given["blocks.2.attn.hook_v"][k, 1 / (layer.Heads / layer.KeyValueHeads), i];
                Assert.Equal(z, given["blocks.2.attn.hook_z"][q, 1, i], 1e-4);
            }
        }
    }

    [Fact]
    public void Add_ThenSubtract_IsNothing_AndOrderMatters()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(6);
        var direction = Enumerable.Range(0, model.Config.Width).Select(i => MathF.Sin(i)).ToArray();
        const string name = "blocks.2.hook_resid_pre";
        Assert.InRange(Models.Difference(All(model, tokens, []), All(model, tokens, [Edit.Add(name, direction, 3), Edit.Add(name, direction, -3)])), 0, 1e-5);
        var addedThenDoubled = model.Trace(tokens, [name], [Edit.Add(name, direction), Edit.Scale(name, 2)])[name];
        var doubledThenAdded = model.Trace(tokens, [name], [Edit.Scale(name, 2), Edit.Add(name, direction)])[name];
        for (var i = 0; i < direction.Length; i++) Assert.Equal(direction[i], addedThenDoubled[3, i] - doubledThenAdded[3, i], 1e-4);
    }

    [Fact]
    public void FreezeNorm_WithAnotherRunsScales_MakesTheRestLinear()
    {
        // With every scale and pattern of the last layer fixed, what an addition before the final norm does to the logits is linear.
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(6);
        var trace = model.Trace(tokens, ["ln_final.hook_scale"]);
        var name = $"blocks.{model.Config.Layers.Count - 1}.hook_resid_post";
        var direction = Enumerable.Range(0, model.Config.Width).Select(i => MathF.Cos(i)).ToArray();
        var zero = All(model, tokens, [Edit.FreezeNorm("ln_final", trace)]);
        var one = All(model, tokens, [Edit.Add(name, direction), Edit.FreezeNorm("ln_final", trace)]);
        var two = All(model, tokens, [Edit.Add(name, direction, 2), Edit.FreezeNorm("ln_final", trace)]);
        Assert.Equal(All(model, tokens, []), zero);
        for (var i = 0; i < zero.Length; i++) Assert.Equal(2 * (one[i] - zero[i]), two[i] - zero[i], 1e-3);
        Assert.True(Models.Difference(All(model, tokens, [Edit.Add(name, direction)]), one) > 1e-4);
    }

    [Theory]
    [InlineData("head 9", "heads 0…7")]
    [InlineData("no heads", "has no heads")]
    [InlineData("name", "no activation")]
    [InlineData("length", "64 numbers")]
    [InlineData("finite", "finite")]
    [InlineData("positions", "0…5")]
    [InlineData("key", "hides key 6")]
    [InlineData("no key", "no key left")]
    [InlineData("shape", "cannot be put into")]
    [InlineData("pattern", "5 tokens")]
    [InlineData("layer", "blocks.99")]
    [InlineData("overflow", "after the edits")]
    [InlineData("too large", "after the edits")]
    [InlineData("from", "before 3")]
    public void Edit_ThatMakesNoSense_IsRefused(string what, string message)
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(6);
        const string z = "blocks.1.attn.hook_z", resid = "blocks.1.hook_resid_pre";
        var trace = model.Trace(tokens, [z, "blocks.3.hook_resid_pre"]);
        Edit edit = what switch
        {
            "head 9" => Edit.Zero(z, 9),
            "no heads" => Edit.Zero(resid, 0),
            "name" => Edit.Zero("blocks.1.hook_resid"),
            "length" => Edit.Add(resid, new float[63]),
            "finite" => Edit.Replace(resid, Enumerable.Repeat(float.NaN, 64).ToArray()),
            "positions" => Edit.Zero(z, positions: 4..7),
            "key" => Edit.Knockout(1, 0, 5, 6),
            "no key" => Edit.Knockout(1, 0, 0, 0),
            "shape" => Edit.Replace(resid, trace[z]),
            "pattern" => Edit.Pattern(1, 0, new float[5, 5]),
            "layer" => Edit.Zero("blocks.99.attn.hook_z"),
            "overflow" => Edit.Scale(resid, 3e38f),
            "too large" => Edit.Scale("hook_embed", 1e30f),
            _ => Edit.Zero(z),
        };
        var error = Assert.ThrowsAny<HeedException>(() => model.Transformer.Forward(new SequenceRun { Tokens = tokens, Edits = [edit], From = what == "from" ? trace["blocks.3.hook_resid_pre"] : null }));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void Forward_AfterARefusedEdit_HasNotTouchedTheCache()
    {
        using var model = Models.Exact(Models.Stories);
        var cache = new KeyValueCache(model.Config);
        int[] tokens = Models.Tokens(6);
        model.Transformer.Forward(new SequenceRun { Tokens = tokens.AsMemory(0, 3), Cache = cache });
        Assert.Throws<HeedException>(() => model.Transformer.Forward(new SequenceRun { Tokens = tokens.AsMemory(3), Cache = cache, Edits = [Edit.Pattern(3, 0, new float[2, 2])] }));
        Assert.Equal(3, cache.Length);
        var run = new SequenceRun { Tokens = tokens.AsMemory(3), Cache = cache };
        model.Transformer.Forward(run);
        Assert.InRange(Models.Difference(Models.Logits(model, tokens)[^1], run.LastLogits), 0, 1e-5);
    }

    private static LanguageModel Open(string family, out SafetensorsFile lens)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        lens = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        return Models.Exact(folder);
    }

    private static float[] Floats(SafetensorsFile file, string name) => file.Find(name)!.ToFloats();

    private static int[] Ids(SafetensorsFile file, string name) => [.. file.Find(name)!.ToIntegers().Select(id => (int)id)];

    private static float[] All(LanguageModel model, int[] tokens, Edit[] edits)
    {
        var run = new SequenceRun { Tokens = tokens, Edits = edits, Rows = LogitRows.All };
        model.Transformer.Forward(run);
        return Rows(run);
    }

    private static float[] Rows(SequenceRun run) => [.. Enumerable.Range(0, run.Tokens.Length).SelectMany(t => run.LogitsOf(t).ToArray())];
}
