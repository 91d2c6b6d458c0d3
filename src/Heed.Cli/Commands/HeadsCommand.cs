using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>heed heads: what every head does in general, read from its pattern.</summary>
internal static class HeadsCommand
{
    private const string Example = "heed heads";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = new Option<string?>("--text") { Description = "Score on this text instead of repeated random tokens.", HelpName = "TEXT" };
        var length = new Option<int>("--length") { Description = "How many random tokens, before they are repeated. Default: 50.", HelpName = "N", DefaultValueFactory = _ => 50 };
        var seed = new Option<int>("--seed") { Description = "Seeds the random tokens.", HelpName = "N" };
        var pattern = new Option<string[]>("--pattern", "-p") { Description = "Also score a pattern of your own; may be given again (see below).", HelpName = "PATTERN" };
        var measure = AblateCommand.Choice("--measure", "weight: how much attention lies on the pattern; overlap: how much of both is common, 1 where they are equal.", "weight", "overlap");
        var draw = new Option<string?>("--draw") { Description = "The pattern that --svg draws. Default: the first of your own, else induction.", HelpName = "NAME" };
        var top = new Option<int>("--top") { Description = "How many heads to list for each pattern; --json has all.", HelpName = "N", DefaultValueFactory = _ => 5 };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("heads", "Find previous-token, duplicate, induction, first-token and self heads, and any you draw.")
        {
            Examples =
            [
                (Example, "on 50 random tokens and the same again: only the repetition can be used"),
                ("heed heads --text \"the cat sat on the mat and the cat\" --top 3", "on a text"),
                ("heed heads --pattern q-2 --pattern q-4..q-1 --html heads.html", "two patterns of your own, and every map"),
                ("heed heads --edit zero:blocks.*.attn.hook_z:head=6", "which heads still do it when others are gone"),
            ],
            Notes = """
                A pattern of your own is a list of keys that each query should look at: q is the
                query itself, q-1 the token before, 0 the first token, q-4..q-1 a range, with
                commas between several. Or a file ending in .json with a matrix, a row for each
                query: [[1],[1,0],[0,1,0]].
                A score is a mean over the queries for which the pattern has a key; on repeated
                tokens, over those of the repetition.

                """ + EditOption.Notes,
        };
        foreach (var option in new Option[] { text, length, seed, pattern, measure, draw, top, json }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(top) < 1) throw new UsageException($"--top is {parsed.GetValue(top)}; list one head at least.");
            if (parsed.GetValue(length) is < 2 or > 100_000) throw new UsageException($"--length is {parsed.GetValue(length)}; repeat from 2 to 100,000 tokens.");
            if (parsed.GetValue(text) is not null && (parsed.GetResult(length) is { Implicit: false } || parsed.GetResult(seed) is { Implicit: false }))
                throw new UsageException("--length and --seed are for the random tokens that are used without --text; leave them out, or leave out --text.");
            DrawnPattern[] own = [.. (parsed.GetValue(pattern) ?? []).Select(Read)];
            DrawnPattern[] patterns = [.. DrawnPattern.WellKnown, .. own];
            var drawn = parsed.GetValue(draw) ?? (own.Length > 0 ? own[0].Name : DrawnPattern.Induction.Name);
            if (!patterns.Any(p => p.Name == drawn)) throw new UsageException($"--draw is '{drawn}'; there are {string.Join(", ", patterns.Select(p => p.Name))}.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            using var interruption = new Interruption();
            var given = parsed.GetValue(text);
            var tokens = given is null ? UsageException.Checked(() => HeadScores.RepeatedTokens(opened.Tokenizer, parsed.GetValue(length), parsed.GetValue(seed))) : AnalysisText.Of(opened, given, Example).Tokens;
            var made = edits.Read(parsed, opened, tokens);
            HeadScores scores;
            using (var progress = new Progress(terminal, "Scoring heads"))
                scores = HeadScores.Run(opened, tokens, patterns, Enum.Parse<PatternMeasure>(parsed.GetValue(measure)!, ignoreCase: true),
                    given is null ? HeadScores.RepetitionStart(tokens)!.Value : 0, made, progress, interruption.Token);
            if (parsed.GetValue(json)) WriteJson(terminal.Out, opened, given, parsed.GetValue(seed), edits.Given(parsed), scores);
            else terminal.Write(Page(opened, given, parsed.GetValue(seed), made, scores, parsed.GetValue(top), terminal.Width));
            figures.Write(parsed, terminal, () => HeadScoreFigures.Of(scores, scores.Patterns.First(p => p.Pattern.Name == drawn)), () => FigurePage.Of([.. scores.Patterns.Select(p => HeadScoreFigures.Of(scores, p))]));
            return ExitCode.Success;
        });
        return command;
    }

    private static DrawnPattern Read(string given)
        => given.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? DrawnPattern.FromJson(Path.GetFileName(given), File.ReadAllText(given)) : UsageException.Checked(() => DrawnPattern.Parse(given));

    private static IEnumerable<StyledLine> Page(LanguageModel model, string? text, int seed, Edit[] edits, HeadScores scores, int top, int width)
    {
        yield return StyledLine.Of(ModelPlace.NameOf(model.Path), Role.Strong).Add(text is null
            ? $" · {scores.Tokens.Count / 2} random tokens twice (seed {seed.ToString(CultureInfo.InvariantCulture)})" : $" · {scores.Tokens.Count} tokens", Role.Mute);
        yield return StyledLine.Of(scores.HalfLosses is { } halves
            ? $"loss {Number(halves.First, "0.0")} nats a token the first time, {Number(halves.Second, "0.0")} when they repeat"
            : $"loss {Number(scores.Losses.Average(), "0.00")} nats a token");
        foreach (var line in EditOption.Said(edits, width)) yield return line;
        foreach (var pattern in scores.Patterns)
        {
            yield return new();
            var heading = StyledLine.Of(pattern.Pattern.Name, Role.Strong);
            if (pattern.Queries == 0)
            {
                yield return heading.Add(" · no query of this text has such a key", Role.Mute);
                continue;
            }
            yield return heading.Add($" · {pattern.Pattern.Meaning}; {pattern.Queries} quer{(pattern.Queries == 1 ? "y" : "ies")}", Role.Mute);
            foreach (var (head, score) in pattern.Sorted.Take(top))
                yield return StyledLine.Of($"  {head}").PadTo(10).Add(Number(score, "0.00")).PadTo(16).Add(Bar.Of(score, 1, Math.Clamp(width - 20, 8, 40)), Role.Query);
        }
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, LanguageModel model, string? text, int seed, string[] edits, HeadScores scores) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", model.Path);
        json.WriteString("text", text);
        if (text is null) json.WriteNumber("seed", seed);
        json.WriteStartArray("ids");
        foreach (var id in scores.Tokens) json.WriteNumberValue(id);
        json.WriteEndArray();
        EditOption.WriteJson(json, edits);
        json.WriteString("measure", scores.Measure.ToString().ToLowerInvariant());
        json.Number("loss", scores.Losses.Average());
        if (scores.HalfLosses is { } halves)
        {
            json.Number("loss_first", halves.First);
            json.Number("loss_second", halves.Second);
        }
        json.WriteStartArray("patterns");
        foreach (var pattern in scores.Patterns)
        {
            json.WriteStartObject();
            json.WriteString("name", pattern.Pattern.Name);
            json.WriteString("looks_at", pattern.Pattern.Meaning);
            json.WriteNumber("queries", pattern.Queries);
            json.WriteStartArray("heads");
            foreach (var (head, score) in pattern.Sorted)
            {
                json.WriteStartObject();
                json.WriteString("name", head.ToString());
                json.WriteNumber("layer", head.Layer);
                json.WriteNumber("head", head.Head!.Value);
                json.Number("score", score);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
