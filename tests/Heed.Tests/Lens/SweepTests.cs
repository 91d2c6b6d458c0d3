using Heed.Lens;
using Heed.Tracing;

namespace Heed.Tests.Lens;

public class SweepTests
{
    [Fact]
    public void Run_EditsAnywhere_EqualWholeRunsOneByOne()
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(70);      // seven runs fill a pass
        var last = model.Config.Layers.Count - 1;
        IReadOnlyList<Edit>[] runs =
        [
            [Edit.Scale("ln_final.hook_normalized", 0.5f)],
            [],
            [Edit.Zero("blocks.3.attn.hook_z", 2), Edit.Scale("blocks.1.hook_mlp_out", 2, positions: 5..9)],
            [Edit.Scale("hook_embed", 1.1f, positions: ^1..)],
            .. Enumerable.Range(0, 20).Select(i => new[] { Edit.Zero($"blocks.{i % (last + 1)}.attn.hook_z", i % 8) }),
            [Edit.Scale($"blocks.{last}.hook_resid_post", 0.3f)],
            [Edit.Add("hook_logits", Enumerable.Range(0, model.Config.VocabularySize).Select(i => i % 5f).ToArray())],
            [Edit.Zero("blocks.*.attn.hook_z", 1)],
        ];
        foreach (var withLoss in new[] { true, false })
        {
            var sweep = new Sweep(model, tokens, answer: 280, wrong: 301, withLoss);
            var reports = new List<double>();
            var outcomes = sweep.Run(runs, new Reports(reports));
            for (var i = 0; i < runs.Length; i++)
            {
                var (loss, logit) = AblationTests.Outcome(model, tokens, [.. runs[i]], 280, 301);
                Assert.True(Math.Abs(logit - outcomes[i].Logit) < 1e-3 * (1 + Math.Abs(logit)), $"run {i}: {outcomes[i].Logit}, expected {logit}");
                if (withLoss) Assert.True(Math.Abs(loss - outcomes[i].Loss!.Value) < 1e-4, $"run {i}: loss {outcomes[i].Loss}, expected {loss}");
                else Assert.Null(outcomes[i].Loss);
            }
            Assert.Equal(outcomes[1].Logit, sweep.CleanOutcome.Logit, 1e-3);
            Assert.Equal(1, reports[^1], 1e-9);
            Assert.True(reports.Count > 1);
            Assert.Equal(reports.Order(), reports);
        }
    }

    [Theory]
    [InlineData("scale:hook_embed")]
    [InlineData("scale:blocks.2.hook_resid_pre")]
    [InlineData("scale:blocks.*.hook_resid_post")]
    [InlineData("scale:blocks.*.attn.hook_z")]
    [InlineData("scale:rotary_emb.hook_cos")]
    [InlineData("scale:ln_final.hook_normalized")]
    [InlineData("knockout")]
    public void Run_EditsOfEveryRun_EqualWholeRunsOneByOne(string what)
    {
        using var model = Models.Exact(Models.Stories);
        int[] tokens = Models.Tokens(20);
        Edit[] always = what == "knockout" ? [Edit.Knockout(3, 1, 9, 2), Edit.Mean("blocks.1.hook_mlp_out")]
            : [Edit.Scale(what[(what.IndexOf(':') + 1)..], 0.7f, positions: 2..)];
        IReadOnlyList<Edit>[] runs = [[], [Edit.Zero("blocks.2.attn.hook_z", 1)], [Edit.Scale("blocks.2.hook_resid_pre", 1.5f)], [Edit.Zero("blocks.4.hook_mlp_out")], [Edit.Scale("ln_final.hook_normalized", 2)], [Edit.Scale("hook_embed", 2)]];
        var sweep = new Sweep(model, tokens, answer: 280, wrong: 301, edits: always);
        var outcomes = sweep.Run(runs);
        for (var i = 0; i < runs.Length; i++)
        {
            var (loss, logit) = AblationTests.Outcome(model, tokens, [.. always, .. runs[i]], 280, 301);
            Assert.Equal(logit, outcomes[i].Logit, 1e-3 * (1 + Math.Abs(logit)));
            Assert.Equal(loss, outcomes[i].Loss!.Value, 1e-4);
        }
        Assert.Equal(outcomes[0].Logit, sweep.CleanOutcome.Logit, 1e-3);
        Assert.NotEqual(AblationTests.Outcome(model, tokens, [], 280, 301).Logit, sweep.CleanOutcome.Logit, 1e-3);
    }

    [Fact]
    public void Run_Cancelled_StopsBeforeTheNextBatch()
    {
        using var model = Models.Exact(Models.Stories);
        var sweep = new Sweep(model, Models.Tokens(100));
        using var source = new CancellationTokenSource();
        var batches = 0;
        var runs = Enumerable.Repeat<IReadOnlyList<Edit>>([Edit.Zero("blocks.0.hook_mlp_out")], 12).ToArray();     // five a batch
        Assert.Throws<OperationCanceledException>(() => sweep.Run(runs, new Once(() =>
        {
            batches++;
            source.Cancel();
        }), source.Token));
        Assert.Equal(1, batches);
    }

    [Fact]
    public void Run_AnEditThatDoesNotFit_IsRefused()
    {
        using var model = Models.Exact(Models.Stories);
        var sweep = new Sweep(model, Models.Tokens(4));
        Assert.Contains("heads 0…7", Assert.Throws<HeedException>(() => sweep.Run([[Edit.Zero("blocks.0.attn.hook_z", 8)]])).Message);
        Assert.Contains("no activation", Assert.Throws<HeedException>(() => sweep.Run([[Edit.Zero("blocks.0.hook_z")]])).Message);
        Assert.Empty(sweep.Run([]));
    }

    private sealed class Reports(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }

    private sealed class Once(Action action) : IProgress<double>
    {
        public void Report(double value) => action();
    }
}
