using System.Globalization;
using System.Numerics.Tensors;
using Heed.Lens;
using Heed.Tracing;

namespace Heed.Lab.Tests;

/// <summary>
/// The teacher's copy of the lesson: what each chapter must show of a text, and which answer to its question is right, from the library's own
/// trace and analyses.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="text">The text.</param>
/// <param name="layer">The layer that is shown.</param>
/// <param name="head">The head that is shown.</param>
/// <param name="query">The token that looks; by default the last.</param>
internal sealed class LessonKey(LanguageModel model, string text, int layer, int head, int? query = null)
{
    /// <summary>Every chapter, in the order of the lesson.</summary>
    public static readonly string[] Chapters =
    [
        "next-word", "tokens", "embeddings", "context", "queries-and-keys", "scores", "softmax", "masking", "values", "low-rank", "many-heads", "output-matrix", "mlp", "layers",
        "sampling", "training", "counting", "scale", "cross-attention", "parallel", "build",
    ];

    private const int MostKeys = 14;   // that the story of a head shows

    private static readonly string[] s_placed = ["dogs", "houses", "children", "dog", "one", "two", "three", "four"];

    private readonly int[] _tokens = model.Tokenizer.Encode(text).Ids;
    private readonly Trace _trace = model.Trace(text);

    private int Query => query ?? _tokens.Length - 1;
    private int KeyHead => head / (model.Config.Layers[layer].Heads / model.Config.Layers[layer].KeyValueHeads);
    private string At => $"L{layer}.H{head}";
    private string Asks => $"{At}.q{Query}";

    /// <summary>Marks of the chapter's figures, by key, and what they must show.</summary>
    public Dictionary<string, double> Marks(string chapter)
    {
        var marks = new Dictionary<string, double>();
        switch (chapter)
        {
            case "next-word":
                foreach (var (id, p) in Likeliest(1, 8)) marks[$"t{id}"] = p;
                break;
            case "tokens":
                for (var i = 0; i < _tokens.Length; i++) marks[$"p{i}.id"] = _tokens[i];
                break;
            case "embeddings":
                for (var i = 0; i < _tokens.Length; i++) Vector($"p{i}.E", _trace[ActivationNames.InBlock(0, ActivationNames.ResidPre)].Row(i), 64);
                foreach (var (place, i) in Placed.Select((p, i) => (p, i))) marks[$"along.w{i}.along"] = place;
                break;
            case "queries-and-keys":
                Vector($"{Asks}.query", Of(ActivationNames.RotatedQuery).Row(Query, head), 48);
                foreach (var k in Keys()) Vector($"{At}.k{k}.key", Of(ActivationNames.RotatedKey).Row(k, KeyHead), 48);
                break;
            case "scores":
                foreach (var k in Keys()) marks[$"{Asks}.k{k}.raw"] = Raw(k);
                foreach (var i in Enumerable.Range(0, model.Config.Layers[layer].HeadSize))
                    marks[$"{Asks}.k{Best(Raw)}.d{i}"] = (double)Of(ActivationNames.RotatedQuery).Row(Query, head)[i] * Of(ActivationNames.RotatedKey).Row(Best(Raw), KeyHead)[i];
                break;
            case "softmax":
                foreach (var k in Keys()) (marks[$"{Asks}.k{k}.scaled"], marks[$"{Asks}.k{k}"]) = (Scaled(k), Weight(k));
                break;
            case "masking":
                for (var q = 0; q <= Query; q++)
                    for (var k = 0; k <= q; k++) marks[$"{At}.q{q}.k{k}"] = Of(ActivationNames.Pattern)[head, q, k];
                break;
            case "values":
                Vector($"{Asks}.sum", Of(ActivationNames.Z).Row(Query, head), 48);
                Vector($"{Asks}.change", Of(ActivationNames.Result).Row(Query, head), 96);
                foreach (var k in Keys()) (marks[$"{Asks}.k{k}"], marks[$"{At}.k{k}.value.length"], marks[$"{Asks}.k{k}.weighted.length"]) = (Weight(k), ValueLength(k), Weight(k) * ValueLength(k));
                break;
            case "low-rank":
                var stretches = FactoredMatrix.ValueOutput(model.Weights, layer, head).SingularValues;
                for (var i = 0; i < stretches.Count; i++) marks[$"{At}.s{i}"] = stretches[i];
                break;
            case "many-heads":
                for (var h = 0; h < model.Config.Layers[layer].Heads; h++) marks[$"L{layer}.H{h}.p{Query}.along"] = Along(h);
                break;
            case "output-matrix":
                Vector($"{Asks}.change", Of(ActivationNames.Result).Row(Query, head), 96);
                break;
            case "mlp":
                var neurons = Of(ActivationNames.MlpPost).Row(Query).ToArray();
                foreach (var n in Enumerable.Range(0, neurons.Length).OrderByDescending(n => Math.Abs(neurons[n])).Take(10)) marks[$"L{layer}.p{Query}.n{n}"] = neurons[n];
                Vector($"L{layer}.p{Query}.mlp.change", Of(ActivationNames.MlpOut).Row(Query), 96);
                break;
            case "layers":
                foreach (var (point, _, p) in Says) marks[$"{(point == model.Config.Layers.Count ? "end" : point)}.p{Query}"] = p;
                marks[$"L{layer}.mlp"] = TensorPrimitives.Norm(Of(ActivationNames.MlpOut).Row(Query));
                break;
            case "sampling":
                var drawn = Drawn.ToDictionary(d => d.Id, d => d.Probability);
                foreach (var (id, p) in Likeliest(1, 10)) (marks[$"t{id}.model"], marks[$"t{id}.drawn"]) = (p, drawn[id]);
                break;
            case "training":
                foreach (var loss in Losses.Losses) marks[$"p{loss.Position}"] = loss.Loss;
                marks["mean"] = Losses.Mean;
                break;
            case "counting":
                foreach (var (key, count) in new[] { ("queries", 14_495_514_624d), ("MLP.up", 57_982_058_496d), ("embedding", 617_558_016d) }) marks[key] = count;   // the lesson's own numbers
                break;
            case "scale":
                marks["n4096"] = 4096d * 4096;
                marks["cache"] = ContextCost.Run("", ModelOutline.Of(model.Transformer), [4096]).Rows[0].CacheBytes;
                break;
            case "build":
                marks["embedding"] = 8192 * 384;
                marks["queries"] = 6 * 384 * 384;
                marks["MLP.up"] = 6 * 384 * 4 * 384;
                break;
            default:
                break;   // context compares cosines in words; cross-attention has no figure; the board's squares are pictures
        }
        return marks;

        void Vector(string key, ReadOnlySpan<float> vector, int shown)
        {
            for (var i = 0; i < Math.Min(shown, vector.Length); i++) marks[$"{key}[{i}]"] = vector[i];
        }
    }

