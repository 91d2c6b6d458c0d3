using System.Numerics.Tensors;

namespace Heed.Lens;

/// <summary>Embeddings of tokens as they enter the residual stream (<c>hook_embed</c>), and rows of the unembedding, a block of tokens at a time.</summary>
internal sealed class TokenVectors
{
    /// <summary>Tokens that are read together.</summary>
    public const int BlockSize = 256;

    private readonly TransformerConfig _config;
    private readonly NamedWeights _weights;
    private readonly WeightView _embedding, _unembedding;
    private readonly float[]? _projectIn;       // [width, embedding]: W_proj turned, for products with rows
    private readonly float[]? _projectOut;
    private readonly int _threads;

    public TokenVectors(LanguageModel model, int threads)
    {
        (_config, _weights, _threads) = (model.Config, model.Weights, threads);
        (_embedding, _unembedding) = (_weights.W_E, _weights.W_U);
        if (_weights.Find("embed.W_proj") is { } projectIn) _projectIn = HeadMaps.Turned(projectIn);
        if (_weights.Find("unembed.W_proj") is { } projectOut) _projectOut = projectOut.ToArray();
    }

    /// <summary>V.</summary>
    public int Count => _config.VocabularySize;

    /// <summary>D.</summary>
    public int Width => _config.Width;

    /// <summary>The embeddings of <paramref name="tokens"/>, to <paramref name="destination"/> [tokens, width].</summary>
    public void ReadEmbeddings(ReadOnlySpan<int> tokens, Span<float> destination)
    {
        var length = _embedding.Shape[1];
        var rows = _projectIn is null ? destination : new float[tokens.Length * length];
        for (var i = 0; i < tokens.Length; i++) _embedding.ReadRow(rows.Slice(i * length, length), tokens[i]);
        if (_config.EmbeddingScale != 1) TensorPrimitives.Multiply(rows, _config.EmbeddingScale, rows);
        if (_projectIn is not null) Numerics.Products.TimesTransposed(rows, _projectIn, length, destination, _threads);
    }

    /// <summary>The columns of W_U of <paramref name="tokens"/>, as rows [tokens, width]: what a final vector is multiplied by for each one's logit.</summary>
    public void ReadUnembeddings(ReadOnlySpan<int> tokens, Span<float> destination)
    {
        var length = _unembedding.Shape[0];
        var rows = _projectOut is null ? destination : new float[tokens.Length * length];
        for (var i = 0; i < tokens.Length; i++) _unembedding.ReadColumn(rows.Slice(i * length, length), tokens[i]);
        if (_projectOut is not null) Numerics.Products.TimesTransposed(rows, _projectOut, length, destination, _threads);
    }

    /// <summary>What is done with a block: its tokens, the first of them, and their vectors [tokens, width], which may be changed.</summary>
    public delegate void BlockAction(ReadOnlySpan<int> tokens, int first, Span<float> embeddings, Span<float> unembeddings);

    /// <summary>Reads the whole vocabulary, a block at a time.</summary>
    public void ForEachBlock(BlockAction action, Action<double>? advanced, CancellationToken cancellation)
    {
        float[] embeddings = new float[BlockSize * Width], unembeddings = new float[BlockSize * Width];
        for (var first = 0; first < Count; first += BlockSize)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] tokens = [.. Enumerable.Range(first, Math.Min(BlockSize, Count - first))];
            Span<float> e = embeddings.AsSpan(0, tokens.Length * Width), u = unembeddings.AsSpan(0, tokens.Length * Width);
            ReadEmbeddings(tokens, e);
            ReadUnembeddings(tokens, u);
            action(tokens, first, e, u);
            advanced?.Invoke((first + tokens.Length) / (double)Count);
        }
    }

    /// <summary>Reads all embeddings, one at a time.</summary>
    public void ForEachEmbedding(Action<int, ReadOnlySpan<float>> action, CancellationToken cancellation)
    {
        var embeddings = new float[BlockSize * Width];
        for (var first = 0; first < Count; first += BlockSize)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] tokens = [.. Enumerable.Range(first, Math.Min(BlockSize, Count - first))];
            ReadEmbeddings(tokens, embeddings.AsSpan(0, tokens.Length * Width));
            for (var i = 0; i < tokens.Length; i++) action(first + i, embeddings.AsSpan(i * Width, Width));
        }
    }
}
