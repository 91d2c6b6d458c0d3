using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed lens: what would be predicted after each layer.</summary>
internal static class LensCommand
{
    private const string Example = "heed lens \"The Eiffel Tower is located in the city of\" --token \" Paris\"";
    private const int LabelCells = 8, Cell = 13;

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = TextArgument.Create("text", "The text; - reads it from standard input.");
        var token = new Option<string?>("--token") { Description = "Follow this token's rank and probability; the space before a word counts.", HelpName = "TOKEN" };
        var top = new Option<int>("--top") { Description = "The likeliest tokens that --json lists for each point.", HelpName = "N", DefaultValueFactory = _ => 5 };
        var positions = new Option<string?>("--positions", "-p") { Description = "Only these: FIRST..LAST, counted from 0, -1 the last. Default: as many of the last as fit; all in --json.", HelpName = "RANGE" };
        var mid = new Option<bool>("--mid") { Description = "Also between a layer's attention and its MLP." };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("lens", "See what would be predicted after each layer (logit lens).")
        {
            Examples =
            [
                (Example, "a table of layers and positions, and where Paris stands"),
                ("heed lens --positions -1 --mid \"the bank of the river\"", "one position, twice a layer"),
                ("heed lens --json \"a b c d\" | jq .probability", "the numbers, for a program"),
            ],
            Notes = EditOption.Notes,
        };
        command.Arguments.Add(text);
        foreach (var option in new Option[] { token, positions, mid, top, json }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = TextArgument.Read(parsed, text, terminal, Example);
            if (parsed.GetValue(top) is < 1 or > 10_000) throw new UsageException($"--top is {parsed.GetValue(top)}; it must be from 1 to 10000.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            using var interruption = new Interruption();
            var analysis = AnalysisText.Of(opened, words, Example);
            int? followed = parsed.GetValue(token) is { } t ? analysis.Token(t, "--token") : null;
            var fit = Math.Max(1, (terminal.Width - LabelCells) / Cell);
            var asked = parsed.GetValue(positions) is { } range ? analysis.Positions(range, "--positions") : (First: 0, End: analysis.Tokens.Length);
            // Every point and position costs an unembedding: only what is shown is computed, and JSON shows all.
            var shown = parsed.GetValue(json) ? analysis.Tokens.Length : figures.AreGiven(parsed) ? Math.Max(fit, LensTable.Capacity()) : fit;
            var first = Math.Max(asked.First, asked.End - shown);
            var points = LogitLens.PointsOf(opened.Transformer.Activations).Where(p => parsed.GetValue(mid) || !p.IsMid);
            LogitLens lens;
            using (var progress = new Progress(terminal, "Reading the stream"))
                lens = LogitLens.Run(opened, analysis.Tokens, followed, Math.Min(parsed.GetValue(top), opened.Config.VocabularySize), first..asked.End, points, edits.Read(parsed, opened, analysis.Tokens), progress, interruption.Token);
            if (parsed.GetValue(json)) WriteJson(terminal.Out, analysis, lens);
            else terminal.Write(Page(analysis, lens, asked.End - asked.First, fit, terminal.Width));
            figures.Write(parsed, terminal, () => LensTable.Of(lens, opened.Tokenizer, analysis.Texts));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<StyledLine> Page(AnalysisText analysis, LogitLens lens, int asked, int fit, int width)
    {
        foreach (var line in analysis.Heading(width)) yield return line;
        yield return new();
        yield return StyledLine.Of("What would come next if the model stopped there", Role.Strong).Add(" · percent", Role.Mute);
        yield return StyledLine.Of("Rows: the stream as it enters a layer (mid: after attention), end: after all.", Role.Mute);
        var firstShown = Math.Max(0, lens.Positions.Count - fit);
        var header = new StyledLine().PadTo(LabelCells);
        for (var i = firstShown; i < lens.Positions.Count; i++)
            header.PadTo(LabelCells + (i - firstShown) * Cell).Add(TokenLabel.Short(analysis.Texts[lens.Positions[i]], Cell - 1), Role.Query);
        yield return header;
        for (var point = lens.Points.Count - 1; point >= 0; point--)
        {
            var line = new StyledLine().Add(lens.Points[point].Label, Role.Mute);
            for (var i = firstShown; i < lens.Positions.Count; i++)
            {
                var (token, probability) = lens.Top(point, i)[0];
                line.PadTo(LabelCells + (i - firstShown) * Cell).Add(analysis.Label(token, Cell - 5), token == lens.Token ? Role.Key : Role.Ink)
                    .Add(" " + Percent(probability), Role.Mute);
            }
            yield return line;
        }
        if (lens.Positions.Count - firstShown < asked)
            foreach (var line in StyledLine.Wrap($"Only the last {lens.Positions.Count - firstShown} of {asked} positions fit; --positions chooses, --json has all.", Math.Min(width, 76), Role.Mute)) yield return line;
        if (lens.Token is not { } followed) yield break;
        var last = lens.Positions.Count - 1;
        yield return new();
        yield return StyledLine.Of($"Where {analysis.Quoted(followed)} stands", Role.Strong).Add($" · after “{TokenLabel.Short(analysis.Texts[lens.Positions[last]], 20)}” (position {lens.Positions[last]})", Role.Mute);
        for (var point = lens.Points.Count - 1; point >= 0; point--)
        {
            var rank = lens.Rank(point, last).ToString("#,##0", CultureInfo.InvariantCulture);
            var probability = lens.Probability(point, last);
            yield return new StyledLine().Add(lens.Points[point].Label, Role.Mute).PadTo(LabelCells).Add("rank ", Role.Mute).PadTo(LabelCells + 14 - rank.Length).Add(rank, rank == "1" ? Role.Key : Role.Ink)
                .PadTo(LabelCells + 17).Add(probability.ToString(probability >= 0.001 ? "0.000" : "0.0e0", CultureInfo.InvariantCulture)).PadTo(LabelCells + 27).Add(Bar.Of(probability, 1, 24), Role.Query);
        }
    }

    private static string Percent(double probability) => (probability * 100).ToString(probability >= 0.0995 ? "0" : "0.0", CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, AnalysisText analysis, LogitLens lens) => Json.WriteLine(output, json =>
    {
        analysis.WriteJson(json);
        json.WriteStartArray("points");
        foreach (var point in lens.Points) json.WriteStringValue(point.Name);
        json.WriteEndArray();
        json.WriteStartArray("activations");
        foreach (var point in lens.Points) json.WriteStringValue(point.Activation);
        json.WriteEndArray();
        json.WriteStartArray("positions");
        foreach (var p in lens.Positions) json.WriteNumberValue(p);
        json.WriteEndArray();
        // [point, position] of the likeliest tokens.
        json.WriteStartArray("top");
        for (var p = 0; p < lens.Points.Count; p++)
        {
            json.WriteStartArray();
            for (var i = 0; i < lens.Positions.Count; i++)
            {
                json.WriteStartArray();
                foreach (var (token, probability) in lens.Top(p, i))
                {
                    json.WriteStartObject();
                    json.WriteNumber("id", token);
                    json.WriteString("text", AnswerTokens.Text(analysis.Model.Tokenizer, token));
                    json.Number("probability", probability, 9);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
        if (lens.Token is not { } followed) return;
        analysis.WriteToken(json, "token", followed);
        Grid("rank", (p, i) => json.WriteNumberValue(lens.Rank(p, i)));
        Grid("probability", (p, i) => json.Value(lens.Probability(p, i), 9));

        void Grid(string name, Action<int, int> write)
        {
            json.WriteStartArray(name);
            for (var p = 0; p < lens.Points.Count; p++)
            {
                json.WriteStartArray();
                for (var i = 0; i < lens.Positions.Count; i++) write(p, i);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
    });
}
