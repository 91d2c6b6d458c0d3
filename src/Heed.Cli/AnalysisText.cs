using Heed.Cli.Rendering;
using Heed.Tokenization;

namespace Heed.Cli;

/// <summary>A text and its tokens, opened with a model: what analyses of one text start with.</summary>
/// <param name="Model">The model, with float32 activations.</param>
/// <param name="Text">The text.</param>
/// <param name="Encoding">Its tokens.</param>
internal sealed record AnalysisText(LanguageModel Model, string Text, Encoding Encoding)
{
    /// <summary>The tokens' ids.</summary>
    public int[] Tokens => Encoding.Ids;

    /// <summary>Each token's piece of the text.</summary>
    public string[] Texts { get; } = TokenTexts.Of(Text, Encoding);

    /// <summary>Encodes a text; an empty one or one longer than the context is an error.</summary>
    public static AnalysisText Of(LanguageModel model, string text, string example)
    {
        if (text.Length == 0) throw new UsageException($"The text is empty. Try: {example}");
        var encoding = model.Tokenizer.Encode(text);
        if (encoding.Count > model.Config.ContextLength)
            throw new HeedException($"The text has {encoding.Count} tokens, and the model's context holds {model.Config.ContextLength}. Shorten it.");
        return new(model, text, encoding);
    }

    /// <summary>A position given as N, or −N from the end.</summary>
    public int Position(int given, string option)
    {
        var at = given < 0 ? Tokens.Length + given : given;
        return (uint)at < (uint)Tokens.Length ? at
            : throw new UsageException($"{option} is {given}; the text has positions 0 to {Tokens.Length - 1}: {Numbered(12)}.");
    }

    /// <summary>The one token that an option names.</summary>
    public int Token(string text, string option) => UsageException.Checked(() => AnswerTokens.Parse(Model.Tokenizer, text, option));

    /// <summary>Positions given as FIRST..LAST, both included; either may be left out, and −N counts from the end.</summary>
    public (int First, int End) Positions(string? range, string option) => ParsePositions(range, Tokens.Length, option);

    /// <summary>The same for a text of so many tokens.</summary>
    public static (int First, int End) ParsePositions(string? range, int count, string option)
    {
        if (range is null) return (0, count);
        var ends = range.Split("..");
        var (first, last) = (0, count - 1);
        if (ends.Length > 2 || !Read(ends[0], ref first) || (ends.Length == 2 && !Read(ends[1], ref last)))
            throw new UsageException($"{option} is '{range}'; write FIRST..LAST, for example 0..{count - 1}, or one position.");
        if (ends.Length == 1) last = first;
        if (first < 0 || last >= count || first > last) throw new UsageException($"{option} is '{range}'; the text has positions 0 to {count - 1}.");
        return (first, last + 1);

        bool Read(string end, ref int value)
        {
            if (end.Length == 0) return ends.Length == 2;
            if (!int.TryParse(end, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var given)) return false;
            value = given < 0 ? count + given : given;
            return true;
        }
    }

    /// <summary>The first tokens with their positions, for messages: 0 The · 1 cat · ….</summary>
    public string Numbered(int most)
        => string.Join(" · ", Texts.Take(most).Select((t, i) => $"{i} {TokenLabel.Short(t, 16)}")) + (Texts.Length > most ? " · …" : "");

    /// <summary>A token of the vocabulary as it is written in tables.</summary>
    public string Label(int token, int cells = 20) => TokenLabel.Short(AnswerTokens.Text(Model.Tokenizer, token), cells);

    /// <summary>A token of the vocabulary between quotes, its spaces visible.</summary>
    public string Quoted(int token) => $"“{TokenLabel.Visible(AnswerTokens.Text(Model.Tokenizer, token))}”";

    /// <summary>The model's name and the text's tokens, at the top of a page.</summary>
    public IEnumerable<StyledLine> Heading(int width)
    {
        yield return StyledLine.Of(ModelPlace.NameOf(Model.Path), Role.Strong).Add($" · {Tokens.Length} token{(Tokens.Length == 1 ? "" : "s")}", Role.Mute);
        var line = new StyledLine();
        for (var i = 0; i < Texts.Length; i++)
        {
            var label = $"{TokenLabel.Short(Texts[i], 20)} ";
            if (line.Width > 0 && line.Width + CellWidth.Of(label) > width)
            {
                yield return line;
                line = new();
            }
            line.Add(label, Role.Query);
        }
        yield return line;
    }

    /// <summary>The members that every analysis has in its JSON.</summary>
    public void WriteJson(System.Text.Json.Utf8JsonWriter json)
    {
        json.WriteString("model", Model.Path);
        json.WriteString("text", Text);
        json.WriteStartArray("tokens");
        for (var i = 0; i < Tokens.Length; i++) WriteToken(json, Tokens[i], Texts[i]);
        json.WriteEndArray();
    }

    /// <summary>A token of the vocabulary as a member.</summary>
    public void WriteToken(System.Text.Json.Utf8JsonWriter json, string name, int token)
    {
        json.WritePropertyName(name);
        WriteToken(json, token, AnswerTokens.Text(Model.Tokenizer, token));
    }

    private static void WriteToken(System.Text.Json.Utf8JsonWriter json, int id, string text)
    {
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteString("text", text);
        json.WriteEndObject();
    }
}
