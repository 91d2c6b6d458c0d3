using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>heed trace: the values of any activations, into a file.</summary>
internal static class TraceCommand
{
    private const string Example = "heed trace \"the cat sat\" --names blocks.*.attn.hook_pattern --out t.safetensors";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = TextArgument.Create("text", "The text; - reads it from standard input.");
        var names = new Option<string?>("--names", "-n") { Description = "Names or patterns, a comma between; * stands for any text. Default: all.", HelpName = "NAMES" };
        var layers = new Option<string?>("--layers", "-l") { Description = "Only these, counted from 0: 3, 0,5,7 or 2..4.", HelpName = "LIST" };
        var heads = new Option<string?>("--heads", "-H") { Description = "Only these, where there are heads.", HelpName = "LIST" };
        var positions = new Option<string?>("--positions", "-p") { Description = "Only these: FIRST..LAST, counted from 0, -1 the last.", HelpName = "RANGE" };
        var file = new OutputFile("--out", "-o") { Description = "Write the values into this safetensors file." };
        var memory = new Option<string?>("--max-memory") { Description = "Refuse to keep more than this: 500M, 2G.", HelpName = "SIZE" };
        var list = new Option<bool>("--list") { Description = "List what the model computes, and run nothing." };
        var json = new Option<bool>("--json") { Description = "The list, or a summary of what was kept, as one line of JSON." };
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("trace", "Keep any activations of a text, and write them to a file.")
        {
            Examples =
            [
                (Example, "every head's pattern, readable from Python"),
                ("heed trace --list", "all names, with their axes"),
                ("heed trace \"the cat sat\" --names blocks.3.hook_resid_post --svg residual.svg", "draws it: vectors as strips, scores and weights as grids"),
                ("heed trace \"a b c\" --names blocks.3.hook_resid_post --edit zero:blocks.3.attn.hook_z:head=1", "a summary of the edited values"),
            ],
            Notes = EditOption.Notes,
        };
        command.Arguments.Add(text);
        foreach (var option in new Option[] { names, layers, heads, positions, file, memory, list, json }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var isList = parsed.GetValue(list);
            var words = isList ? "" : TextArgument.Read(parsed, text, terminal, Example);
            if (isList && figures.AreGiven(parsed)) throw new UsageException("--list runs nothing, so there is nothing to draw; leave out --svg and --html.");
            if (isList && parsed.GetValue(text) is { Length: > 0 }) throw new UsageException("--list runs nothing; leave out the text.");
            var limit = Bytes(parsed.GetValue(memory));
            string[] wanted = parsed.GetValue(names) is { } given ? given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : ["*"];
            if (wanted.Length == 0) throw new UsageException("--names is empty; give a name, or leave it out to keep everything.");
            int[]? onlyLayers = Numbers(parsed.GetValue(layers), "--layers"), onlyHeads = Numbers(parsed.GetValue(heads), "--heads");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            if (isList)
            {
                List(terminal, opened, wanted, parsed.GetValue(json));
                return ExitCode.Success;
            }
            var analysis = AnalysisText.Of(opened, words, Example);
            var (first, end) = analysis.Positions(parsed.GetValue(positions), "--positions");
            var drawing = new TraceFigures(opened, wanted, onlyLayers, onlyHeads);
            if (figures.AreGiven(parsed)) drawing.Check(isSvg: parsed.GetValue(figures.Svg) is not null);
            var trace = new Trace(new() { Names = wanted, Layers = onlyLayers, Heads = onlyHeads, Positions = first..end, MaxBytes = limit });
            var bytes = UsageException.Checked(() => trace.BytesFor(opened.Transformer.Activations, analysis.Tokens.Length));
            var made = edits.Read(parsed, opened, analysis.Tokens);
            if (!parsed.GetValue(json))
            {
                terminal.Out.WriteLine($"{Plural.Of(analysis.Tokens.Length, "token")}; keeping this takes {ByteSize.Of(bytes)}.");
                terminal.Out.Flush();
            }
            using (new Progress(terminal, "Running the model")) opened.Trace(analysis.Tokens, trace, made);
            var path = parsed.GetValue(file);
            if (path is not null)
                trace.Save(path, new Dictionary<string, string> { ["model"] = ModelPlace.NameOf(opened.Path), ["text"] = analysis.Text, ["edits"] = string.Join('\n', edits.Given(parsed)) });
            if (parsed.GetValue(json)) WriteJson(terminal.Out, analysis, trace, bytes, path);
            else terminal.Write(Page(trace, path, terminal.Width));
            figures.Write(parsed, terminal, () => Drawn()[0], () => FigurePage.Of(Drawn()));
            return ExitCode.Success;

            IReadOnlyList<Figure> Drawn() => drawing.Of(trace, analysis.Texts);
        });
        return command;
    }

    private static void List(Terminal terminal, LanguageModel model, string[] wanted, bool isJson)
    {
        var chosen = UsageException.Checked(() => wanted.SelectMany(model.Transformer.Activations.Match).ToHashSet());
        ActivationInfo[] all = [.. model.Transformer.Activations.All.Where(chosen.Contains)];
        if (isJson)
        {
            Json.WriteLine(terminal.Out, json =>
            {
                json.WriteString("model", model.Path);
                json.WriteStartArray("activations");
                foreach (var info in all)
                {
                    json.WriteStartObject();
                    json.WriteString("name", info.Name);
                    json.WriteStartArray("axes");
                    foreach (var (axis, _) in info.Axes) json.WriteStringValue(axis);
                    json.WriteEndArray();
                    // 0: as long as the text.
                    json.WriteStartArray("shape");
                    foreach (var (_, length) in info.Axes) json.WriteNumberValue(length);
                    json.WriteEndArray();
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return;
        }
        var L = model.Config.Layers.Count;
        terminal.Write([StyledLine.Of(ModelPlace.NameOf(model.Path), Role.Strong).Add($" · {Plural.Of(all.Length, "activation")}; axes without a number are as long as the text", Role.Mute), new()]);
        // Layers that have the same activation with the same axes are one line.
        foreach (var group in all.GroupBy(i => (i.Layer >= 0 && i.Layer < L, i.Local, string.Join(", ", i.Axes.Select(a => a.Length == 0 ? a.Axis : $"{a.Axis} {a.Length}")))))
        {
            int[] of = [.. group.Select(i => i.Layer)];
            var name = !group.Key.Item1 ? group.Key.Local : $"blocks.{(of.Length == 1 ? $"{of[0]}" : of.Length == of[^1] - of[0] + 1 ? $"{of[0]}…{of[^1]}" : string.Join(',', of))}.{group.Key.Local}";
            terminal.Write([new StyledLine().Add(name).PadTo(44).Add($" [{group.Key.Item3}]", Role.Mute)]);
        }
    }

    private static IEnumerable<StyledLine> Page(Trace trace, string? path, int width)
    {
        yield return new();
        yield return new StyledLine().Add("activation", Role.Mute).PadTo(36).Add("mean", Role.Mute).PadTo(47).Add("least", Role.Mute).PadTo(58).Add("most", Role.Mute).PadTo(69).Add("shape", Role.Mute);
        foreach (var name in trace.Names)
        {
            var activation = trace[name];
            var (mean, least, most) = Summary(activation);
            yield return new StyledLine().Add(CellWidth.Shorten(name, 35)).PadTo(36).Add(Number(mean)).PadTo(47).Add(Number(least)).PadTo(58).Add(Number(most)).PadTo(69).Add(string.Join('×', activation.Shape), Role.Mute);
        }
        yield return new();
        foreach (var line in StyledLine.Wrap(path is null ? $"{Plural.Of(trace.Names.Count, "activation")}, {ByteSize.Of(trace.ByteLength)}. --out FILE keeps the values." : $"Wrote {Plural.Of(trace.Names.Count, "activation")}, {ByteSize.Of(trace.ByteLength)}, to {path}.", Math.Min(width, 76))) yield return line;
    }

    /// <summary>Of the finite numbers: scores that are masked are −∞.</summary>
    private static (double Mean, double Least, double Most) Summary(Activation activation)
    {
        double sum = 0, least = double.PositiveInfinity, most = double.NegativeInfinity;
        var count = 0L;
        foreach (var x in activation.Values.Span)
        {
            if (!float.IsFinite(x)) continue;
            sum += x;
            count++;
            (least, most) = (Math.Min(least, x), Math.Max(most, x));
        }
        return (count == 0 ? double.NaN : sum / count, least, most);
    }

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("G5", CultureInfo.InvariantCulture) : "–";

    /// <summary>500M, 2G, 1.5G or a number of bytes.</summary>
    private static long? Bytes(string? size)
    {
        if (size is null) return null;
        var factor = size.Length > 0 ? char.ToUpperInvariant(size[^1]) switch { 'K' => 1e3, 'M' => 1e6, 'G' => 1e9, _ => 1 } : 1;
        var number = factor > 1 ? size[..^1] : size;
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value > 0 && value * factor < long.MaxValue ? (long)(value * factor)
            : throw new UsageException($"--max-memory is '{size}'; write a number of bytes, or 500M, 2G.");
    }

    /// <summary>3; 0,5,7; 2..4 (both included), or several of these.</summary>
    internal static int[]? Numbers(string? list, string option)
    {
        if (list is null) return null;
        var numbers = new List<int>();
        foreach (var part in list.Split(','))
        {
            var ends = part.Split("..");
            if (ends.Length > 2 || !Read(ends[0], out var first) || !Read(ends[^1], out var last) || last < first || last > 100_000)
                throw new UsageException($"{option} is '{list}'; write numbers and ranges, counted from 0: 3 or 0,5,7 or 2..4.");
            numbers.AddRange(Enumerable.Range(first, last - first + 1));
        }
        return [.. numbers.Distinct()];

        static bool Read(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static void WriteJson(TextWriter output, AnalysisText analysis, Trace trace, long bytes, string? path) => Json.WriteLine(output, json =>
    {
        analysis.WriteJson(json);
        json.WriteNumber("needed_bytes", bytes);
        json.WriteNumber("kept_bytes", trace.ByteLength);
        if (path is not null) json.WriteString("out", path);
        json.WriteStartArray("activations");
        foreach (var name in trace.Names)
        {
            var activation = trace[name];
            var (mean, least, most) = Summary(activation);
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteStartArray("axes");
            foreach (var axis in activation.Axes) json.WriteStringValue(axis);
            json.WriteEndArray();
            json.WriteStartArray("shape");
            foreach (var n in activation.Shape) json.WriteNumberValue(n);
            json.WriteEndArray();
            json.Number("mean", mean, 9);
            json.Number("least", least, 9);
            json.Number("most", most, 9);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
