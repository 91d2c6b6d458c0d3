using Heed.Lens;

namespace Heed.Tests.Lens;

/// <summary>Directions among the embedded model's embeddings, and how they move: measured once with another program.</summary>
public class DirectionsTests : IClassFixture<DirectionsTests.Loaded>
{
    private readonly LanguageModel _model;

    public DirectionsTests(Loaded loaded) => _model = loaded.Model;

    public sealed class Loaded : IDisposable
    {
        public LanguageModel Model { get; } = Models.Exact(TestData.EmbeddedModel);

        public void Dispose() => Model.Dispose();
    }

    [Theory]
    [InlineData("king woman", "man", " queen", 0.72)]
    [InlineData("uncle woman", "man", " aunt", 0.78)]
    [InlineData("France Berlin", "Germany", " Paris", 0.68)]
    [InlineData("dog cats", "cat", " dogs", 0.86)]
    public void Add_WordsOfARelation_IsNearestToTheFourth(string plus, string minus, string expected, double cosine)
    {
        var found = Directions.Add(_model, plus.Split(' '), minus.Split(' '), top: 3);
        Assert.Equal(expected, _model.Tokenizer.Decode([found.Nearest[0].Id]));
        Assert.Equal(cosine, found.Nearest[0].Cosine, 0.005);
        Assert.Equal(3, found.Nearest.Count);
        Assert.Equal(3, found.Own.Count);       // the words themselves, which are left out
        Assert.DoesNotContain(found.Nearest, n => found.Own.Any(o => o.Id == n.Id));
    }

    [Fact]
    public void Project_OnPlural_PlacesWordsAsMeasured()
    {
        var plural = Directions.Add(_model, ["cats"], ["cat"], top: 1).Vector;
        string[] words = ["dogs", "houses", "children", "dog", "one", "two", "three", "four"];
        double[] expected = [1.00, 0.63, 0.29, -0.04, -0.60, -0.37, -0.31, -0.11];
        var found = Directions.Project(_model, plural, words);
        for (var i = 0; i < words.Length; i++) Assert.Equal(expected[i], found[i].Value, 0.0051);
        // The two ends are the direction's length apart.
        var ends = Directions.Project(_model, plural, ["cats", "cat"]);
        Assert.Equal(Math.Sqrt(plural.Sum(x => (double)x * x)), ends[0].Value - ends[1].Value, 1e-4);
    }

    [Fact]
    public void Nearest_OfAToken_IsItselfWithCosineOne()
    {
        var cat = Word.Of(_model.Tokenizer, "cat");
        var near = Directions.Nearest(_model, Directions.VectorOf(_model, cat), 4);
        Assert.Equal(cat.Ids[0], near[0].Id);
        Assert.Equal(1, near[0].Cosine, 1e-5);
        Assert.Equal(near.OrderByDescending(n => n.Cosine), near);
        Assert.DoesNotContain(Directions.Nearest(_model, Directions.VectorOf(_model, cat), 4, cat.Ids), n => n.Id == cat.Ids[0]);
    }

    [Fact]
    public void Movement_OfTheMoles_IsAsMeasured()
    {
        var moved = Movement.Run(_model, ["American shrew mole", "One mole of carbon dioxide", "Take a biopsy of the mole"], "mole");
        Assert.Equal(32, moved.Points.Count);
        var apart = moved.Cosines(0, 2);
        Assert.Equal(1, apart[0], 1e-5);
        Assert.Equal(0.93, apart[1], 0.005);            // after the first layer
        Assert.Equal(0.82, apart[11], 0.005);           // after layer 10
        Assert.Equal(0.56, apart[^1], 0.005);           // at the end, normed
        Assert.Equal("ln_final.hook_out", moved.Points[^1]);
        Assert.Equal(1, moved.Turned(1)[0], 1e-5);
        Assert.Equal([2, 1, 5], moved.Places.Select(p => p.Last));
        // The vectors are the trace's own.
        var trace = _model.Trace("One mole of carbon dioxide", names: ["blocks.4.hook_resid_post"]);
        Assert.Equal(trace["blocks.4.hook_resid_post"].Row(1).ToArray(), moved.Vectors[1][5]);
    }

