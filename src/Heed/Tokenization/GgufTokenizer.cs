using Heed.Formats;
using Heed.Tokenization.Models;

namespace Heed.Tokenization;

/// <summary>Builds a tokenizer from the vocabulary in a GGUF file's metadata (keys tokenizer.ggml.*).</summary>
internal static class GgufTokenizer
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>What a token is, in tokenizer.ggml.token_type.</summary>
    private enum TokenType { Undefined, Normal, Unknown, Control, UserDefined, Unused, Byte }

    public static Tokenizer Load(string path)
    {
        using var file = GgufFile.Open(path);
        return Load(file.Metadata, file.Path);
    }

    public static Tokenizer Load(GgufMetadata metadata, string file)
    {
        if (!metadata.TryGetString(Prefix + "model", out var kind))
            throw new HeedException($"{file} has no tokenizer: the metadata key '{Prefix}model' is missing.");
        return new Tokenizer(new Reader(metadata, file).Read(kind));
    }

    private sealed class Reader(GgufMetadata metadata, string file)
    {
        private string[] _tokens = [];
        private TokenType[] _types = [];
        private Vocabulary _vocabulary = new(0);

        public TokenizerParts Read(string kind)
        {
            _tokens = metadata.Strings(Prefix + "tokens");
            ReadTypes();
            switch (kind)
            {
                case "gpt2": return ReadBytePair(metadata.GetString(Prefix + "pre", null));
                case "gemma4": return ReadBytePair("gemma4");
                case "llama": return ReadSentencePiece();
                case "bert": return ReadBert();
                case "t5": return ReadUnigram();
                case "none" or "no_vocab": throw new HeedException($"{file} has no vocabulary ({Prefix}model is \"{kind}\").");
                default: throw new HeedException($"{file}: {Prefix}model is \"{kind}\", a vocabulary that is not known; known are gpt2, gemma4, llama, bert, t5.");
            }
        }

        private void ReadTypes()
        {
            _types = new TokenType[_tokens.Length];
            Array.Fill(_types, TokenType.Normal);
            if (!metadata.Contains(Prefix + "token_type")) return;
            var types = metadata.Ints(Prefix + "token_type");
            if (types.Length < _tokens.Length) throw new HeedException($"{file}: {Prefix}token_type has {types.Length} entries for {_tokens.Length} tokens.");
            for (var i = 0; i < _types.Length; i++) _types[i] = (TokenType)types[i];
        }

        private void FillVocabulary(Func<string, string>? rewrite = null)
        {
            _vocabulary = new Vocabulary(_tokens.Length);
            for (var id = 0; id < _tokens.Length; id++)
            {
                var token = _tokens[id].Length > 0 ? _tokens[id] : $"[EMPTY_{id}]";
                if (rewrite is not null) _tokens[id] = token = rewrite(token);
                _vocabulary.Add(token, id, _tokens.Length);
            }
        }

        private float[] Scores()
        {
            var scores = metadata.Floats(Prefix + "scores");
            if (scores.Length < _tokens.Length) throw new HeedException($"{file}: {Prefix}scores has {scores.Length} entries for {_tokens.Length} tokens.");
            foreach (var score in scores)
                if (!float.IsFinite(score)) throw new HeedException($"{file}: {Prefix}scores has an entry that is no finite number ({score}).");
            return scores;
        }

        private TokenizerParts ReadBytePair(string? name)
        {
            var pre = GgufPreTokenizer.Find(name, file);
            FillVocabulary();
            var table = ReadMerges(name);
            var splits = new List<PreTokenizer>();
            foreach (var expression in pre.Expressions) splits.Add(new SplitPreTokenizer(KnownExpressions.Splitter(expression), SplitBehavior.Isolated));
            if (!pre.RawText) splits.Add(new ByteLevelPreTokenizer(addPrefixSpace: false, split: false));
            var ids = Special(bos: pre.RawText ? null : 11, eos: pre.RawText ? null : 11);
            return new TokenizerParts
            {
                Model = new BpeModel(_vocabulary, table.Merges, new BpeOptions
                {
                    IgnoreMerges = pre.IgnoreMerges || metadata.GetBool(Prefix + "ignore_merges", false),
                    ByteFallback = pre.RawText,
                }),
                Normalizer = pre.RawText ? new ReplaceNormalizer(new LiteralSplitter(" "), "▁") : null,
                PreTokenizer = new SequencePreTokenizer(splits),
                Decoder = pre.RawText
                    ? [DecoderSteps.Replace("▁", " "), new ByteFallbackStep(), new FuseStep()]
                    : [new ByteLevelStep()],
                AddedTokens = AddedTokens(),
                PostProcessor = Surround(ids, addBos: pre.AddBos, addEos: false, addSep: pre.AddSep, forceBos: name == "gemma4"),
                Special = ids,
            };
        }

        /// <summary>Merges, "left right" (left may begin with a space); read in place, since there are tens of thousands.</summary>
        private MergeTable ReadMerges(string? name)
        {
            const string Key = Prefix + "merges";
            // Kimi K2's files have no merges: every piece is a token or its characters.
            if (!metadata.Contains(Key) && name == "kimi-k2") return new MergeTable(_vocabulary, 0, null, file);
            var table = new MergeTable(_vocabulary, (int)metadata.CountOf(Key), null, file) { Lenient = true };
            var characters = new char[256];
            metadata.ReadStrings(Key, utf8 =>
            {
                if (characters.Length < utf8.Length) characters = new char[utf8.Length * 2];
                var merge = characters.AsSpan(0, System.Text.Encoding.UTF8.GetChars(utf8, characters));
                var space = merge.Length > 1 ? merge[1..].IndexOf(' ') + 1 : 0;
                if (space > 0) table.Add(merge[..space], merge[(space + 1)..]);
            });
            return table;
        }

        private TokenizerParts ReadSentencePiece()
        {
            FillVocabulary();
            var ids = Special(bos: 1, eos: 2, unknown: 0);
            var prefix = metadata.GetBool(Prefix + "add_space_prefix", true);
            Normalizer spaces = new ReplaceNormalizer(new LiteralSplitter(" "), "▁");
            List<DecoderStep> decoder = [DecoderSteps.Replace("▁", " "), new ByteFallbackStep(), new FuseStep()];
            if (prefix) decoder.Add(new StripStep(' ', 1, 0));
            return new TokenizerParts
            {
                Model = new SentencePieceModel(_vocabulary, Scores(), ids.Unknown ?? -1),
                Normalizer = prefix ? new SequenceNormalizer([new PrependNormalizer("▁"), spaces]) : spaces,
                Decoder = decoder,
                AddedTokens = AddedTokens(),
                PostProcessor = Surround(ids, addBos: true, addEos: false),
                Special = ids,
            };
        }

        private TokenizerParts ReadBert()
        {
            // Words are written ▁word and continuations without a mark: back to BERT's own writing.
            FillVocabulary(token => token is ['[', .., ']'] ? token : token.StartsWith('▁') ? token[1..] : "##" + token);
            var ids = Special(bos: 101, eos: null, unknown: 100, pad: 0);
            var lowercase = metadata.GetBool(Prefix + "normalizer.lowercase", true);
            var stripAccents = metadata.GetBool(Prefix + "normalizer.strip_accents", lowercase);
            var unknown = ids.Unknown is { } id ? _vocabulary.Text(id) : null;
            return new TokenizerParts
            {
                Model = new WordPieceModel(_vocabulary, unknown ?? "[UNK]", "##", 100),
                Normalizer = new BertNormalizer(clean: true, chinese: true, stripAccents, lowercase),
                PreTokenizer = new BertPreTokenizer(),
                Decoder = [DecoderSteps.WordPiece("##", cleanUp: true)],
                AddedTokens = AddedTokens(bracketed: true),
                PostProcessor = Surround(ids, addBos: true, addEos: false, addSep: true, defaultSep: 102),
                Special = ids,
            };
        }

        private TokenizerParts ReadUnigram()
        {
            FillVocabulary();
            var ids = Special(bos: null, eos: 1, unknown: 2, pad: 0);
            var floats = Scores();
            var scores = new double[_tokens.Length];
            var lowest = double.PositiveInfinity;
            for (var id = 0; id < scores.Length; id++)
            {
                // Tokens that a user added always win over the same text in parts.
                scores[id] = _types[id] == TokenType.UserDefined ? 0 : floats[id];
                if (_types[id] == TokenType.Normal) lowest = Math.Min(lowest, floats[id]);
            }
            var prefix = metadata.GetBool(Prefix + "add_space_prefix", true);
            return new TokenizerParts
            {
                Model = new UnigramModel(_vocabulary, scores, ids.Unknown, byteFallback: false,
                    id => _types[id] is TokenType.Normal or TokenType.UserDefined or TokenType.Unused, double.IsFinite(lowest) ? lowest : 0),
                Normalizer = new SentencePieceNormalizer(CharacterMap(), prefix, metadata.GetBool(Prefix + "remove_extra_whitespaces", false)),
                Decoder = [DecoderSteps.Metaspace("▁", dropFirst: prefix)],
                AddedTokens = AddedTokens(),
                PostProcessor = Surround(ids, addBos: false, addEos: true),
                Special = ids,
            };
        }

        private CharacterMap? CharacterMap()
        {
            const string Key = Prefix + "precompiled_charsmap";
            if (!metadata.Contains(Key) || metadata.CountOf(Key) == 0) return null;
            return new CharacterMap(Array.ConvertAll(metadata.Ints(Key), b => (byte)b), $"{file}: {Key}");
        }

        /// <summary>Control and unknown tokens are special; tokens that users defined are found in the text but are part of it.</summary>
        private List<AddedToken> AddedTokens(bool bracketed = false)
        {
            var (left, right) = Strips();
            var tokens = new List<AddedToken>();
            for (var id = 0; id < _tokens.Length; id++)
            {
                var token = _tokens[id];
                var ends = _types[id] is not (TokenType.Normal or TokenType.Byte) || SpecialIds.EndNames.Contains(token);
                if (_types[id] is not (TokenType.Control or TokenType.Unknown or TokenType.UserDefined)
                    && !(ends && SpecialIds.EndNames.Contains(token))
                    && !(bracketed && token is "[CLS]" or "[SEP]" or "[PAD]" or "[UNK]" or "[MASK]")) continue;
                if (token.Length == 0) continue;
                var special = _types[id] != TokenType.UserDefined || SpecialIds.EndNames.Contains(token);
                tokens.Add(new AddedToken(id, token, LeftStrip: left.Contains(token), RightStrip: right(token), Special: special));
            }
            return tokens;
        }

        /// <summary>White space that tokens take with them is not in the file; it goes with the model's name.</summary>
        private (string[] Left, Func<string, bool> Right) Strips()
        {
            var pre = metadata.GetString(Prefix + "pre", "");
            var architecture = metadata.GetString("general.architecture", "");
            var name = metadata.GetString("general.name", "").ToLowerInvariant();
            if (pre.Contains("jina-v2-", StringComparison.Ordinal) || architecture is "nomic-bert-moe" or "jina-bert-v3") return (["<mask>"], _ => false);
            if (name.Contains("phi-3", StringComparison.Ordinal) || name.Contains("phi3", StringComparison.Ordinal))
                return ([], token => token is not ("<unk>" or "<s>" or "<|endoftext|>"));
            return (name.Contains("modern-bert", StringComparison.Ordinal) ? ["[MASK]"] : [], _ => false);
        }

        private SpecialIds Special(int? bos, int? eos, int? unknown = null, int? pad = null)
        {
            int? Get(string name, int? fallback)
            {
                var key = $"{Prefix}{name}_token_id";
                var id = metadata.Contains(key) ? metadata.GetLong(key) : fallback ?? -1;
                return id >= 0 && id < _tokens.Length ? (int)id : null;
            }
            var special = new SpecialIds { Bos = Get("bos", bos), Eos = Get("eos", eos), Unknown = Get("unknown", unknown), Pad = Get("padding", pad) };
            var ends = new HashSet<int>();
            foreach (var id in new[] { special.Eos, Get("eot", null), Get("eom", null) })
                if (id is { } end) ends.Add(end);
            foreach (var name in SpecialIds.EndNames)
                if (_vocabulary.Id(name) is >= 0 and var id) ends.Add(id);
            // Where a turn's end has other names, <|end|> only ends a part of it (gpt-oss).
            bool Has(string name) => _vocabulary.Id(name) >= 0;
            if ((Has("<|return|>") && Has("<|call|>")) || (Has("<|flush|>") && (Has("<|calls|>") || Has("<|call|>")))) ends.Remove(_vocabulary.Id("<|end|>"));
            if (Has("<|tool_response>")) ends.Remove(_vocabulary.Id("</s>"));
            return special with { Ends = ends };
        }

        private TemplatePostProcessor Surround(SpecialIds ids, bool addBos, bool addEos, bool addSep = false, int? defaultSep = null, bool forceBos = false)
        {
            addBos = metadata.GetBool(Prefix + "add_bos_token", addBos) || forceBos;
            addEos = metadata.GetBool(Prefix + "add_eos_token", addEos);
            addSep = metadata.GetBool(Prefix + "add_sep_token", addSep);
            List<(int, string)> before = [], after = [];
            if (addBos) before.Add(Require(ids.Bos, "bos"));
            if (addEos) after.Add(Require(ids.Eos, "eos"));
            else if (addSep && defaultSep is { } sep)
            {
                var id = metadata.GetInt(Prefix + "seperator_token_id", sep);   // llama.cpp's spelling
                after.Add(Require(id >= 0 && id < _tokens.Length ? id : null, "seperator"));
            }
            return new TemplatePostProcessor(before, after);
        }

        private (int, string) Require(int? id, string name)
            => id is { } found ? (found, _tokens[found])
                : throw new HeedException($"{file} says that a {name} token belongs around texts, but {Prefix}{name}_token_id names none in its vocabulary of {_tokens.Length} tokens.");
    }
}
