using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>heed patch: where the difference between two texts lives.</summary>
internal static class PatchCommand
{
    private const string Example = "heed patch \"When Mary and John went to the store, John gave a drink to\" \"When Mary and John went to the store, Mary gave a drink to\" --answer \" Mary\" --wrong \" John\"";

    private static readonly PatchKind[] s_kinds = Enum.GetValues<PatchKind>();

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var clean = new Argument<string?>("clean") { Description = "The text after which the answer is right.", Arity = ArgumentArity.ZeroOrOne };
        var corrupt = new Argument<string?>("corrupt") { Description = "The same with the word changed that decides; as many tokens.", Arity = ArgumentArity.ZeroOrOne };
        var answer = new Option<string?>("--answer", "-a") { Description = "The token that is right after the clean text; the space before a word counts.", HelpName = "TOKEN" };
        var wrong = new Option<string?>("--wrong", "-w") { Description = "The token whose logit is subtracted.", HelpName = "TOKEN" };
        var kind = new Option<string[]>("--kind", "-k")
        {
            Description = $"What is carried over; may be given again. {Words(s_kinds.Where(Patching.IsByPosition))}: by layer and position; {Words(s_kinds.Where(k => !Patching.IsByPosition(k)))}: by layer and head. Default: residual.",
            HelpName = "KIND",
        };
        kind.AcceptOnlyFromAmong([.. s_kinds.Select(Patching.Word)]);
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("patch", "See where the difference between two texts lives (activation patching).")
        {
            Examples =
            [
                (Example, "by layer and position"),
                ("heed patch … --kind z --kind pattern --html heads.html", "by head: what it says, and where it looks"),
                ("heed patch … --edit zero:blocks.3.attn.hook_z:head=2", "both texts without head 3.2"),
            ],
            Notes = """
                The second text is run with one activation of the first put in. 0: nothing
                changes; 1: the logit difference is back at that of the first text.
                Edits are made in every run of both texts; freeze takes the scale of the first.

                """ + EditOption.Notes,
        };
        command.Arguments.Add(clean);
        command.Arguments.Add(corrupt);
        foreach (var option in new Option[] { answer, wrong, kind, json }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(clean) is not { } cleanText || parsed.GetValue(corrupt) is not { } corruptText)
                throw new UsageException($"Two texts are needed, each in quotes. Try: {Example}");
            if (parsed.GetValue(answer) is not { } a || parsed.GetValue(wrong) is not { } w)
                throw new UsageException("--answer and --wrong are needed: the two tokens whose logits are compared.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            using var interruption = new Interruption();
            AnalysisText first = AnalysisText.Of(opened, cleanText, Example), second = AnalysisText.Of(opened, corruptText, Example);
            int right = first.Token(a, "--answer"), subtracted = first.Token(w, "--wrong");
            var words = parsed.GetValue(kind) is { Length: > 0 } given ? given.Distinct() : ["residual"];
            PatchingOptions[] options = [.. words.Select(word => new PatchingOptions { Kind = s_kinds.First(k => Patching.Word(k) == word) })];
            var made = edits.Read(parsed, opened, first.Tokens);
            IReadOnlyList<Patching> results;
            using (var progress = new Progress(terminal, "Patching"))
                results = Patching.RunEach(opened, first.Tokens, second.Tokens, right, subtracted, options, made, progress, interruption.Token);
            if (parsed.GetValue(json)) WriteJson(terminal.Out, first, second, edits.Given(parsed), results);
            else if (!results[0].HasSpan) throw new HeedException($"{AnswerTokens.Logit(opened.Tokenizer, right, subtracted)} is {Text(results[0].CleanDifference)} after both texts: there is no difference to look for. Give other answers, or texts that differ.");
            else terminal.Write(Page(first, second, made, results, terminal.Width));
            figures.Write(parsed, terminal, () => PatchingFigures.Of(results[0], opened.Tokenizer, second.Texts), () => FigurePage.Of([.. results.Select(r => PatchingFigures.Of(r, opened.Tokenizer, second.Texts))]));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<StyledLine> Page(AnalysisText clean, AnalysisText corrupt, Edit[] edits, IReadOnlyList<Patching> results, int width)
    {
        foreach (var line in clean.Heading(width)) yield return line;
        foreach (var line in corrupt.Heading(width).Skip(1)) yield return line;
        yield return new();
        yield return StyledLine.Of($"{AnswerTokens.Logit(clean.Model.Tokenizer, results[0].Answer, results[0].Wrong)} is {Text(results[0].CleanDifference)} after the first text, {Text(results[0].CorruptDifference)} after the second.");
        yield return StyledLine.Of("The second text is run with a part of the first: 0 nothing changes, 1 all does.", Role.Mute);
        foreach (var line in EditOption.Said(edits, width)) yield return line;
        foreach (var result in results)
        {
            yield return new();
            yield return StyledLine.Of($"Carried over: {Patching.Meaning(result.Options.Kind)}", Role.Strong);
            var columns = result.Difference.Max(row => row.Count);
            string[] labels = Patching.IsByPosition(result.Options.Kind) ? corrupt.Texts : [.. Enumerable.Range(0, columns).Select(h => h.ToString(CultureInfo.InvariantCulture))];
            foreach (var line in LayerGrid.Lines(result.Normalized, labels, result.Axis == "position" ? "position" : "head", width)) yield return line;
        }
    }

    private static string Words(IEnumerable<PatchKind> kinds) => string.Join(", ", kinds.Select(Patching.Word));

    private static string Text(double value) => value.ToString("+0.00;−0.00;0", CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, AnalysisText clean, AnalysisText corrupt, string[] edits, IReadOnlyList<Patching> results) => Json.WriteLine(output, json =>
    {
        json.WriteStartObject("clean");
        clean.WriteJson(json);
        json.WriteEndObject();
        json.WriteStartObject("corrupt");
        corrupt.WriteJson(json);
        json.WriteEndObject();
        EditOption.WriteJson(json, edits);
        clean.WriteToken(json, "answer", results[0].Answer);
        clean.WriteToken(json, "wrong", results[0].Wrong);
        json.Number("clean_difference", results[0].CleanDifference, 7);
        json.Number("corrupt_difference", results[0].CorruptDifference, 7);
        json.WriteStartArray("patches");
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("kind", Patching.Word(result.Options.Kind));
            json.WriteString("activation", $"blocks.*.{Patching.Name(result.Options.Kind)}");
            json.WriteString("axis", result.Axis);
            Rows("difference", result.Difference);
            if (result.HasSpan) Rows("normalized", result.Normalized);
            else json.WriteNull("normalized");
            json.WriteEndObject();
        }
        json.WriteEndArray();

        void Rows(string name, IReadOnlyList<IReadOnlyList<double>> rows)
        {
            json.WriteStartArray(name);
            foreach (var row in rows)
            {
                json.WriteStartArray();
                foreach (var value in row) json.Value(value, 7);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
    });
}
