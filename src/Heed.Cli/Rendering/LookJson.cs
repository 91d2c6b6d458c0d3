using Heed.Cli.Commands;
using Heed.Cli.Looking;

namespace Heed.Cli.Rendering;

/// <summary>What `heed look --json` prints: one object on one line.</summary>
internal static class LookJson
{
    public static void Write(TextWriter output, HeadView view, string[] edits, bool isLesson) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", view.Model.Path);
        json.WriteString("text", view.Text);
        json.WriteStartArray("tokens");
        for (var i = 0; i < view.Encoding.Count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", view.Encoding.Ids[i]);
            json.WriteString("token", view.Encoding.Tokens[i]);
            json.WriteString("text", view.TokenTexts[i]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        EditOption.WriteJson(json, edits);
        json.WriteNumber("layer", view.Choice.Layer);
        json.WriteNumber("head", view.Choice.Head);
        json.WriteString("chosen_by", view.IsNamed ? "name" : "content");
        if (view.Choice.Mean is { } mean) json.Number("content_weight", mean);
        json.WriteNumber("first_shown", view.First);
        json.WriteNumber("last_shown", view.End - 1);

        // Queries are the shown tokens, keys all tokens up to the last shown; a weight that is masked is null.
        json.WriteStartArray("pattern_axes");
        json.WriteStringValue(isLesson ? "key" : "query");
        json.WriteStringValue(isLesson ? "query" : "key");
        json.WriteEndArray();
        json.WriteStartArray("pattern");
        var (outerFirst, outerEnd, innerFirst) = isLesson ? (0, view.End, view.First) : (view.First, view.End, 0);
        for (var outer = outerFirst; outer < outerEnd; outer++)
        {
            json.WriteStartArray();
            for (var inner = innerFirst; inner < view.End; inner++)
            {
                var weight = isLesson ? view.Weight(inner, outer) : view.Weight(outer, inner);
                if (float.IsNaN(weight)) json.WriteNullValue();
                else json.WriteNumberValue(weight);
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteStartArray("change_lengths");
        for (var position = view.First; position < view.End; position++) json.WriteNumberValue((float)view.ChangeLength(position));
        json.WriteEndArray();
        json.WriteStartArray("next");
        foreach (var next in view.Next)
        {
            json.WriteStartObject();
            json.WriteNumber("id", next.Id);
            json.WriteString("text", next.Text);
            json.Number("probability", Math.Exp(next.LogProbability), 9);
            json.Number("log_probability", next.LogProbability);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
