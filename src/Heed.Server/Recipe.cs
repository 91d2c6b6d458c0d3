using System.Globalization;
using System.Text;

namespace Heed.Server;

/// <summary>How an answer is made without the lab: a command as a shell takes it, and C# that compiles.</summary>
/// <param name="Command">The command.</param>
/// <param name="Code">The C#: the tool's model is <c>model</c>, what is made is <c>figure</c>.</param>
internal sealed record Recipe(string Command, string Code)
{
    /// <summary>What <see cref="OfText"/>'s expression adds to a call so that the text's edits are made, too; empty where there are none.</summary>
    public static string EditsOf(LabRun run) => run.Edits.Length > 0 ? ", edits: edits" : "";

    /// <summary>The same for a command.</summary>
    public static string EditOptions(LabRun run) => string.Concat(run.Sentence.Edits.Select(e => $" --edit {Quoted(e)}"));

    /// <summary>Of a figure of a text's run.</summary>
    /// <param name="model">The model that was asked.</param>
    /// <param name="run">The run.</param>
    /// <param name="command">The tool's command and its options, without text, edits and model.</param>
    /// <param name="expression">What makes the figure; it may use <c>model</c>, <c>text</c>, <c>tokens</c> (ids), <c>texts</c> and, where there are any, <c>edits</c>.</param>
    public static Recipe OfText(LabModel model, LabRun run, string command, string expression)
    {
        // What the model wrote token by token, the tokenizer may cut otherwise: a command takes a text.
        var isSame = run.Sentence.After.Count == 0 || model.Model.Tokenizer.Encode(run.Text, addSpecialTokens: !run.Sentence.IsPrompt).Ids.AsSpan().SequenceEqual(run.Tokens);
        return new($"{(isSame ? "" : "# The tokenizer cuts this text into other tokens than the model wrote; the C# keeps those.\n")}heed {command}{EditOptions(run)}{model.Option} {Last(run.Text)}", CodeOf(run, expression));
    }

    /// <summary>The C# of a figure of a text's run; see <see cref="OfText"/>.</summary>
    public static string CodeOf(LabRun run, string expression)
    {
        var (asked, after) = (run.Sentence, run.Sentence.After);
        var code = new StringBuilder($"var text = {Literal(asked.Text)};\nvar encoding = model.Tokenizer.Encode(text{(asked.IsPrompt ? ", addSpecialTokens: false" : "")});\n");
        code.Append(after.Count == 0 ? "var (tokens, texts) = (encoding.Ids, TokenTexts.Of(text, encoding));\n" : $"""
            int[] after = [{string.Join(", ", after.Select(N))}], tokens = [.. encoding.Ids, .. after];
            string[] texts = [.. TokenTexts.Of(text, encoding), .. TokenTexts.After(model.Tokenizer, encoding.Ids, after).Pieces];

            """);
        if (run.Edits.Length > 0) code.Append(CultureInfo.InvariantCulture, $"Edit[] edits = [{string.Join(", ", run.Sentence.Edits.Select(e => $"EditText.Parse({Literal(e)}, model, tokens)"))}];\n");
        return code.Append(CultureInfo.InvariantCulture, $"var figure = {expression};").ToString();
    }

    /// <summary>Of a figure that needs no text's run.</summary>
    public static Recipe OfModel(LabModel model, string command, string expression) => new($"heed {command}{model.Option}", $"var figure = {expression};");

    /// <summary>A number as a program writes it.</summary>
    public static string N(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A text as a shell takes it after an = or a --, whatever it contains.</summary>
    public static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>The same as a command's last argument, where it could be taken for an option.</summary>
    public static string Last(string text) => (text.StartsWith('-') ? "-- " : "") + Quoted(text);

    /// <summary>A text as C# writes it.</summary>
    public static string Literal(string text)
    {
        var literal = new StringBuilder("\"");
        foreach (var c in text)
        {
            literal.Append(c switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\n' => "\\n",
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }
        return literal.Append('"').ToString();
    }
}
