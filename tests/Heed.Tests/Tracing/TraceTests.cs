using Heed.Formats;
using Heed.Tracing;

namespace Heed.Tests.Tracing;

/// <summary>What a trace keeps, while a text grows, in a file, and how much.</summary>
public class TraceTests
{
    /// <summary>Ways to make positions known, rotated, learned or by distance, with windows and without.</summary>
    public static TheoryData<string> Families => ["stories260k", "bloom", "gemma3", "qwen3", "gpt2"];

    private static LanguageModel Open(string family) => Models.Exact(family == "stories260k" ? Models.Stories : Models.Golden(family));

    [Theory]
    [MemberData(nameof(Families))]
    public void Trace_WhileGenerating_EqualsOnePassOverTheWholeText(string family)
    {
        using var model = Open(family);
        int[] prompt = Models.Tokens(5);
        Edit[] edits = [Edit.Scale("blocks.1.attn.hook_z", 0.5f, head: 1, positions: 2..7), Edit.Knockout(0, null, null, 1)];
        var grown = Trace.Everything();
        int[] text = prompt;
        if (family == "stories260k")
        {
            int[] generated = [.. model.Generate(prompt, new GenerationOptions { MaxTokens = 6, IgnoreEnd = true, Trace = grown, Edits = edits }).Select(t => t.Id)];
            text = [.. prompt, .. generated[..^1]];
        }
        else
        {
            // These have no tokenizer: the same passes by hand.
            var run = new SequenceRun { Cache = new(model.Config), Trace = grown, Edits = edits, IsOpenEnded = true, Tokens = prompt };
            for (var i = 0; i < 6; i++)
            {
                model.Transformer.Forward(run);
                if (i == 5) break;
                int[] next = [Sampler.Largest(run.LastLogits)];
                run.Tokens = next;
                text = [.. text, .. next];
            }
        }
        Assert.Equal(text, grown.Tokens);
        var whole = model.Trace(text, edits: edits);
        Assert.Equal(whole.Names.Order(), grown.Names.Order());
        foreach (var name in whole.Names)
        {
            Assert.Equal(whole[name].Shape, grown[name].Shape);
            var difference = Verification.Comparison.Of(name, whole[name].Values.Span, grown[name].Values.Span, 1e-4, relative: true);
            Assert.True(difference.Verdict == Verification.Verdict.Equal, $"{name}: {difference.Difference:G3}");
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Fork_GoingOnInAnotherWay_EqualsOnePassOverThatText(string family)
    {
        using var model = Open(family);
        int[] first = Models.Tokens(9), other = [.. first[..6], first[1], first[7], first[2], first[0]];
        string[] names = [.. Enumerable.Range(0, model.Config.Layers.Count).SelectMany(l => new[] { $"blocks.{l}.attn.hook_pattern", $"blocks.{l}.attn.hook_attn_scores", $"blocks.{l}.hook_resid_pre", $"blocks.{l}.attn.hook_z" })];
        var cache = new KeyValueCache(model.Config);
        var whole = Trace.Everything();
        model.Transformer.Forward(new SequenceRun { Tokens = first, Cache = cache, Trace = whole });
        var before = whole["blocks.0.attn.hook_pattern"].Values.ToArray();
        var fork = whole.Fork(6, names);
        Assert.Equal(first[..6], fork.Tokens);
        model.Transformer.Forward(new SequenceRun { Tokens = other.AsMemory(6), Cache = cache.Fork(6), Trace = fork });
        var expected = model.Trace(other);
        Assert.Equal(other, fork.Tokens);
        Assert.Equal(names.Order(), fork.Names.Order());
        foreach (var name in names)
        {
            Assert.Equal(expected[name].Shape, fork[name].Shape);
            var difference = Verification.Comparison.Of(name, expected[name].Values.Span, fork[name].Values.Span, 1e-4, relative: true);
            Assert.True(difference.Verdict == Verification.Verdict.Equal, $"{name}: {difference.Difference:G3}");
        }
        Assert.Equal(before, whole["blocks.0.attn.hook_pattern"].Values.ToArray());
    }

    [Fact]
    public void Fork_OfWhatIsNotThereOrNeedsMore_SaysSo()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(5);
        var cache = new KeyValueCache(model.Config);
        var trace = Trace.Of("blocks.*.attn.hook_pattern", "blocks.1.attn.hook_raw_scores");
        model.Transformer.Forward(new SequenceRun { Tokens = tokens, Cache = cache, Trace = trace });
        Assert.Contains("hook_z", Assert.Throws<HeedException>(() => trace.Fork(3, "blocks.0.attn.hook_z")).Message);
        var raw = trace.Names.Single(n => !n.EndsWith("hook_pattern", StringComparison.Ordinal));
        Assert.Contains("one pass over the whole text", Assert.Throws<HeedException>(() => trace.Fork(3, raw)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => trace.Fork(6, "blocks.0.attn.hook_pattern"));
        Assert.Empty(trace.Fork(0, "blocks.0.attn.hook_pattern").Tokens);
        var late = Trace.Of("blocks.*.attn.hook_pattern");
        model.Transformer.Forward(new SequenceRun { Tokens = tokens.AsMemory(0, 2), Cache = cache, Trace = late });
        Assert.Contains("position 5", Assert.Throws<HeedException>(() => late.Fork(1, "blocks.0.attn.hook_pattern")).Message);
    }

    [Fact]
    public void Trace_OfSomeHeadsLayersAndPositions_HoldsThoseOfTheWholeTrace()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(9);
        var whole = model.Trace(tokens);
        var some = model.Trace(tokens, new Trace(new() { Layers = [1, 3], Heads = [5, 2], Positions = 4..^1 }));
        Assert.DoesNotContain("blocks.0.attn.hook_z", some.Names);
        Assert.Contains("blocks.3.attn.hook_z", some.Names);
        Assert.Contains("ln_final.hook_out", some.Names);
        var group = model.Config.Layers[1].Heads / model.Config.Layers[1].KeyValueHeads;
        foreach (var t in new[] { 4, 7 })
            foreach (var h in new[] { 2, 5 })
            {
                AssertClose(whole["blocks.1.attn.hook_z"].Row(t, h), At(some["blocks.1.attn.hook_z"], "position", t, "head", h));
                AssertClose(whole["blocks.3.attn.hook_k"].Row(t, h / group), At(some["blocks.3.attn.hook_k"], "position", t, "kv_head", h / group));
                var pattern = some["blocks.1.attn.hook_pattern"];
                AssertClose(whole["blocks.1.attn.hook_pattern"].Row(h, t), pattern.Row(pattern.At("head", h), pattern.At("query", t)));
            }
        Assert.Equal([4, 2, 8], some["blocks.1.attn.hook_z"].Shape);
        var error = Assert.Throws<HeedException>(() => some["blocks.1.attn.hook_z"].At("head", 3));
        Assert.Contains("5, 2", error.Message);

        // Where no grid is looked at, attention takes the fused path, which sums in another order.
        static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual) => Assert.InRange(Models.Difference(expected, actual), 0, 1e-5);

        static ReadOnlySpan<float> At(Activation activation, string a, int i, string b, int j) => activation.Row(activation.At(a, i), activation.At(b, j));
    }

