using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>
/// Attention: every token asks (query), every token offers (key), and who is relevant to whom decides how the values are mixed.
/// The steps are the lesson's, in its order. The fused path (<see cref="FusedAttention"/>) does steps 4 to 8 without ever storing
/// the grid of scores; the traced path stores and shows each.
/// </summary>
internal static unsafe class Attention
{
    /// <summary>out[n] = ΔE of position n, all heads together.</summary>
    /// <param name="model">Weights, configuration, threads.</param>
    /// <param name="pass">The rows, their caches and traces.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="x">The embeddings as attention reads them, usually normed [N, D].</param>
    /// <param name="output">[N, D].</param>
    public static void Forward(Transformer model, Pass pass, int layer, float* x, float* output)
    {
        var config = model.Config.Layers[layer];
        var weights = model.Weights.Layers[layer];
        int N = pass.RowCount, D = model.Config.Width, H = config.Heads, K = config.KeyValueHeads, d = config.HeadSize;
        var query = pass.Query.Take((long)N * H * d);
        var key = pass.Key.Take((long)N * K * d);
        var value = pass.Value.Take((long)N * K * d);
        var z = pass.Z.Take((long)N * H * d);

        // 1. Queries, keys and values: W_Q, W_K and W_V (Value↓) map each embedding into the heads' small spaces.
        Products.Multiply(model.Team, [weights.Query.Into(query), weights.Key.Into(key), weights.Value.Into(value)], x, D, N, pass.Precision);
        if (config.QueryKeyValueClip is { } limit)
        {
            Clip(query, limit, (long)N * H * d);
            Clip(key, limit, (long)N * K * d);
            Clip(value, limit, (long)N * K * d);
        }
        pass.Observe(layer, ActivationNames.Query, query, H * d);
        pass.Observe(layer, ActivationNames.Key, key, K * d);
        pass.Observe(layer, ActivationNames.Value, value, K * d);

        // 2. Some families bring queries and keys to a common size first.
        if (config.QueryKeyNorm != QueryKeyNorm.None)
        {
            Normalize(pass, config, weights.QueryNorm!, query, H, layer, ActivationNames.QueryNorm);
            Normalize(pass, config, weights.KeyNorm!, key, K, layer, ActivationNames.KeyNorm);
        }

        // 3. Position: queries and keys turn, each pair of numbers by an angle that grows with the position.
        //    Then keys and values join those of the tokens before.
        foreach (ref readonly var slice in pass.Slices)
        {
            var table = config.Rotary is null ? null : model.RotaryOf(layer);
            table?.Prepare(slice.Length);
            var own = table is null || slice.Run.Probe is not { } probe ? null : TracedRotary.Observe(model, probe, slice, layer, config.Rotary!, table);
            var job = new PlaceJob
            {
                Slice = slice,
                Config = config,
                Layer = layer,
                Table = table,
                Query = query,
                Key = key,
                Value = value,
                Cos = own is null ? null : own.Value.Cos.Pointer,
                Sin = own is null ? null : own.Value.Sin.Pointer,
            };
            if (slice.Count < 8)
                for (var t = 0; t < slice.Count; t++) job.Run(t, 0);
            else
                model.Team.Run(ref job, slice.Count);
            // The job has only addresses.
            GC.KeepAlive(own?.Cos);
            GC.KeepAlive(own?.Sin);
        }
        if (config.Rotary is not null)
        {
            pass.Observe(layer, ActivationNames.RotatedQuery, query, H * d);
            if (pass.Observe(layer, ActivationNames.RotatedKey, key, K * d))
                foreach (ref readonly var slice in pass.Slices)
                    for (var t = 0; t < slice.Count; t++)
                        slice.Cache.Write(layer, slice.Position + t, key + ((long)slice.Row + t) * K * d, value + ((long)slice.Row + t) * K * d);
        }

        // 4. Scores. 5. ÷√d. 6. Mask. 7. Softmax. 8. Values summed with the pattern's weights.
        FusedAttention.Forward(model, pass, layer, query, z);
        foreach (ref readonly var slice in pass.Slices)
            if (slice.Run.Probe is { } probe && probe.WantsGrid(layer)) TracedAttention.Forward(model, probe, slice, layer, query, z);
        pass.Observe(layer, ActivationNames.Z, z, H * d);

        // 9. W_O (Value↑ of all heads) maps the sums back to the embeddings' space and adds the heads up: ΔE.
        Products.Multiply(model.Team, [weights.Output.Into(output)], z, H * d, N, pass.Precision);
        TracedAttention.Result(model, pass, layer, z, output);
        pass.Observe(layer, ActivationNames.AttentionLinearOut, output, D);
    }

    /// <summary>The end of step 1 where the model says so: x[i] between −limit and limit. A NaN stays one.</summary>
    private static void Clip(float* x, float limit, long count)
    {
        for (var i = 0L; i < count; i++) x[i] = Math.Clamp(x[i], -limit, limit);
    }

    /// <summary>Step 3 for one position of a sequence.</summary>
    private struct PlaceJob : IJob
    {
        public Slice Slice;
        public LayerConfig Config;
        public int Layer;
        public RotaryTable? Table;
        public float* Query, Key, Value;

