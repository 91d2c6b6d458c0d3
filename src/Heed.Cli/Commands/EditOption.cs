using System.CommandLine;
using System.Globalization;
using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>--edit, for every command that runs a text: changes made while it runs, in the order given.</summary>
internal sealed class EditOption
{
    /// <summary>What can be written, for help.</summary>
    public const string Notes = """
        --edit takes WHAT:NAME and more after colons: zero:NAME, mean:NAME, scale:NAME:0.5,
        replace:NAME:FILE (a trace that 'heed trace' wrote), knockout:LAYER.HEAD:query=4,key=2
        (* for all heads; without query, all of them), freeze:NORM (its scale stays as it is
        without the edits). :head=3 chooses a head, :positions=2..5 or :positions=-1 where.
        Several --edit are made in their order; NAME may contain *. 'heed trace --list' names all.
        """;

    private const string Forms = "Write zero:NAME, mean:NAME, scale:NAME:FACTOR, replace:NAME:FILE, knockout:LAYER.HEAD:query=Q,key=K or freeze:NORM, each with :head=H or :positions=A..B where needed.";

    private static readonly string[] s_kinds = ["zero", "mean", "scale", "replace", "knockout", "freeze"];

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
            if (pairs.All(p => p.Split('=') is ["head" or "positions" or "query" or "key", _]))
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
            "scale" => Edit.Scale(name, Factor(), head, positions),
            "replace" => Edit.Replace(name, From(), head, positions),
            "knockout" => Knockout(),
            _ => Freeze(),
        };
        if (plain.Count > 0) throw Wrong(text, $"\"{plain[0]}\" means nothing here");
        if (named.Count > 0) throw Wrong(text, $"{named.Keys.First()} means nothing for {kind}");
        return edit;

        string? Take(string key) => named.Remove(key, out var value) ? value : null;

        string Plain(string what)
        {
            if (plain.Count == 0) throw Wrong(text, $"it has no {what}");
            // A file's name may contain a colon.
            var value = string.Join(':', plain);
            plain.Clear();
            return value;
        }

        float Factor()
        {
            var value = Plain("factor");
            return float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var factor) && float.IsFinite(factor) ? factor : throw Wrong(text, $"the factor \"{value}\" is no number");
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
            var at = name.Split('.');
            if (at.Length != 2) throw Wrong(text, $"\"{name}\" is not LAYER.HEAD");
            var key = Take("key") ?? throw Wrong(text, "it does not say which key is hidden");
            var query = Take("query");
            return Edit.Knockout(Whole(text, "layer", at[0]), at[1] == "*" ? null : Whole(text, "head", at[1]), query is null ? null : Place(query, "query"), Place(key, "key"));
        }

        int Place(string value, string what) => AnalysisText.ParsePositions(value, tokens.Length, $"{what} of --edit {text}").First;

        Edit Freeze()
        {
            if (head is not null) throw Wrong(text, "a norm's scale has no heads here");
            return Edit.FreezeNorm(name, model.Trace(tokens, [$"{name}{ActivationNames.Scale}"]), positions);
        }
    }

    private static int Whole(string edit, string what, string value)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(edit, $"the {what} \"{value}\" is no number");

    private static UsageException Wrong(string edit, string why) => new($"--edit {edit}: {why}. {Forms}");
}
