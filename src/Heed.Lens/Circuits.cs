using System.Numerics;
using System.Numerics.Tensors;
using Heed.Lens.Numerics;

namespace Heed.Lens;

/// <summary>How a head's circuits are looked at.</summary>
public sealed record CircuitOptions
{
    /// <summary>What becomes of the norms.</summary>
    public CircuitNorm Norm { get; init; } = CircuitNorm.Applied;

    /// <summary>How many pairs to find, from the largest; 0 to 10,000, 0 for none.</summary>
    public int Top { get; init; } = 10;

    /// <summary>Only these tokens as sources and as queries (the tokens of a text); each once. Null: all of the vocabulary.</summary>
    public IReadOnlyList<int>? Tokens { get; init; }

    /// <summary>Threads that share the work; 0: one a core. The results are the same for any number.</summary>
    public int Threads { get; init; }
}

/// <summary>A pair of tokens and its number in a circuit.</summary>
/// <param name="From">OV: the token that is attended to. QK: the token that looks (query).</param>
/// <param name="To">OV: the token whose logit is raised. QK: the token that is looked at (key).</param>
/// <param name="Value">OV: by how much the logit is raised (above the mean of all, unless no norm was asked for), times the size the final norm divides by. QK: the score.</param>
public sealed record TokenPair(int From, int To, double Value);

/// <summary>A head's two circuits.</summary>
public sealed record HeadCircuits
{
    /// <summary>The head's layer.</summary>
    public required int Layer { get; init; }

    /// <summary>The head.</summary>
    public required int Head { get; init; }

    /// <summary>What was done with the norms; <see cref="Notes"/> says it in words.</summary>
    public required CircuitNorm Norm { get; init; }

    /// <summary>Singular values of W_V·W_O, from the largest.</summary>
    public required IReadOnlyList<double> ValueOutputSingularValues { get; init; }

    /// <summary>Singular values of W_Q·W_Kᵀ, from the largest.</summary>
    public required IReadOnlyList<double> QueryKeySingularValues { get; init; }

    /// <summary>
    /// The eigenvalues of the full OV circuit, W_E·W_V·W_O·W_U [token, token], that can be other than 0: as many as the head has numbers, from the
    /// largest magnitude. Positive ones say that tokens raise their own logits: the head copies.
    /// </summary>
    public required IReadOnlyList<Complex> Eigenvalues { get; init; }

    /// <summary>Σλ/Σ|λ| of <see cref="Eigenvalues"/>: 1 for a head that copies everything, −1 for one that suppresses what it attends to.</summary>
    public required double CopyingScore { get; init; }

    /// <summary>Tokens that were looked at as sources and queries.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>How many of <see cref="Tokens"/> raise their own logit most of all; null where no pairs were asked for.</summary>
    public required int? SelfFirst { get; init; }

    /// <summary>The pairs whose token is raised most when the head attends to a source.</summary>
    public required IReadOnlyList<TokenPair> ValueOutputPairs { get; init; }

    /// <summary>The pairs of query and key with the largest scores.</summary>
    public required IReadOnlyList<TokenPair> QueryKeyPairs { get; init; }

    /// <summary>Where <see cref="CircuitOptions.Tokens"/> were given: what each of them raises most, as a source.</summary>
    public required IReadOnlyList<IReadOnlyList<TokenPair>> ValueOutputByToken { get; init; }

    /// <summary>Where <see cref="CircuitOptions.Tokens"/> were given: which keys each of them looks for most, as a query.</summary>
    public required IReadOnlyList<IReadOnlyList<TokenPair>> QueryKeyByToken { get; init; }

