using System.Numerics.Tensors;

namespace Heed.Lens.Numerics;

/// <summary>The largest numbers of a product L·Rᵀ that is too large to keep: computed a few rows at a time, every one looked at.</summary>
internal static class PairScan
{
    private const int RowsAtOnce = 32;

    /// <summary>What a scan found.</summary>
    /// <param name="Pairs">The largest of all, from the largest.</param>
    /// <param name="ByRow">Of each row its largest, from the largest; empty unless asked for.</param>
    /// <param name="Best">The column of each row's largest number.</param>
    internal sealed record Found((int Row, int Column, float Value)[] Pairs, (int Column, float Value)[][] ByRow, int[] Best);

    /// <summary>Looks at every l_r·r_c.</summary>
    /// <param name="left">L [rows, k].</param>
    /// <param name="right">R [columns, k].</param>
    /// <param name="k">Numbers in a row of either.</param>
    /// <param name="top">How many pairs to find, and how many of each row.</param>
    /// <param name="byRow">Whether to find each row's largest, too.</param>
    /// <param name="threads">0: one a core.</param>
    /// <param name="advanced">Told the share that is done.</param>
    /// <param name="cancellation">Checked every few rows.</param>
    public static Found Run(ReadOnlySpan<float> left, ReadOnlySpan<float> right, int k, int top, bool byRow, int threads, Action<double>? advanced, CancellationToken cancellation)
    {
        int rows = left.Length / k, columns = right.Length / k;
        var values = new float[Math.Min(rows, RowsAtOnce) * columns];
        var all = new Largest(top);
        var each = new (int, float)[byRow ? rows : 0][];
        var best = new int[rows];
        var packed = Products.Pack(right, k, threads);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };
        for (var first = 0; first < rows; first += RowsAtOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(RowsAtOnce, rows - first);
            Products.TimesTransposed(left.Slice(first * k, count * k), packed, values.AsSpan(0, count * columns), threads);
            var start = first;
            Parallel.For(0, count, parallel, r =>
            {
                var row = values.AsSpan(r * columns, columns);
                best[start + r] = TensorPrimitives.IndexOfMax<float>(row);
                if (!byRow) return;
                var own = new Largest(top);
                own.Offer(0, row);
                each[start + r] = [.. own.Sorted().Select(p => (p.Column, p.Value))];
            });
            for (var r = 0; r < count; r++)
            {
                var row = values.AsSpan(r * columns, columns);
                var largest = row[best[first + r]];
                if (!float.IsFinite(largest)) throw new HeedException("A product of token vectors is not finite: the weights are damaged or overflow.");
                if (largest > all.Least) all.Offer(first + r, row);
            }
            advanced?.Invoke((first + count) / (double)rows);
        }
        return new(all.Sorted(), each, best);
    }

    /// <summary>The largest few numbers offered; of equal ones, the first.</summary>
    private sealed class Largest(int count)
    {
        private readonly PriorityQueue<(int Row, int Column), (float Value, long Order)> _kept = new(count + 1);

        /// <summary>What a number must exceed to be kept.</summary>
        public float Least { get; private set; } = count > 0 ? float.NegativeInfinity : float.PositiveInfinity;

        public void Offer(int row, ReadOnlySpan<float> values)
        {
            for (var c = 0; c < values.Length; c++)
            {
                if (!(values[c] > Least)) continue;
                _kept.Enqueue((row, c), (values[c], -(((long)row << 32) | (uint)c)));
                if (_kept.Count > count) _kept.Dequeue();
                if (_kept.Count == count && _kept.TryPeek(out _, out var least)) Least = least.Value;
            }
        }

        public (int Row, int Column, float Value)[] Sorted()
            => [.. _kept.UnorderedItems.OrderByDescending(p => p.Priority).Select(p => (p.Element.Row, p.Element.Column, p.Priority.Value))];
    }
}
