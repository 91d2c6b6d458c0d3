namespace Heed.Numerics;

/// <summary>The instruction sets that kernels are written for.</summary>
internal enum InstructionSet { Scalar, Vector128, Avx2, Avx512 }

/// <summary>
/// The one place that decides which instructions the kernels use. Best first, and why:
/// <list type="number">
/// <item>AVX-512 (F, BW, DQ, VL): twice the width and 32 registers, so a product's register tile is 8 × 48; masks make remainders cheap.
/// .NET 10 has no 512-bit VNNI, so 8-bit products take two instructions, as on AVX2.</item>
/// <item>AVX2 with FMA, and AVX-VNNI where there is one.</item>
/// <item>128 bits: SSE without AVX2, ARM's AdvSimd, WebAssembly.</item>
/// <item>Scalar: the reference. Slow, but right everywhere, and what the others are tested against.</item>
/// </list>
/// The environment variable HEED_ISA (avx512, avx2, vector128, scalar) forces one.
/// </summary>
internal static class Isa
{
    private static readonly (InstructionSet Set, string? Error) s_choice = Choose(Environment.GetEnvironmentVariable("HEED_ISA"));

    /// <summary>The kernels in use.</summary>
    public static readonly KernelSet Kernels = For(s_choice.Set);

    /// <summary>The set in use.</summary>
    public static InstructionSet Current => s_choice.Set;

    /// <summary>Its name, as HEED_ISA spells it.</summary>
    public static string Name => NameOf(s_choice.Set);

    /// <summary>Everything this machine can run, best first.</summary>
    public static IReadOnlyList<InstructionSet> Supported { get; } =
        [.. new[] { InstructionSet.Avx512, InstructionSet.Avx2, InstructionSet.Vector128, InstructionSet.Scalar }.Where(IsSupported)];

    /// <summary>True if this machine can run that set.</summary>
    public static bool IsSupported(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => Avx512Lanes.IsSupported,
        InstructionSet.Avx2 => Avx2Lanes.IsSupported,
        InstructionSet.Vector128 => Vector128Lanes.IsSupported,
        _ => true,
    };

    /// <summary>The kernels of a set that this machine supports.</summary>
    public static KernelSet For(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => new LanesKernels<Avx512Lanes>(),
        InstructionSet.Avx2 => new LanesKernels<Avx2Lanes>(),
        InstructionSet.Vector128 => new LanesKernels<Vector128Lanes>(),
        _ => new Reference(),
    };

    /// <summary>Throws if HEED_ISA asks for something that is not there. Whoever starts work calls it.</summary>
    /// <exception cref="HeedException">Names the value and what this machine can do.</exception>
    public static void Check()
    {
        if (s_choice.Error is { } error) throw new HeedException(error);
    }

    internal static string NameOf(InstructionSet set) => set.ToString().ToLowerInvariant();

    internal static (InstructionSet Set, string? Error) Choose(string? wanted)
    {
        var supported = new[] { InstructionSet.Avx512, InstructionSet.Avx2, InstructionSet.Vector128, InstructionSet.Scalar }.Where(IsSupported).ToArray();
        if (string.IsNullOrWhiteSpace(wanted)) return (supported[0], null);
        foreach (var set in supported)
            if (string.Equals(wanted.Trim(), NameOf(set), StringComparison.OrdinalIgnoreCase)) return (set, null);
        return (supported[0], $"HEED_ISA is '{wanted}', which this machine cannot run or Heed does not know. It can run: {string.Join(", ", supported.Select(NameOf))}. Unset HEED_ISA for the best of them.");
    }
}
