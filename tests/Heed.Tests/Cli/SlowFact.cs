namespace Heed.Tests.Cli;

/// <summary>A test that takes minutes: it runs with HEED_TEST_ALL (./test --all); skipped, and counted, without.</summary>
public class SlowFactAttribute : FactAttribute
{
    public SlowFactAttribute() => Skip = Environment.GetEnvironmentVariable("HEED_TEST_ALL") is { Length: > 0 } ? null : "takes minutes; ./test --all runs it";
}
