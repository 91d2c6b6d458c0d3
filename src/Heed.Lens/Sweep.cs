using Heed.Tracing;

namespace Heed.Lens;

/// <summary>What one run of a text came to.</summary>
/// <param name="Loss">Mean −ln p of the true next tokens, in nats; null where it was not asked for, or the text is one token.</param>
/// <param name="Logit">At the last position: logit(answer) − logit(wrong), or logit(answer) where there is no wrong one.</param>
public readonly record struct RunOutcome(double? Loss, double Logit);

/// <summary>
/// Many edited runs of one text. What they share is computed once: a clean run keeps the residual stream before every layer, and each
/// edited run starts at the first layer it changes. Runs go through the model together, so that the weights of a layer are decoded once
/// for hundreds of tokens; logits are reduced to their outcome as they come and never kept.
/// </summary>
/// <example><code>
/// var sweep = new Sweep(model, tokens);
/// var without = sweep.Run([[Edit.Zero("blocks.17.attn.hook_z", head: 3)], [Edit.Zero("blocks.3.hook_mlp_out")]]);
/// </code></example>
public sealed class Sweep
{
    /// <summary>Rows that go through the layers together: as many as the engine takes at once.</summary>
    public const int MaxRowsAtOnce = 512;

    private readonly LanguageModel _model;
    private readonly int[] _tokens;
    private readonly bool _withLoss;
    private readonly int _rowsAtOnce;

    /// <summary>The edits of every run, one activation each, in their order.</summary>
    private readonly (ActivationInfo Info, Edit Edit)[] _always;

