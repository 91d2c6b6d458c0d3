using System.Diagnostics;
using Heed.Formats;
using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

/// <summary>
/// Damaged tokenizer.json files: either the tokenizer loads and encodes and decodes, or a HeedException says why not. Never
/// another exception, never long, never much memory.
/// </summary>
public class FuzzTokenizerTests
{
    private const int Inputs = 24_000;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    private static readonly string[] s_originals =
    [
        """
        {"version":"1.0","truncation":null,"padding":null,
         "added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":true,"rstrip":false,"normalized":false,"special":true},{"id":9,"content":"ba","single_word":true,"lstrip":false,"rstrip":true,"normalized":true,"special":false}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":" +"},"content":" "}]},
         "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t)| ?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}},
         "decoder":{"type":"ByteLevel"},
         "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":true,
          "vocab":{"<s>":0,"a":1,"b":2,"Ġ":3,"ab":4,"Ġab":5,"1":6,"!":7,"Ã":8},"merges":[["a","b"],"Ġ ab"]}}
        """,
        """
        {"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
         "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
         "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"continuing_subword_prefix":"","end_of_word_suffix":"</w>",
          "vocab":{"<unk>":0,"<0x61>":1,"▁":2,"b":3,"▁b":4,"c":5,"bc":6,"b</w>":7},"merges":["▁ b","b c"]}}
        """,
        """
        {"truncation":{"direction":"Right","max_length":8,"strategy":"LongestFirst","stride":0},"padding":{"strategy":{"Fixed":4},"direction":"Right","pad_to_multiple_of":2,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},
         "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
         "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"Sequence","processors":[{"type":"RobertaProcessing","sep":["[SEP]",2],"cls":["[CLS]",1],"trim_offsets":true,"add_prefix_space":true}]},
         "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":3,"##b":4,"!":5}}}
        """,
        """
        {"normalizer":{"type":"Sequence","normalizers":[{"type":"Precompiled","precompiled_charsmap":"CAAAAAABAAABAAAAYQBi"},{"type":"Nmt"},{"type":"NFKD"}]},
         "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"UnicodeScripts"},{"type":"Digits","individual_digits":true},{"type":"FixedLength","length":5},{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}]},
         "decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},
         "model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0.0],["▁",-1.5],["a",-2.0],["ab",-2.5],["▁a",-1],["<0xC3>",-9]]}}
        """,
    ];

    private static readonly string[] s_texts = ["", " ab  ba1 <s> a!", "éa\u0301 😀中\n\tba", new string('a', 300), "ab'S 12345\0"];

    internal static Tokenizer FromJson(string json) => FromBytes(System.Text.Encoding.UTF8.GetBytes(json));

    private static Tokenizer FromBytes(byte[] json)
    {
        using var document = JsonFile.Parse(json, "tokenizer.json");
        return new Tokenizer(TokenizerJson.Read(document.RootElement, "tokenizer.json"));
    }

    [Fact]
    public void Load_Originals_EncodeAndDecode()
    {
        foreach (var original in s_originals) Use(FromJson(original));
    }

    [Fact]
    public void Load_MutatedFiles_OnlyHeedExceptions()
    {
        var originals = s_originals.Select(o => System.Text.Encoding.UTF8.GetBytes(o)).ToArray();
        var problems = new List<string>();
        var loaded = 0;
        for (var seed = 0; seed < Inputs && problems.Count < 5; seed++)
        {
            var bytes = Mutator.Mutate(originals[seed % originals.Length], seed, text: true);
            var clock = Stopwatch.StartNew();
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var tokenizer = FromBytes(bytes);
                loaded++;
                Use(tokenizer);
            }
            catch (HeedException e)
            {
                if (e.Message.Length > 4000) problems.Add($"seed {seed}: a message of {e.Message.Length} characters");
            }
            catch (Exception e)
            {
                problems.Add($"seed {seed}: {e.GetType().Name} {e.Message}\n{e.StackTrace}");
            }
            if (clock.Elapsed > s_longest) problems.Add($"seed {seed}: took {clock.Elapsed}");
            // A padded length may be a million tokens; nothing else takes much.
            if (GC.GetAllocatedBytesForCurrentThread() - before > 300 << 20) problems.Add($"seed {seed}: took {(GC.GetAllocatedBytesForCurrentThread() - before) >> 20} MiB");
        }
        Assert.True(problems.Count == 0, string.Join("\n", problems));
        Assert.True(loaded > Inputs / 50, $"only {loaded} inputs loaded: the damage does not reach what lies behind the JSON");
    }

    private static void Use(Tokenizer tokenizer)
    {
        foreach (var text in s_texts)
        {
            try
            {
                var encoding = tokenizer.Encode(text);
                Assert.Equal(encoding.Ids.Length, encoding.Tokens.Length);
                Assert.Equal(encoding.Ids.Length, encoding.Offsets.Length);
                if (encoding.Count < 1000) tokenizer.Decode(encoding.Ids, skipSpecialTokens: true);
            }
            catch (HeedException)
            {
                // A tokenizer that loads may still have no token for a text, and says so.
            }
        }
    }
}
