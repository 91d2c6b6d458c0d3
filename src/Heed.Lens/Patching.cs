using Heed.Tracing;

namespace Heed.Lens;

/// <summary>Which activation is carried from the clean run into the corrupted one.</summary>
public enum PatchKind
{
    /// <summary>The residual stream as it enters each layer, one position at a time.</summary>
    Residual,
    /// <summary>What each layer's attention adds, one position at a time.</summary>
    AttentionOut,
    /// <summary>What each layer's MLP adds, one position at a time.</summary>
    MlpOut,
    /// <summary>Each head's sum of values, at all positions.</summary>
    Z,
    /// <summary>Each head's queries, before rotation, at all positions.</summary>
    Query,
    /// <summary>Each key–value head's keys, before rotation, at all positions.</summary>
    Key,
    /// <summary>Each key–value head's values, at all positions.</summary>
    Value,
    /// <summary>Each head's attention pattern.</summary>
    Pattern,
}

/// <summary>How the effect of a patch is found.</summary>
public enum PatchMethod
{
    /// <summary>By running the model with each patch. The other way, attribution patching (a first-order estimate of all patches from one
    /// gradient; arXiv:2310.10348), becomes a member here once activations have gradients.</summary>
    Run,
}

/// <summary>How <see cref="Patching"/> is done.</summary>
public sealed record PatchingOptions
{
    /// <summary>What is carried over. Default: the residual stream.</summary>
    public PatchKind Kind { get; init; } = PatchKind.Residual;

    /// <summary>How the effect is found.</summary>
    public PatchMethod Method { get; init; } = PatchMethod.Run;

    /// <summary>Rows that go through the model together, as <see cref="Sweep"/> takes them; of several kinds at once, the fewest.</summary>
    public int RowsAtOnce { get; init; } = Sweep.MaxRowsAtOnce;
}

/// <summary>
/// Where the difference between two texts lives: the corrupted text is run with one activation of the clean run put in, and the logit
/// difference of two answers is read. What brings it back to the clean run's is where the difference is carried (activation patching).
/// </summary>
public sealed record Patching
{
    private Patching() { }

    /// <summary>How it was done.</summary>
    public required PatchingOptions Options { get; init; }

    /// <summary>The clean text.</summary>
    public required IReadOnlyList<int> Clean { get; init; }

    /// <summary>The corrupted text, of as many tokens.</summary>
    public required IReadOnlyList<int> Corrupt { get; init; }

    /// <summary>The token that is right after the clean text.</summary>
    public required int Answer { get; init; }

    /// <summary>The token whose logit is subtracted from the answer's.</summary>
    public required int Wrong { get; init; }

    /// <summary>logit(answer) − logit(wrong) after the clean text.</summary>
    public required double CleanDifference { get; init; }

    /// <summary>The same after the corrupted text.</summary>
    public required double CorruptDifference { get; init; }

    /// <summary>The logit difference of each patched run [layer][position, or head]; of a layer as many as it has.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> Difference { get; init; }

    /// <summary>What the second index counts: "position", "head" or "kv_head".</summary>
    public required string Axis { get; init; }

    /// <summary>The same, so that 0 is the corrupted run's difference and 1 the clean one's [layer][position, or head].</summary>
    /// <exception cref="HeedException">Both texts have the same difference: there is nothing to normalise by.</exception>
    public IReadOnlyList<IReadOnlyList<double>> Normalized
    {
        get
        {
            var span = CleanDifference - CorruptDifference;
            return !HasSpan ? throw new HeedException($"After both texts the logit difference is {CleanDifference:G6}; where there is no difference, nothing can be said about where it lives. Give other answers or texts.")
                : [.. Difference.Select(row => row.Select(d => (d - CorruptDifference) / span).ToArray())];
        }
    }

    /// <summary>True if the texts differ in the logit difference by more than rounding (1e-4), so that <see cref="Normalized"/> exists.</summary>
    public bool HasSpan => Math.Abs(CleanDifference - CorruptDifference) > 1e-4;

