namespace Heed.Cli.Rendering;

/// <summary>
/// A round dot drawn with braille patterns (2 × 4 points a cell, so points stand as far apart across as down).
/// The number of points set is proportional to the weight: area is weight, and 1 fills the square's circle.
/// </summary>
internal sealed class Dot
{
    /// <summary>Points of the square in the order they are set: from the centre outwards, four at a time that mirror each other.</summary>
    private readonly (int X, int Y)[] _order;

    /// <summary>A dot in a square of <paramref name="columns"/> cells across and half as many down.</summary>
    public Dot(int columns)
    {
        Columns = columns;
        Rows = columns / 2;
        var size = columns * 2;
        var points = new List<(int X, int Y)>();
        for (var y = 0; y < size / 2; y++)
            for (var x = 0; x < size / 2; x++)
                if (Distance(x, y) <= size * size) points.Add((x, y));
        _order = [.. points.OrderBy(p => Distance(p.X, p.Y)).ThenByDescending(p => p.Y).SelectMany(Mirrored)];

        int Distance(int x, int y) => (2 * x + 1 - size) * (2 * x + 1 - size) + (2 * y + 1 - size) * (2 * y + 1 - size);
        IEnumerable<(int, int)> Mirrored((int X, int Y) p)
            => [(p.X, p.Y), (size - 1 - p.X, p.Y), (p.X, size - 1 - p.Y), (size - 1 - p.X, size - 1 - p.Y)];
    }

    /// <summary>Cells across.</summary>
    public int Columns { get; }

    /// <summary>Cells down.</summary>
    public int Rows { get; }

    /// <summary>Points of the largest dot.</summary>
    public int Points => _order.Length;

    /// <summary>The weight below which no point is set.</summary>
    public double Smallest => 0.5 / Points;

    /// <summary>How many points a weight from 0 to 1 sets: 1, 2 or a multiple of 4, so that the dot is round; none below <see cref="Smallest"/>.</summary>
    public int PointsOf(double weight)
    {
        var points = Math.Clamp(weight, 0, 1) * Points;
        return points < 0.5 ? 0 : points < 1.5 ? 1 : points < 3 ? 2 : (int)Math.Round(points / 4, MidpointRounding.AwayFromZero) * 4;
    }

    /// <summary>The dot's rows of text, <see cref="Columns"/> cells each.</summary>
    public string[] Draw(double weight)
    {
        var cells = new int[Rows, Columns];
        foreach (var (x, y) in _order.AsSpan(0, PointsOf(weight)))
        {
            // Points 1–3 and 4–6 go down the two columns of a cell; 7 and 8 are the fourth row, added to braille later.
            var (row, column) = (y / 4, x / 2);
            cells[row, column] |= (y % 4) < 3 ? 1 << (y % 4 + 3 * (x % 2)) : 0x40 << (x % 2);
        }
        var lines = new string[Rows];
        for (var row = 0; row < Rows; row++)
            lines[row] = string.Create(Columns, (cells, row), (text, state) =>
            {
                for (var i = 0; i < text.Length; i++)
                    text[i] = state.cells[state.row, i] == 0 ? ' ' : (char)(0x2800 + state.cells[state.row, i]);
            });
        return lines;
    }
}
