using Heed.Tests.Numerics;

namespace Heed.Tests;

/// <summary>What runs when a test starts this assembly as a process of its own.</summary>
internal static class Program
{
    private static int Main(string[] args) => args is ["kernels"] ? KernelSmoke.Run() : 0;
}