    /// <summary>Carries one kind of activation over, place by place.</summary>
    /// <param name="model">The model.</param>
    /// <param name="clean">The clean text.</param>
    /// <param name="corrupt">The corrupted text, of as many tokens.</param>
    /// <param name="answer">The token that is right after the clean text.</param>
    /// <param name="wrong">The token whose logit is subtracted.</param>
    /// <param name="options">What is carried over.</param>
    /// <param name="edits">Changes that hold in every run, of both texts, before the patch.</param>
    /// <param name="progress">Told the fraction that is done.</param>
    /// <param name="cancellation">Checked before every batch of runs.</param>
    /// <exception cref="HeedException">The texts have different numbers of tokens; the message shows both, and how to align them.</exception>
    public static Patching Run(LanguageModel model, int[] clean, int[] corrupt, int answer, int wrong, PatchingOptions? options = null,
        IEnumerable<Edit>? edits = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
        => RunEach(model, clean, corrupt, answer, wrong, [options ?? new()], edits, progress, cancellation)[0];

    /// <summary>Carries several kinds over, with one run of each text.</summary>
    /// <returns>One result for each of <paramref name="options"/>.</returns>
    public static IReadOnlyList<Patching> RunEach(LanguageModel model, int[] clean, int[] corrupt, int answer, int wrong, IReadOnlyList<PatchingOptions> options,
        IEnumerable<Edit>? edits = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(clean);
        ArgumentNullException.ThrowIfNull(corrupt);
        ArgumentNullException.ThrowIfNull(options);
        if (clean.Length != corrupt.Length) throw new HeedException(Misaligned(model, clean, corrupt));
        var layers = model.Config.Layers.Count;
        Edit[] always = [.. edits ?? []];
        var source = new Sweep(model, clean, answer, wrong, withLoss: false, options.Select(o => "blocks.*." + Name(o.Kind)).Distinct(), always);
        var sweep = new Sweep(model, corrupt, answer, wrong, withLoss: false, edits: always, rowsAtOnce: options.Min(o => o.RowsAtOnce));

        var places = options.Select(o => Enumerable.Range(0, layers).SelectMany(l => Enumerable.Range(0, Count(o.Kind, l)).Select(i => (Layer: l, Index: i))).ToArray()).ToArray();
        var outcomes = sweep.Run([.. options.SelectMany((o, n) => places[n].Select(p => new[] { Patch(o.Kind, p.Layer, p.Index) }))], progress, cancellation);
        var results = new Patching[options.Count];
        for (int n = 0, at = 0; n < results.Length; n++)
        {
            var kind = options[n].Kind;
            var difference = new double[layers][];
            for (var l = 0; l < layers; l++)
            {
                difference[l] = new double[Count(kind, l)];
                for (var i = 0; i < difference[l].Length; i++) difference[l][i] = outcomes[at++].Logit;
            }
            results[n] = new()
            {
                Options = options[n],
                Clean = clean,
                Corrupt = corrupt,
                Answer = answer,
                Wrong = wrong,
                CleanDifference = source.CleanOutcome.Logit,
                CorruptDifference = sweep.CleanOutcome.Logit,
                Difference = difference,
                Axis = IsByPosition(kind) ? "position" : kind is PatchKind.Key or PatchKind.Value ? "kv_head" : "head",
            };
        }
        return results;

        int Count(PatchKind kind, int layer) => IsByPosition(kind) ? clean.Length
            : kind is PatchKind.Key or PatchKind.Value ? model.Config.Layers[layer].KeyValueHeads : model.Config.Layers[layer].Heads;

        Edit Patch(PatchKind kind, int layer, int index)
        {
            var name = ActivationNames.InBlock(layer, Name(kind));
            return IsByPosition(kind) ? Edit.Replace(name, source.Clean[name], positions: index..(index + 1)) : Edit.Replace(name, source.Clean[name], index);
        }
    }

    /// <summary>True for kinds that are carried over position by position; false for those that go head by head.</summary>
    public static bool IsByPosition(PatchKind kind) => kind is PatchKind.Residual or PatchKind.AttentionOut or PatchKind.MlpOut;

    /// <summary>The activation's name in a layer.</summary>
    public static string Name(PatchKind kind) => kind switch
    {
        PatchKind.Residual => ActivationNames.ResidPre,
        PatchKind.AttentionOut => ActivationNames.AttentionOut,
        PatchKind.MlpOut => ActivationNames.MlpOut,
        PatchKind.Z => ActivationNames.Z,
        PatchKind.Query => ActivationNames.Query,
        PatchKind.Key => ActivationNames.Key,
        PatchKind.Value => ActivationNames.Value,
        PatchKind.Pattern => ActivationNames.Pattern,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>What is carried over, in a word: residual, attention, mlp, z, q, k, v, pattern.</summary>
    public static string Word(PatchKind kind) => kind switch
    {
        PatchKind.Residual => "residual",
        PatchKind.AttentionOut => "attention",
        PatchKind.MlpOut => "mlp",
        PatchKind.Z => "z",
        PatchKind.Query => "q",
        PatchKind.Key => "k",
        PatchKind.Value => "v",
        PatchKind.Pattern => "pattern",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>What is carried over, in words for people.</summary>
    public static string Meaning(PatchKind kind) => kind switch
    {
        PatchKind.Residual => "the residual stream as it enters a layer",
        PatchKind.AttentionOut => "what a layer's attention adds",
        PatchKind.MlpOut => "what a layer's MLP adds",
        PatchKind.Z => "a head's sum of values",
        PatchKind.Query => "a head's queries",
        PatchKind.Key => "a key–value head's keys",
        PatchKind.Value => "a key–value head's values",
        PatchKind.Pattern => "a head's attention pattern",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private static string Misaligned(LanguageModel model, int[] clean, int[] corrupt)
        => $"The clean text has {clean.Length} tokens ({Pieces(clean, model)}), the corrupted one {corrupt.Length} ({Pieces(corrupt, model)}). Position p of one is put in at position p of the other, "
            + "so both need the same number, and what corresponds must stand at the same place: exchange words for words of as many tokens (names or cities that are one token each), or add words to the shorter one.";

    private static string Pieces(int[] tokens, LanguageModel model) => string.Join(" · ", tokens.Select(t => model.Tokenizer.Decode([t])));
}
