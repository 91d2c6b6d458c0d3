using System.Text.Json;

namespace Heed.Tokenization;

/// <summary>One field of one recorded case, and what the tokenizer makes of it.</summary>
/// <param name="Case">The case's number, from 0.</param>
/// <param name="Field">The field's name.</param>
/// <param name="Expected">What is recorded, as JSON.</param>
/// <param name="Actual">What the tokenizer gives, as JSON, or the error's message.</param>
/// <param name="Equal">Whether they agree; null if the field is not one that is compared.</param>
public sealed record TokenizerCaseResult(int Case, string Field, string Expected, string Actual, bool? Equal);

/// <summary>What comparing all cases of a file found.</summary>
public sealed record TokenizerCaseReport(int Cases, int Equal, int Different, int NotCompared, IReadOnlyList<TokenizerCaseResult> Differences)
{
    /// <summary>The line that ends a report.</summary>
    public override string ToString() => $"{Equal} equal, {Different} different, {NotCompared} not compared";
}

/// <summary>
/// Compares a tokenizer with recorded cases: a JSON array of objects with "text" and any of
/// "ids" (with special tokens), "ids_no_special", "tokens", "offsets" (code points; both without special tokens),
/// "decoded" (of the ids without special tokens), "decoded_skip_special" (of "ids").
/// </summary>
public static class TokenizerCases
{
    /// <summary>Compares all cases.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="casesFile">The file with the cases.</param>
    /// <param name="differences">How many differences are kept to be shown; all are counted.</param>
    /// <exception cref="HeedException">The file cannot be read or is not an array of cases.</exception>
    public static TokenizerCaseReport Verify(Tokenizer tokenizer, string casesFile, int differences = 20)
    {
        int cases = 0, equal = 0, different = 0, notCompared = 0;
        var kept = new List<TokenizerCaseResult>();
        foreach (var result in Compare(tokenizer, casesFile))
        {
            cases = result.Case + 1;
            switch (result.Equal)
            {
                case true: equal++; break;
                case null: notCompared++; break;
                default:
                    different++;
                    if (kept.Count < differences) kept.Add(result);
                    break;
            }
        }
        return new TokenizerCaseReport(cases, equal, different, notCompared, kept);
    }

    /// <summary>Every field of every case, compared.</summary>
    /// <exception cref="HeedException">The file cannot be read or is not an array of cases.</exception>
    public static IEnumerable<TokenizerCaseResult> Compare(Tokenizer tokenizer, string casesFile)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(casesFile);
        using var json = TextFile.OpenJson(casesFile);
        var number = 0;
        foreach (var item in new JsonField(json.RootElement, casesFile, "the cases").Items())
        {
            foreach (var result in Compare(tokenizer, item, number)) yield return result;
            number++;
        }
    }

    private static IEnumerable<TokenizerCaseResult> Compare(Tokenizer tokenizer, JsonField item, int number)
    {
        var text = item["text"].Text;
        var plainIds = item.Find("ids_no_special") is not null;
        foreach (var (name, value) in item.Properties())
        {
            if (name == "text") continue;
            var expected = value.Value;
            string? actual;
            try
            {
                actual = name switch
                {
                    "ids" => Write(w => Numbers(w, tokenizer.Encode(text).Ids)),
                    "ids_no_special" => Write(w => Numbers(w, tokenizer.Encode(text, addSpecialTokens: false).Ids)),
                    "tokens" => Write(w => Texts(w, tokenizer.Encode(text, addSpecialTokens: !plainIds).Tokens)),
                    "offsets" => Write(w => Pairs(w, tokenizer.Encode(text, addSpecialTokens: !plainIds).Offsets)),
                    "decoded" => Write(w => w.WriteStringValue(tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: !plainIds).Ids))),
                    "decoded_skip_special" => Write(w => w.WriteStringValue(tokenizer.Decode(tokenizer.Encode(text).Ids, skipSpecialTokens: true))),
                    _ => null,
                };
            }
            catch (HeedException e)
            {
                actual = e.Message;
            }
            if (actual is null)
            {
                yield return new TokenizerCaseResult(number, name, expected.GetRawText(), "", null);
                continue;
            }
            var recorded = Write(expected.WriteTo);
            yield return new TokenizerCaseResult(number, name, recorded, actual, recorded == actual);
        }
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(writer);
        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Numbers(Utf8JsonWriter writer, int[] values)
    {
        writer.WriteStartArray();
        foreach (var value in values) writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }

    private static void Texts(Utf8JsonWriter writer, string[] values)
    {
        writer.WriteStartArray();
        foreach (var value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static void Pairs(Utf8JsonWriter writer, (int Start, int End)[] values)
    {
        writer.WriteStartArray();
        foreach (var (start, end) in values) Numbers(writer, [start, end]);
        writer.WriteEndArray();
    }
}
