using System.Diagnostics;
using System.Numerics.Tensors;

namespace Heed.Cli.Measuring;

/// <summary>What to measure.</summary>
internal sealed record BenchPlan(string Model, int Threads, int Prompt, int New, int Repeat, ActivationPrecision Precision);

/// <summary>What was measured: tokens a second (medians), seconds, bytes, 10⁹ operations and bytes a second.</summary>
internal sealed record BenchResult
{
    public required string File { get; init; }
    public required int Threads { get; init; }
    public required string InstructionSet { get; init; }
    public required double Prefill { get; init; }
    public required double Decode { get; init; }
    public required double LoadSeconds { get; init; }
    public required double FirstTokenSeconds { get; init; }
    public required double PrefillGflops { get; init; }
    public required double DecodeGflops { get; init; }
    public required double PeakGflops { get; init; }
    public required double DecodeGigabytes { get; init; }
    public required double PeakGigabytes { get; init; }
    public required long FileBytes { get; init; }
    public required long DecodeMemory { get; init; }
    public required long PeakMemory { get; init; }
    public required double AllocatedPerToken { get; init; }
}

/// <summary>
/// Measures as the llama.cpp peer does: prefill reads P tokens into an empty cache and computes the last one's logits; decode reads one token
/// into an empty cache, then takes the most likely token N times. One run of each comes first and does not count.
/// </summary>
internal static class BenchRun
{
    private const int ShortPrompt = 8;

    public static BenchResult Measure(BenchPlan plan, Action<double> progress, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        using var model = LanguageModel.Load(plan.Model, new LoadOptions { Threads = plan.Threads, Precision = plan.Precision });
        var load = watch.Elapsed.TotalSeconds;
        var tokens = Tokens(plan.Prompt, model.Config.VocabularySize);
        var needed = Math.Max(plan.Prompt, plan.New + 1);
        if (needed > model.Config.ContextLength)
            throw new UsageException($"{needed} tokens do not fit into the model's context of {model.Config.ContextLength}; give a smaller --prompt or --new.");
        model.Transformer.Forward(new SequenceRun { Tokens = tokens.AsMemory(0, Math.Min(ShortPrompt, tokens.Length)) });
        var first = watch.Elapsed.TotalSeconds;

        // Decode first: what is resident then has nothing of the prefill's buffers.
        var steps = 2.0 * (plan.Repeat + 1);
        var decode = new double[plan.Repeat];
        long allocated = 0, memory = 0;
        for (var r = -1; r < plan.Repeat; r++)
        {
            var (seconds, bytes) = Decode(model, tokens[0], plan.New, cancellation);
            if (r >= 0) (decode[r], allocated) = (plan.New / seconds, bytes);
            memory = Environment.WorkingSet;
            progress((r + 2) / steps);
        }
        var prefill = new double[plan.Repeat];
        for (var r = -1; r < plan.Repeat; r++)
        {
            cancellation.ThrowIfCancellationRequested();
            var seconds = Prefill(model, tokens);
            if (r >= 0) prefill[r] = plan.Prompt / seconds;
            progress((plan.Repeat + 1 + r + 2) / steps);
        }
        Array.Sort(decode);
        Array.Sort(prefill);
        return Result(plan, model, load, first, prefill[plan.Repeat / 2], decode[plan.Repeat / 2], memory, (double)allocated / plan.New);
    }

    private static BenchResult Result(BenchPlan plan, LanguageModel model, double load, double first, double prefill, double decode, long memory, double allocated)
    {
        var summary = ModelSummary.Of(model.Transformer);
        var config = model.Config;
        // A product of one weight and one input is a multiplication and an addition; attention does two such of head size for each pair
        // of positions. The prefill's unembedding is computed for the last token only.
        var unembedding = (double)model.Transformer.Weights.Unembedding.Weight.RowCount * model.Transformer.Weights.Unembedding.Weight.ColumnCount;
        var pair = config.Layers.Sum(l => 4.0 * l.Heads * l.HeadSize);
        var prefillFlops = 2.0 * (summary.MultipliedPerToken - unembedding) + 2 * unembedding / plan.Prompt + pair * (plan.Prompt + 1) / 2;
        var decodeFlops = 2.0 * summary.MultipliedPerToken + pair * (plan.New + 2) / 2;
        var decodeBytes = summary.BytesPerToken + summary.CacheBytesPerToken * (plan.New + 2) / 2.0;
        var mostMemory = PeakMemory();      // before the machine's own figures, which take memory themselves
        using var team = new ThreadTeam(plan.Threads);
        var peak = MachinePeak.Measure(team);
        return new()
        {
            File = Path.GetFileName(model.Transformer.File?.Path ?? plan.Model),
            Threads = peak.Threads,
            InstructionSet = peak.InstructionSet,
            Prefill = prefill,
            Decode = decode,
            LoadSeconds = load,
            FirstTokenSeconds = first,
            PrefillGflops = prefill * prefillFlops / 1e9,
            DecodeGflops = decode * decodeFlops / 1e9,
            PeakGflops = peak.GigaflopsPerSecond,
            DecodeGigabytes = decode * decodeBytes / 1e9,
            PeakGigabytes = peak.GigabytesPerSecond,
            FileBytes = model.Transformer.File?.Tensors.Sum(t => t.ByteLength) ?? 0,
            DecodeMemory = memory,
            PeakMemory = mostMemory,
            AllocatedPerToken = allocated,
        };
    }

    /// <summary>The peer's tokens: spread over the vocabulary, the same in every run.</summary>
    private static int[] Tokens(int count, int vocabulary)
        => [.. Enumerable.Range(0, count).Select(i => (int)((100 + i * 7919L) % Math.Min(vocabulary, 20000)))];

    private static double Prefill(LanguageModel model, int[] tokens)
    {
        var cache = new KeyValueCache(model.Config);
        cache.Reserve(tokens.Length);
        var run = new SequenceRun { Tokens = tokens, Cache = cache };
        var watch = Stopwatch.StartNew();
        model.Transformer.Forward(run);
        return watch.Elapsed.TotalSeconds;
    }

    private static (double Seconds, long Allocated) Decode(LanguageModel model, int first, int count, CancellationToken cancellation)
    {
        var cache = new KeyValueCache(model.Config);
        cache.Reserve(count + 1);
        var token = new int[] { first };
        var run = new SequenceRun { Tokens = token, Cache = cache };
        model.Transformer.Forward(run);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            token[0] = TensorPrimitives.IndexOfMax(run.LastLogits);
            model.Transformer.Forward(run);
        }
        var seconds = watch.Elapsed.TotalSeconds;
        return (seconds, GC.GetTotalAllocatedBytes(precise: true) - before);
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
