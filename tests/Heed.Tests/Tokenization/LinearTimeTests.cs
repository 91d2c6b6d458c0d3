using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

/// <summary>
/// Texts that make careless tokenizers quadratic: a megabyte without a space, of one character, of spaces. Steps are
/// counted, not timed: four times the text may take at most five times the steps.
/// </summary>
public class LinearTimeTests
{
    private const int Short = 250_000;
    private const int Long = 1_000_000;

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var kind in new[] { "bert", "gemma", "gpt2", "llama2", "llama3", "qwen2", "smollm", "t5_unigram", "xlmr_unigram", "gguf-llama" })
            foreach (var text in new[] { "letters", "one", "spaces", "digits", "newlines", "marks" })
                data.Add(kind, text);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Encode_FourTimesTheText_TakesFourTimesTheSteps(string kind, string text)
    {
        var tokenizer = Load(kind);
        var few = Steps(tokenizer, Text(text, Short));
        var many = Steps(tokenizer, Text(text, Long));
        Assert.True(few > Short / 8, $"only {few} steps were counted for {Short} characters: the counter misses the work");
        Assert.True(many < 5 * few, $"{few} steps for {Short} characters, but {many} for {Long}");
        Assert.True(many < 100L * Long, $"{many} steps for {Long} characters");
    }

    /// <summary>The same texts through the real vocabulary, with a generous limit of time.</summary>
    [Theory]
    [InlineData("letters")]
    [InlineData("one")]
    [InlineData("spaces")]
    [InlineData("digits")]
    public void Encode_EmbeddedModel_MegabyteWithoutBreak_RoundTripsInTime(string text)
    {
        var tokenizer = Tokenizer.Load(TestData.EmbeddedModel);
        var input = Text(text, Long);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var ids = tokenizer.Encode(input).Ids;
        Assert.Equal(input, tokenizer.Decode(ids));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"took {clock.Elapsed}");
    }

    private static Tokenizer Load(string kind) => kind == "gguf-llama" ? GgufTokenizerTests.Convert("llama2") : Tokenizer.Load(TestData.Own($"tokenizers/{kind}"));

    private static long Steps(Tokenizer tokenizer, string text) => OperationCounter.Count(() => tokenizer.Encode(text));

    private static string Text(string kind, int length)
    {
        var random = new Random(1);
        return kind switch
        {
            "letters" => string.Create(length, random, (span, r) => { foreach (ref var c in span) c = (char)('a' + r.Next(26)); }),
            "one" => new string('a', length),
            "spaces" => new string(' ', length),
            "digits" => new string('7', length),
            "newlines" => new string('\n', length),
            _ => "e" + new string('\u0301', length - 1),
        };
    }
}
