using System.Globalization;
using Heed.Tokenization;
using static Heed.Server.FiguresResource;
using static Heed.Server.Recipe;

namespace Heed.Server;

/// <summary>A question to an analysis: a text and a place in it, and what the analysis is to do.</summary>
public sealed record AnalysisRequest : LabRequest
{
    /// <summary>The word whose logit is explained; the space before it may be left out. Null or empty: what the model says itself.</summary>
    public string? Answer { get; set; }

    /// <summary>The word whose logit is subtracted. Null or empty: the mean of all, none, or what the model says after the other text.</summary>
    public string? Wrong { get; set; }

    /// <summary>For patch: the text whose run gets a part of this text's run.</summary>
    public string? Other { get; set; }

    /// <summary>For ablate: what is removed, one after another.</summary>
    public ComponentKind By { get; set; } = ComponentKind.Head;

    /// <summary>For ablate: what takes its place, zeros or its mean.</summary>
    public AblationMethod Method { get; set; } = AblationMethod.Zero;

    /// <summary>For patch: what is carried over.</summary>
    public PatchKind Kind { get; set; } = PatchKind.Residual;

    /// <summary>For heads: random tokens twice instead of the text. For circuit: all of the vocabulary instead of the text's tokens.</summary>
    public bool IsGeneral { get; set; }
}

/// <summary>/api/figures/attribute, /api/analyses: what explains a run. Long ones answer with events.</summary>
internal static class AnalysesResource
{
    /// <summary>Rows that go through the model together: others wait no longer than for these.</summary>
    private const int RowsAtOnce = 128;

    /// <summary>Random tokens for heads, before they are repeated.</summary>
    private const int RepeatedLength = 50;

    public static void MapAnalyses(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/figures/attribute", AttributeAsync).WithName("attribute").WithSummary("Which parts of the model wrote a logit, and how much of it: by part, and by layer.");
        var analyses = app.MapGroup("/api/analyses");
        analyses.MapPost("/heads", HeadsAsync).WithName("heads").WithSummary("What every head looks at in general.");
        analyses.MapPost("/ablate", AblateAsync).WithName("ablate").WithSummary("What the model is like without each of its parts.");
        analyses.MapPost("/patch", PatchAsync).WithName("patch").WithSummary("Where the difference between two texts lives.");
        analyses.MapPost("/circuit", CircuitAsync).WithName("circuit").WithSummary("What a head moves and looks for, whatever the text.");
    }

    private static async Task<Ok<FigureAnswer>> AttributeAsync(AnalysisRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var tokenizer = model.Model.Tokenizer;
        var at = Position(request.Query ?? run.Tokens.Length - 1, run, "query");
        int? wrong = Given(request.Wrong) is { } w ? Word(tokenizer, w, "word that is subtracted") : null;
        int? answer = Given(request.Answer) is { } a ? Word(tokenizer, a, "answer") : null;
        var split = await model.WithEngineAsync(() => DirectLogitAttribution.Run(model.Model, run.Tokens, answer ?? Likeliest(run, at), wrong, at, edits: run.Edits), cancellation);
        var notes = new List<string>
        {
            $"{split.Parts.Count} parts add up to {Signed(split.Sum)}. The model's own logits differ by {Signed(split.Difference)}: {Number(split.Error, "0.0e0")} apart, which is rounding.",
        };
        if (!split.AddsUp)
            notes[0] = $"The parts add up to {Signed(split.Sum)}, and the model's own logits differ by {Signed(split.Difference)}. What is missing was changed in the stream itself by an edit, and was written by no head and no MLP.";
        if (split.CappedDifference is { } capped) notes.Add($"This model caps its logits, which is not linear: the parts are of the logits before the cap. After it they differ by {Signed(capped)}.");
        notes.Add($"Most for it: {Named(split.Parts.Where(p => p.Value > 0).OrderByDescending(p => p.Value))}. Most against it: {Named(split.Parts.Where(p => p.Value < 0).OrderBy(p => p.Value))}.");
        return TypedResults.Ok(Drawn([AttributionFigures.ByPart(split, tokenizer, run.Texts, request.Width), AttributionFigures.ByLayer(split, tokenizer, run.Texts)],
            OfText(model, run, $"attribute --position {N(at)} {Option("answer", tokenizer, split.Answer)}{(split.Wrong is { } subtracted ? $" {Option("wrong", tokenizer, subtracted)}" : "")} --html attribute.html",
                $"AttributionFigures.ByPart(DirectLogitAttribution.Run(model, tokens, {N(split.Answer)}, {(split.Wrong is { } id ? N(id) : "null")}, {N(at)}{EditsOf(run)}), model.Tokenizer, texts)"), notes));

        static string Named(IEnumerable<LogitPart> parts) => Join(parts.Take(3).Select(p => $"{p.Source} ({Signed(p.Value)})"));
    }

