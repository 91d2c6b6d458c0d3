using System.CommandLine;
using System.Globalization;
using System.Numerics.Tensors;
using Heed.Cli.Rendering;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>heed why: one attention score, taken apart.</summary>
internal static class WhyCommand
{
    private const string Example = "heed why \"they crashed the car\" --layer 10 --head 1 --query 3 --key 1";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = TextArgument.Create("text", "The text; - reads it from standard input.");
        var layer = new Option<int>("--layer", "-l") { Description = "The head's layer, counted from 0.", HelpName = "L", Required = true };
        var head = new Option<int>("--head", "-H") { Description = "The head, counted from 0.", HelpName = "H", Required = true };
        var query = new Option<int>("--query", "-q") { Description = "The position that looks, counted from 0, -1 the last.", HelpName = "N", DefaultValueFactory = _ => -1 };
        var key = new Option<int?>("--key", "-k") { Description = "The position looked at. Default: the one with the largest weight.", HelpName = "N" };
        var top = new Option<int>("--top") { Description = "How many pairs, writers and dimensions to list; --json has all.", HelpName = "N", DefaultValueFactory = _ => 8 };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("why", "See why a head attends: its score, split by what wrote it.")
        {
            Examples =
            [
                (Example, "why the car looks at crashed"),
                ("heed why --layer 16 --head 0 \"a fluffy blue creature roamed\"", "the last token, at what it looks at most"),
            ],
            Notes = EditOption.Notes,
        };
        command.Arguments.Add(text);
        foreach (var option in new Option[] { layer, head, query, key, top, json }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = TextArgument.Read(parsed, text, terminal, Example);
            if (parsed.GetValue(top) < 1) throw new UsageException($"--top is {parsed.GetValue(top)}; list one at least.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            var (l, h) = (parsed.GetValue(layer), parsed.GetValue(head));
            if ((uint)l >= (uint)opened.Config.Layers.Count) throw new UsageException($"--layer is {l}; the model has layers 0 to {opened.Config.Layers.Count - 1}.");
            if ((uint)h >= (uint)opened.Config.Layers[l].Heads) throw new UsageException($"--head is {h}; layer {l} has heads 0 to {opened.Config.Layers[l].Heads - 1}.");
            var analysis = AnalysisText.Of(opened, words, Example);
            var q = analysis.Position(parsed.GetValue(query), "--query");
            int? lookedAt = parsed.GetValue(key) is { } given ? analysis.Position(given, "--key") : null;
            if (lookedAt > q) throw new UsageException($"--key {lookedAt} comes after --query {q}, which sees only itself and what came before.");
            if (q - lookedAt >= opened.Config.Layers[l].Window) throw new UsageException($"--key {lookedAt} is too far before --query {q}: layer {l} sees the last {opened.Config.Layers[l].Window} tokens.");
            ScoreParts score;
            using (new Progress(terminal, "Running the model"))
            {
                var made = edits.Read(parsed, opened, analysis.Tokens);
                var k = lookedAt ?? Strongest(opened, analysis.Tokens, l, h, q, made);
                score = ScoreParts.Run(opened, analysis.Tokens, l, h, q, k, made);
            }
            if (parsed.GetValue(json)) WriteJson(terminal.Out, analysis, score);
            else terminal.Write(Page(analysis, score, parsed.GetValue(top), terminal.Width));
            figures.Write(parsed, terminal, () => Draw(analysis, score), () => DrawPage(analysis, score));
            if (!score.AddsUp)
                throw new HeedException($"The pairs add up to {Text(score.Sum)}, and the score is {Text(score.RawScore)}: {score.Error:G2} apart, more than rounding allows." +
                    (edits.Given(parsed).Length > 0 ? " An edit that changes the stream, a query or a key itself is written by no head and no MLP." : ""));
            return ExitCode.Success;
        });
        return command;
    }

    private static int Strongest(LanguageModel model, int[] tokens, int layer, int head, int query, Edit[] edits)
    {
        var name = ActivationNames.InBlock(layer, ActivationNames.Pattern);
        var trace = model.Trace(tokens, new Trace(new() { Names = [name], Heads = [head], Positions = query..(query + 1) }), edits);
        return TensorPrimitives.IndexOfMax(trace[name].Row(0, 0));
    }

    /// <summary>The pairs as bars.</summary>
    internal static Figure Draw(AnalysisText analysis, ScoreParts score)
    {
        var parts = new List<AttributionPart>();
        foreach (var (query, key, value) in Pairs(score))
            parts.Add(new($"{query} × {key}", $"{query.Key}_{key.Key}".Replace('.', '-'), value));
        return AttributionBars.Of(parts, score.RawScore, new()
        {
            Title = $"Why {score.Layer}.{score.Head} looks from “{Label(analysis, score.Query)}” at “{Label(analysis, score.Key)}”",
            Caption = "What wrote the query × what wrote the key. Each bar is a pair's exact part of the score q·k.",
            TotalName = "q·k",
            Foot = Changed(score),
        });
    }

    /// <summary>The pairs as bars; who wrote what as a map; the products, number by number.</summary>
    private static FigurePage DrawPage(AnalysisText analysis, ScoreParts score)
    {
        return FigurePage.Of(Draw(analysis, score), ScoreFigures.ByWriter(score, analysis.Texts), ScoreFigures.ByDimension(score, analysis.Texts));
    }

    /// <summary>All pairs, the largest in size first.</summary>
    private static List<(ResidualSource Query, ResidualSource Key, double Value)> Pairs(ScoreParts score)
    {
        var pairs = new List<(ResidualSource, ResidualSource, double Value)>();
        for (var q = 0; q < score.QueryWriters.Count; q++)
            for (var k = 0; k < score.KeyWriters.Count; k++) pairs.Add((score.QueryWriters[q].Source, score.KeyWriters[k].Source, score.Pairs[q, k]));
        return [.. pairs.OrderByDescending(p => Math.Abs(p.Value))];
    }

    private static IEnumerable<StyledLine> Page(AnalysisText analysis, ScoreParts s, int top, int width)
    {
        var (from, to) = (Label(analysis, s.Query), Label(analysis, s.Key));
        foreach (var line in analysis.Heading(width)) yield return line;
        yield return new();
        yield return StyledLine.Of($"Head {s.Layer}.{s.Head}: why “{from}” ({s.Query}) looks at “{to}” ({s.Key})", Role.Strong);
        yield return StyledLine.Of($"q·k = {Text(s.RawScore)}, × {s.Scale.ToString("0.0000", CultureInfo.InvariantCulture)}{Cap(s)}{Bias(s)} = score {Text(s.ScaledScore)} → weight {s.Weight.ToString("0.000", CultureInfo.InvariantCulture)}");

        if (Changed(s) is { Length: > 0 } changed)
            foreach (var line in StyledLine.Wrap($"{char.ToUpperInvariant(changed[0])}{changed[1..]}.", Math.Min(width, 76), Role.Change)) yield return line;

        var pairs = Pairs(s);
        yield return new();
        yield return StyledLine.Of("What wrote the query × what wrote the key", Role.Strong).Add(" · parts of q·k", Role.Mute);
        var largest = Math.Abs(pairs[0].Value);
        foreach (var (query, key, value) in pairs.Take(top)) yield return Row($"{query} × {key}", value, largest);
        if (pairs.Count > top) yield return Row(Plural.Of(pairs.Count - top, "other pair"), pairs.Skip(top).Sum(p => p.Value), 0);
        yield return StyledLine.Of($"{Plural.Of(pairs.Count, "pair")} add{(pairs.Count == 1 ? "s" : "")} up to {Text(s.Sum)}; the model's q·k is {Text(s.RawScore)} ({s.Error.ToString("0.0e0", CultureInfo.InvariantCulture)} apart).", Role.Mute);
        yield return new();
        var strongest = pairs[0];
        foreach (var line in StyledLine.Wrap($"Most of all, {Words(strongest.Query, from)} and {Words(strongest.Key, to)} {(strongest.Value < 0 ? "point apart" : "fit together")}: {Text(strongest.Value)}.", Math.Min(width, 76))) yield return line;

        foreach (var (name, writers, isQuery) in new[] { ($"The query at “{from}”, by what wrote it", s.QueryWriters, true), ($"The key at “{to}”, by what wrote it", s.KeyWriters, false) })
        {
            yield return new();
            yield return StyledLine.Of(name, Role.Strong).Add(" · all its pairs together", Role.Mute);
            var sums = writers.Select((w, i) => (w.Source, Value: isQuery ? Enumerable.Range(0, s.KeyWriters.Count).Sum(k => s.Pairs[i, k]) : Enumerable.Range(0, s.QueryWriters.Count).Sum(q => s.Pairs[q, i])))
                .OrderByDescending(w => Math.Abs(w.Value)).ToList();
            foreach (var (source, value) in sums.Take(top)) yield return Row(source.ToString(), value, Math.Abs(sums[0].Value));
            if (sums.Count > top) yield return Row(Plural.Of(sums.Count - top, "other"), sums.Skip(top).Sum(w => w.Value), 0);
        }

        yield return new();
        yield return StyledLine.Of("Products of the query's and the key's numbers", Role.Strong).Add($" · {s.QueryVector.Count} of them, after norm and rotation", Role.Mute);
        var products = s.Products.Select((p, i) => (Index: i, Value: p)).OrderByDescending(p => Math.Abs(p.Value)).ToList();
        foreach (var (i, value) in products.Take(top))
            yield return Row($"{i,3}: {Short(s.QueryVector[i])} × {Short(s.KeyVector[i])}", value, Math.Abs(products[0].Value));
        if (products.Count > top) yield return Row(Plural.Of(products.Count - top, "other product"), products.Skip(top).Sum(p => p.Value), 0);

        // What is many together has no bar: it is not one of those above it.
        StyledLine Row(string name, double value, double most)
        {
            var number = Text(value);
            return new StyledLine().Add($"  {name}").PadTo(44 - number.Length).Add(number).PadTo(46).Add(Bar.Of(Math.Abs(value), most, Math.Clamp(width - 50, 8, 30)), value < 0 ? Role.Key : Role.Query);
        }
    }

    /// <summary>What an edit made of the score before the softmax, in words; empty if it took the score as it was.</summary>
    private static string Changed(ScoreParts s)
        => s.IsHidden ? "an edit hides this key from this query: its score became −∞ before the softmax, so its weight is 0 whatever q·k says"
            : s.MaskedScore != s.ScaledScore ? $"an edit changed the score to {Text(s.MaskedScore)} before the softmax" : "";

    private static string Words(ResidualSource source, string token) => source.Writer switch
    {
        ResidualWriter.Embedding => $"the embedding of “{token}”",
        ResidualWriter.Head or ResidualWriter.Mlp => $"what {source} wrote at “{token}”",
        _ => $"the {source}",
    };

    private static string Label(AnalysisText analysis, int position) => TokenLabel.Short(analysis.Texts[position], 20);

    private static string Cap(ScoreParts s) => s.SoftCap is { } cap ? $", capped at ±{cap.ToString("0.##", CultureInfo.InvariantCulture)}" : "";

    private static string Bias(ScoreParts s) => s.PositionBias != 0 ? $", {Text(s.PositionBias)} for the distance" : "";

    private static string Text(double value) => value.ToString("+0.0000;−0.0000;0", CultureInfo.InvariantCulture);

    private static string Short(double value) => value.ToString("+0.000;−0.000;0", CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, AnalysisText analysis, ScoreParts s) => Json.WriteLine(output, json =>
    {
        analysis.WriteJson(json);
        foreach (var (name, value) in new[] { ("layer", s.Layer), ("head", s.Head), ("query", s.Query), ("key", s.Key) }) json.WriteNumber(name, value);
        json.Number("raw_score", s.RawScore, 7);
        json.Number("scale", s.Scale, 9);
        if (s.SoftCap is { } cap) json.Number("soft_cap", cap);
        json.Number("position_bias", s.PositionBias);
        json.Number("scaled_score", s.ScaledScore, 7);
        json.Number("masked_score", s.MaskedScore, 7);
        json.WriteBoolean("hidden", s.IsHidden);
        if (Changed(s) is { Length: > 0 } changed) json.WriteString("edited", changed);
        json.Number("weight", s.Weight, 9);
        json.Number("sum", s.Sum, 7);
        json.Number("error", s.Error, 12);
        json.WriteBoolean("adds_up", s.AddsUp);
        Numbers("query_vector", s.QueryVector.Select(x => (double)x));
        Numbers("key_vector", s.KeyVector.Select(x => (double)x));
        Numbers("products", s.Products);
        Names("query_writers", s.QueryWriters);
        Names("key_writers", s.KeyWriters);
        // [query writer, key writer]
        json.WriteStartArray("pairs");
        for (var q = 0; q < s.QueryWriters.Count; q++)
        {
            json.WriteStartArray();
            for (var k = 0; k < s.KeyWriters.Count; k++) json.Value(s.Pairs[q, k], 9);
            json.WriteEndArray();
        }
        json.WriteEndArray();

        void Numbers(string name, IEnumerable<double> values)
        {
            json.WriteStartArray(name);
            foreach (var value in values) json.Value(value, 9);
            json.WriteEndArray();
        }

        void Names(string name, IReadOnlyList<ScoreWriter> writers)
        {
            json.WriteStartArray(name);
            foreach (var writer in writers) json.WriteStringValue(writer.Source.Name);
            json.WriteEndArray();
        }
    });
}
