namespace Heed.Tokenization;

/// <summary>
/// The expressions behind the names in a GGUF file's tokenizer.ggml.pre, as the models' own tokenizer.json have them
/// (the names: llama.cpp 0.5.0). Each expression splits what the ones before it left, matches and gaps alike.
/// </summary>
/// <param name="Expressions">In order.</param>
/// <param name="IgnoreMerges">A piece that is a token is that token.</param>
/// <param name="AddBos">The default of tokenizer.ggml.add_bos_token.</param>
/// <param name="AddSep">A separator follows the text.</param>
/// <param name="RawText">Tokens are written in plain text with ▁ for spaces and &lt;0xNN&gt; for bytes, not in byte characters.</param>
internal sealed record GgufPreTokenizer(string[] Expressions, bool IgnoreMerges = false, bool AddBos = false, bool AddSep = false, bool RawText = false)
{
    private const string Contractions = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Gpt2 = ByteLevelPreTokenizer.Gpt2;
    private const string Llama3 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces;
    private const string Qwen2 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces;
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string CasedWords = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+" + Contractions + @"?|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + "*" + Contractions + "?";
    private const string Gpt4o = CasedWords + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces;
    private const string Tekken = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + @"+|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + @"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces;
    private const string Bloom = @" ?[^(\s|.,!?…。，、।۔،)]+";
    private const string Kana = @"[一-龥぀-ゟ゠-ヿ]+";
    private const string DeepSeek3 = @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + Spaces;
    private const string DeepSeekLetters = @"\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}"
        + @"\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}"
        + @"\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}"
        + @"\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}"
        + @"\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}"
        + @"\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}"
        + @"\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}"
        + @"\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}"
        + @"\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+";
    private const string JaisSpaces = @"\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}";
    private const string Default1 = @"[\p{P}\$\+<=>\^~\|]+";
    private const string NotHan = @"[\p{L}&&[^\p{Han}]]";
    private const string KimiUpper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string KimiLower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";

    /// <summary>Kimi K2's: Han apart, the rest as GPT-4o's.</summary>
    private const string Kimi = @"[\p{Han}]+|[^\r\n\p{L}\p{N}]?" + KimiUpper + "*" + KimiLower + "+" + Contractions + @"?|[^\r\n\p{L}\p{N}]?" + KimiUpper + "+" + KimiLower + "*" + Contractions
        + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces;

