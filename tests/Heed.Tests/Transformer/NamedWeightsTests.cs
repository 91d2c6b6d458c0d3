namespace Heed.Tests.Transformer;

/// <summary>Weights by name: what a traced pass computed follows from them, in the orientation that their axes say.</summary>
public class NamedWeightsTests
{
    public static TheoryData<string> Families => [.. Directory.GetDirectories(TestData.Own("checkpoints")).Select(d => Path.GetFileName(d))];

    /// <summary>Queries, keys, values, heads' results, MLP and logits of a trace, computed again from the named weights.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Views_OfEveryFamily_GiveTheTracesValues(string family)
    {
        using var model = Models.Exact(TestData.Own($"checkpoints/{family}"));
        var (weights, config) = (model.Weights, model.Config);
        var trace = model.Trace(Models.Tokens(4));
        const int t = 3;
        for (var layer = 0; layer < config.Layers.Count; layer++)
        {
            var block = $"blocks.{layer}.";
            var l = config.Layers[layer];
            var x = (trace.Find(block + "ln1.hook_out") ?? trace[block + "hook_resid_pre"]).Row(t).ToArray();
            for (var h = 0; h < l.Heads; h++)
            {
                AssertClose(trace[block + "attn.hook_q"].Row(t, h), Product(x, weights.W_Q[layer, h], weights.Find(block + "attn.b_Q")?.Row(h)));
                AssertClose(trace[block + "attn.hook_k"].Row(t, h / (l.Heads / l.KeyValueHeads)), Product(x, weights.W_K[layer, h], weights.Find(block + "attn.b_K")?.Row(h)));
                AssertClose(trace[block + "attn.hook_v"].Row(t, h / (l.Heads / l.KeyValueHeads)), Product(x, weights.W_V[layer, h], weights.Find(block + "attn.b_V")?.Row(h)));
                AssertClose(trace[block + "attn.hook_result"].Row(t, h), Product(trace[block + "attn.hook_z"].Row(t, h).ToArray(), weights.W_O[layer, h], null));
            }
            AssertClose(trace[block + "mlp.hook_out"].Row(t), Product(trace[block + "mlp.hook_post"].Row(t).ToArray(), weights.W_out[layer], weights.Find(block + "mlp.b_out")?.Row()));
            var mlpIn = (trace.Find(block + "ln2.hook_out") ?? (config.ParallelResidual ? trace[block + "ln1.hook_out"] : trace[block + "hook_resid_mid"])).Row(t).ToArray();
            AssertClose(trace[block + (l.IsGated ? "mlp.hook_pre_linear" : "mlp.hook_pre")].Row(t), Product(mlpIn, weights.W_in[layer], weights.Find(block + "mlp.b_in")?.Row()));
            if (l.IsGated) AssertClose(trace[block + "mlp.hook_pre"].Row(t), Product(mlpIn, weights.W_gate[layer], weights.Find(block + "mlp.b_gate")?.Row()));
            if (trace.Find(block + "ln1.hook_normalized") is { } normalized && weights.Find(block + "ln1.w") is { } scale)
                AssertClose(trace[block + "ln1.hook_out"].Row(t), [.. normalized.Row(t).ToArray().Select((v, i) => v * scale[i] + (weights.Find(block + "ln1.b")?[i] ?? 0))]);
        }
        var last = (trace.Find("ln_final.hook_out") ?? trace[$"blocks.{config.Layers.Count - 1}.hook_resid_post"]).Row(t).ToArray();
        if (weights.Find("unembed.W_proj") is { } project) last = Product(last, project, null);
        AssertClose(trace["hook_unembed"].Row(t), Product(last, weights.W_U, weights.Find("b_U")?.Row()));
        var embedded = weights.W_E.Row(Models.Tokens(4)[t]).Select(v => v * config.EmbeddingScale).ToArray();
        if (weights.Find("embed.W_proj") is { } projectIn) embedded = Product(embedded, projectIn, null);
        AssertClose(trace["hook_embed"].Row(t), embedded);
        if (weights.Find("W_pos") is { } positions) AssertClose(trace["hook_pos_embed"].Row(t), positions.Row(t));
    }

