namespace Heed.Tests.Cli;

/// <summary>The scripts people start with.</summary>
public class ScriptTests
{
    [Theory]
    [InlineData("heed")]
    [InlineData("test")]
    public void Script_WithoutTheSdk_SaysHowToGetIt(string script)
    {
        if (OperatingSystem.IsWindows()) return;
        // A path with the few programs that a script needs to find itself, through a link, and no dotnet.
        using var folder = new TemporaryFolder();
        foreach (var program in new[] { "bash", "dirname", "readlink" })
            File.CreateSymbolicLink(folder.File(program), new[] { "/usr/bin", "/bin", "/usr/local/bin" }.Select(p => Path.Combine(p, program)).First(File.Exists));
        File.CreateSymbolicLink(folder.File("link"), Path.Combine(TestData.Root, script));
        var run = Programs.Run(folder.File("bash"), [script == "heed" ? folder.File("link") : Path.Combine(TestData.Root, script), "hi"], folder: folder.Path,
            environment: new Dictionary<string, string?> { ["PATH"] = folder.Path });
        Assert.Equal((1, ""), (run.Code, run.Out));
        Assert.Contains("need", run.Error, StringComparison.Ordinal);
        Assert.Contains("https://dotnet.microsoft.com/download/dotnet/10.0", run.Error, StringComparison.Ordinal);
    }

    [SlowFact]
    public void Heed_SeveralAtOnceAfterAChange_BuildOnceAndAllRun()
    {
        if (OperatingSystem.IsWindows()) return;
        var run = Programs.Run("/bin/bash", ["-c", "rm -f artifacts/heed/current; for i in 1 2 3; do ./heed tokenize --ids 'a fluffy' & done; wait"], seconds: 900);
        Assert.Equal((0, "81 33391\n81 33391\n81 33391\n"), (run.Code, run.Out));
        Assert.Equal(1, run.Error.Split("Building heed").Length - 1);
    }
}
