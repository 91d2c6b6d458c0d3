using System.Text;

namespace Heed.Cli.Rendering;

/// <summary>Text from a model on its way to a terminal: control characters, which could move the cursor or worse, are made visible.</summary>
internal static class SafeText
{
    /// <summary>The text with control characters other than newline and tab as pictures (␛).</summary>
    public static string ForTerminal(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\x1F') && !text.AsSpan().ContainsAnyInRange('\x7F', '\x9F')) return text;
        var safe = new StringBuilder(text.Length);
        foreach (var c in text)
            safe.Append(c switch { '\n' or '\t' => c, < ' ' => (char)(0x2400 + c), '\x7F' => '␡', > '\x7F' and <= '\x9F' => '�', _ => c });
        return safe.ToString();
    }
}
