// Kernels at the shapes of real models, beside what the machine can do.
//   dotnet run -c Release --project bench/Heed.Bench [-- --threads N] [--types Q4_1,Q8_0,…] [--shapes name,…] [--tokens 1,512] [--cpu-time] [--cached]
// With --cpu-time (one thread), times are the processor's, not the wall clock's: for machines that others use meanwhile.
// With --cached, one copy of the weights is used again and again, so that small ones stay in the cache.
// With `-- sweep`, ablation sweeps against single passes instead: see SweepBench.cs.
// With `-- lab`, visitors of the lab who type at the same time: see LabBench.cs. With `-- lab-page`, its pages in a browser: see LabPageBench.cs.
// Every result is checked against the scalar reference before it is timed.
using System.Diagnostics;
using System.Runtime.InteropServices;
using Heed.Numerics;

if (args is ["sweep", ..]) return SweepBench.Run(args);
if (args is ["lab-page", ..]) return await LabPageBench.RunAsync(args);
if (args is ["lab", ..]) return await LabBench.RunAsync(args);
unsafe
{
    var clock = args.Contains("--cpu-time") ? () => Environment.CpuUsage.TotalTime.TotalSeconds : (Func<double>)(() => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency);
    var threads = args.Contains("--cpu-time") ? 1 : int.Parse(Option("threads") ?? "0");
    using var team = new ThreadTeam(threads);
    var peak = MachinePeak.Measure(team, clock);
    Console.WriteLine($"{peak.Threads} threads, {peak.InstructionSet}: {peak.GigaflopsPerSecond:F0} GFLOP/s, {peak.GigabytesPerSecond:F1} GB/s (.NET {Environment.Version})");
    Console.WriteLine($"{"product",-32}{"type",-7}{"T",5}{"ms",9}{"GFLOP/s",9}{"of peak",8}{"GB/s",7}{"of peak",8}{"tokens/s",10}");

    (string Name, int N, int K, int Layers)[] shapes =
    [
        ("135M qkv", 960, 576, 30), ("135M out", 576, 576, 30), ("135M gate+up", 3072, 576, 30), ("135M down", 576, 1536, 30), ("135M unembed", 49152, 576, 1),
        ("1B qkv", 3072, 2048, 16), ("1B gate+up", 16384, 2048, 16), ("1B down", 2048, 8192, 16),
    ];
    var names = (Option("shapes") ?? "135M").Split(',');
    var types = (Option("types") ?? "Q4_1,Q8_0,Q4_K,Q6_K,F16,F32").Split(',').Select(Enum.Parse<ElementType>);
    var tokens = (Option("tokens") ?? "1,512").Split(',').Select(int.Parse).ToArray();
    foreach (var T in tokens)
    {
        foreach (var type in types)
        {
            double total = 0;
            foreach (var (name, N, K, layers) in shapes)
            {
                if (!names.Any(n => name.StartsWith(n, StringComparison.Ordinal)) || K % type.BlockLength() != 0) continue;
                if (T > 1 && N > 20000) continue;       // logits are needed for the last token only
                total += layers * Measure(team, peak, clock, name, type, N, K, T, args.Contains("--cached") || T > 1 ? 1 : layers);
            }
            if (total > 0) Console.WriteLine($"{"all layers",-32}{type,-7}{T,5}{total * 1e3,9:F3}{"",41}{T / total,10:F0}");
        }
    }
}
return 0;

