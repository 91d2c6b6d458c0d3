using System.Globalization;
using System.Text.Json;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>What `heed circuit` prints, as text and as JSON.</summary>
internal sealed class CircuitView(LanguageModel model, int top)
{
    /// <summary>A token as the vocabulary has it, as text.</summary>
    public string Label(int token) => model.Tokenizer.Decode([token], skipSpecialTokens: false);

    /// <summary>How much every head copies: a table where it fits, and the strongest.</summary>
    public IEnumerable<StyledLine> Lines(CopyingScores scores, int width)
    {
        yield return StyledLine.Of("How much every head copies", Role.Strong).Add("  Σλ/Σ|λ| of W_E·W_V·W_O·W_U", Role.Mute);
        yield return StyledLine.Of("1: what it attends to becomes likelier. −1: less likely. 0: other tokens do.", Role.Mute);
        yield return new();
        var heads = scores.Scores.Max(s => s.Count);
        if (8 + 7 * heads <= width)
        {
            yield return new StyledLine().Add("  layer  head", Role.Mute).PadTo(9).Add(string.Concat(Enumerable.Range(0, heads).Select(h => (h == 0 ? "" : h.ToString(CultureInfo.InvariantCulture)).PadLeft(h == 0 ? 0 : 7))), Role.Mute);
            for (var layer = scores.Scores.Count - 1; layer >= 0; layer--)
            {
                var line = new StyledLine().Add($"{layer,5} ", Role.Mute);
                foreach (var score in scores.Scores[layer]) line.Add(Signed(score, "0.00").PadLeft(7), score < 0 ? Role.Key : Role.Query);
                yield return line;
            }
            yield return new();
        }
        var all = scores.Scores.SelectMany((s, l) => s.Select((score, h) => (Layer: l, Head: h, Score: score))).OrderByDescending(s => s.Score).ToList();
        foreach (var line in Named("most copying", all.Where(s => s.Score > 0).Take(top))) yield return line;
        foreach (var line in Named("most suppressing", all.Where(s => s.Score < 0).Reverse().Take(top))) yield return line;
        foreach (var line in NoteLines(scores.Notes)) yield return line;

        static IEnumerable<StyledLine> Named(string name, IEnumerable<(int Layer, int Head, double Score)> some)
            => StyledLine.Wrap(string.Join(", ", some.Select(s => $"{s.Layer}.{s.Head}:{Signed(s.Score, "0.00")}")), 58)
                .Select((line, i) => new StyledLine().Add(i == 0 ? $"  {name}" : "").PadTo(20).Add(line));
    }

    /// <summary>One head's circuits.</summary>
    public IEnumerable<StyledLine> Lines(HeadCircuits c)
    {
        yield return StyledLine.Of($"Layer {c.Layer}, head {c.Head}: its circuits", Role.Strong);
        yield return new();
        yield return new StyledLine().Add("  copying score").PadTo(22).Add(Signed(c.CopyingScore, "0.00")).Add("  Σλ/Σ|λ|: 1 copies, −1 suppresses what it attends to", Role.Mute);
        yield return new StyledLine().Add("  eigenvalues of OV").PadTo(22).Add(CellWidth.Shorten(string.Join("  ", c.Eigenvalues.Take(4).Select(Short)), 57));
        yield return new StyledLine().Add("  positive of them").PadTo(22).Add($"{c.Eigenvalues.Count(v => v.Real > 0)} of {c.Eigenvalues.Count}").Add("  by their real parts", Role.Mute);
        yield return new StyledLine().Add("  singular, W_V·W_O").PadTo(22).Add(string.Join("  ", c.ValueOutputSingularValues.Take(6).Select(s => Signed(s, "0.00"))));
        yield return new StyledLine().Add("  singular, W_Q·W_Kᵀ").PadTo(22).Add(string.Join("  ", c.QueryKeySingularValues.Take(6).Select(s => Signed(s, "0.00"))));
        if (c.SelfFirst is { } self)
            yield return new StyledLine().Add("  raise themselves").PadTo(22).Add($"{self.ToString("N0", CultureInfo.InvariantCulture)} of {c.Tokens.Count.ToString("N0", CultureInfo.InvariantCulture)}").Add("  tokens make themselves likelier than any other", Role.Mute);
        yield return new();
        yield return StyledLine.Of("OV", Role.Strong).Add("  attending to … → makes likelier …", Role.Mute);
        foreach (var line in Pairs(c.ValueOutputPairs, c.ValueOutputByToken)) yield return line;
        yield return new();
        yield return StyledLine.Of("QK", Role.Strong).Add("  … looks for → …, with the score", Role.Mute);
        foreach (var line in Pairs(c.QueryKeyPairs, c.QueryKeyByToken)) yield return line;
        foreach (var line in NoteLines(c.Notes)) yield return line;
    }