    /// <summary>Single numbers, rows, columns, parts and the whole are the same numbers, however they are stored.</summary>
    [Theory]
    [InlineData("checkpoints/gpt2")]
    [InlineData("checkpoints/qwen3")]
    [InlineData("")]
    public void Reads_InEveryDirection_AreTheSameNumbers(string place)
    {
        using var model = Models.Exact(place.Length > 0 ? TestData.Own(place) : TestData.EmbeddedModel);
        var names = model.Weights.Names.Where(n => !n.StartsWith("blocks.", StringComparison.Ordinal) || n.StartsWith("blocks.1.", StringComparison.Ordinal));
        foreach (var name in names)
        {
            var view = model.Weights[name];
            Assert.Equal(view.Count * 4, view.Bytes);
            if (view.Count > 2_000_000) continue;       // W_E of the embedded model
            var all = view.ToArray();
            var width = view.Shape[^1];
            if (view.Shape.Count == 1)
            {
                Assert.Equal(all, view.Row());
                Assert.Equal(all[width / 2], view[width / 2]);
                continue;
            }
            int[][] parts = view.Shape.Count == 3 ? [[0], [view.Shape[0] - 1]] : [[]];
            foreach (var part in parts)
            {
                var height = view.Shape[^2];
                var at = part.Length > 0 ? part[0] * height * width : 0;
                foreach (var row in new[] { 0, height / 2, height - 1 }) Assert.Equal(all[(at + row * width)..(at + (row + 1) * width)], view.Row([.. part, row]));
                foreach (var column in new[] { 0, width / 3, width - 1 })
                {
                    Assert.Equal(Enumerable.Range(0, height).Select(r => all[at + r * width + column]), view.Column([.. part, column]));
                    Assert.Equal(all[at + height / 2 * width + column], view[[.. part, height / 2, column]]);
                }
                if (part.Length > 0) Assert.Equal(all[at..(at + height * width)], view.At(part[0]).ToArray());
            }
        }
        Assert.Contains("blocks.0.attn.W_O", model.Weights.Names);
    }

    [Fact]
    public void Find_UnknownNamesLayersAndHeads_SaysWhatThereIs()
    {
        using var model = Models.Exact(Models.Stories);
        var weights = model.Weights;
        var unknown = Assert.Throws<HeedException>(() => weights["blocks.2.attn.W_X"]).Message;
        Assert.Contains("embed.W_E", unknown);
        Assert.Contains("blocks.2.attn.W_Q", unknown);
        Assert.Contains("layers 0…4", unknown);
        Assert.DoesNotContain("b_Q", unknown);
        Assert.Contains("layers 0…4", Assert.Throws<HeedException>(() => weights.W_Q[5]).Message);
        Assert.Contains("it has 0…7", Assert.Throws<HeedException>(() => weights.W_Q[0, 8]).Message);
        Assert.Contains("it has 0…7", Assert.Throws<HeedException>(() => weights.W_Q[0, -1]).Message);
        Assert.Contains("W_pos", Assert.Throws<HeedException>(() => weights.W_pos).Message);
        Assert.Contains("takes 2 indices", Assert.Throws<HeedException>(() => weights.W_E[1]).Message);
        Assert.Contains("no token 512", Assert.Throws<HeedException>(() => weights.W_E.Row(512)).Message);
        Assert.Contains("no width 64", Assert.Throws<HeedException>(() => weights.W_E[0, 64]).Message);
        Assert.Contains("into room for 3", Assert.Throws<HeedException>(() => weights.W_E.ReadRow(new float[3], 0)).Message);
        Assert.Contains("no columns", Assert.Throws<HeedException>(() => weights["ln_final.w"].Column(0)).Message);
        Assert.Contains("three axes", Assert.Throws<HeedException>(() => weights.W_E.At(0)).Message);
        Assert.Null(weights.Find("b_U"));
        Assert.Equal("blocks.3.attn.W_Q [head 8, width 64, size 8] (F32)", weights["blocks.3.attn.W_Q"].ToString());
    }

    [Fact]
    public void Reads_AfterDispose_AreRefused()
    {
        var model = Models.Exact(Models.Stories);
        var view = model.Weights.W_E;
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => view.Row(0));
        Assert.Throws<ObjectDisposedException>(() => view.ToArray());
    }

    private static float[] Product(float[] x, WeightView matrix, float[]? bias)
    {
        var (rows, columns, values) = (matrix.Shape[0], matrix.Shape[1], matrix.ToArray());
        Assert.Equal(x.Length, rows);
        var y = new float[columns];
        for (var c = 0; c < columns; c++)
        {
            double sum = bias?[c] ?? 0;
            for (var r = 0; r < rows; r++) sum += (double)x[r] * values[r * columns + c];
            y[c] = (float)sum;
        }
        return y;
    }

    private static void AssertClose(ReadOnlySpan<float> expected, float[] actual) => Assert.InRange(Models.Difference(expected, actual), 0, 1e-5);
}