string? Option(string name)
{
    var at = Array.IndexOf(args, "--" + name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

// The seconds of one product. With several copies, weights come from memory as they do in a model, not from the cache.
static unsafe double Measure(ThreadTeam team, MachinePeak peak, Func<double> clock, string name, ElementType type, int N, int K, int T, int copies)
{
    var random = new Random(1);
    var bytes = type.RowBytes(K) * N;
    var data = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes * copies), 64);
    var x = (float*)NativeMemory.AlignedAlloc((nuint)(T * K * 4L), 64);
    var y = (float*)NativeMemory.AlignedAlloc((nuint)(T * (long)N * 4), 64);
    Fill(random, type, data, bytes);
    for (var c = 1; c < copies; c++) Buffer.MemoryCopy(data, data + c * bytes, bytes, bytes);
    for (var i = 0L; i < (long)T * K; i++) x[i] = (float)(random.NextDouble() * 2 - 1);
    var products = new Product[copies];
    for (var c = 0; c < copies; c++) products[c] = new Product(Matrix.Stored(data + c * bytes, type, N, K), null, y, N);

    Products.Multiply(team, products.AsSpan(0, 1), x, K, T, ActivationPrecision.Int8);
    Check();

    var best = double.MaxValue;
    for (var (round, spent) = (0, 0.0); round < 3 || (spent < 0.2 && round < 2000); round++)
    {
        // At least some milliseconds: the processor's clock costs microseconds.
        var calls = Math.Max(copies, (int)Math.Min(1000, 1e8 / ((double)T * N * K)) / copies * copies);
        var start = clock();
        for (var c = 0; c < calls; c++) Products.Multiply(team, products.AsSpan(c % copies, 1), x, K, T, ActivationPrecision.Int8);
        var seconds = clock() - start;
        best = Math.Min(best, seconds / calls);
        spent += seconds;
    }
    double flops = 2.0 * T * N * K / best / 1e9, gigabytes = bytes / best / 1e9;
    Console.WriteLine($"{$"{name} [{N}, {K}]",-32}{type,-7}{T,5}{best * 1e3,9:F3}{flops,9:F1}{flops / peak.GigaflopsPerSecond,8:P0}{gigabytes,7:F1}{gigabytes / peak.GigabytesPerSecond,8:P0}");
    NativeMemory.AlignedFree(data);
    NativeMemory.AlignedFree(x);
    NativeMemory.AlignedFree(y);
    return best;

    void Check()
    {
        var row = new float[K];
        fixed (float* w = row)
        {
            for (var n = 0; n < N; n += Math.Max(1, N / 50))
            {
                Reference.Row(products[0].Weight, n, w);
                for (var t = 0; t < T; t += Math.Max(1, T / 5))
                {
                    double sum = 0, size = 0;
                    for (var k = 0; k < K; k++)
                    {
                        sum += (double)x[(long)t * K + k] * w[k];
                        size += Math.Abs((double)w[k]);
                    }
                    // 8-bit activations: half a step of 1/127 for each, most of which cancels.
                    var allowed = T < Products.PanelTokens && type.BlockLength() > 1 ? size / 254 : 1e-5 * size;
                    if (!(Math.Abs(y[(long)t * N + n] - sum) <= allowed)) throw new InvalidOperationException($"{name} {type}: y[{t}, {n}] = {y[(long)t * N + n]}, not {sum}");
                }
            }
        }
    }
}

// Random codes with sensible scales: half-precision fields would be NaN now and then.
static unsafe void Fill(Random random, ElementType type, byte* data, long bytes)
{
    var length = type.BlockBytes();
    var span = new Span<byte>(data, (int)Math.Min(bytes, 1 << 20) / length * length);
    random.NextBytes(span);
    int[] halves = type switch
    {
        ElementType.Q4_1 or ElementType.Q5_1 or ElementType.Q4_K or ElementType.Q5_K => [0, 2],
        ElementType.Q2_K => [80, 82],
        ElementType.Q3_K => [108],
        ElementType.Q6_K => [208],
        ElementType.TQ1_0 => [52],
        ElementType.TQ2_0 => [64],
        _ => [0],
    };
    for (var at = 0; at < span.Length; at += length)
    {
        if (type == ElementType.F32) *(float*)(data + at) = (float)(random.NextDouble() * 2 - 1);
        else if (type == ElementType.BF16) *(ushort*)(data + at) = (ushort)(0x3F00 | random.Next(128) | random.Next(2) << 15);
        else foreach (var half in halves) *(Half*)(data + at + half) = (Half)((random.NextDouble() - 0.3) / 16);
    }
    for (var done = (long)span.Length; done < bytes; done += span.Length) Buffer.MemoryCopy(data, data + done, bytes - done, Math.Min(span.Length, bytes - done));
}
