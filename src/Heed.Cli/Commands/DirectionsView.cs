using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using Heed.Cli.Rendering;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>What `heed directions` prints and draws.</summary>
internal sealed class DirectionsView(LanguageModel model)
{
    /// <summary>king + woman − man.</summary>
    public static string Name(WordArithmetic found)
        => string.Join(" + ", found.Plus.Select(w => w.Text)) + string.Concat(found.Minus.Select(w => $" − {w.Text}"));

    public IEnumerable<StyledLine> Lines(WordArithmetic found)
    {
        yield return StyledLine.Of($"Nearest to {Name(found)}", Role.Strong).Add("  cosine of embeddings", Role.Mute);
        foreach (var line in Pieces(found.Plus.Concat(found.Minus).Select(w => (w.Text, w.Ids)))) yield return line;
        yield return new();
        foreach (var near in found.Nearest)
            yield return new StyledLine().Add("  ").Add(Shown(near.Id)).PadTo(24).Add(Two(near.Cosine).PadLeft(5)).Add("  ").Add(Bar.Of(near.Cosine, 1, 32), Role.Query);
        yield return new();
        foreach (var line in StyledLine.Wrap($"Left out, because a sum stays near its parts: {string.Join(", ", found.Own.Select(o => $"{Shown(o.Id)} {Two(o.Cosine)}"))}.", 76, Role.Mute)) yield return line;
    }

    public IEnumerable<StyledLine> Lines(string name, IReadOnlyList<(string Word, IReadOnlyList<int> Ids, double Value)> places)
    {
        yield return StyledLine.Of($"Along {name}", Role.Strong);
        yield return StyledLine.Of("product of each word's vector with the direction's unit vector", Role.Mute);
        foreach (var line in Pieces(places.Select(p => (p.Word, p.Ids)))) yield return line;
        yield return new();
        var largest = places.Max(p => Math.Abs(p.Value));
        foreach (var (word, _, value) in places)
        {
            var bar = Bar.Of(Math.Abs(value), largest, 20);
            var line = new StyledLine().Add($"  {CellWidth.Shorten(word, 20)}").PadTo(24).Add(Two(value).PadLeft(7)).Add("  ");
            yield return value < 0 ? line.PadTo(33 + 20 - CellWidth.Of(bar)).Add(bar, Role.Key) : line.PadTo(53).Add("│", Role.Mute).Add(bar, Role.Query);
        }
    }

    public IEnumerable<StyledLine> Lines(Movement moved, string word)
    {
        var pairs = Pairs(moved);
        yield return StyledLine.Of($"How “{word}” moves", Role.Strong).Add("  cosine between its vectors in two texts", Role.Mute);
        for (var i = 0; i < moved.Places.Count; i++)
        {
            var place = moved.Places[i];
            yield return new StyledLine().Add($"  {Letter(i)}  ").Add(CellWidth.Shorten(TokenLabel.Visible(place.Text).Replace('·', ' '), 60))
                .Add(place.First == place.Last ? $"  token {place.Last}" : $"  tokens {place.First} to {place.Last}; the last is shown", Role.Mute);
        }
        yield return new();
        yield return new StyledLine().PadTo(18).Add(string.Concat(pairs.Select(p => $"{Letter(p.First)}–{Letter(p.Second)}".PadLeft(7))), Role.Mute);
        for (var point = moved.Points.Count - 1; point >= 0; point--)
        {
            var line = new StyledLine().Add("  " + PointName(moved.Points[point]), Role.Mute).PadTo(18);
            foreach (var pair in pairs) line.Add(Two(pair.Cosines[point]).PadLeft(7));
            yield return pairs.Count == 1 ? line.Add("  ").Add(Bar.Of(pairs[0].Cosines[point], 1, 32), Role.Query) : line;
        }
    }

    public void WriteJson(TextWriter output, WordArithmetic found) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteString("direction", Name(found));
        Words("plus", found.Plus);
        Words("minus", found.Minus);
        Near("nearest", found.Nearest);
        Near("own", found.Own);