    /// <summary>Words that must stand in the chapter's text, its formula or its answer.</summary>
    public string[] Words(string chapter) => chapter switch
    {
        "context" => [Cosine(Moles.Pairs()[0].Cosines[^1]), Cosine(Moles.Pairs().Min(p => p.Cosines[^1]))],
        "counting" => ["175,181,291,520", "57,982,058,496"],
        "parallel" => [(model.Config.Layers.Sum(l => l.Heads) * _tokens.Length * (_tokens.Length + 1) / 2).ToString("N0", CultureInfo.InvariantCulture)],
        "build" => [OwnModel(384).ToString("N0", CultureInfo.InvariantCulture)],
        "cross-attention" => ["no numbers"],
        _ => [],
    };

    private static string Cosine(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>True if it is the right answer: what an answer stands for is its id.</summary>
    public bool IsRight(string chapter, string answer)
    {
        return chapter switch
        {
            "next-word" => Is(1 - Likeliest(1, 8).Sum(t => t.Probability)),
            "tokens" => Is(_tokens.Skip(1).Count(id => !model.Tokenizer.Decode([id]).StartsWith(' '))),
            "embeddings" => answer == $"along.w{Enumerable.Range(0, s_placed.Length).MinBy(i => Placed[i])}.along",
            "context" => answer == LeastAlike(),
            "queries-and-keys" => answer == $"k{Keys().MaxBy(k => (double)Of(ActivationNames.RotatedQuery)[Query, head, 0] * Of(ActivationNames.RotatedKey)[k, KeyHead, 0])}",
            "scores" => answer == $"k{Keys().MaxBy(Raw)}",   // of all that are shown: the mask comes later
            "softmax" => Is(Math.Exp(Scaled(Best(Scaled)) - Enumerable.Range(0, Query + 1).Where(k => k != Best(Scaled)).Max(Scaled))),
            "masking" => Is(Enumerable.Range(0, _tokens.Length).Sum(q => _tokens.Length - 1 - q)),
            "values" => answer == $"k{Keys().MaxBy(k => Weight(k) * ValueLength(k))}",
            "low-rank" => Is(2d * model.Config.Width * model.Config.Layers[layer].HeadSize),
            "many-heads" => answer == $"H{Enumerable.Range(0, model.Config.Layers[layer].Heads).MaxBy(Along)}",
            "output-matrix" => Is(ModelOutline.Of(model.Transformer).Tensors.Where(t => t.Role == ParameterRole.Output).Sum(t => (double)t.Count) / model.Config.Layers.Count),
            "mlp" => Is((double)ParameterCount.Run(model).Mlp / model.Config.Layers.Count),
            "layers" => Is(Settled()),
            "sampling" => Is(Drawn[0].Probability / Drawn[1].Probability),
            "training" => Is(Losses.Losses.MaxBy(l => l.Loss)!.Probability),
            "counting" => Is(4 * 14_495_514_624d / 175_181_291_520),
            "scale" => Is(4d * _tokens.Length * _tokens.Length),
            "cross-attention" => answer == "other",
            "parallel" => Is(model.Config.Layers.Count),
            "build" => Is((double)OwnModel(768) / OwnModel(384)),
            _ => throw new ArgumentException($"There is no chapter {chapter}."),
        };

        bool Is(double value) => IsNear(value, double.Parse(answer, CultureInfo.InvariantCulture));
    }

    /// <summary>Whether two numbers are the same but for rounding of float32.</summary>
    public static bool IsNear(double expected, double shown) => Math.Abs(shown - expected) <= 1e-4 * Math.Max(1, Math.Abs(expected)) && (Math.Abs(expected) >= 1e-4 || Math.Abs(shown - expected) <= 1e-2 * Math.Abs(expected));

    private Activation Of(string name) => _trace[ActivationNames.InBlock(layer, name)];
    private double Raw(int key) => Of(ActivationNames.RawScores)[head, Query, key];
    private double Scaled(int key) => Of(ActivationNames.ScaledScores)[head, Query, key];
    private double Weight(int key) => Of(ActivationNames.Pattern)[head, Query, key];
    private double ValueLength(int key) => TensorPrimitives.Norm(Of(ActivationNames.Value).Row(key, KeyHead));
    private int Best(Func<int, double> valueOf) => Enumerable.Range(0, Query + 1).MaxBy(valueOf);
    private IEnumerable<int> Keys() => Enumerable.Range(0, _tokens.Length).OrderByDescending(Weight).Take(MostKeys).Order();

    private (int Id, double Probability)[] Likeliest(float temperature, int count)
        => [.. new GenerationOptions { Temperature = temperature }.Distribution(_trace[ActivationNames.Logits].Row(Query).ToArray()).Take(count)];

    private (int Id, double Probability)[] Drawn => field ??= Likeliest(0.7f, 10);

    private double Along(int one)
    {
        var sum = Of(ActivationNames.AttentionOut).Row(Query);
        return TensorPrimitives.Dot(Of(ActivationNames.Result).Row(Query, one), sum) / TensorPrimitives.Norm(sum);
    }

    private double[] Placed => field ??= [.. Directions.Project(model, Directions.Add(model, ["cats"], ["cat"], 1).Vector, s_placed).Select(p => p.Value)];

    private Movement Moles => field ??= Movement.Run(model, ["American shrew mole", "One mole of carbon dioxide", "Take a biopsy of the mole"], "mole");

    private string LeastAlike()
    {
        var (first, second, _) = Moles.Pairs().MinBy(p => p.Cosines[^1]);
        return Movement.TextName(first) + Movement.TextName(second);
    }

    private (int Point, int Token, double Probability)[] Says => field ??= WhatIsSaid();

    private (int Point, int Token, double Probability)[] WhatIsSaid()
    {
        var points = LogitLens.PointsOf(model.Transformer.Activations).Where(p => !p.IsMid).ToArray();
        var lens = LogitLens.Run(model, _tokens, positions: Query.., points: points);
        return [.. points.Select((p, i) => (p.Name == "final_post" ? model.Config.Layers.Count : p.Layer, lens.Top(i, 0)[0].Token, lens.Top(i, 0)[0].Probability))];
    }

    /// <summary>From where on up the last token's answer stays.</summary>
    private int Settled()
    {
        var same = Says.Reverse().TakeWhile(s => s.Token == Says[^1].Token).Count();
        return Says[^same].Point;
    }

    private TokenLosses Losses => field ??= TokenLosses.Run(model, _tokens);

    private static long OwnModel(int width)
        => ModelOutline.Parse($$"""{"model_type":"gpt2","vocab_size":8192,"n_positions":256,"n_embd":{{width}},"n_layer":6,"n_head":6}""", "own").Tensors.Sum(t => t.Count);
}
