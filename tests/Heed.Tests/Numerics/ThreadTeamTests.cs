using System.Diagnostics;
using Heed.Numerics;

namespace Heed.Tests.Numerics;

public unsafe class ThreadTeamTests
{
    private struct CountJob : IJob
    {
        public int* Counts;
        public int Threads;

        public void Run(int chunk, int worker)
        {
            if (worker < 0 || worker >= Threads) throw new InvalidOperationException($"worker {worker}");
            Interlocked.Increment(ref Counts[chunk]);
        }
    }

    private struct FailingJob : IJob
    {
        public int Bad;
        public void Run(int chunk, int worker)
        {
            if (chunk % 7 == Bad) throw new HeedException($"chunk {chunk}");
        }
    }

    private struct SleepingJob : IJob
    {
        public int* Workers;
        public void Run(int chunk, int worker)
        {
            Workers[chunk] = worker + 1;
            Thread.Sleep(5);
        }
    }

    private struct NestedJob : IJob
    {
        public ThreadTeam Team;
        public void Run(int chunk, int worker)
        {
            var job = new FailingJob { Bad = -1 };
            Team.Run(ref job, 3);
        }
    }

    private static void CheckAllChunksOnce(ThreadTeam team, int chunks)
    {
        var counts = stackalloc int[chunks + 1];
        new Span<int>(counts, chunks + 1).Clear();
        var job = new CountJob { Counts = counts, Threads = team.ThreadCount };
        team.Run(ref job, chunks);
        for (var i = 0; i < chunks; i++) Assert.Equal(1, counts[i]);
        Assert.Equal(0, counts[chunks]);
    }

    [Theory]
    [InlineData(1, 500)]
    [InlineData(2, 20000)]
    [InlineData(3, 2000)]
    [InlineData(13, 500)]       // more threads than cores
    public void Run_ManyTinyJobs_EveryChunkOnce(int threads, int jobs)
    {
        using var team = new ThreadTeam(threads);
        Assert.Equal(threads, team.ThreadCount);
        var random = new Random(threads);
        for (var i = 0; i < jobs; i++) CheckAllChunksOnce(team, random.Next(0, 40));
    }

    [Fact]
    public void Run_AfterThreadsWentToSleep_WakesThem()
    {
        using var team = new ThreadTeam(3);
        var workers = stackalloc int[12];
        for (var i = 0; i < 10; i++)
        {
            Thread.Sleep(3 * i);
            var job = new SleepingJob { Workers = workers };
            team.Run(ref job, 12);
            var used = new HashSet<int>(new Span<int>(workers, 12).ToArray());
            Assert.DoesNotContain(0, used);
            Assert.True(used.Count > 1, "only one thread worked");
        }
    }

    [Fact]
    public void Run_ThenNothing_ThreadsSleep()
    {
        using var team = new ThreadTeam(4);
        for (var i = 0; i < 3; i++)
        {
            CheckAllChunksOnce(team, 16);
            var watch = Stopwatch.StartNew();
            while (team.Sleeping < 3 && watch.ElapsedMilliseconds < 10_000) Thread.Sleep(1);
            Assert.Equal(3, team.Sleeping);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ChunkThrows_CallerGetsItAndTheTeamLivesOn(int threads)
    {
        using var team = new ThreadTeam(threads);
        for (var i = 0; i < 50; i++)
        {
            var exception = Assert.Throws<HeedException>(() =>
            {
                var job = new FailingJob { Bad = 3 };
                team.Run(ref job, 40);
            });
            Assert.StartsWith("chunk ", exception.Message);
            CheckAllChunksOnce(team, 10);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_WithinAChunk_Throws(int threads)
    {
        using var team = new ThreadTeam(threads);
        Assert.ThrowsAny<Exception>(() =>
        {
            var job = new NestedJob { Team = team };
            team.Run(ref job, 1);
        });
        CheckAllChunksOnce(team, 10);
    }

    [Fact]
    public void Run_FromSeveralThreads_OneAfterTheOther()
    {
        using var team = new ThreadTeam(2);
        var callers = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 500; i++) CheckAllChunksOnce(team, 20);
        })).ToArray();
        foreach (var caller in callers) caller.Start();
        foreach (var caller in callers) caller.Join();
    }

    [Fact]
    public void Run_Repeatedly_AllocatesNothing()
    {
        using var team = new ThreadTeam(2);
        var counts = stackalloc int[64];
        var job = new CountJob { Counts = counts, Threads = 2 };
        team.Run(ref job, 64);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) team.Run(ref job, 64);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Dispose_WhileIdle_EndsQuicklyAndForGood()
    {
        for (var i = 0; i < 20; i++)
        {
            var team = new ThreadTeam(4);
            if (i % 2 == 0) CheckAllChunksOnce(team, 5);
            if (i % 3 == 0) Thread.Sleep(5);
            team.Dispose();
            team.Dispose();
            Assert.Throws<ObjectDisposedException>(() => CheckAllChunksOnce(team, 5));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5000)]
    public void New_BadCount_SaysWhatIsAllowed(int threads)
        => Assert.Contains("1 to 1024", Assert.Throws<HeedException>(() => new ThreadTeam(threads)).Message);

    [Fact]
    public void New_Zero_IsOnePerProcessor()
    {
        using var team = new ThreadTeam(0);
        Assert.Equal(Environment.ProcessorCount, team.ThreadCount);
    }
}
