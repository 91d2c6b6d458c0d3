using System.Text.Json;
using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

public class TokenizerFolderTests
{
    /// <summary>vocab.json and merges.txt with what a tokenizer.json of the tests' data holds.</summary>
    private static void WriteVocabularyAndMerges(TemporaryFolder folder, string kind)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(TestData.Own($"tokenizers/{kind}/tokenizer.json")));
        var model = json.RootElement.GetProperty("model");
        folder.Write("vocab.json", model.GetProperty("vocab").GetRawText());
        folder.Write("merges.txt", "#version: 0.2\n" + string.Join("\n", model.GetProperty("merges").EnumerateArray().Select(m => $"{m[0].GetString()} {m[1].GetString()}")) + "\n");
    }

    [Fact]
    public void Load_VocabularyAndMerges_EqualsTokenizerJson()
    {
        using var folder = new TemporaryFolder();
        WriteVocabularyAndMerges(folder, "gpt2");
        var report = TokenizerCases.Verify(Tokenizer.Load(folder.Path), TestData.Own("tokenizers/gpt2/cases.json"));
        Assert.True(report.Different == 0, $"{report}\n{string.Join("\n", report.Differences)}");
    }

    [Fact]
    public void Load_Qwen2VocabularyAndMerges_EqualsTokenizerJson()
    {
        using var folder = new TemporaryFolder();
        WriteVocabularyAndMerges(folder, "qwen2");
        folder.Write("tokenizer_config.json", """
            {"tokenizer_class": "Qwen2Tokenizer", "eos_token": {"content": "<|im_end|>"}, "pad_token": "<|endoftext|>",
             "added_tokens_decoder": {"0": {"content": "<|endoftext|>", "special": true}, "1": {"content": "<|im_start|>", "special": true}, "2": {"content": "<|im_end|>", "special": true}}}
            """);
        var tokenizer = Tokenizer.Load(folder.Path);
        var report = TokenizerCases.Verify(tokenizer, TestData.Own("tokenizers/qwen2/cases.json"));
        Assert.True(report.Different == 0, $"{report}\n{string.Join("\n", report.Differences)}");
        Assert.Equal(2, tokenizer.EosId);
        Assert.Equal(0, tokenizer.PadId);
    }

    [Fact]
    public void Load_BosFlag_IsHonoured()
    {
        using var folder = new TemporaryFolder();
        WriteVocabularyAndMerges(folder, "gpt2");
        folder.Write("tokenizer_config.json", """{"tokenizer_class": "GPT2TokenizerFast", "add_bos_token": true, "bos_token": "<|endoftext|>"}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([0], tokenizer.Encode("").Ids);
        Assert.Equal(0, tokenizer.BosId);
    }

    [Fact]
    public void Load_UnknownClass_IsRefusedByName()
    {
        using var folder = new TemporaryFolder();
        WriteVocabularyAndMerges(folder, "gpt2");
        folder.Write("tokenizer_config.json", """{"tokenizer_class": "SparkleTokenizer"}""");
        Assert.Contains("SparkleTokenizer", Assert.Throws<HeedException>(() => Tokenizer.Load(folder.Path)).Message);
    }

    [Fact]
    public void Load_EndTokens_ComeFromEveryFileThatNamesThem()
    {
        using var folder = new TemporaryFolder();
        File.Copy(TestData.Own("tokenizers/qwen2/tokenizer.json"), folder.File("tokenizer.json"));
        folder.Write("tokenizer_config.json", """{"bos_token": null, "eos_token": "<|im_end|>"}""");
        folder.Write("generation_config.json", """{"eos_token_id": [7, 2]}""");
        folder.Write("config.json", """{"eos_token_id": 9}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Null(tokenizer.BosId);
        Assert.Equal(2, tokenizer.EosId);
        Assert.Equal([0, 2, 7, 9], tokenizer.EndIds.Order());
    }

    [Fact]
    public void Load_NoTokenizer_SaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.model", "x");
        var message = Assert.Throws<HeedException>(() => Tokenizer.Load(folder.Path)).Message;
        Assert.Contains("neither tokenizer.json, nor vocab.json", message);
        Assert.Contains("SentencePiece", message);
        Assert.Contains("does not exist", Assert.Throws<HeedException>(() => Tokenizer.Load(folder.File("nothing.json"))).Message);
    }

    [Fact]
    public void Load_InvalidUtf8_NamesTheByte()
    {
        using var folder = new TemporaryFolder();
        var json = folder.Write("tokenizer.json", [(byte)'{', (byte)'"', 0xFF, (byte)'"']);
        Assert.Contains("0xFF at offset 2", Assert.Throws<HeedException>(() => Tokenizer.Load(json)).Message);
        folder.Write("vocab.json", "{\"a\": 0}");
        folder.Write("merges.txt", [(byte)'a', 0xC3]);
        File.Delete(json);
        Assert.Contains("0xC3 at offset 1", Assert.Throws<HeedException>(() => Tokenizer.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData("a b c", "two tokens")]
    [InlineData("a z", "\"z\", which is not in the vocabulary")]
    public void Load_BadMerge_NamesIt(string merge, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write("vocab.json", """{"a": 0, "b": 1, "ab": 2}""");
        folder.Write("merges.txt", "a b\n" + merge);
        Assert.Contains(expected, Assert.Throws<HeedException>(() => Tokenizer.Load(folder.Path)).Message);
    }
}
