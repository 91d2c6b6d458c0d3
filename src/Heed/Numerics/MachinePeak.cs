using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Heed.Numerics;

/// <summary>
/// What this machine does at most with a team's threads and the instruction set in use: the measure beside which speeds of
/// products (arithmetic) and of decoding (memory) are read. Measured, in about a third of a second; other programs that run
/// meanwhile lower it.
/// </summary>
/// <param name="Threads">The threads that measured.</param>
/// <param name="InstructionSet">The instruction set's name, as HEED_ISA spells it.</param>
/// <param name="GigaflopsPerSecond">10⁹ float32 multiplications and additions a second, from registers.</param>
/// <param name="GigabytesPerSecond">10⁹ bytes a second read from memory beyond the caches.</param>
public sealed unsafe record MachinePeak(int Threads, string InstructionSet, double GigaflopsPerSecond, double GigabytesPerSecond)
{
    private const int Attempts = 5;

    /// <summary>More than the last cache of most processors; where it is larger, weights fit it too.</summary>
    private const long MemoryBytes = 128L << 20;

    /// <summary>Measures with all threads of <paramref name="team"/>: the best of several short attempts.</summary>
    /// <exception cref="HeedException">There are not 134 MB of memory for it.</exception>
    public static MachinePeak Measure(ThreadTeam team)
    {
        ArgumentNullException.ThrowIfNull(team);
        return Measure(team, () => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency);
    }

    /// <summary>The same by another clock, in seconds.</summary>
    internal static MachinePeak Measure(ThreadTeam team, Func<double> clock)
        => new(team.ThreadCount, Isa.Name, Flops(team, clock) / 1e9, Bandwidth(team, clock) / 1e9);

    private struct FlopsJob : IJob
    {
        public int Rounds;
        public float* Sinks;
        public long* Done;

        public readonly void Run(int chunk, int worker) => Done[chunk] = Isa.Kernels.MultiplyAddRounds(Rounds, Sinks + chunk);
    }

    private static double Flops(ThreadTeam team, Func<double> clock)
    {
        // Many short chunks: a thread that is held up by other programs then costs little.
        var chunks = 16 * team.ThreadCount;
        var sinks = new float[chunks];
        var done = new long[chunks];
        fixed (float* s = sinks)
        fixed (long* d = done)
        {
            var job = new FlopsJob { Rounds = 1000, Sinks = s, Done = d };
            team.Run(ref job, chunks);
            var start = clock();
            team.Run(ref job, chunks);
            // Attempts of about 20 ms.
            job.Rounds = (int)Math.Clamp(1000 * 0.02 / Math.Max(1e-6, clock() - start), 1000, 2_000_000);
            double best = 0;
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                start = clock();
                team.Run(ref job, chunks);
                best = Math.Max(best, done.Sum() / (clock() - start));
            }
            return best;
        }
    }

    private struct ReadJob : IJob
    {
        public float* Data, Sinks;
        public long FloatsPerChunk;

        public readonly void Run(int chunk, int worker) => Isa.Kernels.ReadAll(Data + chunk * FloatsPerChunk, FloatsPerChunk, Sinks + chunk);
    }

    private struct FillJob : IJob
    {
        public float* Data;
        public long FloatsPerChunk;

        public readonly void Run(int chunk, int worker) => new Span<float>(Data + chunk * FloatsPerChunk, (int)FloatsPerChunk).Fill(1);
    }

    private static double Bandwidth(ThreadTeam team, Func<double> clock)
    {
        const int chunks = 128;
        const long floats = MemoryBytes / sizeof(float) / chunks;
        float* data;
        try
        {
            data = (float*)NativeMemory.AlignedAlloc((nuint)MemoryBytes, 4096);
        }
        catch (OutOfMemoryException exception)
        {
            throw new HeedException($"Measuring memory bandwidth takes {MemoryBytes / 1_000_000} MB, which are not free.", exception);
        }
        try
        {
            var sinks = stackalloc float[chunks];
            var fill = new FillJob { Data = data, FloatsPerChunk = floats };
            team.Run(ref fill, chunks);
            var job = new ReadJob { Data = data, Sinks = sinks, FloatsPerChunk = floats };
            double best = 0;
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var start = clock();
                team.Run(ref job, chunks);
                best = Math.Max(best, MemoryBytes / (clock() - start));
            }
            return best;
        }
        finally { NativeMemory.AlignedFree(data); }
    }
}
