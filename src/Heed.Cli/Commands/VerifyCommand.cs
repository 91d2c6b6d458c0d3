using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;
using Heed.Formats;
using Heed.Lens.Verification;
using Heed.Tokenization;
using Heed.Verification;

namespace Heed.Cli.Commands;

/// <summary>heed verify: compares what is computed here with recorded values.</summary>
internal static class VerifyCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var place = new Argument<string?>("place") { Description = "A checkpoint folder or a .gguf file.", Arity = ArgumentArity.ZeroOrOne };
        var expected = new Option<string?>("--expected") { Description = "The recorded inputs and values. Default: expected.safetensors in the folder.", HelpName = "FILE" };
        var fast = new Option<bool>("--fast") { Description = "The everyday path (token by token, 8-bit activations with quantised weights), to wider bounds." };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "Compare a tokenizer instead: a tokenizer.json, a folder or a .gguf file.", HelpName = "FILE" };
        var cases = new Option<string?>("--cases") { Description = "The tokenizer's recorded encodings.", HelpName = "FILE" };
        var templates = new Option<string?>("--templates") { Description = "Compare chat templates instead: recorded renderings, in the folder of the .jinja files.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "One line of JSON a value, and a last one that sums up." };
        var command = new ToolCommand("verify", "Check a converted model against recorded values.")
        {
            Examples =
            [
                ("heed verify my-model/", "compares with my-model/expected.safetensors, with float32 activations"),
                ("heed verify model.gguf --expected expected.safetensors --fast", "the path that generation takes"),
                ("heed verify my-model/ --expected my-model/lens.safetensors", "every activation, ablation, patch and circuit"),
                ("heed verify --tokenizer tokenizer.json --cases cases.json", "ids, offsets and texts"),
                ("heed verify --templates expected.json", "chat templates"),
            ],
            Notes = """
                Compares logits, logits_last.i, loss, hidden.i, attention.i, greedy_ids and
                values/TENSOR; and, in a file with hook/NAME values, every activation
                and analysis; others are listed as not compared. The last line is
                "N equal, N different, N not compared"; the exit code is 1 when one differs.
                """,
        };
        command.Arguments.Add(place);
        foreach (var option in new Option[] { expected, fast, tokenizer, cases, templates, json }) command.Options.Add(option);
        command.Options.Add(model.Threads);
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(place);
            var asked = (path is not null ? 1 : 0) + (parsed.GetValue(tokenizer) is not null ? 1 : 0) + (parsed.GetValue(templates) is not null ? 1 : 0);
            if (asked != 1) throw new UsageException("Give one of: a checkpoint's place, --tokenizer FILE --cases FILE, or --templates FILE. See 'heed verify --help'.");
            using var interruption = new Interruption();
            if (parsed.GetValue(tokenizer) is { } file)
            {
                var recordings = parsed.GetValue(cases) ?? throw new UsageException("--tokenizer needs --cases FILE.");
                return Report(terminal, Cases(Tokenizer.Load(file), recordings, interruption.Token), parsed.GetValue(json), onlyFindings: true);
            }
            if (parsed.GetValue(templates) is { } renderings)
                return Report(terminal, Renderings(renderings, interruption.Token), parsed.GetValue(json));
            var values = parsed.GetValue(expected) ?? ExpectedBeside(path!);
            using var opened = model.Open(parsed, terminal, parsed.GetValue(fast) ? ActivationPrecision.Int8 : ActivationPrecision.Float32, path);
            using var recorded = TensorFiles.Open(values);
            if (LensVerifier.Knows(recorded))
            {
                if (parsed.GetValue(fast)) throw new UsageException($"{values} holds activations, which are always computed exactly: leave out --fast.");
                return Report(terminal, LensVerifier.Verify(opened, recorded, interruption.Token), parsed.GetValue(json));
            }
            return Report(terminal, CheckpointVerifier.Verify(opened.Transformer, recorded, parsed.GetValue(fast), interruption.Token), parsed.GetValue(json));
        });
        return command;
    }

    private static string ExpectedBeside(string path)
    {
        if (!Path.Exists(path)) throw new HeedException($"{path} does not exist. A checkpoint folder or a .gguf file is needed.");
        var folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        var file = Path.Combine(folder, "expected.safetensors");
        return File.Exists(file) ? file : throw new HeedException($"{file} does not exist. Name the recorded values with --expected FILE.safetensors.");
    }

    /// <summary>Every field of every recorded encoding.</summary>
    private static IEnumerable<Comparison> Cases(Tokenizer tokenizer, string file, CancellationToken cancellation)
    {
        foreach (var result in TokenizerCases.Compare(tokenizer, file))
        {
            cancellation.ThrowIfCancellationRequested();
            var name = $"case {result.Case}, {result.Field}";
            yield return result.Equal switch
            {
                null => Comparison.Skipped(name, "not a field that verify knows"),
                true => new(name, 0, 0, "", Verdict.Equal),
                false => new(name, double.PositiveInfinity, 0, "", Verdict.Different, $"expected {result.Expected}, computed {result.Actual}"),
            };
        }
    }

    /// <summary>Every recorded rendering of every template.</summary>
    private static IEnumerable<Comparison> Renderings(string file, CancellationToken cancellation)
    {
        foreach (var result in TemplateVerification.Run(file))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new($"{result.Template}, {result.Conversation}", result.Equal ? 0 : double.PositiveInfinity, 0, "", result.Equal ? Verdict.Equal : Verdict.Different, result.Message);
        }
    }

    /// <summary>A line a value as it is compared (or only for those that are not equal, where there are thousands), then the counts.</summary>
    private static int Report(Terminal terminal, IEnumerable<Comparison> comparisons, bool json, bool onlyFindings = false)
    {
        int equal = 0, different = 0, skipped = 0;
        foreach (var comparison in comparisons)
        {
            _ = comparison.Verdict switch { Verdict.Equal => equal++, Verdict.Different => different++, _ => skipped++ };
            if (json) WriteJson(terminal.Out, comparison);
            else if (!onlyFindings || comparison.Verdict != Verdict.Equal) terminal.Write([Line(comparison)]);
            terminal.Out.Flush();
        }
        if (json)
        {
            Json.WriteLine(terminal.Out, w =>
            {
                w.WriteNumber("equal", equal);
                w.WriteNumber("different", different);
                w.WriteNumber("not_compared", skipped);
            });
        }
        else
        {
            terminal.Out.WriteLine($"{equal} equal, {different} different, {skipped} not compared");
        }
        return different > 0 ? ExitCode.Failed : ExitCode.Success;
    }

    private static StyledLine Line(Comparison value)
    {
        var line = value.Verdict switch
        {
            Verdict.Equal => StyledLine.Of("equal", Role.Value),
            Verdict.Different => StyledLine.Of("DIFFERENT", Role.Key),
            _ => StyledLine.Of("not compared", Role.Mute),
        };
        line.PadTo(14).Add(value.Name);
        if (value.Verdict != Verdict.NotCompared && value.Unit.Length > 0)
            line.PadTo(Math.Max(36, line.Width + 1)).Add($"{Number(value.Difference)} of at most {Number(value.Bound)} {value.Unit}");
        return value.Note.Length > 0 ? line.PadTo(value.Unit.Length > 0 ? line.Width : 36).Add($"  {value.Note}", Role.Mute) : line;
    }

    private static void WriteJson(TextWriter output, Comparison value) => Json.WriteLine(output, json =>
    {
        json.WriteString("name", value.Name);
        json.WriteString("verdict", value.Verdict switch { Verdict.Equal => "equal", Verdict.Different => "different", _ => "not compared" });
        if (value.Unit.Length > 0)
        {
            json.Number("difference", value.Difference, 17);
            json.Number("bound", value.Bound, 17);
            json.WriteString("unit", value.Unit);
        }
        if (value.Note.Length > 0) json.WriteString("note", value.Note);
    });

    private static string Number(double value) => value is 0 or >= 1 ? value.ToString("0.###", CultureInfo.InvariantCulture) : value.ToString("0.0e0", CultureInfo.InvariantCulture);
}
