using System.Text.Json;

namespace Heed.Tokenization;

/// <summary>Reads the normalizer, pre_tokenizer, post_processor and decoder sections of a tokenizer.json.</summary>
internal static class StepReader
{
    /// <summary>Steps in a sequence, and sequences in sequences, altogether.</summary>
    private const int MaximumSteps = 200;

    public static Normalizer Normalizer(JsonField json)
    {
        var kind = json["type"].Text;
        switch (kind)
        {
            case "Sequence": return new SequenceNormalizer(Steps(json["normalizers"], Normalizer));
            case "NFC": return new UnicodeNormalizer(compose: true, compatibility: false);
            case "NFD": return new UnicodeNormalizer(compose: false, compatibility: false);
            case "NFKC": return new UnicodeNormalizer(compose: true, compatibility: true);
            case "NFKD": return new UnicodeNormalizer(compose: false, compatibility: true);
            case "Lowercase": return new LowercaseNormalizer();
            case "Strip": return new StripNormalizer(json.TruthOr("strip_left", true), json.TruthOr("strip_right", true));
            case "StripAccents": return new StripAccentsNormalizer();
            case "Nmt": return new NmtNormalizer();
            case "ByteLevel": return new ByteLevelNormalizer();
            case "Prepend": return new PrependNormalizer(json["prepend"].Text);
            case "Replace": return new ReplaceNormalizer(Pattern(json["pattern"]), json["content"].Text);
            case "Precompiled": return new PrecompiledNormalizer(new CharacterMap(Base64(json["precompiled_charsmap"]), $"{json.File}: {json.Path}.precompiled_charsmap"));
            case "BertNormalizer":
                var lowercase = json.TruthOr("lowercase", true);
                return new BertNormalizer(json.TruthOr("clean_text", true), json.TruthOr("handle_chinese_chars", true), json.TruthOr("strip_accents", lowercase), lowercase);
            default:
                throw json.UnknownKind("normalizer", kind, "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents");
        }
    }

