using System.Diagnostics;
using Heed.Numerics;

namespace Heed.Tests.Numerics;

/// <summary>
/// The runtime's own switches, in child processes: what a machine without AVX-512, without AVX2, or without any of it would
/// choose and compute. In this process all sets are tested, but always on a processor that has the larger ones, too.
/// </summary>
public class ChildProcessTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512=0 DOTNET_EnableAVX512F=0", "avx2")]
    [InlineData("DOTNET_EnableAVX2=0", "vector128")]
    [InlineData("DOTNET_EnableHWIntrinsic=0", "scalar")]
    [InlineData("HEED_ISA=scalar", "scalar")]
    public void Kernels_SetsSwitchedOff_ChooseTheNextAndAreRight(string environment, string expected)
    {
        var (exit, output) = Start(environment);
        Assert.True(exit == 0, output);
        var chosen = output.Split('\n')[0].Trim();
        // What this machine lacks cannot be chosen by switching other things off.
        if (expected == "" || (expected == "avx2" && !Avx2Lanes.IsSupported) || !OperatingSystem.IsLinux() && expected != "scalar") return;
        Assert.Equal(expected, chosen);
    }

    [Fact]
    public void HeedIsa_NotThere_SaysWhatIs()
    {
        var (exit, output) = Start("DOTNET_EnableAVX512=0 DOTNET_EnableAVX512F=0 HEED_ISA=avx512");
        Assert.Equal(1, exit);
        Assert.Contains("HeedException: HEED_ISA is 'avx512'", output);
        Assert.Contains("scalar", output);
    }

    private static (int Exit, string Output) Start(string environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "exec", typeof(ChildProcessTests).Assembly.Location, "kernels" },
        };
        start.Environment.Remove("HEED_ISA");
        foreach (var pair in environment.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            start.Environment[pair.Split('=')[0]] = pair.Split('=')[1];
        using var process = Process.Start(start) ?? throw new InvalidOperationException("no process");
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(60_000), "the child process hangs");
        return (process.ExitCode, output);
    }
}

/// <summary>The part of the kernels' tests that a child process runs: a fraction of a second.</summary>
internal static class KernelSmoke
{
    public static int Run()
    {
        Console.WriteLine(Isa.Name);
        try
        {
            new ThreadTeam(2).Dispose();
            var vectors = new VectorMathTests();
            vectors.Dot_AnyLength_EqualsReference();
            vectors.RmsNorm_AnyLength_EqualsReference();
            vectors.Softmax_SpecialCases();
            vectors.Exp_Extremes_AreExact();
            vectors.Activate_FarFromZero_ReachesItsLimits(ActivationFunction.Gelu);
            vectors.Rotate_PairConventions_AreTheFieldsOwn();
            new AttentionKernelsTests().Scores_AnySize_EqualReference(48, 5);
            new AttentionKernelsTests().AddWeighted_AnySize_EqualReference(48, 5);
            // The set that is used by default, whatever it is.
            var products = new ProductsTests();
            products.Multiply_ActivationNotFinite_ResultIsNot();
            foreach (var type in new[] { "Q4_1", "Q8_0", "Q6_K", "F16" })
                products.Multiply_EveryTypeAndShape_EqualsDefinition(Isa.Current.ToString(), type);
            return 0;
        }
#pragma warning disable CA1031 // everything is reported to the parent
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Console.WriteLine($"{exception.GetType().Name}: {exception.Message}\n{exception.StackTrace}");
            return 1;
        }
    }
}
