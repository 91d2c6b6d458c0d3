using System.Globalization;
using Heed.Formats;
using Heed.Tracing;

namespace Heed.Lens;

/// <summary>What is wrong with an edit that was written as text.</summary>
public sealed class EditTextException(string message) : HeedException(message);

/// <summary>
/// Edits as text, the same on the command line and in a page's address: WHAT:NAME and more after colons, such as
/// <c>zero:blocks.17.attn.hook_z:head=3</c>, <c>knockout:3.1:query=4,key=2</c> or <c>weight:3.1:query=4,key=2,to=0.5</c>.
/// </summary>
public static class EditText
{
    private static readonly string[] s_kinds = ["zero", "mean", "scale", "add", "replace", "pattern", "weight", "knockout", "freeze"];

    private static readonly string[] s_names = ["head", "positions", "query", "key", "to", "factor", "tensor", "row", "renormalize"];

    /// <summary>One edit, checked against a model and a text.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="model">The model it is for.</param>
    /// <param name="tokens">The text it is for.</param>
    /// <param name="allowFiles">False where who writes it may not name files of this machine.</param>
    /// <param name="maxTokens">Tokens of another text at most.</param>
    /// <exception cref="EditTextException">What is wrong with it, and what there is instead.</exception>
    /// <exception cref="HeedException">A file that it names cannot be read.</exception>
    public static Edit Parse(string text, LanguageModel model, int[] tokens, bool allowFiles = true, int maxTokens = 1024)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        // Another text comes last and may hold anything.
        var at = text.IndexOf(":text=", StringComparison.Ordinal);
        var other = at < 0 ? null : text[(at + 6)..];
        var parts = (at < 0 ? text : text[..at]).Split(':', 3);
        var kind = parts[0];
        if (!s_kinds.Contains(kind)) throw Wrong($"\"{kind}\" is no edit; there are {string.Join(", ", s_kinds)}");
        if (parts.Length < 2 || parts[1].Length == 0) throw Wrong("it names nothing to change");
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
                    if (!named.TryAdd(pair.Split('=')[0], pair.Split('=')[1])) throw Wrong($"{pair.Split('=')[0]} is given twice");
            }
            else
            {
                plain.Add(part);
            }
        }
        int? head = Take("head") is { } h ? Whole("head", h) : null;
        Range? positions = null;
        if (Take("positions") is { } range)
        {
            positions = Places(range, "positions");
        }
        var edit = kind switch
        {
            "zero" => Edit.Zero(name, head, positions),
            "mean" => Edit.Mean(name, head, positions),
            "scale" => Edit.Scale(name, Number("factor", Plain("factor")), head, positions),
            "add" => Edit.Add(name, Vector(), Take("factor") is { } factor ? Number("factor", factor) : 1, head, positions),
            "replace" => Edit.Replace(name, From(), head, positions),
            "pattern" => Pattern(),
            "weight" => Weight(),
            "knockout" => Knockout(),
            _ => Freeze(),
        };
        if (other is not null) throw Wrong($"text= means nothing for {kind}");
        if (plain.Count > 0) throw Wrong($"\"{plain[0]}\" means nothing here");
        if (named.Count > 0) throw Wrong($"{named.Keys.First()} means nothing for {kind}");
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
                throw new EditTextException($"{text}: {e.Message}");
            }
        }

        EditTextException Wrong(string why) => new($"{text}: {why}. {Forms(allowFiles)}");

        int Whole(string what, string value)
            => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong($"the {what} \"{value}\" is no number");

        string? Take(string key) => named.Remove(key, out var value) ? value : null;

        string Plain(string what)
        {
            if (plain.Count == 0) throw Wrong($"it has no {what}");
            // A file's name may contain a colon.
            var value = string.Join(':', plain);
            plain.Clear();
            return value;
        }

        float Number(string what, string value)
            => float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number) ? number : throw Wrong($"the {what} \"{value}\" is no number");

        float[] Vector()
        {
            var from = Plain($"vector to add: embed=TOKEN{(allowFiles ? ", unembed=TOKEN or a safetensors file" : " or unembed=TOKEN")}");
            if (from.StartsWith("embed=", StringComparison.Ordinal)) return Directions.VectorOf(model, new Word(from, [Token(from[6..])]));
            if (from.StartsWith("unembed=", StringComparison.Ordinal)) return Directions.UnembeddingOf(model, Token(from[8..]));
            Allow(from);
            using var file = SafetensorsFile.Open(from);
            var all = string.Join(", ", file.Tensors.Take(20).Select(t => $"{t.Name} {t.ShapeText}")) + (file.Tensors.Count > 20 ? ", …" : "");
            var tensor = Take("tensor") is { } chosen ? file.Find(chosen) ?? throw Wrong($"{from} has no tensor \"{chosen}\"; it has {all}")
                : file.Find(name) ?? (file.Tensors.Count == 1 ? file.Tensors.Single() : throw Wrong($"{from} has several tensors, and none is called {name}; choose one with :tensor= from {all}"));
            if (tensor.Shape.Count is not (1 or 2)) throw Wrong($"{tensor.Name} of {from} is {tensor.ShapeText}; a vector or rows of vectors are needed");
            var width = checked((int)tensor.Shape[^1]);
            var rows = tensor.Shape.Count == 1 ? 1 : checked((int)tensor.Shape[0]);
            var row = Take("row") is { } given ? Whole("row", given) : rows == 1 ? 0 : throw Wrong($"{tensor.Name} of {from} has {rows} rows; choose one with :row=0 to :row={rows - 1}");
            if (row >= rows) throw Wrong($"{tensor.Name} of {from} has rows 0 to {rows - 1}, not {row}");
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
            if (head is not null) throw Wrong("a pattern names its head as LAYER.HEAD");
            var (layer, chosen) = HeadPlace();
            var keys = Plain($"keys that each query looks at{(allowFiles ? ", or .json file of a matrix" : "")}");
            var isFile = keys.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
            if (isFile) Allow(keys);
            var drawn = isFile ? DrawnPattern.FromJson(Path.GetFileName(keys), File.ReadAllText(keys)) : Drawn(keys);
            var renormalize = (Take("renormalize") ?? "yes") switch { "yes" => true, "no" => false, var other => throw Wrong($"renormalize is yes or no, not \"{other}\"") };
            if (drawn.Length is { } length && length != tokens.Length) throw Wrong($"its matrix is for {length} tokens; the text has {tokens.Length}");
            var weights = new float[tokens.Length, tokens.Length];
            var (from, count) = (positions ?? Range.All).GetOffsetAndLength(tokens.Length);
            for (var q = from; q < from + count; q++)
            {
                var row = new float[q + 1];
                if (!drawn.Row(tokens, q, row) && renormalize) throw Wrong($"it leaves query {q} no key to look at; choose other queries with :positions=FIRST..LAST");
                for (var k = 0; k <= q; k++) weights[q, k] = row[k];
            }
            return Edit.Pattern(layer, chosen ?? throw Wrong("a pattern is for one head; name it as LAYER.HEAD"), weights, renormalize, positions);
        }

        DrawnPattern Drawn(string keys)
        {
            var pattern = DrawnPattern.Self;
            Fits(() => pattern = DrawnPattern.Parse(keys));
            return pattern;
        }

        Activation From()
        {
            if (name.Contains('*')) throw Wrong("one activation at a time can be replaced");
            if (other is null)
            {
                var file = Plain(allowFiles ? "file to take it from, or text=TEXT" : "text to take it from, as text=TEXT");
                Allow(file);
                return Trace.Load(file)[name];
            }
            var words = other;
            other = null;
            Fits(() => _ = model.Transformer.Activations[name]);
            var encoding = model.Tokenizer.Encode(words);
            if (encoding.Count == 0) throw Wrong("the other text is empty");
            if (encoding.Count > maxTokens) throw Wrong($"the other text has {encoding.Count} tokens; at most {maxTokens} are taken");
            return model.Trace(encoding.Ids, [name])[name];
        }

        Edit Weight()
        {
            if (head is not null || positions is not null) throw Wrong("a weight names its head as LAYER.HEAD and its place as query and key");
            var (layer, chosen) = HeadPlace();
            var (query, key) = (Place(Needed("query"), "query"), Place(Needed("key"), "key"));
            if (key > query) throw Wrong($"the token at {query} cannot look at the one at {key}, which comes later");
            var weight = Number("weight", Take("to") ?? throw Wrong("it does not say the new weight, as to=0.5"));
            if (weight is < 0 or > 1) throw Wrong($"a weight is from 0 to 1, not {weight.ToString(CultureInfo.InvariantCulture)}");
            if (chosen is null) throw Wrong("a weight is of one head; name it as LAYER.HEAD");
            return Edit.Apply(ActivationNames.InBlock(layer, ActivationNames.Pattern), (row, _, _) => Give(row, key, weight), chosen, query..(query + 1));
        }

        string Needed(string what) => Take(what) ?? throw Wrong($"it does not say which {what}");

        void Allow(string file)
        {
            if (!allowFiles) throw Wrong("files cannot be named here");
        }

        Edit Knockout()
        {
            if (head is not null || positions is not null) throw Wrong("a knockout names its head as LAYER.HEAD and its place as query and key");
            var (layer, chosen) = HeadPlace();
            var key = Needed("key");
            var query = Take("query");
            return Edit.Knockout(layer, chosen, query is null ? null : Place(query, "query"), Place(key, "key"));
        }

        (int Layer, int? Head) HeadPlace()
        {
            var place = name.Split('.');
            if (place.Length != 2) throw Wrong($"\"{name}\" is not LAYER.HEAD");
            return (Whole("layer", place[0]), place[1] == "*" ? null : Whole("head", place[1]));
        }

        int Place(string value, string what) => Places(value, what).Start.Value;

        // FIRST..LAST, both included; either may be left out, and −N counts from the end.
        Range Places(string value, string what)
        {
            var ends = value.Split("..");
            var (first, last) = (0, tokens.Length - 1);
            if (ends.Length > 2 || !End(ends[0], ref first) || (ends.Length == 2 && !End(ends[1], ref last)))
                throw Wrong($"{what} is '{value}'; write FIRST..LAST, for example 0..{tokens.Length - 1}, or one position");
            if (ends.Length == 1) last = first;
            if (first > last) throw Wrong($"{what} is '{value}', whose first comes after its last");
            if (first < 0 || last >= tokens.Length) throw Wrong($"{what} is '{value}'; the text has positions 0 to {tokens.Length - 1}");
            return first..(last + 1);

            bool End(string end, ref int position)
            {
                if (end.Length == 0) return ends.Length == 2;
                if (!int.TryParse(end, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var given)) return false;
                position = given < 0 ? tokens.Length + given : given;
                return true;
            }
        }

        Edit Freeze()
        {
            if (head is not null) throw Wrong("a norm's scale has no heads here");
            Fits(() => model.Transformer.Activations.Match($"{name}{ActivationNames.Scale}"));
            return Edit.FreezeNorm(name, model.Trace(tokens, [$"{name}{ActivationNames.Scale}"]), positions);
        }
    }

    /// <summary>True for an edit that takes a pass of the model to be read: one of another text, or of the text itself to freeze a norm.</summary>
    public static bool Runs(string text) => text.Contains(":text=", StringComparison.Ordinal) || text.StartsWith("freeze:", StringComparison.Ordinal);

    /// <summary>The forms that whoever writes an edit may use.</summary>
    private static string Forms(bool allowFiles)
        => $"The forms are zero:NAME, mean:NAME, scale:NAME:FACTOR, add:NAME:{(allowFiles ? "VECTOR, replace:NAME:FILE or :text=TEXT" : "embed=TOKEN or :unembed=TOKEN, replace:NAME:text=TEXT")}, pattern:LAYER.HEAD:KEYS, weight:LAYER.HEAD:query=Q,key=K,to=W, knockout:LAYER.HEAD:query=Q,key=K, freeze:NORM.";

    /// <summary>One weight is set, and the others share what is left as they shared it before.</summary>
    private static void Give(Span<float> row, int key, float weight)
    {
        double others = 0;
        for (var k = 0; k < row.Length; k++) others += k == key ? 0 : row[k];
        var factor = others > 0 ? (1 - weight) / others : 0;
        for (var k = 0; k < row.Length; k++) row[k] = k == key ? weight : (float)(row[k] * factor);
    }
}