    /// <summary>The pairs of heads that compose most.</summary>
    public IEnumerable<StyledLine> Lines(Composition c)
    {
        yield return StyledLine.Of("How much of what earlier heads write later heads read", Role.Strong);
        yield return StyledLine.Of($"‖W_OV·W‖/(‖W_OV‖·‖W‖) from the weights alone; by chance {c.Baseline!.Value.ToString("0.000", CultureInfo.InvariantCulture)}", Role.Mute);
        foreach (var (kind, words) in new[] { (CompositionKind.Query, "query: what the later head looks for"), (CompositionKind.Key, "key: where the later head looks"), (CompositionKind.Value, "value: what the later head moves") })
        {
            yield return new();
            yield return StyledLine.Of(words, Role.Strong);
            var pairs = c.Top(top, kind);
            if (pairs.Count == 0) yield return StyledLine.Of("  No head is in an earlier layer.", Role.Mute);
            foreach (var p in pairs)
                yield return new StyledLine().Add($"  {p.FromLayer}.{p.FromHead} → {p.ToLayer}.{p.ToHead}").PadTo(18).Add(p.Score.ToString("0.000", CultureInfo.InvariantCulture))
                    .Add("  ").Add(Bar.Of(p.Score, pairs[0].Score, 24), Role.Query).Add($" {(p.Score / c.Baseline!.Value).ToString("0.0", CultureInfo.InvariantCulture)}× chance", Role.Mute);
        }
        foreach (var line in NoteLines(c.Notes)) yield return line;
    }

