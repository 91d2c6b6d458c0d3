using Heed.Formats;
using Heed.Numerics;

namespace Heed.Verification;

/// <summary>Reads whole recorded tensors.</summary>
internal static unsafe class TensorValues
{
    /// <summary>All numbers as float32.</summary>
    public static float[] Floats(StoredTensor tensor)
    {
        var values = new float[checked((int)tensor.Count)];
        fixed (float* p = values) Blocks.Dequantize(tensor.Type, tensor.Data, p, values.Length);
        return values;
    }

    /// <summary>All ids of an integer tensor, and the length of its last axis.</summary>
    public static (int[] Ids, int RowLength) Ids(StoredTensor tensor)
    {
        var ids = new int[checked((int)tensor.Count)];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = tensor.Type switch
            {
                ElementType.I64 => checked((int)((long*)tensor.Data)[i]),
                ElementType.I32 => ((int*)tensor.Data)[i],
                _ => throw new HeedException($"{tensor.File}: tensor {tensor.Name} holds {tensor.Type}; ids must be I64 or I32."),
            };
        return (ids, tensor.Shape.Count == 0 ? 1 : (int)tensor.Shape[^1]);
    }
}
