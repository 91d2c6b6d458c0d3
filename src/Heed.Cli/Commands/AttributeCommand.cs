using System.CommandLine;
using System.Globalization;
using System.Numerics.Tensors;
using Heed.Cli.Rendering;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>heed attribute: what wrote a logit difference.</summary>
internal static class AttributeCommand
{
    private const string Example = "heed attribute \"When Mary and John went to the store, John gave a drink to\" --answer \" Mary\" --wrong \" John\"";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = TextArgument.Create("text", "The text; - reads it from standard input.");
        var answer = new Option<string?>("--answer", "-a") { Description = "The token whose logit is explained; the space before a word counts. Default: the likeliest.", HelpName = "TOKEN" };
        var wrong = new Option<string?>("--wrong", "-w") { Description = "The token whose logit is subtracted. Default: the mean of all logits.", HelpName = "TOKEN" };
        var position = new Option<int>("--position", "-p") { Description = "The position whose next token it is, counted from 0, -1 the last.", HelpName = "N", DefaultValueFactory = _ => -1 };
        var neurons = new Option<int>("--neurons", "-n") { Description = "Also name the N neurons that wrote most.", HelpName = "N" };
        var top = new Option<int>("--top") { Description = "How many parts to list; --json has all.", HelpName = "N", DefaultValueFactory = _ => 16 };
        var draw = new Option<string?>("--draw")
        {
            Description = "What --svg and --html draw. bars: every part from zero; stream: what each layer writes at the position, by length and by logit. Default: bars; in --html both.",
            HelpName = "WHAT",
        };
        draw.AcceptOnlyFromAmong("bars", "stream");
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("attribute", "See which heads and MLPs wrote a logit; the parts add up.")
        {
            Examples =
            [
                (Example, "every head's, MLP's and embedding's exact part"),
                ("heed attribute \"The Eiffel Tower is located in the city of\" -a \" Paris\" --neurons 10", "against the mean of all tokens, with the neurons"),
            ],
            Notes = EditOption.Notes,
        };
        command.Arguments.Add(text);
        foreach (var option in new Option[] { answer, wrong, position, neurons, top, json, draw }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = TextArgument.Read(parsed, text, terminal, Example);
            if (parsed.GetValue(top) < 1) throw new UsageException($"--top is {parsed.GetValue(top)}; list one part at least.");
            if (parsed.GetValue(draw) is { } what && !figures.AreGiven(parsed)) throw new UsageException($"--draw {what} draws into a file: add --svg FILE or --html FILE.");
            if (parsed.GetValue(neurons) < 0) throw new UsageException($"--neurons is {parsed.GetValue(neurons)}; it is a count.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            var most = opened.Config.Layers.Sum(l => (long)l.FeedForwardWidth);
            if (parsed.GetValue(neurons) > most) throw new UsageException($"--neurons is {parsed.GetValue(neurons)}; the model's {opened.Config.Layers.Count} MLPs have {most} neurons together.");
            var analysis = AnalysisText.Of(opened, words, Example);
            var at = analysis.Position(parsed.GetValue(position), "--position");
            int? subtracted = parsed.GetValue(wrong) is { } w ? analysis.Token(w, "--wrong") : null;
            DirectLogitAttribution attribution;
            using (new Progress(terminal, "Running the model"))
            {
                var made = edits.Read(parsed, opened, analysis.Tokens);
                var explained = parsed.GetValue(answer) is { } a ? analysis.Token(a, "--answer") : Likeliest(opened, analysis.Tokens, at, made);
                attribution = DirectLogitAttribution.Run(opened, analysis.Tokens, explained, subtracted, at, parsed.GetValue(neurons), made);
            }
            if (parsed.GetValue(json)) WriteJson(terminal.Out, analysis, attribution);
            else terminal.Write(Page(analysis, attribution, parsed.GetValue(top), terminal.Width));
            Figure Bars() => AttributionFigures.ByPart(attribution, opened.Tokenizer, analysis.Texts);
            Figure Stream() => AttributionFigures.ByLayer(attribution, opened.Tokenizer, analysis.Texts);
            figures.Write(parsed, terminal, parsed.GetValue(draw) == "stream" ? Stream : Bars, parsed.GetValue(draw) is null ? () => FigurePage.Of(Bars(), Stream()) : null);
            if (!attribution.AddsUp)
                throw new HeedException($"The parts add up to {Text(attribution.Sum)}, and the difference is {Text(attribution.Difference)}: {attribution.Error:G2} apart, more than rounding allows." +
                    (edits.Given(parsed).Length > 0 ? " An edit that changes the stream itself (hook_resid_…, hook_attn_out, a norm) is written by no head and no MLP." : ""));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The token that the model would say next.</summary>
    private static int Likeliest(LanguageModel model, int[] tokens, int at, Edit[] edits)
    {
        var best = -1;
        model.Transformer.Forward(new SequenceRun
        {
            Tokens = tokens,
            Edits = edits,
            Rows = at == tokens.Length - 1 ? LogitRows.Last : LogitRows.All,
            Handler = (position, logits) => best = position == at ? TensorPrimitives.IndexOfMax(logits) : best,
        });
        return best;
    }

    private static IEnumerable<StyledLine> Page(AnalysisText analysis, DirectLogitAttribution a, int top, int width)
    {
        foreach (var line in analysis.Heading(width)) yield return line;
        yield return new();
        yield return StyledLine.Of($"What wrote {AttributionFigures.Difference(a, analysis.Model.Tokenizer)} = {Text(a.Difference)}", Role.Strong);
        yield return StyledLine.Of($"after “{TokenLabel.Short(analysis.Texts[a.Position], 20)}” (position {a.Position})", Role.Mute);
        var largest = a.Parts.Max(p => Math.Abs(p.Value));
        LogitPart[] sorted = [.. a.Parts.OrderByDescending(p => Math.Abs(p.Value))];
        foreach (var part in sorted.Take(top)) yield return Row(part.Source.ToString(), part.Value);
        if (sorted.Length > top) yield return Row(Plural.Of(sorted.Length - top, "smaller part"), sorted.Skip(top).Sum(p => p.Value), hasBar: false);
        yield return new();
        yield return StyledLine.Of($"{a.Parts.Count} parts add up to {Text(a.Sum)}; the model's logits differ by {Text(a.Difference)} ({a.Error.ToString("0.0e0", CultureInfo.InvariantCulture)} apart).");
        if (a.CappedDifference is { } capped)
            foreach (var line in StyledLine.Wrap($"This model caps its logits, which is not linear: the parts are of the logits before the cap. After it they differ by {Text(capped)}.", Math.Min(width, 76), Role.Mute)) yield return line;
        if (a.Neurons.Count == 0) yield break;
        yield return new();
        yield return StyledLine.Of("Neurons that wrote most", Role.Strong).Add(" · each a part of its MLP's", Role.Mute);
        foreach (var neuron in a.Neurons) yield return Row($"MLP {neuron.Layer}, neuron {neuron.Neuron}", neuron.Value);

        StyledLine Row(string name, double value, bool hasBar = true)
        {
            var number = Text(value);
            return new StyledLine().Add($"  {name}").PadTo(34 - number.Length).Add(number).PadTo(36)
                .Add(!hasBar ? "" : Bar.Of(Math.Abs(value), largest, Math.Clamp(width - 40, 8, 40)), value < 0 ? Role.Key : Role.Query);
        }
    }

    private static string Text(double value) => value.ToString("+0.0000;−0.0000;0", CultureInfo.InvariantCulture);

    private static void WriteJson(TextWriter output, AnalysisText analysis, DirectLogitAttribution a) => Json.WriteLine(output, json =>
    {
        analysis.WriteJson(json);
        json.WriteNumber("position", a.Position);
        analysis.WriteToken(json, "answer", a.Answer);
        if (a.Wrong is { } wrong) analysis.WriteToken(json, "wrong", wrong);
        else json.WriteNull("wrong");
        json.Number("difference", a.Difference, 7);
        if (a.CappedDifference is { } capped) json.Number("capped_difference", capped, 7);
        json.Number("sum", a.Sum, 7);
        json.Number("error", a.Error, 12);
        json.WriteBoolean("adds_up", a.AddsUp);
        json.WriteStartArray("parts");
        foreach (var part in a.Parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Source.Name);
            if (part.Source.Layer is { } layer) json.WriteNumber("layer", layer);
            if (part.Source.Head is { } head) json.WriteNumber("head", head);
            json.Number("value", part.Value, 9);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (a.Neurons.Count == 0) return;
        json.WriteStartArray("neurons");
        foreach (var neuron in a.Neurons)
        {
            json.WriteStartObject();
            json.WriteNumber("layer", neuron.Layer);
            json.WriteNumber("neuron", neuron.Neuron);
            json.Number("value", neuron.Value, 9);
            json.Number("activation", neuron.Activation, 9);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
