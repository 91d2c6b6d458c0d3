using Heed.Tracing;

namespace Heed.Lens;

/// <summary>Where in the model the residual stream is read.</summary>
/// <param name="Name">Short, as tools call it: <c>3_pre</c> (into layer 3), <c>3_mid</c> (after its attention), <c>final_post</c> (after the last layer).</param>
/// <param name="Activation">The activation's name.</param>
/// <param name="Layer">The layer.</param>
public readonly record struct LensPoint(string Name, string Activation, int Layer)
{
    /// <summary>True between a layer's attention and its MLP.</summary>
    public bool IsMid => Name.EndsWith("_mid", StringComparison.Ordinal);

    /// <summary>How tables call it: 3 for what enters layer 3, 3 mid, end.</summary>
    public string Label => Name == "final_post" ? "end" : IsMid ? $"{Name[..^4]} mid" : Name[..^4];
}

/// <summary>A token and its probability.</summary>
public readonly record struct TokenProbability(int Token, double Probability);

/// <summary>
/// The logit lens: what the model would predict if the residual stream at a point were its last one. The final norm and the unembedding
/// that read it are the model's own: the engine runs on from there.
/// </summary>
public sealed record LogitLens
{
    /// <summary>Rows that run together at most.</summary>
    private const int MaxRows = 256;

    private readonly TokenProbability[] _top;
    private readonly int[] _rank;
    private readonly double[] _probability;

    private LogitLens(int points, int positions, int top, bool hasToken)
    {
        _top = new TokenProbability[checked(points * positions * top)];
        _rank = new int[hasToken ? points * positions : 0];
        _probability = new double[hasToken ? points * positions : 0];
    }

    /// <summary>The text.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>The points, from the first layer to the end.</summary>
    public required IReadOnlyList<LensPoint> Points { get; init; }

    /// <summary>The positions that were read.</summary>
    public required IReadOnlyList<int> Positions { get; init; }

    /// <summary>How many of the likeliest tokens are there for each point and position.</summary>
    public required int TopCount { get; init; }

    /// <summary>The token that was followed, or null.</summary>
    public required int? Token { get; init; }

    /// <summary>The likeliest tokens, the first one first.</summary>
    /// <param name="point">The index of the point.</param>
    /// <param name="position">The index in <see cref="Positions"/>.</param>
    public ReadOnlySpan<TokenProbability> Top(int point, int position) => _top.AsSpan(At(point, position) * TopCount, TopCount);

    /// <summary>How many tokens are likelier than <see cref="Token"/>, plus one.</summary>
    public int Rank(int point, int position) => _rank[At(point, position)];

    /// <summary>The probability of <see cref="Token"/>.</summary>
    public double Probability(int point, int position) => _probability[At(point, position)];

    /// <summary>The points that a model has.</summary>
    public static IReadOnlyList<LensPoint> PointsOf(ActivationCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var points = new List<LensPoint>();
        ActivationInfo? last = null;
        foreach (var info in catalog.All)
        {
            if (info.Local == ActivationNames.ResidPre) points.Add(new($"{info.Layer}_pre", info.Name, info.Layer));
            else if (info.Local == ActivationNames.ResidMid) points.Add(new($"{info.Layer}_mid", info.Name, info.Layer));
            else if (info.Local == ActivationNames.ResidPost) last = info;
        }
        points.Add(new("final_post", last!.Name, last.Layer));
        return points;
    }

