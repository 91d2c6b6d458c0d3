using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed ablate: what the model is like without each of its parts.</summary>
internal static class AblateCommand
{
    private const string Example = "heed ablate \"The Eiffel Tower is located in the city of\" --answer \" Paris\"";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = TextArgument.Create("text", "The text; - reads it from standard input.");
        var by = Choice("--by", "What is removed, one at a time.", "head", "mlp", "layer");
        var method = Choice("--method", "What takes its place: zeros, its mean over the text, or what it says elsewhere (another text with --from, else another position).", "zero", "mean", "resample");
        var from = new Option<string?>("--from") { Description = "The text to resample from, at least as many tokens: position p takes what position p has there.", HelpName = "TEXT" };
        var seed = new Option<int>("--seed") { Description = "For --method resample without --from: seeds the shuffle of positions, in which none stays in place.", HelpName = "N" };
        var answer = new Option<string?>("--answer", "-a") { Description = "The token whose logit is followed at the end; the space before a word counts. Default: the likeliest.", HelpName = "TOKEN" };
        var wrong = new Option<string?>("--wrong", "-w") { Description = "The token whose logit is subtracted.", HelpName = "TOKEN" };
        var sort = new Option<string?>("--sort") { Description = "loss or logit. Default: logit where --answer is given.", HelpName = "MEASURE" };
        sort.AcceptOnlyFromAmong("loss", "logit");
        var top = new Option<int>("--top") { Description = "How many parts to list; --json has all.", HelpName = "N", DefaultValueFactory = _ => 16 };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("ablate", "See what the model is like without each head, MLP or layer.")
        {
            Examples =
            [
                (Example, "the heads without which Paris is less likely, or more"),
                ("heed ablate --by layer --method mean \"the cat sat on the mat\"", "layers, each replaced by what it says everywhere"),
                ("heed ablate --svg heads.svg \"the cat sat on the mat\"", "every head's change as a map"),
                ("heed ablate \"the cat sat on the mat\" --edit zero:blocks.3.attn.hook_z:head=2", "what else matters once head 3.2 is gone"),
            ],
            Notes = "Edits are made in every run, the whole model's included.\n" + EditOption.Notes,
        };
        command.Arguments.Add(text);
        foreach (var option in new Option[] { by, method, from, seed, answer, wrong, sort, top, json }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = TextArgument.Read(parsed, text, terminal, Example);
            if (parsed.GetValue(top) < 1) throw new UsageException($"--top is {parsed.GetValue(top)}; list one part at least.");
            var chosen = Enum.Parse<AblationMethod>(parsed.GetValue(method)!, ignoreCase: true);
            if (parsed.GetValue(from) is not null && chosen != AblationMethod.Resample) throw new UsageException("--from is the text to resample from: add --method resample.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            using var interruption = new Interruption();
            var analysis = AnalysisText.Of(opened, words, Example);
            var options = new AblationOptions
            {
                By = Enum.Parse<ComponentKind>(parsed.GetValue(by)!, ignoreCase: true),
                Method = chosen,
                Answer = parsed.GetValue(answer) is { } a ? analysis.Token(a, "--answer") : null,
                Wrong = parsed.GetValue(wrong) is { } w ? analysis.Token(w, "--wrong") : null,
                From = parsed.GetValue(from) is { } other ? AnalysisText.Of(opened, other, Example).Tokens : null,
                Seed = parsed.GetValue(seed),
                Edits = edits.Read(parsed, opened, analysis.Tokens),
            };
            Ablation ablation;
            using (var progress = new Progress(terminal, "Removing one at a time"))
                ablation = Ablation.Run(opened, analysis.Tokens, options, progress, interruption.Token);
            var isByLoss = ablation.Loss is not null && (parsed.GetValue(sort) ?? (options.Answer is null ? "loss" : "logit")) == "loss";
            if (parsed.GetValue(json)) WriteJson(terminal.Out, analysis, edits.Given(parsed), ablation);
            else terminal.Write(Page(analysis, ablation, isByLoss, parsed.GetValue(top), terminal.Width));
            Figure Draw(bool loss) => loss ? AblationFigures.Loss(ablation) : AblationFigures.Logit(ablation, opened.Tokenizer);
            figures.Write(parsed, terminal, () => Draw(isByLoss), () => ablation.Loss is null ? FigurePage.Of(Draw(false)) : FigurePage.Of(Draw(isByLoss), Draw(!isByLoss)));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>An option with a few words to choose from, the first being the default.</summary>
    internal static Option<string> Choice(string name, string description, params string[] words)
    {
        var option = new Option<string>(name) { Description = $"{description} One of {string.Join(", ", words)}; default: {words[0]}.", HelpName = "WHICH", DefaultValueFactory = _ => words[0] };
        option.AcceptOnlyFromAmong(words);
        return option;
    }

    private static string Method(Ablation a) => a.Options switch
    {
        { Method: AblationMethod.Zero } => "replaced by zeros",
        { Method: AblationMethod.Mean } => "replaced by its mean over the text",
        { From: not null } => "replaced by what it says at the same position of the other text",
        _ => $"replaced by what it says at another position (shuffled, seed {a.Options.Seed.ToString(CultureInfo.InvariantCulture)})",
    };

    private static IEnumerable<StyledLine> Page(AnalysisText analysis, Ablation a, bool isByLoss, int top, int width)
    {
        foreach (var line in analysis.Heading(width)) yield return line;
        yield return new();
        yield return StyledLine.Of($"Without each {AblationFigures.Part(a)}", Role.Strong).Add($" · {Method(a)}", Role.Mute);
        yield return StyledLine.Of($"whole model: {(a.Loss is { } loss ? $"loss {loss.ToString("0.0000", CultureInfo.InvariantCulture)} nats a token, " : "")}{AnswerTokens.Logit(analysis.Model.Tokenizer, a.Answer, a.Options.Wrong)} = {Text(a.Logit)}", Role.Mute);
        foreach (var line in EditOption.Said(a.Options.Edits, width)) yield return line;
        if (a.Loss is null) yield return StyledLine.Of("One token: nothing is predicted inside the text, so there is no loss.", Role.Mute);
        yield return new();
        double Of(Ablated part) => isByLoss ? part.DeltaLoss!.Value : part.DeltaLogit;
        Ablated[] sorted = [.. a.Parts.OrderByDescending(p => Math.Abs(Of(p)))];
        var largest = Math.Abs(Of(sorted[0]));
        yield return StyledLine.Of(a.Loss is null ? "" : "Δ loss".PadLeft(21), isByLoss ? Role.Strong : Role.Mute).PadTo(33 - "Δ logit".Length).Add("Δ logit", isByLoss ? Role.Mute : Role.Strong);
        foreach (var part in sorted.Take(top))
        {
            string deltaLoss = part.DeltaLoss is { } d ? Text(d) : "", deltaLogit = Text(part.DeltaLogit);
            yield return StyledLine.Of($"  {part.Component}").PadTo(21 - deltaLoss.Length).Add(deltaLoss).PadTo(33 - deltaLogit.Length).Add(deltaLogit).PadTo(36)
                .Add(Bar.Of(Math.Abs(Of(part)), largest, Math.Clamp(width - 40, 8, 40)), Of(part) < 0 ? Role.Key : Role.Query);
        }
        if (sorted.Length > top) yield return StyledLine.Of($"  and {sorted.Length - top} that change{(sorted.Length - top == 1 ? "s" : "")} it less", Role.Mute);
    }

    private static string Text(double value) => value.ToString("+0.0000;−0.0000;0", CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, AnalysisText analysis, string[] edits, Ablation a) => Json.WriteLine(output, json =>
    {
        analysis.WriteJson(json);
        EditOption.WriteJson(json, edits);
        json.WriteString("by", a.Options.By.ToString().ToLowerInvariant());
        json.WriteString("method", a.Options.Method.ToString().ToLowerInvariant());
        analysis.WriteToken(json, "answer", a.Answer);
        if (a.Options.Wrong is { } wrong) analysis.WriteToken(json, "wrong", wrong);
        else json.WriteNull("wrong");
        json.Number("loss", a.Loss ?? double.NaN, 7);
        json.Number("logit", a.Logit, 7);
        if (a.Shuffle is { } shuffle)
        {
            json.WriteNumber("seed", a.Options.Seed);
            json.WriteStartArray("shuffle");
            foreach (var position in shuffle) json.WriteNumberValue(position);
            json.WriteEndArray();
        }
        json.WriteStartArray("parts");
        foreach (var part in a.Parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Component.ToString());
            json.WriteNumber("layer", part.Component.Layer);
            if (part.Component.Head is { } head) json.WriteNumber("head", head);
            json.Number("loss", part.Loss ?? double.NaN, 7);
            json.Number("delta_loss", part.DeltaLoss ?? double.NaN, 7);
            json.Number("logit", part.Logit, 7);
            json.Number("delta_logit", part.DeltaLogit, 7);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
