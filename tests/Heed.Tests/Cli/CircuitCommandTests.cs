using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Heed.Lens;

namespace Heed.Tests.Cli;

public class CircuitCommandTests
{
    [Fact]
    public void Circuit_NoHead_ShowsHowMuchEveryHeadCopies()
    {
        var run = CliRun.Of("circuit", "--model", Models.Stories);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(5, run.Lines.Count(l => l.Length > 5 && l[..6].Trim() is "0" or "1" or "2" or "3" or "4"));
        Assert.All(run.Lines, l => Assert.True(l.Length <= 80 && l == l.TrimEnd(), l));
        var json = CliRun.Of("circuit", "--model", Models.Stories, "--json").Json.GetProperty("copying_scores");
        using var model = Models.Exact(Models.Stories);
        var scores = CopyingScores.Run(model).Scores;
        for (var layer = 0; layer < 5; layer++)
            for (var head = 0; head < 8; head++)
                Assert.Equal(scores[layer][head], json[layer][head].GetDouble(), 1e-6);
    }

    [Fact]
    public void Circuit_OneHead_ShowsItsPairsOverTheWholeVocabulary()
    {
        string[] args = ["circuit", "--layer", "1", "--head", "2", "--top", "5", "--model", Models.Stories];
        var run = CliRun.Of(args);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("Layer 1, head 2: its circuits", run.Lines);
        Assert.Contains("each token as if the stream held nothing but its embedding", run.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.All(run.Lines, l => Assert.True(l.Length <= 80 && l == l.TrimEnd(), l));
        var json = CliRun.Of([.. args, "--json"]).Json;
        using var model = Models.Exact(Models.Stories);
        var circuits = Circuits.Run(model, 1, 2, new() { Top = 5 });
        Assert.Equal("applied", json.GetProperty("norm").GetString());
        Assert.Equal(circuits.CopyingScore, json.GetProperty("copying_score").GetDouble(), 1e-6);
        Assert.Equal(circuits.ValueOutputPairs.Select(p => (p.From, p.To)), json.GetProperty("ov").EnumerateArray().Select(p => (p.GetProperty("from").GetInt32(), p.GetProperty("to").GetInt32())));
        Assert.Equal(circuits.QueryKeyPairs.Select(p => (p.From, p.To)), json.GetProperty("qk").EnumerateArray().Select(p => (p.GetProperty("from").GetInt32(), p.GetProperty("to").GetInt32())));
        Assert.Equal(8, json.GetProperty("eigenvalues").GetArrayLength());
        Assert.False(json.TryGetProperty("ov_by_token", out _));
    }

    [Fact]
    public void Circuit_WithAText_ShowsItsTokensOnly()
    {
        string[] args = ["circuit", "--layer", "0", "--head", "0", "--top", "3", "--norm", "none", "--model", Models.Stories, "Once upon a time"];
        var run = CliRun.Of(args);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("Norms are left out", run.Out, StringComparison.Ordinal);
        var json = CliRun.Of([.. args, "--json"]).Json;
        using var model = Models.Exact(Models.Stories);
        var ids = model.Tokenizer.Encode("Once upon a time", addSpecialTokens: false).Ids.Distinct();
        Assert.Equal(ids, json.GetProperty("ov_by_token").EnumerateArray().Select(t => t.GetProperty("token").GetInt32()));
        Assert.All(json.GetProperty("qk_by_token").EnumerateArray(), t => Assert.Equal(3, t.GetProperty("pairs").GetArrayLength()));
    }

    [Fact]
    public void Circuit_Compose_ShowsPairsOfHeadsAndChance()
    {
        string[] args = ["circuit", "--compose", "--layer", "3", "--top", "4", "--model", Models.Stories];
        var run = CliRun.Of(args);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("by chance 0.1", run.Out, StringComparison.Ordinal);
        var pairs = CliRun.Of([.. args, "--json"]).Json.GetProperty("pairs").EnumerateArray().ToList();
        Assert.Equal(["query", "key", "value"], pairs.Select(p => p.GetProperty("kind").GetString()!).Distinct());
        Assert.Equal(12, pairs.Count);
        Assert.All(pairs, p => Assert.True(p.GetProperty("to_layer").GetInt32() == 3 && p.GetProperty("from_layer").GetInt32() < 3));
    }

    [Fact]
    public void Circuit_Figures_HoldTheNumbers()
    {
        using var folder = new TemporaryFolder();
        foreach (var args in new string[][] { ["--layer", "1", "--head", "2"], [], ["--compose", "--layer", "2"] })
        {
            var (svg, html) = (Path.Combine(folder.Path, "f.svg"), Path.Combine(folder.Path, "f.html"));
            var run = CliRun.Of(["circuit", "--model", Models.Stories, "--svg", svg, "--html", html, .. args]);
            Assert.Equal(0, run.Code);
            Assert.Contains("data-value=\"", File.ReadAllText(svg), StringComparison.Ordinal);
            Assert.Contains("<svg", File.ReadAllText(html), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--layer is 9; the model has layers 0 to 4.", "--layer", "9", "--head", "0")]
    [InlineData("--head is 8; layer 1 has heads 0 to 7.", "--layer", "1", "--head", "8")]
    [InlineData("--layer needs --head", "--layer", "1")]
    [InlineData("--head needs --layer", "--head", "1")]
    [InlineData("--top is 0", "--top", "0")]
    [InlineData("leave --head out", "--compose", "--head", "1", "--layer", "1")]
    [InlineData("leave the text out", "--compose", "some", "text")]
    [InlineData("give --layer and --head", "some", "text")]
    [InlineData("--norm", "--norm", "other")]
    public void Circuit_WrongUse_SaysSoInOneSentence(string message, params string[] args)
    {
        var run = CliRun.Of(["circuit", "--model", Models.Stories, .. args]);
        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("king", "king", "")]
    [InlineData("king + woman - man", "king woman", "man")]
    [InlineData("cats − cat", "cats", "cat")]
    [InlineData("- man + king", "king", "man")]
    public void Directions_Expression_IsWordsWithSigns(string expression, string plus, string minus)
    {
        var parsed = Directions.Parse(expression);
        Assert.Equal(plus, string.Join(' ', parsed.Plus));
        Assert.Equal(minus, string.Join(' ', parsed.Minus));
    }

    [Fact]
    public void Directions_Analogy_ShowsTheNearestAndWhatIsLeftOut()
    {
        var run = CliRun.Of("directions", "king", "+", "woman", "-", "man");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("Nearest to king + woman − man", run.Out, StringComparison.Ordinal);
        Assert.Contains(run.Lines, l => l.StartsWith("  ·queen", StringComparison.Ordinal) && l.Contains("0.72", StringComparison.Ordinal));
        Assert.Contains("Left out, because a sum stays near its parts: ·king 0.69", run.Out, StringComparison.Ordinal);
        var json = CliRun.Of("directions", "king", "+", "woman", "-", "man", "--json", "--top", "2").Json;
        Assert.Equal(" queen", json.GetProperty("nearest")[0].GetProperty("text").GetString());
        Assert.Equal(2, json.GetProperty("nearest").GetArrayLength());
    }

    [Fact]
    public void Directions_Projection_PlacesWordsOnBothSides()
    {
        var run = CliRun.Of("directions", "cats - cat", "--project", "dogs, one verdant");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(run.Lines, l => l.StartsWith("  dogs", StringComparison.Ordinal) && l.Contains(" 1.00 ", StringComparison.Ordinal) && l.EndsWith('█'));
        Assert.Contains(run.Lines, l => l.StartsWith("  one", StringComparison.Ordinal) && l.Contains("−0.60", StringComparison.Ordinal));
        Assert.Contains("“verdant” is 3 tokens", run.Out, StringComparison.Ordinal);
        var inContext = CliRun.Of("directions", "cats - cat", "--project", "dogs dog", "--in", "I like the {}", "--layer", "2", "--json").Json;
        Assert.True(inContext.GetProperty("projected")[0].GetProperty("value").GetDouble() > inContext.GetProperty("projected")[1].GetProperty("value").GetDouble());
    }

    [Fact]
    public void Directions_Texts_ShowHowAWordMoves()
    {
        using var folder = new TemporaryFolder();
        var page = Path.Combine(folder.Path, "moles.html");
        string[] args = ["directions", "mole", "--text", "American shrew mole", "--text", "Take a biopsy of the mole"];
        var run = CliRun.Of([.. args, "--html", page]);
        Assert.Equal(0, run.Code);
        Assert.Contains(run.Lines, l => l.StartsWith("  embedding", StringComparison.Ordinal) && l.Contains("1.00", StringComparison.Ordinal));
        Assert.Contains(run.Lines, l => l.StartsWith("  end, normed", StringComparison.Ordinal) && l.Contains("0.56", StringComparison.Ordinal));
        Assert.Contains("data-key=\"move.", File.ReadAllText(page), StringComparison.Ordinal);
        Assert.Contains("data-key=\"text1.path\"", File.ReadAllText(page), StringComparison.Ordinal);
        var json = CliRun.Of([.. args, "--json"]).Json;
        Assert.Equal(32, json.GetProperty("cosines")[0].GetProperty("cosine").GetArrayLength());
        Assert.Equal(JsonValueKind.Number, json.GetProperty("texts")[1].GetProperty("last").ValueKind);
    }

    [Fact]
    public void Directions_Texts_AreDrawnWhereTheirComponentsPlaceThem()
    {
        using var folder = new TemporaryFolder();
        var svg = folder.File("ways.svg");
        string[] texts = ["I saw the cat", "Lily had a big red cat", "One day a dog and a cat"];
        var run = CliRun.Of(["directions", "cat", "--model", Models.Stories, "--svg", svg, .. texts.SelectMany(t => (string[])["--text", t])]);
        Assert.True(run.Code == 0, run.Error);
        var marks = XDocument.Load(svg).Descendants().Where(e => e.Attribute("data-key") is not null).ToArray();
        Assert.Equal(marks.Length, marks.Select(m => m.Attribute("data-key")!.Value).Distinct().Count());

        using var model = Models.Exact(Models.Stories);
        var moved = Movement.Run(model, texts, "cat");
        var steps = model.Config.Layers.Count + 1;
        var pca = Pca.Of([.. moved.Vectors.SelectMany(way => way.Take(steps)).Select(v => (ReadOnlyMemory<float>)Unit(v))]);
        var drawn = new List<(float[] Place, double X, double Y)>();
        for (var text = 0; text < texts.Length; text++)
            for (var step = 0; step < steps; step++)
            {
                var mark = marks.Single(m => m.Attribute("data-key")!.Value == (step == steps - 1 ? $"text{text}" : $"text{text}.{step}"));
                float[] place = [.. mark.Attribute("data-values")!.Value.Split(' ').Select(v => float.Parse(v, CultureInfo.InvariantCulture))];
                var expected = pca.Project(Unit(moved.Vectors[text][step]));
                Assert.Equal(expected[0], place[0], 1e-5f);
                Assert.Equal(expected[1], place[1], 1e-5f);
                Assert.Contains(step == 0 ? "the embedding:" : $"layer {step - 1}:", mark.Elements().Single(e => e.Name.LocalName == "title").Value, StringComparison.Ordinal);
                var circle = mark.Elements().Single(e => e.Name.LocalName == "circle");
                drawn.Add((place, Coordinate(circle, "cx"), Coordinate(circle, "cy")));
            }
        // The same word begins at the same place, and one scale holds for both sides, upwards being more.
        Assert.Equal(drawn[0].Place, drawn[steps].Place);
        var (first, last) = (drawn.MinBy(d => d.Place[0]), drawn.MaxBy(d => d.Place[0]));
        var scale = (last.X - first.X) / (last.Place[0] - first.Place[0]);
        Assert.True(scale > 0);
        Assert.All(drawn, d =>
        {
            Assert.Equal((d.Place[0] - first.Place[0]) * scale, d.X - first.X, 0.05);
            Assert.Equal((first.Place[1] - d.Place[1]) * scale, d.Y - first.Y, 0.05);
        });

        static float[] Unit(float[] vector)
        {
            var length = Math.Sqrt(vector.Sum(x => (double)x * x));
            return [.. vector.Select(x => (float)(x / length))];
        }

        static double Coordinate(XElement circle, string name) => double.Parse(circle.Attribute(name)!.Value, CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(2, "put + or - between words", "king", "queen")]
    [InlineData(2, "ends without a word", "king", "+")]
    [InlineData(2, "two signs", "king", "+", "-", "man")]
    [InlineData(2, "no word that is added", "-", "king", "-", "man")]
    [InlineData(2, "One text was given", "mole", "--text", "a mole")]
    [InlineData(2, "--layer needs --in", "cats", "--layer", "2")]
    [InlineData(2, "--in needs --layer", "cats", "--in", "a {}")]
    [InlineData(2, "--layer is 9; the model has layers 0 to 4.", "a - b", "--in", "a {}", "--layer", "9", "--project", "c")]
    [InlineData(2, "--top is 0", "cats", "--top", "0")]
    [InlineData(1, "does not have the word", "mole", "--text", "a", "--text", "b")]
    [InlineData(2, "must have {} once", "a - b", "--in", "a", "--layer", "1", "--project", "c")]
    [InlineData(1, "points nowhere", "cats - cats")]
    public void Directions_WrongUse_SaysSoInOneSentence(int code, string message, params string[] args)
    {
        var run = CliRun.Of(["directions", "--model", Models.Stories, .. args]);
        Assert.Equal((code, ""), (run.Code, run.Out));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }
}
