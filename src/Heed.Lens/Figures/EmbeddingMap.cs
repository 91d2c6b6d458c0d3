using System.Text;

namespace Heed.Lens.Figures;

/// <summary>Something that has a place in an <see cref="EmbeddingMap"/>, or moves through several.</summary>
/// <param name="Name">What it is, usually a token.</param>
/// <param name="Key">Its key: p3, v2303.</param>
/// <param name="Path">Its places, the first to the last: one for a point, one for each layer for a path.</param>
public sealed record MapPoint(string Name, string Key, IReadOnlyList<(float X, float Y)> Path);

/// <summary>How <see cref="EmbeddingMap"/> is drawn.</summary>
public sealed record EmbeddingMapOptions
{
    /// <summary>What is seen.</summary>
    public required string Title { get; init; }

    /// <summary>The shares of the variance that both directions hold (<see cref="Pca.Shares"/>), for the caption; null: not said.</summary>
    public (double X, double Y)? Shares { get; init; }

    /// <summary>What the places of a path are ("layer").</summary>
    public string Step { get; init; } = "layer";

    /// <summary>The names of a path's places ("the embedding", "layer 0"); null: the step and its number.</summary>
    public IReadOnlyList<string>? StepNames { get; init; }

    /// <summary>What was done to the vectors before, for the foot; null: nothing.</summary>
    public string? Note { get; init; }

    /// <summary>Points to pick out, by key.</summary>
    public IReadOnlyList<string> Picked { get; init; } = [];

    /// <summary>The figure's width in pixels.</summary>
    public double Width { get; init; } = 640;
}

/// <summary>
/// Vectors in two dimensions, near where they are alike, with their way through the layers as a path.
/// <code>
/// var pca = Pca.Of(vectors);
/// EmbeddingMap.Of(tokens.Select((t, i) => new MapPoint(t, $"p{i}", layers.Select(l => Place(l, i)).ToArray())).ToArray(), new() { Title = "Where “mole” goes" })
/// </code>
/// </summary>
public static class EmbeddingMap
{
    private const double LongestLabel = 190, FarthestLabel = 42, Row = 20;

