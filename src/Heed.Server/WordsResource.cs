using static Heed.Server.FiguresResource;
using static Heed.Server.Recipe;

namespace Heed.Server;

/// <summary>Words that are added, subtracted and placed.</summary>
/// <remarks>Members can be set: generated JSON readers keep the defaults of those only.</remarks>
public sealed record WordsRequest
{
    /// <summary>The model's id; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>One word, or words with + and − between them.</summary>
    public required string Words { get; set; }

    /// <summary>Words to place along the direction, spaces or commas between them; null: the nearest tokens are found.</summary>
    public string? Project { get; set; }

    /// <summary>How many of the nearest tokens, at most 50.</summary>
    public int Top { get; set; } = 10;
}

/// <summary>A word in several texts.</summary>
/// <remarks>Members can be set: generated JSON readers keep the defaults of those only.</remarks>
public sealed record MovementRequest
{
    /// <summary>The model's id; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>Two to six texts.</summary>
    public required IReadOnlyList<string> Texts { get; set; }

    /// <summary>The word, which every text has.</summary>
    public required string Word { get; set; }

    /// <summary>The width in pixels to fit into.</summary>
    public double? Width { get; set; }
}

/// <summary>/api/figures: what directions among embeddings mean, and how a word's vector moves with its context.</summary>
internal static class WordsResource
{
    private const int MaxWords = 24, MaxTexts = 6;

    public static void MapWords(this IEndpointRouteBuilder app)
    {
        var figures = app.MapGroup("/api/figures");
        figures.MapPost("/words", WordsAsync).WithName("words").WithSummary("The tokens nearest to a sum of words, or words along a direction.");
        figures.MapPost("/movement", MovementAsync).WithName("movement").WithSummary("A word's way through the layers in several texts.");
    }

    private static async Task<Ok<FigureAnswer>> WordsAsync(WordsRequest request, LabModels models, CancellationToken cancellation)
    {
        var model = models.Of(request.Model);
        if (request.Top is < 1 or > 50) throw new HeedException($"top is {request.Top}; a figure shows 1 to 50 tokens.");
        Check(request.Words, "words", models.Options);
        var (plus, minus) = Directions.Parse(request.Words);
        if (plus.Count + minus.Count > MaxWords) throw new HeedException($"{plus.Count + minus.Count} words were given; at most {MaxWords} are added and subtracted.");
        if (request.Project is not { } project)
        {
            var found = await model.WithEngineAsync(() => Directions.Add(model.Model, plus, minus, request.Top, cancellation), cancellation);
            return Answer([DirectionFigures.Near(model.Model, found)], new Recipe($"heed directions --top {N(request.Top)} --svg directions.svg{model.Option} {Last(request.Words)}", $"var figure = DirectionFigures.Near(model, Directions.Add(model, [{List(plus)}], [{List(minus)}], {N(request.Top)}));"));
        }
        Check(project, "project", models.Options);
        string[] placed = project.Split((char[])[' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (placed.Length is < 1 or > MaxWords) throw new HeedException($"{placed.Length} words were given; from 1 to {MaxWords} are placed along a direction.");
        var (name, places) = await model.WithEngineAsync(() =>
        {
            var found = Directions.Add(model.Model, plus, minus, 1, cancellation);
            return ($"{found.Name}, at the embedding", Directions.Project(model.Model, found.Vector, placed));
        }, cancellation);
        return Answer([DirectionFigures.Along(name, [.. places.Select(p => (p.Word.Text, p.Value))])], new Recipe($"heed directions --project={Quoted(project)} --svg directions.svg{model.Option} {Last(request.Words)}",
            $"var figure = DirectionFigures.Along({Literal(name)}, [.. Directions.Project(model, Directions.Add(model, [{List(plus)}], [{List(minus)}], 1).Vector, [{List(placed)}]).Select(p => (p.Word.Text, p.Value))]);"));
    }

    private static async Task<Ok<FigureAnswer>> MovementAsync(MovementRequest request, LabModels models, CancellationToken cancellation)
    {
        var model = models.Of(request.Model);
        if (request.Texts is not { Count: >= 2 and <= MaxTexts }) throw new HeedException($"{request.Texts?.Count ?? 0} text{(request.Texts?.Count == 1 ? " was" : "s were")} given; how a word moves is seen between 2 and {MaxTexts}.");
        Check(request.Word, "word", models.Options);
        foreach (var text in request.Texts) _ = await Sentence.Of(new() { Text = text }).PrepareAsync(model, models.Options, cancellation);
        var moved = await model.WithEngineAsync(() => Movement.Run(model.Model, request.Texts, request.Word, cancellation), cancellation);
        return Answer([DirectionFigures.Movement(moved, request.Word, request.Width ?? 420), DirectionFigures.Map(moved, request.Word, request.Width ?? 640)], new Recipe($"heed directions{string.Concat(request.Texts.Select(t => $" --text={Quoted(t)}"))} --html directions.html{model.Option} {Last(request.Word)}",
            $"var figure = DirectionFigures.Map(Movement.Run(model, [{List(request.Texts)}], {Literal(request.Word)}), {Literal(request.Word)});"));
    }

    private static void Check(string? text, string name, LabOptions options)
    {
        if (text is null || text.Trim().Length == 0) throw new HeedException($"{name} is empty: type at least one word.");
        if (text.Length > options.MaxCharacters) throw new HeedException($"{name} has {text.Length:N0} characters; the lab takes at most {options.MaxCharacters:N0}.");
    }

    private static string List(IEnumerable<string> texts) => string.Join(", ", texts.Select(Literal));
}
