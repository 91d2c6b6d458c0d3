using System.Text.Json;
using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

/// <summary>Each step of a tokenizer.json by itself, on examples of the steps' own documentation and by hand.</summary>
public class StepTests
{
    /// <summary>The pieces and their places, as text@start-end.</summary>
    private static string Pieces(string json, string text)
    {
        using var document = JsonDocument.Parse(json);
        var pieces = new PreTokenizedText(text.ToCharArray(), text.Length, null, null, text.Length > 0 ? [new Piece(0, text.Length)] : []);
        StepReader.PreTokenizer(new JsonField(document.RootElement, "test", "pre_tokenizer")).Apply(pieces);
        return string.Join(" ", pieces.Pieces.Select(p => $"{pieces.Of(p)}@{pieces.StartOf(p.Start)}-{pieces.EndOf(p.End - 1)}"));
    }

    [Theory]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":false}""", "Hello my friend?", "Hello@0-5 Ġmy@5-8 Ġfriend@8-15 ?@15-16")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true}""", "Hello my", "ĠHello@0-5 Ġmy@5-8")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true,"use_regex":false}""", "Hello my", "ĠHelloĠmy@0-8")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":false}""", "é😀", "Ã©@0-1 ðŁĺĢ@1-3")]
    [InlineData("""{"type":"Whitespace"}""", "How're you?", "How@0-3 '@3-4 re@4-6 you@7-10 ?@10-11")]
    [InlineData("""{"type":"WhitespaceSplit"}""", " Hey  you! ", "Hey@1-4 you!@6-10")]
    [InlineData("""{"type":"Punctuation"}""", "Hey?!", "Hey@0-3 ?@3-4 !@4-5")]
    [InlineData("""{"type":"Punctuation","behavior":"Contiguous"}""", "Hey?! a", "Hey@0-3 ?!@3-5  a@5-7")]
    [InlineData("""{"type":"BertPreTokenizer"}""", "Hey friend!     How", "Hey@0-3 friend@4-10 !@10-11 How@16-19")]
    [InlineData("""{"type":"Digits","individual_digits":true}""", "a123", "a@0-1 1@1-2 2@2-3 3@3-4")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "a123b", "a@0-1 123@1-4 b@4-5")]
    [InlineData("""{"type":"CharDelimiterSplit","delimiter":"-"}""", "the-final--count", "the@0-3 final@4-9 count@11-16")]
    [InlineData("""{"type":"FixedLength","length":3}""", "ab😀cd", "ab😀@0-4 cd@4-6")]
    [InlineData("""{"type":"UnicodeScripts"}""", "  どこで生れ。Yes", "どこで生れ@2-7 。@7-8 Yes@8-11")]
    [InlineData("""{"type":"UnicodeScripts"}""", "Apples are りんご", "Apples are @0-11 りんご@11-14")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}""", "Hey   friend!", "▁Hey@0-3 ▁@3-4 ▁@4-5 ▁friend!@5-13")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}""", "Hey my", "Hey@0-3 ▁my@3-6")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}""", "Hey my", "▁Hey▁my@0-6")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","add_prefix_space":false,"prepend_scheme":"never"}""", " Hey", "▁Hey@0-4")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}]}""", "a b", "▁a@0-1 b@2-3")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Removed","invert":false}""", "the-final--countdown", "the@0-3 final@4-9 countdown@11-20")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Isolated","invert":false}""", "the-final--countdown", "the@0-3 -@3-4 final@4-9 -@9-10 -@10-11 countdown@11-20")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithPrevious","invert":false}""", "the-final--countdown", "the-@0-4 final-@4-10 -@10-11 countdown@11-20")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithNext","invert":false}""", "the-final--countdown", "the@0-3 -final@3-9 -@9-10 -countdown@10-20")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Contiguous","invert":false}""", "the-final--countdown", "the@0-3 -@3-4 final@4-9 --@9-11 countdown@11-20")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Removed","invert":true}""", "How are", "How@0-3 are@4-7")]
    public void PreTokenizer_OneKind_SplitsAsDocumented(string json, string text, string expected) => Assert.Equal(expected, Pieces(json, text));

    private static (string Text, string Places) Normalize(string json, string text)
    {
        using var document = JsonDocument.Parse(json);
        var normalized = new NormalizedText(text, 0, text.Length);
        StepReader.Normalizer(new JsonField(document.RootElement, "test", "normalizer")).Apply(normalized);
        var writer = new TextWriterWithPlaces(16);
        normalized.CopyTo(writer);
        return (normalized.Text.ToString(), string.Join(" ", Enumerable.Range(0, writer.Length).Select(i => $"{writer.Starts[i]}-{writer.Ends[i]}")));
    }

    [Theory]
    [InlineData("""{"type":"NFD"}""", "é", "e\u0301", "0-1 0-1")]
    [InlineData("""{"type":"NFC"}""", "e\u0301x", "éx", "0-1 2-3")]
    [InlineData("""{"type":"NFKC"}""", "ﬁ①", "fi1", "0-1 0-1 1-2")]
    [InlineData("""{"type":"NFKD"}""", "㎏", "kg", "0-1 0-1")]
    [InlineData("""{"type":"NFC"}""", "각", "각", "0-1")]
    [InlineData("""{"type":"NFD"}""", "각", "\u1100\u1161\u11A8", "0-1 0-1 0-1")]
    [InlineData("""{"type":"Lowercase"}""", "AİÉ", "ai\u0307é", "0-1 1-2 1-2 2-3")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":true}""", "  a b ", "a b", "2-3 3-4 4-5")]
    [InlineData("""{"type":"StripAccents"}""", "e\u0301x", "ex", "0-1 2-3")]
    [InlineData("""{"type":"Prepend","prepend":"▁"}""", "ab", "▁ab", "0-1 0-1 1-2")]
    [InlineData("""{"type":"Prepend","prepend":"▁"}""", "", "", "")]
    [InlineData("""{"type":"Replace","pattern":{"String":"''"},"content":"\""}""", "a''b", "a\"b", "0-1 2-3 3-4")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}""", "a   b", "a b", "0-1 3-4 4-5")]
    [InlineData("""{"type":"Nmt"}""", "a\u0001\u200Bb", "a b", "0-1 2-3 3-4")]
    [InlineData("""{"type":"ByteLevel"}""", "é ", "Ã©Ġ", "0-1 0-1 1-2")]
    [InlineData("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""", "É\t中\u0000", "e  中 ", "0-1 1-2 2-3 2-3 2-3")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Lowercase"}]}""", "ÉA", "ea", "0-1 1-2")]
    public void Normalizer_OneKind_ChangesTextAndKeepsPlaces(string json, string text, string expected, string places)
    {
        var (actual, at) = Normalize(json, text);
        Assert.Equal(expected, actual);
        Assert.Equal(places, at);
    }

    private static string Decode(string json, params string[] tokens)
    {
        using var document = JsonDocument.Parse(json);
        var sink = new DecoderSink();
        var stream = DecoderSteps.Open(StepReader.Decoder(new JsonField(document.RootElement, "test", "decoder")), sink);
        foreach (var token in tokens) stream.Push(token);
        stream.End();
        return sink.Take();
    }

    [Theory]
    [InlineData("""{"type":"ByteLevel"}""", "Hello my é", "Hello", "Ġmy", "ĠÃ", "©")]
    [InlineData("""{"type":"ByteLevel"}""", "a\uFFFD", "a", "Ã")]
    [InlineData("""{"type":"ByteFallback"}""", "Hey叫", "Hey", "<0xE5>", "<0x8F>", "<0xAB>")]
    [InlineData("""{"type":"ByteFallback"}""", "\uFFFD\uFFFDa", "<0xE5>", "<0x8F>", "a")]
    [InlineData("""{"type":"Metaspace","replacement":"▁"}""", "Hey my friend", "▁Hey", "▁my", "▁friend")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}""", " Hey my", "▁Hey", "▁my")]
    [InlineData("""{"type":"WordPiece","prefix":"##","cleanup":true}""", "hey friend, don't.", "hey", "fri", "##end", ",", "do", "n't", ".")]
    [InlineData("""{"type":"WordPiece","prefix":"##","cleanup":false}""", "##uelo Ara", "##uelo", "Ara")]
    [InlineData("""{"type":"BPEDecoder","suffix":"</w>"}""", "hello there", "hel", "lo</w>", "there</w>")]
    [InlineData("""{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true}""", "hello you", "<pad>", "h", "h", "e", "l", "<pad>", "l", "o", "|", "y", "o", "u")]
    [InlineData("""{"type":"Strip","content":"H","start":1,"stop":0}""", "eyello", "Hey", "ello")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":1}]}""", "a b ", " a", " b", "  ")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""", "a b", "▁a", "▁b")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"[0-9]+"},"content":"#"}""", "a#b", "a12b")]
    public void Decoder_OneKind_JoinsAsDocumented(string json, string expected, params string[] tokens) => Assert.Equal(expected, Decode(json, tokens));

    private static Tokenizer Small(string extra) => FuzzTokenizerTests.FromJson("""
        {"version":"1.0","model":{"type":"WordLevel","vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":3,"b":4,"c":5,"[PAD]":6,"<x>":7},"unk_token":"[UNK]"},
         "pre_tokenizer":{"type":"WhitespaceSplit"},"decoder":null
        """ + extra + "}");

    [Theory]
    [InlineData("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],"pair":[],"special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[2],"tokens":["[SEP]"]}}}""")]
    [InlineData("""{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]}""")]
    [InlineData("""{"type":"RobertaProcessing","sep":["[SEP]",2],"cls":["[CLS]",1],"trim_offsets":true,"add_prefix_space":false}""")]
    [InlineData("""{"type":"Sequence","processors":[{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]}]}""")]
    public void PostProcessor_OneKind_SurroundsTheText(string json)
    {
        var tokenizer = Small(",\"post_processor\":" + json);
        var encoding = tokenizer.Encode("a q");
        Assert.Equal([1, 3, 0, 2], encoding.Ids);
        Assert.Equal(["[CLS]", "a", "[UNK]", "[SEP]"], encoding.Tokens);
        Assert.Equal([(0, 0), (0, 1), (2, 3), (0, 0)], encoding.Offsets);
        Assert.Equal([true, false, false, true], encoding.IsAdded);
        Assert.Equal([3, 0], tokenizer.Encode("a q", addSpecialTokens: false).Ids);
        Assert.Equal("a b", tokenizer.Decode([3, 4]));
    }

    [Fact]
    public void Truncation_LongText_KeepsRoomForAddedTokens()
    {
        var right = Small(""","truncation":{"direction":"Right","max_length":4,"strategy":"LongestFirst","stride":0},"post_processor":{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]}""");
        Assert.Equal([1, 3, 4, 2], right.Encode("a b c").Ids);
        var left = Small(""","truncation":{"direction":"Left","max_length":2,"strategy":"LongestFirst","stride":0}""");
        Assert.Equal([4, 5], left.Encode("a b c").Ids);
    }

    [Fact]
    public void Padding_ShortText_IsFilledUp()
    {
        var padded = Small(""","padding":{"strategy":{"Fixed":4},"direction":"Left","pad_to_multiple_of":3,"pad_id":6,"pad_type_id":0,"pad_token":"[PAD]"}""").Encode("a b");
        Assert.Equal([6, 6, 6, 6, 3, 4], padded.Ids);
        Assert.Equal([true, true, true, true, false, false], padded.IsAdded);
        Assert.Equal([3, 4, 6], Small(""","padding":{"strategy":"BatchLongest","direction":"Right","pad_to_multiple_of":3,"pad_id":6,"pad_type_id":0,"pad_token":"[PAD]"}""").Encode("a b").Ids);
    }

    [Theory]
    [InlineData("", "a <x>b <x> c", "3 7 4 7 5")]
    [InlineData(",\"single_word\":true", "a <x>b <x> c", "3 0 7 5")]
    [InlineData(",\"lstrip\":true,\"rstrip\":true", "a  <x>  c", "3 7 5")]
    public void AddedToken_Flags_DecideWhereItIsFound(string flags, string text, string expected)
    {
        var tokenizer = Small(""","added_tokens":[{"id":7,"content":"<x>","normalized":false,"special":true""" + flags + "}]");
        var encoding = tokenizer.Encode(text);
        Assert.Equal(expected, string.Join(" ", encoding.Ids));
        if (flags.Contains("lstrip")) Assert.Equal((1, 8), encoding.Offsets[1]);
        Assert.True(tokenizer.IsSpecial(7));
        Assert.Equal("a", tokenizer.Decode([3, 7], skipSpecialTokens: true));
    }

    [Fact]
    public void AddedToken_Normalized_IsFoundInTheNormalizedText()
    {
        var tokenizer = Small(""","normalizer":{"type":"Lowercase"},"added_tokens":[{"id":7,"content":"Day","normalized":true,"special":false},{"id":8,"content":"Night","normalized":false,"special":false}]""");
        Assert.Equal([3, 7, 0, 8], tokenizer.Encode("A DAY night Night").Ids);
    }

    [Theory]
    [InlineData("normalizer", "normalizer")]
    [InlineData("pre_tokenizer", "pre-tokenizer")]
    [InlineData("post_processor", "post-processor")]
    [InlineData("decoder", "decoder")]
    [InlineData("model", "model")]
    public void Load_UnknownKind_NamesItAndTheKnownOnes(string section, string what)
    {
        var message = Assert.Throws<HeedException>(() => FuzzTokenizerTests.FromJson(
            """{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"},"X":{"type":"Sparkle"}}""".Replace("X", section))).Message;
        Assert.Contains("Sparkle", message);
        Assert.Contains($"no {what} that is known; known are", message);
    }

    [Fact]
    public void Load_Dropout_IsRefused()
        => Assert.Contains("random", Assert.Throws<HeedException>(() => FuzzTokenizerTests.FromJson("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}""")).Message);
}
