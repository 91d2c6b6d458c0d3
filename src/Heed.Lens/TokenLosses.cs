namespace Heed.Lens;

/// <summary>How well a model foresaw one token of a text.</summary>
/// <param name="Position">The token's position, from 1: nothing foresees the first.</param>
/// <param name="Loss">−ln p of the token, after all before it.</param>
/// <param name="Likeliest">The token that the model held likeliest there.</param>
/// <param name="Rank">How many tokens it held likelier than the true one, plus one.</param>
public sealed record TokenLoss(int Position, double Loss, int Likeliest, int Rank)
{
    /// <summary>The probability that the model gave to the token.</summary>
    public double Probability => Math.Exp(-Loss);
}

/// <summary>What every position of a text predicts of its next token, in one pass: one text is as many examples as it has tokens to foresee.</summary>
/// <param name="Tokens">The text.</param>
/// <param name="Losses">Of every token but the first.</param>
public sealed record TokenLosses(IReadOnlyList<int> Tokens, IReadOnlyList<TokenLoss> Losses)
{
    /// <summary>The cost that training lowers: the mean of −ln p.</summary>
    public double Mean => Losses.Average(l => l.Loss);

    /// <summary>Runs the text once.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text, two tokens at least.</param>
    /// <param name="edits">Changes made while it runs.</param>
    /// <param name="from">A run's stream at one point, such as the last layer's <c>hook_resid_post</c>, to begin from; null: from the tokens.</param>
    /// <param name="cancellation">Checked at every row of logits.</param>
    /// <exception cref="HeedException">There is only one token: nothing follows it.</exception>
    public static TokenLosses Run(LanguageModel model, int[] tokens, IEnumerable<Tracing.Edit>? edits = null, Tracing.Activation? from = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.Length < 2) throw new HeedException($"The text has {tokens.Length} token{(tokens.Length == 1 ? "" : "s")}; a loss needs two: one to read, one to foresee.");
        var losses = new TokenLoss[tokens.Length - 1];
        model.Transformer.Forward(new SequenceRun
        {
            Tokens = tokens,
            From = from,
            // What is looked at is computed in float32: something after the layers is.
            Trace = Tracing.Trace.Of(model.Transformer.Activations.All.First(a => a.Layer == model.Config.Layers.Count).Name),
            Edits = [.. edits ?? []],
            Rows = LogitRows.All,
            Handler = (position, logits) =>
            {
                cancellation.ThrowIfCancellationRequested();
                if (position + 1 == tokens.Length) return;
                var next = tokens[position + 1];
                var (best, rank) = (0, 1);
                for (var t = 0; t < logits.Length; t++)
                {
                    if (logits[t] > logits[best]) best = t;
                    if (logits[t] > logits[next] || (logits[t] == logits[next] && t < next)) rank++;
                }
                losses[position] = new(position + 1, LanguageModel.TokenLoss(logits, next), best, rank);
            },
        });
        return new(tokens, losses);
    }
}
