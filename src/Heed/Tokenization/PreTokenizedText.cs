namespace Heed.Tokenization;

/// <summary>A part of the text: still to be split (<see cref="Token"/> is -1), or an added token that was found there.</summary>
internal readonly record struct Piece(int Start, int End, int Token = -1);

/// <summary>What becomes of the matches when a text is split at them.</summary>
internal enum SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Finds what splits a text. Positions are UTF-16 units of the span; matches do not overlap and come in order.</summary>
internal interface ISplitter
{
    /// <summary>Adds the matches in <paramref name="text"/>, which is a whole piece: nothing around it is seen.</summary>
    void FindMatches(ReadOnlySpan<char> text, List<(int Start, int End)> matches);
}

/// <summary>
/// The text on its way to the model: its characters (after normalisation, in UTF-16), where each comes from in the
/// input, and the pieces it is split into so far. Pieces share one buffer, so splitting copies nothing.
/// </summary>
internal sealed class PreTokenizedText(char[] text, int length, int[]? starts, int[]? ends, List<Piece> pieces)
{
    private readonly List<(int Start, int End)> _matches = [];

    /// <summary>The characters; only the first <see cref="Length"/> count.</summary>
    public char[] Text { get; private set; } = text;

    public int Length { get; private set; } = length;

    public List<Piece> Pieces { get; private set; } = pieces;

    /// <summary>Where unit i's character begins in the input (UTF-16 units).</summary>
    public int StartOf(int at) => starts is null ? at : starts[at];

    /// <summary>Where unit i's character ends in the input (UTF-16 units).</summary>
    public int EndOf(int at) => ends is null ? at + 1 : ends[at];

    public ReadOnlySpan<char> Of(Piece piece) => Text.AsSpan(piece.Start, piece.End - piece.Start);

    /// <summary>Splits every piece at what <paramref name="splitter"/> finds; empty parts vanish.</summary>
    public void Split(ISplitter splitter, SplitBehavior behavior, bool invert = false)
    {
        var result = new List<Piece>(Pieces.Count * 2);
        foreach (var piece in Pieces)
        {
            if (piece.Token >= 0) result.Add(piece);
            else SplitPiece(piece, splitter, behavior, invert, result);
        }
        Pieces = result;
    }

    private void SplitPiece(Piece piece, ISplitter splitter, SplitBehavior behavior, bool invert, List<Piece> result)
    {
        _matches.Clear();
        splitter.FindMatches(Of(piece), _matches);
        var length = piece.End - piece.Start;
        // Walk the parts in order: gaps and matches alternate, with `matched` saying which this part is.
        int at = 0, next = 0;
        int openStart = -1, openEnd = -1;          // a part that may still grow
        var previousMatched = false;
        while (at < length || next < _matches.Count)
        {
            int end;
            bool matched;
            if (next < _matches.Count && _matches[next].Start == at)
            {
                end = _matches[next++].End;
                matched = !invert;
            }
            else
            {
                end = next < _matches.Count ? _matches[next].Start : length;
                matched = invert;
            }
            Part(at, end, matched);
            at = end;
        }
        Close();

        void Part(int start, int end, bool matched)
        {
            switch (behavior)
            {
                case SplitBehavior.Isolated:
                    Emit(start, end);
                    break;
                case SplitBehavior.Removed:
                    if (!matched) Emit(start, end);
                    break;
                case SplitBehavior.Contiguous:
                    if (openStart >= 0 && matched == previousMatched) openEnd = end;
                    else Open(start, end);
                    break;
                case SplitBehavior.MergedWithPrevious:
                    if (matched && !previousMatched && openStart >= 0) openEnd = end;
                    else Open(start, end);
                    break;
                case SplitBehavior.MergedWithNext:
                    // A match waits for what follows; a second match in a row stands alone.
                    if (!matched && previousMatched && openStart >= 0) openEnd = end;
                    else Open(start, end);
                    break;
            }
            previousMatched = matched;
        }

        void Open(int start, int end)
        {
            Close();
            (openStart, openEnd) = (start, end);
        }

        void Close()
        {
            if (openStart >= 0) Emit(openStart, openEnd);
            openStart = -1;
        }

        void Emit(int start, int end)
        {
            if (end > start) result.Add(new Piece(piece.Start + start, piece.Start + end));
        }
    }

    /// <summary>
    /// Writes the text anew: <paramref name="write"/> is called for every piece that is not a token and appends its new
    /// characters with the places they come from; the pieces keep their order.
    /// </summary>
    public void Rewrite(Action<Piece, TextWriterWithPlaces> write)
    {
        var writer = new TextWriterWithPlaces(Length + Length / 8 + 16);
        var result = new List<Piece>(Pieces.Count);
        foreach (var piece in Pieces)
        {
            var start = writer.Length;
            if (piece.Token >= 0)
                for (var i = piece.Start; i < piece.End; i++) writer.Add(Text[i], StartOf(i), EndOf(i));
            else write(piece, writer);
            if (writer.Length > start) result.Add(new Piece(start, writer.Length, piece.Token));
        }
        Text = writer.Text;
        Length = writer.Length;
        starts = writer.Starts;
        ends = writer.Ends;
        Pieces = result;
    }
}

/// <summary>Growing text in which every UTF-16 unit knows the range of the input that it comes from.</summary>
internal sealed class TextWriterWithPlaces(int capacity)
{
    public char[] Text { get; private set; } = new char[Math.Max(capacity, 16)];
    public int[] Starts { get; private set; } = new int[Math.Max(capacity, 16)];
    public int[] Ends { get; private set; } = new int[Math.Max(capacity, 16)];
    public int Length { get; private set; }

    public void Add(char c, int start, int end)
    {
        if (Length == Text.Length) Grow();
        Text[Length] = c;
        Starts[Length] = start;
        Ends[Length] = end;
        Length++;
    }

    private void Grow()
    {
        var (text, starts, ends) = (Text, Starts, Ends);
        Array.Resize(ref text, Length * 2);
        Array.Resize(ref starts, Length * 2);
        Array.Resize(ref ends, Length * 2);
        (Text, Starts, Ends) = (text, starts, ends);
    }
}
