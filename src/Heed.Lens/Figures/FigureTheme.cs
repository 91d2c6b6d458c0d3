using System.Text;

namespace Heed.Lens.Figures;

/// <summary>What a mark stands for; its colour follows from it, and colour means nothing else.</summary>
internal enum FigureRole
{
    /// <summary>Weights, text.</summary>
    Ink,
    /// <summary>What explains, and what is less.</summary>
    Mute,
    /// <summary>Rules and the ground of bars.</summary>
    Line,
    /// <summary>The ground; text on a strong mark.</summary>
    Paper,
    /// <summary>Tokens that look; numbers above zero.</summary>
    Query,
    /// <summary>Tokens looked at; numbers below zero; what is picked out.</summary>
    Key,
    /// <summary>Value vectors and their sum.</summary>
    Value,
    /// <summary>ΔE and everything written to the residual stream.</summary>
    Change,
    /// <summary>What may not be seen.</summary>
    Masked,
    /// <summary>Text on a mark whose colour is weak, middling, strong: see <see cref="FigureTheme.OnMark"/>.</summary>
    OnWeak, OnMiddling, OnStrong,
}

/// <summary>The colours of the roles, light and dark, as one style sheet.</summary>
/// <remarks>
/// Each rule says its light colour first and then the custom property: viewers that know no properties (librsvg, office programs) keep
/// the first. The properties have no weight of their own (:where), so that a page's <c>svg.heed { --hq: … }</c> wins. Every colour
/// has a contrast of at least 4.5:1 against its paper where it is used for text, and the paper's on it.
/// </remarks>
internal static class FigureTheme
{
    private static readonly (FigureRole Role, char Letter, string Light, string Dark)[] s_roles =
    [
        (FigureRole.Ink, 'i', "#1d2330", "#e9e6df"),
        (FigureRole.Mute, 'm', "#667085", "#9aa4b5"),
        (FigureRole.Line, 'l', "#e4e0d6", "#343b48"),
        (FigureRole.Paper, 'g', "#fbfaf7", "#14171d"),
        (FigureRole.Query, 'q', "#0b6fb8", "#5cb0ee"),
        (FigureRole.Key, 'k', "#b04d07", "#f19250"),
        (FigureRole.Value, 'v', "#0a7a58", "#3ecb9a"),
        (FigureRole.Change, 'd', "#9b3f86", "#dc93cc"),
        (FigureRole.Masked, 'x', "#efece4", "#222731"),
        (FigureRole.OnWeak, 'a', "#1d2330", "#ffffff"),
        (FigureRole.OnMiddling, 'b', "#000000", "#000000"),
        (FigureRole.OnStrong, 'c', "#ffffff", "#000000"),
    ];

    /// <summary>The font stack.</summary>
    public const string Font = "Inter, 'Noto Sans', system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

    /// <summary>The style sheet that every figure carries.</summary>
    public static string Style { get; } = Write();

    /// <summary>The class that fills with a role's colour.</summary>
    public static string Fill(FigureRole role) => s_roles[(int)role].Letter.ToString();

    /// <summary>The class that strokes with a role's colour and does not fill.</summary>
    public static string Stroke(FigureRole role) => "s" + s_roles[(int)role].Letter;

    /// <summary>A role's colour on light paper.</summary>
    public static string Light(FigureRole role) => s_roles[(int)role].Light;

    /// <summary>A role's colour on dark paper.</summary>
    public static string Dark(FigureRole role) => s_roles[(int)role].Dark;

    /// <summary>The role of text on a mark of a query's or a key's colour: readable (4.5:1) on light paper and on dark, however strong the mark is.</summary>
    /// <param name="strength">The mark's opacity, 0 to 1.</param>
    public static FigureRole OnMark(double strength) => strength <= 0.65 ? FigureRole.OnWeak : strength <= 0.92 ? FigureRole.OnMiddling : FigureRole.OnStrong;

    private static string Write()
    {
        var style = new StringBuilder();
        var dark = string.Concat(s_roles.Select(r => $"--h{r.Letter}:{r.Dark};"));
        var light = string.Concat(s_roles.Select(r => $"--h{r.Letter}:{r.Light};"));
        foreach (var (_, letter, color, _) in s_roles)
            style.Append($".heed .{letter}{{fill:{color};fill:var(--h{letter},{color})}}.heed .s{letter}{{fill:none;stroke:{color};stroke:var(--h{letter},{color})}}\n");
        style.Append($":where(svg.heed){{{light}}}\n");
        style.Append($"@media (prefers-color-scheme:dark){{:where(svg.heed){{{dark}}}}}\n");
        style.Append($":where([data-theme=light] svg.heed,svg.heed[data-theme=light]){{{light}}}\n");
        style.Append($":where([data-theme=dark] svg.heed,svg.heed[data-theme=dark]){{{dark}}}");
        return style.ToString();
    }
}