    private static async Task<AnalysisEvents> HeadsAsync(AnalysisRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        var tokens = request.IsGeneral ? HeadScores.RepeatedTokens(model.Model.Tokenizer, RepeatedLength) : run.Tokens;
        if (tokens.Length < 2) throw new HeedException("The text is one token: there is nothing to choose from when a head looks back. Type at least two words.");
        var first = request.IsGeneral ? HeadScores.RepetitionStart(tokens)!.Value : 0;
        return new(model, (progress, token) =>
        {
            var scores = HeadScores.Run(model.Model, tokens, firstQuery: first, edits: run.Edits, progress: progress, cancellation: token);
            string[] notes =
            [
                scores.HalfLosses is { } halves ? $"The loss, the mean of −ln p over the tokens, is {Number(halves.First, "0.00")} the first time, and {Number(halves.Second, "0.00")} when the same tokens repeat."
                    : $"The loss of the text, the mean of −ln p over its tokens, is {Number(scores.Losses.Average(), "0.00")}.",
                .. scores.Patterns.Select(p => p.Queries == 0 ? $"{Capital(p.Pattern.Meaning)}: no token of this text has such a key."
                    : $"{Capital(p.Pattern.Meaning)}: strongest in {Join(p.Sorted.Take(3).Select(s => $"head {s.Head} ({Number(s.Score, "0.00")})"))}."),
            ];
            var scored = request.IsGeneral ? $"HeadScores.Run(model, HeadScores.RepeatedTokens(model.Tokenizer, {N(RepeatedLength)}), firstQuery: {N(first)}{EditsOf(run)})" : $"HeadScores.Run(model, tokens{EditsOf(run)})";
            var recipe = new Recipe($"heed heads {(request.IsGeneral ? $"--length {N(RepeatedLength)}" : $"--text={Quoted(run.Text)}")}{EditOptions(run)}{model.Option} --html heads.html",
                CodeOf(run, $"{scored} is var scores ? scores.Patterns.Select(p => HeadScoreFigures.Of(scores, p)).ToArray() : []"));
            return Drawn([.. scores.Patterns.Select(p => HeadScoreFigures.Of(scores, p))], recipe, notes);
        });
    }

