using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;

/// <summary>
/// dotnet run -c Release --project bench/Heed.Bench -- lab [--visitors 30] [--seconds 120] [--model PATH] [--threads N]
/// Visitors who type into the lab at the same time, over real connections: each key asks for what the page asks for, and gives up what
/// the key before it asked for. No sentence is typed twice. First one alone (a key in a sentence of 12 tokens), then all of them:
/// milliseconds from a key to its last figure, errors, and the server's memory; then what it still does once all have left.
/// </summary>
internal static class LabBench
{
    private static readonly string[] s_words = "the a one my their small blue old quiet king mole tower bank river wizard store clock vase forest creature car looked fell slept gave took saw roamed crashed told wrote on into beside over with because while and then but".Split(' ');

    /// <summary>What the page shows without scrolling; the rest it asks for when it comes into view.</summary>
    private static readonly string[] s_figures = ["grid", "next", "products"];

    public static async Task<int> RunAsync(string[] args)
    {
        var visitors = int.Parse(Option(args, "visitors") ?? "30");
        // Others in every run: a server that goes on would answer from what it kept.
        var seed = Environment.TickCount;
        var seconds = double.Parse(Option(args, "seconds") ?? "120", System.Globalization.CultureInfo.InvariantCulture);
        using var lab = await RunningLab.StartAsync(args);
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 6 * visitors }) { BaseAddress = new(lab.Address) };
        var errors = new ConcurrentBag<string>();

        // A browser opens at most six connections to a server.
        // Alone: the last word of a sentence of 12 tokens, letter by letter.
        var alone = new List<double>();
        for (var i = 0; i < 60; i++) alone.Add(await KeyAsync($"a fluffy blue creature roamed the green forest and then {(char)('a' + i % 26)}{(char)('a' + i / 26)}", s_figures, default));
        Console.WriteLine($"one visitor, 12 tokens, grid + next + products: {Times(alone.Skip(10))}");

        // The most in each half: what is bounded does not go on rising.
        var (all, memory) = (new ConcurrentBag<double>(), new long[2]);
        var begin = Stopwatch.GetTimestamp();
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var watch = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                ref var most = ref memory[Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds / 2 ? 0 : 1];
                most = Math.Max(most, lab.Memory);
                await Task.Delay(250);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, visitors).Select(VisitAsync));
        await watch;
        Console.WriteLine($"{visitors} visitors for {seconds:0} s, {all.Count} keys answered, {Times(all)}; {errors.Count} errors; the server's memory at most {memory[0] / 1_000_000} MB in the first half, {memory[1] / 1_000_000} in the second");
        foreach (var error in errors.Distinct().Take(5)) Console.WriteLine($"  {error}");
        await Task.Delay(1000);
        var before = lab.ProcessorTime;
        await Task.Delay(5000);
        Console.WriteLine($"a second after they left, 5 s took {lab.ProcessorTime - before:0.00} s of the server's processor time; its memory is {lab.Memory / 1_000_000} MB");
        return errors.IsEmpty ? 0 : 1;

        async Task VisitAsync(int visitor)
        {
            var random = new Random(seed + visitor);
            while (!end.IsCancellationRequested)
            {
                var sentence = string.Join(' ', Enumerable.Range(0, random.Next(8, 16)).Select(_ => s_words[random.Next(s_words.Length)]));
                var last = Task.CompletedTask;
                var given = new CancellationTokenSource();
                for (var length = 1; length <= sentence.Length && !end.IsCancellationRequested; length++)
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
