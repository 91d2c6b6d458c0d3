using System.Text.Json;
using Heed.Formats;
using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

/// <summary>Vocabularies in GGUF files give what the tokenizer.json of the same model gives.</summary>
public class GgufTokenizerTests
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>The tokenizer.json of a kind written as a GGUF file, as converters do, and loaded from there.</summary>
    internal static Tokenizer Convert(string kind, Action<Dictionary<string, object>>? more = null)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(TestData.Own($"tokenizers/{kind}/tokenizer.json")));
        using var folder = new TemporaryFolder();
        var file = folder.File("vocabulary.gguf");
        var metadata = Describe(json.RootElement, kind);
        more?.Invoke(metadata);
        var writer = new GgufWriter();
        foreach (var (key, value) in metadata) writer.Add(key, value);
        writer.Write(file, []);
        return Tokenizer.Load(file);
    }

    private static Dictionary<string, object> Describe(JsonElement json, string kind)
    {
        var model = json.GetProperty("model");
        var unigram = model.GetProperty("type").GetString() == "Unigram";
        var tokens = unigram
            ? model.GetProperty("vocab").EnumerateArray().Select((t, i) => (Token: t[0].GetString()!, Id: i)).ToList()
            : model.GetProperty("vocab").EnumerateObject().Select(p => (Token: p.Name, Id: p.Value.GetInt32())).ToList();
        var added = json.GetProperty("added_tokens").EnumerateArray().ToDictionary(t => t.GetProperty("content").GetString()!, t => t);
        foreach (var (content, token) in added)
            if (!tokens.Exists(t => t.Token == content)) tokens.Add((content, token.GetProperty("id").GetInt32()));
        var texts = tokens.OrderBy(t => t.Id).Select(t => t.Token).ToArray();
        var types = texts.Select(t => added.TryGetValue(t, out var token)
            ? t == "<unk>" ? 2 : token.GetProperty("special").GetBoolean() ? 3 : 4
            : t.Length == 6 && t.StartsWith("<0x", StringComparison.Ordinal) ? 6 : 1).ToArray();
        var metadata = new Dictionary<string, object> { ["general.architecture"] = "llama", [Prefix + "token_type"] = types };
        void Set(string name, object value) => metadata[Prefix + name] = value;
        if (model.TryGetProperty("merges", out var merges)) Set("merges", merges.EnumerateArray().Select(m => $"{m[0].GetString()} {m[1].GetString()}").ToArray());
        int Id(string token) => Array.IndexOf(texts, token);
        switch (kind)
        {
            case "llama2":
                // SentencePiece's scores: a merged token the higher the earlier its merge.
                var order = merges.EnumerateArray().Select((m, i) => (Token: m[0].GetString() + m[1].GetString(), Rank: i)).DistinctBy(m => m.Token).ToDictionary(m => m.Token, m => m.Rank);
                Set("scores", texts.Select(t => order.TryGetValue(t, out var rank) ? -1f - rank : -1e6f).ToArray());
                Set("model", "llama");
                Set("tokens", texts);
                Set("bos_token_id", Id("<s>"));
                Set("eos_token_id", Id("</s>"));
                Set("unknown_token_id", Id("<unk>"));
                return metadata;
            case "bert":
                var words = texts.Select(t => t is ['[', .., ']'] && t.Length > 1 ? t : t.StartsWith("##", StringComparison.Ordinal) ? t[2..] : "▁" + t).ToArray();
                Set("model", "bert");
                Set("tokens", words);
                Set("bos_token_id", Id("[CLS]"));
                Set("unknown_token_id", Id("[UNK]"));
                Set("seperator_token_id", Id("[SEP]"));
                Set("padding_token_id", Id("[PAD]"));
                return metadata;
            case "t5_unigram":
                Set("scores", model.GetProperty("vocab").EnumerateArray().Select(t => t[1].GetSingle()).ToArray());
                var map = json.GetProperty("normalizer").GetProperty("normalizers")[0].GetProperty("precompiled_charsmap").GetBytesFromBase64();
                Set("model", "t5");
                Set("tokens", texts);
                Set("eos_token_id", Id("</s>"));
                Set("unknown_token_id", Id("<unk>"));
                Set("precompiled_charsmap", map);
                Set("add_space_prefix", true);
                Set("remove_extra_whitespaces", true);
                return metadata;
            default:
                var pre = kind switch { "gpt2" => "gpt-2", "llama3" => "llama-bpe", _ => kind };
                Set("model", "gpt2");
                Set("pre", pre);
                Set("tokens", texts);
                Set("bos_token_id", 0);
                Set("eos_token_id", 1);
                return metadata;
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama3")]
    [InlineData("llama2")]
    [InlineData("bert")]
    public void Load_SameVocabularyAsTokenizerJson_AllCasesEqual(string kind)
    {
        var report = TokenizerCases.Verify(Convert(kind), TestData.Own($"tokenizers/{kind}/cases.json"), 5);
        Assert.True(report.Different == 0, $"{report}\n{string.Join("\n", report.Differences)}");
    }

    /// <summary>What their GGUF files cannot say (NFC, stripped spaces) is left out of the texts.</summary>
    [Theory]
    [InlineData("qwen2", 80)]
    [InlineData("smollm", 80)]
    [InlineData("t5_unigram", 40)]
    public void Load_SameVocabularyButNormaliser_PlainTextsEqual(string kind, int atLeast)
    {
        var (ours, theirs) = (Convert(kind), Tokenizer.Load(TestData.Own($"tokenizers/{kind}")));
        using var cases = JsonDocument.Parse(File.ReadAllBytes(TestData.Own($"tokenizers/{kind}/cases.json")));
        var compared = 0;
        foreach (var text in cases.RootElement.EnumerateArray().Select(c => c.GetProperty("text").GetString()!))
        {
            var normalized = new NormalizedText(text, 0, text.Length);
            UnicodeNormalization.Apply(normalized, compose: true, compatibility: kind == "t5_unigram");
            if (!normalized.Text.SequenceEqual(text) || text.Contains('<') || text.Contains('▁') || (kind == "t5_unigram" && (text != text.Trim() || text.Any(c => c != ' ' && char.IsWhiteSpace(c)) || text.Contains("  ")))) continue;
            Assert.Equal(theirs.Encode(text).Ids, ours.Encode(text).Ids);
            compared++;
        }
        Assert.True(compared >= atLeast, $"only {compared} texts were compared");
    }

    public static TheoryData<string> PreNames => [.. GgufPreTokenizer.Known.Keys];

    [Theory]
    [MemberData(nameof(PreNames))]
    public void Load_EveryKnownPreTokenizer_RoundTrips(string name)
    {
        var raw = GgufPreTokenizer.Known[name].RawText;
        var tokenizer = Convert("gpt2", w => { w[Prefix + "pre"] = name; });
        const string Text = "Hello, I'LL pay 1234567 für 漢字かな😀 \n\n  x\t!? don't Їжак १२३ ... end  ";
        if (!raw) Assert.Equal(Text, tokenizer.Decode(tokenizer.Encode(Text, addSpecialTokens: false).Ids));
        else Assert.NotEmpty(tokenizer.Encode("Hello").Ids);
    }

    [Fact]
    public void Load_UnknownPreTokenizer_ListsTheKnown()
    {
        var message = Assert.Throws<HeedException>(() => Convert("gpt2", w => { w[Prefix + "pre"] = "sparkle"; })).Message;
        Assert.Contains("sparkle", message);
        Assert.Contains("smollm", message);
    }

    [Fact]
    public void Load_UnknownModel_ListsTheKnown()
        => Assert.Contains("known are gpt2", Assert.Throws<HeedException>(() => Convert("gpt2", w => { w[Prefix + "model"] = "rwkv"; })).Message);

    [Fact]
    public void Load_FlagsAndRoles_AreHonoured()
    {
        var tokenizer = Convert("gpt2", w => { w[Prefix + "add_bos_token"] = true; w[Prefix + "add_eos_token"] = true; w[Prefix + "eot_token_id"] = 5; });
        var ids = tokenizer.Encode("Hello").Ids;
        Assert.Equal(0, ids[0]);
        Assert.Equal(1, ids[^1]);
        Assert.Equal(0, tokenizer.BosId);
        Assert.Equal(1, tokenizer.EosId);
        Assert.Superset(new HashSet<int> { 1, 5 }, tokenizer.EndIds.ToHashSet());
    }

    [Fact]
    public void Load_EmbeddedModel_KnowsItsRoles()
    {
        var tokenizer = Tokenizer.Load(TestData.EmbeddedModel);
        Assert.Equal("<|im_end|>", tokenizer.TokenText(tokenizer.EosId!.Value));
        Assert.Contains(tokenizer.Id("<|endoftext|>")!.Value, tokenizer.EndIds);
        Assert.True(tokenizer.IsSpecial(tokenizer.Id("<|im_start|>")!.Value));
        Assert.Equal("hi", tokenizer.Decode(tokenizer.Encode("<|im_start|>hi<|im_end|>").Ids, skipSpecialTokens: true));
    }

    [SharedFact]
    public void Load_CheckpointsInBothLayouts_EncodeAlike()
    {
        var compared = 0;
        foreach (var gguf in Directory.GetFiles(TestData.Shared("golden/gguf"), "*.gguf"))
        {
            var folder = TestData.Shared($"golden/checkpoints/{Path.GetFileNameWithoutExtension(gguf)}");
            if (!File.Exists(Path.Combine(folder, "tokenizer.json"))) continue;
            using var file = GgufFile.Open(gguf);
            // bert.gguf says WordPiece, but holds the byte-level vocabulary that all these checkpoints share.
            if (file.Metadata.GetString(Prefix + "model") == "bert") continue;
            var (ours, theirs) = (Tokenizer.Load(file), Tokenizer.Load(folder));
            foreach (var text in new[] { "Hello world", " a  b\n", "déjà 漢字 😀", "x1234" })
                Assert.Equal(theirs.Encode(text, addSpecialTokens: false).Ids, ours.Encode(text, addSpecialTokens: false).Ids);
            compared++;
        }
        Assert.True(compared >= 7, $"only {compared} checkpoints were compared");
    }
}
