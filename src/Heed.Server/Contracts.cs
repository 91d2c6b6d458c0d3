using System.Text.Json.Serialization;

namespace Heed.Server;

/// <summary>A text to run, and where to look. What an answer does not need may be left out.</summary>
/// <remarks>Members can be set: generated JSON readers keep the defaults of those only.</remarks>
public record LabRequest
{
    /// <summary>The text.</summary>
    public required string Text { get; set; }

    /// <summary>True if the text holds the tokenizer's special tokens itself, as a conversation does.</summary>
    public bool IsPrompt { get; set; }

    /// <summary>Tokens that follow the text, by their numbers: what was generated need not be what the tokenizer makes of the same words.</summary>
    public IReadOnlyList<int>? After { get; set; }

    /// <summary>The model's id; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>Changes made while it runs, each as <c>heed --edit</c> takes it.</summary>
    public IReadOnlyList<string>? Edits { get; set; }

    /// <summary>The layer, counted from 0.</summary>
    public int Layer { get; set; }

    /// <summary>The head, counted from 0.</summary>
    public int Head { get; set; }

    /// <summary>True if a board of all heads outlines this one.</summary>
    public bool IsOutlined { get; set; }

    /// <summary>The position that looks, counted from 0, or from the end if it is negative; by default the last.</summary>
    public int? Query { get; set; }

    /// <summary>The position looked at, counted from 0; by default the one with the most weight.</summary>
    public int? Key { get; set; }

    /// <summary>Which of the scores' stages a grid shows.</summary>
    public AttentionStage Stage { get; set; } = AttentionStage.Pattern;

    /// <summary>Which way round a grid stands.</summary>
    public GridConvention Convention { get; set; } = GridConvention.Lesson;

    /// <summary>How many of the most likely next tokens to give, at most 1,000.</summary>
    public int Top { get; set; } = 8;

    /// <summary>A next token, by its number, that is picked out, and given whatever its rank; null: none.</summary>
    public int? Token { get; set; }

    /// <summary>Only tokens that contain this, whatever its case.</summary>
    public string? Search { get; set; }

    /// <summary>What stands beside the bars of the next tokens: both are drawn on one scale. Null: nothing.</summary>
    public LabRequest? Beside { get; set; }

    /// <summary>The width to draw for, in pixels; by default the figure's own.</summary>
    public double? Width { get; set; }
}

/// <summary>A model that can be asked.</summary>
/// <param name="Id">What a request calls it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Layers">How many layers it has.</param>
/// <param name="Heads">Heads of each layer.</param>
/// <param name="Width">Numbers in a vector of the residual stream.</param>
/// <param name="HeadSizes">Numbers in a query of each layer.</param>
/// <param name="Vocabulary">How many tokens it knows.</param>
/// <param name="Context">Tokens it was made for.</param>
/// <param name="MaxTokens">Tokens of a text that the lab takes.</param>
/// <param name="CanChat">True if it has a chat template.</param>
/// <param name="Architecture">Which of the ways to build a transformer it takes.</param>
/// <param name="Vectors">The vectors that its layers compute of every token, in that order.</param>
public sealed record ModelInfo(string Id, string Name, int Layers, IReadOnlyList<int> Heads, int Width, IReadOnlyList<int> HeadSizes, int Vocabulary, int Context, int MaxTokens, bool CanChat, ArchitectureInfo Architecture, IReadOnlyList<VectorInfo> Vectors);

/// <summary>An activation that has a vector of every token.</summary>
/// <param name="Name">Its name within a layer, such as <c>attn.hook_q</c>.</param>
/// <param name="Words">The same in words; null for what is looked at rarely.</param>
/// <param name="IsPerHead">True if every head, or key–value head, has its own.</param>
public sealed record VectorInfo(string Name, string? Words, bool IsPerHead);

