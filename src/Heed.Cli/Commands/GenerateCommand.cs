using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed generate: continues a text.</summary>
internal static class GenerateCommand
{
    private const string Example = "heed generate \"Once upon a time\"";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var prompt = TextArgument.Create("prompt", "The text to continue; - reads it from standard input.");
        var generation = new GenerationArguments(256);
        var alternatives = new Option<int>("--alternatives") { Description = "One line a token, with its probability and the N most likely tokens at its place (0 to 100).", HelpName = "N" };
        var edits = new EditOption();
        var json = new Option<bool>("--json") { Description = "One line of JSON a token, and a last one that sums up." };
        var command = new ToolCommand("generate", "Continue a text.")
        {
            Examples =
            [
                (Example, "the most likely continuation"),
                ("heed generate --temperature 0.8 --seed 7 -n 60 \"The sea was\"", "drawn by chance, the same for the same seed"),
                ("heed generate --alternatives 3 -n 5 \"Two plus two is\"", "what else could have come, with probabilities"),
                ("heed generate -n 12 --edit \"add:blocks.12.hook_resid_post:embed= Paris:factor=8\" \"I live in\"", "steered: a direction is added while it reads and writes"),
                ("cat letter.txt | heed generate - > rest.txt", "in a pipe: only the new text"),
            ],
            Notes = "Order of operations: logit bias, penalties, temperature (0 stops here), top-k, top-p, min-p, draw.\n\n" + EditOption.Notes,
        };
        command.Arguments.Add(prompt);
        generation.AddTo(command);
        command.Options.Add(alternatives);
        command.Options.Add(json);
        edits.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            var text = TextArgument.Read(parsed, prompt, terminal, Example);
            if (text.Length == 0) throw new UsageException($"The prompt is empty. Try: {Example}");
            var count = parsed.GetValue(alternatives);
            using var interruption = new Interruption();
            using var opened = model.Open(parsed, terminal, generation.Precision(parsed));
            var options = generation.Read(parsed, opened.Config, count);
            if (edits.Given(parsed).Length > 0) options = options with { Edits = edits.Read(parsed, opened, opened.Tokenizer.Encode(text).Ids) };
            return parsed.GetValue(json) ? WriteJson(terminal, opened, text, options, interruption.Token)
                : count > 0 ? WriteTable(terminal, opened, text, options, interruption.Token)
                : WriteText(terminal, opened, text, options, interruption.Token);
        });
        return command;
    }

    /// <summary>The text as it comes; before it, for a reader, the prompt.</summary>
    private static int WriteText(Terminal terminal, LanguageModel model, string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        var tokens = model.Generate(prompt, options, cancellation);
        if (terminal.IsInteractive) terminal.Write(SafeText.ForTerminal(prompt), Role.Mute);
        terminal.Out.Flush();
        try
        {
            foreach (var token in tokens)
            {
                terminal.Out.Write(terminal.IsInteractive ? SafeText.ForTerminal(token.Text) : token.Text);
                terminal.Out.Flush();
            }
        }
        finally
        {
            terminal.Out.WriteLine();
        }
        return ExitCode.Success;
    }

    /// <summary>A line a token, with what else could have come.</summary>
    private static int WriteTable(Terminal terminal, LanguageModel model, string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        terminal.Write([StyledLine.Of("token", Role.Mute).PadTo(16).Add($" ln p     the {options.Alternatives} most likely in its place", Role.Mute)]);
        foreach (var token in model.Generate(prompt, options, cancellation))
        {
            var line = new StyledLine().Add(TokenLabel.Visible(model.Tokenizer.Decode([token.Id])), Role.Strong).PadTo(16).Add($" {Number(token.LogProbability)}");
            foreach (var other in token.Alternatives)
            {
                if (line.Width > terminal.Width - 22 && terminal.IsInteractive) break;
                line.PadTo(line.Width + 3).Add(TokenLabel.Visible(other.Text), other.Id == token.Id ? Role.Query : Role.Mute).Add($" {Number(other.LogProbability)}", Role.Mute);
            }
            terminal.Write([line]);
            terminal.Out.Flush();
        }
        return ExitCode.Success;

        static string Number(double logProbability) => logProbability.ToString("0.000", CultureInfo.InvariantCulture);
    }

    private static int WriteJson(Terminal terminal, LanguageModel model, string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var ids = model.Tokenizer.Encode(prompt).Ids;
        var written = 0;
        var text = new System.Text.StringBuilder();
        StopReason? stop = null;
        double first = 0;
        foreach (var token in model.Generate(ids, options, cancellation: cancellation))
        {
            if (written++ == 0) first = watch.Elapsed.TotalSeconds;
            stop = token.Stop;
            text.Append(token.Text);
            Json.WriteLine(terminal.Out, json =>
            {
                json.WriteNumber("id", token.Id);
                json.WriteString("text", token.Text);
                json.Number("log_probability", token.LogProbability);
                if (options.Alternatives == 0) return;
                json.WriteStartArray("alternatives");
                foreach (var other in token.Alternatives)
                {
                    json.WriteStartObject();
                    json.WriteNumber("id", other.Id);
                    json.WriteString("text", other.Text);
                    json.Number("log_probability", other.LogProbability);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            terminal.Out.Flush();
        }
        Json.WriteLine(terminal.Out, json =>
        {
            json.WriteBoolean("done", true);
            json.WriteString("text", text.ToString());
            json.WriteString("stop", NameOf(stop));
            json.WriteNumber("prompt_tokens", ids.Length);
            json.WriteNumber("new_tokens", written);
            json.Number("first_token_s", first, 4);
            json.Number("total_s", watch.Elapsed.TotalSeconds, 4);
        });
        return ExitCode.Success;
    }

    private static string NameOf(StopReason? stop) => stop switch
    {
        StopReason.EndToken => "end",
        StopReason.StopToken => "stop_token",
        StopReason.StopText => "stop",
        _ => "max_tokens",
    };
}
