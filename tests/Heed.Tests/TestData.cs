namespace Heed.Tests;

/// <summary>Where tests find their data: the project's own under tests/data, and the full set in ../shared where it is present.</summary>
internal static class TestData
{
    /// <summary>The checkout's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The full reference set beside the checkout, or null.</summary>
    public static string? SharedRoot { get; } = FindShared();

    /// <summary>A file or folder of the project's own compact set.</summary>
    public static string Own(string path) => Path.Combine(Root, "tests", "data", path);

    /// <summary>A file or folder of the full set (only in tests marked <see cref="SharedFactAttribute"/> or <see cref="SharedTheoryAttribute"/>).</summary>
    public static string Shared(string path) => Path.Combine(SharedRoot ?? throw new InvalidOperationException("no shared data"), path);

    /// <summary>True in <c>./test --all</c>: tests that can take more cases do.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("HEED_TEST_ALL") is not null;

    /// <summary>The model that comes with Heed.</summary>
    public static string EmbeddedModel => Path.Combine(Root, "models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Heed.slnx"))) return at.FullName;
        throw new InvalidOperationException("the tests run inside the checkout");
    }

    private static string? FindShared()
    {
        var place = Environment.GetEnvironmentVariable("HEED_SHARED") ?? Path.Combine(Root, "..", "shared");
        return Directory.Exists(Path.Combine(place, "golden")) ? Path.GetFullPath(place) : null;
    }
}

/// <summary>A test that needs the full reference set; skipped, and counted, where it is not there.</summary>
public sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute() => Skip = TestData.SharedRoot is null ? "needs ../shared" : null;
}

/// <summary>A theory that needs the full reference set; skipped, and counted, where it is not there.</summary>
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute() => Skip = TestData.SharedRoot is null ? "needs ../shared" : null;
}
