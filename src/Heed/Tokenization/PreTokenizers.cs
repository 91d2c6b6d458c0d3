namespace Heed.Tokenization;

/// <summary>Splits the text into the pieces that the model sees one by one.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(PreTokenizedText text);
}

internal sealed class SequencePreTokenizer(IReadOnlyList<PreTokenizer> parts) : PreTokenizer
{
    public override void Apply(PreTokenizedText text)
    {
        foreach (var part in parts) part.Apply(text);
    }
}

/// <summary>Splits at what a splitter finds.</summary>
internal sealed class SplitPreTokenizer(ISplitter splitter, SplitBehavior behavior, bool invert = false) : PreTokenizer
{
    public override void Apply(PreTokenizedText text) => text.Split(splitter, behavior, invert);
}

/// <summary>Splits at white space, which vanishes, then sets every punctuation character apart.</summary>
internal sealed class BertPreTokenizer : PreTokenizer
{
    private static readonly CharacterSplitter s_spaces = new(CodePoints.IsWhiteSpace);
    private static readonly CharacterSplitter s_punctuation = new(CodePoints.IsPunctuation);

    public override void Apply(PreTokenizedText text)
    {
        text.Split(s_spaces, SplitBehavior.Removed);
        text.Split(s_punctuation, SplitBehavior.Isolated);
    }
}

/// <summary>GPT-2's: splits by its expression, then writes every byte of the UTF-8 text as one character.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool split) : PreTokenizer
{
    /// <summary>GPT-2's expression.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private readonly ISplitter? _splitter = split ? KnownExpressions.Splitter(Gpt2) : null;

    public override void Apply(PreTokenizedText text)
    {
        if (addPrefixSpace) AddSpaces(text);
        if (_splitter is not null) text.Split(_splitter, SplitBehavior.Isolated);
        text.Rewrite((piece, writer) => WriteBytes(text, piece, writer));
        OperationCounter.Add(text.Length);
    }

    private static void AddSpaces(PreTokenizedText text) => text.Rewrite((piece, writer) =>
    {
        if (text.Text[piece.Start] != ' ') writer.Add(' ', text.StartOf(piece.Start), EndOfFirst(text, piece));
        for (var i = piece.Start; i < piece.End; i++) writer.Add(text.Text[i], text.StartOf(i), text.EndOf(i));
    });

    private static int EndOfFirst(PreTokenizedText text, Piece piece)
    {
        CodePoints.At(text.Of(piece), 0, out var units);
        return text.EndOf(piece.Start + units - 1);
    }

    private static void WriteBytes(PreTokenizedText text, Piece piece, TextWriterWithPlaces writer)
    {
        var characters = text.Text;
        for (var at = piece.Start; at < piece.End; at++)
        {
            var c = characters[at];
            int start = text.StartOf(at), end = text.EndOf(at);
            if (c < 0x80)
            {
                writer.Add(ByteCharacters.Of((byte)c), start, end);
            }
            else if (c < 0x800)
            {
                writer.Add(ByteCharacters.Of((byte)(0xC0 | (c >> 6))), start, end);
                writer.Add(ByteCharacters.Of((byte)(0x80 | (c & 0x3F))), start, end);
            }
            else if (char.IsHighSurrogate(c) && at + 1 < piece.End)
            {
                var full = char.ConvertToUtf32(c, characters[++at]);
                end = text.EndOf(at);
                writer.Add(ByteCharacters.Of((byte)(0xF0 | (full >> 18))), start, end);
                writer.Add(ByteCharacters.Of((byte)(0x80 | ((full >> 12) & 0x3F))), start, end);
                writer.Add(ByteCharacters.Of((byte)(0x80 | ((full >> 6) & 0x3F))), start, end);
                writer.Add(ByteCharacters.Of((byte)(0x80 | (full & 0x3F))), start, end);
            }
            else
            {
                writer.Add(ByteCharacters.Of((byte)(0xE0 | (c >> 12))), start, end);
                writer.Add(ByteCharacters.Of((byte)(0x80 | ((c >> 6) & 0x3F))), start, end);
                writer.Add(ByteCharacters.Of((byte)(0x80 | (c & 0x3F))), start, end);
            }
        }
    }
}

internal enum PrependScheme { Always, First, Never }

/// <summary>SentencePiece's: writes spaces as ▁, puts one in front, and splits before each.</summary>
internal sealed class MetaspacePreTokenizer(string replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    private readonly LiteralSplitter _splitter = new(replacement);

    public override void Apply(PreTokenizedText text)
    {
        text.Rewrite((piece, writer) =>
        {
            var first = text.Of(piece);
            // The first unit's place serves for what is put in front of it.
            var begins = first[0] == ' ' || first.StartsWith(replacement, StringComparison.Ordinal);
            if (!begins && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && text.StartOf(piece.Start) == 0)))
            {
                CodePoints.At(first, 0, out var units);
                foreach (var c in replacement) writer.Add(c, text.StartOf(piece.Start), text.EndOf(piece.Start + units - 1));
            }
            for (var i = piece.Start; i < piece.End; i++)
            {
                if (text.Text[i] == ' ')
                    foreach (var c in replacement) writer.Add(c, text.StartOf(i), text.EndOf(i));
                else writer.Add(text.Text[i], text.StartOf(i), text.EndOf(i));
            }
        });
        if (split) text.Split(_splitter, SplitBehavior.MergedWithNext);
        OperationCounter.Add(text.Length);
    }
}
