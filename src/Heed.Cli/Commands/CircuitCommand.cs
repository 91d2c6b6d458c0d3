using System.CommandLine;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed circuit: what heads move and look for, whatever the text, and how they compose.</summary>
internal static class CircuitCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var figures = new FigureOptions();
        var text = TextArgument.Create("text", "Only this text's tokens as sources and queries. Default: all of the vocabulary, exactly.");
        var layer = new Option<int?>("--layer", "-l") { Description = "The head's layer, counted from 0. With --compose: the layer of the later head.", HelpName = "L" };
        var head = new Option<int?>("--head", "-H") { Description = "The head, counted from 0. Default: how much every head copies.", HelpName = "H" };
        var compose = new Option<bool>("--compose") { Description = "How much of what earlier heads write later heads read." };
        var norm = new Option<string?>("--norm")
        {
            Description = "applied: embeddings are normed as the layer does it. folded: the norm's weights count, division by size does not. none: the bare matrices. Default: applied; with --compose folded.",
        };
        norm.AcceptOnlyFromAmong("applied", "folded", "none");
        var top = new Option<int>("--top") { Description = "How many pairs to show.", DefaultValueFactory = _ => 10, HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var command = new ToolCommand("circuit", "See what heads move and look for, whatever the text, and how heads compose.")
        {
            Examples =
            [
                ("heed circuit", "how much every head copies"),
                ("heed circuit --layer 18 --head 6 \"Paris king blue\"", "one head's circuits, for these tokens"),
                ("heed circuit --layer 18 --head 6", "the same for all pairs of tokens (takes a while)"),
                ("heed circuit --compose --layer 17", "which earlier heads the heads of layer 17 read"),
            ],
            Notes = "OV: attending to a token, which tokens does the head make likelier? QK: which tokens does a token look for? Both are products of weights alone.",
        };
        command.Arguments.Add(text);
        foreach (var option in new Option[] { layer, head, compose, norm, top, json }) command.Options.Add(option);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = parsed.GetValue(text) is { Length: > 0 } ? TextArgument.Read(parsed, text, terminal, "heed circuit --layer 0 --head 0 \"Paris\"") : null;
            var (l, h, isComposition) = (parsed.GetValue(layer), parsed.GetValue(head), parsed.GetValue(compose));
            if (isComposition && h is not null) throw new UsageException("--compose shows all heads of a layer; leave --head out.");
            if (isComposition && words is not null) throw new UsageException("--compose depends on the weights alone; leave the text out.");
            if (!isComposition && l is null != h is null) throw new UsageException(l is null ? "--head needs --layer, too." : "--layer needs --head, too (or --compose).");
            if (words is not null && l is null) throw new UsageException("A text needs a head whose circuits it goes through: give --layer and --head.");
            if (parsed.GetValue(top) is < 1 or > 10_000) throw new UsageException($"--top is {parsed.GetValue(top)}; it must be from 1 to 10000.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            CheckPlace(opened.Config, l, h);
            using var interruption = new Interruption();
            var kind = parsed.GetValue(norm) switch { "none" => CircuitNorm.None, "folded" => CircuitNorm.Folded, "applied" => CircuitNorm.Applied, _ => isComposition ? CircuitNorm.Folded : CircuitNorm.Applied };
            var view = new CircuitView(opened, parsed.GetValue(top));
            var threads = model.ThreadsOf(parsed);
            using var progress = new Progress(terminal, isComposition ? "Composing heads" : "Multiplying out circuits");
            if (isComposition)
            {
                var composition = Composition.Run(opened, new() { Norm = kind, ToLayer = l, Threads = threads }, progress, interruption.Token);
                progress.Dispose();
                Draw(() => CircuitFigures.Of(composition, l));
                Write(view.Lines(composition), output => view.WriteJson(output, composition, kind));
            }
            else if (l is null)
            {
                var scores = CopyingScores.Run(opened, kind, threads, progress, interruption.Token);
                progress.Dispose();
                Draw(() => CircuitFigures.Of(scores));
                Write(view.Lines(scores, terminal.Width), output => view.WriteJson(output, scores));
            }
            else
            {
                var tokens = words is null ? null : opened.Tokenizer.Encode(words, addSpecialTokens: false).Ids;
                if (tokens is []) throw new UsageException("The text is empty. Try: heed circuit --layer 0 --head 0 \"Paris\"");
                var circuits = Circuits.Run(opened, l.Value, h!.Value, new() { Norm = kind, Tokens = tokens, Top = parsed.GetValue(top), Threads = threads }, progress, interruption.Token);
                progress.Dispose();
                Draw(() => [.. CircuitFigures.Of(circuits, view.Label), CircuitFigures.ValueMap(FactoredMatrix.ValueOutput(opened.Weights, l.Value, h.Value), l.Value, h.Value)]);
                Write(view.Lines(circuits), output => view.WriteJson(output, circuits));
            }
            return ExitCode.Success;

            void Draw(Func<IReadOnlyList<Figure>> all)
            {
                if (figures.AreGiven(parsed)) figures.Write(parsed, terminal, () => all()[0], () => FigurePage.Of(all()));
            }

            void Write(IEnumerable<StyledLine> lines, Action<TextWriter> writeJson)
            {
                if (parsed.GetValue(json)) writeJson(terminal.Out);
                else terminal.Write(lines);
            }
        });
        return command;
    }

    private static void CheckPlace(TransformerConfig config, int? layer, int? head)
    {
        if (layer is { } l && (uint)l >= (uint)config.Layers.Count) throw new UsageException($"--layer is {l}; the model has layers 0 to {config.Layers.Count - 1}.");
        if (head is { } h && (uint)h >= (uint)config.Layers[layer!.Value].Heads) throw new UsageException($"--head is {h}; layer {layer} has heads 0 to {config.Layers[layer.Value].Heads - 1}.");
    }
}
