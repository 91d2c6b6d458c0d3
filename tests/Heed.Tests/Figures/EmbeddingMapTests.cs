using Heed.Lens;
using Heed.Lens.Figures;

namespace Heed.Tests.Figures;

public class EmbeddingMapTests
{
    private static ReadOnlyMemory<float>[] Vectors(int count, int width, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (ReadOnlyMemory<float>)Enumerable.Range(0, width).Select(d => (float)((random.NextDouble() - 0.5) * (1 + 5.0 / (1 + d)))).ToArray())];
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(30, 8)]
    [InlineData(12, 100)]
    public void Pca_Components_AreOrthonormalAndHoldTheLargestVariance(int count, int width)
    {
        var vectors = Vectors(count, width);
        var pca = Pca.Of(vectors, Math.Min(3, Math.Min(count - 1, width)));
        for (var a = 0; a < pca.Components.Count; a++)
            for (var b = 0; b <= a; b++)
                Assert.Equal(a == b ? 1 : 0, pca.Components[a].Zip(pca.Components[b], (x, y) => x * y).Sum(), 1e-9);
        Assert.True(pca.Shares.Zip(pca.Shares.Skip(1)).All(p => p.First >= p.Second) && pca.Shares.Sum() <= 1 + 1e-9);
        // The share is the variance of the projections over that of the vectors.
        double Variance(Func<ReadOnlyMemory<float>, double> of)
        {
            var mean = vectors.Average(of);
            return vectors.Sum(v => Math.Pow(of(v) - mean, 2));
        }
        var total = Enumerable.Range(0, width).Sum(d => Variance(v => v.Span[d]));
        for (var c = 0; c < pca.Shares.Count; c++) Assert.Equal(pca.Shares[c], Variance(v => pca.Project(v.Span)[c]) / total, 1e-5);
        // No direction has more variance than the first.
        var random = new Random(5);
        for (var trial = 0; trial < 50; trial++)
        {
            var direction = Enumerable.Range(0, width).Select(_ => random.NextDouble() - 0.5).ToArray();
            var length = Math.Sqrt(direction.Sum(x => x * x));
            Assert.True(Variance(v => direction.Select((x, d) => x * v.Span[d]).Sum() / length) <= pca.Shares[0] * total * (1 + 1e-6));
        }
        Assert.All(pca.Components, c => Assert.True(c.MaxBy(Math.Abs) > 0));
    }

    [Fact]
    public void Pca_VectorsOnALine_HaveOneComponent()
    {
        ReadOnlyMemory<float>[] vectors = [.. Enumerable.Range(0, 5).Select(i => (ReadOnlyMemory<float>)new float[] { i, 2 * i, 1 })];
        var pca = Pca.Of(vectors);
        Assert.Equal(1, pca.Shares[0], 1e-12);
        Assert.Equal(2 * Math.Sqrt(5), pca.Project(vectors[4].Span)[0], 1e-5);
        Assert.Equal(0, pca.Project(vectors[4].Span)[1], 1e-5);
        Assert.Throws<ArgumentException>(() => Pca.Of(vectors[..2]));
    }

    [Fact]
    public void EmbeddingMap_Places_AreExactOnOneScale()
    {
        var random = new Random(1);
        MapPoint[] points = [.. Enumerable.Range(0, 40).Select(i => new MapPoint(FigureTokens.Odd[i % FigureTokens.Odd.Length], $"p{i}", [((float)random.NextDouble(), (float)random.NextDouble()), ((float)random.NextDouble(), (float)random.NextDouble())]))];
        var reading = new FigureReading(EmbeddingMap.Of(points, new() { Title = "Map", Shares = (0.4, 0.2) })).Check();
        double Centre(string key, string axis) => FigureReading.Number(reading.Mark(key).Elements().Single(e => e.Name.LocalName == "circle"), axis);
        // The scale, from the points that are farthest apart.
        var (first, last) = (points.MinBy(p => p.Path[1].X)!, points.MaxBy(p => p.Path[1].X)!);
        var scale = (Centre(last.Key, "cx") - Centre(first.Key, "cx")) / (last.Path[1].X - first.Path[1].X);
        foreach (var (point, i) in points.Select((p, i) => (p, i)))
        {
            Assert.Equal([point.Path[1].X, point.Path[1].Y], reading.Group(point.Key));
            Assert.Equal([point.Path[0].X, point.Path[0].Y], reading.Group($"{point.Key}.0"));
            Assert.Equal((point.Path[1].X - points[0].Path[1].X) * scale, Centre(point.Key, "cx") - Centre("p0", "cx"), 0.05);
            Assert.Equal((points[0].Path[1].Y - point.Path[1].Y) * scale, Centre(point.Key, "cy") - Centre("p0", "cy"), 0.05);
        }
        new FigureReading(EmbeddingMap.Of([new("one", "p0", [(1, 1)])], new() { Title = "One", Width = 400 })).Check();
    }

    [Theory]
    [InlineData(640)]
    [InlineData(364)]
    public void EmbeddingMap_AFewPaths_HaveTheirNamesBesideTheirEndsAndOnNoPath_OrBelow(double width)
    {
        string[] names = ["A: American shrew mole", "B: One mole of carbon dioxide", "C: Take a biopsy of the mole that was there before", "D: mole"];
        var random = new Random(7);
        var below = 0;
        for (var trial = 0; trial < 60; trial++)
        {
            // Ends near one another, often at the map's edge, far from where all begin.
            (float, float) Near(double spread) => ((float)(1 + spread * random.NextDouble()), (float)(trial % 3 + spread * random.NextDouble()));
            MapPoint[] points = [.. names.Take(2 + trial % 3).Select((n, i) => new MapPoint(n, $"text{i}", [(0, 0), Near(0.5), Near(trial % 2 == 0 ? 0.02 : 0.3)]))];
            var reading = new FigureReading(EmbeddingMap.Of(points, new() { Title = "Where “mole” goes", Width = width })).Check();
            var frame = reading.Elements.First(e => e.Name.LocalName == "rect" && e.Attribute("stroke-width") is not null);
            var bottom = FigureReading.Number(frame, "y") + FigureReading.Number(frame, "height");
            var isBelow = reading.Elements.Where(e => e.Attribute("data-text") is not null).All(e => FigureReading.Number(e, "y") > bottom);
            below += isBelow ? 1 : 0;
            (double X, double Y)[][] paths = [.. reading.Elements.Where(e => e.Attribute("data-key")?.Value.EndsWith(".path", StringComparison.Ordinal) == true).Select(e =>
                e.Attribute("d")!.Value[1..].Split('L').Select(p => p.Split(' ').Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray()).Select(p => (p[0], p[1])).ToArray())];
            foreach (var (point, i) in points.Select((p, i) => (p, i)))
            {
                var circle = reading.Mark(point.Key).Elements().Single(e => e.Name.LocalName == "circle");
                var label = reading.Elements.Single(e => e.Attribute("data-text")?.Value == point.Key);
                var text = string.Concat(label.Nodes().OfType<System.Xml.Linq.XText>().Select(t => t.Value));
                Assert.StartsWith(names[i][..2], text);
                double x = FigureReading.Number(label, "x"), dx = Math.Max(0, Math.Max(x - FigureReading.Number(circle, "cx"), FigureReading.Number(circle, "cx") - x - TextWidth.Of(text, 12, isBold: true)));
                double y = FigureReading.Number(label, "y"), dy = Math.Abs(y - 4 - FigureReading.Number(circle, "cy"));
                if (isBelow)
                {
                    // A point of its colour stands before it.
                    Assert.Contains(reading.Elements, e => e.Name.LocalName == "circle" && e.Attribute("class")?.Value == circle.Attribute("class")!.Value && Math.Abs(FigureReading.Number(e, "cy") - y + 4) < 0.1 && FigureReading.Number(e, "cx") < x);
                    continue;
                }
                Assert.True(dx <= 10 && dy <= 60, $"“{text}” stands {dx:0} and {dy:0} pixels from its point.");
                foreach (var (from, to) in paths.SelectMany(p => p.Zip(p.Skip(1))))
                    for (var part = 0.0; part <= 1; part += 0.01)
                    {
                        var (px, py) = (from.X + (to.X - from.X) * part, from.Y + (to.Y - from.Y) * part);
                        Assert.False(px > x + 2 && px < x + TextWidth.Of(text, 12, isBold: true) - 2 && py > y - 8 && py < y, $"A path crosses “{text}”.");
                    }
                // One that is not right beside its point is led to.
                if (dy > 16) Assert.Contains(reading.Elements, e => e.Attribute("d")?.Value.StartsWith($"M{circle.Attribute("cx")!.Value} {circle.Attribute("cy")!.Value}L", StringComparison.Ordinal) == true && e.Attribute("data-key") is null);
            }
        }
        Assert.InRange(below, 1, 59);
    }
}
