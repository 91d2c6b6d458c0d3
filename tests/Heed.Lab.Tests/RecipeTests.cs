using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Heed.Lens.Figures;
using Heed.Tests;
using Heed.Tests.Cli;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Heed.Lab.Tests;

/// <summary>What the lab says makes a figure elsewhere does: the command in a shell, and the C# in a program, with the same values.</summary>
[Collection("lab")]
public sealed partial class RecipeTests(LabFixture lab)
{
    private const string Plain = "they crashed the car", Awkward = "it's \"a\" cat\\dog,\n$HOME `x` ـسلام the car";

    private static readonly string[] s_edits = ["zero:blocks.3.attn.hook_z:head=1", "add:blocks.5.hook_resid_post:embed='s:factor=4"];

    /// <summary>Figures whose command draws another picture, with other marks, of the same run.</summary>
    private static readonly HashSet<string> s_drawnOtherwise = ["embeddings", "mlp", "stream", "sampling"];

    private static readonly string[] s_figures = ["board", "grid", "lines", "story", "sum", "next", "products", "why", "tokens", "embeddings", "mlp", "stream", "lens", "loss", "attribute"];

    /// <summary>Each figure of a text that no shell and no compiler likes, with edits; and what else is shown.</summary>
    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            void Of(string path, object question) => cases.Add(path.Split('/')[^1], path, JsonSerializer.Serialize(question));
            foreach (var figure in s_figures)
            {
                // What an edit writes into the stream itself is no part of a score or a logit: those have the head alone.
                if (figure is "tokens") Of($"/api/figures/{figure}", new { text = Awkward });
                else Of($"/api/figures/{figure}", new { text = Awkward, layer = 10, head = 1, query = 2, edits = figure is "why" or "products" or "attribute" or "stream" ? s_edits[..1] : s_edits });
            }
            Of("/api/figures/grid", new { text = "-dashes", layer = 10, head = 1, convention = "Library" });
            Of("/api/figures/grid", new { text = Plain, layer = 10, head = 1, stage = "RawScores" });
            Of("/api/figures/grid", new { text = Plain, layer = 10, head = 1, after = new[] { 335, 260 } });
            Of("/api/figures/board", new { text = Plain, convention = "Library" });
            Of("/api/figures/strips", new { text = Plain, layer = 10, head = 7, activation = "attn.hook_k" });
            Of("/api/figures/strips", new { text = Plain, layer = 10, activation = "mlp.hook_post", edits = s_edits });
            Of("/api/figures/sampling", new { text = Plain, temperature = 0.7, topK = 5, topP = 0.9, edits = s_edits });
            Of("/api/figures/compare", new { text = Plain, other = "they crashed the boat" });
            Of("/api/figures/compare", new { text = Plain, other = "it's crashed the", edits = s_edits });
            Of("/api/figures/spectrum", new { text = Plain, layer = 10, head = 1 });
            Of("/api/figures/words", new { words = "cats - cat" });
            Of("/api/figures/words", new { words = "cats - cat", project = "dogs dog one" });
            Of("/api/figures/movement", new { word = "mole", texts = new[] { "American shrew mole", "One mole of carbon" } });
            Of("/api/figures/tally", new { known = "gpt3" });
            Of("/api/figures/tally", new { known = "own", layers = 2, heads = 2, modelWidth = 8, vocabulary = 65 });
            Of("/api/figures/context", new { context = 4096 });
            Of("/api/analyses/heads", new { text = Plain, edits = s_edits });
            Of("/api/analyses/ablate", new { text = Plain, by = "Mlp", answer = "car", edits = s_edits[..1] });
            Of("/api/analyses/patch", new { text = Plain, other = "they crashed the boat", kind = "AttentionOut", answer = "on", wrong = "in" });
            Of("/api/analyses/circuit", new { text = Plain, layer = 10, head = 1 });
            return cases;
        }
    }

    /// <summary>Under ./test --all every command is run; else one of each kind.</summary>
    public static TheoryData<string, string, string> Commands
    {
        get
        {
            var commands = new TheoryData<string, string, string>();
            foreach (var row in Cases)
                if (LabFixture.IsAll || row[0] is "grid" or "why" or "loss" or "tokens" or "words" or "patch" or "tally") commands.Add((string)row[0], (string)row[1], (string)row[2]);
            return commands;
        }
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task Command_InAShell_DrawsTheSameValues(string figure, string path, string question)
    {
        var answer = await AskAsync(path, question);
        var command = answer.GetProperty("command").GetString()!;
        if (OperatingSystem.IsWindows()) return;   // its shells quote otherwise
        using var folder = new TemporaryFolder();
        var result = Programs.Run("bash", ["-c", $"heed() {{ dotnet '{Programs.Tool}' \"$@\"; }}; {command}"], folder: folder.Path);
        Assert.True(result.Code == 0, $"{command}\n{result.Error}");
        var drawn = Directory.GetFiles(folder.Path).Where(f => !f.EndsWith(".json", StringComparison.Ordinal)).ToArray();
        if (figure == "sampling") Assert.NotEmpty(result.Out);
        else Assert.Single(drawn);
        if (s_drawnOtherwise.Contains(figure)) return;
        var made = ValuesOf(File.ReadAllText(drawn[0]));
        Same(answer.GetProperty("steps").EnumerateArray(), made, command);
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Code_InAProgram_MakesTheSameFigure(string figure, string path, string question)
    {
        Assert.NotEmpty(figure);
        var (answers, shown) = await (s_program ??= CompileAsync());
        var answer = answers[(path, question)];
        var code = answer.GetProperty("code").GetString()!;
        var made = shown.GetMethod(Method(answers.IndexOf((path, question))))!.Invoke(null, [lab.Model]) switch
        {
            Figure one => [one],
            IEnumerable<Figure> several => several.ToArray(),
            var other => throw new InvalidOperationException($"{other} is no figure"),
        };
        Assert.Subset(answer.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("title").GetString()!).ToHashSet(), made.Select(f => f.Title).ToHashSet());
        var values = ValuesOf(string.Concat(made.Select(f => f.ToBareSvg())));
        Same(answer.GetProperty("steps").EnumerateArray().Where(s => made.Any(f => f.Title == s.GetProperty("title").GetString())), values, code);
    }

    [Fact]
    public async Task Command_OfAnotherModel_NamesIt_AndWithoutEditsHasNone()
    {
        await using var other = await Server.Lab.StartAsync([("another", lab.Model)], new());
        using var http = new HttpClient { BaseAddress = new(other.Address) };
        var answer = JsonDocument.Parse(await (await http.PostAsync("/api/figures/grid", new StringContent("""{"text":"a b"}""", Encoding.UTF8, "application/json"))).Content.ReadAsStringAsync()).RootElement;
        Assert.Equal($"heed look --draw grid --layer 0 --head 0 --svg grid.svg --model '{lab.Model.Path}' 'a b'", answer.GetProperty("command").GetString());
        Assert.DoesNotContain("edits", answer.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Command_OfTokensThatTheTextDoesNotGive_SaysSo()
    {
        var answer = await AskAsync("/api/figures/grid", """{"text":"they crashed the car","after":[30,28]}""");
        Assert.StartsWith("# The tokenizer cuts this text into other tokens", answer.GetProperty("command").GetString());
        Assert.Contains("\nheed look ", answer.GetProperty("command").GetString());
    }

    /// <summary>Every value that was answered is among those that were made.</summary>
    private static void Same(IEnumerable<JsonElement> steps, Dictionary<string, HashSet<double>> made, string by)
    {
        var expected = ValuesOf(string.Concat(steps.Select(s => s.GetProperty("svg").GetString())));
        Assert.NotEmpty(expected);
        foreach (var (key, values) in expected)
            foreach (var value in values)
                Assert.True(made.TryGetValue(key, out var found) && found.Any(f => Math.Abs(f - value) <= 1e-4 * Math.Max(1, Math.Abs(value))), $"{key} = {value}, and not {(made.TryGetValue(key, out var others) ? string.Join(", ", others) : "there")}: {by}");
    }

    /// <summary>The values of all marks, by key.</summary>
    private static Dictionary<string, HashSet<double>> ValuesOf(string markup)
    {
        var values = new Dictionary<string, HashSet<double>>();
        foreach (Match mark in Marks().Matches(markup))
        {
            var (key, text) = (mark.Groups[1].Value, mark.Groups[3].Value);
            if (mark.Groups[2].Value == "") Add(key, 0);
            else if (mark.Groups[2].Value == "data-value") Add(key, double.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : double.NaN);
            else
            {
                var numbers = MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(text));
                for (var i = 0; i < numbers.Length; i++) Add($"{key}[{i}]", numbers[i]);
            }
        }
        return values;

        void Add(string key, double value)
        {
            if (!double.IsFinite(value)) return;
            if (!values.TryGetValue(key, out var of)) values[key] = of = [];
            of.Add(value);
        }
    }

    // A mark without a value is there or not.
    [GeneratedRegex("data-key=\"([^\"]*)\"(?: (data-value|data-floats)=\"([^\"]*)\")?")]
    private static partial Regex Marks();

    /// <summary>The answers to all cases, and one class with a function of the model for the code of each.</summary>
    private static Task<(OrderedDictionary<(string Path, string Question), JsonElement> Answers, Type Shown)>? s_program;

    private static string Method(int index) => $"Case{index}";

    private async Task<(OrderedDictionary<(string, string), JsonElement>, Type)> CompileAsync()
    {
        var answers = new OrderedDictionary<(string, string), JsonElement>();
        foreach (var row in Cases) answers[((string)row[1], (string)row[2])] = await AskAsync((string)row[1], (string)row[2]);
        var methods = answers.Values.Select((answer, i) => $"public static object {Method(i)}(LanguageModel model) {{ {answer.GetProperty("code").GetString()} return figure; }}");
        var source = $$"""
            using System; using System.Collections.Generic; using System.Linq; using Heed; using Heed.Lens; using Heed.Lens.Figures; using Heed.Tracing;
            public static class Shown {
            {{string.Join('\n', methods)}}
            }
            """;
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(p => MetadataReference.CreateFromFile(p));
        var compilation = CSharpCompilation.Create("shown", [CSharpSyntaxTree.ParseText(source)], references, new(OutputKind.DynamicallyLinkedLibrary));
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        Assert.True(result.Success, $"{source}\n{string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error))}");
        return (answers, Assembly.Load(assembly.ToArray()).GetType("Shown", throwOnError: true)!);
    }

    private async Task<JsonElement> AskAsync(string path, string question)
    {
        using var content = new StringContent(question, Encoding.UTF8, "application/json");
        using var response = await lab.Http.PostAsync(path, content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        if (!text.StartsWith("event:", StringComparison.Ordinal)) return JsonDocument.Parse(text).RootElement;
        // Events: the last one is the answer.
        var last = text.TrimEnd().Split("\n\n")[^1];
        Assert.StartsWith("event: figure", last);
        return JsonDocument.Parse(last[(last.IndexOf("data:", StringComparison.Ordinal) + 5)..]).RootElement;
    }
}
