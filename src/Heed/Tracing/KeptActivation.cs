namespace Heed.Tracing;

/// <summary>One activation as a trace collects it: a part from each pass, joined along the positions when it is read.</summary>
internal sealed class KeptActivation(ActivationInfo info, int[]? heads)
{
    /// <summary>Numbers of some positions: [rows…] with the activation's axes; keys is the length of a grid's last axis.</summary>
    private readonly record struct Part(float[] Values, int Rows, int Keys);

    private readonly List<Part> _parts = [];
    private readonly List<int> _positions = [];

    /// <summary>Scores of earlier queries with keys that came later: [head, earlier rows, new keys], in the order of the passes.</summary>
    private readonly List<(float[] Values, int Rows, int FirstKey, int Keys)> _late = [];
    private Activation? _joined;

    public ActivationInfo Info => info;

    /// <summary>The absolute positions kept so far.</summary>
    public IReadOnlyList<int> Positions => _positions;

    private bool IsGrid => info.Axes[^1].Axis == "key";
    private bool IsHeadFirst => info.Axes[0].Length != 0;
    private int HeadCount => heads?.Length ?? (info.Axes.Count == 2 ? 1 : info.Axes[IsHeadFirst ? 0 : 1].Length);

    /// <summary>Copies the selected rows of a pass.</summary>
    /// <param name="values">The live buffer, all heads and rows.</param>
    /// <param name="positions">Rows in it.</param>
    /// <param name="keys">A grid's keys.</param>
    /// <param name="firstPosition">The position of the first row.</param>
    /// <param name="from">First row to keep.</param>
    /// <param name="to">After the last.</param>
    public unsafe void Add(float* values, int positions, int keys, int firstPosition, int from, int to)
    {
        if (to <= from) return;
        _joined = null;
        var width = IsGrid ? keys : info.Axes[^1].Length;
        int all = info.Axes.Count == 2 ? 1 : info.Axes[IsHeadFirst ? 0 : 1].Length, kept = HeadCount, rows = to - from;
        var copy = GC.AllocateUninitializedArray<float>(checked(rows * kept * width));
        for (var h = 0; h < kept; h++)
        {
            var head = heads?[h] ?? h;
            for (var t = 0; t < rows; t++)
            {
                var source = IsHeadFirst ? (long)head * positions + from + t : (long)(from + t) * all + head;
                var target = IsHeadFirst ? h * rows + t : t * kept + h;
                new ReadOnlySpan<float>(values + source * width, width).CopyTo(copy.AsSpan(target * width, width));
            }
        }
        _parts.Add(new(copy, rows, keys));
        for (var t = from; t < to; t++) _positions.Add(firstPosition + t);
    }

    /// <summary>Adds the scores of the rows kept so far with new keys.</summary>
    /// <param name="values">[kept heads, rows so far, new keys].</param>
    /// <param name="firstKey">The position of the first new key.</param>
    /// <param name="keys">How many new keys.</param>
    public void AddLate(float[] values, int firstKey, int keys)
    {
        _joined = null;
        _late.Add((values, _positions.Count, firstKey, keys));
    }

    /// <summary>What it has of positions before <paramref name="length"/>, as one part of its own.</summary>
    public KeptActivation Fork(int length)
    {
        var fork = new KeptActivation(info, heads);
        fork._positions.AddRange(_positions.Where(p => p < length));
        if (fork._positions.Count == 0) return fork;
        var whole = Join().Values.Span;
        int all = _positions.Count, rows = fork._positions.Count, width = whole.Length / (all * HeadCount), kept = IsGrid ? length : width;
        var values = GC.AllocateUninitializedArray<float>(checked(rows * HeadCount * kept));
        for (var h = 0; h < HeadCount; h++)
            for (var t = 0; t < rows; t++)
            {
                int source = IsHeadFirst ? h * all + t : t * HeadCount + h, target = IsHeadFirst ? h * rows + t : t * HeadCount + h;
                whole.Slice(source * width, kept).CopyTo(values.AsSpan(target * kept));
            }
        fork._parts.Add(new(values, rows, IsGrid ? length : 0));
        return fork;
    }

    /// <summary>Heads kept, as the model counts them.</summary>
    public IEnumerable<int> Heads => heads ?? Enumerable.Range(0, HeadCount);

    public long ByteLength => _parts.Sum(p => (long)p.Values.Length * sizeof(float)) + _late.Sum(p => (long)p.Values.Length * sizeof(float));

    /// <summary>All parts as one activation.</summary>
    public Activation Join()
    {
        if (_joined is not null) return _joined;
        int rows = _positions.Count, kept = HeadCount;
        var width = IsGrid ? _parts.Count == 0 ? 0 : _parts[^1].Keys : info.Axes[^1].Length;
        var values = _parts.Count == 1 ? _parts[0].Values : new float[checked(rows * kept * width)];
        if (_parts.Count > 1)
        {
            // A later key was hidden from an earlier query: −∞ before the softmax, 0 after it.
            if (info.Local == ActivationNames.Scores) Array.Fill(values, float.NegativeInfinity);
            var row = 0;
            foreach (var part in _parts)
            {
                CopyPart(part, part.Rows, row, 0, values, rows, width);
                row += part.Rows;
            }
            foreach (var late in _late) CopyPart(new(late.Values, late.Rows, late.Keys), late.Rows, 0, late.FirstKey, values, rows, width);
        }
        int[] shape = info.Axes.Count == 2 ? [rows, width] : IsHeadFirst ? [kept, rows, width] : [rows, kept, width];
        var selected = new Dictionary<string, IReadOnlyList<int>>();
        if (heads is not null) selected[info.Axes[IsHeadFirst ? 0 : 1].Axis] = heads;
        if (rows > 0 && _positions[^1] != rows - 1) selected[IsGrid ? "query" : "position"] = [.. _positions];
        return _joined = new(info.Name, [.. info.Axes.Select(a => a.Axis)], shape, values) { Selected = selected };
    }

    private void CopyPart(Part part, int partRows, int firstRow, int firstKey, float[] values, int rows, int width)
    {
        var partWidth = IsGrid ? part.Keys : width;
        for (var h = 0; h < HeadCount; h++)
            for (var t = 0; t < partRows; t++)
            {
                var source = IsHeadFirst ? h * partRows + t : t * HeadCount + h;
                var target = IsHeadFirst ? h * rows + firstRow + t : (firstRow + t) * HeadCount + h;
                part.Values.AsSpan(source * partWidth, partWidth).CopyTo(values.AsSpan(target * width + firstKey, partWidth));
            }
    }
}