    /// <summary>Runs the text once, with nothing changed but by <paramref name="edits"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="answer">The token whose logit is followed; null: the one that the unedited run predicts.</param>
    /// <param name="wrong">The token whose logit is subtracted; null: none is.</param>
    /// <param name="withLoss">True to compute every run's loss. It needs the logits of all positions instead of the last one's.</param>
    /// <param name="keep">More activations to keep of this run: names, aliases or patterns.</param>
    /// <param name="edits">Changes that hold in every run, this one included, before each run's own.</param>
    /// <param name="rowsAtOnce">Rows that go through the layers together, 1 to <see cref="MaxRowsAtOnce"/>, one run at least. Fewer take longer, but progress and cancellation are looked at more often.</param>
    /// <exception cref="HeedException">The text is empty or too long, a token is not in the vocabulary, or an edit does not fit.</exception>
    public Sweep(LanguageModel model, int[] tokens, int? answer = null, int? wrong = null, bool withLoss = true, IEnumerable<string>? keep = null, IEnumerable<Edit>? edits = null,
        int rowsAtOnce = MaxRowsAtOnce)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        if (rowsAtOnce is < 1 or > MaxRowsAtOnce) throw new HeedException($"{rowsAtOnce} rows at once were asked for; it can be 1 to {MaxRowsAtOnce}.");
        (_model, _tokens, _withLoss, _rowsAtOnce) = (model, tokens, withLoss && tokens.Length > 1, rowsAtOnce);
        foreach (var token in new[] { answer, wrong })
            if (token is { } id && (uint)id >= (uint)model.Config.VocabularySize)
                throw new HeedException($"Token {id} is not in the vocabulary, which has ids 0…{model.Config.VocabularySize - 1}.");
        Wrong = wrong;
        _always = [.. (edits ?? []).SelectMany(e => model.Transformer.Activations.Match(e.Name).Select(info => (info, e.At(info.Name))))];
        Clean = Trace.Of([.. Enumerable.Range(0, Layers).Select(l => ActivationNames.InBlock(l, ActivationNames.ResidPre)),
            ActivationNames.InBlock(Layers - 1, ActivationNames.ResidPost), .. keep ?? []]);
        var reader = new Reader(this, answer);
        model.Transformer.Forward(reader.Run(Always(-1), null, Clean));
        Answer = reader.Answer;
        CleanOutcome = reader.Outcome;
    }

    /// <summary>The text.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>The token whose logit is followed.</summary>
    public int Answer { get; }

    /// <summary>The token whose logit is subtracted, or null.</summary>
    public int? Wrong { get; }

    /// <summary>What the run without edits of its own came to.</summary>
    public RunOutcome CleanOutcome { get; }

    /// <summary>What was kept of it: <c>blocks.*.hook_resid_pre</c>, the last <c>hook_resid_post</c>, and what was asked for.</summary>
    public Trace Clean { get; }

    private int Layers => _model.Config.Layers.Count;

    /// <summary>Runs the text once for each list of edits.</summary>
    /// <param name="runs">Each run's edits, in their order.</param>
    /// <param name="progress">Told the fraction that is done, from 0 to 1, after every batch.</param>
    /// <param name="cancellation">Checked before every batch and at every row of logits.</param>
    /// <returns>Each run's outcome, in the order of <paramref name="runs"/>.</returns>
    /// <exception cref="HeedException">An edit does not fit the model or the text.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public RunOutcome[] Run(IReadOnlyList<IReadOnlyList<Edit>> runs, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var outcomes = new RunOutcome[runs.Count];
        // Later layers first or last is the same work; those that start together fill a pass from its first layer on.
        (int Index, int Layer)[] order = [.. runs.Select((edits, i) => (i, FirstLayer(edits))).OrderBy(r => r.Item2)];
        var atOnce = Math.Max(1, _rowsAtOnce / _tokens.Length);
        double done = 0, work = order.Sum(r => Work(r.Layer));
        foreach (var part in order.Chunk(atOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            Reader[] readers = [.. part.Select(_ => new Reader(this, Answer, cancellation))];
            SequenceRun[] batch = [.. part.Select((r, i) => readers[i].Run([.. Always(r.Layer), .. runs[r.Index]], From(r.Layer), null))];
            _model.Transformer.Forward(batch);
            for (var i = 0; i < part.Length; i++) outcomes[part[i].Index] = readers[i].Outcome;
            done += part.Sum(r => Work(r.Layer));
            progress?.Report(done / work);
        }
        return outcomes;
    }

    /// <summary>What a run costs, in layers; the unembedding is about as much as some of them.</summary>
    private double Work(int firstLayer) => Layers - Math.Max(0, firstLayer) + 4;

    /// <summary>The first layer that an edit changes; −1 for what comes before the layers. A run without edits starts after the last.</summary>
    private int FirstLayer(IReadOnlyList<Edit> edits)
        // A changed table of rotations acts in every layer, and is not in the stream that a run would start from.
        => _always.Any(a => a.Info.Local is ActivationNames.RotaryCos or ActivationNames.RotarySin) ? -1
            : edits.Count == 0 ? Layers : edits.Min(e => _model.Transformer.Activations.Match(e.Name).Min(i => i.Layer));

    /// <summary>The edits of every run that a run from a layer on still has to make: what acted before is in the stream it starts from.</summary>
    private Edit[] Always(int layer)
        => [.. _always.Where(a => layer < 0 || (a.Info.Layer >= layer && !(a.Info.Layer == layer && a.Info.Local == ActivationNames.ResidPre))).Select(a => a.Edit)];

    /// <summary>The clean stream as it enters a layer, or null for a whole run.</summary>
    private Activation? From(int layer)
        => layer < 0 ? null : Clean[layer < Layers ? ActivationNames.InBlock(layer, ActivationNames.ResidPre) : ActivationNames.InBlock(Layers - 1, ActivationNames.ResidPost)];

    /// <summary>Reduces the logits of one run as they come.</summary>
    private sealed class Reader(Sweep sweep, int? answer, CancellationToken cancellation = default)
    {
        private double _loss, _logit;

        /// <summary>The token whose logit is followed.</summary>
        public int Answer => answer ?? throw new InvalidOperationException("The run is not done.");

        public RunOutcome Outcome => new(sweep._withLoss ? _loss / (sweep._tokens.Length - 1) : null, _logit);

        public SequenceRun Run(IReadOnlyList<Edit> edits, Activation? from, Trace? trace) => new()
        {
            Tokens = sweep._tokens,
            Edits = edits,
            From = from,
            Trace = trace,
            Rows = sweep._withLoss ? LogitRows.All : LogitRows.Last,
            Handler = Take,
        };

        private void Take(int position, ReadOnlySpan<float> logits)
        {
            cancellation.ThrowIfCancellationRequested();
            if (position + 1 < sweep._tokens.Length)
            {
                _loss += LanguageModel.TokenLoss(logits, sweep._tokens[position + 1]);
                return;
            }
            answer ??= System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);
            _logit = logits[answer.Value] - (sweep.Wrong is { } wrong ? (double)logits[wrong] : 0);
        }
    }
}
