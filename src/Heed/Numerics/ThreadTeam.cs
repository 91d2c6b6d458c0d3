using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Heed.Numerics;

/// <summary>Work that falls into independent chunks. A job is a struct of pointers and sizes; it lives on the caller's stack.</summary>
internal interface IJob
{
    /// <summary>Does one chunk.</summary>
    /// <param name="chunk">0 … chunks − 1.</param>
    /// <param name="worker">0 … ThreadCount − 1: who does it, for scratch memory. The result must not depend on it.</param>
    void Run(int chunk, int worker);
}

/// <summary>
/// The threads that kernels run on: the caller and ThreadCount − 1 more that stay for the team's life. There is no task queue:
/// a job is published, everyone takes chunks by counting up, and the caller returns when all are done.
/// </summary>
/// <remarks>
/// <para>
/// One 64-bit ticket holds the job's generation, its number of chunks and the next one. Taking a chunk is one
/// compare-and-swap on it, which succeeds only for the job it was read for; so a thread that wakes late finds nothing and
/// nobody waits for it. With fewer free cores than threads the caller simply does more of the work.
/// </para>
/// <para>
/// Between jobs a thread spins for some tens of microseconds, because in decoding the next product follows within few;
/// then it yields, then sleeps on an event. One job runs at a time; a second caller waits.
/// </para>
/// </remarks>
public sealed unsafe class ThreadTeam : IDisposable
{
    private const int ChunkBits = 20;
    private const long ChunkMask = (1L << ChunkBits) - 1;

    private readonly Thread[] _threads;
    private readonly Worker[] _workers;
    private readonly Lock _gate = new();
    private readonly int _spins;
    private volatile bool _stopping;
    private bool _running;

    // What the current job is. Written before the ticket is, read after a chunk has been taken.
    private void* _job;
    private delegate*<void*, int, int, void> _body;
    private ExceptionDispatchInfo? _failure;

    private Counters _counters;

    /// <summary>Each on cache lines of its own: one is read by all who wait, the other written by all who finish.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Counters
    {
        /// <summary>generation · 2⁴⁰ + chunks · 2²⁰ + next chunk.</summary>
        [FieldOffset(128)] public long Ticket;

        /// <summary>Chunks finished of the current job.</summary>
        [FieldOffset(256)] public int Finished;
    }

    /// <summary>What belongs to one thread.</summary>
    private sealed class Worker
    {
        public readonly AutoResetEvent Wake = new(false);
        public int Asleep;
        public byte* Scratch;
        public nuint ScratchBytes;
    }

    /// <summary>A team of <paramref name="threads"/>, the caller included; 0 for one per processor.</summary>
    /// <exception cref="HeedException">The number is negative or above 1024, or HEED_ISA asks for what this machine lacks.</exception>
    public ThreadTeam(int threads = 0)
    {
        Isa.Check();
        if (threads is < 0 or > 1024)
            throw new HeedException($"A team of {threads} threads cannot be made: give 1 to 1024, or 0 for one per processor ({Environment.ProcessorCount} here).");
        ThreadCount = threads == 0 ? Environment.ProcessorCount : threads;
        // A pause takes about 40 ns on recent x86 processors, less on others. Spinning where threads share cores only delays the one that works.
        _spins = ThreadCount <= Environment.ProcessorCount ? 1500 : 20;
        _workers = new Worker[ThreadCount];
        _threads = new Thread[ThreadCount - 1];
        for (var w = 0; w < ThreadCount; w++) _workers[w] = new();
        for (var w = 1; w < ThreadCount; w++)
        {
            var worker = w;
            _threads[w - 1] = new Thread(() => Work(worker), 1 << 20) { IsBackground = true, Name = $"Heed {worker}" };
            _threads[w - 1].Start();
        }
    }

    /// <summary>How many threads work, the caller included.</summary>
    public int ThreadCount { get; }

    /// <summary>How many threads have gone to sleep for want of work.</summary>
    internal int Sleeping => _workers.Count(worker => Volatile.Read(ref worker.Asleep) != 0);

    /// <summary>Held while a job and the team's shared memory are in use.</summary>
    internal Lock Gate => _gate;

