using System.Text;

namespace Heed.Lens.Figures;

/// <summary>One drawing of a <see cref="DotGrid"/>: what is shown, how large, and the marks.</summary>
internal readonly ref struct DotGridDrawing
{
    private const double LargestCell = 46, SmallestCell = 14, LongestRowLabel = 112;

    private readonly ReadOnlySpan<float> _values;
    private readonly IReadOnlyList<string> _queries, _keys;
    private readonly DotGridOptions _options;
    private readonly int _first, _end, _offset;     // shown queries, and the position of the first of all
    private readonly List<KeyGroup> _groups;
    private readonly double _largest;

    public DotGridDrawing(ReadOnlySpan<float> values, IReadOnlyList<string> queries, IReadOnlyList<string> keys, DotGridOptions options)
    {
        _values = values;
        (_queries, _keys, _options) = (queries, keys, options);
        _offset = options.IsCausal ? keys.Count - queries.Count : 0;
        (_first, _end) = options.Queries is { } range ? (range.First - _offset, range.End - _offset) : Shown(queries.Count, options.Query - _offset);
        if (_first < 0 || _end > queries.Count || _first >= _end)
            throw new ArgumentException($"Queries {_first + _offset} to {_end + _offset - 1} cannot be shown: there are {_offset} to {_offset + queries.Count - 1}.");
        var position = _first + _offset;
        if (!options.IsCausal) _groups = keys.Count <= DotGrid.MaxTokens ? KeyGroup.Singles(0, keys.Count) : KeyGroup.Even(keys.Count, DotGrid.MaxTokens);
        else if (position <= DotGrid.MaxTokens && _end + _offset <= DotGrid.MaxTokens) _groups = KeyGroup.Singles(0, _end + _offset);
        else _groups = [.. position > 0 && IsPattern ? new[] { new KeyGroup(0, position) } : [], .. KeyGroup.Singles(position, _end + _offset)];
        foreach (var group in _groups)
            for (var q = _first; q < _end; q++)
                if (Value(q, group) is { } value) _largest = Math.Max(_largest, Math.Abs(value));
    }

    /// <summary>All queries, or of more than fit the last, or those around the one that is outlined.</summary>
    private static (int First, int End) Shown(int count, int? outlined)
    {
        var last = Math.Max(0, count - DotGrid.MaxTokens);
        var first = outlined is >= 0 and { } query && query < last ? Math.Max(0, query - DotGrid.MaxTokens / 2) : last;
        return (first, Math.Min(count, first + DotGrid.MaxTokens));
    }

    private bool IsPattern => _options.Stage == AttentionStage.Pattern;
    private bool IsLesson => _options.Convention == GridConvention.Lesson;
    private bool IsMaskShown => _options.Stage is AttentionStage.Pattern or AttentionStage.MaskedScores;
    private string Prefix => FigureKey.Head(_options.Layer, _options.Head);

    /// <summary>The value of a query and a key or several, or null where it is masked.</summary>
    private float? Value(int query, KeyGroup keys)
    {
        double sum = 0;
        var any = false;
        for (var k = keys.First; k < keys.End; k++)
        {
            if (IsMasked(query, k)) continue;
            sum += _values[query * _keys.Count + k];
            any = true;
        }
        return any ? (float)sum : null;
    }

    private bool IsMasked(int query, int key)
    {
        var value = _values[query * _keys.Count + key];
        if (float.IsNaN(value) || float.IsNegativeInfinity(value)) return true;
        var back = query + _offset - key;
        return IsMaskShown && _options.IsCausal && (back < 0 || back >= (_options.Window ?? int.MaxValue));
    }

    public Figure Draw()
    {
        int columns = IsLesson ? _end - _first : _groups.Count, rows = IsLesson ? _groups.Count : _end - _first;
        string[] queryLabels = [.. _queries.Skip(_first).Take(_end - _first).Select(t => TokenLabel.Short(t))];
        var keys = _keys;
        string[] keyLabels = [.. _groups.Select(g => g.IsOne ? TokenLabel.Short(keys[g.First]) : g.First == 0 ? $"{g.End} earlier" : $"{g.First}–{g.End - 1}")];
        var (columnTexts, rowTexts) = IsLesson ? (queryLabels, keyLabels) : (keyLabels, queryLabels);
        string[] rowLabels = [.. rowTexts.Select(l => TextWidth.Fit(l, LongestRowLabel, 12, isBold: true))];
        var left = FigureCanvas.Margin + 18 + rowLabels.Max(l => TextWidth.Of(l, 12, isBold: true)) + 10;

        // Cells as large as the width allows. What slanted labels need at the right depends on the cells, which depend on it.
        double cell = LargestCell, right = FigureCanvas.Margin;
        ColumnLabels labels;
        while (true)
        {
            labels = new ColumnLabels(columnTexts, cell);
            right = FigureCanvas.Margin + Math.Max(0, labels.Overhang);
            if (cell <= SmallestCell || left + columns * cell + right <= _options.Width) break;
            cell = Math.Max(SmallestCell, cell - 1);
        }
        var width = Math.Max(left + columns * cell + right, Math.Min(_options.Width, 380));
        var (columnTitle, rowTitle) = IsLesson ? ("queries: the tokens that look", "keys: what they look at") : ("keys: what they look at", "queries: the tokens that look");
        width = Math.Max(width, left + columns * cell / 2 + TextWidth.Of(columnTitle, 11.5, isBold: true) / 2 + FigureCanvas.Margin);
        var canvas = new FigureCanvas(Title(), Caption(), width);

        // Titles and labels. A short grid has its row title beside the first row's label, not along the side.
        var (columnRole, rowRole) = IsLesson ? (FigureRole.Query, FigureRole.Key) : (FigureRole.Key, FigureRole.Query);
        var top = canvas.Top + 12 + 14 + labels.Height;
        var centre = Math.Max(left + columns * cell / 2, FigureCanvas.Margin + TextWidth.Of(columnTitle, 11.5, isBold: true) / 2);
        canvas.Text(centre, canvas.Top + 10, columnTitle, columnRole, 11.5, Anchor.Middle, 600);
        var titleLength = TextWidth.Of(rowTitle, 11.5, isBold: true);
        var isBeside = titleLength <= rows * cell + labels.Height;
        if (isBeside) canvas.Text(FigureCanvas.Margin + 9, top + Math.Min(rows * cell / 2, rows * cell - titleLength / 2), rowTitle, rowRole, 11.5, Anchor.Middle, 600, turn: -90);
        var (prefix, groups, first, offset) = (Prefix, _groups, _first, _offset);
        string KeyPart(int i) => groups[i].Part;
        string QueryPart(int i) => $"q{first + offset + i}";
        var words = new TokenWords(_queries);
        var keyWords = new TokenWords(_keys);
        string KeyWords(int i) => groups[i].IsOne ? keyWords.Of(groups[i].First) : $"tokens {groups[i].First} to {groups[i].End - 1} together";
        string QueryWords(int i) => words.Of(first + i);
        Func<int, string> columnPart = IsLesson ? QueryPart : KeyPart, rowPart = IsLesson ? KeyPart : QueryPart;
        Func<int, string> columnWords = IsLesson ? QueryWords : KeyWords, rowWords = IsLesson ? KeyWords : QueryWords;
        var picked = _options.Query is { } position ? position - offset - first : (int?)null;
        labels.Draw(canvas, left, top - 4, columnRole, i => $"{prefix}.{columnPart(i)}", columnWords, IsLesson ? picked : null);
        for (var row = 0; row < rows; row++)
            canvas.Text(left - 10, top + (row + 0.5) * cell + 4, rowLabels[row], rowRole, cell < 15 ? FigureCanvas.Smallest : 12, Anchor.End,
                !IsLesson && picked == row ? 700 : 500, $"{prefix}.{rowPart(row)}", words: rowWords(row));

        Ground(canvas, left, top, cell, rows, columns);
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
            {
                var (query, key) = IsLesson ? (column, row) : (row, column);
                if (Value(first + query, groups[key]) is not { } value) continue;
                var mark = Mark.Of($"{prefix}.{QueryPart(query)}.{KeyPart(key)}", value, Words(QueryWords(query), KeyWords(key), value));
                Dot(canvas, mark, left + (column + 0.5) * cell, top + (row + 0.5) * cell, cell, value);
            }
        if (picked is { } p && p >= 0 && p < _end - _first)
        {
            if (IsLesson) canvas.Frame(default, left + p * cell, top, cell, rows * cell, FigureRole.Query, 1.5, 3);
            else canvas.Frame(default, left, top + p * cell, columns * cell, cell, FigureRole.Query, 1.5, 3);
        }
        return canvas.Finish(top + rows * cell, Foot(cell) + (isBeside ? "" : $" · down the side: {rowTitle}"));
    }

    /// <summary>Lines between cells, and the masked ones.</summary>
    private void Ground(FigureCanvas canvas, double left, double top, double cell, int rows, int columns)
    {
        var lines = new StringBuilder();
        for (var i = 0; i <= rows; i++) lines.Append($"M{Svg.Number(left)} {Svg.Number(top + i * cell)}h{Svg.Number(columns * cell)}");
        for (var i = 0; i <= columns; i++) lines.Append($"M{Svg.Number(left + i * cell)} {Svg.Number(top)}v{Svg.Number(rows * cell)}");
        canvas.Stroke(default, lines.ToString(), FigureRole.Line);
        var masked = new StringBuilder();
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
            {
                var start = column;
                while (column < columns && (IsLesson ? Value(_first + column, _groups[row]) : Value(_first + row, _groups[column])) is null) column++;
                if (column > start)
                    masked.Append($"M{Svg.Number(left + start * cell)} {Svg.Number(top + row * cell)}h{Svg.Number((column - start) * cell)}v{Svg.Number(cell)}h{Svg.Number((start - column) * cell)}z");
            }
        if (masked.Length > 0) canvas.Path(new($"{Prefix}.mask", null, _options.Window is null ? "later tokens, which may not be seen" : "tokens that may not be seen"), masked.ToString(), FigureRole.Masked);
    }

    private void Dot(FigureCanvas canvas, Mark mark, double x, double y, double cell, float value)
    {
        var full = cell / 2 - (cell > 24 ? 2.5 : 1);
        var radius = full * Math.Sqrt(Math.Abs(value) / (IsPattern ? 1 : Math.Max(_largest, float.Epsilon)));
        if (IsPattern) canvas.Circle(mark, x, y, radius, FigureRole.Ink);
        else if (value >= 0) canvas.Circle(mark, x, y, radius, FigureRole.Query);
        else canvas.Ring(mark, x, y, radius, FigureRole.Key, Math.Min(2.5, radius * 0.6));
        if (IsPattern && value < DotGrid.Legible) return;
        var text = IsPattern ? FigureNumbers.Weight(value) : FigureNumbers.Brief(value);
        if (TextWidth.Of(text, 11, isBold: true) > 2 * radius - (value < 0 ? 5 : 1)) return;
        canvas.Number(x, y + 4, text, value < 0 ? FigureRole.Key : FigureRole.Paper, mark.Key);
    }

    private string Title()
    {
        if (_options.Title is { } title) return title;
        var head = (_options.Layer, _options.Head) switch
        {
            ({ } l, { } h) => $"Layer {l}, head {h}: ",
            ({ } l, null) => $"Layer {l}: ",
            (null, { } h) => $"Head {h}: ",
            _ => "",
        };
        var what = IsPattern ? "who looks at whom" : "how well queries and keys match";
        return head.Length > 0 ? head + what : char.ToUpperInvariant(what[0]) + what[1..];
    }

    private string Caption()
    {
        var one = IsLesson ? "column" : "row";
        return _options.Stage switch
        {
            AttentionStage.Pattern => $"Each {one} is one token looking{(_options.IsCausal ? " back" : "")}; its dots add up to 1.",
            // Each on one line, so that the grid stays where it is from stage to stage.
            AttentionStage.RawScores => $"Raw scores q·k: each {one} is one token's query with every key.",
            AttentionStage.ScaledScores => $"Scores ÷ √d: each {one} is one token's query with every key.",
            _ => $"Scores after the mask: each {one} is one token looking back.",
        };
    }

    private string Foot(double cell)
    {
        var parts = new List<string> { IsPattern ? "area = weight, 1 fills a cell's circle" : $"area = size, the largest is {FigureNumbers.Plain(_largest)} · blue disc: above zero, orange ring: below" };
        if (IsMaskShown && _options.IsCausal)
            parts.Add($"grey: {(_options.Window is { } window ? $"later tokens, or {window} and more before," : "later tokens,")} masked (−∞{(IsPattern ? " before softmax, 0 after" : "")})");
        if (IsPattern && cell < 40) parts.Add("numbers stand only in dots that hold them");
        if (_end - _first < _queries.Count) parts.Add($"{_end - _first} of {_queries.Count} tokens are shown as tokens that look ({_first + _offset} to {_end + _offset - 1})");
        if (_groups.Any(g => !g.IsOne)) parts.Add("several keys in one row are added up");
        else if (_groups[0].First > 0) parts.Add($"keys before {_groups[0].First} are not shown");
        return string.Join(" · ", parts);
    }

    private string Words(string query, string key, float value) => IsPattern
        ? $"{query} looks at {key}: {FigureNumbers.Exact(value)}"
        : $"query of {query}, key of {key}: {FigureNumbers.Exact(value)}";
}