    /// <summary>What these numbers leave out and put in, in sentences.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>
/// What a head moves and what it looks for, whatever the text: the OV circuit W_E·W_V·W_O·W_U (a token that is attended to → tokens that become
/// likelier) and the QK circuit W_E·W_Q·W_Kᵀ·W_Eᵀ (a token that looks → tokens that it looks for), after Elhage et al., "A Mathematical Framework for
/// Transformer Circuits" (2021). Exact over the whole vocabulary, without ever holding a matrix of tokens by tokens.
/// </summary>
public static class Circuits
{
    /// <summary>One head's circuits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layer">The head's layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="options">Norms, number of pairs, tokens.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancellation">Checked every few rows.</param>
    /// <exception cref="HeedException">There is no such layer, head or token.</exception>
    /// <remarks>Memory: 4·tokens·size numbers of 4 bytes (50 MB for 49,152 tokens and heads of 64). Time: tokens²·size multiplications for each circuit.</remarks>
    public static HeadCircuits Run(LanguageModel model, int layer, int head, CircuitOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        if (options.Top is < 0 or > 10_000) throw new HeedException($"{options.Top} pairs were asked for; it can be 0 to 10,000.");
        var maps = new HeadMaps(model, layer, head, options.Norm, options.Threads);
        var vectors = new TokenVectors(model, options.Threads);
        int V = vectors.Count, d = maps.Size;
        int[] tokens = options.Tokens is { } some ? [.. some.Distinct()] : [.. Enumerable.Range(0, V)];
        foreach (var token in tokens)
            if ((uint)token >= (uint)V) throw new HeedException($"Token {token} is not in the vocabulary, which has ids 0…{V - 1}.");
        if (tokens.Length == 0) throw new HeedException("No tokens were given to look at a head's circuits with. Give at least one, or none to look at all.");

        // 1. What every token becomes at both ends of the two circuits [token, size].
        float[] values = new float[V * d], linear = new float[V * d], outputs = new float[V * d], queries = new float[V * d], keys = new float[V * d];
        vectors.ForEachBlock((block, first, embeddings, unembeddings) =>
        {
            var (at, length) = (first * d, block.Length * d);
            var bare = embeddings.ToArray();
            maps.Norm(embeddings, withBias: true);
            maps.Values(embeddings, values.AsSpan(at, length), withBias: true);
            maps.Queries(embeddings, queries.AsSpan(at, length));
            maps.Keys(embeddings, keys.AsSpan(at, length));
            maps.Norm(bare, withBias: false);
            maps.Values(bare, linear.AsSpan(at, length), withBias: false);
            maps.Outputs(unembeddings, outputs.AsSpan(at, length));
        }, share => progress?.Report(options.Top > 0 ? 0.2 * share : share), cancellation);

        if (options.Norm != CircuitNorm.None) Center(outputs, d);

        // 2. Eigenvalues of L·Rᵀ [token, token] are those of Rᵀ·L [size, size].
        var eigenvalues = Eigenvalues.Of(Gram(outputs, linear, d));
        var found = options.Top == 0 ? null : PairScan.Run(Rows(values), outputs, d, options.Top, options.Tokens is not null, options.Threads,
            share => progress?.Report(0.2 + 0.4 * share), cancellation);

        // 3. Scores are scaled as the layer does it.
        var scale = model.Config.Layers[layer].ScoreScale;
        for (var i = 0; i < queries.Length; i++) queries[i] *= scale;
        var looked = options.Top == 0 ? null : PairScan.Run(Rows(queries), keys, d, options.Top, options.Tokens is not null, options.Threads,
            share => progress?.Report(0.6 + 0.4 * share), cancellation);
        return new()
        {
            Layer = layer,
            Head = head,
            Norm = options.Norm,
            ValueOutputSingularValues = FactoredMatrix.ValueOutput(model.Weights, layer, head).SingularValues,
            QueryKeySingularValues = FactoredMatrix.QueryKey(model.Weights, layer, head).SingularValues,
            Eigenvalues = eigenvalues,
            CopyingScore = CopyingScores.Of(eigenvalues),
            Tokens = tokens,
            SelfFirst = found is null ? null : Enumerable.Range(0, tokens.Length).Count(i => found.Best[i] == tokens[i]),
            ValueOutputPairs = Pairs(found),
            QueryKeyPairs = Pairs(looked),
            ValueOutputByToken = ByToken(found),
            QueryKeyByToken = ByToken(looked),
            Notes = CircuitNotes.Of(model, layer, options.Norm),
        };

        float[] Rows(float[] all)
        {
            if (options.Tokens is null) return all;
            var rows = new float[tokens.Length * d];
            for (var i = 0; i < tokens.Length; i++) all.AsSpan(tokens[i] * d, d).CopyTo(rows.AsSpan(i * d));
            return rows;
        }

        TokenPair[] Pairs(PairScan.Found? scan) => scan is null ? [] : [.. scan.Pairs.Select(p => new TokenPair(tokens[p.Row], p.Column, p.Value))];

        IReadOnlyList<TokenPair>[] ByToken(PairScan.Found? scan)
            => scan is null ? [] : [.. scan.ByRow.Select((row, i) => (IReadOnlyList<TokenPair>)[.. row.Select(p => new TokenPair(tokens[i], p.Column, p.Value))])];
    }

    /// <summary>Subtracts the mean row: a number that is added to all tokens' logits changes no prediction.</summary>
    private static void Center(float[] rows, int k)
    {
        var sum = new double[k];
        for (var i = 0; i < rows.Length; i++) sum[i % k] += rows[i];
        for (var i = 0; i < rows.Length; i++) rows[i] -= (float)(sum[i % k] / (rows.Length / k));
    }

    /// <summary>Σ over rows of aᵣ ⊗ bᵣ, in float64: Aᵀ·B [k, k] of A and B [rows, k].</summary>
    private static Dense Gram(float[] a, float[] b, int k)
    {
        var sum = new Dense(k, k);
        var row = new double[k];
        for (var at = 0; at < a.Length; at += k)
        {
            for (var j = 0; j < k; j++) row[j] = b[at + j];
            for (var i = 0; i < k; i++)
                TensorPrimitives.MultiplyAdd(row, a[at + i], sum.Row(i), sum.Row(i));
        }
        return sum;
    }
}
