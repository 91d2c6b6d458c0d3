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

    [SharedTheory]
    // The reference sums 49,152 exponentials in float32, which loses 1.7e-5 nats a token, on every window alike; the sum in
    // float64 of the same logits gives ours (the test below). Hence 3e-5 rather than the usual 1e-5.
    [InlineData(ActivationPrecision.Float32, 3e-5)]
    [InlineData(ActivationPrecision.Int8, 0.005)]     // the bound for 8-bit activations: half a percent
    public void Loss_OfTheReferenceText_IsTheReferences(ActivationPrecision precision, double relative)
    {
        using var model = LanguageModel.Load(TestData.EmbeddedModel, new() { Precision = precision });
        using var reference = JsonDocument.Parse(File.ReadAllText(TestData.Shared("golden/smollm2-135m-instruct/perplexity.json")));
        var text = File.ReadAllText(TestData.Shared("data/tinyshakespeare.txt"))[..40000];
        var window = reference.RootElement.GetProperty("window").GetInt32();
        var expected = reference.RootElement.GetProperty("nll_per_window").EnumerateArray().Select(e => e.GetDouble()).ToArray();
        var tokens = model.Tokenizer.Encode(text).Ids;
        Assert.Equal(reference.RootElement.GetProperty("tokens").GetInt32(), tokens.Length);

        var windows = TestData.IsLong ? expected.Length : 2;
        double sum = 0, expectedSum = 0;
        for (var w = 0; w < windows; w++)
        {
            sum += model.Loss(tokens[(w * window)..((w + 1) * window)]).Loss;
            expectedSum += expected[w];
        }
        Assert.InRange(Math.Exp((sum - expectedSum) / windows), 1 - relative, 1 + relative);
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
