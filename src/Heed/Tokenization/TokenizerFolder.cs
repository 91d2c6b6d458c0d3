using System.Text.Json;
using Heed.Formats;
using Heed.Tokenization.Models;

namespace Heed.Tokenization;

/// <summary>Loads the tokenizer of a Hugging Face folder, and takes the roles of special tokens from the files beside it.</summary>
internal static class TokenizerFolder
{
    public static Tokenizer Load(string folder)
    {
        var file = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(file)) return LoadFile(file);
        var vocabulary = Path.Combine(folder, "vocab.json");
        var merges = Path.Combine(folder, "merges.txt");
        if (File.Exists(vocabulary) && File.Exists(merges)) return new Tokenizer(WithRoles(ReadVocabularyAndMerges(folder, vocabulary, merges), folder));
        if (Directory.GetFiles(folder, "*.gguf") is [var gguf]) return GgufTokenizer.Load(gguf);
        var hint = File.Exists(Path.Combine(folder, "tokenizer.model"))
            ? " Its tokenizer.model is SentencePiece's own format: save the tokenizer with transformers (AutoTokenizer.from_pretrained(...).save_pretrained(...)) to get a tokenizer.json."
            : "";
        throw new HeedException($"{folder} has no tokenizer: neither tokenizer.json, nor vocab.json with merges.txt, nor a single .gguf file.{hint}");
    }

    /// <summary>A tokenizer.json; the files beside it say which tokens begin and end texts.</summary>
    public static Tokenizer LoadFile(string file)
    {
        using var json = JsonFile.Open(file);
        return new Tokenizer(WithRoles(TokenizerJson.Read(json.RootElement, file), Path.GetDirectoryName(Path.GetFullPath(file))!));
    }

    /// <summary>GPT-2's layout: byte-level byte-pair encoding from two files.</summary>
    private static TokenizerParts ReadVocabularyAndMerges(string folder, string vocabularyFile, string mergesFile)
    {
        Vocabulary vocabulary;
        using (var json = JsonFile.Open(vocabularyFile)) vocabulary = ModelReader.ReadVocabulary(new JsonField(json.RootElement, vocabularyFile, "the vocabulary"));
        var lines = TextFile.ReadLines(mergesFile);
        var table = new MergeTable(vocabulary, lines.Count, null, mergesFile);
        foreach (var line in lines)
            if (line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)) table.Add(line);

        using var config = OpenBeside(folder, "tokenizer_config.json");
        var settings = config is null ? (JsonField?)null : new JsonField(config.RootElement, Path.Combine(folder, "tokenizer_config.json"), "");
        var prefixSpace = settings?.TruthOr("add_prefix_space", false) ?? false;
        var parts = new TokenizerParts
        {
            Model = new BpeModel(vocabulary, table.Merges, new BpeOptions()),
            PreTokenizer = new ByteLevelPreTokenizer(prefixSpace, split: true),
            PostProcessor = new ByteLevelPostProcessor(prefixSpace, trimOffsets: false),
            Decoder = [new ByteLevelStep()],
            AddedTokens = ConfiguredTokens(config, folder, vocabulary),
        };
        return settings is { } found ? ForClass(parts, found) : parts;
    }

    /// <summary>These files are shared by tokenizers that split and surround texts differently; the class in the configuration says which it is.</summary>
    private static TokenizerParts ForClass(TokenizerParts parts, JsonField settings)
    {
        var name = settings.TextOr("tokenizer_class", "GPT2Tokenizer");
        if (name.EndsWith("Fast", StringComparison.Ordinal)) name = name[..^4];
        (int, string) Token(string role)
        {
            var content = RoleToken(settings, role) ?? throw new HeedException($"{settings.File}: {role} is missing, which a {name} puts around texts.");
            return (Find(parts, content) ?? throw new HeedException($"{settings.File}: {role} is \"{content}\", which is not in the vocabulary."), content);
        }
        switch (name)
        {
            case "GPT2Tokenizer" or "CodeGenTokenizer":
                return settings.TruthOr("add_bos_token", false) ? parts with { PostProcessor = new TemplatePostProcessor([Token("bos_token")], []) } : parts;
            case "RobertaTokenizer" or "BartTokenizer" or "LongformerTokenizer":
                return parts with { PostProcessor = new TemplatePostProcessor([Token("bos_token")], [Token("eos_token")]) };
            case "Qwen2Tokenizer":
                var split = new SplitPreTokenizer(KnownExpressions.Splitter(GgufPreTokenizer.Known["qwen2"].Expressions[0]), SplitBehavior.Isolated);
                return parts with
                {
                    Normalizer = new UnicodeNormalizer(compose: true, compatibility: false),
                    PreTokenizer = new SequencePreTokenizer([split, new ByteLevelPreTokenizer(addPrefixSpace: false, split: false)]),
                };
            default:
                throw new HeedException($"{settings.File}: tokenizer_class is \"{name}\"; from vocab.json and merges.txt alone only GPT2Tokenizer, CodeGenTokenizer, RobertaTokenizer, BartTokenizer, LongformerTokenizer and Qwen2Tokenizer are known. Save it with transformers to get a tokenizer.json.");
        }
    }

    private static List<AddedToken> ConfiguredTokens(JsonDocument? config, string folder, Vocabulary vocabulary)
    {
        var file = Path.Combine(folder, "tokenizer_config.json");
        var tokens = new List<AddedToken>();
        if (config is not null && new JsonField(config.RootElement, file, "").Find("added_tokens_decoder") is { } list)
        {
            foreach (var (name, token) in list.Properties())
            {
                if (!int.TryParse(name, out var id) || id < 0 || id > 16L * vocabulary.Count + 1_000_000)
                    throw new HeedException($"{file}: added_tokens_decoder has the id \"{name}\"; a number that fits the vocabulary of {vocabulary.Count} tokens is needed.");
                tokens.Add(new AddedToken(id, token["content"].Text, token.TruthOr("single_word", false), token.TruthOr("lstrip", false),
                    token.TruthOr("rstrip", false), token.TruthOr("normalized", false), token.TruthOr("special", true)));
            }
        }
        foreach (var name in new[] { "bos_token", "eos_token", "unk_token", "pad_token" })
        {
            if (RoleToken(config, file, name) is not { } content || tokens.Exists(t => t.Content == content)) continue;
            var id = vocabulary.Id(content);
            if (id >= 0) tokens.Add(new AddedToken(id, content, Special: true));
        }
        // GPT-2's own folders say nothing; its end of text is in the vocabulary.
        var end = vocabulary.Id("<|endoftext|>");
        if (end >= 0 && tokens.Count == 0) tokens.Add(new AddedToken(end, "<|endoftext|>", Special: true));
        return tokens;
    }

    private static JsonDocument? OpenBeside(string folder, string name)
    {
        var file = Path.Combine(folder, name);
        return File.Exists(file) ? JsonFile.Open(file) : null;
    }

    private static TokenizerParts WithRoles(TokenizerParts parts, string folder)
    {
        var ends = new HashSet<int>();
        using var config = OpenBeside(folder, "tokenizer_config.json");
        using var map = OpenBeside(folder, "special_tokens_map.json");
        int? Role(string name)
        {
            var content = RoleToken(config, Path.Combine(folder, "tokenizer_config.json"), name)
                ?? RoleToken(map, Path.Combine(folder, "special_tokens_map.json"), name);
            return content is null ? null : Find(parts, content);
        }
        var eos = Role("eos_token");
        if (eos is { } id) ends.Add(id);
        AddEnds(folder, "generation_config.json", ends);
        AddEnds(folder, "config.json", ends);
        // A tokenizer alone, or one whose configuration forgot the end of a turn: its name says it.
        foreach (var name in SpecialIds.EndNames)
            if (parts.AddedTokens.FirstOrDefault(t => t.Content == name) is { } token) ends.Add(token.Id);
        return parts with
        {
            Special = new SpecialIds { Bos = Role("bos_token"), Eos = eos, Pad = Role("pad_token"), Unknown = Role("unk_token"), Ends = ends },
        };
    }

    private static int? Find(TokenizerParts parts, string content)
    {
        if (parts.AddedTokens.FirstOrDefault(t => t.Content == content) is { } token) return token.Id;
        var id = parts.Model.Vocabulary.Id(content);
        return id >= 0 ? id : null;
    }

    /// <summary>A token with a role: a text, or an object with its content.</summary>
    private static string? RoleToken(JsonDocument? json, string file, string name)
        => json is null ? null : RoleToken(new JsonField(json.RootElement, file, ""), name);

    private static string? RoleToken(JsonField json, string name)
    {
        if (json.Find(name) is not { } value) return null;
        return value.Value.ValueKind == JsonValueKind.Object ? value["content"].Text : value.Text;
    }

    /// <summary>eos_token_id is a number or a list of them.</summary>
    private static void AddEnds(string folder, string name, HashSet<int> ends)
    {
        using var json = OpenBeside(folder, name);
        if (json is null || new JsonField(json.RootElement, Path.Combine(folder, name), "").Find("eos_token_id") is not { } value) return;
        if (value.Value.ValueKind == JsonValueKind.Array)
            foreach (var item in value.Items()) ends.Add(item.Whole);
        else ends.Add(value.Whole);
    }
}
