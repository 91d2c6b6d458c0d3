using Heed.Tracing;

namespace Heed;

/// <summary>The cosines and sines by which a watched sequence's queries and keys turn, shown and, where edited, used as they then are.</summary>
internal static unsafe class TracedRotary
{
    /// <summary>The sequence's own cosines and sines [T, rotary] of a layer if an edit changed them, else null.</summary>
    public static (FloatVector Cos, FloatVector Sin)? Observe(Transformer model, Probe probe, in Slice slice, int layer, RotaryConfig rotary, RotaryTable table)
    {
        if (layer == 0) probe.Rotary = null;
        var isShared = rotary == model.Config.Layers[0].Rotary;
        var wantsShared = layer == 0 && (probe.Wants(-1, ActivationNames.RotaryCos) || probe.Wants(-1, ActivationNames.RotarySin));
        var wantsOwn = probe.Wants(layer, ActivationNames.BlockRotaryCos) || probe.Wants(layer, ActivationNames.BlockRotarySin);
        var shared = isShared ? probe.Rotary : null;
        if (!wantsShared && !wantsOwn) return shared;

        var r = rotary.Dimensions;
        FloatVector cos, sin;
        if (shared is var (sharedCos, sharedSin))
        {
            (cos, sin) = (new(sharedCos.Span), new(sharedSin.Span));
        }
        else
        {
            (cos, sin) = (new(slice.Count * r), new(slice.Count * r));
            for (var t = 0; t < slice.Count; t++)
            {
                table.Expand(table.Cos(slice.Position + t), cos.Pointer + t * r);
                table.Expand(table.Sin(slice.Position + t), sin.Pointer + t * r);
            }
        }

        // 1. The model's table, which all layers with the same positions use. 2. This layer's.
        var isEdited = shared is not null;
        if (wantsShared && (probe.Observe(-1, ActivationNames.RotaryCos, cos.Pointer, slice) | probe.Observe(-1, ActivationNames.RotarySin, sin.Pointer, slice)))
        {
            probe.Rotary = (new(cos.Span), new(sin.Span));
            isEdited = true;
        }
        isEdited |= probe.Observe(layer, ActivationNames.BlockRotaryCos, cos.Pointer, slice) | probe.Observe(layer, ActivationNames.BlockRotarySin, sin.Pointer, slice);
        return isEdited ? (cos, sin) : null;
    }
}
