namespace Heed.Lens.Figures;

/// <summary>Labels over columns: level where they fit, else slanted as little as keeps them apart, shortened where they are long.</summary>
internal sealed class ColumnLabels
{
    private const double Line = 13.5;     // from one line of 12-pixel text to the next
    private const double Longest = 112;
    private readonly IReadOnlyList<string> _labels;
    private readonly double _step;
    private readonly double _turn;
    private readonly double _size;

    /// <summary>Measures labels for columns that are <paramref name="step"/> apart.</summary>
    public ColumnLabels(IReadOnlyList<string> labels, double step, double size = 12)
    {
        (_step, _size) = (step, step < 16 ? FigureCanvas.Smallest : size);
        var widest = labels.Max(l => TextWidth.Of(l, _size, isBold: true));
        if (widest <= step - 4)
        {
            _labels = labels;
            Height = Line;
            return;
        }
        _turn = step >= 26 ? 32 : step >= 19.5 ? 45 : step >= 16 ? 60 : 90;
        _labels = [.. labels.Select(l => TextWidth.Fit(l, Longest, _size, isBold: true))];
        var radians = _turn * Math.PI / 180;
        for (var i = 0; i < _labels.Count; i++)
        {
            var width = TextWidth.Of(_labels[i], _size, isBold: true);
            Height = Math.Max(Height, width * Math.Sin(radians) + _size * Math.Cos(radians));
            Overhang = Math.Max(Overhang, width * Math.Cos(radians) - (_labels.Count - i - 0.5) * step);
        }
    }

    /// <summary>How high they stand.</summary>
    public double Height { get; }

    /// <summary>How far they reach beyond the last column.</summary>
    public double Overhang { get; }

    /// <summary>Draws them standing on <paramref name="y"/>, the first column beginning at <paramref name="x"/>.</summary>
    public void Draw(FigureCanvas canvas, double x, double y, FigureRole role, Func<int, string> key, Func<int, string> words, int? picked = null)
    {
        for (var i = 0; i < _labels.Count; i++)
        {
            var center = x + (i + 0.5) * _step;
            var weight = picked == i ? 700 : 500;
            if (_turn == 0) canvas.Text(center, y - 3, _labels[i], role, _size, Anchor.Middle, weight, key(i), words: words(i));
            else canvas.Text(center + (_turn == 90 ? _size * 0.36 : 3), y - 2, _labels[i], role, _size, Anchor.Start, weight, key(i), -_turn, words(i));
        }
    }
}