/// <summary>Which of the ways to build a transformer a model takes: what a page says of it.</summary>
/// <param name="KeyValueHeads">How many keys and values of its own each layer has; fewer than its heads where they share.</param>
/// <param name="Neurons">Neurons of each layer's MLP.</param>
/// <param name="IsRotary">Positions rotate queries and keys, in some layer at least.</param>
/// <param name="IsTurned">Whether each layer rotates them: in some families not all do.</param>
/// <param name="HasAttentionBias">Fixed numbers are added to queries, keys and values.</param>
/// <param name="IsRms">Norms divide by the root of the mean square, and subtract no mean.</param>
/// <param name="IsGated">MLPs multiply two products of their input.</param>
/// <param name="IsTied">The embedding is the unembedding, too.</param>
/// <param name="Window">How far back the first layer that is limited sees; null: all see everything.</param>
public sealed record ArchitectureInfo(IReadOnlyList<int> KeyValueHeads, IReadOnlyList<int> Neurons, bool IsRotary, IReadOnlyList<bool> IsTurned, bool HasAttentionBias, bool IsRms, bool IsGated, bool IsTied, int? Window);

/// <summary>A token of a text.</summary>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Text">Its piece of the text.</param>
/// <param name="Label">The same with whitespace made visible.</param>
public sealed record TokenInfo(int Id, string Text, string Label);

/// <summary>A token that may come next.</summary>
/// <param name="Rank">1 for the most likely.</param>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Text">Its text.</param>
/// <param name="Label">The same with whitespace made visible.</param>
/// <param name="Probability">Of all tokens that the model knows, not of those listed.</param>
/// <param name="Logit">What the model gave it before the softmax.</param>
/// <param name="IsEnd">True if with it the model ends its text.</param>
public sealed record NextToken(int Rank, int Id, string Text, string Label, float Probability, float Logit, bool IsEnd);

/// <summary>What comes next.</summary>
/// <param name="Tokens">The most likely, or those that match the search.</param>
/// <param name="Found">How many match, listed or not.</param>
/// <param name="Vocabulary">How many tokens were scored.</param>
/// <param name="After">The tokens that followed the text; null: none.</param>
public sealed record NextAnswer(IReadOnlyList<NextToken> Tokens, int Found, int Vocabulary, ContinuationInfo? After = null);

/// <summary>Tokens that follow a text.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="Text">The text with them, joined.</param>
/// <param name="IsSame">True if the tokenizer cuts that text into the same tokens.</param>
public sealed record ContinuationInfo(IReadOnlyList<TokenInfo> Tokens, string Text, bool IsSame);

/// <summary>How well the tokens of a text were foreseen, in nats: −ln of the probability that each true next token had.</summary>
/// <param name="Mean">The mean over all but the first token; null for a text of one.</param>
/// <param name="Losses">One for each token but the first.</param>
public sealed record LossAnswer(double? Mean, IReadOnlyList<double> Losses);

/// <summary>A figure.</summary>
/// <param name="Title">What is seen.</param>
/// <param name="Caption">How to read it.</param>
/// <param name="Foot">What the marks mean.</param>
/// <param name="Width">Pixels at normal size.</param>
/// <param name="Height">Pixels at normal size.</param>
/// <param name="HeadHeight">How many of these pixels title and caption take.</param>
/// <param name="FootHeight">The same of the foot.</param>
/// <param name="Svg">The picture, without its style sheet (<c>/figures.css</c>).</param>
public sealed record FigureInfo(string Title, string Caption, string Foot, double Width, double Height, double HeadHeight, double FootHeight, string Svg);

/// <summary>One figure, or several that follow one another.</summary>
/// <param name="Steps">The figures.</param>
/// <param name="Command">The command that draws it.</param>
/// <param name="Code">The C# that draws it.</param>
/// <param name="Notes">What is to be said with it, a sentence each; null: nothing.</param>
public sealed record FigureAnswer(IReadOnlyList<FigureInfo> Steps, string Command, string Code, IReadOnlyList<string>? Notes = null);

/// <summary>How the lab's contracts are written: camel case, names of enums, text as it is.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LabRequest))]
[JsonSerializable(typeof(SamplingRequest))]
[JsonSerializable(typeof(StripsRequest))]
[JsonSerializable(typeof(ComparisonRequest))]
[JsonSerializable(typeof(WordsRequest))]
[JsonSerializable(typeof(MovementRequest))]
[JsonSerializable(typeof(CountRequest))]
[JsonSerializable(typeof(AnalysisRequest))]
[JsonSerializable(typeof(IReadOnlyList<ModelInfo>))]
[JsonSerializable(typeof(IReadOnlyList<TokenInfo>))]
[JsonSerializable(typeof(NextAnswer))]
[JsonSerializable(typeof(LossAnswer))]
[JsonSerializable(typeof(FigureAnswer))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatToken))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class LabJson : JsonSerializerContext;
