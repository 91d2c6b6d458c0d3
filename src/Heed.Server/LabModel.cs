namespace Heed.Server;

/// <summary>
/// One model that all visitors share. Texts that wait at the same time go through it together; what nobody waits for any more is not
/// run; what was run is kept for the next question about it, as far as memory is given.
/// </summary>
internal sealed class LabModel
{
    /// <summary>Tokens that go through the model together at most: more would be a little faster together, and each would wait longer.</summary>
    private const int TokensAtOnce = 192;

    private readonly LabOptions _options;
    private readonly SemaphoreSlim _engine = new(1);
    private readonly SemaphoreSlim _analyses;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly LinkedList<Entry> _recent = [];
    private readonly List<Entry> _waiting = [];
    private readonly Beginnings _beginnings;
    private bool _isTurnComing;

    public LabModel(string id, string name, LanguageModel model, LabOptions options)
    {
        (Id, Name, Model, _options) = (id, name, model, options);
        _analyses = new(options.MaxAnalyses);
        _beginnings = new(model, options.CacheBytes / 2);
    }

    /// <summary>How pages name it in their address.</summary>
    public string Id { get; }

    /// <summary>How it is called in a title.</summary>
    public string Name { get; }

    public LanguageModel Model { get; }

    /// <summary>What a command needs to take this model; empty for the one that it takes by itself.</summary>
    public string Option => Model.Path == _options.OwnModel ? "" : $" --model {Recipe.Quoted(Model.Path)}";

    /// <summary>The text's run: kept, under way for somebody else, or new.</summary>
    /// <param name="sentence">The text and its edits.</param>
    /// <param name="layer">A layer whose activations are wanted, too: where the run is new, they are kept on the way.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <exception cref="HeedException">The text is empty or too long, or an edit does not fit.</exception>
    public async Task<LabRun> RunAsync(Sentence sentence, int? layer, CancellationToken cancellation)
    {
        var key = sentence.Key;
        Entry? entry;
        var isNext = false;
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out entry)) entry.Visitors++;
        }
        if (entry is null)
        {
            var run = await sentence.PrepareAsync(this, _options, cancellation, layer);
            lock (_lock)
            {
                if (!_entries.TryGetValue(key, out entry))
                {
                    _entries[key] = entry = new(key, run);
                    _waiting.Add(entry);
                    // One turn for all that wait when it comes: with a turn for each, those of a minute's keys would stand before every other question.
                    (isNext, _isTurnComing) = (!_isTurnComing, true);
                }
                entry.Visitors++;
            }
        }
        if (isNext) _ = RunWaitingAsync();
        try
        {
            return await entry.Done.Task.WaitAsync(cancellation);
        }
        finally
        {
            lock (_lock)
            {
                entry.Visitors--;
                if (entry.Visitors == 0 && _waiting.Remove(entry)) _entries.Remove(key);
                if (entry.Place is { } place && _recent.First != place)
                {
                    _recent.Remove(place);
                    _recent.AddFirst(place);
                }
            }
        }
    }

    /// <summary>Every activation of one layer of a run.</summary>
    public async Task<Trace> LayerAsync(LabRun run, int layer, CancellationToken cancellation)
        => run.Find(layer) ?? await WithEngineAsync(() => run.Layer(layer), cancellation);

    /// <summary>Runs something on the model when it is its turn.</summary>
    public async Task<T> WithEngineAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        await _engine.WaitAsync(cancellation);
        try
        {
            return await OnThreadAsync(work, cancellation);
        }
        finally
        {
            _engine.Release();
        }
    }

    /// <summary>Runs something long. Whenever it reports how far it is, everybody who waits for something short goes first.</summary>
    public async Task<T> AnalyseAsync<T>(Func<IProgress<double>, CancellationToken, T> work, Action<double> report, CancellationToken cancellation)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        source.CancelAfter(_options.MaxAnalysisTime);
        try
        {
            await _analyses.WaitAsync(source.Token);
            try
            {
                return await WithEngineAsync(() => work(new Turns(this, report, source.Token), source.Token), source.Token);
            }
            finally
            {
                _analyses.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new BusyException($"This took longer than {_options.MaxAnalysisTime.TotalMinutes:0} minutes, which is the limit. Take a shorter text.");
        }
    }

    /// <summary>A thread of its own: those of the pool are for requests, which are many and short.</summary>
    private static Task<T> OnThreadAsync<T>(Func<T> work, CancellationToken cancellation)
        => Task.Factory.StartNew(work, cancellation, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private async Task RunWaitingAsync()
    {
        await _engine.WaitAsync();
        try
        {
            Entry[] batch;
            lock (_lock)
            {
                // Those that came first, as many as go through together.
                var tokens = 0;
                batch = [.. _waiting.TakeWhile((e, i) => (tokens += e.Run.Tokens.Length) <= TokensAtOnce || i == 0)];
                _waiting.RemoveRange(0, batch.Length);
                _isTurnComing = _waiting.Count > 0;
                if (_isTurnComing) _ = RunWaitingAsync();
            }
            if (batch.Length > 0) await OnThreadAsync(() => { Run(batch); return 0; }, CancellationToken.None);
        }
        finally
        {
            _engine.Release();
        }
    }

    private void Run(Entry[] batch)
    {
        try
        {
            _beginnings.Run(() => Model.Transformer.Forward([.. batch.Select(e => e.Run.Pass(e.Run.Edits.Length == 0 ? _beginnings.Take(e.Run.Tokens) : null))]));
        }
        catch (Exception e) when (batch.Length == 1)
        {
            lock (_lock) _entries.Remove(batch[0].Key);
            batch[0].Done.SetException(e);
            return;
        }
        catch (HeedException)
        {
            // One of them does not run: each on its own, so that the others do.
            foreach (var entry in batch) Run([entry]);
            return;
        }
        lock (_lock)
        {
            foreach (var entry in batch) entry.Place = _recent.AddFirst(entry);
            var bytes = 0L;
            for (var place = _recent.First; place is not null;)
            {
                var next = place.Next;
                bytes += place.Value.Run.Bytes;
                // The newest stays, however large.
                if (bytes > _options.CacheBytes && place != _recent.First)
                {
                    _recent.Remove(place);
                    _entries.Remove(place.Value.Key);
                    place.Value.Place = null;
                }
                place = next;
            }
        }
        foreach (var entry in batch) entry.Done.SetResult(entry.Run);
    }

    /// <summary>A run, and who waits for it.</summary>
    private sealed class Entry(string key, LabRun run)
    {
        public string Key { get; } = key;
        public LabRun Run { get; } = run;
        public TaskCompletionSource<LabRun> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Visitors { get; set; }
        public LinkedListNode<Entry>? Place { get; set; }
    }

    /// <summary>Gives the engine away and takes it again.</summary>
    private sealed class Turns(LabModel model, Action<double> report, CancellationToken cancellation) : IProgress<double>
    {
        public void Report(double value)
        {
            report(value);
            cancellation.ThrowIfCancellationRequested();
            // Told from inside a pass: nobody else's can begin before it ends.
            if (model.Model.Transformer.IsRunning) return;
            model._engine.Release();
            // Not cancelled: whoever called returns it.
            model._engine.WaitAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
    }
}
