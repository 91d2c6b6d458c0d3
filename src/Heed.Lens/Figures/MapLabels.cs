namespace Heed.Lens.Figures;

/// <summary>
/// Finds room for the names of points on a map, which are the ends of paths: as near as can be, never on another name or on a point, and
/// away from the paths where there is a choice.
/// </summary>
internal sealed class MapLabels(double left, double top, double width, double height, IReadOnlyList<(double X, double Y)[]> paths)
{
    private readonly Box[] _points = [.. paths.Select(p => new Box(p[^1].X - 6, p[^1].Y - 6, 12, 12))];
    private readonly List<Box> _labels = [], _leaders = [];
    private readonly (double X, double Y)[] _along = [.. paths.SelectMany(p => p.Zip(p.Skip(1)).SelectMany(ends => Line(ends.First, ends.Second)))];

    /// <summary>Where a label begins, and, where it is not right beside its point, where a line from the point meets it; null: there is no room.</summary>
    /// <param name="label">The label.</param>
    /// <param name="at">The point.</param>
    /// <param name="farthest">How far it may move from beside its point; where it may, it stands on no path, and no line to a name is crossed.</param>
    public (double X, double Y, (double X, double Y)? Leader)? Place(string label, (double X, double Y) at, double farthest)
    {
        var w = TextWidth.Of(label, 12, isBold: true);
        // What a line to a label should not cross.
        Box[] others = [.. _labels, .. _points.Where(p => !p.Holds(at))];
        Candidate? best = null;
        foreach (var candidate in Beside(at, w).Concat(Around(at, w, farthest)))
        {
            if (!IsFree(candidate.Box)) continue;
            var onPaths = _along.Count(candidate.Box.Holds);
            if (farthest > 0 && (onPaths > 0 || _leaders.Any(candidate.Box.Meets) || (candidate.Away > 0 && Line(at, candidate.Box.Nearest(at)).Any(p => others.Any(o => o.Holds(p)))))) continue;
            var cost = candidate.Away + 4 * onPaths;
            if (best is null || cost < best.Value.Cost) best = candidate with { Cost = cost };
        }
        if (best is not { } found) return null;
        _labels.Add(found.Box);
        if (found.Away == 0) return (found.X, found.Y, null);
        var end = found.Box.Nearest(at);
        _leaders.AddRange(Line(at, end).Select(p => new Box(p.X - 2, p.Y - 2, 4, 4)));
        return (found.X, found.Y, end);
    }

    /// <summary>Right of the point, left, above, below, or between these.</summary>
    private static IEnumerable<Candidate> Beside((double X, double Y) at, double w)
        => new[] { (9, 4), (-9 - w, 4), (-w / 2, -10), (-w / 2, 19), (9, -8), (9, 17), (-9 - w, -8), (-9 - w, 17) }.Select(p => new Candidate(at.X + p.Item1, at.Y + p.Item2, w, 0));

    /// <summary>Farther and farther away, above and below, from ending at the point to beginning there.</summary>
    private IEnumerable<Candidate> Around((double X, double Y) at, double w, double farthest)
    {
        for (var away = 14.0; away <= farthest; away += 14)
            foreach (var side in new[] { -1, 1 })
                for (var part = 4; part >= 0; part--)
                    yield return new(Math.Clamp(at.X - w * part / 4, left + 4, Math.Max(left + 4, left + width - 4 - w)), at.Y + 4 + side * (14 + away), w, away);
    }

    private bool IsFree(Box box)
        => box.X >= left + 2 && box.X + box.Width <= left + width - 2 && box.Y >= top + 2 && box.Y + box.Height <= top + height - 2 && !_points.Any(box.Meets) && !_labels.Any(box.Meets);

    /// <summary>Places on a line, at most 4 pixels from one another.</summary>
    private static IEnumerable<(double X, double Y)> Line((double X, double Y) from, (double X, double Y) to)
    {
        var count = Math.Ceiling(Math.Max(1, Math.Sqrt(Math.Pow(to.X - from.X, 2) + Math.Pow(to.Y - from.Y, 2)) / 4));
        for (var i = 0; i <= count; i++) yield return (from.X + (to.X - from.X) * i / count, from.Y + (to.Y - from.Y) * i / count);
    }

    /// <summary>Where a label of a width might begin, its baseline, and how far that is from beside the point.</summary>
    private readonly record struct Candidate(double X, double Y, double Width, double Away, double Cost = 0)
    {
        public Box Box => new(X - 1, Y - 11, Width + 2, 14);
    }

    private readonly record struct Box(double X, double Y, double Width, double Height)
    {
        public bool Meets(Box other) => other.X < X + Width && X < other.X + other.Width && other.Y < Y + Height && Y < other.Y + other.Height;

        public bool Holds((double X, double Y) p) => p.X > X && p.X < X + Width && p.Y > Y && p.Y < Y + Height;

        public (double X, double Y) Nearest((double X, double Y) p) => (Math.Clamp(p.X, X, X + Width), Math.Clamp(p.Y, Y, Y + Height));
    }
}
