using Heed.Numerics;

namespace Heed.Tests.Numerics;

public class IsaTests
{
    /// <summary>One line in the results for each instruction set: skipped where this machine lacks it, so that the tests of kernels did not cover it.</summary>
    private sealed class NeedsAttribute : FactAttribute
    {
        public NeedsAttribute(string set) => Skip = Isa.IsSupported(Enum.Parse<InstructionSet>(set)) ? null : $"this machine has no {set}";
    }

    [Needs("Avx512")] public void Kernels_Avx512_AreTestedHere() => Assert.Contains(InstructionSet.Avx512, Isa.Supported);

    [Needs("Avx2")] public void Kernels_Avx2_AreTestedHere() => Assert.Contains(InstructionSet.Avx2, Isa.Supported);

    [Needs("Vector128")] public void Kernels_Vector128_AreTestedHere() => Assert.Contains(InstructionSet.Vector128, Isa.Supported);

    [Fact]
    public void Choose_NothingWanted_TakesTheBest()
    {
        Assert.Equal(Isa.Supported[0], Isa.Choose(null).Set);
        Assert.Null(Isa.Choose("").Error);
    }

    [Fact]
    public void Choose_Wanted_TakesIt()
    {
        foreach (var set in Isa.Supported)
            Assert.Equal((set, (string?)null), Isa.Choose(" " + Isa.NameOf(set).ToUpperInvariant() + " "));
    }

    [Fact]
    public void Choose_Unknown_SaysWhatThereIs()
    {
        var error = Isa.Choose("mmx").Error;
        Assert.NotNull(error);
        Assert.Contains("'mmx'", error);
        Assert.Contains("scalar", error);
    }
}
