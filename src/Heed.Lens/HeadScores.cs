using Heed.Tracing;

namespace Heed.Lens;

/// <summary>How a head's pattern is compared with a drawn one.</summary>
public enum PatternMeasure
{
    /// <summary>The attention that lies on the drawn keys: Σ p·drawn, averaged over the queries that the drawing is for.</summary>
    Weight,
    /// <summary>How much of both is common, each drawn row made to sum to 1: Σ min(p, drawn), averaged likewise; 1 where they are equal.</summary>
    Overlap,
}

/// <summary>Every head's score on one drawn pattern.</summary>
/// <param name="Pattern">The pattern.</param>
/// <param name="Queries">How many queries it is drawn for in this text; scores are their mean.</param>
/// <param name="Scores">From 0 to 1 [layer][head]; 0 everywhere where there is no such query.</param>
public sealed record PatternScores(DrawnPattern Pattern, int Queries, IReadOnlyList<IReadOnlyList<double>> Scores)
{
    /// <summary>All heads, the highest score first; equal ones in the model's order.</summary>
    public IReadOnlyList<(Component Head, double Score)> Sorted
        => [.. Scores.SelectMany((row, l) => row.Select((score, h) => (Head: new Component(ComponentKind.Head, l, h), Score: score))).OrderByDescending(s => s.Score)];
}

/// <summary>
/// What heads do in general, read from their patterns: to which degree each is a previous-token, duplicate-token, induction,
/// first-token or self head, or looks as somebody drew. On repeated random tokens (<see cref="RepeatedTokens"/>) nothing but the
/// repetition can be used, so that what a head does there is what it does by itself.
/// </summary>
public sealed record HeadScores
{
    private HeadScores() { }

    /// <summary>The text.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>How patterns were compared.</summary>
    public required PatternMeasure Measure { get; init; }

    /// <summary>The scores on each pattern.</summary>
    public required IReadOnlyList<PatternScores> Patterns { get; init; }

    /// <summary>−ln p of each token after the first, in nats: entry i is of token i + 1.</summary>
    public required IReadOnlyList<double> Losses { get; init; }

    /// <summary>The mean loss of the tokens that come for the first time and of those that repeat, where the text is repeated tokens; else null.</summary>
    public (double First, double Second)? HalfLosses
        => RepetitionStart([.. Tokens]) is { } start ? (Losses.Take(start - 1).Average(), Losses.Skip(start - 1).Average()) : null;

    /// <summary>Runs a text and scores every head.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text, two tokens at least.</param>
    /// <param name="patterns">What to score; null: the five well-known ones.</param>
    /// <param name="measure">How.</param>
    /// <param name="firstQuery">Only queries from this position on count. On repeated tokens give the <see cref="RepetitionStart"/>: what
    /// comes before has few keys to choose from, and nothing to repeat.</param>
    /// <param name="edits">Changes made while the text runs; patterns are scored as they leave them.</param>
    /// <param name="progress">Told the fraction that is done.</param>
    /// <param name="cancellation">Checked at every row of a pattern and of logits.</param>
    /// <exception cref="HeedException">The text is too short or too long, or a pattern is for another number of tokens.</exception>
    public static HeadScores Run(LanguageModel model, int[] tokens, IReadOnlyList<DrawnPattern>? patterns = null, PatternMeasure measure = PatternMeasure.Weight, int firstQuery = 0,
        IEnumerable<Edit>? edits = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.Length < 2) throw new HeedException($"The text has {tokens.Length} token{(tokens.Length == 1 ? "" : "s")}; heads are scored by where a token looks among others. Give two at least.");
        if ((uint)firstQuery >= (uint)tokens.Length) throw new HeedException($"The first query that counts is {firstQuery}; the text has positions 0…{tokens.Length - 1}.");
        patterns ??= DrawnPattern.WellKnown;
        var targets = patterns.Select(p => new Target(p, tokens, firstQuery)).ToArray();
        var layers = model.Config.Layers;
        var sums = patterns.Select(_ => layers.Select(l => new double[l.Heads]).ToArray()).ToArray();
        var losses = new double[tokens.Length - 1];