    [Fact]
    public void Trace_OfAnEarlyLayer_StopsThere()
    {
        // The last layer's weights are damaged: a run that stops before it does not notice.
        using var model = Models.Exact(Models.Stories);
        model.Transformer.Weights.Layers[^1].MlpNorm!.Weight!.Span[0] = float.NaN;
        model.Trace(Models.Tokens(4), ["blocks.3.hook_resid_post"]);
        Assert.Throws<NonFiniteException>(() => model.Trace(Models.Tokens(4), ["blocks.4.hook_resid_post"]));
    }

    [Fact]
    public void Save_ThenLoad_GivesTheSameTrace()
    {
        using var folder = new TemporaryFolder();
        using var model = Models.Exact(Models.Stories);
        var trace = model.Trace(Models.Tokens(6), new Trace(new() { Names = ["blocks.2.attn.*", "hook_embed", "ln_final.*"], Heads = [1, 6], Positions = 1..4 }));
        var file = folder.File("t.safetensors");
        trace.Save(file, new Dictionary<string, string> { ["text"] = "a text" });
        var loaded = Trace.Load(file);
        Assert.Equal(trace.Names, loaded.Names);
        Assert.Equal(trace.Tokens, loaded.Tokens);
        foreach (var name in trace.Names)
        {
            Assert.Equal(trace[name].Values.ToArray(), loaded[name].Values.ToArray());
            Assert.Equal(trace[name].Shape, loaded[name].Shape);
            Assert.Equal(trace[name].Axes, loaded[name].Axes);
            Assert.Equal(trace[name].Selected.Select(s => (s.Key, string.Join(',', s.Value))).Order(), loaded[name].Selected.Select(s => (s.Key, string.Join(',', s.Value))).Order());
        }
        using var stored = SafetensorsFile.Open(file);
        Assert.Equal("a text", stored.Metadata["text"]);
        Assert.Equal([3L, 2, 8], stored.Find("blocks.2.attn.hook_z")!.Shape);
        // What was saved can be put into another run.
        var edited = model.Trace(Models.Tokens(6, seed: 3), ["blocks.2.attn.hook_z"], [Edit.Replace("blocks.2.attn.hook_z", loaded["blocks.2.attn.hook_z"], 6, 1..4)]);
        Assert.Equal(trace["blocks.2.attn.hook_z"].Row(0, 1), edited["blocks.2.attn.hook_z"].Row(1, 6));
    }

    [Fact]
    public void Load_OfAnotherSafetensorsFile_SaysThatItIsNoTrace()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("t.safetensors");
        SafetensorsWriter.Write(file, [TensorSource.Of("a", [1f, 2f], 2)]);
        Assert.Contains("no trace", Assert.Throws<HeedException>(() => Trace.Load(file)).Message);
    }

    [Fact]
    public void Trace_LargerThanItsLimit_IsRefusedWithTheNumber()
    {
        using var model = Models.Exact(Models.Stories);
        var error = Assert.Throws<HeedException>(() => model.Trace(Models.Tokens(100), new Trace(new() { MaxBytes = 1 << 20 })));
        Assert.Contains("1.0 MB", error.Message);
        var small = new Trace(new() { Names = ["blocks.0.hook_resid_pre"], MaxBytes = 100 * 64 * 4 });
        Assert.Equal(100 * 64 * 4, model.Trace(Models.Tokens(100), small).ByteLength);
        Assert.Equal(100 * 64 * 4, small.BytesFor(model.Transformer.Activations, 100));
    }

    [Fact]
    public void Trace_UsedForASecondText_StartsAnew()
    {
        using var model = Models.Exact(Models.Stories);
        var trace = Trace.Of("blocks.1.hook_resid_pre");
        model.Trace(Models.Tokens(9), trace);
        model.Trace(Models.Tokens(4, seed: 5), trace);
        Assert.Equal(Models.Tokens(4, seed: 5), trace.Tokens);
        Assert.Equal([4, 64], trace["blocks.1.hook_resid_pre"].Shape);
    }
}
