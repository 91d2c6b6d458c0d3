using Heed.Server;
using Heed.Tracing;

namespace Heed.Lab.Tests;

/// <summary>Texts that begin like one before: only what is new is computed, and nothing of the answer tells.</summary>
[Collection("lab")]
public sealed class BeginningsTests(LabFixture lab)
{
    private static readonly string[] s_typed =
    [
        "a fluffy blue creature roamed", "a fluffy blue creature roamed t", "a fluffy blue creature roamed the", "a fluffy blue creature roamed the green forest",
        "a fluffy blue creature sat", "a fluffy", "a", "something else altogether", "a fluffy blue creature roamed the green forests",
    ];

    [Fact]
    public async Task Run_OfATextThatIsTyped_EqualsThatOfATextOfItsOwn()
    {
        var typing = new LabModel("0", "m", lab.Model, new());
        foreach (var text in s_typed) await CheckAsync(typing, text, await typing.RunAsync(Of(text), 3, CancellationToken.None));
    }

    [Fact]
    public async Task Runs_OfVisitorsWhoTypeAtOnce_EqualThoseOfTextsOfTheirOwn()
    {
        var model = new LabModel("0", "m", lab.Model, new());
        for (var round = 0; round < 3; round++)
        {
            var texts = Enumerable.Range(0, 6).Select(v => $"a fluffy blue creature roamed the {(v % 2 == 0 ? "green" : "dark")} forest{"and so on"[..(round * 3)]}{v}").ToArray();
            var runs = await Task.WhenAll(texts.Select(text => model.RunAsync(Of(text), null, CancellationToken.None)));
            for (var v = 0; v < texts.Length; v++) await CheckAsync(model, texts[v], runs[v]);
        }
    }

    [Fact]
    public async Task Run_AfterOneThatFailedOrWasEdited_IsAsIfThatHadNotBeen()
    {
        var model = new LabModel("0", "m", lab.Model, new());
        await model.RunAsync(Of(s_typed[0]), null, CancellationToken.None);
        await model.RunAsync(Of(s_typed[2]) with { Edits = ["zero:blocks.3.attn.hook_z:head=1"] }, null, CancellationToken.None);
        // Nothing is left to look at: refused in the middle of the pass.
        await Assert.ThrowsAsync<HeedException>(() => model.RunAsync(Of(s_typed[2]) with { Edits = ["knockout:0.0:query=0,key=0"] }, null, CancellationToken.None));
        await CheckAsync(model, s_typed[3], await model.RunAsync(Of(s_typed[3]), null, CancellationToken.None));
    }

    private static Sentence Of(string text) => Sentence.Of(new() { Text = text });

    /// <summary>Within what passes may differ by that add the same numbers up in another order.</summary>
    private async Task CheckAsync(LabModel model, string text, LabRun run)
    {
        string[] names = [.. run.Trace.Names.Where(n => n.EndsWith("hook_pattern", StringComparison.Ordinal) || n.EndsWith("hook_resid_pre", StringComparison.Ordinal))];
        Assert.Equal(60, names.Length);
        Assert.Equal(run.Tokens, run.Trace.Tokens);
        var whole = lab.Model.Trace(run.Tokens, [.. names, ActivationNames.Logits, "blocks.3.*"]);
        foreach (var name in names) Close(name, whole[name], run.Trace[name]);
        Near($"{text}: logits", whole[ActivationNames.Logits].Row(run.Tokens.Length - 1), run.Logits);
        var layer = await model.LayerAsync(run, 3, CancellationToken.None);
        foreach (var local in new[] { "attn.hook_raw_scores", "attn.hook_rot_q", "attn.hook_result" }) Close(local, whole[$"blocks.3.{local}"], layer[$"blocks.3.{local}"]);

        void Close(string what, Activation expected, Activation actual)
        {
            Assert.Equal(expected.Shape, actual.Shape);
            Near($"{text}: {what}", expected.Values.Span, actual.Values.Span);
        }

        static void Near(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
        {
            var difference = Verification.Comparison.Of(what, expected, actual, 1e-4, relative: true);
            Assert.True(difference.Verdict == Verification.Verdict.Equal, $"{what}: {difference.Difference:G3}");
        }
    }
}
