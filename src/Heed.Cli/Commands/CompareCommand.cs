using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed compare: two texts or two models, activation by activation.</summary>
internal static class CompareCommand
{
    private const string Example = "heed compare \"American shrew mole\" \"Take a biopsy of the mole\" --align end";

    /// <summary>More activations than these are shown layer by layer.</summary>
    private const int MostRows = 40;

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var first = new Argument<string?>("a") { Description = "The first text, in quotes.", Arity = ArgumentArity.ZeroOrOne };
        var second = new Argument<string?>("b") { Description = "The second. Default: the first again, for another model or an edit.", Arity = ArgumentArity.ZeroOrOne };
        var other = new Option<string?>("--model-b") { Description = "Run the second in this model.", HelpName = "PATH" };
        var align = new Option<string>("--align") { Description = "start: the first tokens stand beside each other; end: the last.", DefaultValueFactory = _ => "start" };
        align.AcceptOnlyFromAmong("start", "end");
        var names = new Option<string?>("--names", "-n") { Description = "What to compare: names or patterns, a comma between. Default: the stream, what is added to it, q, k, v, z and patterns.", HelpName = "NAMES" };
        var top = new Option<int>("--top") { Description = "How many heads and next tokens to list; --json has all heads.", HelpName = "N", DefaultValueFactory = _ => 8 };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("compare", "Compare two texts or two models, activation by activation.")
        {
            Examples =
            [
                (Example, "how the last word's vectors part, layer by layer"),
                ("heed compare \"the car crashed\" --edit zero:blocks.10.attn.hook_z:head=1", "a text with and without an edit"),
                ("heed compare \"the cat\" --model A --model-b B", "two models"),
            ],
            Notes = "Edits are made in the second run.\n" + EditOption.Notes,
        };
        command.Arguments.Add(first);
        command.Arguments.Add(second);
        foreach (var option in new Option[] { other, align, names, top, json }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = parsed.GetValue(first) ?? throw new UsageException($"No text was given. Try: {Example}");
            var wordsB = parsed.GetValue(second) ?? words;
            if (parsed.GetValue(second) is null && parsed.GetValue(other) is null && edits.Given(parsed).Length == 0)
                throw new UsageException($"There is nothing to compare with: give a second text, --model-b or --edit. Try: {Example}");
            if (parsed.GetValue(top) < 1) throw new UsageException($"--top is {parsed.GetValue(top)}; list one at least.");
            using var modelA = model.Open(parsed, terminal, ActivationPrecision.Float32);
            using var opened = parsed.GetValue(other) is { } path ? model.Open(parsed, terminal, ActivationPrecision.Float32, path) : null;
            var a = AnalysisText.Of(modelA, words, Example);
            var b = AnalysisText.Of(opened ?? modelA, wordsB, Example);
            var wanted = parsed.GetValue(names)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (wanted is []) throw new UsageException("--names is empty; give a name, or leave it out.");
            foreach (var name in wanted ?? [])
                foreach (var of in new[] { a, b }) UsageException.Checked(() => of.Model.Transformer.Activations.Match(name));
            var made = edits.Read(parsed, b.Model, b.Tokens);
            RunComparison comparison;
            using (new Progress(terminal, "Running both"))
                comparison = RunComparison.Run(a.Model, a.Tokens, b.Model, b.Tokens, parsed.GetValue(align) == "end" ? TextAlignment.End : TextAlignment.Start,
                    wanted, null, made, parsed.GetValue(top));
            if (parsed.GetValue(json)) WriteJson(terminal.Out, a, b, comparison);
            else terminal.Write(Page(a, b, comparison, parsed.GetValue(top), terminal.Width));
            figures.Write(parsed, terminal, () => ComparisonFigures.Stream(comparison, a.Texts),
                () => comparison.Patterns.Count > 0 ? FigurePage.Of(ComparisonFigures.Heads(comparison), ComparisonFigures.Stream(comparison, a.Texts)) : FigurePage.Of(ComparisonFigures.Stream(comparison, a.Texts)));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<StyledLine> Page(AnalysisText a, AnalysisText b, RunComparison c, int top, int width)
    {
        foreach (var line in a.Heading(width)) yield return line;
        if (!ReferenceEquals(a.Model, b.Model)) yield return StyledLine.Of("and", Role.Mute);
        foreach (var line in b.Heading(width)) yield return line;
        if (a.Tokens.Length != b.Tokens.Length)
        {
            var where = $"{c.Positions} tokens stand beside each other: {c.FirstA}…{c.FirstA + c.Positions - 1} of the first text, {c.FirstB}…{c.FirstB + c.Positions - 1} of the second. --align start or end says which."
                + (c.PairsFirstKeys && c.Patterns.Count > 0 ? " As something to look at, the first token of each is compared with the other's: many heads rest there." : "");
            foreach (var line in StyledLine.Wrap(where, Math.Min(width, 76), Role.Mute)) yield return line;
        }
        yield return new();
        foreach (var line in c.Activations.Count > MostRows ? ByLayer(c) : ByName(c)) yield return line;
        foreach (var (name, why) in c.Skipped.Take(5)) yield return new StyledLine().Add(CellWidth.Shorten(name, 33), Role.Mute).PadTo(34).Add($"not compared: {why}", Role.Mute);
        if (c.Skipped.Count > 5) yield return StyledLine.Of($"and {c.Skipped.Count - 5} more not compared", Role.Mute);

        if (c.Patterns.Count > 0)
        {
            yield return new();
            yield return StyledLine.Of("Heads whose attention differs most", Role.Strong).Add(" · weight that lies elsewhere, 0 to 1", Role.Mute);
            foreach (var p in c.Patterns.OrderByDescending(p => p.TotalVariation).Take(top))
                yield return new StyledLine().Add($"  {p.Layer}.{p.Head}").PadTo(10).Add(Number(p.TotalVariation, "0.000")).PadTo(17).Add(Bar.Of(p.TotalVariation, 1, 30), Role.Query);
        }
        yield return new();
        if (c.Next is not { } next)
        {
            yield return StyledLine.Of("The vocabularies have different sizes, so what comes next is not compared.", Role.Mute);
            yield break;
        }
        yield return StyledLine.Of("What comes next", Role.Strong).Add($" · KL(a‖b) {Number(next.DivergenceToB, "0.0000")}, KL(b‖a) {Number(next.DivergenceToA, "0.0000")} nats", Role.Mute);
        foreach (var change in next.Changes)
            yield return new StyledLine().Add($"  {a.Label(change.Token, 18)}").PadTo(22).Add($"{Percent(change.Before)} → {Percent(change.After)}").PadTo(46)
                .Add(Bar.Of(Math.Abs(change.After - change.Before), 1, 24), change.After < change.Before ? Role.Key : Role.Query);
    }

    private static IEnumerable<StyledLine> ByName(RunComparison c)
    {
        yield return new StyledLine().Add("activation", Role.Mute).PadTo(34).Add("cosine", Role.Mute).PadTo(43).Add("last token", Role.Mute).PadTo(55).Add("relative", Role.Mute).PadTo(66).Add("largest", Role.Mute);
        foreach (var d in c.Activations)
            yield return new StyledLine().Add(CellWidth.Shorten(d.Name, 33)).PadTo(34).Add(Number(d.Cosine, "0.0000")).PadTo(43).Add(Number(d.CosineByPosition[^1], "0.0000")).PadTo(55)
                .Add(Number(d.RelativeDifference, "0.0000")).PadTo(66).Add(Number(d.LargestDifference, "G4"));
    }

    /// <summary>Many activations: one line a layer, and of each the mean of its positions' cosines.</summary>
    private static IEnumerable<StyledLine> ByLayer(RunComparison c)
    {
        const int Column = 9, Columns = 8;
        yield return StyledLine.Of("How alike they are", Role.Strong).Add(" · cosine, mean over positions; --json has more", Role.Mute);
        var inLayers = c.Activations.Where(d => d.Name.StartsWith("blocks.", StringComparison.Ordinal)).ToList();
        foreach (var d in c.Activations.Except(inLayers)) yield return new StyledLine().Add(d.Name, Role.Mute).PadTo(22).Add(Mean(d));
        string[] locals = [.. inLayers.Select(Local).Distinct()];
        for (var first = 0; first < locals.Length; first += Columns)
        {
            var shown = locals[first..Math.Min(locals.Length, first + Columns)];
            var header = new StyledLine();
            for (var i = 0; i < shown.Length; i++) header.PadTo(6 + i * Column).Add(CellWidth.Shorten(shown[i][(shown[i].LastIndexOf('.') + 1)..].Replace("hook_", "", StringComparison.Ordinal), Column - 1), Role.Mute);
            yield return header;
            foreach (var layer in inLayers.GroupBy(d => d.Layer).Reverse())
            {
                var line = new StyledLine().Add($"{layer.Key}", Role.Mute);
                for (var i = 0; i < shown.Length; i++)
                    if (layer.FirstOrDefault(d => Local(d) == shown[i]) is { } d) line.PadTo(6 + i * Column).Add(Mean(d));
                yield return line;
            }
        }

        static string Local(ActivationDifference d) => d.Name[(d.Name.IndexOf('.', "blocks.".Length) + 1)..];

        static string Mean(ActivationDifference d) => Number(d.CosineByPosition.Average(), "0.0000");
    }

    private static string Percent(double probability) => $"{(probability * 100).ToString("0.00", CultureInfo.InvariantCulture)} %";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, AnalysisText a, AnalysisText b, RunComparison c) => Json.WriteLine(output, json =>
    {
        json.WriteStartObject("a");
        a.WriteJson(json);
        json.WriteEndObject();
        json.WriteStartObject("b");
        b.WriteJson(json);
        json.WriteEndObject();
        json.WriteNumber("positions", c.Positions);
        json.WriteNumber("first_a", c.FirstA);
        json.WriteNumber("first_b", c.FirstB);
        json.WriteBoolean("pairs_first_keys", c.PairsFirstKeys);
        json.WriteStartArray("activations");
        foreach (var d in c.Activations)
        {
            json.WriteStartObject();
            json.WriteString("name", d.Name);
            json.Number("cosine", d.Cosine, 9);
            json.Number("relative_difference", d.RelativeDifference, 9);
            json.Number("largest_difference", d.LargestDifference, 9);
            json.WriteStartArray("cosine_by_position");
            foreach (var cosine in d.CosineByPosition) json.Value(cosine, 9);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("patterns");
        foreach (var p in c.Patterns)
        {
            json.WriteStartObject();
            json.WriteNumber("layer", p.Layer);
            json.WriteNumber("head", p.Head);
            json.Number("total_variation", p.TotalVariation, 9);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("not_compared");
        foreach (var (name, why) in c.Skipped)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("why", why);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (c.Next is not { } next) return;
        json.Number("kl_a_b", next.DivergenceToB, 9);
        json.Number("kl_b_a", next.DivergenceToA, 9);
        json.WriteStartArray("next");
        foreach (var change in next.Changes)
        {
            json.WriteStartObject();
            json.WriteNumber("id", change.Token);
            json.WriteString("text", AnswerTokens.Text(a.Model.Tokenizer, change.Token));
            json.Number("a", change.Before, 9);
            json.Number("b", change.After, 9);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
