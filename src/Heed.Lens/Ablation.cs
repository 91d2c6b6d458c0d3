using Heed.Tracing;

namespace Heed.Lens;

/// <summary>What a removed component's output is replaced by.</summary>
public enum AblationMethod
{
    /// <summary>Zeros.</summary>
    Zero,
    /// <summary>Its mean over the positions of the text: what it says everywhere stays.</summary>
    Mean,
    /// <summary>What it says elsewhere: at the same position of another text, or at another position of this one (a seeded shuffle of the positions).</summary>
    Resample,
}

/// <summary>How <see cref="Ablation"/> is done.</summary>
public sealed record AblationOptions
{
    /// <summary>What is removed, one after another. Default: every head.</summary>
    public ComponentKind By { get; init; } = ComponentKind.Head;

    /// <summary>What takes its place. Default: zeros.</summary>
    public AblationMethod Method { get; init; } = AblationMethod.Zero;

    /// <summary>The token whose logit is followed; null: the one that the model predicts.</summary>
    public int? Answer { get; init; }

    /// <summary>The token whose logit is subtracted from the answer's; null: none.</summary>
    public int? Wrong { get; init; }

    /// <summary>For <see cref="AblationMethod.Resample"/>: the text to take activations from, at least as many tokens; null: this text, its positions shuffled.</summary>
    public int[]? From { get; init; }

    /// <summary>Changes that hold in every run, the whole model's and that of <see cref="From"/> included. Default: none.</summary>
    public IReadOnlyList<Edit> Edits { get; init; } = [];

    /// <summary>For a shuffle of the positions.</summary>
    public int Seed { get; init; }

    /// <summary>Rows that go through the model together, as <see cref="Sweep"/> takes them.</summary>
    public int RowsAtOnce { get; init; } = Sweep.MaxRowsAtOnce;
}

/// <summary>What the removal of one component does.</summary>
/// <param name="Component">Which.</param>
/// <param name="Loss">The loss without it, in nats a token; null for a text of one token.</param>
/// <param name="DeltaLoss">By how much the loss rises.</param>
/// <param name="Logit">The logit, or the difference, without it.</param>
/// <param name="DeltaLogit">By how much that rises: below zero, the component speaks for the answer.</param>
public readonly record struct Ablated(Component Component, double? Loss, double? DeltaLoss, double Logit, double DeltaLogit);

/// <summary>
/// What the model is like without each of its heads, MLPs or layers: the change of its loss on a text, and of the logit of an answer.
/// A head is removed from what W_O reads (<c>attn.hook_z</c>), an MLP and a layer from what is added to the residual stream
/// (<c>hook_attn_out</c>, <c>hook_mlp_out</c>); an output bias of attention belongs to no head and goes only with the layer.
/// </summary>
public sealed record Ablation
{
    private Ablation() { }

    /// <summary>How it was done.</summary>
    public required AblationOptions Options { get; init; }

    /// <summary>The text.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>The token whose logit is followed.</summary>
    public required int Answer { get; init; }

    /// <summary>The loss of the whole model, in nats a token; null for a text of one token.</summary>
    public required double? Loss { get; init; }

    /// <summary>The whole model's logit(answer), minus logit(wrong) where there is one.</summary>
    public required double Logit { get; init; }

    /// <summary>Every component, first layer first.</summary>
    public required IReadOnlyList<Ablated> Parts { get; init; }

    /// <summary>Where each position's activations came from, where positions were shuffled; else null.</summary>
    public IReadOnlyList<int>? Shuffle { get; private init; }

    /// <summary>Removes every component of a kind, one at a time.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="options">What, how, and which logit.</param>
    /// <param name="progress">Told the fraction that is done.</param>
    /// <param name="cancellation">Checked before every batch of runs.</param>
    /// <exception cref="HeedException">The text is empty or too long; the text to resample from has fewer tokens; shuffling one token.</exception>
    public static Ablation Run(LanguageModel model, int[] tokens, AblationOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        options ??= new();
        var isResampled = options.Method == AblationMethod.Resample;
        var names = Names(options.By);
        if (isResampled && options.From is { } other && other.Length < tokens.Length)
            throw new HeedException($"The text to resample from has {other.Length} tokens, the text itself {tokens.Length}: position p takes what position p had there. Give one that is at least as long.");
        if (isResampled && options.From is null && tokens.Length == 1)
            throw new HeedException("The text is one token: there is no other position to take activations from. Give another text, or a longer one.");
        var keep = options.Method == AblationMethod.Zero ? [] : names.Select(n => "blocks.*." + n).ToArray();
        var sweep = new Sweep(model, tokens, options.Answer, options.Wrong, keep: keep, edits: options.Edits, rowsAtOnce: options.RowsAtOnce);
        var source = isResampled && options.From is not null ? model.Trace(options.From, keep, options.Edits) : sweep.Clean;
        var shuffle = isResampled && options.From is null ? Permutation(tokens.Length, options.Seed) : null;
        var shuffled = new Dictionary<string, Activation>();

        var components = Component.All(model.Config, options.By);
        var outcomes = sweep.Run([.. components.Select(c => names.Select(n => Removal(ActivationNames.InBlock(c.Layer, n), c.Head)).ToArray())], progress, cancellation);
        var clean = sweep.CleanOutcome;
        return new()
        {
            Options = options,
            Tokens = tokens,
            Answer = sweep.Answer,
            Loss = clean.Loss,
            Logit = clean.Logit,
            Shuffle = shuffle,
            Parts = [.. components.Select((c, i) => new Ablated(c, outcomes[i].Loss, outcomes[i].Loss - clean.Loss, outcomes[i].Logit, outcomes[i].Logit - clean.Logit))],
        };

        Edit Removal(string name, int? head) => options.Method switch
        {
            AblationMethod.Zero => Edit.Zero(name, head),
            // The clean run's mean: in a layer, the MLP of the edited run would have another one.
            AblationMethod.Mean => Edit.Mean(name, source[name], head),
            _ => Edit.Replace(name, shuffle is null ? source[name] : Shuffled(name), head),
        };

        Activation Shuffled(string name)
        {
            if (shuffled.TryGetValue(name, out var known)) return known;
            var activation = source[name];
            var values = new float[activation.Values.Length];
            var length = values.Length / tokens.Length;
            for (var t = 0; t < tokens.Length; t++) activation.Row(shuffle![t]).CopyTo(values.AsSpan(t * length, length));
            return shuffled[name] = activation with { Values = values };
        }
    }

    /// <summary>The activations that a component writes, in one layer.</summary>
    private static string[] Names(ComponentKind kind) => kind switch
    {
        ComponentKind.Head => [ActivationNames.Z],
        ComponentKind.Mlp => [ActivationNames.MlpOut],
        _ => [ActivationNames.AttentionOut, ActivationNames.MlpOut],
    };

    /// <summary>A random order in which no position stays where it was: one cycle (Sattolo's shuffle).</summary>
    private static int[] Permutation(int count, int seed)
    {
        var random = new Random(seed);
        int[] order = [.. Enumerable.Range(0, count)];
        for (var i = count - 1; i > 0; i--)
        {
            var j = random.Next(i);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
