using System.Globalization;
using System.Text.Json;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>What `heed directions` prints and draws.</summary>
internal sealed class DirectionsView(LanguageModel model)
{
    public IEnumerable<StyledLine> Lines(WordArithmetic found)
    {
        yield return StyledLine.Of($"Nearest to {found.Name}", Role.Strong).Add("  cosine of embeddings", Role.Mute);
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
        var pairs = moved.Pairs();
        yield return StyledLine.Of($"How “{word}” moves", Role.Strong).Add("  cosine between its vectors in two texts", Role.Mute);
        for (var i = 0; i < moved.Places.Count; i++)
        {
            var place = moved.Places[i];
            yield return new StyledLine().Add($"  {Movement.TextName(i)}  ").Add(CellWidth.Shorten(TokenLabel.Visible(place.Text).Replace('·', ' '), 60))
                .Add(place.First == place.Last ? $"  token {place.Last}" : $"  tokens {place.First} to {place.Last}; the last is shown", Role.Mute);
        }
        yield return new();
        yield return new StyledLine().PadTo(18).Add(string.Concat(pairs.Select(p => $"{Movement.TextName(p.First)}–{Movement.TextName(p.Second)}".PadLeft(7))), Role.Mute);
        for (var point = moved.Points.Count - 1; point >= 0; point--)
        {
            var line = new StyledLine().Add("  " + moved.PointNames[point], Role.Mute).PadTo(18);
            foreach (var pair in pairs) line.Add(Two(pair.Cosines[point]).PadLeft(7));
            yield return pairs.Count == 1 ? line.Add("  ").Add(Bar.Of(pairs[0].Cosines[point], 1, 32), Role.Query) : line;
        }
    }

    public void WriteJson(TextWriter output, WordArithmetic found) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteString("direction", found.Name);
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
        foreach (var (first, second, cosines) in moved.Pairs())
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

    /// <summary>Says which words are several tokens.</summary>
    private IEnumerable<StyledLine> Pieces(IEnumerable<(string Word, IReadOnlyList<int> Ids)> words)
        => words.Where(w => w.Ids.Count > 1).SelectMany(w => StyledLine.Wrap($"“{w.Word}” is {w.Ids.Count} tokens ({string.Join(" ", w.Ids.Select(Shown))}): the mean of their embeddings.", 76, Role.Mute));

    private static void Ids(Utf8JsonWriter json, IReadOnlyList<int> ids)
    {
        json.WriteStartArray("ids");
        foreach (var id in ids) json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    private string Label(int token) => model.Tokenizer.Decode([token], skipSpecialTokens: false);

    private string Shown(int token) => CellWidth.Shorten(TokenLabel.Visible(Label(token)), 20);

    private static string Two(double value) => value.ToString("0.00", CultureInfo.InvariantCulture).Replace('-', '−');
}
