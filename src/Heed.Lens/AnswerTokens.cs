using System.Globalization;
using Heed.Lens.Figures;
using Heed.Tokenization;

namespace Heed.Lens;

/// <summary>The one token that a text such as " Paris" stands for: answers are compared by the logit of a single token.</summary>
public static class AnswerTokens
{
    /// <summary>The token of a text as it is written, the space before a word included; <c>id:123</c> names a token by its number.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="text">The text.</param>
    /// <param name="what">What it is, for messages: "answer", "--wrong".</param>
    /// <exception cref="HeedException">It is empty, is no token's number, or is several tokens; the message says which.</exception>
    public static int Parse(Tokenizer tokenizer, string text, string what = "answer")
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith("id:", StringComparison.Ordinal) && int.TryParse(text.AsSpan(3), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
        {
            return (uint)id < (uint)tokenizer.VocabularySize ? id
                : throw new HeedException($"The {what} is \"{text}\"; the vocabulary has tokens 0…{tokenizer.VocabularySize - 1}.");
        }
        if (text.Length == 0) throw new HeedException($"The {what} is empty; give the text of one token, such as \" Paris\".");
        var ids = tokenizer.Encode(text, addSpecialTokens: false).Ids;
        if (ids.Length == 1) return ids[0];
        var pieces = string.Join(" · ", ids.Select(i => $"\"{Text(tokenizer, i)}\""));
        throw new HeedException($"The {what} \"{text}\" is {ids.Length} tokens ({pieces}); a logit belongs to one.{Advice(tokenizer, text, ids)}");
    }

    /// <summary>A token as text, its own spaces kept. Bytes that are no whole character are named: ⟨F0 9F⟩.</summary>
    public static string Text(Tokenizer tokenizer, int id)
    {
        var text = Decoded(tokenizer, id);
        return text.Contains('\uFFFD') ? TokenLabel.OfBytes(tokenizer.TokenBytes(id)) : text;
    }

    /// <summary>The same with � for what is no whole character.</summary>
    internal static string Decoded(Tokenizer tokenizer, int id)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var text = tokenizer.Decode([id]);
        // A space that a decoder drops at the start, and what decodes to nothing, is written as the vocabulary does.
        var token = tokenizer.TokenText(id);
        return text.Length == 0 ? token : token[0] is '▁' && text[0] != ' ' ? " " + text : text;
    }

    /// <summary>A logit as titles call it: logit(“·Mary”), or logit(“·Mary”) − logit(“·John”).</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="answer">The token.</param>
    /// <param name="wrong">The token whose logit is subtracted, or null.</param>
    public static string Logit(Tokenizer tokenizer, int answer, int? wrong = null)
        => $"logit(“{Svg.Isolate(TokenLabel.Visible(Text(tokenizer, answer)))}”)" + (wrong is { } other ? $" − {Logit(tokenizer, other)}" : "");

    private static string Advice(Tokenizer tokenizer, string text, int[] ids)
    {
        var other = text[0] == ' ' ? text.TrimStart() : " " + text;
        if (other.Length > 0 && tokenizer.Encode(other, addSpecialTokens: false).Ids is [_])
            return $" \"{other}\", {(text[0] == ' ' ? "without" : "with")} a space before it, is one.";
        return ids.Length == 0 ? "" : $" Give its first one, \"{Text(tokenizer, ids[0])}\", or another word.";
    }
}
