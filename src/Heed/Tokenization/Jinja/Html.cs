using System.Net;

namespace Heed.Tokenization.Jinja;

/// <summary>Removing tags and resolving entities, for <c>striptags</c>.</summary>
internal static class Html
{
    public static string StripTags(Budget budget, string text)
    {
        text = Without(text, "<!--", "-->");
        text = Without(text, "<", ">");
        return Unescape(string.Join(' ', Splitting.Split(budget, text, null, -1, false)));
    }

    public static string Unescape(string text) => WebUtility.HtmlDecode(text);

    /// <summary>Cuts everything from an opening mark to the next closing one; an opening without closing ends the search.</summary>
    private static string Without(string text, string open, string close)
    {
        var result = new System.Text.StringBuilder(text.Length);
        var at = 0;
        while (text.IndexOf(open, at, StringComparison.Ordinal) is var start && start >= 0
            && text.IndexOf(close, start, StringComparison.Ordinal) is var end && end >= 0)
        {
            result.Append(text, at, start - at);
            at = end + close.Length;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }
}
