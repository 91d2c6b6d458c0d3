using Heed.Lens;
using Heed.Server;

namespace Heed.Lab.Tests;

/// <summary>Long analyses and those who wait for something short.</summary>
[Collection("lab")]
public sealed class TurnsTests(LabFixture lab)
{
    [Fact]
    public async Task Analysis_ThatReportsFromInsideAPass_LeavesNobodyWaitingForEver()
    {
        var model = new LabModel("0", "m", lab.Model, new());
        var tokens = lab.Model.Tokenizer.Encode("they crashed the car").Ids;
        var reports = 0;
        var lens = model.AnalyseAsync((progress, stop) => LogitLens.Run(lab.Model, tokens, progress: progress, cancellation: stop), _ => Interlocked.Increment(ref reports), CancellationToken.None);
        var heads = model.AnalyseAsync((progress, stop) => HeadScores.Run(lab.Model, tokens, progress: progress, cancellation: stop), _ => Interlocked.Increment(ref reports), CancellationToken.None);
        var runs = Enumerable.Range(0, 5).Select(i => model.RunAsync(Sentence.Of(new() { Text = $"text {i}" }), null, CancellationToken.None)).ToArray();
        await Task.WhenAll([lens, heads, .. runs]).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.True(reports > tokens.Length);
        Assert.All(runs, r => Assert.NotEqual(0, r.Result.Logits.Length));
    }

    [Fact]
    public async Task Analysis_OfManyPasses_LetsAShortRunGoFirst()
    {
        var model = new LabModel("0", "m", lab.Model, new());
        var tokens = lab.Model.Tokenizer.Encode("a fluffy blue creature roamed the verdant forest and then they crashed the car").Ids;
        var begun = new TaskCompletionSource();
        var sweep = model.AnalyseAsync((progress, stop) => Ablation.Run(lab.Model, tokens, progress: progress, cancellation: stop), _ => begun.TrySetResult(), CancellationToken.None);
        await begun.Task.WaitAsync(TimeSpan.FromMinutes(2));
        await model.RunAsync(Sentence.Of(new() { Text = "a short text" }), null, CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.False(sweep.IsCompleted);
        await sweep.WaitAsync(TimeSpan.FromMinutes(2));
    }
}
