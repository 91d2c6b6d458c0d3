namespace Heed.Cli.Rendering;

/// <summary>What a mark or a word stands for. Colour means nothing else, on any surface of Heed.</summary>
internal enum Role
{
    /// <summary>Weights and text, in the terminal's own colour.</summary>
    Ink,
    /// <summary>Titles and what is picked out.</summary>
    Strong,
    /// <summary>What explains, and what is less.</summary>
    Mute,
    /// <summary>Tokens that look; numbers above zero.</summary>
    Query,
    /// <summary>Tokens looked at; numbers below zero.</summary>
    Key,
    /// <summary>Value vectors and their sum.</summary>
    Value,
    /// <summary>ΔE and everything written to the residual stream.</summary>
    Change,
    /// <summary>What may not be seen.</summary>
    Masked,
    /// <summary>Ink with a number cut out of it.</summary>
    Reversed,
}

/// <summary>How many colours a terminal shows.</summary>
internal enum ColorDepth { None, Indexed, True }

/// <summary>The escape sequences of the roles.</summary>
/// <remarks>
/// A terminal does not say whether its ground is dark or light. Each colour is the design's hue at the one luminance (0.18)
/// whose contrast is the same, 4.5:1, against black and against white.
/// </remarks>
internal static class Palette
{
    /// <summary>Back to the terminal's own.</summary>
    public const string Reset = "\e[0m";

    /// <summary>What switches to a role, or empty where it is the terminal's own.</summary>
    public static string Start(Role role, ColorDepth depth) => (role, depth) switch
    {
        (_, ColorDepth.None) or (Role.Ink, _) => "",
        (Role.Strong, _) => "\e[1m",
        (Role.Reversed, _) => "\e[1;7m",
        (Role.Mute, ColorDepth.True) => "\e[38;2;110;118;132m",
        (Role.Mute, _) => "\e[38;5;243m",
        (Role.Query, ColorDepth.True) => "\e[38;2;12;121;200m",
        (Role.Query, _) => "\e[38;5;32m",
        (Role.Key, ColorDepth.True) => "\e[38;2;192;86;12m",
        (Role.Key, _) => "\e[38;5;130m",
        (Role.Value, ColorDepth.True) => "\e[38;2;10;134;96m",
        (Role.Value, _) => "\e[38;5;29m",
        (Role.Change, ColorDepth.True) => "\e[38;2;183;77;159m",
        (Role.Change, _) => "\e[38;5;133m",
        (Role.Masked, ColorDepth.True) => "\e[38;2;128;128;128;2m",
        _ => "\e[38;5;244;2m",
    };
}
