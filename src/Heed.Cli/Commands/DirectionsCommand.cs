using System.CommandLine;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed directions: what directions among embeddings mean, and how a word's vector moves.</summary>
internal static class DirectionsCommand
{
    private const string Example = "heed directions king + woman - man";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var figures = new FigureOptions();
        var words = TextArgument.Create("words", "One word, or words with + and - between them.");
        var project = new Option<string?>("--project") { Description = "Place these words along the direction.", HelpName = "WORDS" };
        var context = new Option<string?>("--in") { Description = "With --project and --layer: a text in which {} stands for each word.", HelpName = "TEXT" };
        var layer = new Option<int?>("--layer", "-l") { Description = "With --in: the layer after which vectors are taken, counted from 0.", HelpName = "L" };
        var text = new Option<string[]>("--text") { Description = "A text that has the word: how its vector moves through the layers. Give two or more, each with --text.", HelpName = "TEXT", Arity = ArgumentArity.OneOrMore };
        var top = new Option<int>("--top") { Description = "How many of the nearest tokens to show.", DefaultValueFactory = _ => 10, HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var command = new ToolCommand("directions", "See what directions among embeddings mean, and how a word's vector moves with its context.")
        {
            Examples =
            [
                ("heed directions king", "the tokens nearest to a word"),
                (Example, "sums and differences of words"),
                ("heed directions cats - cat --project \"dogs houses dog one\"", "words placed along a direction"),
                ("heed directions cats - cat --project \"dogs dog\" --in \"I like the {}\" --layer 5", "the same after layer 5, in a context"),
                ("heed directions mole --text \"American shrew mole\" --text \"Take a biopsy of the mole\"", "how one word becomes two"),
            ],
            Notes = "A word is taken with the space before it, as vocabularies store it; 'king' in single quotes is taken as it is. A word of several tokens has the mean of their embeddings; in a text, the vector of its last token.",
        };
        command.Arguments.Add(words);
        foreach (var option in new Option[] { project, context, layer, text, top, json }) command.Options.Add(option);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var (plus, minus) = Parse(TextArgument.Read(parsed, words, terminal, Example));
            var (placed, template, l, texts, count) = (parsed.GetValue(project), parsed.GetValue(context), parsed.GetValue(layer), parsed.GetValue(text) ?? [], parsed.GetValue(top));
            if (count is < 1 or > 10_000) throw new UsageException($"--top is {count}; it must be from 1 to 10000.");
            if (texts.Length > 0 && (plus.Count != 1 || minus.Count > 0)) throw new UsageException("--text follows one word; give one, without + and -.");
            if (texts.Length == 1) throw new UsageException("One text was given; how a word moves is seen between two or more. Give --text again.");
            if (template is null != l is null) throw new UsageException(template is null ? "--layer needs --in: a text in which {} stands for each word." : "--in needs --layer: after which layer?");
            if (template is not null && template.Split("{}").Length != 2) throw new UsageException($"--in is \"{template}\"; it must have {{}} once, where the words go: \"the {{}} slept\".");
            if (template is not null && (placed is null || plus.Count != 1 || minus.Count != 1)) throw new UsageException("--in places words along the direction from one word to another: give them as 'cats - cat', with --project \"dogs dog\".");
            if (texts.Length > 0 && placed is not null) throw new UsageException("--text and --project show different things; give one of them.");
            var list = placed?.Split((char[])[' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (list is []) throw new UsageException("--project has no words.");
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            if (l is { } given && (uint)given >= (uint)opened.Config.Layers.Count) throw new UsageException($"--layer is {given}; the model has layers 0 to {opened.Config.Layers.Count - 1}.");
            using var interruption = new Interruption();
            var view = new DirectionsView(opened);
            var isJson = parsed.GetValue(json);
            if (texts.Length > 0)
            {
                Movement moved;
                using (new Progress(terminal, "Running the texts")) moved = Movement.Run(opened, texts, plus[0], interruption.Token);
                figures.Write(parsed, terminal, () => DirectionFigures.Map(moved, plus[0]), () => FigurePage.Of(DirectionFigures.Map(moved, plus[0]), DirectionFigures.Movement(moved, plus[0])));
                if (isJson) view.WriteJson(terminal.Out, moved, plus[0]);
                else terminal.Write(view.Lines(moved, plus[0]));
            }
            else if (template is not null)
            {
                IReadOnlyList<(string, double)> places;
                using (new Progress(terminal, "Running the texts")) places = Movement.Project(opened, template, l!.Value, plus[0], minus[0], list!, interruption.Token);
                Show($"{plus[0]} − {minus[0]}, after layer {l} of “{template}”", [.. places.Select(p => (p.Item1, (IReadOnlyList<int>)[], p.Item2))]);
            }
            else
            {
                var found = Directions.Add(opened, plus, minus, count, interruption.Token);
                if (list is not null)
                {
                    Show($"{found.Name}, at the embedding", [.. Directions.Project(opened, found.Vector, list).Select(p => (p.Word.Text, p.Word.Ids, p.Value))]);
                }
                else
                {
                    figures.Write(parsed, terminal, () => DirectionFigures.Near(opened, found));
                    if (isJson) view.WriteJson(terminal.Out, found);
                    else terminal.Write(view.Lines(found));
                }
            }
            return ExitCode.Success;

            void Show(string name, IReadOnlyList<(string Word, IReadOnlyList<int> Ids, double Value)> places)
            {
                figures.Write(parsed, terminal, () => DirectionFigures.Along(name, [.. places.Select(p => (p.Word, p.Value))]));
                if (isJson) view.WriteJson(terminal.Out, name, places);
                else terminal.Write(view.Lines(name, places));
            }
        });
        return command;
    }

    private static (IReadOnlyList<string> Plus, IReadOnlyList<string> Minus) Parse(string expression)
    {
        try
        {
            return Directions.Parse(expression);
        }
        catch (HeedException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
