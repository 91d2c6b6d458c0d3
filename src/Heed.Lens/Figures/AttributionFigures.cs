using Heed.Tokenization;

namespace Heed.Lens.Figures;

/// <summary>What wrote a logit difference.</summary>
public static class AttributionFigures
{
    /// <summary>Every part, as signed bars from zero with their running sum.</summary>
    /// <param name="attribution">The difference, split.</param>
    /// <param name="tokenizer">For the texts of the answers.</param>
    /// <param name="tokens">Each token's text.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure ByPart(DirectLogitAttribution attribution, Tokenizer tokenizer, IReadOnlyList<string> tokens, double? width = null)
    {
        ArgumentNullException.ThrowIfNull(attribution);
        ArgumentNullException.ThrowIfNull(tokens);
        var options = new AttributionBarsOptions
        {
            Title = $"What wrote {Difference(attribution, tokenizer)}",
            Caption = $"After “{TokenLabel.Short(tokens[attribution.Position], 20)}”. Each part is exact, with the final norm's scale fixed; together they are the difference.",
            TotalName = "the difference",
        };
        return AttributionBars.Of([.. attribution.Parts.Select(p => new AttributionPart(p.Source.ToString(), p.Source.Key, p.Value))], attribution.Difference, width is { } given ? options with { Width = given } : options);
    }

    /// <summary>What each layer wrote at the position, and what that did to the difference.</summary>
    /// <param name="attribution">The difference, split.</param>
    /// <param name="tokenizer">For the texts of the answers.</param>
    /// <param name="tokens">Each token's text.</param>
    public static Figure ByLayer(DirectLogitAttribution attribution, Tokenizer tokenizer, IReadOnlyList<string> tokens)
    {
        ArgumentNullException.ThrowIfNull(attribution);
        ArgumentNullException.ThrowIfNull(tokens);
        return ResidualStream.Of([.. attribution.Writes.Select(w => new ResidualWrite(w.Name, w.Key, w.Length, w.Value))], TokenLabel.Quoted(tokens, attribution.Position), Difference(attribution, tokenizer));
    }

    /// <summary>What is explained: logit(“·Mary”) − logit(“·John”), or − mean logit.</summary>
    /// <param name="attribution">The difference, split.</param>
    /// <param name="tokenizer">For the texts of the answers.</param>
    public static string Difference(DirectLogitAttribution attribution, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(attribution);
        return AnswerTokens.Logit(tokenizer, attribution.Answer, attribution.Wrong) + (attribution.Wrong is null ? " − mean logit" : "");
    }
}
