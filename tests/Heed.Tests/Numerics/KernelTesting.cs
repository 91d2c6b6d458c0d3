using System.Runtime.InteropServices;
using Heed.Numerics;

namespace Heed.Tests.Numerics;

/// <summary>The instruction sets that this machine can run, as theory data; the others are counted as skipped by <see cref="IsaTests"/>.</summary>
internal static class Sets
{
    public static IEnumerable<InstructionSet> Vector => Isa.Supported.Where(set => set != InstructionSet.Scalar);

    /// <summary>Lengths 0–257: all small ones, and those beside multiples of every register width.</summary>
    public static int[] Lengths { get; } =
        [.. Enumerable.Range(0, 36), 47, 48, 49, 63, 64, 65, 79, 80, 95, 96, 97, 111, 127, 128, 129, 160, 191, 192, 193, 223, 255, 256, 257];
}

/// <summary>
/// Memory whose last byte is followed by a page that nothing may touch: a kernel that reads or writes past the end of its
/// buffer ends the test run. (On Windows, plain memory.)
/// </summary>
internal sealed unsafe partial class Guarded : IDisposable
{
    private readonly byte* _mapping;
    private readonly nuint _size;

    public byte* Data { get; }

    /// <param name="bytes">the size; the memory ends exactly at the guard page, whatever alignment that gives.</param>
    public Guarded(long bytes)
    {
        var page = (nuint)Environment.SystemPageSize;
        _size = ((nuint)Math.Max(bytes, 1) + page - 1) / page * page + page;
        if (OperatingSystem.IsWindows())
        {
            _mapping = (byte*)NativeMemory.AllocZeroed(_size);
        }
        else
        {
            var anonymousPrivate = OperatingSystem.IsMacOS() ? 0x1002 : 0x22;
            _mapping = (byte*)Map(null, _size, 3, anonymousPrivate, -1, 0);
            if (_mapping == (byte*)-1) throw new InvalidOperationException("mmap failed");
            if (Protect(_mapping + _size - page, page, 0) != 0) throw new InvalidOperationException("mprotect failed");
        }
        Data = _mapping + _size - page - (nuint)bytes;
    }

    /// <summary>A copy of the numbers.</summary>
    public static Guarded Of(ReadOnlySpan<float> values)
    {
        var memory = new Guarded(values.Length * sizeof(float));
        MemoryMarshal.AsBytes(values).CopyTo(new Span<byte>(memory.Data, values.Length * sizeof(float)));
        return memory;
    }

    public float* Floats => (float*)Data;

    public float[] ToArray(int count) => new Span<float>(Floats, count).ToArray();

    public void Dispose()
    {
        if (OperatingSystem.IsWindows()) NativeMemory.Free(_mapping);
        else _ = Unmap(_mapping, _size);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}

/// <summary>Made-up numbers and weights.</summary>
internal static unsafe class Made
{
    /// <summary>Normally distributed numbers.</summary>
    public static float[] Normal(Random random, int count, double scale = 1)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)(scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    /// <summary>Where the f16 fields of a block are, so that random bytes do not make them NaN.</summary>
    private static int[] Halves(ElementType type) => type switch
    {
        ElementType.Q4_0 or ElementType.Q5_0 or ElementType.Q8_0 or ElementType.IQ4_NL or ElementType.IQ4_XS => [0],
        ElementType.Q4_1 or ElementType.Q5_1 or ElementType.Q4_K or ElementType.Q5_K => [0, 2],
        ElementType.Q2_K => [80, 82],
        ElementType.Q3_K => [108],
        ElementType.Q6_K => [208],
        ElementType.TQ1_0 => [52],
        ElementType.TQ2_0 => [64],
        _ => [],
    };

    /// <summary>Random weights of [rows, columns] in any type, ending at a guard page.</summary>
    public static Guarded Weights(Random random, ElementType type, int rows, int columns)
    {
        var (length, bytes) = (type.BlockLength(), type.BlockBytes());
        var count = (long)rows * columns / length;
        var memory = new Guarded(count * bytes);
        for (long b = 0; b < count; b++)
        {
            var block = memory.Data + b * bytes;
            var number = (float)(random.NextDouble() * 2 - 1);
            switch (type)
            {
                case ElementType.F32: *(float*)block = number; continue;
                case ElementType.F64: *(double*)block = number; continue;
                case ElementType.F16: *(Half*)block = (Half)number; continue;
                case ElementType.BF16: *(ushort*)block = (ushort)(BitConverter.SingleToUInt32Bits(number) >> 16); continue;
                case ElementType.F8_E4M3 or ElementType.F8_E5M2: *block = (byte)(random.Next(0x60) | random.Next(2) << 7); continue;
            }
            random.NextBytes(new Span<byte>(block, bytes));
            foreach (var at in Halves(type)) *(Half*)(block + at) = (Half)((random.NextDouble() - 0.3) / 16);
            if (type == ElementType.MXFP4) block[0] = (byte)random.Next(120, 130);
            if (type == ElementType.Q8_K) *(float*)block = number / 16;
        }
        return memory;
    }
}
