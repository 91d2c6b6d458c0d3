using System.Numerics.Tensors;
using Heed.Tracing;

namespace Heed.Lens.Figures;

/// <summary>What directions among embeddings mean, and how a word's vector moves through the layers.</summary>
public static class DirectionFigures
{
    /// <summary>The tokens nearest to a sum of words, with their cosines.</summary>
    /// <param name="model">The model, for the tokens' texts.</param>
    /// <param name="found">The sum and what lies near it.</param>
    public static Figure Near(LanguageModel model, WordArithmetic found)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(found);
        return HeatMap.Of([.. found.Nearest.Select(n => (float)n.Cosine)],
            new("token", [.. found.Nearest.Select(n => TokenLabel.Visible(AnswerTokens.Text(model.Tokenizer, n.Id)))], [.. found.Nearest.Select(n => $"t{n.Id}")]), FigureAxis.Named("", ["cosine"]),
            new() { Title = $"Nearest to {found.Name}", Caption = "The cosine of the angle between each token's embedding and this vector; the words themselves are left out.", Measure = "cosine", KeyPrefix = "near", Largest = 1, Width = 360 });
    }

    /// <summary>Words' places along a direction.</summary>
    /// <param name="name">What the direction is called: cats − cat.</param>
    /// <param name="places">The words, each with its vector's product with the direction's unit vector.</param>
    public static Figure Along(string name, IReadOnlyList<(string Word, double Value)> places)
    {
        ArgumentNullException.ThrowIfNull(places);
        return HeatMap.Of([.. places.Select(p => (float)p.Value)], new("word", [.. places.Select(p => p.Word)], [.. places.Select((_, i) => $"w{i}")]), FigureAxis.Named("", ["along"]),
            new() { Title = $"Along {name}", Caption = "The product of each word's vector with the direction's unit vector.", Measure = "along the direction", KeyPrefix = "along", Width = 360 });
    }

    /// <summary>The cosine between a word's vectors in every two texts, from the embedding up.</summary>
    /// <param name="moved">The word's ways.</param>
    /// <param name="word">The word.</param>
    /// <param name="width">The width in pixels to fit into, at most 420.</param>
    public static Figure Movement(Movement moved, string word, double width = 420)
    {
        ArgumentNullException.ThrowIfNull(moved);
        var pairs = moved.Pairs();
        var names = moved.PointNames;
        var values = new float[names.Count * pairs.Count];
        for (var point = 0; point < names.Count; point++)
            for (var p = 0; p < pairs.Count; p++) values[point * pairs.Count + p] = (float)pairs[p].Cosines[point];
        return HeatMap.Of(values, new("point", names, [.. names.Select((_, i) => $"n{i}")]),
            new("texts", [.. pairs.Select(p => $"{Lens.Movement.TextName(p.First)}–{Lens.Movement.TextName(p.Second)}")], [.. pairs.Select(p => $"x{p.First}_{p.Second}")]),
            new()
            {
                Title = $"How “{word}” moves",
                Caption = $"The cosine between its vectors in two texts, from the embedding up. {string.Join("; ", moved.Places.Select((p, i) => $"{Lens.Movement.TextName(i)}: {p.Text}"))}.",
                Measure = "cosine",
                KeyPrefix = "move",
                FirstRowAtBottom = true,
                Largest = 1,
                Width = Math.Min(width, 420),
            });
    }

    /// <summary>
    /// The word's ways through the layers on one map. Vectors are made length 1 first: the stream grows from layer to layer, and its length
    /// would hide where it turns. The final norm's output is left out, because the norm's weights stretch every dimension by itself.
    /// </summary>
    /// <param name="moved">The word's ways.</param>
    /// <param name="word">The word.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure Map(Movement moved, string word, double width = 640)
    {
        ArgumentNullException.ThrowIfNull(moved);
        var steps = moved.Points.Count(p => !p.StartsWith(ActivationNames.FinalNorm + ".", StringComparison.Ordinal));
        var ways = moved.Vectors.Select(vectors => vectors.Take(steps).Select(Unit).ToArray()).ToArray();
        var pca = Pca.Of([.. ways.SelectMany(way => way.Select(v => (ReadOnlyMemory<float>)v))]);
        return EmbeddingMap.Of([.. ways.Select((way, i) => new MapPoint($"{Lens.Movement.TextName(i)}: {moved.Places[i].Text}", $"text{i}", [.. way.Select(Place)]))], new()
        {
            Title = $"Where “{word}” goes in {ways.Length} texts",
            Shares = (pca.Shares[0], pca.Shares[1]),
            StepNames = [.. moved.Points.Take(steps).Select((p, i) => i == 0 ? "the embedding" : $"layer {p.Split('.')[1]}")],
            Note = "vectors are made length 1 first",
            Width = width,
        });

        (float X, float Y) Place(float[] vector)
        {
            var place = pca.Project(vector);
            return (place[0], place[1]);
        }
    }

    private static float[] Unit(float[] vector)
    {
        var unit = (float[])vector.Clone();
        var length = TensorPrimitives.Norm<float>(vector);
        if (length > 0) TensorPrimitives.Divide(vector, length, unit);
        return unit;
    }
}
