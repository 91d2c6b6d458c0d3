using Heed.Tokenization.Models;

namespace Heed.Tokenization;

/// <summary>
/// Turns text into a model's tokens and back. Loaded from a tokenizer.json, a Hugging Face folder or a GGUF file; gives the
/// same ids, offsets and texts as Hugging Face's tokenizers do from tokenizer.json. Safe to use from several threads.
/// </summary>
/// <remarks>
/// Text is Unicode: half of a surrogate pair standing alone in a .NET string is read as U+FFFD.
/// Encoding takes time in proportion to the text's length (n·log n at worst, in one unbroken piece).
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenModel _model;
    private readonly TokenizerParts _parts;
    private readonly Dictionary<int, AddedToken> _added = [];
    private readonly Dictionary<int, string> _addedDecoded = [];
    private readonly Dictionary<string, int> _addedIds = new(StringComparer.Ordinal);
    private readonly HashSet<string> _special = new(StringComparer.Ordinal);
    private readonly AddedTokenFinder _plainFinder;
    private readonly AddedTokenFinder _normalizedFinder;

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _model = parts.Model;
        DecoderSteps = parts.Decoder;
        var normalized = new List<(string, AddedToken)>();
        foreach (var token in parts.AddedTokens)
        {
            if (token.Content.Length == 0) continue;
            _added[token.Id] = token;
            _addedIds[token.Content] = token.Id;
            if (token.Special) _special.Add(token.Content);
            if (!token.Normalized) continue;
            // Looked for, and decoded, in the form that the normaliser gives it.
            var text = Normalize(token.Content);
            _addedDecoded[token.Id] = text;
            normalized.Add((text, token));
        }
        _normalizedFinder = new AddedTokenFinder(normalized.Where(t => _added[t.Item2.Id] == t.Item2));
        _plainFinder = new AddedTokenFinder(_added.Values.Where(t => !t.Normalized).Select(t => (t.Content, t)));
        VocabularySize = Math.Max(_model.Vocabulary.Size, _added.Count == 0 ? 0 : _added.Keys.Max() + 1);
        var special = parts.Special;
        (BosId, EosId, PadId, UnknownId, EndIds) = (special.Bos, special.Eos, special.Pad, special.Unknown, special.Ends);
    }

    /// <summary>One more than the largest id.</summary>
    public int VocabularySize { get; }

    /// <summary>The token that begins a text, where the files say which.</summary>
    public int? BosId { get; }

    /// <summary>The token that ends a text, where the files say which.</summary>
    public int? EosId { get; }

    /// <summary>The padding token, where the files say which.</summary>
    public int? PadId { get; }

    /// <summary>The token for what is in no other, where the files say which.</summary>
    public int? UnknownId { get; }

    /// <summary>The tokens after which generation stops: end of text, end of turn.</summary>
    public IReadOnlySet<int> EndIds { get; }

    internal IReadOnlyList<DecoderStep> DecoderSteps { get; }

    /// <summary>Loads a tokenizer.</summary>
    /// <param name="path">A tokenizer.json, a Hugging Face folder (tokenizer.json, or vocab.json and merges.txt), or a .gguf file.</param>
    /// <exception cref="HeedException">It is none of these, or it is damaged, or uses something that is not supported.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path)) return TokenizerFolder.Load(path);
        if (path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) return GgufTokenizer.Load(path);
        return TokenizerFolder.LoadFile(path);
    }

    /// <summary>The tokenizer in the metadata of an open GGUF file.</summary>
    /// <exception cref="HeedException">It has none, or one of a kind that is not supported.</exception>
    public static Tokenizer Load(Formats.GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return GgufTokenizer.Load(file.Metadata, file.Path);
    }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">Any text; also an empty one.</param>
    /// <param name="addSpecialTokens">Adds what the tokenizer's files say belongs around a text (begin of text, [CLS] …).</param>
    /// <exception cref="HeedException">The text has a character that the vocabulary can express in no way.</exception>
    public Encoding Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var input = TextInput.ReplaceLoneSurrogates(text);
        var pieces = CutAndNormalize(input);
        _parts.PreTokenizer?.Apply(pieces);
        var tokens = Tokenize(pieces);
        var encoding = ToEncoding(tokens, pieces, input);
        if (_parts.Truncation is { } truncation)
            encoding = truncation.Apply(encoding, addSpecialTokens ? _parts.PostProcessor?.AddedCount ?? 0 : 0);
        if (_parts.PostProcessor is { } processor) encoding = processor.Apply(encoding, addSpecialTokens);
        return _parts.Padding is { } padding ? padding.Apply(encoding) : encoding;
    }

    /// <summary>The text of tokens. Ids that the vocabulary lacks are passed over.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var decoder = CreateDecoder(skipSpecialTokens);
        foreach (var id in ids) decoder.AddQuietly(id);
        return decoder.Flush();
    }

    /// <summary>A decoder for tokens that come one by one.</summary>
    public TokenDecoder CreateDecoder(bool skipSpecialTokens = false) => new(this, skipSpecialTokens);

    /// <summary>A token as the vocabulary writes it.</summary>
    /// <exception cref="HeedException">The vocabulary has no token of that id.</exception>
    public string TokenText(int id) => FindText(id) ?? throw new HeedException($"The vocabulary has no token {id}; its ids are below {VocabularySize}.");

    /// <summary>The bytes that a token stands for, UTF-8 where they are text: those of a part of a character are no text yet.</summary>
    /// <exception cref="HeedException">The vocabulary has no token of that id.</exception>
    public byte[] TokenBytes(int id)
    {
        var token = DecodedText(id, skipSpecial: false) ?? TokenText(id);
        return DecoderSteps.Select(step => step.BytesOf(token)).FirstOrDefault(bytes => bytes is not null) ?? System.Text.Encoding.UTF8.GetBytes(Decode([id]));
    }

    /// <summary>The id of a token written as in the vocabulary, or null.</summary>
    public int? Id(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (_addedIds.TryGetValue(token, out var added)) return added;
        var id = _model.Vocabulary.Id(token);
        return id >= 0 ? id : null;
    }

    /// <summary>True for tokens that stand for no text, such as the end of a turn; they are left out when decoding without special tokens.</summary>
    public bool IsSpecial(int id) => _added.TryGetValue(id, out var token) && _special.Contains(token.Content);

    internal string? FindText(int id) => _added.TryGetValue(id, out var token) ? token.Content : _model.Vocabulary.Text(id);

    /// <summary>The text that decoding begins with for a token, or null if it is to be passed over.</summary>
    internal string? DecodedText(int id, bool skipSpecial)
    {
        var text = _addedDecoded.GetValueOrDefault(id) ?? FindText(id);
        return text is null || (skipSpecial && _special.Contains(text)) ? null : text;
    }

    private string Normalize(string text)
    {
        if (_parts.Normalizer is null) return text;
        var normalized = new NormalizedText(text, 0, text.Length);
        _parts.Normalizer.Apply(normalized);
        return normalized.Text.ToString();
    }

    /// <summary>Added tokens are found first; what is between them is normalised and searched for those that are sought there.</summary>
    private PreTokenizedText CutAndNormalize(string input)
    {
        OperationCounter.Add(input.Length);
        var parts = new List<Piece>();
        if (_plainFinder.IsEmpty)
        {
            if (input.Length > 0) parts.Add(new Piece(0, input.Length));
        }
        else _plainFinder.Cut(input, 0, parts);

        if (_parts.Normalizer is null)
        {
            var pieces = parts;
            if (!_normalizedFinder.IsEmpty)
            {
                pieces = new List<Piece>(parts.Count);
                foreach (var part in parts)
                {
                    if (part.Token >= 0) pieces.Add(part);
                    else _normalizedFinder.Cut(input.AsSpan(part.Start, part.End - part.Start), part.Start, pieces);
                }
            }
            return new PreTokenizedText(input.ToCharArray(), input.Length, null, null, pieces);
        }

        var writer = new TextWriterWithPlaces(input.Length + 16);
        var result = new List<Piece>(parts.Count);
        foreach (var part in parts)
        {
            var start = writer.Length;
            var text = new NormalizedText(input, part.Start, part.End);
            if (part.Token >= 0)
            {
                text.CopyTo(writer);
                result.Add(new Piece(start, writer.Length, part.Token));
                continue;
            }
            _parts.Normalizer.Apply(text);
            text.CopyTo(writer);
            if (_normalizedFinder.IsEmpty)
            {
                if (writer.Length > start) result.Add(new Piece(start, writer.Length));
            }
            else _normalizedFinder.Cut(text.Text, start, result);
        }
        OperationCounter.Add(writer.Length);
        return new PreTokenizedText(writer.Text, writer.Length, writer.Starts, writer.Ends, result);
    }

    private TokenList Tokenize(PreTokenizedText text)
    {
        var tokens = new TokenList(Math.Max(16, text.Length / 3));
        foreach (var piece in text.Pieces)
        {
            if (piece.Token < 0)
            {
                _model.Tokenize(text.Of(piece), piece.Start, tokens);
                continue;
            }
            // An added token's text is what stood in the input, white space that it took included.
            var written = text.Of(piece);
            tokens.Add(piece.Token, piece.Start, piece.End, written.SequenceEqual(FindText(piece.Token)) ? null : written.ToString());
        }
        return tokens;
    }

    private Encoding ToEncoding(TokenList tokens, PreTokenizedText pieces, string input)
    {
        var points = TextInput.CodePointIndex(input);
        var ids = tokens.Ids.ToArray();
        var texts = new string[ids.Length];
        var offsets = new (int, int)[ids.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            texts[i] = tokens.Text(i) ?? FindText(ids[i]) ?? "";
            var start = pieces.StartOf(tokens.Starts[i]);
            var end = pieces.EndOf(tokens.Ends[i] - 1);
            offsets[i] = points is null ? (start, end) : (points[start], points[end]);
        }
        return new Encoding { Ids = ids, Tokens = texts, Offsets = offsets, IsAdded = new bool[ids.Length] };
    }
}
