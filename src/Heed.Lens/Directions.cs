using System.Numerics.Tensors;

namespace Heed.Lens;

/// <summary>A token and how near it is.</summary>
/// <param name="Id">The token.</param>
/// <param name="Cosine">The cosine of the angle between its embedding and the vector: 1 for the same direction.</param>
public sealed record NearToken(int Id, double Cosine);

/// <summary>A word's place along a direction.</summary>
/// <param name="Word">The word.</param>
/// <param name="Value">Its vector's product with the direction's unit vector: how far it goes that way, in the embeddings' own unit.</param>
public sealed record Projected(Word Word, double Value);

/// <summary>A sum and difference of words as a vector, and what lies near it.</summary>
/// <param name="Plus">The words that were added.</param>
/// <param name="Minus">The words that were subtracted.</param>
/// <param name="Vector">Their sum [width].</param>
/// <param name="Nearest">The nearest tokens, from the nearest, without the words themselves.</param>
/// <param name="Own">How near the words themselves are: left out above, because a sum stays near its parts.</param>
public sealed record WordArithmetic(IReadOnlyList<Word> Plus, IReadOnlyList<Word> Minus, float[] Vector, IReadOnlyList<NearToken> Nearest, IReadOnlyList<NearToken> Own)
{
    /// <summary>The sum as people write it: king + woman − man.</summary>
    public string Name => string.Join(" + ", Plus.Select(w => w.Text)) + string.Concat(Minus.Select(w => $" − {w.Text}"));
}

/// <summary>
/// What directions among embeddings mean: nearest tokens, sums and differences of words, projections. Vectors are embeddings as they enter the
/// residual stream, without positions and norms. A word of several tokens has the mean of their embeddings; in a context, the vector of its last token,
/// which has seen the whole word.
/// </summary>
public static class Directions
{
    private const string Example = "king + woman - man";

    /// <summary>A word's vector at the embedding [width].</summary>
    public static float[] VectorOf(LanguageModel model, Word word)
    {
        var vectors = new TokenVectors(model, threads: 0);
        var rows = new float[word.Ids.Count * vectors.Width];
        vectors.ReadEmbeddings([.. word.Ids], rows);
        var mean = new float[vectors.Width];
        for (var i = 0; i < word.Ids.Count; i++) TensorPrimitives.Add(mean, rows.AsSpan(i * mean.Length, mean.Length), mean);
        TensorPrimitives.Divide(mean, word.Ids.Count, mean);
        return mean;
    }

    /// <summary>What a final vector is multiplied by for the logit of a token: its column of W_U [width], without the final norm's weights.</summary>
    public static float[] UnembeddingOf(LanguageModel model, int token)
    {
        var vectors = new TokenVectors(model, threads: 0);
        if ((uint)token >= (uint)vectors.Count) throw new HeedException($"Token {token} is not in the vocabulary, which has ids 0…{vectors.Count - 1}.");
        var column = new float[vectors.Width];
        vectors.ReadUnembeddings([token], column);
        return column;
    }

    /// <summary>The tokens whose embeddings point most like a vector.</summary>
    /// <param name="model">The model.</param>
    /// <param name="vector">[width], not zero.</param>
    /// <param name="top">How many, 1 to 10,000.</param>
    /// <param name="without">Tokens to leave out.</param>
    /// <param name="cancellation">Checked every block of tokens.</param>
    /// <exception cref="HeedException">The vector has another length or is zero, or the number is out of range.</exception>
    public static IReadOnlyList<NearToken> Nearest(LanguageModel model, ReadOnlySpan<float> vector, int top, IEnumerable<int>? without = null, CancellationToken cancellation = default)
    {
        if (top is < 1 or > 10_000) throw new HeedException($"{top} nearest tokens were asked for; it can be 1 to 10,000.");
        var cosines = Cosines(model, vector, cancellation);
        foreach (var token in without ?? []) cosines[token] = double.NaN;
        return [.. Enumerable.Range(0, cosines.Length).Where(t => !double.IsNaN(cosines[t])).OrderByDescending(t => cosines[t]).Take(top).Select(t => new NearToken(t, cosines[t]))];
    }