    public static PreTokenizer PreTokenizer(JsonField json)
    {
        var kind = json["type"].Text;
        switch (kind)
        {
            case "Sequence": return new SequencePreTokenizer(Steps(json["pretokenizers"], PreTokenizer));
            case "ByteLevel": return new ByteLevelPreTokenizer(json.TruthOr("add_prefix_space", true), json.TruthOr("use_regex", true));
            case "Metaspace": return new MetaspacePreTokenizer(json.Find("replacement")?.Character ?? "▁", Scheme(json), json.TruthOr("split", true));
            case "BertPreTokenizer": return new BertPreTokenizer();
            case "Whitespace": return new SplitPreTokenizer(KnownExpressions.Splitter(@"\w+|[^\w\s]+"), SplitBehavior.Removed, invert: true);
            case "WhitespaceSplit": return new SplitPreTokenizer(new CharacterSplitter(CodePoints.IsWhiteSpace), SplitBehavior.Removed);
            case "Punctuation": return new SplitPreTokenizer(new CharacterSplitter(CodePoints.IsPunctuation), Behavior(json.Find("behavior")));
            case "Digits":
                return new SplitPreTokenizer(new CharacterSplitter(CodePoints.IsNumeric), json.TruthOr("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
            case "Split": return new SplitPreTokenizer(Pattern(json["pattern"]), Behavior(json["behavior"]), json.TruthOr("invert", false));
            case "CharDelimiterSplit" or "Delimiter": return new SplitPreTokenizer(new LiteralSplitter(json["delimiter"].Character), SplitBehavior.Removed);
            case "UnicodeScripts": return new SplitPreTokenizer(new ScriptSplitter(), SplitBehavior.Removed, invert: true);
            case "FixedLength":
                var length = json.WholeOr("length", 5);
                return length > 0 ? new SplitPreTokenizer(new FixedLengthSplitter(length), SplitBehavior.Isolated) : throw json["length"].Wrong("a length of at least 1");
            default:
                throw json.UnknownKind("pre-tokenizer", kind, "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, Split, UnicodeScripts, Whitespace, WhitespaceSplit");
        }
    }

    public static PostProcessor PostProcessor(JsonField json)
    {
        var kind = json["type"].Text;
        switch (kind)
        {
            case "Sequence": return new SequencePostProcessor(Steps(json["processors"], PostProcessor));
            case "ByteLevel": return new ByteLevelPostProcessor(json.TruthOr("add_prefix_space", true), json.TruthOr("trim_offsets", true));
            case "BertProcessing": return new TemplatePostProcessor([NamedToken(json["cls"])], [NamedToken(json["sep"])]);
            case "RobertaProcessing":
                return new RobertaPostProcessor(NamedToken(json["cls"]), NamedToken(json["sep"]), json.TruthOr("add_prefix_space", true), json.TruthOr("trim_offsets", true));
            case "TemplateProcessing": return Template(json);
            default:
                throw json.UnknownKind("post-processor", kind, "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing");
        }
    }

    public static IReadOnlyList<DecoderStep> Decoder(JsonField json)
    {
        var kind = json["type"].Text;
        switch (kind)
        {
            case "Sequence": return [.. Steps(json["decoders"], Decoder).SelectMany(steps => steps)];
            case "ByteLevel": return [new ByteLevelStep()];
            case "ByteFallback": return [new ByteFallbackStep()];
            case "Fuse": return [new FuseStep()];
            case "Metaspace": return [DecoderSteps.Metaspace(json.Find("replacement")?.Character ?? "▁", Scheme(json) != PrependScheme.Never)];
            case "WordPiece": return [DecoderSteps.WordPiece(json.TextOr("prefix", "##"), json.TruthOr("cleanup", true))];
            case "BPEDecoder": return [new EndOfWordStep(json.TextOr("suffix", "</w>"))];
            case "CTC": return [new CtcStep(json.TextOr("pad_token", "<pad>"), json.TextOr("word_delimiter_token", "|"), json.TruthOr("cleanup", true))];
            case "Strip":
                var content = json.Find("content")?.Character ?? " ";
                return [new StripStep(CodePoints.At(content, 0, out _), Math.Max(0, json.WholeOr("start", 0)), Math.Max(0, json.WholeOr("stop", 0)))];
            case "Replace":
                var pattern = json["pattern"];
                return pattern.Find("String") is { } text
                    ? [DecoderSteps.Replace(text.Text, json["content"].Text)]
                    : [DecoderSteps.Replace(Pattern(pattern), json["content"].Text)];
            default:
                throw json.UnknownKind("decoder", kind, "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece");
        }
    }

    private static List<T> Steps<T>(JsonField json, Func<JsonField, T> read)
    {
        var steps = new List<T>();
        foreach (var item in json.Items())
        {
            if (steps.Count >= MaximumSteps) throw json.Wrong($"a sequence of at most {MaximumSteps} steps");
            steps.Add(read(item));
        }
        return steps;
    }

    /// <summary>{"String": …} or {"Regex": …}.</summary>
    private static ISplitter Pattern(JsonField json)
    {
        if (json.Value.ValueKind == JsonValueKind.Object && json.Find("String") is { } text)
            return text.Text.Length > 0 ? new LiteralSplitter(text.Text) : KnownExpressions.Splitter("");
        var expression = json["Regex"];
        try
        {
            return KnownExpressions.Splitter(expression.Text);
        }
        catch (HeedException e)
        {
            throw new HeedException($"{json.File}: {expression.Path}: {e.Message}", e);
        }
    }

    private static SplitBehavior Behavior(JsonField? json) => json?.Text switch
    {
        null or "Isolated" => SplitBehavior.Isolated,
        "Removed" => SplitBehavior.Removed,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw json.Value.Wrong("one of Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous"),
    };

    private static PrependScheme Scheme(JsonField json)
    {
        var scheme = json.TextOr("prepend_scheme", "always") switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw json["prepend_scheme"].Wrong("\"always\", \"first\" or \"never\""),
        };
        // Older files have add_prefix_space instead.
        return json.TruthOr("add_prefix_space", true) ? scheme : PrependScheme.Never;
    }

    private static (int Id, string Token) NamedToken(JsonField json)
    {
        var items = json.Items().ToList();
        return items.Count == 2 ? (items[1].Whole, items[0].Text) : throw json.Wrong("[token, id]");
    }

    private static TemplatePostProcessor Template(JsonField json)
    {
        var tokens = new Dictionary<string, List<(int, string)>>(StringComparer.Ordinal);
        if (json.Find("special_tokens") is { } special)
        {
            foreach (var (name, value) in special.Properties())
            {
                var ids = value["ids"].Items().Select(i => i.Whole).ToList();
                var texts = value["tokens"].Items().Select(t => t.Text).ToList();
                if (ids.Count != texts.Count) throw value.Wrong($"for \"{name}\" as many ids as tokens");
                tokens[name] = [.. ids.Zip(texts)];
            }
        }
        List<(int, string)> before = [], after = [];
        var seen = false;
        foreach (var piece in json["single"].Items())
        {
            if (piece.Find("Sequence") is { } sequence)
            {
                if (sequence["id"].Text != "A" || seen) throw piece.Wrong("the sequence A, once,");
                seen = true;
                continue;
            }
            var name = piece["SpecialToken"]["id"];
            if (!tokens.TryGetValue(name.Text, out var found)) throw name.Wrong("a token listed in special_tokens");
            (seen ? after : before).AddRange(found);
        }
        if (!seen) throw json["single"].Wrong("a template with the sequence A");
        return new TemplatePostProcessor(before, after);
    }

    private static byte[] Base64(JsonField json)
    {
        try
        {
            return Convert.FromBase64String(json.Text);
        }
        catch (FormatException)
        {
            throw json.Wrong("Base64");
        }
    }
}