    private static async Task<AnalysisEvents> AblateAsync(AnalysisRequest request, LabModels models, CancellationToken cancellation)
    {
        if (request.Method == AblationMethod.Resample) throw new HeedException("method is Resample; the lab replaces by Zero or Mean.");
        var (model, run) = await models.RunAsync(request, cancellation);
        var tokenizer = model.Model.Tokenizer;
        var options = new AblationOptions
        {
            By = request.By,
            Method = request.Method,
            Answer = Given(request.Answer) is { } a ? Word(tokenizer, a, "answer") : null,
            Wrong = Given(request.Wrong) is { } w ? Word(tokenizer, w, "word that is subtracted") : null,
            Edits = run.Edits,
            RowsAtOnce = RowsAtOnce,
        };
        return new(model, (progress, token) =>
        {
            var ablation = Ablation.Run(model.Model, run.Tokens, options, progress, token);
            var logit = AnswerTokens.Logit(tokenizer, ablation.Answer, options.Wrong);
            var notes = new List<string> { $"The whole model: {(ablation.Loss is { } loss ? $"a loss of {Number(loss, "0.000")} (the mean of −ln p over the tokens), " : "")}{logit} = {Signed(ablation.Logit)}." };
            if (ablation.Loss is null) notes.Add("The text is one token: nothing is predicted inside it, so there is no loss.");
            else notes.Add($"The loss changes most without {Join(ablation.Parts.OrderByDescending(p => Math.Abs(p.DeltaLoss!.Value)).Take(3).Select(p => $"{Part(p.Component)} ({Signed(p.DeltaLoss!.Value)})"))}.");
            notes.Add($"{logit} changes most without {Join(ablation.Parts.OrderByDescending(p => Math.Abs(p.DeltaLogit)).Take(3).Select(p => $"{Part(p.Component)} ({Signed(p.DeltaLogit)})"))}.");
            var by = options.By.ToString().ToLowerInvariant();
            return Drawn(ablation.Loss is null ? [AblationFigures.Logit(ablation, tokenizer)] : [AblationFigures.Loss(ablation), AblationFigures.Logit(ablation, tokenizer)],
                OfText(model, run, $"ablate --by {by} --method {options.Method.ToString().ToLowerInvariant()} {Option("answer", tokenizer, ablation.Answer)}{(options.Wrong is { } id ? $" {Option("wrong", tokenizer, id)}" : "")} --html ablate.html",
                    $"AblationFigures.Logit(Ablation.Run(model, tokens, new() {{ By = ComponentKind.{options.By}, Method = AblationMethod.{options.Method}, Answer = {N(ablation.Answer)}{(options.Wrong is { } subtracted ? $", Wrong = {N(subtracted)}" : "")}{(run.Edits.Length > 0 ? ", Edits = edits" : "")} }}), model.Tokenizer)"), notes);
        });

        static string Part(Component component) => component.Kind == ComponentKind.Head ? $"head {component}" : component.ToString();
    }

    private static async Task<AnalysisEvents> PatchAsync(AnalysisRequest request, LabModels models, CancellationToken cancellation)
    {
        if (Given(request.Other) is not { } otherText) throw new HeedException("A second sentence is needed: the same as yours, with the word changed that decides.");
        var (model, run) = await models.RunAsync(request, cancellation);
        var (_, other) = await models.RunAsync(request with { Text = otherText, After = null }, cancellation);
        var tokenizer = model.Model.Tokenizer;
        var answer = Given(request.Answer) is { } a ? Word(tokenizer, a, "answer") : run.Ranking[0];
        var wrong = Given(request.Wrong) is { } w ? Word(tokenizer, w, "other answer") : other.Ranking[0];
        if (answer == wrong)
            throw new HeedException($"Both sentences would go on with “{TokenLabel.Visible(AnswerTokens.Text(tokenizer, answer))}”: name two words, one that fits after your sentence and one that fits after the other.");
        return new(model, (progress, token) =>
        {
            var result = Patching.Run(model.Model, run.Tokens, other.Tokens, answer, wrong, new() { Kind = request.Kind, RowsAtOnce = RowsAtOnce }, run.Edits, progress, token);
            var logit = AnswerTokens.Logit(tokenizer, answer, wrong);
            var figure = PatchingFigures.Of(result, tokenizer, other.Texts);
            var places = result.Normalized.SelectMany((row, l) => row.Select((share, i) => (Layer: l, Index: i, Share: share))).OrderByDescending(p => p.Share).Take(3);
            var recipe = OfText(model, run, $"patch --kind {Patching.Word(request.Kind)} {Option("answer", tokenizer, answer)} {Option("wrong", tokenizer, wrong)} --svg patch.svg",
                $"PatchingFigures.Of(Patching.Run(model, tokens, model.Tokenizer.Encode({Literal(otherText)}).Ids, {N(answer)}, {N(wrong)}, new() {{ Kind = PatchKind.{request.Kind} }}{EditsOf(run)}), model.Tokenizer, TokenTexts.Of({Literal(otherText)}, model.Tokenizer.Encode({Literal(otherText)})))");
            return Drawn([figure], recipe with { Command = $"{recipe.Command} {Quoted(otherText)}" },
                $"{logit} is {Signed(result.CleanDifference)} after your sentence, and {Signed(result.CorruptDifference)} after the other.",
                $"Most comes back from {Join(places.Select(p => $"layer {N(p.Layer)}, {(result.Axis == "position" ? $"token {N(p.Index)} {TokenLabel.Quoted(other.Texts[p.Index])}" : $"{result.Axis.Replace("kv_", "key–value ", StringComparison.Ordinal)} {N(p.Index)}")} ({Number(p.Share, "0.00")})"))}.");
        });
    }