        /// <summary>Edited cosines and sines [T, rotary], or null for the table's.</summary>
        public float* Cos, Sin;

        public readonly void Run(int t, int worker)
        {
            int H = Config.Heads, K = Config.KeyValueHeads, d = Config.HeadSize, position = Slice.Position + t;
            var n = (long)Slice.Row + t;
            if (Table is not null)
            {
                for (var h = 0; h < H; h++) Rotate(Query + (n * H + h) * d, t);
                for (var h = 0; h < K; h++) Rotate(Key + (n * K + h) * d, t);
            }
            Slice.Cache.Write(Layer, position, Key + n * K * d, Value + n * K * d);
        }

        private readonly void Rotate(float* head, int t)
        {
            var r = Config.Rotary!.Dimensions;
            if (Cos == null) Table!.Rotate(head, Slice.Position + t);
            else Table!.Rotate(head, Cos + t * r, Sin + t * r);
        }
    }

    /// <summary>Step 2 for queries or keys: x [N, heads, d], in place.</summary>
    private static void Normalize(Pass pass, LayerConfig config, NormWeights norm, float* x, int heads, int layer, string name)
    {
        var d = config.HeadSize;
        var whole = config.QueryKeyNorm == QueryKeyNorm.Whole;
        var width = whole ? heads * d : d;
        var groups = whole ? 1 : heads;
        var ownWeights = config.QueryKeyNorm == QueryKeyNorm.PerHeadOwnWeights;
        var weight = Norm.Pointer(norm.Weight);
        var bias = Norm.Pointer(norm.Bias);
        var count = (long)pass.RowCount * groups;
        var scales = pass.Spare.Take(2 * count);
        var before = scales + count;
        var isShown = Norm.IsShown(pass, layer, name);
        for (var n = 0L; n < pass.RowCount; n++)
            for (var g = 0; g < groups; g++)
            {
                var row = x + (n * groups + g) * width;
                var own = ownWeights ? g * width : 0;
                before[n * groups + g] = scales[n * groups + g] = isShown
                    ? Norm.Row(config.QueryKeyNormKind, null, null, config.QueryKeyNormEpsilon, row, row, width)
                    : Norm.Row(config.QueryKeyNormKind, weight == null ? null : weight + own, bias == null ? null : bias + own,
                        config.QueryKeyNormEpsilon, row, row, width);
            }
        if (!isShown) return;

        // The same in two steps, so that each can be seen and changed.
        if (ObserveByHead(pass, layer, name + ActivationNames.Scale, scales, groups, 1))
            for (var i = 0L; i < count; i++) Norm.Rescale(x + i * width, width, before[i], scales[i]);
        ObserveByHead(pass, layer, name + ActivationNames.Normalized, x, groups, width);
        for (var n = 0L; n < pass.RowCount; n++)
            for (var g = 0; g < groups; g++)
                for (var i = 0; i < width; i++)
                {
                    ref var v = ref x[(n * groups + g) * width + i];
                    var own = ownWeights ? g * width : 0;
                    if (weight != null) v *= weight[own + i];
                    if (bias != null) v += bias[own + i];
                }
        ObserveByHead(pass, layer, name + ActivationNames.NormOut, x, groups, width);
    }

    /// <summary>Shows [N, heads, size] as [head, position, size], as the reference names these activations; true if an edit changed it.</summary>
    private static bool ObserveByHead(Pass pass, int layer, string name, float* x, int heads, int size)
    {
        var isEdited = false;
        foreach (ref readonly var slice in pass.Slices)
        {
            if (slice.Run.Probe is not { } probe || !probe.Wants(layer, name)) continue;
            var turned = new FloatVector(checked(heads * slice.Count * size));
            Turn(slice, turned, isBack: false);
            if (!probe.Observe(layer, name, turned.Pointer, slice)) continue;
            Turn(slice, turned, isBack: true);
            isEdited = true;
        }
        return isEdited;

        void Turn(in Slice slice, FloatVector turned, bool isBack)
        {
            for (var h = 0; h < heads; h++)
                for (var t = 0; t < slice.Count; t++)
                {
                    var row = new Span<float>(x + (((long)slice.Row + t) * heads + h) * size, size);
                    var shown = turned.Span.Slice((h * slice.Count + t) * size, size);
                    if (isBack) shown.CopyTo(row);
                    else row.CopyTo(shown);
                }
        }
    }

    /// <summary>The slope of each head's ALiBi bias (arXiv:2108.12409): 2^(−8/n)^(h+1) for the largest power of two n ≤ H, then between them.</summary>
    public static float[] AlibiSlopes(int heads)
    {
        var power = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)heads);
        if (power > heads) power /= 2;
        var slopes = new float[heads];
        for (var h = 0; h < heads; h++)
            slopes[h] = h < power
                ? (float)Math.Pow(2, -8.0 / power * (h + 1))
                : (float)Math.Pow(2, -4.0 / power * (2 * (h - power) + 1));
        return slopes;
    }

    /// <summary>The first key that a query at <paramref name="position"/> may see.</summary>
    public static int FirstVisible(LayerConfig config, int position) => config.Window is { } window ? Math.Max(0, position - window + 1) : 0;
}
