using System.Numerics.Tensors;
using Heed.Tracing;

namespace Heed.Lens;

/// <summary>
/// How the vector of a word moves through the layers of several texts: the same at the embedding, further and further apart as each takes in its context.
/// </summary>
/// <param name="Points">What the vectors are: <c>hook_embed</c>, then <c>blocks.N.hook_resid_post</c> of every layer, then <c>ln_final.hook_out</c> where the
/// model has a final norm.</param>
/// <param name="Places">Where each text has its word.</param>
/// <param name="Vectors">Of each text, at each point, the vector of the word's last token [width]: what an embedding map draws.</param>
public sealed record Movement(IReadOnlyList<string> Points, IReadOnlyList<WordPlace> Places, IReadOnlyList<IReadOnlyList<float[]>> Vectors)
{
    /// <summary>The points in words: embedding, after layer 0, …, end, normed.</summary>
    public IReadOnlyList<string> PointNames => [.. Points.Select(point => point switch
    {
        ActivationNames.Embed => "embedding",
        ActivationNames.FinalNorm + ActivationNames.NormOut => "end, normed",
        _ => $"after layer {point.Split('.')[1]}",
    })];

    /// <summary>How figures and tables call a text: A, B, …; after Z, its number.</summary>
    public static string TextName(int text) => text < 26 ? ((char)('A' + text)).ToString() : (text + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Every pair of texts, with the cosine between their vectors at each point.</summary>
    public IReadOnlyList<(int First, int Second, IReadOnlyList<double> Cosines)> Pairs()
    {
        var pairs = new List<(int, int, IReadOnlyList<double>)>();
        for (var a = 0; a < Places.Count; a++)
            for (var b = a + 1; b < Places.Count; b++) pairs.Add((a, b, Cosines(a, b)));
        return pairs;
    }

    /// <summary>Follows a word through texts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="texts">One or more texts.</param>
    /// <param name="word">The word, which every text has; the last time, if several.</param>
    /// <param name="cancellation">Checked before every text.</param>
    /// <exception cref="HeedException">A text does not have the word.</exception>
    public static Movement Run(LanguageModel model, IEnumerable<string> texts, string word, CancellationToken cancellation = default)
        => Run(model, [.. texts.Select(t => (t, word))], cancellation);

    /// <summary>Follows a word of each text, which may differ.</summary>
    /// <param name="model">The model.</param>
    /// <param name="wordsInTexts">Texts, each with its word.</param>
    /// <param name="cancellation">Checked before every text.</param>
    /// <exception cref="HeedException">A text does not have its word.</exception>
    public static Movement Run(LanguageModel model, IReadOnlyList<(string Text, string Word)> wordsInTexts, CancellationToken cancellation = default)
    {
        WordPlace[] places = [.. wordsInTexts.Select(t => WordPlace.Find(model.Tokenizer, t.Text, t.Word))];
        string[] points = [ActivationNames.Embed, .. Enumerable.Range(0, model.Config.Layers.Count).Select(l => ActivationNames.InBlock(l, ActivationNames.ResidPost)),
            .. model.Transformer.Weights.FinalNorm is null ? (string[])[] : [ActivationNames.FinalNorm + ActivationNames.NormOut]];
        var vectors = new List<float[][]>();
        foreach (var place in places)
        {
            cancellation.ThrowIfCancellationRequested();
            var trace = model.Trace(place.Ids, names: points);
            vectors.Add([.. points.Select(p => trace[p].Row(place.Last).ToArray())]);
        }
        return new(points, places, vectors);
    }

    /// <summary>The cosine between two texts' vectors at each point.</summary>
    public IReadOnlyList<double> Cosines(int first, int second) => [.. Points.Select((_, p) => Cosine(Vectors[first][p], Vectors[second][p]))];

    /// <summary>The cosine between one text's vector and its own at the embedding, at each point: how far it has turned.</summary>
    public IReadOnlyList<double> Turned(int text) => [.. Points.Select((_, p) => Cosine(Vectors[text][0], Vectors[text][p]))];

    /// <summary>Words' places along a direction in a context, at one point: the direction leads from one word's vector to another's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="template">A text in which {} stands for the word: "the {} slept".</param>
    /// <param name="layer">After which layer.</param>
    /// <param name="to">The word that the direction leads to.</param>
    /// <param name="from">The word it comes from.</param>
    /// <param name="words">The words to place.</param>
    /// <param name="cancellation">Checked before every text.</param>
    /// <exception cref="HeedException">The template lacks {}, or there is no such layer.</exception>
    public static IReadOnlyList<(string Word, double Value)> Project(LanguageModel model, string template, int layer, string to, string from, IReadOnlyList<string> words, CancellationToken cancellation = default)
    {
        if (template.Split("{}").Length != 2) throw new HeedException($"\"{template}\" must have {{}} once, where the words go: \"the {{}} slept\".");
        if ((uint)layer >= (uint)model.Config.Layers.Count) throw new HeedException($"There is no layer {layer}: the model has layers 0…{model.Config.Layers.Count - 1}.");
        var at = template.IndexOf("{}", StringComparison.Ordinal);
        var vectors = new List<float[]>();
        var point = ActivationNames.InBlock(layer, ActivationNames.ResidPost);
        foreach (var word in (string[])[to, from, .. words])
        {
            cancellation.ThrowIfCancellationRequested();
            var place = WordPlace.At(model.Tokenizer, template[..at] + word + template[(at + 2)..], at, word.Length);
            vectors.Add(model.Trace(place.Ids, names: [point])[point].Row(place.Last).ToArray());
        }
        var direction = new float[model.Config.Width];
        TensorPrimitives.Subtract(vectors[0], vectors[1], direction);
        var length = TensorPrimitives.Norm<float>(direction);
        if (length == 0) throw new HeedException($"\"{to}\" and \"{from}\" have the same vector there; the direction between them is zero.");
        TensorPrimitives.Divide(direction, length, direction);
        return [.. words.Select((w, i) => (w, (double)TensorPrimitives.Dot<float>(vectors[i + 2], direction)))];
    }

    private static double Cosine(float[] a, float[] b) => TensorPrimitives.CosineSimilarity<float>(a, b);
}
