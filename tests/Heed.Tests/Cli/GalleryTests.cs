using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Heed.Tests.Cli;

/// <summary>docs/gallery shows what its commands draw: each is run, and every number compared with the one in the committed picture.</summary>
public partial class GalleryTests
{
    private static string Page => Path.Combine(TestData.Root, "docs", "gallery", "README.md");

    [Fact]
    public void Gallery_EveryCommand_DrawsThePictureBelowIt()
    {
        using var folder = new TemporaryFolder();
        var commands = File.ReadAllLines(Page).Where(l => l.StartsWith("    heed ", StringComparison.Ordinal)).Select(l => l.Trim()).ToArray();
        Assert.NotEmpty(commands);
        foreach (var command in commands)
        {
            string[] words = [.. Word().Matches(command).Select(m => m.Value.Trim('"')).Skip(1)];
            var picture = words.Single(w => w.StartsWith("docs/gallery/", StringComparison.Ordinal));
            var drawn = folder.File(Path.GetFileName(picture));
            var run = CliRun.Of([.. words.Select(w => w == picture ? drawn : w)]);
            Assert.True(run.Code == 0, run.Error);
            Compare(picture, XDocument.Load(Path.Combine(TestData.Root, picture)), XDocument.Load(drawn));
        }
        // Nothing is shown that no command drew.
        var shown = Regex.Matches(File.ReadAllText(Page), @"\]\(([^)]+\.svg)\)").Select(m => m.Groups[1].Value).Order().ToArray();
        Assert.Equal(shown, Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
        Assert.Equal(shown, Directory.GetFiles(Path.GetDirectoryName(Page)!, "*.svg").Select(Path.GetFileName).Order());
    }

    /// <summary>The same marks with the same numbers, but for what instruction sets round differently.</summary>
    private static void Compare(string picture, XDocument committed, XDocument drawn)
    {
        var (expected, actual) = (Numbers(committed), Numbers(drawn));
        Assert.True(expected.Keys.ToHashSet().SetEquals(actual.Keys), $"{picture}: the marks differ; eng/gallery.sh draws it again.");
        foreach (var (key, values) in expected)
        {
            Assert.Equal(values.Length, actual[key].Length);
            for (var i = 0; i < values.Length; i++)
                Assert.True(Math.Abs(values[i] - actual[key][i]) <= 1e-3 * Math.Max(1, Math.Abs(values[i])), $"{picture}: {key} is {actual[key][i]}, in the gallery {values[i]}; eng/gallery.sh draws it again.");
        }
    }

    private static Dictionary<string, double[]> Numbers(XDocument svg) => svg.Descendants().Where(e => e.Attribute("data-key") is not null).ToDictionary(e => e.Attribute("data-key")!.Value, e =>
        e.Attribute("data-value") is { } value ? [double.Parse(value.Value, CultureInfo.InvariantCulture)]
        : e.Attribute("data-values") is { } values ? [.. values.Value.Split(' ').Select(v => double.Parse(v, CultureInfo.InvariantCulture))]
        : e.Attribute("data-floats") is { } floats ? [.. MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(floats.Value)).ToArray().Select(f => (double)f)]
        : Array.Empty<double>());

    [GeneratedRegex("\"[^\"]*\"|[^ ]+")]
    private static partial Regex Word();
}