    /// <summary>Adds and subtracts words' embeddings: king + woman − man.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plus">Words to add, at least one.</param>
    /// <param name="minus">Words to subtract.</param>
    /// <param name="top">How many of the nearest tokens to find.</param>
    /// <param name="cancellation">Checked every block of tokens.</param>
    /// <exception cref="HeedException">A word is empty, or there is none to add.</exception>
    public static WordArithmetic Add(LanguageModel model, IEnumerable<string> plus, IEnumerable<string> minus, int top = 10, CancellationToken cancellation = default)
    {
        Word[] added = [.. plus.Select(w => Word.Of(model.Tokenizer, w))], subtracted = [.. minus.Select(w => Word.Of(model.Tokenizer, w))];
        if (added.Length == 0) throw new HeedException("There is no word to start from. Give at least one that is added.");
        var vector = new float[model.Config.Width];
        foreach (var word in added) TensorPrimitives.Add(vector, VectorOf(model, word), vector);
        foreach (var word in subtracted) TensorPrimitives.Subtract(vector, VectorOf(model, word), vector);
        int[] own = [.. added.Concat(subtracted).SelectMany(w => w.Ids).Distinct()];
        var cosines = Cosines(model, vector, cancellation);
        return new(added, subtracted, vector, Nearest(model, vector, top, own, cancellation), [.. own.Select(t => new NearToken(t, cosines[t]))]);
    }

    /// <summary>Reads words with + and − between them, as <see cref="Add"/> takes them; a first word may have a sign, too.</summary>
    /// <exception cref="HeedException">Two signs meet, a sign is missing, or no word is added.</exception>
    public static (IReadOnlyList<string> Plus, IReadOnlyList<string> Minus) Parse(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        List<string> plus = [], minus = [];
        char? sign = '+';
        foreach (var part in expression.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (part is "+" or "-" or "−")
            {
                if (sign is not null && plus.Count + minus.Count > 0) throw new HeedException($"'{expression}' has two signs without a word between them. Try: {Example}");
                sign = part[0];
                continue;
            }
            if (sign is null) throw new HeedException($"'{expression}': put + or - between words. Try: {Example}");
            (sign == '+' ? plus : minus).Add(part);
            sign = null;
        }
        if (sign is not null) throw new HeedException($"'{expression}' ends without a word. Try: {Example}");
        if (plus.Count == 0) throw new HeedException($"'{expression}' has no word that is added. Try: {Example}");
        return (plus, minus);
    }

    /// <summary>Words' places along a direction: the products of their vectors with its unit vector.</summary>
    /// <param name="model">The model.</param>
    /// <param name="direction">[width], not zero.</param>
    /// <param name="words">The words.</param>
    /// <exception cref="HeedException">The direction has another length or is zero, or a word is empty.</exception>
    public static IReadOnlyList<Projected> Project(LanguageModel model, ReadOnlySpan<float> direction, IEnumerable<string> words)
    {
        var length = LengthOf(model, direction);
        var unit = direction.ToArray();
        TensorPrimitives.Divide(unit, length, unit);
        return [.. words.Select(w => Word.Of(model.Tokenizer, w)).Select(w => new Projected(w, TensorPrimitives.Dot<float>(VectorOf(model, w), unit)))];
    }

    private static double[] Cosines(LanguageModel model, ReadOnlySpan<float> vector, CancellationToken cancellation)
    {
        var length = LengthOf(model, vector);
        var given = vector.ToArray();
        var cosines = new double[model.Config.VocabularySize];
        new TokenVectors(model, threads: 0).ForEachEmbedding((first, row) =>
        {
            var own = TensorPrimitives.Norm(row);
            cosines[first] = own == 0 ? double.NaN : TensorPrimitives.Dot(row, given) / ((double)own * length);
        }, cancellation);
        return cosines;
    }

    private static float LengthOf(LanguageModel model, ReadOnlySpan<float> vector)
    {
        if (vector.Length != model.Config.Width) throw new HeedException($"A direction of {vector.Length} numbers was given; the model's vectors have {model.Config.Width}.");
        var length = TensorPrimitives.Norm(vector);
        return length > 0 && float.IsFinite(length) ? length : throw new HeedException("The direction is zero (or not finite): it points nowhere. Add or subtract different words.");
    }
}
