using System.Globalization;
using System.Xml.Linq;
using Heed.Lens.Figures;

namespace Heed.Tests.Figures;

/// <summary>A figure as a reader of its SVG sees it: the marks' values, the texts and where they stand.</summary>
internal sealed class FigureReading
{
    private readonly XElement _svg;

    public FigureReading(Figure figure) => (Figure, _svg) = (figure, XDocument.Parse(figure.ToSvg()).Root!);

    public Figure Figure { get; }

    public IEnumerable<XElement> Elements => _svg.Descendants();

    /// <summary>The values by key, as texts.</summary>
    public Dictionary<string, string> Values => Elements.Where(e => e.Attribute("data-value") is not null)
        .ToDictionary(e => e.Attribute("data-key")!.Value, e => e.Attribute("data-value")!.Value);

    /// <summary>One mark's value as float32.</summary>
    public float this[string key] => float.Parse(Values[key], CultureInfo.InvariantCulture);

    /// <summary>One mark's element.</summary>
    public XElement Mark(string key) => Elements.Single(e => e.Attribute("data-key")?.Value == key);

    /// <summary>A group's values.</summary>
    public float[] Group(string key) => [.. Mark(key).Attribute("data-values")!.Value.Split(' ').Select(v => float.Parse(v, CultureInfo.InvariantCulture))];

    /// <summary>A group's values that are packed.</summary>
    public float[] Floats(string key) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(Mark(key).Attribute("data-floats")!.Value)).ToArray();

    /// <summary>A number of an element.</summary>
    public static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    /// <summary>The texts that are drawn.</summary>
    public IEnumerable<string> Texts => TextElements.Select(TextOf);

    private IEnumerable<XElement> TextElements => Elements.Where(e => e.Name.LocalName == "text");

    private static string TextOf(XElement text) => string.Concat(text.Nodes().OfType<XText>().Select(t => t.Value)).Trim('\u2068', '\u2069');

    /// <summary>What holds of every figure: complete, safe, legible.</summary>
    public FigureReading Check()
    {
        Assert.Equal("img", _svg.Attribute("role")!.Value);
        Assert.Contains(Figure.Title, _svg.Attribute("aria-label")!.Value, StringComparison.Ordinal);
        Assert.All(Elements, e => Assert.DoesNotContain(e.Name.LocalName, new[] { "script", "foreignObject", "image", "a", "use" }));
        Assert.All(Elements.SelectMany(e => e.Attributes()), a => Assert.False(a.Name.LocalName.StartsWith("on", StringComparison.Ordinal) || a.Name.LocalName is "href", a.ToString()));
        // Packed numbers are letters that may spell anything.
        var plain = System.Text.RegularExpressions.Regex.Replace(Figure.ToSvg(), "data-floats=\"[^\"]*\"", "");
        Assert.DoesNotContain("NaN", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", plain, StringComparison.Ordinal);

        // A key names one mark.
        var keys = Elements.Select(e => e.Attribute("data-key")?.Value).Where(k => k is not null).ToArray();
        Assert.Equal(keys.Length, keys.Distinct().Count());
        // Every mark with a value says it in words, with the exact number.
        Assert.All(Elements.Where(e => e.Attribute("data-value") is not null), e =>
            Assert.Contains(e.Attribute("data-value")!.Value, e.Elements().Single(t => t.Name.LocalName == "title").Value.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal));

        // What is faint is so by what is painted of it: a class of two letters strokes, one of a single letter fills.
        Assert.All(Elements.Where(e => e.Attribute("class") is not null), e => Assert.Null(e.Attribute(e.Attribute("class")!.Value is ['s', _] ? "fill-opacity" : "stroke-opacity")));

        // Nothing is smaller than 11 pixels, leaves the sheet, or stands on another text.
        var boxes = TextElements.Select(Box).ToArray();
        Assert.All(TextElements, t => Assert.True(Size(t) >= 11, t.ToString()));
        var texts = TextElements.ToArray();
        for (var i = 0; i < boxes.Length; i++)
        {
            Assert.All(boxes[i], p => Assert.True(p.X >= -1 && p.Y >= -1 && p.X <= Figure.Width + 1 && p.Y <= Figure.Height + 1, $"outside: {texts[i]}"));
            for (var j = 0; j < i; j++) Assert.False(Intersect(boxes[i], boxes[j]), $"{texts[j]}\nstands on\n{texts[i]}");
        }
        return this;
    }

    private static double Size(XElement text) => text.Attribute("font-size") is null ? 12 : Number(text, "font-size");

    /// <summary>The corners of a text's box: from its line's x-height to a little below it.</summary>
    private static (double X, double Y)[] Box(XElement text)
    {
        var (x, y, turn, size) = (0.0, 0.0, 0.0, Size(text));
        if (text.Attribute("transform")?.Value is { } transform)
        {
            var numbers = transform.Split(['(', ')', ' '], StringSplitOptions.RemoveEmptyEntries).Where(n => char.IsDigit(n[^1])).Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray();
            (x, y, turn) = (numbers[0], numbers[1], numbers[2] * Math.PI / 180);
        }
        else
        {
            (x, y) = (Number(text, "x"), Number(text, "y"));
        }
        var width = TextWidth.Of(TextOf(text), size, int.Parse(text.Attribute("font-weight")?.Value ?? "400", CultureInfo.InvariantCulture) >= 500);
        var left = text.Attribute("text-anchor")?.Value switch { "middle" => -width / 2, "end" => -width, _ => 0 };
        return [.. new[] { (left, -0.7 * size), (left + width, -0.7 * size), (left + width, 0.1 * size), (left, 0.1 * size) }
            .Select(p => (x + p.Item1 * Math.Cos(turn) - p.Item2 * Math.Sin(turn), y + p.Item1 * Math.Sin(turn) + p.Item2 * Math.Cos(turn)))];
    }

    /// <summary>True if two rectangles, turned or not, overlap by more than half a pixel (separating axes).</summary>
    private static bool Intersect((double X, double Y)[] a, (double X, double Y)[] b)
    {
        foreach (var shape in new[] { a, b })
            for (var i = 0; i < 2; i++)
            {
                var (dx, dy) = (shape[i + 1].X - shape[i].X, shape[i + 1].Y - shape[i].Y);
                var length = Math.Sqrt(dx * dx + dy * dy);
                if (length == 0) return false;
                (dx, dy) = (dx / length, dy / length);
                double[] pa = [.. a.Select(p => p.X * dx + p.Y * dy)], pb = [.. b.Select(p => p.X * dx + p.Y * dy)];
                if (Math.Min(pa.Max(), pb.Max()) - Math.Max(pa.Min(), pb.Min()) < 0.5) return false;
            }
        return true;
    }
}

