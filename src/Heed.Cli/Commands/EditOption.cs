using System.CommandLine;
using System.Globalization;
using Heed.Cli.Rendering;
using Heed.Formats;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>--edit, for every command that runs a text: changes made while it runs, in the order given.</summary>
internal sealed class EditOption
{
    /// <summary>What can be written, for help.</summary>
    public const string Notes = """
        --edit takes WHAT:NAME and more after colons:
          zero:NAME  mean:NAME  scale:NAME:0.5
          add:NAME:VECTOR:factor=4   steers; VECTOR is embed=TOKEN, unembed=TOKEN (a token's
              direction) or a safetensors FILE (:tensor=T,row=N chooses in it)
          replace:NAME:FILE          from a trace that 'heed trace' wrote
          pattern:LAYER.HEAD:q-1     other attention: keys by q, q-1, 0, q-4..q-1, or a matrix in
              a .json FILE; rows are made to sum to 1 unless :renormalize=no
          knockout:LAYER.HEAD:query=4,key=2   hides a key; * for all heads, no query for all
          freeze:NORM                its scale stays as it is without the edits
        :head=3 chooses a head, :positions=2..5 or :positions=-1 where. Several --edit are made
        in their order; NAME may contain *. 'heed trace --list' names all. For example:
          --edit "add:blocks.12.hook_resid_post:embed= Paris:factor=8:positions=-1"
          --edit pattern:5.2:q-1:positions=1..
        """;

    private const string Forms = "See --help for the forms of each: zero:NAME, mean:NAME, scale:NAME:FACTOR, add:NAME:VECTOR, replace:NAME:FILE, pattern:LAYER.HEAD:KEYS, knockout:LAYER.HEAD:query=Q,key=K, freeze:NORM.";

    private static readonly string[] s_kinds = ["zero", "mean", "scale", "add", "replace", "pattern", "knockout", "freeze"];

    private static readonly string[] s_names = ["head", "positions", "query", "key", "factor", "tensor", "row", "renormalize"];