    /// <summary>
    /// Runs every chunk of <paramref name="job"/> and returns when all are done. The job must be a local variable (other
    /// threads reach it by its address on the stack). If chunks throw, the rest are skipped and one of the exceptions is rethrown.
    /// </summary>
    internal void Run<TJob>(ref TJob job, int chunks) where TJob : struct, IJob
    {
        if (chunks <= 0) return;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            if (_running) throw new InvalidOperationException("A chunk of a job cannot start another job on the same team.");
            if (ThreadCount == 1 || chunks == 1)
            {
                _running = true;
                try
                {
                    for (var chunk = 0; chunk < chunks; chunk++) job.Run(chunk, 0);
                }
                finally { _running = false; }
                return;
            }
            if (chunks > ChunkMask) throw new ArgumentOutOfRangeException(nameof(chunks), chunks, $"at most {ChunkMask} chunks");
            _running = true;
            try { Publish(Unsafe.AsPointer(ref job), &Invoke<TJob>, chunks); }
            finally { _running = false; }
        }
    }

    private static void Invoke<TJob>(void* job, int chunk, int worker) where TJob : struct, IJob
        => Unsafe.AsRef<TJob>(job).Run(chunk, worker);

    private void Publish(void* job, delegate*<void*, int, int, void> body, int chunks)
    {
        _job = job;
        _body = body;
        _failure = null;
        Volatile.Write(ref _counters.Finished, 0);
        var generation = (Volatile.Read(ref _counters.Ticket) >> (2 * ChunkBits)) + 1;
        // A full fence: a thread going to sleep either sees the new ticket or is seen here to be asleep.
        Interlocked.Exchange(ref _counters.Ticket, generation << (2 * ChunkBits) | (long)chunks << ChunkBits);
        for (var w = 1; w < _workers.Length; w++)
            if (Volatile.Read(ref _workers[w].Asleep) != 0 && Interlocked.Exchange(ref _workers[w].Asleep, 0) != 0)
                _workers[w].Wake.Set();

        TakeChunks(0);

        // Only chunks that others are in the middle of are left.
        for (var waited = 0; Volatile.Read(ref _counters.Finished) < chunks; waited++)
        {
            if (waited < _spins) Thread.SpinWait(1);
            else if (waited < _spins + 1000) Thread.Yield();
            else Thread.Sleep(waited < _spins + 2000 ? 0 : 1);
        }
        _job = null;
        if (_failure is { } failure)
        {
            _failure = null;
            failure.Throw();
        }
    }

    /// <summary>Does chunks until none is left. True if there was one.</summary>
    private bool TakeChunks(int worker)
    {
        var done = 0;
        var ticket = Volatile.Read(ref _counters.Ticket);
        while ((ticket & ChunkMask) < (ticket >> ChunkBits & ChunkMask))
        {
            var seen = Interlocked.CompareExchange(ref _counters.Ticket, ticket + 1, ticket);
            if (seen != ticket)
            {
                ticket = seen;
                continue;
            }
            try
            {
                if (Volatile.Read(ref _failure) is null) _body(_job, (int)(ticket & ChunkMask), worker);
            }
#pragma warning disable CA1031 // whatever a chunk throws reaches the caller of Run, not the thread's end
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            }
            done++;
            ticket = Volatile.Read(ref _counters.Ticket);
        }
        // The job cannot end, nor the next one start, before all of its chunks are reported: so these are all of one job.
        if (done > 0) Interlocked.Add(ref _counters.Finished, done);
        return done > 0;
    }

    private void Work(int index)
    {
        var worker = _workers[index];
        while (!_stopping)
        {
            if (TakeChunks(index) || WaitAwake()) continue;
            // Announce sleep, look once more, sleep. The exchange is a full fence; see Publish.
            Interlocked.Exchange(ref worker.Asleep, 1);
            if (HasWork() || _stopping)
            {
                // If someone has already taken the flag down, a wake-up is on its way and must be used up.
                if (Interlocked.Exchange(ref worker.Asleep, 0) == 0) worker.Wake.WaitOne();
                continue;
            }
            worker.Wake.WaitOne();
        }
    }

    private bool HasWork()
    {
        var ticket = Volatile.Read(ref _counters.Ticket);
        return (ticket & ChunkMask) < (ticket >> ChunkBits & ChunkMask);
    }

    /// <summary>Spins, then yields, for a bounded time. True if work came.</summary>
    private bool WaitAwake()
    {
        for (var waited = 0; waited < _spins; waited++)
        {
            if (HasWork() || _stopping) return true;
            Thread.SpinWait(1);
        }
        for (var waited = 0; waited < 20; waited++)
        {
            if (HasWork() || _stopping) return true;
            Thread.Yield();
        }
        return false;
    }

    /// <summary>Memory of one worker, aligned to 64 bytes, kept and grown from call to call. Only that worker may ask for it.</summary>
    internal byte* Scratch(int worker, long bytes)
    {
        var own = _workers[worker];
        Grow(ref own.Scratch, ref own.ScratchBytes, bytes);
        return own.Scratch;
    }

    private byte* _shared;
    private nuint _sharedBytes;

    /// <summary>Memory that all workers of a job read, aligned to 64 bytes. Only whoever holds <see cref="Gate"/> may ask for it.</summary>
    internal byte* SharedScratch(long bytes)
    {
        Grow(ref _shared, ref _sharedBytes, bytes);
        return _shared;
    }

    private static void Grow(ref byte* memory, ref nuint size, long bytes)
    {
        if ((nuint)bytes <= size) return;
        var wanted = ((nuint)bytes + (nuint)bytes / 4 + 4095) & ~(nuint)4095;
        NativeMemory.AlignedFree(memory);
        memory = null;
        size = 0;
        memory = (byte*)NativeMemory.AlignedAlloc(wanted, 64);
        size = wanted;
    }

    /// <summary>Ends the threads and frees their memory. Waits for a job that is running.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            if (_running) throw new InvalidOperationException("A chunk of a job cannot dispose of its team.");
            _stopping = true;
            foreach (var worker in _workers) worker.Wake.Set();
            foreach (var thread in _threads) thread.Join();
            foreach (var worker in _workers)
            {
                worker.Wake.Dispose();
                NativeMemory.AlignedFree(worker.Scratch);
                worker.Scratch = null;
                worker.ScratchBytes = 0;
            }
            NativeMemory.AlignedFree(_shared);
            _shared = null;
            _sharedBytes = 0;
        }
    }
}