    /// <summary>Reads the stream of a text at every point.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text.</param>
    /// <param name="token">A token whose rank and probability are wanted, or null.</param>
    /// <param name="top">How many of the likeliest tokens to keep for each point and position.</param>
    /// <param name="positions">Which positions; all by default.</param>
    /// <param name="points">Which points, of <see cref="PointsOf"/>; all by default. Each costs an unembedding of every position.</param>
    /// <param name="edits">Changes made while the text runs. Edits of the final norm or of logits act at every point.</param>
    /// <param name="progress">Told how far it is, from 0 to 1.</param>
    /// <param name="cancellation">Checked at every row of logits.</param>
    /// <exception cref="HeedException">There are no tokens, the token is not in the vocabulary, or no position or point is chosen.</exception>
    public static LogitLens Run(LanguageModel model, int[] tokens, int? token = null, int top = 1, Range? positions = null, IEnumerable<LensPoint>? points = null,
        IEnumerable<Edit>? edits = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        var config = model.Config;
        if (token is { } wanted && (uint)wanted >= (uint)config.VocabularySize) throw new HeedException($"Token {wanted} is not in the vocabulary, which has ids 0…{config.VocabularySize - 1}.");
        if (top < 1 || top > config.VocabularySize) throw new HeedException($"The {top} likeliest tokens cannot be kept; from 1 to {config.VocabularySize} can.");
        var range = PositionRange.Of(positions ?? Range.All, tokens.Length);
        LensPoint[] chosen = [.. points ?? PointsOf(model.Transformer.Activations)];
        if (chosen.Length == 0) throw new HeedException("The lens reads the stream at no point; choose one at least (LogitLens.PointsOf lists them).");
        cancellation.ThrowIfCancellationRequested();
        Edit[] all = [.. edits ?? []];
        var trace = model.Trace(tokens, new Trace(new() { Names = [.. chosen.Select(p => p.Activation)], Positions = range.First..range.End }), all);
        var lens = new LogitLens(chosen.Length, range.Count, top, token is not null)
        {
            Tokens = tokens,
            Points = chosen,
            Positions = [.. Enumerable.Range(range.First, range.Count)],
            TopCount = top,
            Token = token,
        };
        lens.Read(model, trace, LastRows.Edits(model, all), progress, cancellation);
        return lens;
    }

    /// <summary>Runs the model's end on every point's rows.</summary>
    private void Read(LanguageModel model, Trace trace, Edit[] edits, IProgress<double>? progress, CancellationToken cancellation)
    {
        int[] tokens = [.. Positions.Select(p => Tokens[p])];
        var together = Math.Max(1, MaxRows / tokens.Length);
        var done = 0;
        for (var first = 0; first < Points.Count; first += together)
        {
            var runs = new SequenceRun[Math.Min(together, Points.Count - first)];
            for (var i = 0; i < runs.Length; i++)
            {
                var point = first + i;
                runs[i] = LastRows.Run(model, trace[Points[point].Activation], tokens, edits, (row, logits) =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    Take(At(point, row), logits);
                    progress?.Report(++done / ((double)Points.Count * tokens.Length));
                });
            }
            model.Transformer.Forward(runs);
        }
    }

    /// <summary>Reduces a row of logits to what is kept of it.</summary>
    private void Take(int at, ReadOnlySpan<float> logits)
    {
        var best = _top.AsSpan(at * TopCount, TopCount);
        best.Fill(new(-1, double.NegativeInfinity));
        for (var t = 0; t < logits.Length; t++)
        {
            if (!(logits[t] > best[^1].Probability)) continue;
            var place = best.Length - 1;
            for (; place > 0 && logits[t] > best[place - 1].Probability; place--) best[place] = best[place - 1];
            best[place] = new(t, logits[t]);
        }
        // −ln p of one token gives the sum that all of them share.
        var sum = LanguageModel.TokenLoss(logits, best[0].Token) + logits[best[0].Token];
        foreach (ref var entry in best) entry = entry with { Probability = Math.Exp(entry.Probability - sum) };
        if (Token is not { } token) return;
        var rank = 1;
        for (var t = 0; t < logits.Length; t++)
            if (logits[t] > logits[token] || (logits[t] == logits[token] && t < token)) rank++;
        (_rank[at], _probability[at]) = (rank, Math.Exp(logits[token] - sum));
    }

    private int At(int point, int position)
    {
        if ((uint)point >= (uint)Points.Count) throw new HeedException($"The lens has points 0…{Points.Count - 1}, not {point}.");
        if ((uint)position >= (uint)Positions.Count) throw new HeedException($"The lens has {Positions.Count} positions, not one at {position}.");
        return point * Positions.Count + position;
    }
}
