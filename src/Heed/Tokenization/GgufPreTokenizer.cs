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
    private const string DeepSeekLetters = @"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+";
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
        ["llama3"] = s_llama3, ["llama-v3"] = s_llama3, ["llama-bpe"] = s_llama3, ["falcon3"] = s_llama3, ["falcon-h1"] = s_llama3,
        ["pixtral"] = s_llama3, ["midm-2.0"] = s_llama3, ["lfm2"] = s_llama3, ["jina-v5-nano"] = s_llama3,
        ["deepseek-llm"] = new(["[\r\n]", DeepSeekLetters, @"\s?[!-/:-~！-／：-～‘-‟　-。]+", @"\s+\z", "[一-龥ࠀ-一가-퟿]+", @"\p{N}+"]),
        ["deepseek-coder"] = new(["[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", @"\p{N}"]),
        ["deepseek-v3"] = s_deepSeek3, ["hunyuan-dense"] = s_deepSeek3, ["joyai-llm"] = s_deepSeek3, ["hy_v4"] = s_deepSeek3,
        ["spark2_5"] = new([@"\p{N}{1,3}", Kana, @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+", @"\p{N}"]),
        ["youtu"] = new([@"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+", CasedWords + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces], IgnoreMerges: true),
        ["falcon"] = new([@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"]),
        ["mpt"] = s_gpt2, ["olmo"] = s_gpt2, ["jais"] = s_gpt2, ["trillion"] = s_gpt2, ["granite-docling"] = s_gpt2,
        ["gpt-2"] = s_gpt2, ["phi-2"] = s_gpt2, ["jina-es"] = s_gpt2, ["jina-de"] = s_gpt2, ["gigachat"] = s_gpt2, ["jina-v2-es"] = s_gpt2,
        ["jina-v2-de"] = s_gpt2, ["a.x-4.0"] = s_gpt2, ["mellum"] = s_gpt2, ["modern-bert"] = s_gpt2, ["exaone4"] = s_gpt2,
        ["jina-v1-en"] = new([Gpt2], AddSep: true), ["jina-v2-code"] = new([Gpt2], AddSep: true), ["roberta-bpe"] = new([Gpt2], AddSep: true),
        ["starcoder"] = s_smollm, ["refact"] = s_smollm, ["command-r"] = s_smollm, ["smollm"] = s_smollm, ["codeshell"] = s_smollm,
        ["exaone"] = s_smollm, ["minerva-7b"] = s_smollm, ["mellum2"] = s_smollm,
        ["jais-2"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + JaisSpaces]),
        ["dbrx"] = new([Llama3]), ["smaug-bpe"] = new([Llama3]), ["glm4"] = new([Llama3]), ["chatglm-bpe"] = new([Llama3]),
        ["qwen2"] = s_qwen2, ["deepseek-r1-qwen"] = s_qwen2, ["kormo"] = s_qwen2, ["f2llmv2"] = s_qwen2, ["stablelm2"] = s_qwen2,
        ["megrez"] = s_qwen2, ["hunyuan"] = s_qwen2, ["solar-open"] = s_qwen2, ["grok-2"] = s_qwen2,
        ["qwen35"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Spaces]),
        ["poro-chat"] = s_bloom, ["bloom"] = s_bloom, ["gpt3-finnish"] = s_bloom, ["viking"] = new([Bloom, @"\p{N}"]),
        ["tekken"] = new([Tekken], IgnoreMerges: true, AddBos: true),
        ["chameleon"] = new(["<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", @"([\t\n]|    |  )", @"\p{N}", @"[\p{P}!-/:-@\[-`{-~]", Gpt2], AddBos: true),
        ["gpt-4o"] = s_gpt4o, ["llama4"] = s_gpt4o, ["kanana2"] = s_gpt4o, ["talkie"] = s_gpt4o, ["minimax-m2"] = s_gpt4o,
        ["granite-embed-multi-97m"] = new([Gpt4o], IgnoreMerges: true),
        ["tiny_aya"] = s_tinyAya, ["cohere2moe"] = s_tinyAya,
        ["superbpe"] = new([@"\p{N}+", KnownExpressions.DigitGroups]),
        ["bailingmoe"] = s_bailing, ["bailingmoe2"] = s_bailing, ["llada-moe"] = s_bailing,
        ["seed-coder"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + Spaces]),
        ["kimi-k2"] = new([Kimi], IgnoreMerges: true),
        ["ufakzeka"] = new([@"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces]),
        ["afmoe"] = new([@"\p{N}+", KnownExpressions.DigitGroups, "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+", DeepSeek3]),
        ["laguna"] = new([@"[^\n]+|[\n]+", Qwen2]),
        ["exaone-moe"] = new([Contractions + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"]),
        ["gemma4"] = s_sentencePiece with { AddBos = true }, ["granite-embed-multi-311m"] = s_sentencePiece with { AddBos = true }, ["sarvam-moe"] = s_sentencePiece,
    };

    /// <summary>The pre-tokenizer of a name.</summary>
    public static GgufPreTokenizer Find(string? name, string file)
    {
        if (string.IsNullOrEmpty(name)) return Known["default"];
        return Known.TryGetValue(name, out var found) ? found
            : throw new HeedException($"{file}: tokenizer.ggml.pre is \"{name}\", a pre-tokenizer that is not known; known are {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}.");
    }
}
