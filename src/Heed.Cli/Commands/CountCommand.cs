using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed count: every parameter, formula by formula.</summary>
internal static class CountCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var name = NamedOutline.Argument();
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var figures = new FigureOptions();
        var command = new ToolCommand("count", "Count every parameter, formula by formula.")
        {
            Examples =
            [
                ("heed count gpt3", "GPT-3's 175 billion, as the lesson counts them"),
                ("heed count", "the embedded model; the total is what its file holds"),
                ("heed count gpt3 --svg gpt3.svg", "also draws it: every part as large as its share"),
                ("heed count path/to/config.json", "any family's configuration, without weights"),
            ],
            Notes = """
                Matrices are counted as the lesson does: queries, keys and values have one a
                head, the output has one a layer. A folder named like a known model is ./NAME.
                """,
        };
        command.Arguments.Add(name);
        command.Options.Add(model.Model);
        command.Options.Add(json);
        figures.AddTo(command);
        command.SetAction(parsed =>
        {
            var named = NamedOutline.Open(parsed, terminal, model, parsed.GetValue(name));
            var count = ParameterCount.Run(named.Title, named.Outline);
            if (parsed.GetValue(json)) WriteJson(terminal.Out, count, named);
            else terminal.Write(Page(count, named, terminal.Width));
            figures.Write(parsed, terminal, () => ParameterTally.Of(count));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<StyledLine> Page(ParameterCount count, NamedOutline named, int width)
    {
        yield return StyledLine.Of(count.Model, Role.Strong).Add($" · {N(count.Total)} parameters in {N(count.Matrices)} matrices", Role.Mute);
        if (named.Description.Length > 0)
            foreach (var line in StyledLine.Wrap(named.Description, Math.Min(width, 76), Role.Mute)) yield return line;
        if (named.Assumed.Count > 0)
            foreach (var line in StyledLine.Wrap($"Not in the configuration, so the defaults of {named.Outline.Config.Family}: {string.Join(", ", named.Assumed.Select(a => $"{a.Key} {a.Value}"))}.", Math.Min(width, 76), Role.Mute)) yield return line;
        yield return new();
        yield return Row("", "", "parameters", "so far", Role.Mute).Add("   share", Role.Mute);
        var (largest, cells) = (count.Parts.Max(p => p.Count), Math.Min(width - 82, 24));
        foreach (var part in count.Parts)
        {
            yield return Row(part.Name, part.Symbol, N(part.Count), N(part.Running), Role.Ink)
                .Add(part.Count == 0 ? "" : $"{Percent(part.Share),8}  ", Role.Mute).Add(cells < 8 ? "" : Bar.Of(part.Count, largest, cells), Role.Query);
            foreach (var line in StyledLine.Wrap($"= {part.Formula}", Math.Max(20, width - 4), Role.Mute)) yield return new StyledLine().Add("    ").Add(line);
        }
        yield return Row("together", "", N(count.Total), "", Role.Strong);
        yield return new();
        foreach (var sentence in Sentences(count))
            foreach (var line in StyledLine.Wrap(sentence, Math.Min(width, 76))) yield return line;
    }

    private static IEnumerable<string> Sentences(ParameterCount count)
    {
        var a = count.Attention;
        yield return $"One head: W_Q, W_K, Value↓ and Value↑ have {N(a.Width)} × {N(a.HeadSize)} = {N(a.Map)} each, {N(a.Head)} together"
            + (a.KeyValueHeads < a.Heads ? $"; {N(a.Heads / a.KeyValueHeads)} heads share one W_K and one Value↓." : ".");
        yield return $"A value map of full rank would have {N(a.Width)} × {N(a.Width)} = {N(a.FullRankValueMap)}; Value↓ and Value↑ have {N(2 * a.Map)}.";
        yield return $"Attention: {(a.Heads == 1 ? "one head" : $"{N(a.Heads)} heads")} in one block have {N(a.Block)}; all {N(a.Layers)} layers {N(a.AllLayers)}, {Percent(Share(a.AllLayers))} of all.";
        yield return $"MLP: {N(count.Mlp)}, {Percent(Share(count.Mlp))} of all.";
        if (count.Stored is { } stored) yield return $"The file: {InfoCommand.Check(count.Total, stored)}.";

        double Share(long part) => (double)part / Math.Max(1, count.Total);
    }

    private static StyledLine Row(string name, string symbol, string number, string running, Role role)
        => new StyledLine().Add($"  {name}", role).PadTo(22).Add(symbol, Role.Mute).PadTo(Math.Max(23, 52 - number.Length)).Add(number, role).PadTo(70 - running.Length).Add(running, Role.Mute);

    private static void WriteJson(TextWriter output, ParameterCount count, NamedOutline named) => Json.WriteLine(output, json =>
    {
        json.WriteString("model", count.Model);
        json.WriteNumber("total", count.Total);
        json.WriteNumber("matrices", count.Matrices);
        if (named.Assumed.Count > 0)
        {
            json.WriteStartObject("assumed");
            foreach (var (key, value) in named.Assumed) json.WriteString(key, value);
            json.WriteEndObject();
        }
        json.WriteStartArray("parts");
        foreach (var part in count.Parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Name);
            json.WriteString("symbol", part.Symbol);
            json.WriteString("formula", part.Formula);
            json.WriteNumber("count", part.Count);
            json.WriteNumber("running", part.Running);
            json.Number("share", part.Share);
            json.WriteNumber("matrices", part.Matrices);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        var a = count.Attention;
        json.WriteStartObject("attention");
        json.WriteNumber("heads", a.Heads);
        json.WriteNumber("key_value_heads", a.KeyValueHeads);
        json.WriteNumber("map", a.Map);
        json.WriteNumber("full_rank_value_map", a.FullRankValueMap);
        json.WriteNumber("head", a.Head);
        json.WriteNumber("block", a.Block);
        json.WriteNumber("all_layers", a.AllLayers);
        json.WriteEndObject();
        json.WriteNumber("mlp", count.Mlp);
        if (count.Stored is { } stored) json.WriteNumber("stored", stored);
    });

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => $"{(100 * share).ToString("0.0", CultureInfo.InvariantCulture)} %";
}
