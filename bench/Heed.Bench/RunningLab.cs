using System.Diagnostics;

/// <summary>A lab as people start it, <c>./heed lab</c>, in a process of its own: what is measured is what they get, and its memory is its own.</summary>
internal sealed class RunningLab : IDisposable
{
    private readonly Process _process;

    private RunningLab(Process process, string address) => (_process, Address) = (process, address);

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>Bytes of its memory that are resident, those of the mapped model among them.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Seconds of processor time that it has taken.</summary>
    public double ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    /// <summary>Starts one on any free port; the script builds it first where sources are newer. With --model and --threads of the arguments, if given.</summary>
    public static async Task<RunningLab> StartAsync(string[] args)
    {
        var start = new ProcessStartInfo(OperatingSystem.IsWindows() ? "heed.cmd" : "./heed", ["lab", "--no-browser"]) { RedirectStandardOutput = true };
        foreach (var name in new[] { "model", "threads" })
        {
            if (LabBench.Option(args, name) is not { } value) continue;
            start.ArgumentList.Add("--" + name);
            start.ArgumentList.Add(value);
        }
        var process = Process.Start(start) ?? throw new InvalidOperationException("./heed did not start: run the benchmark from the root of the checkout.");
        var address = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("./heed lab ended before it said its address.");
        return new(process, address);
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
