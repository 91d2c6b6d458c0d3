using System.CommandLine;
using Heed.Cli.Rendering;
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
          replace:NAME:FILE          from a trace that 'heed trace' wrote; or replace:NAME:text=TEXT,
              from the same position of another text (text= comes last)
          pattern:LAYER.HEAD:q-1     other attention: keys by q, q-1, 0, q-4..q-1, or a matrix in
              a .json FILE; rows are made to sum to 1 unless :renormalize=no
          weight:LAYER.HEAD:query=4,key=2,to=0.5   one weight; the others share the rest
          knockout:LAYER.HEAD:query=4,key=2   hides a key; * for all heads, no query for all
          freeze:NORM                its scale stays as it is without the edits
        :head=3 chooses a head, :positions=2..5 or :positions=-1 where. Several --edit are made
        in their order; NAME may contain *. 'heed trace --list' names all. For example:
          --edit "add:blocks.12.hook_resid_post:embed= Paris:factor=8:positions=-1"
          --edit pattern:5.2:q-1:positions=1..
        """;

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
        try
        {
            return EditText.Parse(text, model, tokens);
        }
        catch (EditTextException e)
        {
            throw new UsageException($"--edit {e.Message}");
        }
    }
}
