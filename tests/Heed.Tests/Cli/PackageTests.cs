using System.IO.Compression;

namespace Heed.Tests.Cli;

/// <summary>The packages as a user gets them: packed into a folder, installed from it, and used.</summary>
public class PackageTests
{
    [SlowFact]
    public void Packages_InstalledFromAFolder_Work()
    {
        using var folder = new TemporaryFolder();
        var packages = folder.File("packages");
        // As the README says: the lab's pages first. Without Node.js the tool is packed without them.
        var hasPages = !OperatingSystem.IsWindows() && Programs.Run("bash", [Path.Combine(TestData.Root, "eng", "build-lab.sh")], seconds: 300).Code == 0;
        foreach (var project in new[] { "Heed", "Heed.Cli" })
            Succeed(Programs.Run("dotnet", ["pack", Path.Combine(TestData.Root, "src", project), "-c", "Release", "-o", packages, "--artifacts-path", folder.File("artifacts"),
                "-v", "quiet", "-p:RunAnalyzers=false", $"-p:LabPages={(hasPages ? "true" : "false")}"], seconds: 900));
        var library = Directory.GetFiles(packages, "Heed.?.*.nupkg").Single();
        var tool = Directory.GetFiles(packages, "Heed.Cli.*.nupkg").Single();
        CheckLibrary(library);
        using (var content = ZipFile.OpenRead(tool))
        {
            Assert.Contains(content.Entries, e => e.FullName.EndsWith("/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", StringComparison.Ordinal));
            Assert.Contains(content.Entries, e => e.FullName.EndsWith("/models/smollm2-135m-instruct/LICENSE", StringComparison.Ordinal));
            if (hasPages) Assert.Contains(content.Entries, e => e.FullName.EndsWith("/lab/index.html", StringComparison.Ordinal));
            Assert.True(new FileInfo(tool).Length < 250_000_000, "nuget.org takes at most 250 MB");
        }

        // Only the folder is a source; what the packages need comes from this machine's own package folder.
        var environment = new Dictionary<string, string?> { ["NUGET_PACKAGES"] = folder.File("cache"), ["HEED_MODEL"] = null };
        folder.Write("nuget.config", $"""
            <configuration>
              <packageSources><clear /><add key="local" value="{packages}" /></packageSources>
              <fallbackPackageFolders><add key="machine" value="{PackageFolder()}" /></fallbackPackageFolders>
            </configuration>
            """);
        Succeed(Programs.Run("dotnet", ["tool", "install", "Heed.Cli", "--tool-path", folder.File("tools"), "--configfile", folder.File("nuget.config")], folder: folder.Path, environment: environment));
        var heed = folder.File(OperatingSystem.IsWindows() ? "tools/heed.exe" : "tools/heed");
        var look = Programs.Run(heed, ["look", "a fluffy blue creature", "--json"], folder: folder.Path, environment: environment);
        Succeed(look);
        Assert.StartsWith(folder.Path, look.Json.GetProperty("model").GetString(), StringComparison.Ordinal);
        Assert.Equal([81, 33391, 4461, 12251], look.Json.GetProperty("tokens").EnumerateArray().Select(t => t.GetProperty("id").GetInt32()));

        folder.Write("app/app.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
              <ItemGroup><PackageReference Include="Heed" Version="*" /></ItemGroup>
            </Project>
            """);
        folder.Write("app/Program.cs", """
            using Heed;
            using var model = LanguageModel.Load(args[0]);
            foreach (var piece in model.Generate("Once upon a time", new() { MaxTokens = 4, Temperature = 0 })) Console.Write(piece.Text);
            """);
        Succeed(Programs.Run("dotnet", ["build", "-c", "Release", "-v", "quiet", "-o", folder.File("out"), "--configfile", folder.File("nuget.config")], folder: folder.File("app"), environment: environment));
        var app = Programs.Run("dotnet", [folder.File("out/app.dll"), TestData.EmbeddedModel], environment: environment);
        Succeed(app);
        Assert.Equal(", the city of", app.Out);
    }

    private static void CheckLibrary(string package)
    {
        Assert.True(new FileInfo(package).Length < 2_000_000, $"{package} has {new FileInfo(package).Length} bytes");
        using var content = ZipFile.OpenRead(package);
        var names = content.Entries.Select(e => e.FullName).ToArray();
        Assert.Contains("README.md", names);
        Assert.Contains("lib/net10.0/Heed.dll", names);
        Assert.Contains("lib/net10.0/Heed.xml", names);
        Assert.DoesNotContain(names, n => n.StartsWith("runtimes/", StringComparison.Ordinal) || n.EndsWith(".so", StringComparison.Ordinal) || n.EndsWith(".dylib", StringComparison.Ordinal));
        using var nuspec = new StreamReader(content.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open());
        Assert.Contains("<license type=\"expression\">MIT</license>", nuspec.ReadToEnd(), StringComparison.Ordinal);
    }

    private static string PackageFolder()
        => Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static void Succeed(CliRun run) => Assert.True(run.Code == 0, run.Out + run.Error);
}
