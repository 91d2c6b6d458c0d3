using System.Diagnostics;

namespace Heed.Tests.Cli;

/// <summary>The tool as a process of its own: what only the operating system can show.</summary>
public class ProcessTests
{
    [Fact]
    public void Tool_InAPipe_WritesUtf8WithoutColours()
    {
        var run = Programs.Run("dotnet", [Programs.Tool, "tokenize", "猫 naïve"], environment: new Dictionary<string, string?> { ["LC_ALL"] = "C", ["COLORTERM"] = "truecolor", ["TERM"] = "xterm" });
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("猫", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', run.Out);
    }

    [Fact]
    public void Tool_FromAnyFolder_FindsTheEmbeddedModelAndHeedModelOverrulesIt()
    {
        using var folder = new TemporaryFolder();
        var run = Programs.Run("dotnet", [Programs.Tool, "tokenize", "--ids", "-"], "a fluffy", folder.Path);
        Assert.Equal((0, "81 33391\n"), (run.Code, run.Out));
        run = Programs.Run("dotnet", [Programs.Tool, "info", "--json"], folder: folder.Path, environment: new Dictionary<string, string?> { ["HEED_MODEL"] = Models.Stories });
        Assert.Equal(5, run.Json.GetProperty("layers").GetInt32());
    }

    [Fact]
    public void Tool_FullDisk_SaysSoWithoutAStackTrace()
    {
        if (!File.Exists("/dev/full")) return;
        var run = Programs.Run("/bin/sh", ["-c", $"dotnet '{Programs.Tool}' generate --model '{Models.Stories}' -n 3 hi > /dev/full"]);
        Assert.Equal(1, run.Code);
        Assert.StartsWith("heed: Reading or writing failed: No space left on device", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Generate_CtrlC_KeepsWhatWasWrittenAndSaysSo()
    {
        if (OperatingSystem.IsWindows()) return;
        using var process = Start("generate", "--model", Models.Stories, "--ignore-end", "--slide", "-n", "-1", "Once upon a time");
        var first = new char[20];
        process.StandardOutput.ReadBlock(first);
        Interrupt(process);
        var rest = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal((130, "heed: Stopped.\n"), (process.ExitCode, process.StandardError.ReadToEnd()));
        Assert.EndsWith("\n", rest, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_CtrlC_StopsTheReplyAndNotTheProgram()
    {
        if (OperatingSystem.IsWindows()) return;
        using var process = Start("chat", "--ignore-end", "--slide");
        process.StandardInput.WriteLine("Tell me a long story.");
        process.StandardInput.Flush();
        process.StandardOutput.ReadBlock(new char[10]);
        Interrupt(process);
        process.StandardInput.WriteLine("/quit");
        process.StandardInput.Close();
        var rest = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, process.ExitCode);
        Assert.EndsWith(" …\n", rest, StringComparison.Ordinal);
    }

    private static Process Start(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Programs.Tool, .. args]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }

    private static void Interrupt(Process process) => Process.Start("/bin/sh", ["-c", $"kill -INT {process.Id}"]).WaitForExit();
}
