using Heed.Formats;
using Heed.Numerics;
using Heed.Tracing;

namespace Heed;

/// <summary>
/// The one transformer: tokens go in, named activations are computed layer by layer, logits come out.
/// <see cref="TransformerConfig"/> says how, <see cref="TransformerWeights"/> with what.
/// </summary>
public sealed unsafe class Transformer : IDisposable
{
    /// <summary>Rows of the layers' buffers at most, where nothing is traced: longer input goes through in parts.</summary>
    private const int MaxRows = 512;

    /// <summary>Rows of logits computed together.</summary>
    private const int MaxLogitRows = 64;

    /// <summary>Memory of caches that is kept for the next pass.</summary>
    private const long MaxSpareBytes = 64 << 20;

    private readonly RotaryTable?[] _rotary;
    private readonly RotaryScaling[] _scalingsByLength;
    private readonly Pass _pass = new();
    private readonly Lock _lock = new();

    /// <summary>Caches that passes are done with, and those of the present pass that no caller has.</summary>
    private readonly Stack<KeyValueCache> _spare = [];
    private readonly List<KeyValueCache> _lent = [];
    private volatile bool _isRunning;
    private bool _isDisposed;

    /// <summary>A transformer of this configuration with these weights.</summary>
    /// <param name="config">How it computes.</param>
    /// <param name="weights">With what.</param>
    /// <param name="file">The file the weights are views of; closed with the transformer.</param>
    /// <param name="threads">Threads to share the work; 0 for one a core.</param>
    /// <param name="precision">Whether products with quantised weights may round activations to 8 bits (faster). Traced passes never do.</param>
    public Transformer(TransformerConfig config, TransformerWeights weights, ITensorFile? file = null, int threads = 0,
        ActivationPrecision precision = ActivationPrecision.Float32)
    {
        Config = config;
        Weights = weights;
        Precision = precision;
        Team = new ThreadTeam(threads);
        File = file;
        var tables = new Dictionary<RotaryConfig, RotaryTable>();
        _rotary = [.. config.Layers.Select(l => l.Rotary is not { } rotary ? null
            : tables.TryGetValue(rotary, out var table) ? table : tables[rotary] = new RotaryTable(rotary))];
        _scalingsByLength = [.. tables.Keys.Select(r => r.Scaling).Where(s => s.DependsOnLength)];
        if (config.HasAlibi) AlibiSlopes = Attention.AlibiSlopes(config.Layers[0].Heads);
    }

    /// <summary>How it computes.</summary>
    public TransformerConfig Config { get; }

    /// <summary>Its weights, as stored.</summary>
    public TransformerWeights Weights { get; }

    /// <summary>Whether products with quantised weights round activations to 8 bits.</summary>
    public ActivationPrecision Precision { get; }

    /// <summary>The open checkpoint, if its weights are views of one.</summary>
    public ITensorFile? File { get; }

    /// <summary>The threads that share its work.</summary>
    internal ThreadTeam Team { get; }

    /// <summary>One slope a head, where scores get a bias by distance.</summary>
    internal float[]? AlibiSlopes { get; }

