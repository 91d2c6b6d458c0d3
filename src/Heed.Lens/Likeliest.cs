using System.Numerics.Tensors;

namespace Heed.Lens;

/// <summary>The likeliest of all tokens, with the probabilities that they have among all.</summary>
internal static class Likeliest
{
    /// <summary>The first of them, the likeliest first; of equally likely ones, the smaller id.</summary>
    public static (int Id, float Probability)[] Of(ReadOnlySpan<float> logits, int top)
    {
        var largest = TensorPrimitives.Max(logits);
        double sum = 0;
        var queue = new PriorityQueue<int, (float Logit, int Id)>(top + 1);
        for (var id = 0; id < logits.Length; id++)
        {
            sum += Math.Exp(logits[id] - largest);
            if (queue.Count < top) queue.Enqueue(id, (logits[id], -id));
            else if (top > 0 && logits[id] > logits[queue.Peek()]) queue.EnqueueDequeue(id, (logits[id], -id));
        }
        var found = new (int, float)[queue.Count];
        for (var i = found.Length - 1; i >= 0; i--)
        {
            var id = queue.Dequeue();
            found[i] = (id, (float)(Math.Exp(logits[id] - largest) / sum));
        }
        return found;
    }
}