    /// <summary>Draws it. One scale holds for both directions.</summary>
    public static Figure Of(IReadOnlyList<MapPoint> points, EmbeddingMapOptions options)
    {
        if (points.Count == 0 || points.Any(p => p.Path.Count == 0)) throw new ArgumentException("A map needs points, and every point a place.");
        var all = points.SelectMany(p => p.Path).ToArray();
        if (all.FirstOrDefault(p => !float.IsFinite(p.X) || !float.IsFinite(p.Y)) is { } bad && (bad.X != 0 || bad.Y != 0)) throw new ArgumentException($"The place ({bad.X}, {bad.Y}) is not finite.");
        var hasPaths = points.Any(p => p.Path.Count > 1);
        var longest = points.Max(p => p.Path.Count);
        if (options.StepNames is { } given && given.Count < longest) throw new ArgumentException($"The longest path has {longest} places; there are names for {given.Count}.");
        var canvas = new FigureCanvas(options.Title, "Two dimensions of many: the directions along which these vectors differ most"
            + (options.Shares is { } s ? $"; they hold {FigureNumbers.Percent(s.X)} and {FigureNumbers.Percent(s.Y)} of the differences." : ".")
            + (!hasPaths ? "" : options.StepNames is { } steps ? $" A path follows one vector from {steps[0]} (small) to {steps[longest - 1]} (large)." : $" A path follows one vector from the first {options.Step} (small) to the last (large)."), options.Width);
        double left = FigureCanvas.Margin, top = canvas.Top, width = canvas.Width - 2 * FigureCanvas.Margin;
        double minX = all.Min(p => p.X), maxX = all.Max(p => p.X), minY = all.Min(p => p.Y), maxY = all.Max(p => p.Y);
        var inner = width - 2 * 56;
        var scale = Math.Min(inner / Math.Max(maxX - minX, 1e-30), inner * 0.85 / Math.Max(maxY - minY, 1e-30));
        if (maxX == minX && maxY == minY) scale = 0;
        var height = (maxY - minY) * scale + 72;
        double X(double x) => left + width / 2 + (x - (minX + maxX) / 2) * scale;
        double Y(double y) => top + height / 2 - (y - (minY + maxY) / 2) * scale;
        canvas.Frame(default, left, top, width, height, FigureRole.Line, round: 8);
        if (minX < 0 && maxX > 0) canvas.Rule(X(0), top, X(0), top + height);
        if (minY < 0 && maxY > 0) canvas.Rule(left, Y(0), left + width, Y(0));

        var labels = new MapLabels(left, top, width, height, [.. points.Select(p => p.Path.Select(at => (X(at.X), Y(at.Y))).ToArray())]);
        var unlabelled = 0;
        // A few paths have a colour each, which their names share; of many, only those picked out stand apart.
        FigureRole[] few = [FigureRole.Query, FigureRole.Key, FigureRole.Value, FigureRole.Change];
        var isFew = hasPaths && points.Count <= few.Length;
        FigureRole RoleOf(int i) => isFew ? few[i] : options.Picked.Contains(points[i].Key) ? FigureRole.Key : FigureRole.Query;
        for (var at = 0; at < points.Count; at++)
        {
            var (point, role) = (points[at], RoleOf(at));
            var name = $"“{Svg.Isolate(TokenLabel.Name(point.Name))}”";
            if (point.Path.Count > 1)
            {
                var path = new StringBuilder();
                for (var i = 0; i < point.Path.Count; i++) path.Append(i == 0 ? 'M' : 'L').Append($"{Svg.Number(X(point.Path[i].X))} {Svg.Number(Y(point.Path[i].Y))}");
                canvas.Stroke(new($"{point.Key}.path", null, $"the way of {name}"), path.ToString(), role, 1.5, 0.5);
            }
            for (var i = 0; i < point.Path.Count; i++)
            {
                var (x, y) = point.Path[i];
                var isLast = i == point.Path.Count - 1;
                var words = point.Path.Count > 1 ? $"{name}, {options.StepNames?[i] ?? $"{options.Step} {i}"}" : name;
                canvas.BeginGroup(new(isLast ? point.Key : $"{point.Key}.{i}", FigureNumbers.Exact([x, y]), $"{words}: {FigureNumbers.Exact(x)}, {FigureNumbers.Exact(y)}"));
                canvas.Circle(default, X(x), Y(y), isLast ? 5 : 2 + 1.5 * i / point.Path.Count, role, isLast ? 1 : 0.6);
                canvas.EndGroup();
            }
        }
        // Of many, a name that finds no room beside its point is left out. Of a few, it moves away, and a line leads to it; if one of them
        // would stand on a path even so, all stand below the map.
        string[] names = [.. points.Select(p => TextWidth.Fit(TokenLabel.Name(p.Name), isFew ? width - 2 * Row : LongestLabel, 12, isBold: true))];
        var ends = points.Select(p => (X: X(p.Path[^1].X), Y: Y(p.Path[^1].Y))).ToArray();
        var places = names.Select((name, i) => labels.Place(name, ends[i], isFew ? FarthestLabel : 0)).ToArray();
        var isBelow = isFew && places.Any(p => p is null);
        var bottom = top + height;
        for (var at = 0; at < points.Count; at++)
        {
            var point = points[at];
            var role = isFew ? RoleOf(at) : options.Picked.Contains(point.Key) ? FigureRole.Key : FigureRole.Ink;
            if (isBelow)
            {
                canvas.Circle(default, left + 5, bottom + 16, 5, role);
                places[at] = (left + Row, bottom + 20, null);
                bottom += Row;
            }
            if (places[at] is not { } place)
            {
                unlabelled++;
                continue;
            }
            if (place.Leader is var (toX, toY)) canvas.Rule(ends[at].X, ends[at].Y, toX, toY, role);
            canvas.Text(place.X, place.Y, names[at], role, 12, weight: 500, key: point.Key, words: TokenLabel.Name(point.Name));
        }
        return canvas.Finish(bottom + (isBelow ? 8 : 0), "distances along both sides have one scale" + (options.Note is { } note ? $" · {note}" : "") + (unlabelled > 0 ? $" · {unlabelled} {(unlabelled == 1 ? "name" : "names")} did not fit between the others" : ""));
    }
}
