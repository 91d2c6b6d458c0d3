using System.Globalization;
using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>Where the difference between two texts lives.</summary>
public static class PatchingFigures
{
    /// <summary>The share of the difference that each patch brings back: layers upwards, positions or heads along.</summary>
    /// <param name="result">The patches.</param>
    /// <param name="tokenizer">For the texts of the answers.</param>
    /// <param name="corrupt">The texts of the corrupted text's tokens.</param>
    /// <exception cref="HeedException">Both texts have the same difference.</exception>
    public static Figure Of(Patching result, Tokenizer tokenizer, IReadOnlyList<string> corrupt)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(corrupt);
        var kind = result.Options.Kind;
        var (values, columns) = LayerRows.Of(result.Normalized);
        return HeatMap.Of(values, FigureAxis.Layers(result.Difference.Count),
            Patching.IsByPosition(kind) ? FigureAxis.Tokens(corrupt) : result.Axis == "head" ? FigureAxis.Heads(columns) : FigureAxis.Named("key–value head", [.. Enumerable.Range(0, columns).Select(i => $"KV{i}")]), new()
            {
                Title = $"Where the difference lives: {Patching.Meaning(kind)}",
                Caption = $"{AnswerTokens.Logit(tokenizer, result.Answer, result.Wrong)}, with this one carried over from the clean text: 0 as after the corrupted text ({Text(result.CorruptDifference)}), 1 as after the clean one ({Text(result.CleanDifference)}).",
                KeyPrefix = Patching.Word(kind),
                Measure = "share of the difference",
                FirstRowAtBottom = true,
            });
    }

    private static string Text(double value) => value.ToString("+0.00;−0.00;0", CultureInfo.InvariantCulture);
}
