using System.Globalization;

namespace Heed.Tracing;

/// <summary>Where an edit is made: the live numbers of one activation, of which it changes the selected vectors.</summary>
internal sealed unsafe class EditSite(Edit edit, ActivationInfo info, float* values, int positions, int keys, int firstPosition, int length)
{
    /// <summary>The activation's name.</summary>
    public string Name => info.Name;

    /// <summary>Positions in this pass.</summary>
    public int Positions => positions;

    /// <summary>The position of the first of them in the text.</summary>
    public int FirstPosition => firstPosition;

    /// <summary>Tokens of the text so far.</summary>
    public int Length => length;

    /// <summary>Every selected vector.</summary>
    public void ForEach(VectorEdit change)
    {
        var (from, to) = Clip(edit.Positions, length);
        ForEachPosition(change, Math.Max(0, from - firstPosition), Math.Min(positions, to - firstPosition));
    }

    /// <summary>Every vector of the selected heads, at all positions of this pass.</summary>
    public void ForEachPosition(VectorEdit change) => ForEachPosition(change, 0, positions);

    private void ForEachPosition(VectorEdit change, int from, int to)
    {
        // [position, width], [position, head, size], [head, position, size] or [head, query, key].
        var axes = info.Axes;
        var headAxis = axes.Count == 2 ? -1 : axes[0].Length == 0 ? 1 : 0;
        var heads = headAxis < 0 ? 1 : axes[headAxis].Length;
        var width = axes[^1].Length == 0 ? keys : axes[^1].Length;
        for (var head = edit.Head ?? 0; head < (edit.Head + 1 ?? heads); head++)
            for (var t = from; t < to; t++)
            {
                var row = headAxis == 0 ? (long)head * positions + t : (long)t * heads + head;
                change(new Span<float>(values + row * width, width), firstPosition + t, head);
            }
    }

    /// <summary>A range of positions in a text of <paramref name="length"/> tokens, cut to it.</summary>
    public static (int From, int To) Clip(Range range, int length)
    {
        int from = range.Start.GetOffset(length), to = range.End.GetOffset(length);
        return (Math.Clamp(from, 0, length), Math.Clamp(to, 0, length));
    }
}

/// <summary>A kept activation that an edit copies from, by the model's own positions and heads.</summary>
internal sealed class EditSource
{
    private readonly Activation _from;
    private readonly int _positionAxis, _headAxis, _width;

    public EditSource(Activation from)
    {
        _from = from;
        string[] axes = [.. from.Axes];
        _positionAxis = Array.FindIndex(axes, a => a is "position" or "query");
        _headAxis = axes.Length == 3 ? 1 - _positionAxis : -1;
        if (_positionAxis is not (0 or 1) || axes.Length is not (2 or 3) || axes.Length == 2 && _positionAxis != 0)
            throw new HeedException($"{from} cannot be put in: its axes are not those of an activation.");
        _width = from.Shape[^1];
    }

    /// <summary>Refuses an activation whose vectors or heads do not fit.</summary>
    public void Check(ActivationInfo info, int? head)
    {
        var isGrid = info.Axes[^1].Axis == "key";
        if (_from.Shape.Count != info.Axes.Count || isGrid != (_from.Axes[^1] == "key"))
            throw new HeedException($"{_from} cannot be put into {info}: their axes differ.");
        if (!isGrid && _width != info.Axes[^1].Length)
            throw new HeedException($"{_from} cannot be put into {info}: its vectors have {_width} numbers instead of {info.Axes[^1].Length}.");
        if (_headAxis < 0) return;
        if (head is { } h) _from.At(_from.Axes[_headAxis], h);
        else if (_from.Shape[_headAxis] != info.Heads) throw new HeedException($"{_from} cannot be put into {info}: it has {_from.Shape[_headAxis]} of {info.Heads} heads. Choose one with head.");
    }

    public void CopyTo(Span<float> row, int position, int head)
    {
        var values = Row(position, head);
        if (row.Length == values.Length)
        {
            values.CopyTo(row);
            return;
        }
        // A grid's rows have the length of their text.
        throw new HeedException($"{_from} is of a text of {values.Length} tokens; here there are {row.Length}. Use texts of the same length, or give a pattern of your own.");
    }

    /// <summary>The mean over the kept positions.</summary>
    public float[] Mean(int head)
    {
        var sum = new double[_width];
        var n = _from.Shape[_positionAxis];
        for (var t = 0; t < n; t++)
        {
            var row = RowAt(t, head);
            for (var i = 0; i < row.Length; i++) sum[i] += row[i];
        }
        return [.. sum.Select(s => (float)(s / n))];
    }

    private ReadOnlySpan<float> Row(int position, int head)
    {
        var axis = _from.Axes[_positionAxis];
        if (!_from.Selected.ContainsKey(axis) && position >= _from.Shape[_positionAxis])
            throw new HeedException(string.Create(CultureInfo.InvariantCulture, $"{_from} has no position {position} to take numbers from. Limit the edit with positions, or use texts of the same length."));
        return RowAt(_from.At(axis, position), head);
    }

    private ReadOnlySpan<float> RowAt(int at, int head)
    {
        if (_headAxis < 0) return _from.Row(at);
        var h = _from.At(_from.Axes[_headAxis], head);
        return _headAxis == 0 ? _from.Row(h, at) : _from.Row(at, h);
    }
}
