namespace Heed.Lens;

/// <summary>A range of positions, checked against a text.</summary>
internal readonly record struct PositionRange(int First, int End)
{
    public int Count => End - First;

    /// <summary>The range in a text of <paramref name="length"/> tokens.</summary>
    /// <exception cref="HeedException">It is empty or outside the text.</exception>
    public static PositionRange Of(Range range, int length)
    {
        if (length == 0) throw new HeedException("There are no tokens: the text is empty.");
        int first = range.Start.GetOffset(length), end = range.End.GetOffset(length);
        if (first < 0 || end > length || first >= end)
            throw new HeedException($"The positions {range} are none of this text, which has {length}: 0…{length - 1}.");
        return new(first, end);
    }

    /// <summary>One position in a text of <paramref name="length"/> tokens; <c>^1</c> is the last.</summary>
    /// <exception cref="HeedException">It is outside the text.</exception>
    public static int At(Index position, int length)
    {
        if (length == 0) throw new HeedException("There are no tokens: the text is empty.");
        var at = position.GetOffset(length);
        return (uint)at < (uint)length ? at : throw new HeedException($"Position {position} is not in this text, which has positions 0…{length - 1}.");
    }
}
