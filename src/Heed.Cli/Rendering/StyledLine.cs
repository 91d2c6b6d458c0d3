using System.Text;

namespace Heed.Cli.Rendering;

/// <summary>A line of a figure: pieces of text, each with its role, and how many terminal cells they take.</summary>
internal sealed class StyledLine
{
    private readonly List<(string Text, Role Role)> _pieces = [];

    /// <summary>Cells taken so far.</summary>
    public int Width { get; private set; }

    /// <summary>A line of one piece.</summary>
    public static StyledLine Of(string text, Role role = Role.Ink) => new StyledLine().Add(text, role);

    /// <summary>Appends text.</summary>
    public StyledLine Add(string text, Role role = Role.Ink)
    {
        if (text.Length == 0) return this;
        _pieces.Add((text, role));
        Width += CellWidth.Of(text);
        return this;
    }

    /// <summary>Appends another line's pieces.</summary>
    public StyledLine Add(StyledLine line)
    {
        _pieces.AddRange(line._pieces);
        Width += line.Width;
        return this;
    }

    /// <summary>Appends spaces up to a column.</summary>
    public StyledLine PadTo(int column) => column > Width ? Add(new string(' ', column - Width)) : this;

    /// <summary>The line as a terminal of that depth takes it; without spaces at the end.</summary>
    public string Render(ColorDepth depth)
    {
        var text = new StringBuilder();
        var last = _pieces.FindLastIndex(p => p.Role == Role.Reversed || p.Text.AsSpan().Trim(' ').Length > 0);
        for (var i = 0; i <= last; i++)
        {
            var (piece, role) = _pieces[i];
            if (i == last && role != Role.Reversed) piece = piece.TrimEnd(' ');
            var start = Palette.Start(role, depth);
            if (start.Length == 0) text.Append(piece);
            else text.Append(start).Append(piece).Append(Palette.Reset);
        }
        return text.ToString();
    }

    /// <summary>Two blocks side by side, the right one from <paramref name="column"/> on.</summary>
    public static IEnumerable<StyledLine> Beside(IReadOnlyList<StyledLine> left, IReadOnlyList<StyledLine> right, int column)
    {
        for (var i = 0; i < Math.Max(left.Count, right.Count); i++)
        {
            var line = new StyledLine();
            if (i < left.Count) line.Add(left[i]);
            if (i < right.Count) line.PadTo(column).Add(right[i]);
            yield return line;
        }
    }

    /// <summary>Words broken into lines of at most <paramref name="width"/> cells.</summary>
    public static IEnumerable<StyledLine> Wrap(string text, int width, Role role = Role.Ink)
    {
        var line = new StringBuilder();
        var used = 0;
        foreach (var word in text.Split(' '))
        {
            var cells = CellWidth.Of(word);
            if (used > 0 && used + 1 + cells > width)
            {
                yield return Of(line.ToString(), role);
                line.Clear();
                used = 0;
            }
            if (used > 0)
            {
                line.Append(' ');
                used++;
            }
            line.Append(word);
            used += cells;
        }
        yield return Of(line.ToString(), role);
    }
}