/// <summary>Tokens that figures must get right.</summary>
internal static class FigureTokens
{
    public static readonly string[] Plain = ["a", " fluffy", " blue", " creature", " roamed", " the", " ver", "d", "ant", " forest"];

    public static readonly string[] Odd =
    [
        "مرحبا", " שלום", "你好世界", "\n", "<b>&\"'</b>", " Donaudampfschifffahrtsgesellschaftskapitän", " ", "😀👩‍👩‍👧", "\u0000\u001b[31m", "\uD800", "", "\t\t",
        "]]><script>alert(1)</script>", "e\u0301", "\u202Eabc", " the", "the", " ⟨F0\u202F9F\u202F8C⟩",
    ];

    /// <summary>As many as that, taking turns.</summary>
    public static string[] Many(int count) => [.. Enumerable.Range(0, count).Select(i => Plain[i % Plain.Length])];

    /// <summary>A causal pattern with every row summing to 1.</summary>
    public static float[] Pattern(int tokens, int seed = 1)
    {
        var random = new Random(seed);
        var values = new float[tokens * tokens];
        for (var q = 0; q < tokens; q++)
        {
            var raw = Enumerable.Range(0, q + 1).Select(_ => Math.Exp(4 * random.NextDouble())).ToArray();
            for (var k = 0; k <= q; k++) values[q * tokens + k] = (float)(raw[k] / raw.Sum());
        }
        return values;
    }

    /// <summary>Signed numbers of all sizes.</summary>
    public static float[] Signed(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2 - 1) * Math.Pow(10, random.Next(-4, 4))))];
    }
}
