namespace Heed.Lens.Figures;

/// <summary>Which tokens of a long text a figure of one row a token shows: the last ones, or, where the picked one is earlier, it and those after it.</summary>
internal readonly record struct TokenWindow(int First, int Count, int Of)
{
    /// <summary>At most so many of <paramref name="of"/> tokens.</summary>
    public static TokenWindow Choose(int of, int most, int? picked)
    {
        var last = Math.Max(0, of - most);
        return new(picked is >= 0 and var p && p < last ? p : last, Math.Min(most, of), of);
    }

    /// <summary>One more than the last that is shown.</summary>
    public int End => First + Count;

    /// <summary>What the foot says of it; nothing where all are shown.</summary>
    public string Words => Count == Of ? "" : End == Of ? $"the last {Count} of {Of} tokens are shown" : $"{Count} of {Of} tokens are shown, from the one picked";
}
