using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;
using Heed.Tokenization;

namespace Heed.Cli.Commands;

/// <summary>heed tokenize: a text's tokens, or the text of tokens.</summary>
internal static class TokenizeCommand
{
    private const string Example = "heed tokenize \"a fluffy blue creature\"";

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var text = TextArgument.Create("text", "The text; - reads it from standard input. With --decode: the ids.");
        var decode = new Option<bool>("--decode", "-d") { Description = "The other way round: ids, separated by spaces or commas, become text." };
        var ids = new Option<bool>("--ids") { Description = "Only the ids, on one line." };
        var plain = new Option<bool>("--no-special") { Description = "Without the tokens that the tokenizer adds around a text; with --decode: without special tokens." };
        var json = new Option<bool>("--json") { Description = "Ids, tokens and offsets (in Unicode code points) as one line of JSON." };
        var figures = new FigureOptions();
        var command = new ToolCommand("tokenize", "See the tokens of a text.")
        {
            Examples =
            [
                (Example, "each token with its id and its place"),
                ("heed tokenize --ids - < book.txt", "ids for a program"),
                ("heed tokenize --decode 81 33391 4461", "the text of ids"),
            ],
        };
        command.Arguments.Add(text);
        command.Options.Add(model.Model);
        foreach (var option in new Option[] { decode, ids, plain, json }) command.Options.Add(option);
        figures.AddTo(command);
        command.SetAction(parsed =>
        {
            var words = TextArgument.Read(parsed, text, terminal, Example);
            if (parsed.GetValue(decode) && figures.AreGiven(parsed)) throw new UsageException("--svg and --html draw the tokens of a text; leave out --decode.");
            Tokenizer tokenizer;
            var path = ModelPlace.Find(parsed.GetValue(model.Model));
            using (new Progress(terminal, $"Opening {path}"))
                tokenizer = Tokenizer.Load(path);
            if (parsed.GetValue(decode))
            {
                var decoded = tokenizer.Decode(ParseIds(words, tokenizer), parsed.GetValue(plain));
                if (parsed.GetValue(json)) Json.WriteLine(terminal.Out, w => w.WriteString("text", decoded));
                else terminal.Out.WriteLine(terminal.IsInteractive ? SafeText.ForTerminal(decoded) : decoded);
                return ExitCode.Success;
            }
            var encoding = tokenizer.Encode(words, !parsed.GetValue(plain));
            if (parsed.GetValue(json)) WriteJson(terminal.Out, encoding);
            else if (parsed.GetValue(ids)) terminal.Out.WriteLine(string.Join(' ', encoding.Ids.Select(i => i.ToString(CultureInfo.InvariantCulture))));
            else terminal.Write(Table(words, encoding));
            figures.Write(parsed, terminal, () => TokenTable.Of(encoding.Ids, TokenTexts.Of(words, encoding)));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<StyledLine> Table(string text, Encoding encoding)
    {
        var texts = TokenTexts.Of(text, encoding);
        var width = encoding.Count == 0 ? 1 : encoding.Ids.Max().ToString(CultureInfo.InvariantCulture).Length;
        for (var i = 0; i < encoding.Count; i++)
        {
            var id = encoding.Ids[i].ToString(CultureInfo.InvariantCulture);
            var (start, end) = encoding.Offsets[i];
            yield return new StyledLine().PadTo(width - id.Length).Add(id, Role.Mute).PadTo(width + 2)
                .Add(TokenLabel.Visible(texts[i]), encoding.IsAdded[i] ? Role.Mute : Role.Ink).PadTo(width + 22).Add("  ")
                .Add(encoding.IsAdded[i] ? "added" : $"{start}–{end}", Role.Mute);
        }
        yield return StyledLine.Of($"{encoding.Count} token{(encoding.Count == 1 ? "" : "s")}", Role.Mute);
    }

    private static void WriteJson(TextWriter output, Encoding encoding) => Json.WriteLine(output, json =>
    {
        json.WriteStartArray("ids");
        foreach (var id in encoding.Ids) json.WriteNumberValue(id);
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        foreach (var token in encoding.Tokens) json.WriteStringValue(token);
        json.WriteEndArray();
        json.WriteStartArray("offsets");
        foreach (var (start, end) in encoding.Offsets)
        {
            json.WriteStartArray();
            json.WriteNumberValue(start);
            json.WriteNumberValue(end);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    });

    private static int[] ParseIds(string text, Tokenizer tokenizer)
    {
        var ids = new List<int>();
        foreach (var word in text.Split([' ', ',', '\n', '\r', '\t', '[', ']'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw new UsageException($"'{word}' is no token id; ids are whole numbers separated by spaces or commas.");
            if (id >= tokenizer.VocabularySize)
                throw new HeedException($"Token {id} is not in the vocabulary, which has ids 0…{tokenizer.VocabularySize - 1}.");
            ids.Add(id);
        }
        return [.. ids];
    }
}
