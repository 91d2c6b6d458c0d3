using System.Diagnostics;
using System.Text;

namespace Heed.Tests.Cli;

/// <summary>Runs programs as a user would.</summary>
internal static class Programs
{
    /// <summary>The build's configuration, as in bin/Release.</summary>
    public static string Configuration { get; } = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!);

    /// <summary>The tool as it was built beside these tests.</summary>
    public static string Tool => Path.Combine(AppContext.BaseDirectory, "Heed.Cli.dll");

    /// <summary>Runs a program to its end and returns its exit code, output and errors.</summary>
    public static CliRun Run(string program, IEnumerable<string> args, string input = "", string? folder = null, IReadOnlyDictionary<string, string?>? environment = null, int seconds = 300)
    {
        var start = new ProcessStartInfo(program, args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = folder ?? TestData.Root,
        };
        // What the test runner sets would change how child builds and tools behave.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || k is "DOTNET_HOST_PATH").ToArray()) start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeSpan.FromSeconds(seconds)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', args)} ran for more than {seconds} s");
        }
        return new(process.ExitCode, output.Result, error.Result);
    }
}
