using System.Globalization;
using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>What the model is like without each of its parts.</summary>
public static class AblationFigures
{
    /// <summary>Two passes that compute the same in another order differ by about this share in float32.</summary>
    private const double Rounding = 5e-6;

    /// <summary>The change of the loss: a cell for each head, layers upwards; or a column of MLPs or layers.</summary>
    /// <param name="ablation">The ablation, of a text of two tokens at least.</param>
    /// <exception cref="ArgumentException">The text is one token, which has no loss.</exception>
    public static Figure Loss(Ablation ablation)
    {
        ArgumentNullException.ThrowIfNull(ablation);
        if (ablation.Loss is not { } loss) throw new ArgumentException("The text is one token: nothing is predicted inside it, so there is no loss.");
        return Map(ablation, p => p.DeltaLoss!.Value, loss, "loss", $"Without each {Part(ablation)}: the change of the loss",
            $"The mean of −ln p over the text's tokens, in nats; the whole model's is {loss.ToString("0.00", CultureInfo.InvariantCulture)}. Blue: the text is predicted worse without it.");
    }

    /// <summary>The change of the answer's logit, or of the difference, at the end of the text.</summary>
    /// <param name="ablation">The ablation.</param>
    /// <param name="tokenizer">For the texts of the answers.</param>
    public static Figure Logit(Ablation ablation, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(ablation);
        return Map(ablation, p => p.DeltaLogit, ablation.Logit, "logit", $"Without each {Part(ablation)}: the change of {AnswerTokens.Logit(tokenizer, ablation.Answer, ablation.Options.Wrong)}",
            $"At the end of the text; the whole model has {ablation.Logit.ToString("+0.0000;−0.0000;0", CultureInfo.InvariantCulture)}. Orange, below zero: without it the logit is lower, so it speaks for the answer; blue: against it.");
    }

    /// <summary>What is removed: head, MLP or layer.</summary>
    /// <param name="ablation">The ablation.</param>
    public static string Part(Ablation ablation)
    {
        ArgumentNullException.ThrowIfNull(ablation);
        return ablation.Options.By switch { ComponentKind.Head => "head", ComponentKind.Mlp => "MLP", _ => "layer" };
    }

    private static Figure Map(Ablation ablation, Func<Ablated, double> of, double whole, string measure, string title, string caption)
    {
        IReadOnlyList<double>[] rows = [.. ablation.Parts.GroupBy(p => p.Component.Layer).Select(layer => layer.Select(of).ToArray())];
        var (values, columns) = LayerRows.Of(rows);
        return HeatMap.Of(values, FigureAxis.Layers(rows.Length), ablation.Options.By == ComponentKind.Head ? FigureAxis.Heads(columns) : FigureAxis.Named("", Part(ablation)), new()
        {
            Title = title,
            Caption = caption,
            KeyPrefix = measure,
            Measure = $"Δ {measure}",
            FirstRowAtBottom = true,
            Noise = Rounding * Math.Max(1, Math.Abs(whole)),
        });
    }
}