    [Fact]
    public void Project_InAContext_TakesTheLastTokenThere()
    {
        var found = Movement.Project(_model, "I like the {} very much", 3, "cats", "cat", ["cats", "cat", "dogs", "dog"]);
        Assert.True(found[2].Value > found[3].Value);
        float[] cats = At("cats"), cat = At("cat"), dog = At("dog");
        var length = Math.Sqrt(cats.Zip(cat, (a, b) => (double)(a - b) * (a - b)).Sum());
        Assert.Equal(length, found[0].Value - found[1].Value, 1e-3);
        Assert.Equal(Enumerable.Range(0, cats.Length).Sum(i => (double)dog[i] * (cats[i] - cat[i])) / length, found[3].Value, 1e-3);

        float[] At(string word) => _model.Trace($"I like the {word} very much", names: ["blocks.3.hook_resid_post"])["blocks.3.hook_resid_post"].Row(3).ToArray();
    }

    [Fact]
    public void Word_OfSeveralTokens_IsTheirMean()
    {
        var word = Word.Of(_model.Tokenizer, "verdant");
        Assert.Equal(" verdant", _model.Tokenizer.Decode([.. word.Ids]));
        Assert.True(word.Ids.Count > 1);
        var mean = Directions.VectorOf(_model, word);
        for (var i = 0; i < mean.Length; i += 100) Assert.Equal(word.Ids.Average(t => _model.Weights.W_E[t, i]), mean[i], 1e-5);
        Assert.Equal("king", _model.Tokenizer.Decode([.. Word.Of(_model.Tokenizer, "'king'").Ids]));
        Assert.Equal(" king", _model.Tokenizer.Decode([.. Word.Of(_model.Tokenizer, " king").Ids]));
    }

    [Theory]
    [InlineData("The mole and the moles", "mole", 1, 1)]       // a whole word before a part of one
    [InlineData("moles", "mole", 0, 1)]
    [InlineData("Mole 猫 verdant", "verdant", -1, -1)]
    public void WordPlace_InAText_IsItsTokens(string text, string word, int first, int last)
    {
        var place = WordPlace.Find(_model.Tokenizer, text, word);
        var covered = _model.Tokenizer.Decode(place.Ids.AsSpan(place.First, place.Last - place.First + 1));
        Assert.StartsWith(word, covered.Trim(), StringComparison.OrdinalIgnoreCase);
        if (first >= 0) Assert.Equal(first, place.First);
        Assert.True(place.Last >= place.First && (last < 0 || place.Last <= last));
    }

    [Fact]
    public void Misuse_SaysWhatToDo()
    {
        Assert.Contains("does not have the word", Assert.Throws<HeedException>(() => Movement.Run(_model, ["a", "b"], "mole")).Message);
        Assert.Contains("empty", Assert.Throws<HeedException>(() => Word.Of(_model.Tokenizer, " ")).Message);
        Assert.Contains("points nowhere", Assert.Throws<HeedException>(() => Directions.Add(_model, ["king"], ["king"])).Message);
        Assert.Contains("at least one", Assert.Throws<HeedException>(() => Directions.Add(_model, [], ["king"])).Message);
        Assert.Contains("vectors have 576", Assert.Throws<HeedException>(() => Directions.Nearest(_model, new float[3], 1)).Message);
        Assert.Contains("1 to 10,000", Assert.Throws<HeedException>(() => Directions.Nearest(_model, new float[576], 0)).Message);
        Assert.Contains("must have {}", Assert.Throws<HeedException>(() => Movement.Project(_model, "no place", 0, "a", "b", [])).Message);
        Assert.Contains("layers 0…29", Assert.Throws<HeedException>(() => Movement.Project(_model, "a {}", 30, "a", "b", [])).Message);
    }
}
