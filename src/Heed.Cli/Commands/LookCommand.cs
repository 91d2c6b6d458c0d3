using System.CommandLine;
using Heed.Cli.Looking;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed look: one head's attention on a text, what it adds, and what the model says next.</summary>
internal static class LookCommand
{
    private const string Example = "heed look \"a fluffy blue creature roamed the verdant forest\"";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = TextArgument.Create("text", "The text to look at; - reads it from standard input.");
        var layer = new Option<int?>("--layer", "-l") { Description = "The layer, counted from 0. Default: chosen.", HelpName = "L" };
        var head = new Option<int?>("--head", "-H") { Description = "The head, counted from 0. Default: the one that looks most at content.", HelpName = "H" };
        var convention = new Option<string>("--convention")
        {
            Description = "lesson: tokens that look along the top, what they look at at the left. library: the other way round, as programs store it.",
            DefaultValueFactory = _ => "lesson",
        };
        convention.AcceptOnlyFromAmong("lesson", "library");
        var tokens = new Option<string?>("--tokens") { Description = "Show only these as tokens that look: FIRST..LAST, counted from 0. Default: as many of the last as fit into the terminal; in a figure, the last 60.", HelpName = "RANGE" };
        var query = new Option<int?>("--query", "-q") { Description = "The token whose steps and sum are drawn, and which is picked out of the grid and the lines: counted from 0, -1 the last that is shown, which is the default.", HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Everything as one line of JSON." };
        var draw = new Option<string?>("--draw")
        {
            Description = "What --svg and --html draw. grid: the head's weights as dots; lines: as lines; steps: one token's way from E to ΔE; sum: what all heads of the layer add to it; board: all heads at once; next: what comes next; loss: how well every token was foreseen. Default: grid; in --html grid, steps, sum, lines and next.",
            HelpName = "WHAT",
        };
        draw.AcceptOnlyFromAmong("grid", "lines", "steps", "sum", "board", "next", "loss");
        var edits = new EditOption();
        var figures = new FigureOptions();
        var command = new ToolCommand("look", "See one head's attention on a text, what it adds, and the next word.")
        {
            Examples =
            [
                (Example, "chooses a head that has something to show"),
                ("heed look --layer 3 --head 2 \"the cat sat on the mat\"", "shows the head you name"),
                ("heed look --html head.html \"the cat sat on the mat\"", "also draws it: the head's steps from scores to ΔE, to play and to hover"),
                ("heed look --convention library --json \"a b c d\" | jq .pattern", "the numbers, for a program"),
                ("heed look -l 10 -H 1 --edit knockout:10.1:query=3,key=1 \"they crashed the car\"", "where the head looks when that is hidden, and what comes next"),
            ],
            Notes = EditOption.Notes,
        };
        command.Arguments.Add(text);
        foreach (var option in new Option[] { layer, head, convention, tokens, query, json, draw }) command.Options.Add(option);
        edits.AddTo(command);
        figures.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = TextArgument.Read(parsed, text, terminal, Example);
            if (words.Length == 0) throw new UsageException($"The text is empty. Try: {Example}");
            if (parsed.GetValue(draw) is { } what && !figures.AreGiven(parsed)) throw new UsageException($"--draw {what} draws into a file: add --svg FILE or --html FILE.");
            if (parsed.GetValue(query) is not null && !figures.AreGiven(parsed)) throw new UsageException("--query chooses what is drawn into a file: add --svg FILE or --html FILE.");
            var isLesson = parsed.GetValue(convention) == "lesson";
            var range = parsed.GetValue(tokens);
            var fitting = LookPage.Capacity(terminal.Width);
            using var opened = model.Open(parsed, terminal, ActivationPrecision.Float32);
            HeadView view;
            using (new Progress(terminal, "Running the model"))
                view = HeadView.Of(opened, words, parsed.GetValue(layer), parsed.GetValue(head), Shown, tokens => edits.Read(parsed, opened, tokens));
            if (parsed.GetValue(json)) LookJson.Write(terminal.Out, view, edits.Given(parsed), isLesson);
            else terminal.Write(new LookPage(range is null ? view.Last(fitting) : view, isLesson, terminal.Width).Lines());
            var drawing = new LookFigures(view, isLesson, Query(view));
            switch (parsed.GetValue(draw))
            {
                case "board": figures.Write(parsed, terminal, drawing.Board, () => FigurePage.Of(drawing.Board(), drawing.Grid())); break;
                case "lines": figures.Write(parsed, terminal, drawing.Lines); break;
                case "steps": figures.Write(parsed, terminal, () => drawing.Steps()[^1], () => FigurePage.Steps(drawing.Steps())); break;
                case "sum": figures.Write(parsed, terminal, drawing.Sum); break;
                case "next": figures.Write(parsed, terminal, drawing.Next); break;
                case "loss": figures.Write(parsed, terminal, drawing.Loss); break;
                case "grid": figures.Write(parsed, terminal, drawing.Grid); break;
                default: figures.Write(parsed, terminal, drawing.Grid, drawing.Page); break;
            }
            return ExitCode.Success;

            int? Query(HeadView view)
            {
                if (parsed.GetValue(query) is not { } given) return null;
                var at = given < 0 ? view.End + given : given;
                return at >= view.First && at < view.End ? at : throw new UsageException($"--query is {given}; tokens {view.First} to {view.End - 1} are shown as tokens that look.");
            }

            // What the figure draws does not depend on how wide the terminal is.
            (int, int) Shown(int count)
                => range is not null ? ParseRange(range, count)
                : parsed.GetValue(json) ? (0, count)
                : (Math.Max(0, count - (figures.AreGiven(parsed) ? Math.Max(fitting, DotGrid.MaxTokens) : fitting)), count);
        });
        return command;
    }

    /// <summary>FIRST..LAST, both included; either may be left out.</summary>
    internal static (int First, int End) ParseRange(string range, int count)
    {
        var ends = range.Split("..");
        var (first, last) = (0, count - 1);
        if (ends.Length > 2 || (ends[0].Length > 0 && !int.TryParse(ends[0], out first)) || (ends.Length == 2 && ends[1].Length > 0 && !int.TryParse(ends[1], out last)))
            throw new UsageException($"--tokens is '{range}'; write FIRST..LAST, for example 0..{count - 1}.");
        if (ends.Length == 1) last = first;
        if (first < 0 || last >= count || first > last)
            throw new UsageException($"--tokens is '{range}'; the text has tokens 0 to {count - 1}.");
        return (first, last + 1);
    }
}
