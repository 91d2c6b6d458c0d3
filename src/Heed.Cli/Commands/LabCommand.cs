using System.CommandLine;
using System.Diagnostics;
using Heed.Server;

namespace Heed.Cli.Commands;

/// <summary>heed lab: the pages in which a sentence can be followed through the model.</summary>
internal static class LabCommand
{
    public static Command Create(Terminal terminal)
    {
        var loading = new ModelOptions();
        var model = new Option<string[]>("--model", "-m") { Description = ModelPlace.Search + " Given several times, the pages show them beside each other.", HelpName = "PATH" };
        var port = new Option<int>("--port", "-p") { Description = "The port of the server; 0: any free one.", HelpName = "N", DefaultValueFactory = _ => 0 };
        var host = new Option<string[]>("--host") { Description = "Another name by which the browser may call the server, as behind a tunnel. May be given several times.", HelpName = "NAME" };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Print the address and open nothing." };
        var command = new ToolCommand("lab", "Follow a sentence through the model, in the browser.")
        {
            Examples =
            [
                ("heed lab", "opens the browser; everything runs on this machine, and nothing leaves it"),
                ("heed lab --port 5080 --no-browser", "prints the address"),
                ("heed lab --model A --model B", "two models, to choose from and to see side by side"),
            ],
            Notes = """
                The server answers this machine only. Ctrl-C stops it.
                """,
        };
        command.Options.Add(port);
        command.Options.Add(host);
        command.Options.Add(noBrowser);
        command.Options.Add(model);
        command.Options.Add(loading.Threads);
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(port) is < 0 or > 65535) throw new UsageException($"--port is {parsed.GetValue(port)}; ports are 0 to 65535.");
            using var interruption = new Interruption();
            string[] paths = parsed.GetValue(model) is { Length: > 0 } given ? [.. given.Select(ModelPlace.Find)] : [ModelPlace.Find(null)];
            var names = ModelPlace.NamesOf(paths);
            var models = new List<(string Name, LanguageModel Model)>();
            try
            {
                foreach (var (path, name) in paths.Zip(names)) models.Add((name, loading.Open(parsed, terminal, Numerics.ActivationPrecision.Int8, path)));
                await using var lab = await Lab.StartAsync(models, new() { Port = parsed.GetValue(port), Pages = FindPages(), Hosts = parsed.GetValue(host) ?? [], OwnModel = ModelPlace.Own(), IsWarmedUp = true }, interruption.Token);
                terminal.Out.WriteLine(lab.Address);
                terminal.Out.Flush();
                if (terminal.IsInteractive) terminal.Error.WriteLine("Ctrl-C stops the lab.");
                if (!parsed.GetValue(noBrowser)) OpenBrowser(terminal, lab.Address);
                // Ctrl-C and a request to end are how a server is meant to end.
                await lab.WaitAsync(interruption.Token);
                return ExitCode.Success;
            }
            finally
            {
                foreach (var (_, opened) in models) opened.Dispose();
            }
        });
        return command;
    }

    /// <summary>The built pages: <c>lab</c> beside the tool (as it is packed and published), or <c>lab/dist</c> in a folder above it (as they lie in a checkout).</summary>
    private static string FindPages()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, "lab");
        if (File.Exists(Path.Combine(beside, "index.html"))) return beside;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var built = Path.Combine(folder.FullName, "lab", "dist");
            if (File.Exists(Path.Combine(built, "index.html"))) return built;
        }
        throw new HeedException("The lab's pages are not built. In a checkout, start it with ./heed lab, which builds them (it needs Node.js 20 or newer), or run eng/build-lab.sh.");
    }

    private static void OpenBrowser(Terminal terminal, string address)
    {
        try
        {
            var start = OperatingSystem.IsWindows() ? new ProcessStartInfo(address) { UseShellExecute = true }
                : new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [address]) { RedirectStandardOutput = true, RedirectStandardError = true };
            Process.Start(start)?.Dispose();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            terminal.Error.WriteLine($"No browser could be opened; open {address} yourself.");
        }
    }
}
