using System.Text.Json;
using Heed.Formats;
using Heed.Numerics;
using Heed.Tokenization;
using Heed.Verification;

namespace Heed.Tests.Generation;

/// <summary>The embedded model against what an independent implementation made of its weights.</summary>
public class SmolLM2Tests
{
    [SharedTheory]
    [InlineData(ActivationPrecision.Float32)]
    [InlineData(ActivationPrecision.Int8)]
    public void Generate_Greedy_GivesTheReferenceTexts(ActivationPrecision precision)
    {
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Precision = precision });
        using var cases = JsonDocument.Parse(File.ReadAllText(TestData.Shared("golden/smollm2-135m-instruct/greedy.json")));
        foreach (var one in cases.RootElement.EnumerateArray().Where((_, i) => TestData.IsLong || i % 4 == 0))
        {
            var prompt = Ids(one, "prompt_ids");
            string name;
            if (one.TryGetProperty("chat", out var messages))
            {
                name = one.GetProperty("prompt_text").GetString()!;
                Assert.Equal(name, model.ChatTemplate!.Render([.. messages.EnumerateArray().Select(m => new ChatMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!))]));
                Assert.Equal(prompt, model.Tokenizer.Encode(name, addSpecialTokens: false).Ids);
            }
            else
            {
                name = one.GetProperty("text").GetString()!;
                Assert.Equal(prompt, model.Tokenizer.Encode(name).Ids);
            }
            var expected = Ids(one, "new_ids");
            var run = new SequenceRun { Cache = new(model.Config), Tokens = prompt };
            for (var i = 0; i < expected.Length; i++)
            {
                model.Transformer.Forward(run);
                var next = Sampler.Largest(run.LastLogits);
                // Where the two largest are this near, another rounding may choose the other; the text goes on with the expected one.
                // 8-bit activations move a logit of ~20 by up to about 0.5.
                var near = precision == ActivationPrecision.Float32 ? 1e-3 : 0.5;
                Assert.True(next == expected[i] || run.LastLogits[next] - run.LastLogits[expected[i]] < near,
                    $"{name}: token {i} is {next}, expected {expected[i]} ({run.LastLogits[next] - run.LastLogits[expected[i]]:G3} apart)");
                run.Tokens = new[] { expected[i] };
            }
        }
    }

    [SharedFact]
    public void Verify_LogitsHiddenStatesAndAttentionOfAllLayers_AreEqual()
    {
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Precision = ActivationPrecision.Float32 });
        using var expected = SafetensorsFile.Open(TestData.Shared("golden/smollm2-135m-instruct/expected.safetensors"));
        var comparisons = CheckpointVerifier.Verify(model.Transformer, expected).ToArray();
        Assert.DoesNotContain(comparisons, c => c.Verdict != Verdict.Equal);
        Assert.Equal(30, comparisons.Count(c => c.Name.StartsWith("attention.", StringComparison.Ordinal)));
    }

    [SharedFact]
    public void Loss_OfTheReferenceText_IsTheReferences()
    {
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Precision = ActivationPrecision.Float32 });
        var windows = ReferenceWindows(model, TestData.IsLong ? int.MaxValue : 2);
        // The reference sums 49,152 exponentials in float32, which loses 1.7e-5 nats a token, on every window alike; the sum in
        // float64 of the same logits gives ours (the test below). Hence 3e-5 rather than the usual 1e-5.
        Assert.InRange(Math.Exp(windows.Average(w => model.Loss(w.Tokens).Loss - w.Loss)), 1 - 3e-5, 1 + 3e-5);
    }

    [SharedFact]
    public void Loss_OfTheReferenceTextTokenByToken_IsTheReferencesWithinHalfAPercent()
    {
        // 8-bit activations enter products of few tokens only: each pass here has one token of each of up to seven windows.
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Precision = ActivationPrecision.Int8 });
        var differences = ReferenceWindows(model, TestData.IsLong ? int.MaxValue : 2).Chunk(Products.PanelTokens - 1)
            .SelectMany(group => LossesTokenByToken(model, group).Zip(group, (loss, w) => loss - w.Loss)).ToArray();
        Assert.InRange(Math.Exp(differences.Average()), 1 - CheckpointVerifier.FastLossBound, 1 + CheckpointVerifier.FastLossBound);
        // Float32 activations stay within 3e-5 of the reference (above): what is measured here is another path.
        Assert.InRange(differences.Max(Math.Abs), 3e-4, 0.02);
    }

    /// <summary>The reference text's first windows, with the reference's mean −ln p of each.</summary>
    private static (int[] Tokens, double Loss)[] ReferenceWindows(LanguageModel model, int most)
    {
        using var reference = JsonDocument.Parse(File.ReadAllText(TestData.Shared("golden/smollm2-135m-instruct/perplexity.json")));
        var tokens = model.Tokenizer.Encode(File.ReadAllText(TestData.Shared("data/tinyshakespeare.txt"))[..40000]).Ids;
        Assert.Equal(reference.RootElement.GetProperty("tokens").GetInt32(), tokens.Length);
        var window = reference.RootElement.GetProperty("window").GetInt32();
        return [.. reference.RootElement.GetProperty("nll_per_window").EnumerateArray().Take(most).Select((e, w) => (tokens[(w * window)..((w + 1) * window)], e.GetDouble()))];
    }

    /// <summary>Mean −ln p of each window, fed side by side through caches, one token of each a pass.</summary>
    private static double[] LossesTokenByToken(LanguageModel model, (int[] Tokens, double Loss)[] windows)
    {
        var losses = new double[windows.Length];
        SequenceRun[] runs = [.. windows.Select(_ => new SequenceRun { Cache = new(model.Config) })];
        var length = windows[0].Tokens.Length;
        for (var t = 0; t + 1 < length; t++)
        {
            for (var w = 0; w < runs.Length; w++) runs[w].Tokens = windows[w].Tokens.AsMemory(t, 1);
            model.Transformer.Forward(runs);
            for (var w = 0; w < runs.Length; w++) losses[w] += LanguageModel.TokenLoss(runs[w].LastLogits, windows[w].Tokens[t + 1]) / (length - 1);
        }
        return losses;
    }

    [Fact]
    public void Chat_EverydayPrecision_AnswersAsTheReferenceDoesWhereTwoWordsAreAlmostEquallyLikely()
    {
        // "The" 25.33 and "L" 25.24 are nearer than 8-bit activations resolve: the last product decides in float32.
        using var model = LanguageModel.Load(TestData.EmbeddedModel);
        var answer = new Chat(model).Say("What is the capital of France?", new() { MaxTokens = 20 });
        Assert.Equal("The capital of France is Paris.", string.Concat(answer.Select(t => t.Text)));
    }

    [Fact]
    public void Loss_OfAToken_IsThatOfASumInFloat64()
    {
        using var model = LanguageModel.Load(TestData.EmbeddedModel);
        var tokens = model.Tokenizer.Encode("The Eiffel Tower is located in the city of Paris").Ids;
        var logits = Models.Logits(model, tokens);
        double expected = 0;
        for (var t = 1; t < tokens.Length; t++)
        {
            double largest = logits[t - 1].Max();
            expected += largest + Math.Log(logits[t - 1].Sum(l => Math.Exp(l - largest))) - logits[t - 1][tokens[t]];
        }
        Assert.Equal(expected / (tokens.Length - 1), model.Loss(tokens).Loss, 1e-6);
    }

    private static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];
}