    /// <summary>Runs the layers over a batch of sequences of any lengths. Each one's cache is appended to, its trace filled,
    /// and its logits put where it says.</summary>
    /// <exception cref="ContextFullException">A sequence would become longer than the model's context.</exception>
    /// <exception cref="HeedException">No tokens, or a token that the vocabulary does not have.</exception>
    /// <exception cref="NonFiniteException">The computation overflowed or met NaN; the first such activation is named.</exception>
    public void Forward(params ReadOnlySpan<SequenceRun> batch)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            foreach (var run in batch) Check(run);
            CheckTraces(batch);
            _isRunning = true;
            try
            {
                RunAll(batch);
            }
            catch (Exception e)
            {
                // What a failed pass appended is taken back.
                foreach (var run in batch) run.Cache?.Truncate(Math.Min(run.CachedBefore, run.Cache.Length));
                if (e is NonFiniteException && Explain(batch) is { } explained) throw explained;
                throw;
            }
            finally
            {
                _isRunning = false;
                _pass.Clear(Precision);
            }
        }
    }

    /// <summary>True while a pass runs. What is called from inside one (an edit, a handler of logits) must not wait for another: it cannot begin.</summary>
    public bool IsRunning => _isRunning;

    /// <summary>Every activation it computes: what a trace can keep and an edit can change.</summary>
    public ActivationCatalog Activations => field ??= new(Config, Weights);

    /// <summary>The cosines and sines of a layer that has rotary positions.</summary>
    internal RotaryTable RotaryOf(int layer) => _rotary[layer]!;

    /// <summary>True once its file may be gone.</summary>
    internal bool IsDisposed => _isDisposed;

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            Team.Dispose();
            File?.Dispose();
        }
    }

    private void Check(SequenceRun run)
    {
        var tokens = run.Tokens.Span;
        if (tokens.IsEmpty) throw new HeedException("There are no tokens to run: the text is empty. Give at least one token (most models have a start token for this).");
        foreach (var token in tokens)
            if ((uint)token >= (uint)Config.VocabularySize)
                throw new HeedException($"Token {token} is not in the vocabulary, which has ids 0…{Config.VocabularySize - 1}.");
        var length = (run.Cache?.Length ?? 0) + tokens.Length;
        if (length > Config.ContextLength) throw new ContextFullException(length, Config.ContextLength);
        run.CachedBefore = run.Cache?.Length ?? 0;
        if (run.Trace is not null || run.Edits.Count > 0 || run.From is not null) run.Bind(Activations);
    }

    private static void CheckTraces(ReadOnlySpan<SequenceRun> batch)
    {
        if (batch.Length < 2) return;
        var traces = new HashSet<Trace>();
        foreach (var run in batch)
            if (run.Trace is { } trace && !traces.Add(trace)) throw new HeedException("Two sequences of a batch have the same trace; give each its own.");
    }

    /// <summary>Packs the sequences into passes of at most <see cref="MaxRows"/> rows, in the order of the layers they start with
    /// (a traced or edited sequence stays whole, and apart from those that are not).</summary>
    private void RunAll(ReadOnlySpan<SequenceRun> batch)
    {
        _pass.Clear(Precision);
        // Left by a pass that failed: what is in them may not be finite.
        _lent.Clear();
        if (batch.Length > 1 && IsUnordered(batch))
        {
            SequenceRun[] ordered = [.. batch.ToArray().OrderBy(r => r.FirstLayer)];
            batch = ordered;
        }
        foreach (var run in batch)
        {
            var cache = run.Cache ?? Borrow();
            var length = cache.Length + run.Tokens.Length;
            if (cache.Length > 0 && IsStale(cache.Length, length))
            {
                int[] cached = [.. cache.Tokens];
                cache.Truncate(0);
                var again = new SequenceRun { Tokens = cached, Rows = LogitRows.None, Trace = run.Trace, Edits = run.Edits, IsOpenEnded = true };
                again.Bind(Activations);
                Run(again, cache, length);
                RunLayers(cache);
            }
            Run(run, cache, length);
        }
        if (_pass.TotalRows > 0) RunLayers(null);
    }

    /// <summary>An empty cache for a run that brings none: one that an earlier pass is done with, if there is any, since taking and clearing megabytes takes longer than a layer.</summary>
    private KeyValueCache Borrow()
    {
        var cache = _spare.TryPop(out var spare) ? spare : new(Config);
        _lent.Add(cache);
        return cache;
    }

    /// <summary>Takes back what the pass is done with: all but the cache of a run that goes on in the next one.</summary>
    private void TakeBack(KeyValueCache? but)
    {
        var isKept = false;
        foreach (var cache in _lent)
        {
            if (cache == but)
            {
                isKept = true;
                continue;
            }
            cache.Truncate(0);
            if (_spare.Sum(s => s.ByteLength) + cache.ByteLength <= MaxSpareBytes) _spare.Push(cache);
        }
        _lent.Clear();
        if (isKept) _lent.Add(but!);
    }

    private static bool IsUnordered(ReadOnlySpan<SequenceRun> batch)
    {
        for (var i = 1; i < batch.Length; i++)
            if (batch[i].FirstLayer < batch[i - 1].FirstLayer) return true;
        return false;
    }

    /// <summary>Adds a sequence's new tokens to the pass; runs the layers whenever it is full.</summary>
    private void Run(SequenceRun run, KeyValueCache cache, int length)
    {
        var tokens = run.Tokens.Span;
        run.Probe?.Begin(cache.Length, tokens, run.IsOpenEnded);
        var needed = run.LayersNeeded(Config.Layers.Count);
        for (var offset = 0; offset < tokens.Length;)
        {
            var room = MaxRows - _pass.TotalRows;
            if (run.Probe is not null && (room >= tokens.Length || _pass.TotalRows == 0)) room = tokens.Length;
            if (_pass.TotalRows > 0 && (room <= 0 || (run.Probe is not null && room < tokens.Length) || _pass.IsTraced != run.Probe is not null))
            {
                RunLayers(cache);
                continue;
            }
            var count = Math.Min(room, tokens.Length - offset);
            var position = cache.Length;
            cache.Append(tokens.Slice(offset, count));
            _pass.Add(run, cache, offset, count, position, length, needed);
            offset += count;
        }
    }

    /// <summary>True if keys that were turned in a sequence of one length are of no use in a longer one: rotary scalings that
    /// depend on the length (dynamic, longrope) turn all keys by the sequence's present frequencies.</summary>
    private bool IsStale(int cached, int length)
    {
        foreach (var scaling in _scalingsByLength)
            if (!scaling.IsSameAt(cached, length)) return true;
        return false;
    }

    /// <summary>From the rows' tokens to their logits.</summary>
    /// <param name="growing">The cache of a run whose other tokens come in the next pass.</param>
    private void RunLayers(KeyValueCache? growing)
    {
        var L = Config.Layers.Count;
        if (_pass.FirstLayer == 0) Embedding.Forward(this, _pass);
        for (var layer = _pass.FirstLayer; layer < Math.Min(L, _pass.LayerCount); layer++)
        {
            _pass.Join(layer, Config.Width);
            Layer.Forward(this, _pass, layer);
        }
        if (_pass.LayerCount > L)
        {
            _pass.Join(L, Config.Width);
            Unembedding.Forward(this, _pass, MaxLogitRows);
        }
        _pass.Clear(Precision);
        TakeBack(growing);
    }

    /// <summary>Runs a batch that failed once more, looking at every activation, to name the first that is not finite.</summary>
    private NonFiniteException? Explain(ReadOnlySpan<SequenceRun> batch)
    {
        try
        {
            foreach (var run in batch)
            {
                int[] tokens = [.. run.Cache is null ? [] : run.Cache.Tokens, .. run.Tokens.Span];
                var again = new SequenceRun { Tokens = tokens, Trace = Trace.Diagnosing(), Edits = run.Edits, From = run.From, IsOpenEnded = true, Rows = LogitRows.All, Handler = (_, _) => { } };
                again.Bind(Activations);
                RunAll([again]);
            }
        }
        catch (NonFiniteException explained)
        {
            return explained;
        }
        return null;
    }
}
