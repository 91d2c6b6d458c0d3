using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Heed.Server;

/// <summary>One text, run once with its edits: every head's pattern, the residual stream before every layer, and what comes next.</summary>
internal sealed class LabRun
{
    /// <summary>Layers whose activations are kept at once: those looked at last.</summary>
    private const int LayersKept = 4;

    private readonly Lock _lock = new();
    private readonly List<(int Layer, Trace Trace)> _layers = [];
    private int? _layer;
    private float[] _logits = [];
    private TokenLosses? _losses;

    /// <summary>A run to come; with a layer, every activation of it is kept on the way.</summary>
    public LabRun(LanguageModel model, Sentence sentence, string text, int[] tokens, string[] texts, Edit[] edits, int? layer = null)
    {
        (Model, Sentence, Text, Tokens, Texts, Edits) = (model, sentence, text, tokens, texts, edits);
        _layer = layer >= 0 && layer < model.Config.Layers.Count ? layer : null;
        Trace = Trace.Of([.. Always(model), .. _layer is { } l ? new[] { $"blocks.{l}.*" } : []]);
    }

    public LanguageModel Model { get; }

    /// <summary>What was asked for.</summary>
    public Sentence Sentence { get; }

    /// <summary>The text, with what follows it.</summary>
    public string Text { get; }

    public int[] Tokens { get; }
    public Edit[] Edits { get; }

    /// <summary>Each token's piece of the text.</summary>
    public string[] Texts { get; }

    /// <summary>Patterns of all layers, the stream before each, and the last.</summary>
    public Trace Trace { get; private set; }

    /// <summary>The logits [V] after the last token.</summary>
    public ReadOnlySpan<float> Logits => _logits;

    /// <summary>The probabilities [V] of what comes next: the softmax of all logits.</summary>
    public float[] Probabilities => field ??= Softmax(_logits);

    /// <summary>All tokens, the most likely next one first; of equally likely ones, the smaller id.</summary>
    public int[] Ranking
    {
        get
        {
            if (field is not null) return field;
            // One whole number each: a float's bits rise with it once its sign is dealt with, here the other way round; below them the id.
            var keys = new ulong[_logits.Length];
            for (var id = 0; id < keys.Length; id++)
            {
                var bits = BitConverter.SingleToInt32Bits(_logits[id] + 0f);
                keys[id] = (ulong)(uint)(bits < 0 ? bits : ~(bits | int.MinValue)) << 32 | (uint)id;
            }
            Array.Sort(keys);
            return field = Array.ConvertAll(keys, key => (int)key);
        }
    }

    /// <summary>What it takes in memory, in bytes; more once layers are looked at.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return Trace.ByteLength + _logits.Length * 12L + _layers.Sum(l => l.Trace.ByteLength);
        }
    }

    /// <summary>The pass that fills it.</summary>
    /// <param name="begun">Where the text began before, and is to be kept for the next that begins like it; null for neither.</param>
    public SequenceRun Pass(Beginning? begun)
    {
        if (begun is { Cache.Length: > 0 })
        {
            // Layers looked at are computed from the kept stream.
            Trace = begun.Trace.Fork(begun.Cache.Length, Always(Model));
            _layer = null;
        }
        if (begun is not null) begun.Trace = Trace;
        return new()
        {
            Tokens = Tokens.AsMemory(begun?.Cache.Length ?? 0),
            Cache = begun?.Cache,
            Trace = Trace,
            Edits = Edits,
            Handler = (_, logits) => _logits = logits.ToArray(),
        };
    }

    /// <summary>A layer's activations that are at hand, or null.</summary>
    public Trace? Find(int layer)
    {
        if (layer == _layer) return Trace;
        lock (_lock)
        {
            var at = _layers.FindIndex(l => l.Layer == layer);
            if (at < 0) return null;
            var found = _layers[at];
            _layers.RemoveAt(at);
            _layers.Add(found);
            return found.Trace;
        }
    }

    /// <summary>Every activation of one layer, computed from the stream that enters it.</summary>
    public Trace Layer(int layer)
    {
        if (Find(layer) is { } kept) return kept;
        var trace = Trace.Of($"blocks.{layer}.*");
        var (from, edits) = Before(layer);
        Model.Trace(Tokens, trace, edits, from);
        lock (_lock)
        {
            _layers.Add((layer, trace));
            if (_layers.Count > LayersKept) _layers.RemoveAt(0);
        }
        return trace;
    }

    /// <summary>What every position foresaw of the next token, computed from the last stream; the text needs two tokens.</summary>
    public TokenLosses Losses()
    {
        if (_losses is { } kept) return kept;
        var (from, edits) = Before(Model.Config.Layers.Count);
        return _losses = TokenLosses.Run(Model, Tokens, edits, from: from);
    }

    /// <summary>The kept stream that enters a layer, and the edits from there on: those before are in it. Where an edit changes both sides at once, the whole way and all edits.</summary>
    private (Activation? From, Edit[] Edits) Before(int layer)
    {
        var layers = Edits.Select(e => Model.Transformer.Activations.Match(e.Name).Select(i => i.Layer).ToArray()).ToArray();
        if (layers.Any(l => l.Min() < layer && l.Max() >= layer)) return (null, Edits);
        return (Trace[layer < Model.Config.Layers.Count ? ActivationNames.InBlock(layer, ActivationNames.ResidPre) : Last(Model)], [.. Edits.Where((_, i) => layers[i].Min() >= layer)]);
    }

    /// <summary>What every run keeps: patterns of all layers, the stream before each, and the last.</summary>
    private static string[] Always(LanguageModel model)
        => [.. Enumerable.Range(0, model.Config.Layers.Count).SelectMany(l => new[] { ActivationNames.InBlock(l, ActivationNames.Pattern), ActivationNames.InBlock(l, ActivationNames.ResidPre) }), Last(model)];

    private static string Last(LanguageModel model) => ActivationNames.InBlock(model.Config.Layers.Count - 1, ActivationNames.ResidPost);

    private static float[] Softmax(float[] logits)
    {
        var probabilities = new float[logits.Length];
        var largest = TensorPrimitives.Max<float>(logits);
        double sum = 0;
        foreach (var logit in logits) sum += Math.Exp(logit - largest);
        for (var i = 0; i < logits.Length; i++) probabilities[i] = (float)(Math.Exp(logits[i] - largest) / sum);
        return probabilities;
    }
}