        // Patterns are read row by row while they are computed, by edits that change nothing: all of them would be layers·heads·T² numbers.
        var readers = Enumerable.Range(0, layers.Count).Select(l => Edit.Apply(ActivationNames.InBlock(l, ActivationNames.Pattern), (row, query, head) =>
        {
            if (head == 0)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report((l + (query + 1.0) / tokens.Length) / (layers.Count + 1));
            }
            for (var p = 0; p < targets.Length; p++) sums[p][l][head] += targets[p].Score(query, row, measure);
        }));
        model.Transformer.Forward(new SequenceRun
        {
            Tokens = tokens,
            Edits = [.. edits ?? [], .. readers],
            Rows = LogitRows.All,
            Handler = (position, logits) =>
            {
                cancellation.ThrowIfCancellationRequested();
                if (position + 1 < tokens.Length) losses[position] = LanguageModel.TokenLoss(logits, tokens[position + 1]);
            },
        });
        return new()
        {
            Tokens = tokens,
            Measure = measure,
            Losses = losses,
            Patterns = [.. patterns.Select((p, i) => new PatternScores(p, targets[i].Queries, [.. sums[i].Select(row => row.Select(s => s / Math.Max(1, targets[i].Queries)).ToArray())]))],
        };
    }

    /// <summary>Random tokens, none of them twice, and the same again; the start token before them where the tokenizer has one.</summary>
    /// <param name="tokenizer">The model's tokenizer; its special tokens are not drawn.</param>
    /// <param name="length">How many, before they are repeated.</param>
    /// <param name="seed">The same seed gives the same tokens.</param>
    /// <exception cref="HeedException">The vocabulary has not that many.</exception>
    public static int[] RepeatedTokens(Tokenization.Tokenizer tokenizer, int length, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (length < 2) throw new HeedException($"{length} tokens are too few to repeat; use two at least.");
        var random = new Random(seed);
        var drawn = new HashSet<int>();
        var order = new List<int>();
        for (var tries = 0; order.Count < length; tries++)
        {
            if (tries > 100L * (length + tokenizer.VocabularySize)) throw new HeedException($"The vocabulary has not {length} tokens to draw; use fewer.");
            var id = random.Next(tokenizer.VocabularySize);
            if (!tokenizer.IsSpecial(id) && id != tokenizer.BosId && id != tokenizer.EosId && drawn.Add(id)) order.Add(id);
        }
        return [.. tokenizer.BosId is { } bos ? [bos] : Array.Empty<int>(), .. order, .. order];
    }

    /// <summary>Where tokens begin to repeat: the text is n tokens and the same n again, one token before them allowed. Null if it is not.</summary>
    public static int? RepetitionStart(ReadOnlySpan<int> tokens)
    {
        int before = tokens.Length % 2, half = tokens.Length / 2;
        return half >= 2 && tokens.Slice(before, half).SequenceEqual(tokens[(before + half)..]) ? before + half : null;
    }

    /// <summary>One drawn pattern on one text: its rows, as lists of keys.</summary>
    private sealed class Target
    {
        private readonly (int Key, float Drawn, float Share)[]?[] _rows;

        public Target(DrawnPattern pattern, int[] tokens, int firstQuery)
        {
            pattern.Check(tokens);
            _rows = new (int, float, float)[]?[tokens.Length];
            var row = new float[tokens.Length];
            for (var q = firstQuery; q < tokens.Length; q++)
            {
                var keys = row.AsSpan(0, q + 1);
                if (!pattern.Row(tokens, q, keys)) continue;
                var sum = System.Numerics.Tensors.TensorPrimitives.Sum<float>(keys);
                var drawn = new List<(int, float, float)>();
                for (var k = 0; k <= q; k++)
                    if (keys[k] != 0) drawn.Add((k, keys[k], keys[k] / sum));
                _rows[q] = [.. drawn];
                Queries++;
            }
        }

        public int Queries { get; }

        public double Score(int query, ReadOnlySpan<float> weights, PatternMeasure measure)
        {
            double sum = 0;
            foreach (var (key, drawn, share) in _rows[query] ?? [])
                sum += measure == PatternMeasure.Weight ? weights[key] * drawn : Math.Min(weights[key], share);
            return sum;
        }
    }
}
