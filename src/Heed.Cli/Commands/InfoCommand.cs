using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed info: what a model is made of.</summary>
internal static class InfoCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var place = new Argument<string?>("model") { Description = ModelPlace.Search, Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var tensors = new Option<bool>("--tensors") { Description = "List every tensor." };
        var command = new ToolCommand("info", "See what a model is made of: architecture, tensors, parameters, memory.")
        {
            Examples =
            [
                ("heed info", "the embedded model"),
                ("heed info model.gguf --tensors", "with every tensor's type and shape"),
            ],
        };
        command.Arguments.Add(place);
        command.Options.Add(model.Model);
        command.Options.Add(tensors);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32, parsed.GetValue(place));
            if (parsed.GetValue(json)) WriteJson(terminal.Out, opened, parsed.GetValue(tensors));
            else terminal.Write(Page(opened, terminal.Width, parsed.GetValue(tensors)));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<StyledLine> Page(LanguageModel model, int width, bool listTensors)
    {
        var summary = ModelSummary.Of(model.Transformer);
        yield return StyledLine.Of(ModelPlace.NameOf(model.Path), Role.Strong).Add($" · {model.Config.Family} · {Short(summary.Count)} parameters", Role.Mute);
        yield return new();
        foreach (var sentence in ArchitectureWords.Of(model.Config, model.Transformer.Weights))
            foreach (var line in StyledLine.Wrap(sentence, Math.Min(width, 76))) yield return line;
        yield return new();

        yield return Title("Parameters", "share of all");
        foreach (var part in summary.Parts)
            yield return Row(part.Name, Whole(part.Count)).Add("  ").Add($"{Percent(part.Count, summary.Count),6}  ", Role.Mute).Add(Bar.Of(part.Count, summary.Parts.Max(p => p.Count), Math.Clamp(width - 56, 8, 28)), Role.Query);
        yield return Row("together", Whole(summary.Count)).Add("  ").Add(Check(summary.Count, summary.StoredCount), Role.Mute);
        yield return new();

        var tensors = model.Transformer.File?.Tensors ?? [];
        yield return Title($"Tensors ({tensors.Count})", "");
        foreach (var group in tensors.GroupBy(t => t.Type).OrderByDescending(g => g.Sum(t => t.ByteLength)))
            yield return Row(group.Key.ToString(), Whole(group.Count())).Add($"  {ByteSize.Of(group.Sum(t => t.ByteLength))}", Role.Mute);
        if (listTensors)
            foreach (var tensor in tensors)
                yield return new StyledLine().Add($"  {tensor.Name}").PadTo(46).Add($" {tensor.Type}", Role.Mute).PadTo(54).Add($" {tensor.ShapeText}");
        yield return new();

        yield return Title("Memory", "");
        yield return Row("weights, as stored", ByteSize.Of(tensors.Sum(t => t.ByteLength))).Add("  mapped, not copied", Role.Mute);
        yield return Row("cache, 1,000 tokens", ByteSize.Of(summary.CacheBytesPerToken * 1000)).Add("  keys and values as float32", Role.Mute);
        yield return Row($"cache, {Whole(model.Config.ContextLength)}", ByteSize.Of(summary.CacheBytesPerToken * model.Config.ContextLength)).Add("  the whole context", Role.Mute);
    }

    private static StyledLine Title(string title, string note) => StyledLine.Of(title, Role.Strong).Add(note.Length > 0 ? $"  {note}" : "", Role.Mute);

    private static StyledLine Row(string name, string number) => new StyledLine().Add($"  {name}").PadTo(24).PadTo(40 - number.Length).Add(number);

    /// <summary>What the parameters and the numbers in the file's tensors say of each other.</summary>
    internal static string Check(long count, long? stored) => stored switch
    {
        null => "",
        { } held when held == count => "as many as the tensors hold",
        { } held when held > count => $"the tensors hold {Whole(held - count)} more: copies or tables that are no parameters",
        { } held => $"the tensors hold {Whole(count - held)} fewer: some are used in several places",
    };

    private static void WriteJson(TextWriter output, LanguageModel model, bool listTensors) => Json.WriteLine(output, json =>
    {
        var (summary, config) = (ModelSummary.Of(model.Transformer), model.Config);
        var tensors = model.Transformer.File?.Tensors ?? [];
        json.WriteString("model", model.Path);
        json.WriteString("family", config.Family);
        json.WriteNumber("layers", config.Layers.Count);
        json.WriteNumber("width", config.Width);
        json.WriteNumber("vocabulary", config.VocabularySize);
        json.WriteNumber("context", config.ContextLength);
        json.WriteNumber("heads", config.Layers[0].Heads);
        json.WriteNumber("key_value_heads", config.Layers[0].KeyValueHeads);
        json.WriteNumber("head_size", config.Layers[0].HeadSize);
        json.WriteNumber("feed_forward", config.Layers[0].FeedForwardWidth);
        json.WriteStartArray("architecture");
        foreach (var sentence in ArchitectureWords.Of(config, model.Transformer.Weights)) json.WriteStringValue(sentence);
        json.WriteEndArray();
        json.WriteNumber("parameters", summary.Count);
        json.WriteStartObject("parts");
        foreach (var part in summary.Parts) json.WriteNumber(part.Name, part.Count);
        json.WriteEndObject();
        if (summary.StoredCount is { } stored) json.WriteNumber("stored", stored);
        json.WriteStartObject("types");
        foreach (var group in tensors.GroupBy(t => t.Type)) json.WriteNumber(group.Key.ToString(), group.Count());
        json.WriteEndObject();
        json.WriteNumber("weight_bytes", tensors.Sum(t => t.ByteLength));
        json.WriteNumber("cache_bytes_per_token", summary.CacheBytesPerToken);
        if (!listTensors) return;
        json.WriteStartArray("tensors");
        foreach (var tensor in tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("type", tensor.Type.ToString());
            json.WriteStartArray("shape");
            foreach (var n in tensor.Shape) json.WriteNumberValue(n);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private static string Whole(long n) => n.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(long part, long all) => all == 0 ? "" : $"{(100.0 * part / all).ToString("0.0", CultureInfo.InvariantCulture)} %";

    private static string Short(long n) => n switch
    {
        >= 1_000_000_000 => $"{(n / 1e9).ToString("0.##", CultureInfo.InvariantCulture)} billion",
        >= 1_000_000 => $"{(n / 1e6).ToString("0.#", CultureInfo.InvariantCulture)} million",
        _ => Whole(n),
    };
}
