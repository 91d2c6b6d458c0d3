using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <summary>One product y = x·Wᵀ + bias of several that share their input rows x.</summary>
internal unsafe struct Product
{
    /// <summary>[N, K]</summary>
    public Matrix Weight;

    /// <summary>[N], or null.</summary>
    public float* Bias;

    /// <summary>[T, N], overwritten.</summary>
    public float* Output;

    /// <summary>Floats from one row of the output to the next.</summary>
    public int OutputStride;

    public Product(Matrix weight, float* bias, float* output, int outputStride)
    {
        Weight = weight;
        Bias = bias;
        Output = output;
        OutputStride = outputStride;
    }
}

/// <summary>How activations enter a product with quantised weights.</summary>
public enum ActivationPrecision
{
    /// <summary>As they are, against the weights' exact values: what verification uses.</summary>
    Float32,

    /// <summary>
    /// Rounded to 8 bits per block of 32, so that few-token products are integer arithmetic: the everyday path.
    /// Weights stored as plain floats, and products of many tokens, use float32 all the same.
    /// </summary>
    Int8,
}

/// <summary>Products of activations with stored weights, on all threads.</summary>
/// <remarks>
/// Few tokens: every output is one dot product with a stored row, read once. Many tokens: rows are decoded, a panel at a
/// time, and multiplied by register tiles; the cost of decoding is shared by all tokens. Work is divided over outputs only,
/// and each sum has an order of its own, so results are the same bits for any number of threads.
/// </remarks>
internal static unsafe class Products
{
    /// <summary>From this many tokens on, a panel of weights costs less than a dot product per token.</summary>
    internal const int PanelTokens = 8;

    /// <summary>Up to so many tokens, weights of a block format are decoded for each dot product of float32 activations; more share a panel.</summary>
    private const int FewTokens = 4;

    /// <summary>Weights times tokens below which waking the team costs more than it saves.</summary>
    private const long WorthSharing = 32 * 1024;

    private const int ProductsAtOnce = 8;

    /// <summary>
    /// y[t, :] = x[t, :]·Wᵀ + bias for every product: one dispatch, and one quantisation of x. T ≥ 0 tokens, [T, K] rows
    /// <paramref name="xStride"/> floats apart. Outputs must not overlap x or each other.
    /// </summary>
    public static void Multiply(ThreadTeam team, ReadOnlySpan<Product> products, float* x, int xStride, int T, ActivationPrecision precision)
        => Multiply(Isa.Kernels, team, products, x, xStride, T, precision);

    internal static void Multiply(KernelSet kernels, ThreadTeam team, ReadOnlySpan<Product> products, float* x, int xStride, int T, ActivationPrecision precision)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(T);
        if (T == 0 || products.IsEmpty) return;
        var K = products[0].Weight.ColumnCount;
        foreach (ref readonly var product in products)
            if (product.Weight.ColumnCount != K)
                throw new ArgumentException($"Products that share their input need weights of as many columns: [{product.Weight.RowCount}, {product.Weight.ColumnCount}] stands beside {K} columns.", nameof(products));
        lock (team.Gate)
        {
            var quantize = precision == ActivationPrecision.Int8 && T < PanelTokens && K % 32 == 0 && AnyQuantized(products);
            var quantized = default(QuantizedActivations);
            if (quantize)
            {
                quantized = new(team.SharedScratch(QuantizedActivations.Bytes(T, K)), K);
                kernels.Quantize(x, xStride, T, quantized);
            }
            for (var first = 0; first < products.Length; first += ProductsAtOnce)
            {
                var group = products.Slice(first, Math.Min(ProductsAtOnce, products.Length - first));
                var job = new Job { Kernels = kernels, Team = team, X = x, XStride = xStride, T = T, Quantized = quantized, UseQuantized = quantize, ScratchBytes = kernels.ScratchBytes(K) };
                var chunks = job.Plan(group);
                if ((long)job.Outputs * K * T < WorthSharing)
                    for (var chunk = 0; chunk < chunks; chunk++) job.Run(chunk, 0);
                else
                    team.Run(ref job, chunks);
            }
        }
    }

    private static bool AnyQuantized(ReadOnlySpan<Product> products)
    {
        foreach (ref readonly var product in products)
            if (product.Weight.Type.BlockLength() > 1) return true;
        return false;
    }

    [InlineArray(ProductsAtOnce)]
    private struct ProductList
    {
        private Product _first;
    }

    [InlineArray(ProductsAtOnce)]
    private struct ChunkList
    {
        private (int End, int Rows, int Splits) _first;
    }

    private struct Job : IJob
    {
        public KernelSet Kernels;
        public ThreadTeam Team;
        public float* X;
        public int XStride, T;
        public bool UseQuantized;
        public QuantizedActivations Quantized;
        public long ScratchBytes;
        public int Outputs;
        private ProductList _products;
        private ChunkList _chunks;

        /// <summary>Divides every product into chunks of rows, and of tokens where rows alone would leave threads idle. Results do not depend on it.</summary>
        public int Plan(ReadOnlySpan<Product> products)
        {
            var end = 0;
            for (var p = 0; p < products.Length; p++)
            {
                _products[p] = products[p];
                var outputs = products[p].Weight.RowCount;
                Outputs += outputs;
                int rows, splits = 1;
                if (UsesPanels(products[p].Weight))
                {
                    rows = Kernels.PanelWidth;
                    var panels = (outputs + rows - 1) / rows;
                    // A panel is decoded again for each part of the tokens: at least 64 of them make up for it.
                    if (panels < 4 * Team.ThreadCount && Team.ThreadCount > 1) splits = Math.Clamp(4 * Team.ThreadCount / Math.Max(1, panels), 1, Math.Max(1, T / 64));
                }
                else
                {
                    // Whole groups of 16 rows, eight chunks for each thread, at most 256 rows.
                    rows = Math.Clamp((outputs / (8 * Team.ThreadCount) + 15) & ~15, 16, 256);
                }
                end += (outputs + rows - 1) / rows * splits;
                _chunks[p] = (end, rows, splits);
            }
            return end;
        }

        private readonly bool UsesPanels(Matrix weight) => weight.IsTransposed || T >= PanelTokens || (!UseQuantized && T > FewTokens && weight.Type.BlockLength() > 1);

        public void Run(int chunk, int worker)
        {
            var p = 0;
            var start = 0;
            while (chunk >= _chunks[p].End) start = _chunks[p++].End;
            var (_, rows, splits) = _chunks[p];
            chunk -= start;
            ref readonly var product = ref _products[p];
            var first = chunk / splits * rows;
            var count = Math.Min(rows, product.Weight.RowCount - first);
            var scratch = Team.Scratch(worker, ScratchBytes);
            if (!UsesPanels(product.Weight))
            {
                Kernels.MultiplyRows(product, first, count, X, XStride, T, UseQuantized, Quantized, scratch);
                return;
            }
            var part = chunk % splits;
            int from = (int)((long)T * part / splits), to = (int)((long)T * (part + 1) / splits);
            var shifted = product;
            shifted.Output += (long)from * product.OutputStride;
            Kernels.MultiplyPanel(shifted, first, count, X + (long)from * XStride, XStride, to - from, scratch);
        }
    }
}
