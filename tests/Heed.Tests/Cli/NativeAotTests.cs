using System.Runtime.InteropServices;

namespace Heed.Tests.Cli;

/// <summary>The tool published with Native AOT: the same commands with the same output, and vector instructions on.</summary>
public class NativeAotTests
{
    [NativeAotFact]
    public void Publish_NativeAot_RunsTheSameCommandsWithTheSameOutput()
    {
        using var folder = new TemporaryFolder();
        var publish = Programs.Run("dotnet", ["publish", NativeAotFactAttribute.Project, "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-p:PublishAot=true", "-p:RunAnalyzers=false", $"-p:HeedFramework={NativeAotFactAttribute.Framework}",
            "-o", folder.File("out"), "--artifacts-path", folder.File("artifacts"), "-v", "quiet"], seconds: 1200);
        Assert.True(publish.Code == 0, publish.Out + publish.Error);
        Assert.DoesNotContain("warning", publish.Out, StringComparison.OrdinalIgnoreCase);
        var heed = folder.File(OperatingSystem.IsWindows() ? "out/Heed.Cli.exe" : "out/Heed.Cli");
        string[][] commands =
        [
            ["--version"],
            ["--help"],
            ["look", "a fluffy blue creature roamed the verdant forest"],
            ["look", "Once upon a time", "--json", "--model", Models.Stories],
            ["generate", "Once upon a time", "-n", "12"],
            ["tokenize", "a fluffy 猫", "--json"],
            ["info", Models.Stories],
            ["verify", Models.Stories],
            ["info", "/no/such/place"],
            ["look", "--layer", "99", "hi"],
        ];
        // The same instructions give the same bits; those of the native tool are at least AVX2 where there is AVX2.
        var bench = Programs.Run(heed, ["bench", Models.Stories, "--prompt", "8", "--new", "4", "--repeat", "1", "--json"]);
        var instructions = bench.Json.GetProperty("instruction_set").GetString()!;
        if (Heed.Numerics.Isa.IsSupported(Heed.Numerics.InstructionSet.Avx2)) Assert.StartsWith("avx", instructions, StringComparison.Ordinal);
        foreach (var command in commands)
        {
            var native = Programs.Run(heed, command);
            var usual = Programs.Run("dotnet", [Programs.Tool, .. command], environment: new Dictionary<string, string?> { ["HEED_ISA"] = instructions });
            Assert.Equal(usual, native);
        }
    }
}

/// <summary>
/// A test that needs the Native AOT compiler and its runtime pack; skipped, and counted, where they cannot be had. Where the package
/// registry has no pack for this .NET but the one before, the same sources are compiled for that one.
/// </summary>
public sealed class NativeAotFactAttribute : SlowFactAttribute
{
    private static readonly Lazy<(string? Framework, string? Missing)> s_found = new(Find);

    public NativeAotFactAttribute() => Skip ??= s_found.Value.Missing;

    /// <summary>The newest framework that can be compiled ahead here.</summary>
    public static string Framework => s_found.Value.Framework!;

    /// <summary>The tool's project.</summary>
    public static string Project => Path.Combine(TestData.Root, "src", "Heed.Cli");

    private static (string?, string?) Find()
    {
        var error = "";
        foreach (var framework in new[] { "net10.0", "net9.0" })
        {
            using var folder = new TemporaryFolder();
            var restore = Programs.Run("dotnet", ["restore", Project, "-r", RuntimeInformation.RuntimeIdentifier, "-p:PublishAot=true", $"-p:HeedFramework={framework}", "--artifacts-path", folder.Path]);
            if (restore.Code == 0) return (framework, null);
            error = restore.Out.Split('\n').FirstOrDefault(l => l.Contains("error", StringComparison.Ordinal))?.Trim();
        }
        return (null, $"Native AOT's packs cannot be had here: {error}");
    }
}
