using System.CommandLine;
using System.Text;
using Heed.Cli.Rendering;

namespace Heed.Cli.Commands;

/// <summary>heed chat: a conversation with the model.</summary>
internal static class ChatCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var generation = new GenerationArguments(maxTokens: null);
        var system = new Option<string?>("--system", "-s") { Description = "What the model is told before the conversation. Default: what its template says.", HelpName = "TEXT" };
        var command = new ToolCommand("chat", "Talk with the model.")
        {
            Examples =
            [
                ("heed chat", "type a message, read the reply; /help shows what else can be typed"),
                ("heed chat --system \"Answer in one sentence.\" --temperature 0.7", "tells the model how to answer"),
                ("printf 'Hi\\nAnd in French?\\n' | heed chat", "in a pipe: a message a line, a reply after each"),
            ],
            Notes = ChatSession.Help,
        };
        command.Options.Add(system);
        generation.AddTo(command);
        model.AddTo(command);
        command.SetAction(parsed =>
        {
            using var opened = model.Open(parsed, terminal, generation.Precision(parsed));
            var options = generation.Read(parsed, opened.Config);
            return new ChatSession(terminal, new Chat(opened, parsed.GetValue(system)), parsed.GetValue(system), options).Run();
        });
        return command;
    }
}

/// <summary>The loop of message and reply.</summary>
internal sealed class ChatSession(Terminal terminal, Chat chat, string? system, GenerationOptions options)
{
    /// <summary>What can be typed beside messages.</summary>
    public const string Help = """
        While you chat:
          /reset         forget the conversation
          /system TEXT   tell the model this first, and begin again (no TEXT: its own)
          /save FILE     save the conversation as JSON
          /help          this
          /quit          leave; so does the end of the input
        Ctrl-C stops a reply, which stays as far as it got; at the prompt it leaves.
        A message that begins with a slash is typed with two.
        """;

    private readonly Lock _lock = new();
    private CancellationTokenSource? _reply;
    private string? _system = system;

    /// <summary>Runs until the input ends.</summary>
    public int Run()
    {
        using var signal = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, context =>
        {
            // During a reply Ctrl-C stops the reply; at the prompt it ends the process as usual.
            lock (_lock)
            {
                if (_reply is null) return;
                context.Cancel = true;
                _reply.Cancel();
            }
        });
        using var input = terminal.OpenReader();
        var isConversation = terminal.IsInteractive && terminal.IsInputInteractive;
        if (isConversation) terminal.Write([StyledLine.Of("Type a message, or /help. Ctrl-C stops a reply.", Role.Mute)]);
        var code = ExitCode.Success;
        while (true)
        {
            if (isConversation) terminal.Write("› ", Role.Query);
            terminal.Out.Flush();
            string? line;
            try
            {
                line = input.ReadLine();
            }
            catch (DecoderFallbackException e)
            {
                throw Terminal.NotUtf8(e);
            }
            if (line is null)
            {
                if (isConversation) terminal.Out.WriteLine();
                return code;
            }
            if (line.Trim() is "/quit" or "/exit") return code;
            try
            {
                if (line.StartsWith('/') && !line.StartsWith("//", StringComparison.Ordinal)) Obey(line);
                else if (line.Trim().Length > 0) Reply(line.StartsWith('/') ? line[1..] : line);
            }
            catch (HeedException e) when (isConversation)
            {
                terminal.Error.WriteLine($"heed: {e.Message}");
            }
            catch (UsageException e)
            {
                // In a pipe the conversation goes on, and the exit code tells.
                terminal.Error.WriteLine($"heed: {e.Message}");
                if (!isConversation) code = ExitCode.WrongUse;
            }
        }
    }

    private void Obey(string line)
    {
        var space = line.IndexOf(' ');
        var (name, rest) = space > 0 ? (line[..space], line[space..].Trim()) : (line, "");
        switch (name)
        {
            case "/reset":
                chat.Reset(_system);
                Say("The conversation is forgotten.");
                break;
            case "/system":
                _system = rest.Length > 0 ? rest : null;
                chat.Reset(_system);
                Say(_system is null ? "The model is told what its template says; the conversation begins again." : "The model is told that first; the conversation begins again.");
                break;
            case "/save":
                if (rest.Length == 0) throw new UsageException("/save needs a file: /save talk.json");
                chat.Save(rest);
                Say($"Saved {chat.Messages.Count} message{(chat.Messages.Count == 1 ? "" : "s")} to {rest}.");
                break;
            case "/help":
                Say(Help);
                break;
            default:
                throw new UsageException($"{name} is not known. Known are /reset, /system TEXT, /save FILE, /help and /quit; a message that begins with a slash is typed with two.");
        }
    }

    /// <summary>Streams the reply; it ends with a line end, and for readers with an empty line.</summary>
    private void Reply(string message)
    {
        using var source = new CancellationTokenSource();
        lock (_lock) _reply = source;
        try
        {
            foreach (var token in chat.Say(message, options, source.Token))
            {
                terminal.Out.Write(terminal.IsInteractive ? SafeText.ForTerminal(token.Text) : token.Text);
                terminal.Out.Flush();
            }
            terminal.Out.WriteLine();
        }
        catch (OperationCanceledException)
        {
            terminal.Out.WriteLine(" …");
        }
        finally
        {
            lock (_lock) _reply = null;
        }
        if (terminal.IsInteractive) terminal.Out.WriteLine();
        terminal.Out.Flush();
    }

    /// <summary>The tool's own words: to the reader, never into a pipe's replies.</summary>
    private void Say(string text)
    {
        if (terminal.IsInteractive) terminal.Write(text.ReplaceLineEndings("\n").Split('\n').Select(l => StyledLine.Of(l, Role.Mute)));
        else terminal.Error.WriteLine(text);
    }
}
