using System.Diagnostics;
using Heed;
using Heed.Lens;
using Heed.Numerics;
using Heed.Tracing;

/// <summary>
/// dotnet run -c Release --project bench/Heed.Bench -- sweep [--model PATH] [--tokens 16] [--threads N] [--repeat R]
/// Every head of a model removed, once by a sweep and once by as many full passes with the loss: seconds by the clock and of processor
/// time (for machines that others use meanwhile), and their ratios. The values are compared before they are timed.
/// </summary>
internal static class SweepBench
{
    public static int Run(string[] args)
    {
        var path = Option("model") ?? "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
        var count = int.Parse(Option("tokens") ?? "16");
        var threads = int.Parse(Option("threads") ?? "0");
        var repeat = int.Parse(Option("repeat") ?? "3");
        using var model = LanguageModel.Load(path, new() { Threads = threads, Precision = ActivationPrecision.Float32 });
        using var everyday = LanguageModel.Load(path, new() { Threads = threads, Precision = ActivationPrecision.Int8 });
        int[] tokens = [.. Enumerable.Range(0, count).Select(i => (int)((100 + i * 7919L) % Math.Min(model.Config.VocabularySize, 20000)))];
        var heads = Component.All(model.Config, ComponentKind.Head);

        // Beside each other, so that a machine that is busy now and then is busy for all.
        var ablation = Ablation.Run(model, tokens);
        for (var i = 0; i < heads.Count; i += 37) Check(Removed(model, heads[i]), ablation.Parts[i].Loss!.Value);
        var times = new List<(double Wall, double Cpu)[]>();
        for (var r = 0; r < repeat; r++)
        {
            times.Add(
            [
                Time(() => Ablation.Run(model, tokens)),
                Time(() => { foreach (var head in heads) Removed(model, head); }),
                Time(() => { foreach (var _ in heads) model.Loss(tokens); }),
                Time(() => { foreach (var _ in heads) everyday.Loss(tokens); }),
            ]);
        }
        Console.WriteLine($"{Path.GetFileName(path)}, {count} tokens, {heads.Count} heads, {(threads == 0 ? Environment.ProcessorCount : threads)} threads, {Isa.Name} (.NET {Environment.Version}); best of {repeat}");
        Console.WriteLine($"{"",-52}{"s",9}{"sweep/it",10}{"cpu s",9}{"sweep/it",10}");
        string[] names = ["the sweep (clean run included)", "full passes with loss, each edited, float32", "full passes with loss, unedited, float32", "full passes with loss, unedited, Int8"];
        double Best(int n, Func<(double Wall, double Cpu), double> of) => times.Min(t => of(t[n]));
        for (var n = 0; n < names.Length; n++)
            Console.WriteLine($"{names[n],-52}{Best(n, t => t.Wall),9:F3}{Best(0, t => t.Wall) / Best(n, t => t.Wall),10:F3}{Best(n, t => t.Cpu),9:F3}{Best(0, t => t.Cpu) / Best(n, t => t.Cpu),10:F3}");
        return 0;

        double Removed(LanguageModel model, Component head) => model.Loss(tokens, [Edit.Zero(ActivationNames.InBlock(head.Layer, ActivationNames.Z), head.Head)]).Loss;

        static void Check(double expected, double actual)
        {
            if (!(Math.Abs(expected - actual) < 1e-3)) throw new InvalidOperationException($"The sweep's loss is {actual}, a full pass's {expected}.");
        }

        static (double, double) Time(Action action)
        {
            var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            action();
            return (watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        }

        string? Option(string name)
        {
            var at = Array.IndexOf(args, "--" + name);
            return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
        }
    }
}