    private static readonly GgufPreTokenizer s_gpt2 = new([Gpt2]);
    private static readonly GgufPreTokenizer s_llama3 = new([Llama3], IgnoreMerges: true, AddBos: true);
    private static readonly GgufPreTokenizer s_qwen2 = new([Qwen2]);
    private static readonly GgufPreTokenizer s_smollm = new([@"\p{N}", Gpt2]);
    private static readonly GgufPreTokenizer s_deepSeek3 = new([@"\p{N}{1,3}", Kana, DeepSeek3]);
    private static readonly GgufPreTokenizer s_gpt4o = new([Gpt4o]);
    private static readonly GgufPreTokenizer s_bloom = new([Bloom]);
    private static readonly GgufPreTokenizer s_bailing = new([@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"]);
    private static readonly GgufPreTokenizer s_tinyAya = new([KnownExpressions.DigitGroupsInWords, Gpt4o]);
    private static readonly GgufPreTokenizer s_sentencePiece = new([@"[^\n]+|[\n]+"], RawText: true);

    /// <summary>What stands behind each name.</summary>
    public static readonly IReadOnlyDictionary<string, GgufPreTokenizer> Known = new Dictionary<string, GgufPreTokenizer>(StringComparer.Ordinal)
    {
        ["default"] = new([Default1, Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"]),
        ["minicpm5"] = new([@"\p{N}{1,3}", Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces], IgnoreMerges: true),
        ["llama3"] = s_llama3,
        ["llama-v3"] = s_llama3,
        ["llama-bpe"] = s_llama3,
        ["falcon3"] = s_llama3,
        ["falcon-h1"] = s_llama3,
        ["pixtral"] = s_llama3,
        ["midm-2.0"] = s_llama3,
        ["lfm2"] = s_llama3,
        ["jina-v5-nano"] = s_llama3,
        ["deepseek-llm"] = new(["[\r\n]", DeepSeekLetters, @"\s?[!-/:-~！-／：-～‘-‟　-。]+", @"\s+\z", "[一-龥ࠀ-一가-퟿]+", @"\p{N}+"]),
        ["deepseek-coder"] = new(["[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", @"\p{N}"]),
        ["deepseek-v3"] = s_deepSeek3,
        ["hunyuan-dense"] = s_deepSeek3,
        ["joyai-llm"] = s_deepSeek3,
        ["hy_v4"] = s_deepSeek3,
        ["spark2_5"] = new([@"\p{N}{1,3}", Kana, @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+", @"\p{N}"]),
        ["youtu"] = new([@"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+", CasedWords + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces], IgnoreMerges: true),
        ["falcon"] = new([@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"]),
        ["mpt"] = s_gpt2,
        ["olmo"] = s_gpt2,
        ["jais"] = s_gpt2,
        ["trillion"] = s_gpt2,
        ["granite-docling"] = s_gpt2,
        ["gpt-2"] = s_gpt2,
        ["phi-2"] = s_gpt2,
        ["jina-es"] = s_gpt2,
        ["jina-de"] = s_gpt2,
        ["gigachat"] = s_gpt2,
        ["jina-v2-es"] = s_gpt2,
        ["jina-v2-de"] = s_gpt2,
        ["a.x-4.0"] = s_gpt2,
        ["mellum"] = s_gpt2,
        ["modern-bert"] = s_gpt2,
        ["exaone4"] = s_gpt2,
        ["jina-v1-en"] = new([Gpt2], AddSep: true),
        ["jina-v2-code"] = new([Gpt2], AddSep: true),
        ["roberta-bpe"] = new([Gpt2], AddSep: true),
        ["starcoder"] = s_smollm,
        ["refact"] = s_smollm,
        ["command-r"] = s_smollm,
        ["smollm"] = s_smollm,
        ["codeshell"] = s_smollm,
        ["exaone"] = s_smollm,
        ["minerva-7b"] = s_smollm,
        ["mellum2"] = s_smollm,
        ["jais-2"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + JaisSpaces]),
        ["dbrx"] = new([Llama3]),
        ["smaug-bpe"] = new([Llama3]),
        ["glm4"] = new([Llama3]),
        ["chatglm-bpe"] = new([Llama3]),
        ["qwen2"] = s_qwen2,
        ["deepseek-r1-qwen"] = s_qwen2,
        ["kormo"] = s_qwen2,
        ["f2llmv2"] = s_qwen2,
        ["stablelm2"] = s_qwen2,
        ["megrez"] = s_qwen2,
        ["hunyuan"] = s_qwen2,
        ["solar-open"] = s_qwen2,
        ["grok-2"] = s_qwen2,
        ["qwen35"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Spaces]),
        ["poro-chat"] = s_bloom,
        ["bloom"] = s_bloom,
        ["gpt3-finnish"] = s_bloom,
        ["viking"] = new([Bloom, @"\p{N}"]),
        ["tekken"] = new([Tekken], IgnoreMerges: true, AddBos: true),
        ["chameleon"] = new(["<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", @"([\t\n]|    |  )", @"\p{N}", @"[\p{P}!-/:-@\[-`{-~]", Gpt2], AddBos: true),
        ["gpt-4o"] = s_gpt4o,
        ["llama4"] = s_gpt4o,
        ["kanana2"] = s_gpt4o,
        ["talkie"] = s_gpt4o,
        ["minimax-m2"] = s_gpt4o,
        ["granite-embed-multi-97m"] = new([Gpt4o], IgnoreMerges: true),
        ["tiny_aya"] = s_tinyAya,
        ["cohere2moe"] = s_tinyAya,
        ["superbpe"] = new([@"\p{N}+", KnownExpressions.DigitGroups]),
        ["bailingmoe"] = s_bailing,
        ["bailingmoe2"] = s_bailing,
        ["llada-moe"] = s_bailing,
        ["seed-coder"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + Spaces]),
        ["kimi-k2"] = new([Kimi], IgnoreMerges: true),
        ["ufakzeka"] = new([@"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces]),
        ["afmoe"] = new([@"\p{N}+", KnownExpressions.DigitGroups, @"[一-鿿㐀-䶿\x{F900}-\x{FAFF}぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+", DeepSeek3]),
        ["laguna"] = new([@"[^\n]+|[\n]+", Qwen2]),
        ["exaone-moe"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"]),
        ["gemma4"] = s_sentencePiece with { AddBos = true },
        ["granite-embed-multi-311m"] = s_sentencePiece with { AddBos = true },
        ["sarvam-moe"] = s_sentencePiece,
    };

    /// <summary>The pre-tokenizer of a name.</summary>
    public static GgufPreTokenizer Find(string? name, string file)
    {
        if (string.IsNullOrEmpty(name)) return Known["default"];
        return Known.TryGetValue(name, out var found) ? found
            : throw new HeedException($"{file}: tokenizer.ggml.pre is \"{name}\", a pre-tokenizer that is not known; known are {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}.");
    }
}
