using System.CommandLine;
using System.Globalization;
using Heed.Cli.Measuring;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed bench: how fast a model runs here.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var place = new Argument<string?>("model") { Description = ModelPlace.Search, Arity = ArgumentArity.ZeroOrOne };
        var prompt = Count("--prompt", "P", "Tokens read at once (prefill).", 512);
        var news = Count("--new", "N", "Tokens generated one by one (decode).", 128);
        var repeat = Count("--repeat", "R", "How often each is measured; the medians are shown.", 3);
        var exact = new Option<bool>("--exact") { Description = "Float32 activations." };
        var json = new Option<bool>("--json") { Description = "One line of JSON." };
        var command = new ToolCommand("bench", "Measure how fast a model runs on this machine.")
        {
            Examples =
            [
                ("heed bench", "the embedded model, one thread a core"),
                ("heed bench model.gguf --threads 2 --prompt 512 --new 128 --json", "as llama.cpp's figures are taken"),
            ],
            Notes = """
                Prefill reads P tokens into an empty cache; decode takes the most likely token
                N times, from an empty cache. One run of each comes first and does not count.
                The machine's own figures are measured here: bandwidth by reading memory,
                operations by multiply-adds in registers.
                """,
        };
        command.Arguments.Add(place);
        foreach (var option in new Option[] { prompt, news, repeat, exact, json }) command.Options.Add(option);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var plan = new BenchPlan(
                ModelPlace.Find(parsed.GetValue(place) ?? parsed.GetValue(model.Model)), model.ThreadsOf(parsed),
                Positive(parsed, prompt), Positive(parsed, news), Positive(parsed, repeat),
                parsed.GetValue(exact) ? ActivationPrecision.Float32 : ActivationPrecision.Int8);
            using var interruption = new Interruption();
            BenchResult result;
            using (var progress = new Progress(terminal, "Measuring"))
                result = BenchRun.Measure(plan, fraction => progress.Fraction = fraction, interruption.Token);
            if (parsed.GetValue(json)) WriteJson(terminal.Out, plan, result);
            else terminal.Write(Page(plan, result));
            return ExitCode.Success;
        });
        return command;
    }

    private static Option<int> Count(string name, string helpName, string description, int value)
        => new(name) { Description = $"{description} Default: {value}.", HelpName = helpName, DefaultValueFactory = _ => value };

    private static int Positive(ParseResult parsed, Option<int> option)
    {
        var count = parsed.GetValue(option);
        return count is > 0 and <= 1_000_000 ? count : throw new UsageException($"{option.Name} is {count}; it must be from 1 to 1,000,000.");
    }

    private static IEnumerable<StyledLine> Page(BenchPlan plan, BenchResult result)
    {
        yield return StyledLine.Of(ModelPlace.NameOf(plan.Model), Role.Strong).Add($" · {result.Threads} thread{(result.Threads == 1 ? "" : "s")} · {result.InstructionSet} · {(plan.Precision == ActivationPrecision.Int8 ? "8-bit" : "float32")} activations", Role.Mute);
        yield return new();
        yield return Row("prefill", N(result.Prefill, 1), "tokens/s", $"{plan.Prompt} tokens; {N(result.PrefillGflops, 1)} of the machine's {N(result.PeakGflops, 0)} GFLOP/s");
        yield return Row("decode", N(result.Decode, 1), "tokens/s", $"{plan.New} tokens; {N(result.DecodeGigabytes, 1)} of the machine's {N(result.PeakGigabytes, 1)} GB/s");
        yield return Row("load", N(result.LoadSeconds * 1000, 0), "ms", "");
        yield return Row("to first token", N(result.FirstTokenSeconds * 1000, 0), "ms", "load included, 8 tokens of prompt");
        yield return Row("memory in decode", N(result.DecodeMemory / 1e6, 0), "MB", $"resident; the file has {N(result.FileBytes / 1e6, 0)} MB");
        yield return Row("memory at most", N(result.PeakMemory / 1e6, 0), "MB", "");
        yield return Row("allocated", N(result.AllocatedPerToken, 0), "B", "per decoded token");

        static StyledLine Row(string name, string number, string unit, string note)
            => StyledLine.Of(name).PadTo(28 - number.Length).Add(number, Role.Strong).Add($" {unit}").PadTo(40).Add(note, Role.Mute);
    }

    /// <summary>The keys up to decode_tokens_per_s are those of tools/peers/llama-cpp.sh.</summary>
    private static void WriteJson(TextWriter output, BenchPlan plan, BenchResult result) => Json.WriteLine(output, json =>
    {
        json.WriteString("engine", $"heed {CliVersion.Text}");
        json.WriteString("file", result.File);
        json.WriteNumber("threads", result.Threads);
        json.WriteNumber("prefill_tokens", plan.Prompt);
        json.Number("prefill_tokens_per_s", result.Prefill, 1);
        json.WriteNumber("decode_tokens", plan.New);
        json.Number("decode_tokens_per_s", result.Decode, 1);
        json.WriteNumber("repeats", plan.Repeat);
        json.WriteString("instruction_set", result.InstructionSet);
        json.WriteString("activations", plan.Precision == ActivationPrecision.Int8 ? "int8" : "float32");
        json.Number("load_s", result.LoadSeconds, 4);
        json.Number("first_token_s", result.FirstTokenSeconds, 4);
        json.Number("prefill_gflop_per_s", result.PrefillGflops, 2);
        json.Number("decode_gflop_per_s", result.DecodeGflops, 2);
        json.Number("machine_gflop_per_s", result.PeakGflops, 2);
        json.Number("decode_gb_per_s", result.DecodeGigabytes, 2);
        json.Number("machine_gb_per_s", result.PeakGigabytes, 2);
        json.WriteNumber("file_bytes", result.FileBytes);
        json.WriteNumber("decode_memory_bytes", result.DecodeMemory);
        json.WriteNumber("peak_memory_bytes", result.PeakMemory);
        json.Number("allocated_bytes_per_token", result.AllocatedPerToken, 1);
    });

    private static string N(double value, int digits) => value.ToString($"N{digits}", CultureInfo.InvariantCulture);
}
