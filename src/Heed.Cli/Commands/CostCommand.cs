using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed cost: what a context costs, and what makes it cheaper.</summary>
internal static class CostCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var name = NamedOutline.Argument();
        var context = new Option<long?>("--context", "-n") { Description = "Tokens of context. Default: what the model was made for.", HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var figures = new FigureOptions();
        var command = new ToolCommand("cost", "See what a context costs: operations, bytes, cache, as it grows.")
        {
            Examples =
            [
                ("heed cost", "the embedded model at its whole context"),
                ("heed cost gpt3-paper --context 2048", "GPT-3"),
                ("heed cost --context 4096 --html context.html", "also draws the grids of scores, each as large as its context's square"),
                ("heed cost model.gguf --context 32768 --json", "for a program"),
            ],
            Notes = """
                Multiply-adds of matrices and attention, counted as two operations each, from
                closed forms over the configuration; norms, softmax and activation functions are
                a small rest that is left out. Bytes are what must be moved at least once:
                weights as stored, keys and values as float32. A prefill unembeds its last token.
                """,
        };
        command.Arguments.Add(name);
        command.Options.Add(model.Model);
        command.Options.Add(context);
        command.Options.Add(json);
        figures.AddTo(command);
        command.SetAction(parsed =>
        {
            var given = parsed.GetValue(context);
            if (given is < 1 or > ContextCost.MaximumContext) throw new UsageException($"--context is {given}; it must be from 1 to {N(ContextCost.MaximumContext)}.");
            var named = NamedOutline.Open(parsed, terminal, model, parsed.GetValue(name));
            var length = given ?? named.Outline.Config.ContextLength;
            var cost = ContextCost.Run(named.Title, named.Outline, ContextCost.Lengths(named.Outline, length));
            if (parsed.GetValue(json)) WriteJson(terminal.Out, cost, length);
            else terminal.Write(Page(cost, length, named.Outline.Config, terminal.Width));
            figures.Write(parsed, terminal, () => ContextSquare.Of(cost, length, named.Outline.Config));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<StyledLine> Page(ContextCost cost, long context, TransformerConfig config, int width)
    {
        var row = cost.Rows.Single(r => r.Context == context);
        yield return StyledLine.Of(cost.Model, Role.Strong).Add($" · a context of {N(context)}", Role.Mute)
            .Add(row.IsBeyond ? $", beyond the {N(cost.MadeFor)} it was made for" : $" of {N(cost.MadeFor)}", Role.Mute);
        yield return new StyledLine().Add($"{(cost.IsAssumed ? "no weights: assumed " : "weights as stored: ")}{cost.BytesPerWeight.ToString("0.##", CultureInfo.InvariantCulture)} bytes each; keys and values: {sizeof(float)} bytes", Role.Mute);
        yield return new();
        yield return new StyledLine().PadTo(24).Add("one token more", Role.Strong).PadTo(52).Add("all tokens at once", Role.Strong);
        yield return Columns("", "operations", "", "bytes", "operations", "", "bytes", Role.Mute);
        var total = row.Total;
        foreach (var part in row.Parts.Append(total))
            yield return Columns(part.Name, Scaled(part.DecodeOperations), Percent(part.DecodeOperations, total.DecodeOperations), Scaled(part.DecodeBytes) + "B",
                Scaled(part.PrefillOperations), Percent(part.PrefillOperations, total.PrefillOperations), Scaled(part.PrefillBytes) + "B", part == total ? Role.Strong : Role.Ink);
        yield return new();

        yield return StyledLine.Of("As the context grows", Role.Strong).Add("  share: scores and values, which grow with its square", Role.Mute);
        yield return Growth("context", "one more", "share", "all at once", "share", "cache", "grids, stored", Role.Mute);
        foreach (var at in cost.Rows)
            yield return Growth(N(at.Context), Scaled(at.Total.DecodeOperations), Percent(at.Attention.DecodeOperations, at.Total.DecodeOperations), Scaled(at.Total.PrefillOperations),
                Percent(at.Attention.PrefillOperations, at.Total.PrefillOperations), Scaled(at.CacheBytes) + "B", Scaled(at.GridBytes) + "B", at.Context == context ? Role.Strong : at.IsBeyond ? Role.Mute : Role.Ink);
        if (cost.Rows.Any(r => r.IsBeyond)) yield return new StyledLine().Add($"  More than {N(cost.MadeFor)} the model was not made for.", Role.Mute);
        yield return new();

        yield return StyledLine.Of($"What is saved at {N(context)}", Role.Strong);
        foreach (var sentence in row.SavingsInWords(config))
            foreach (var line in StyledLine.Wrap(sentence, Math.Min(width, 78) - 2)) yield return new StyledLine().Add("  ").Add(line);
    }

    private static StyledLine Columns(string name, string decode, string decodeShare, string decodeBytes, string prefill, string prefillShare, string prefillBytes, Role role)
    {
        var line = new StyledLine().Add($"  {name}", role);
        Right(line, 34, decode, role);
        Right(line, 42, decodeShare, Role.Mute);
        Right(line, 51, decodeBytes, role);
        Right(line, 62, prefill, role);
        Right(line, 70, prefillShare, Role.Mute);
        Right(line, 79, prefillBytes, role);
        return line;
    }

    private static StyledLine Growth(string context, string decode, string decodeShare, string prefill, string prefillShare, string cache, string grid, Role role)
    {
        var line = new StyledLine();
        Right(line, 13, context, role);
        Right(line, 23, decode, role);
        Right(line, 31, decodeShare, Role.Mute);
        Right(line, 43, prefill, role);
        Right(line, 51, prefillShare, Role.Mute);
        Right(line, 63, cache, role);
        Right(line, 79, grid, role);
        return line;
    }

    private static void Right(StyledLine line, int end, string text, Role role) => line.PadTo(end - text.Length).Add(text, role);

    private static void WriteJson(TextWriter output, ContextCost cost, long context) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", cost.Model);
        json.WriteNumber("context", context);
        json.WriteNumber("made_for", cost.MadeFor);
        json.Number("bytes_per_weight", cost.BytesPerWeight);
        json.WriteBoolean("bytes_per_weight_assumed", cost.IsAssumed);
        json.WriteStartArray("rows");
        foreach (var row in cost.Rows)
        {
            json.WriteStartObject();
            json.WriteNumber("context", row.Context);
            json.WriteBoolean("beyond", row.IsBeyond);
            json.Number("cache_bytes", row.CacheBytes, 17);
            json.Number("grid_bytes", row.GridBytes, 17);
            json.WriteStartArray("parts");
            foreach (var part in row.Parts.Append(row.Total))
            {
                json.WriteStartObject();
                json.WriteString("name", part.Name);
                json.Number("decode_operations", part.DecodeOperations, 17);
                json.Number("decode_bytes", part.DecodeBytes, 17);
                json.Number("prefill_operations", part.PrefillOperations, 17);
                json.Number("prefill_bytes", part.PrefillBytes, 17);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartObject("savings");
            json.Number("cache", row.Savings.Cache);
            json.Number("streaming_softmax", row.Savings.StreamingSoftmax);
            json.Number("grouped_heads", row.Savings.GroupedHeads);
            json.Number("window_prefill", row.Savings.WindowPrefill);
            json.Number("window_cache", row.Savings.WindowCache);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double part, double all) => $"{(100 * part / all).ToString("0.0", CultureInfo.InvariantCulture)} %";

    /// <summary>Three digits and the prefix: 1.23 G.</summary>
    private static string Scaled(double number)
    {
        string[] prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
        var at = 0;
        // What would round to 1,000 is one of the next.
        while (number >= 999.5 && at < prefixes.Length - 1) (number, at) = (number / 1000, at + 1);
        return $"{number.ToString(number < 9.995 && at > 0 ? "0.00" : number < 99.95 && at > 0 ? "0.0" : "0", CultureInfo.InvariantCulture)} {prefixes[at]}";
    }
}
