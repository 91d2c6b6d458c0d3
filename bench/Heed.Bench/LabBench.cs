using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using Heed;
using Heed.Server;

/// <summary>
/// dotnet run -c Release --project bench/Heed.Bench -- lab [--visitors 30] [--seconds 120] [--model PATH] [--threads N]
/// Visitors who type into the lab at the same time, over real connections: each key asks for what the page asks for, and gives up what
/// the key before it asked for. First one alone (a key in a sentence of 12 tokens), then all of them: milliseconds from a key to its
/// last figure, errors, and the server's memory.
/// </summary>
internal static class LabBench
{
    private static readonly string[] s_sentences =
    [
        "a fluffy blue creature roamed the verdant forest and then it slept",
        "when Mary and John went to the store John gave a drink to",
        "the miniature Eiffel tower stood on the shelf beside a clock",
        "they crashed the car because they had not seen the bank of the river",
        "Harry told the wizard that the Queen of England had gone",
    ];

    /// <summary>What the page shows without scrolling; the rest it asks for when it comes into view.</summary>
    private static readonly string[] s_figures = ["grid", "next", "products"];

    public static async Task<int> RunAsync(string[] args)
    {
        var visitors = int.Parse(Option(args, "visitors") ?? "30");
        var seconds = double.Parse(Option(args, "seconds") ?? "120", System.Globalization.CultureInfo.InvariantCulture);
        using var model = LanguageModel.Load(Option(args, "model") ?? "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", new() { Threads = int.Parse(Option(args, "threads") ?? "0") });
        await using var lab = await Lab.StartAsync([("model", model)], new());
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 6 * visitors }) { BaseAddress = new(lab.Address) };
        var errors = new ConcurrentBag<string>();

        // A browser opens at most six connections to a server.
        // Alone: the last word of a sentence of 12 tokens, letter by letter.
        var alone = new List<double>();
        for (var i = 0; i < 60; i++) alone.Add(await KeyAsync($"a fluffy blue creature roamed the green forest and then {(char)('a' + i % 26)}{(char)('a' + i / 26)}", s_figures, default));
        Console.WriteLine($"one visitor, 12 tokens, grid + next + products: {Times(alone.Skip(10))}");

        var (all, memory) = (new ConcurrentBag<double>(), 0L);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var watch = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                memory = Math.Max(memory, Process.GetCurrentProcess().WorkingSet64);
                await Task.Delay(250);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, visitors).Select(VisitAsync));
        await watch;
        Console.WriteLine($"{visitors} visitors for {seconds:0} s, {all.Count} keys answered, {Times(all)}; {errors.Count} errors; memory at most {memory / 1_000_000} MB (client and server)");
        foreach (var error in errors.Distinct().Take(5)) Console.WriteLine($"  {error}");
        return errors.IsEmpty ? 0 : 1;

        async Task VisitAsync(int visitor)
        {
            var random = new Random(visitor);
            while (!end.IsCancellationRequested)
            {
                var sentence = s_sentences[random.Next(s_sentences.Length)] + $" {visitor}";
                var last = Task.CompletedTask;
                var given = new CancellationTokenSource();
                for (var length = sentence.Length / 2; length <= sentence.Length && !end.IsCancellationRequested; length++)
                {
                    given.Cancel();
                    given = new();
                    last = AnswerAsync(sentence[..length], given.Token);
                    await Task.Delay(random.Next(80, 300));
                }
                // Who has finished typing looks for a while.
                await last;
                await Task.Delay(random.Next(500, 3000));
            }
        }

        async Task AnswerAsync(string text, CancellationToken given)
        {
            try
            {
                all.Add(await KeyAsync(text, s_figures, given));
            }
            catch (OperationCanceledException)
            {
                // Typed on.
            }
            catch (Exception e)
            {
                errors.Add(e.Message);
            }
        }

        async Task<double> KeyAsync(string text, string[] figures, CancellationToken cancellation)
        {
            var start = Stopwatch.GetTimestamp();
            await Task.WhenAll(figures.Select(async figure =>
            {
                using var response = await http.PostAsJsonAsync($"/api/figures/{figure}", new { text, layer = 10, head = 1 }, cancellation);
                if (!response.IsSuccessStatusCode) throw new InvalidOperationException(await response.Content.ReadAsStringAsync(cancellation));
                await response.Content.ReadAsByteArrayAsync(cancellation);
            }));
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    public static string Times(IEnumerable<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted.Length == 0 ? "none" : $"median {sorted[sorted.Length / 2]:0} ms, 99 % {sorted[(int)(sorted.Length * 0.99)]:0} ms, longest {sorted[^1]:0} ms";
    }

    public static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, "--" + name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}