        void Words(string name, IEnumerable<Word> words)
        {
            json.WriteStartArray(name);
            foreach (var word in words)
            {
                json.WriteStartObject();
                json.WriteString("word", word.Text);
                Ids(json, word.Ids);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        void Near(string name, IEnumerable<NearToken> tokens)
        {
            json.WriteStartArray(name);
            foreach (var near in tokens)
            {
                json.WriteStartObject();
                json.WriteNumber("id", near.Id);
                json.WriteString("text", Label(near.Id));
                json.Number("cosine", near.Cosine);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
    });

    public void WriteJson(TextWriter output, string name, IReadOnlyList<(string Word, IReadOnlyList<int> Ids, double Value)> places) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteString("direction", name);
        json.WriteStartArray("projected");
        foreach (var (word, ids, value) in places)
        {
            json.WriteStartObject();
            json.WriteString("word", word);
            if (ids.Count > 0) Ids(json, ids);
            json.Number("value", value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    public void WriteJson(TextWriter output, Movement moved, string word) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteString("word", word);
        json.WriteStartArray("texts");
        foreach (var place in moved.Places)
        {
            json.WriteStartObject();
            json.WriteString("text", place.Text);
            json.WriteNumber("first", place.First);
            json.WriteNumber("last", place.Last);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("points");
        foreach (var point in moved.Points) json.WriteStringValue(point);
        json.WriteEndArray();
        json.WriteStartArray("cosines");
        foreach (var (first, second, cosines) in Pairs(moved))
        {
            json.WriteStartObject();
            json.WriteNumber("first", first);
            json.WriteNumber("second", second);
            json.WriteStartArray("cosine");
            foreach (var cosine in cosines) json.Value(cosine);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    public Figure Figure(WordArithmetic found) => HeatMap.Of([.. found.Nearest.Select(n => (float)n.Cosine)],
        new("token", [.. found.Nearest.Select(n => TokenLabel.Visible(Label(n.Id)))], [.. found.Nearest.Select(n => $"t{n.Id}")]), FigureAxis.Named("", "cosine"),
        new() { Title = $"Nearest to {Name(found)}", Caption = "The cosine of the angle between each token's embedding and this vector; the words themselves are left out.", Measure = "cosine", KeyPrefix = "near", Largest = 1, Width = 360 });

    public static Figure Figure(string name, IReadOnlyList<(string Word, IReadOnlyList<int> Ids, double Value)> places) => HeatMap.Of([.. places.Select(p => (float)p.Value)],
        new("word", [.. places.Select(p => p.Word)], [.. places.Select((p, i) => $"w{i}")]), FigureAxis.Named("", "along"),
        new() { Title = $"Along {name}", Caption = "The product of each word's vector with the direction's unit vector.", Measure = "along the direction", KeyPrefix = "along", Width = 360 });

    public static Figure Figure(Movement moved, string word)
    {
        var pairs = Pairs(moved);
        var values = new float[moved.Points.Count * pairs.Count];
        for (var point = 0; point < moved.Points.Count; point++)
            for (var p = 0; p < pairs.Count; p++) values[point * pairs.Count + p] = (float)pairs[p].Cosines[point];
        return HeatMap.Of(values, new("point", [.. moved.Points.Select(PointName)], [.. moved.Points.Select((_, i) => $"n{i}")]),
            new("texts", [.. pairs.Select(p => $"{Letter(p.First)}–{Letter(p.Second)}")], [.. pairs.Select(p => $"x{p.First}_{p.Second}")]),
            new()
            {
                Title = $"How “{word}” moves",
                Caption = $"The cosine between its vectors in two texts, from the embedding up. {string.Join("; ", moved.Places.Select((p, i) => $"{Letter(i)}: {p.Text}"))}.",
                Measure = "cosine",
                KeyPrefix = "move",
                FirstRowAtBottom = true,
                Largest = 1,
                Width = 420,
            });
    }

    /// <summary>
    /// The word's ways through the layers on one map. Vectors are made length 1 first: the stream grows from layer to layer, and its length
    /// would hide where it turns. The final norm's output is left out, because the norm's weights stretch every dimension by itself.
    /// </summary>
    public static Figure Map(Movement moved, string word)
    {
        var steps = moved.Points.Count(p => !p.StartsWith(ActivationNames.FinalNorm + ".", StringComparison.Ordinal));
        var ways = moved.Vectors.Select(vectors => vectors.Take(steps).Select(Unit).ToArray()).ToArray();
        var pca = Pca.Of([.. ways.SelectMany(way => way.Select(v => (ReadOnlyMemory<float>)v))]);
        return EmbeddingMap.Of([.. ways.Select((way, i) => new MapPoint(moved.Places[i].Text, $"text{i}", [.. way.Select(Place)]))], new()
        {
            Title = $"Where “{word}” goes in {ways.Length} texts",
            Shares = (pca.Shares[0], pca.Shares[1]),
            StepNames = [.. moved.Points.Take(steps).Select((p, i) => i == 0 ? "the embedding" : $"layer {p.Split('.')[1]}")],
            Note = "vectors are made length 1 first",
        });

        (float X, float Y) Place(float[] vector)
        {
            var place = pca.Project(vector);
            return (place[0], place[1]);
        }
    }

    private static float[] Unit(float[] vector)
    {
        var unit = (float[])vector.Clone();
        var length = TensorPrimitives.Norm<float>(vector);
        if (length > 0) TensorPrimitives.Divide(vector, length, unit);
        return unit;
    }

    private static List<(int First, int Second, IReadOnlyList<double> Cosines)> Pairs(Movement moved)
    {
        var pairs = new List<(int, int, IReadOnlyList<double>)>();
        for (var a = 0; a < moved.Places.Count; a++)
            for (var b = a + 1; b < moved.Places.Count; b++) pairs.Add((a, b, moved.Cosines(a, b)));
        return pairs;
    }

    /// <summary>Says which words are several tokens.</summary>
    private IEnumerable<StyledLine> Pieces(IEnumerable<(string Word, IReadOnlyList<int> Ids)> words)
        => words.Where(w => w.Ids.Count > 1).SelectMany(w => StyledLine.Wrap($"“{w.Word}” is {w.Ids.Count} tokens ({string.Join(" ", w.Ids.Select(Shown))}): the mean of their embeddings.", 76, Role.Mute));

    private static void Ids(Utf8JsonWriter json, IReadOnlyList<int> ids)
    {
        json.WriteStartArray("ids");
        foreach (var id in ids) json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    private static string PointName(string point) => point switch
    {
        "hook_embed" => "embedding",
        "ln_final.hook_out" => "end, normed",
        _ => $"after layer {point.Split('.')[1]}",
    };

    private static string Letter(int index) => index < 26 ? ((char)('A' + index)).ToString() : (index + 1).ToString(CultureInfo.InvariantCulture);

    private string Label(int token) => model.Tokenizer.Decode([token], skipSpecialTokens: false);

    private string Shown(int token) => CellWidth.Shorten(TokenLabel.Visible(Label(token)), 20);

    private static string Two(double value) => value.ToString("0.00", CultureInfo.InvariantCulture).Replace('-', '−');
}