    private readonly Option<string[]> _option = new("--edit", "-e")
    {
        Description = "A change made while the text runs, such as zero:blocks.17.attn.hook_z:head=3. May be given several times.",
        HelpName = "EDIT",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>Adds it to a command.</summary>
    public void AddTo(Command command) => command.Options.Add(_option);

    /// <summary>The edits of the command line, as they were written.</summary>
    public string[] Given(ParseResult parsed) => parsed.GetValue(_option) ?? [];

    /// <summary>The edits of the command line for a text.</summary>
    public Edit[] Read(ParseResult parsed, LanguageModel model, int[] tokens) => [.. Given(parsed).Select(text => Parse(text, model, tokens))];

    /// <summary>What was changed, for a page: nothing is said where nothing was.</summary>
    public static IEnumerable<StyledLine> Said(IReadOnlyList<Edit> edits, int width)
        => edits.Count == 0 ? [] : StyledLine.Wrap($"With {(edits.Count == 1 ? "this edit" : $"these {edits.Count} edits")} in every run: {string.Join("; ", edits)}.", Math.Min(width, 76), Role.Change);

    /// <summary>The same as a member of JSON, as they were written.</summary>
    public static void WriteJson(System.Text.Json.Utf8JsonWriter json, string[] edits)
    {
        if (edits.Length == 0) return;
        json.WriteStartArray("edits");
        foreach (var edit in edits) json.WriteStringValue(edit);
        json.WriteEndArray();
    }

    /// <summary>One edit.</summary>
    internal static Edit Parse(string text, LanguageModel model, int[] tokens)
    {
        var parts = text.Split(':', 3);
        var kind = parts[0];
        if (!s_kinds.Contains(kind)) throw Wrong(text, $"\"{kind}\" is no edit; there are {string.Join(", ", s_kinds)}");
        if (parts.Length < 2 || parts[1].Length == 0) throw Wrong(text, "it names nothing to change");
        var name = parts[1];
        var rest = parts.Length > 2 ? parts[2] : "";
        var plain = new List<string>();
        var named = new Dictionary<string, string>();
        foreach (var part in rest.Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var pairs = part.Split(',');
            if (pairs.All(p => p.Split('=') is [var word, _] && s_names.Contains(word)))
            {
                foreach (var pair in pairs)
                    if (!named.TryAdd(pair.Split('=')[0], pair.Split('=')[1])) throw Wrong(text, $"{pair.Split('=')[0]} is given twice");
            }
            else
            {
                plain.Add(part);
            }
        }
        int? head = Take("head") is { } h ? Whole(text, "head", h) : null;
        Range? positions = null;
        if (Take("positions") is { } range)
        {
            var (first, end) = AnalysisText.ParsePositions(range, tokens.Length, $"positions of --edit {text}");
            positions = first..end;
        }
        var edit = kind switch
        {
            "zero" => Edit.Zero(name, head, positions),
            "mean" => Edit.Mean(name, head, positions),
            "scale" => Edit.Scale(name, Number("factor", Plain("factor")), head, positions),
            "add" => Edit.Add(name, Vector(), Take("factor") is { } factor ? Number("factor", factor) : 1, head, positions),
            "replace" => Edit.Replace(name, From(), head, positions),
            "pattern" => Pattern(),
            "knockout" => Knockout(),
            _ => Freeze(),
        };
        if (plain.Count > 0) throw Wrong(text, $"\"{plain[0]}\" means nothing here");
        if (named.Count > 0) throw Wrong(text, $"{named.Keys.First()} means nothing for {kind}");
        // Before anything runs, and with what there is instead.
        Fits(() => edit.Check(model.Transformer.Activations));
        return edit;

        void Fits(Action check)
        {
            try
            {
                check();
            }
            catch (HeedException e)
            {
                throw new UsageException($"--edit {text}: {e.Message}");
            }
        }

        string? Take(string key) => named.Remove(key, out var value) ? value : null;

        string Plain(string what)
        {
            if (plain.Count == 0) throw Wrong(text, $"it has no {what}");
            // A file's name may contain a colon.
            var value = string.Join(':', plain);
            plain.Clear();
            return value;
        }

        float Number(string what, string value)
            => float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number) ? number : throw Wrong(text, $"the {what} \"{value}\" is no number");

        float[] Vector()
        {
            var from = Plain("vector to add: embed=TOKEN, unembed=TOKEN or a safetensors file");
            if (from.StartsWith("embed=", StringComparison.Ordinal)) return Directions.VectorOf(model, new Word(from, [Token(from[6..])]));
            if (from.StartsWith("unembed=", StringComparison.Ordinal)) return Directions.UnembeddingOf(model, Token(from[8..]));
            using var file = SafetensorsFile.Open(from);
            var all = string.Join(", ", file.Tensors.Take(20).Select(t => $"{t.Name} {t.ShapeText}")) + (file.Tensors.Count > 20 ? ", …" : "");
            var tensor = Take("tensor") is { } chosen ? file.Find(chosen) ?? throw Wrong(text, $"{from} has no tensor \"{chosen}\"; it has {all}")
                : file.Find(name) ?? (file.Tensors.Count == 1 ? file.Tensors.Single() : throw Wrong(text, $"{from} has several tensors, and none is called {name}; choose one with :tensor= from {all}"));
            if (tensor.Shape.Count is not (1 or 2)) throw Wrong(text, $"{tensor.Name} of {from} is {tensor.ShapeText}; a vector or rows of vectors are needed");
            var width = checked((int)tensor.Shape[^1]);
            var rows = tensor.Shape.Count == 1 ? 1 : checked((int)tensor.Shape[0]);
            var row = Take("row") is { } given ? Whole(text, "row", given) : rows == 1 ? 0 : throw Wrong(text, $"{tensor.Name} of {from} has {rows} rows; choose one with :row=0 to :row={rows - 1}");
            if (row >= rows) throw Wrong(text, $"{tensor.Name} of {from} has rows 0 to {rows - 1}, not {row}");
            return tensor.ToFloats()[(row * width)..((row + 1) * width)];
        }

        int Token(string word)
        {
            var token = 0;
            Fits(() => token = AnswerTokens.Parse(model.Tokenizer, word, "token"));
            return token;
        }

        Edit Pattern()
        {
            if (head is not null) throw Wrong(text, "a pattern names its head as LAYER.HEAD");
            var (layer, chosen) = HeadPlace();
            var drawn = Plain("keys that each query looks at, or .json file of a matrix") is var keys && keys.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
                ? DrawnPattern.FromJson(Path.GetFileName(keys), File.ReadAllText(keys)) : Drawn(keys);
            var renormalize = (Take("renormalize") ?? "yes") switch { "yes" => true, "no" => false, var other => throw Wrong(text, $"renormalize is yes or no, not \"{other}\"") };
            if (drawn.Length is { } length && length != tokens.Length) throw Wrong(text, $"its matrix is for {length} tokens; the text has {tokens.Length}");
            var weights = new float[tokens.Length, tokens.Length];
            var (from, count) = (positions ?? Range.All).GetOffsetAndLength(tokens.Length);
            for (var q = from; q < from + count; q++)
            {
                var row = new float[q + 1];
                if (!drawn.Row(tokens, q, row) && renormalize) throw Wrong(text, $"it leaves query {q} no key to look at; choose other queries with :positions=FIRST..LAST");
                for (var k = 0; k <= q; k++) weights[q, k] = row[k];
            }
            return Edit.Pattern(layer, chosen ?? throw Wrong(text, "a pattern is for one head; name it as LAYER.HEAD"), weights, renormalize, positions);
        }

        DrawnPattern Drawn(string keys)
        {
            var pattern = DrawnPattern.Self;
            Fits(() => pattern = DrawnPattern.Parse(keys));
            return pattern;
        }

        Activation From()
        {
            var file = Plain("file to take it from");
            if (name.Contains('*')) throw Wrong(text, "one activation at a time can be replaced");
            return Trace.Load(file)[name];
        }

        Edit Knockout()
        {
            if (head is not null || positions is not null) throw Wrong(text, "a knockout names its head as LAYER.HEAD and its place as query and key");
            var (layer, chosen) = HeadPlace();
            var key = Take("key") ?? throw Wrong(text, "it does not say which key is hidden");
            var query = Take("query");
            return Edit.Knockout(layer, chosen, query is null ? null : Place(query, "query"), Place(key, "key"));
        }

        (int Layer, int? Head) HeadPlace()
        {
            var at = name.Split('.');
            if (at.Length != 2) throw Wrong(text, $"\"{name}\" is not LAYER.HEAD");
            return (Whole(text, "layer", at[0]), at[1] == "*" ? null : Whole(text, "head", at[1]));
        }

        int Place(string value, string what) => AnalysisText.ParsePositions(value, tokens.Length, $"{what} of --edit {text}").First;

        Edit Freeze()
        {
            if (head is not null) throw Wrong(text, "a norm's scale has no heads here");
            Fits(() => model.Transformer.Activations.Match($"{name}{ActivationNames.Scale}"));
            return Edit.FreezeNorm(name, model.Trace(tokens, [$"{name}{ActivationNames.Scale}"]), positions);
        }
    }

    private static int Whole(string edit, string what, string value)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(edit, $"the {what} \"{value}\" is no number");

    private static UsageException Wrong(string edit, string why) => new($"--edit {edit}: {why}. {Forms}");
}
