using Heed.Cli;
using Heed.Cli.Looking;
using Heed.Cli.Rendering;
using Heed.Lens.Figures;
using Heed.Tracing;

namespace Heed.Tests.Cli;

public class FigureTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public void PointsOf_AnyWeight_AreProportionalToIt(int columns)
    {
        var dot = new Dot(columns);
        for (var i = 0; i <= 1000; i++)
        {
            var weight = i / 1000.0;
            var points = dot.PointsOf(weight);
            Assert.True(points >= dot.PointsOf(Math.Max(0, weight - 0.001)));
            Assert.InRange(points, weight * dot.Points - 2, weight * dot.Points + 2);
        }
        Assert.Equal(0, dot.PointsOf(0));
        Assert.Equal(dot.Points, dot.PointsOf(1));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    public void Draw_AnyWeight_SetsAsManyPointsAndMirrorsThem(int columns)
    {
        var dot = new Dot(columns);
        foreach (var weight in new[] { 0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.77, 1 })
        {
            var drawn = dot.Draw(weight);
            Assert.Equal(dot.Rows, drawn.Length);
            Assert.All(drawn, line => Assert.Equal(columns, line.Length));
            var set = Points(drawn);
            Assert.Equal(dot.PointsOf(weight), set.Count);
            if (set.Count < 4) continue;
            var size = 2 * columns;
            Assert.All(set, p => Assert.Contains((size - 1 - p.X, p.Y), set));
            Assert.All(set, p => Assert.Contains((p.X, size - 1 - p.Y), set));
        }
    }

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("猫", 2)]
    [InlineData("e\u0301", 1)]
    [InlineData("😀", 2)]
    [InlineData("👩‍👩‍👧", 2)]
    [InlineData("❤️", 2)]
    [InlineData("한국", 4)]
    [InlineData("ｆ", 2)]
    [InlineData("⏎·…", 3)]
    public void CellWidth_OfAnyScript_IsWhatTerminalsGiveIt(string text, int cells) => Assert.Equal(cells, CellWidth.Of(text));

    [Theory]
    [InlineData("creature", 5, "crea…")]
    [InlineData("猫猫猫", 5, "猫猫…")]
    [InlineData("猫猫猫", 4, "猫…")]
    [InlineData("cat", 3, "cat")]
    public void Shorten_TooLong_FitsAndSaysSo(string text, int cells, string expected) => Assert.Equal(expected, CellWidth.Shorten(text, cells));

    [Theory]
    [InlineData(" ", "·")]
    [InlineData(" the", "the")]
    [InlineData("  the", "··the")]
    [InlineData("\n", "⏎")]
    [InlineData("\t", "⇥")]
    [InlineData("", "∅")]
    [InlineData("a\u001bb", "a␛b")]
    [InlineData("\u200D", "⟨U+200D⟩")]
    [InlineData("\u200D₁", "⟨U+200D⟩₁")]
    [InlineData("\uFE0F", "⟨U+FE0F⟩")]
    [InlineData("\u0301", "◌\u0301")]
    [InlineData("👩‍👩‍👧", "👩‍👩‍👧")]
    [InlineData("❤\uFE0F", "❤\uFE0F")]
    public void Short_Whitespace_IsVisible(string token, string label) => Assert.Equal(label, TokenLabel.Short(token, 12));

    [Fact]
    public void ForTerminal_ControlCharacters_CannotReachTheTerminal() => Assert.Equal("a\n\tb␛[31m", SafeText.ForTerminal("a\n\tb\u001b[31m"));

    [Theory]
    [InlineData(0, 10, "")]
    [InlineData(10, 10, "████")]
    [InlineData(5, 10, "██")]
    [InlineData(0.0001, 10, "▏")]
    [InlineData(double.NaN, 10, "")]
    public void Bar_OfAValue_IsExactToAnEighth(double value, double largest, string bar) => Assert.Equal(bar, Bar.Of(value, largest, 4));

    [Theory]
    [InlineData(140)]
    [InlineData(80)]
    [InlineData(40)]
    public void Draw_WideCharacters_KeepsColumnsAligned(int width)
    {
        string[] labels = ["a", "猫猫猫", "😀", "·", "a-very-long-token-indeed", "한", "x", "⏎", "y", "z"];
        var (lines, dot, _) = TextDotGrid.Draw(new("keys", labels, Role.Key), new("queries", labels, Role.Query), (row, column) => row > column ? float.NaN : 1f / (column + 1), width);
        var left = 13;
        var rows = lines.TakeLast(labels.Length * dot.Rows).ToArray();
        Assert.All(rows, line => Assert.Equal(left + dot.Columns * labels.Length, line.Width));
        Assert.All(lines, line => Assert.True(line.Width <= width));
        Assert.Equal(width == 40 ? 2 : 6, dot.Columns);
    }

    [Fact]
    public void HeadChoice_OfPatterns_TakesTheOneThatLooksPastItselfItsNeighbourAndTheFirst()
    {
        // Head 0 looks at the first token, head 1 at itself, head 2 at the one before, head 3 two back.
        const int T = 6;
        var values = new float[4 * T * T];
        for (var q = 0; q < T; q++)
        {
            values[0 * T * T + q * T] = 1;
            values[1 * T * T + q * T + q] = 1;
            values[2 * T * T + q * T + Math.Max(0, q - 1)] = 1;
            values[3 * T * T + q * T + Math.Max(0, q - 2)] = 1;
        }
        var pattern = new Activation("p", ["head", "query", "key"], [4, T, T], values);
        Assert.Equal([0.0, 0.0, 0.0, 1.0], Enumerable.Range(0, 4).Select(h => HeadChoice.Measure(pattern, h)!.Value));
        Assert.Null(HeadChoice.Measure(new("p", ["head", "query", "key"], [1, 3, 3], new float[9]), 0));
    }

    [Theory]
    [InlineData(true, null, null, "xterm", null, ColorDepth.Indexed)]
    [InlineData(true, null, "truecolor", "xterm", null, ColorDepth.True)]
    [InlineData(true, "1", "truecolor", "xterm", null, ColorDepth.None)]
    [InlineData(true, null, null, "dumb", null, ColorDepth.None)]
    [InlineData(false, null, "truecolor", "xterm", null, ColorDepth.None)]
    [InlineData(false, null, "truecolor", "xterm", "1", ColorDepth.True)]
    public void ColorsOf_Environment_IsHonoured(bool isTerminal, string? noColor, string? colorTerm, string term, string? force, object expected)
    {
        if (OperatingSystem.IsWindows() && (ColorDepth)expected == ColorDepth.Indexed) expected = ColorDepth.True;
        Assert.Equal(expected, Terminal.ColorsOf(isTerminal, name => name switch { "NO_COLOR" => noColor, "COLORTERM" => colorTerm, "TERM" => term, "FORCE_COLOR" => force, _ => null }));
    }

    private static HashSet<(int X, int Y)> Points(string[] drawn)
    {
        var set = new HashSet<(int, int)>();
        for (var row = 0; row < drawn.Length; row++)
            for (var column = 0; column < drawn[row].Length; column++)
                for (var bit = 0; bit < 8; bit++)
                    if (drawn[row][column] != ' ' && ((drawn[row][column] - '\u2800') >> bit & 1) != 0)
                        set.Add(bit < 6 ? (2 * column + bit / 3, 4 * row + bit % 3) : (2 * column + bit - 6, 4 * row + 3));
        return set;
    }
}
