using System.Globalization;
using static Heed.Server.FiguresResource;
using static Heed.Server.Recipe;

namespace Heed.Server;

/// <summary>A text, and what it is compared with: another text, or itself in another model.</summary>
public sealed record ComparisonRequest : LabRequest
{
    /// <summary>The other text; null or empty: the same.</summary>
    public string? Other { get; set; }

    /// <summary>The id of the model that reads the other; null: the same.</summary>
    public string? OtherModel { get; set; }
}

/// <summary>/api/figures/compare: where two runs differ, token by token.</summary>
internal static class ComparisonResource
{
    public static void MapComparison(this IEndpointRouteBuilder app)
        => app.MapPost("/api/figures/compare", CompareAsync).WithName("compare").WithSummary("Where two texts of equally many tokens, or two models, differ: every head's attention, and the stream.");

    private static async Task<Ok<FigureAnswer>> CompareAsync(ComparisonRequest request, LabModels models, CancellationToken cancellation)
    {
        var (modelA, a) = await models.RunAsync(request with { After = null }, cancellation);
        var (modelB, b) = await models.RunAsync(request with { Text = request.Other is { Length: > 0 } other ? other : request.Text, Model = request.OtherModel ?? request.Model, Edits = null, After = null }, cancellation);
        if (a.Tokens.Length != b.Tokens.Length) throw new HeedException($"The texts have {a.Tokens.Length} and {b.Tokens.Length} tokens; a difference is drawn where both have equally many, so that each has one to stand beside.");
        string[] names = [$"blocks.*.{ActivationNames.Pattern}", $"blocks.*.{ActivationNames.ResidPost}"];
        var comparison = await models.WithBothAsync(modelA, modelB, () => RunComparison.Run(modelA.Model, a.Tokens, modelB.Model, b.Tokens, names: names, editsA: a.Edits, top: 3), cancellation);
        var figures = new List<Figure>();
        var width = request.Width ?? 720;
        if (comparison.Patterns.Count > 0) figures.Add(ComparisonFigures.Heads(comparison, width));
        if (comparison.Activations.Any(x => x.Name.EndsWith(ActivationNames.ResidPost, StringComparison.Ordinal))) figures.Add(ComparisonFigures.Stream(comparison, Both(a.Texts, b.Texts), width));
        if (figures.Count == 0) throw new HeedException("These two models have neither heads nor vectors of the same number, so nothing of one stands beside something of the other.");
        var notes = new List<string>();
        if (comparison.Patterns.Count > 0)
            notes.Add($"The heads that look elsewhere most: {string.Join(", ", comparison.Patterns.OrderByDescending(p => p.TotalVariation).Take(3).Select(p => $"{N(p.Layer)}.{N(p.Head)} ({Number(p.TotalVariation, "0.00")})"))}.");
        if (comparison.Next is { } next)
            notes.Add($"What comes next changes most for {string.Join(", ", next.Changes.Select(c => $"{TokenLabel.Quoted(AnswerTokens.Text(modelA.Model.Tokenizer, c.Token))} ({Number(c.Before * 100, "0.0")} % → {Number(c.After * 100, "0.0")} %)"))}.");
        return TypedResults.Ok(Drawn(figures, RecipeOf(modelA, a, modelB, b, comparison.Patterns.Count > 0 ? "Heads" : "Stream"), notes));
    }

    /// <summary>What stands at each place: where the texts differ, both of their tokens.</summary>
    private static string[] Both(IEnumerable<string> a, IEnumerable<string> b) => [.. a.Zip(b, (x, y) => x == y ? x : $"{x}/{y.TrimStart()}")];

    private static Recipe RecipeOf(LabModel modelA, LabRun a, LabModel modelB, LabRun b, string figure)
    {
        var isOther = !ReferenceEquals(modelA, modelB);
        var cut = a.Sentence.IsPrompt ? ", addSpecialTokens: false" : "";
        var other = isOther ? "other" : "model";
        var code = CodeOf(a, $"ComparisonFigures.{figure}(RunComparison.Run(model, tokens, {other}, {other}.Tokenizer.Encode({Literal(b.Text)}{cut}).Ids{(a.Edits.Length > 0 ? ", editsA: edits" : "")}){(figure == "Stream" ? ", texts" : "")})");
        // The tool makes changes in the second run.
        var (first, second) = a.Edits.Length > 0 ? ((modelB, b), (modelA, a)) : ((modelA, a), (modelB, b));
        var options = isOther ? $" --model {Quoted(first.Item1.Model.Path)} --model-b {Quoted(second.Item1.Model.Path)}" : modelA.Option;
        var dashes = a.Text.StartsWith('-') || b.Text.StartsWith('-') ? " --" : "";
        return new($"heed compare --html compare.html{EditOptions(a)}{options}{dashes} {Quoted(first.Item2.Text)} {Quoted(second.Item2.Text)}",
            isOther ? $"using var other = LanguageModel.Load({Literal(modelB.Model.Path)});\n{code}" : code);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