    public void WriteJson(TextWriter output, CopyingScores scores) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteString("norm", Name(scores.Norm));
        json.WriteStartArray("copying_scores");
        foreach (var layer in scores.Scores) Numbers(json, layer);
        json.WriteEndArray();
        Notes(json, scores.Notes);
    });

    public void WriteJson(TextWriter output, HeadCircuits c) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteNumber("layer", c.Layer);
        json.WriteNumber("head", c.Head);
        json.WriteString("norm", Name(c.Norm));
        json.Number("copying_score", c.CopyingScore);
        json.WriteStartArray("eigenvalues");
        foreach (var value in c.Eigenvalues) Numbers(json, [value.Real, value.Imaginary]);
        json.WriteEndArray();
        json.WritePropertyName("ov_singular_values");
        Numbers(json, c.ValueOutputSingularValues);
        json.WritePropertyName("qk_singular_values");
        Numbers(json, c.QueryKeySingularValues);
        json.WriteNumber("tokens", c.Tokens.Count);
        if (c.SelfFirst is { } self) json.WriteNumber("raise_themselves", self);
        Pairs("ov", c.ValueOutputPairs);
        Pairs("qk", c.QueryKeyPairs);
        ByToken("ov_by_token", c.ValueOutputByToken);
        ByToken("qk_by_token", c.QueryKeyByToken);
        Notes(json, c.Notes);

        void Pairs(string name, IEnumerable<TokenPair> pairs)
        {
            json.WriteStartArray(name);
            foreach (var pair in pairs)
            {
                json.WriteStartObject();
                json.WriteNumber("from", pair.From);
                json.WriteString("from_text", Label(pair.From));
                json.WriteNumber("to", pair.To);
                json.WriteString("to_text", Label(pair.To));
                json.Number("value", pair.Value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        void ByToken(string name, IReadOnlyList<IReadOnlyList<TokenPair>> rows)
        {
            if (rows.Count == 0) return;
            json.WriteStartArray(name);
            foreach (var row in rows)
            {
                json.WriteStartObject();
                json.WriteNumber("token", row[0].From);
                json.WriteString("text", Label(row[0].From));
                Pairs("pairs", row);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
    });

    public void WriteJson(TextWriter output, Composition c, CircuitNorm norm) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteString("norm", Name(norm));
        if (c.Baseline is { } baseline) json.Number("baseline", baseline);
        json.WriteStartArray("pairs");
        foreach (var p in new[] { CompositionKind.Query, CompositionKind.Key, CompositionKind.Value }.SelectMany(k => c.Top(top, k)))
        {
            json.WriteStartObject();
            json.WriteString("kind", p.Kind.ToString().ToLowerInvariant());
            json.WriteNumber("from_layer", p.FromLayer);
            json.WriteNumber("from_head", p.FromHead);
            json.WriteNumber("to_layer", p.ToLayer);
            json.WriteNumber("to_head", p.ToHead);
            json.Number("score", p.Score);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Notes(json, c.Notes);
    });

    private IEnumerable<StyledLine> Pairs(IReadOnlyList<TokenPair> pairs, IReadOnlyList<IReadOnlyList<TokenPair>> byToken)
    {
        if (byToken.Count > 0)
        {
            foreach (var row in byToken)
                yield return new StyledLine().Add("  ").Add(Shown(row[0].From)).PadTo(18).Add("→ ", Role.Mute)
                    .Add(CellWidth.Shorten(string.Join("  ", row.Take(6).Select(p => $"{Shown(p.To)} {Signed(p.Value, "0.0")}")), 60));
            yield break;
        }
        foreach (var pair in pairs)
            yield return new StyledLine().Add("  ").Add(Shown(pair.From)).PadTo(22).Add("→ ", Role.Mute).Add(Shown(pair.To)).PadTo(44).Add(Signed(pair.Value, "0.0").PadLeft(8))
                .Add("  ").Add(Bar.Of(pair.Value, pairs[0].Value, 20), Role.Query);
    }

    private string Shown(int token) => CellWidth.Shorten(TokenLabel.Visible(Label(token)), 18);

    private static IEnumerable<StyledLine> NoteLines(IReadOnlyList<string> notes)
    {
        yield return new();
        foreach (var note in notes)
            foreach (var line in StyledLine.Wrap(note, 76, Role.Mute)) yield return line;
    }

    private static void Notes(Utf8JsonWriter json, IReadOnlyList<string> notes)
    {
        json.WriteStartArray("notes");
        foreach (var note in notes) json.WriteStringValue(note);
        json.WriteEndArray();
    }

    private static void Numbers(Utf8JsonWriter json, IEnumerable<double> numbers)
    {
        json.WriteStartArray();
        foreach (var number in numbers) json.Value(number);
        json.WriteEndArray();
    }

    private static string Name(CircuitNorm norm) => norm.ToString().ToLowerInvariant();

    private static string Short(System.Numerics.Complex value)
        => Math.Abs(value.Imaginary) <= 1e-9 * value.Magnitude ? Significant(value.Real) : $"{Significant(value.Real)}{(value.Imaginary < 0 ? " − " : " + ")}{Significant(Math.Abs(value.Imaginary))}i";

    private static string Significant(double value) => value.ToString("G3", CultureInfo.InvariantCulture).Replace('-', '−');

    private static string Signed(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−');
}