    private static async Task<AnalysisEvents> CircuitAsync(AnalysisRequest request, LabModels models, CancellationToken cancellation)
    {
        var (model, run) = await models.RunAsync(request, cancellation);
        CheckHead(model, request);
        var tokenizer = model.Model.Tokenizer;
        int[]? tokens = request.IsGeneral ? null : [.. run.Tokens.Distinct()];
        // A token of the text is called as the text shows it: a part of a character says nothing by itself.
        var own = request.IsGeneral ? [] : run.Tokens.Zip(run.Texts).DistinctBy(t => t.First).ToDictionary(t => t.First, t => t.Second);
        return new(model, (progress, token) =>
        {
            var circuits = Circuits.Run(model.Model, request.Layer, request.Head, new() { Tokens = tokens }, progress, token);
            // A circuit is of weights alone: edits of a run do not change it.
            var (command, expression) = ($"circuit --layer {N(request.Layer)} --head {N(request.Head)} --html circuit.html", $"CircuitFigures.Of(Circuits.Run(model, {N(request.Layer)}, {N(request.Head)}{(tokens is null ? "" : $", new() {{ Tokens = [{string.Join(", ", tokens)}] }}")}), id => AnswerTokens.Text(model.Tokenizer, id))");
            var recipe = OfModel(model, command, expression);
            return Drawn(CircuitFigures.Of(circuits, id => own.TryGetValue(id, out var text) ? text : AnswerTokens.Text(tokenizer, id)), tokens is null ? recipe : recipe with { Command = $"{recipe.Command} {Last(run.Text)}" },
                [
                    $"Copying score {Number(circuits.CopyingScore, "0.00")}: 1 for a head that makes likelier whatever it attends to, −1 for one that makes it less likely.",
                    .. circuits.SelfFirst is { } self ? [$"{self.ToString("N0", CultureInfo.InvariantCulture)} of {circuits.Tokens.Count.ToString("N0", CultureInfo.InvariantCulture)} tokens make themselves likelier than any other."] : Array.Empty<string>(),
                    .. circuits.Notes,
                ]);
        });
    }

    /// <summary>The token that the model would say after a position.</summary>
    private static int Likeliest(LabRun run, int at) => at == run.Tokens.Length - 1 ? run.Ranking[0] : run.Losses().Losses[at].Likeliest;

    /// <summary>The token of a word as a visitor types it: with the space before it that words inside a text have, unless only the word as it stands is one token.</summary>
    private static int Word(Tokenizer tokenizer, string text, string what)
        => !char.IsWhiteSpace(text[0]) && !text.StartsWith("id:", StringComparison.Ordinal) && tokenizer.Encode(" " + text, addSpecialTokens: false).Ids is [var id] ? id : AnswerTokens.Parse(tokenizer, text, what);

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>A token as an option of the tool: by its text where that names it, else by its number.</summary>
    private static string Option(string name, Tokenizer tokenizer, int id)
    {
        var text = AnswerTokens.Text(tokenizer, id);
        return $"--{name}={(tokenizer.Encode(text, addSpecialTokens: false).Ids is [var same] && same == id ? Quoted(text) : $"id:{N(id)}")}";
    }

    private static string Join(IEnumerable<string> items)
    {
        string[] all = [.. items];
        return all.Length == 0 ? "nothing" : string.Join(", ", all);
    }

    private static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];

    private static string Signed(double value) => Number(value, "+0.0000;−0.0000;0");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−');
}
